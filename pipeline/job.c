/* pipeline/job.c - reading, checking and writing jobs by the table in schema.c. */
#include "pipeline/job.h"

#include "io/atomic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct reading {
    const char *name; /* of the file, or "--set key" */
    rp_job *job;
    bool *seen; /* [rp_keys_count] */
} reading;

static void *field(rp_job *job, const rp_key *key) { return (char *)job + key->offset; }

static bool allows(const rp_key *key, const char *word)
{
    const size_t n = strlen(word);
    for (const char *p = key->choices; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
        if (strncmp(p, word, n) == 0 && (p[n] == '|' || p[n] == 0)) return true;
    return false;
}

static rp_status wrong(const reading *r, const rp_key *key, const rp_node *n, const char *what)
{
    RP_FAIL(RP_EUSE, "%s:%d:%d: %s: must be %s", r->name, n->line, n->column, key->name, what);
}

static rp_status take_number(const reading *r, const rp_key *key, const rp_node *n, bool whole,
                             double *out)
{
    char range[120];
    (void)snprintf(range, sizeof range, "a %s from %g to %g%s%s", whole ? "whole number" : "number",
                   key->low, key->high, key->unit[0] ? " " : "", key->unit);
    double x;
    if (!rp_node_double(n, &x)) return wrong(r, key, n, range);
    if (x < key->low || x > key->high || (whole && x != rint(x))) return wrong(r, key, n, range);
    *out = x;
    return RP_OK;
}

static rp_status take_text(const reading *r, const rp_key *key, const rp_node *n, char *out)
{
    if (n->kind != RP_NODE_SCALAR) return wrong(r, key, n, "a word");
    if (strlen(n->text) >= RP_JOB_NAME) return wrong(r, key, n, "shorter than 256 letters");
    memset(out, 0, RP_JOB_NAME);
    memcpy(out, n->text, strlen(n->text));
    return RP_OK;
}

static rp_status take_texts(const reading *r, const rp_key *key, const rp_node *n, rp_job_list *out)
{
    rp_job_list list = {0};
    if (n->kind == RP_NODE_SCALAR) {
        list.count = 1;
        RP_TRY(take_text(r, key, n, list.item[0]));
    } else {
        if (n->kind != RP_NODE_LIST || n->count > RP_JOB_LIST)
            return wrong(r, key, n, "a list of at most 16 words");
        for (; list.count < n->count; list.count++)
            RP_TRY(take_text(r, key, n->child[list.count], list.item[list.count]));
    }
    *out = list;
    return RP_OK;
}

static rp_status take_numbers(const reading *r, const rp_key *key, const rp_node *n,
                              rp_job_numbers *out)
{
    rp_job_numbers list = {0};
    if (n->kind == RP_NODE_SCALAR && !n->quoted && allows(key, n->text)) {
        *out = list;
        return RP_OK;
    }
    if (n->kind != RP_NODE_LIST || n->count < 1 || n->count > RP_JOB_LIST)
        return wrong(r, key, n, "a list of 1 to 16 numbers");
    for (; list.count < n->count; list.count++)
        RP_TRY(take_number(r, key, n->child[list.count], false, &list.item[list.count]));
    *out = list;
    return RP_OK;
}

static rp_status take_map(const reading *r, const rp_key *key, const rp_node *n, rp_job_map *out)
{
    rp_job_map map = {0};
    if (n->kind != RP_NODE_MAP || n->count < 1 || n->count > RP_JOB_LIST)
        return wrong(r, key, n, "a map of 1 to 16 'label: pattern'");
    for (; map.count < n->count; map.count++) {
        const rp_node *c = n->child[map.count];
        if (strlen(c->key) >= RP_JOB_NAME) return wrong(r, key, c, "shorter than 256 letters");
        (void)snprintf(map.key[map.count], RP_JOB_NAME, "%s", c->key);
        RP_TRY(take_text(r, key, c, map.value[map.count]));
    }
    *out = map;
    return RP_OK;
}

static rp_status take_value(const reading *r, const rp_key *key, const rp_node *n)
{
    void *to = field(r->job, key);
    switch (key->type) {
    case RP_KEY_TEXT: return take_text(r, key, n, to);
    case RP_KEY_CHOICE: {
        char word[RP_JOB_NAME], what[RP_JOB_NAME];
        RP_TRY(take_text(r, key, n, word));
        (void)snprintf(what, sizeof what, "one of %s", key->choices);
        if (!allows(key, word)) return wrong(r, key, n, what);
        memcpy(to, word, sizeof word);
        return RP_OK;
    }
    case RP_KEY_INT:
    case RP_KEY_NUMBER:
        if (n->kind == RP_NODE_SCALAR && !n->quoted && allows(key, n->text)) {
            *(double *)to = RP_AUTO_VALUE;
            return RP_OK;
        }
        return take_number(r, key, n, key->type == RP_KEY_INT, to);
    case RP_KEY_SWITCH: return rp_node_bool(n, to) ? RP_OK : wrong(r, key, n, "true or false");
    case RP_KEY_TEXTS: return take_texts(r, key, n, to);
    case RP_KEY_NUMBERS: return take_numbers(r, key, n, to);
    case RP_KEY_MAP: return take_map(r, key, n, to);
    }
    RP_FAIL(RP_EBUG, "key '%s' has no type", key->name);
}

static const rp_key *find(const char *name)
{
    for (int i = 0; i < rp_keys_count; i++)
        if (strcmp(rp_keys[i].name, name) == 0) return &rp_keys[i];
    return NULL;
}

static bool is_section(const char *name)
{
    const size_t n = strlen(name);
    for (int i = 0; i < rp_keys_count; i++)
        if (strncmp(rp_keys[i].name, name, n) == 0 && rp_keys[i].name[n] == '.') return true;
    return false;
}

static const char *nearest(const char *name)
{
    const char *best = "";
    int least = 1000;
    for (int i = 0; i < rp_keys_count; i++) {
        const int d = rp_text_distance(name, rp_keys[i].name);
        if (d < least) {
            least = d;
            best = rp_keys[i].name;
        }
    }
    return best;
}

/* 'ranks: auto' stands for all of a section's keys. */
static rp_status section_auto(const reading *r, const char *prefix, const rp_node *n)
{
    const size_t length = strlen(prefix);
    for (int i = 0; i < rp_keys_count; i++)
        if (strncmp(rp_keys[i].name, prefix, length) == 0 && rp_keys[i].name[length] == '.') {
            RP_TRY(take_value(r, &rp_keys[i], n));
            r->seen[i] = true;
        }
    return RP_OK;
}

/* Depth is bounded by the tree's. */
static rp_status take_map_of_keys(const reading *r, const char *prefix, const rp_node *map)
{
    for (int64_t i = 0; i < map->count; i++) {
        const rp_node *n = map->child[i];
        char name[2 * RP_JOB_NAME];
        RP_NEED(strlen(n->key) < RP_JOB_NAME, RP_EUSE, "%s:%d:%d: a key of over 255 letters",
                r->name, n->line, n->column);
        (void)snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] ? "." : "", n->key);
        const rp_key *key = find(name);
        if (key) {
            RP_TRY(take_value(r, key, n));
            r->seen[key - rp_keys] = true;
        } else if (is_section(name) && n->kind == RP_NODE_MAP) {
            RP_TRY(take_map_of_keys(r, name, n));
        } else if (is_section(name) && n->kind == RP_NODE_SCALAR && strcmp(n->text, "auto") == 0) {
            RP_TRY(section_auto(r, name, n));
        } else {
            RP_NEED(!is_section(name), RP_EUSE, "%s:%d:%d: %s: must be a map of keys", r->name,
                    n->line, n->column, name);
            RP_FAIL(RP_EUSE, "%s:%d:%d: unknown key '%s'; did you mean '%s'?", r->name, n->line,
                    n->column, name, nearest(name));
        }
    }
    return RP_OK;
}

/* One 'key=value' or one default: the value is read as YAML. */
static rp_status take_text_value(reading *r, const rp_key *key, const char *value)
{
    RP_AUTO(rp_tree) t = NULL;
    RP_TEXT_AUTO line = {0};
    rp_text_add(&line, "v: %s\n", value);
    RP_TRY(rp_text_status(&line));
    RP_TRY(rp_tree_yaml(r->name, line.length, rp_text_get(&line), &t));
    const rp_node *n = rp_node_get(rp_tree_root(t), "v");
    RP_NEED(n && rp_tree_root(t)->count == 1, RP_EUSE, "%s: '%s' is not one value", r->name, value);
    return take_value(r, key, n);
}

static rp_status take_set(rp_job *job, bool seen[], const char *set)
{
    const char *equals = strchr(set, '=');
    char name[RP_JOB_NAME];
    RP_NEED(equals && equals > set && equals - set < RP_JOB_NAME, RP_EUSE,
            "--set '%s': must be key=value", set);
    (void)snprintf(name, sizeof name, "%.*s", (int)(equals - set), set);
    const rp_key *key = find(name);
    reading r = {"--set", job, seen};
    if (!key && is_section(name) && strcmp(equals + 1, "auto") == 0) {
        const rp_node word = {.kind = RP_NODE_SCALAR, .text = "auto"};
        return section_auto(&r, name, &word);
    }
    RP_NEED(key, RP_EUSE, "--set %s: unknown key; did you mean '%s'?", name, nearest(name));
    RP_TRY(take_text_value(&r, key, equals + 1));
    seen[key - rp_keys] = true;
    return RP_OK;
}

/* What no row of the table can say alone. */
static rp_status check(const char *name, const rp_job *job)
{
    RP_NEED(job->inputs.count >= 1, RP_EUSE, "%s: inputs: at least one volume", name);
    RP_NEED(job->train.patch.count == 3, RP_EUSE, "%s: train.patch: three numbers, z, y, x", name);
    RP_NEED(job->prepare.spacing.count == 0 || job->prepare.spacing.count == 3, RP_EUSE,
            "%s: prepare.spacing: three numbers, z, y, x, or auto", name);
    RP_NEED(job->model.convs.count == 2, RP_EUSE, "%s: model.convs: two numbers", name);
    RP_NEED(job->model.features.count >= 2 && job->model.features.count <= 8, RP_EUSE,
            "%s: model.features: 2 to 8 stages", name);
    RP_NEED(job->prepare.normalise.count == 1 || job->prepare.normalise.count == job->inputs.count,
            RP_EUSE, "%s: prepare.normalise: one scheme for all, or one for each of %d inputs",
            name, job->inputs.count);
    const double *set[] = {&job->ranks.load, &job->ranks.augment, &job->ranks.train,
                           &job->ranks.evaluate};
    int given = 0;
    for (int i = 0; i < 4; i++) given += *set[i] != RP_AUTO_VALUE;
    RP_NEED(given == 0 || given == 4, RP_EUSE,
            "%s: ranks: give all of load, augment, train, evaluate, or auto", name);
    return RP_OK;
}

rp_status rp_job_parse(const char *name, int64_t n, const char *text, int sets,
                       const char *const set[], rp_job *out)
{
    RP_AUTOFREE rp_job *job = NULL;
    RP_AUTOFREE bool *seen = NULL;
    RP_AUTO(rp_tree) t = NULL;
    RP_TRY(rp_alloc(1, sizeof *job, &job));
    RP_TRY(rp_alloc(rp_keys_count, sizeof *seen, &seen));
    reading standard = {"schema", job, seen};
    for (int i = 0; i < rp_keys_count; i++)
        if (rp_keys[i].standard)
            RP_TRY(take_text_value(&standard, &rp_keys[i], rp_keys[i].standard));
    RP_TRY(rp_tree_yaml(name, n, text, &t));
    RP_NEED(rp_tree_root(t)->kind == RP_NODE_MAP, RP_EUSE, "%s: a job is a map of keys", name);
    const reading r = {name, job, seen};
    RP_TRY(take_map_of_keys(&r, "", rp_tree_root(t)));
    for (int i = 0; i < sets; i++) RP_TRY(take_set(job, seen, set[i]));
    for (int i = 0; i < rp_keys_count; i++)
        RP_NEED(seen[i] || rp_keys[i].standard, RP_EUSE, "%s: key '%s' is missing: %s (%s)", name,
                rp_keys[i].name, rp_keys[i].meaning, rp_keys[i].unit);
    RP_TRY(check(name, job));
    *out = *job;
    return RP_OK;
}

rp_status rp_job_read(const char *path, int sets, const char *const set[], rp_job *out)
{
    RP_TEXT_AUTO text = {0};
    RP_TRY(rp_file_read(path, 1 << 20, &text));
    return rp_job_parse(path, text.length, rp_text_get(&text), sets, set, out);
}

static void add_number(rp_text *t, const rp_key *key, double x)
{
    if (x == RP_AUTO_VALUE && key->choices)
        rp_text_add(t, "auto");
    else
        rp_text_add_double(t, x);
}

static void add_value(rp_text *t, const rp_job *job, const rp_key *key)
{
    const void *at = (const char *)job + key->offset;
    switch (key->type) {
    case RP_KEY_TEXT:
    case RP_KEY_CHOICE: rp_text_add_json(t, at); break;
    case RP_KEY_INT:
    case RP_KEY_NUMBER: add_number(t, key, *(const double *)at); break;
    case RP_KEY_SWITCH: rp_text_add(t, "%s", *(const bool *)at ? "true" : "false"); break;
    case RP_KEY_TEXTS: {
        const rp_job_list *list = at;
        rp_text_add(t, "[");
        for (int i = 0; i < list->count; i++) {
            rp_text_add(t, "%s", i ? ", " : "");
            rp_text_add_json(t, list->item[i]);
        }
        rp_text_add(t, "]");
        break;
    }
    case RP_KEY_NUMBERS: {
        const rp_job_numbers *list = at;
        if (list->count == 0) rp_text_add(t, "auto");
        for (int i = 0; i < list->count; i++) {
            rp_text_add(t, "%s", i ? ", " : "[");
            rp_text_add_double(t, list->item[i]);
        }
        if (list->count) rp_text_add(t, "]");
        break;
    }
    case RP_KEY_MAP: {
        const rp_job_map *map = at;
        rp_text_add(t, "{");
        for (int i = 0; i < map->count; i++) {
            rp_text_add(t, "%s", i ? ", " : "");
            rp_text_add_json(t, map->key[i]);
            rp_text_add(t, ": ");
            rp_text_add_json(t, map->value[i]);
        }
        rp_text_add(t, "}");
        break;
    }
    }
}

rp_status rp_job_write(const rp_job *job, rp_text *out)
{
    char section[RP_JOB_NAME] = "";
    for (int i = 0; i < rp_keys_count; i++) {
        const char *name = rp_keys[i].name, *dot = strchr(name, '.');
        const size_t n = dot ? (size_t)(dot - name) : 0;
        if (strlen(section) != n || strncmp(section, name, n) != 0) {
            (void)snprintf(section, sizeof section, "%.*s", (int)n, name);
            if (n) rp_text_add(out, "%s:\n", section);
        }
        rp_text_add(out, "%s%s: ", dot ? "  " : "", dot ? dot + 1 : name);
        add_value(out, job, &rp_keys[i]);
        rp_text_add(out, "\n");
    }
    return rp_text_status(out);
}

rp_status rp_job_identity(const rp_job *job, rp_text *out)
{
    for (int i = 0; i < rp_keys_count; i++) {
        if (!rp_keys[i].is_identity || strcmp(rp_keys[i].name, "split") == 0) continue;
        rp_text_add(out, "%s: ", rp_keys[i].name);
        add_value(out, job, &rp_keys[i]);
        rp_text_add(out, "\n");
    }
    return rp_text_status(out);
}

void rp_job_help(rp_text *out)
{
    rp_text_add(
        out,
        "Keys of a job file (YAML).  Nested keys may be written as maps: train: {batch: 4}.\n"
        "Keys marked * may change the bits of the result: they belong to a run's identity.\n\n");
    for (int i = 0; i < rp_keys_count; i++) {
        const rp_key *k = &rp_keys[i];
        rp_text_add(out, "  %-24s%c %-24s %s", k->name, k->is_identity ? '*' : ' ',
                    k->standard ? k->standard : "(must be given)", k->meaning);
        const bool number =
            k->type == RP_KEY_INT || k->type == RP_KEY_NUMBER || k->type == RP_KEY_NUMBERS;
        if (number)
            rp_text_add(out, " [%g to %g%s%s]", k->low, k->high, k->unit[0] ? " " : "", k->unit);
        else if (k->choices)
            rp_text_add(out, " [%s]", k->choices);
        else if (k->unit[0])
            rp_text_add(out, " [%s]", k->unit);
        rp_text_add(out, "\n");
    }
}
