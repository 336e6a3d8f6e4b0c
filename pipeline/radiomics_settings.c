/* pipeline/radiomics_settings.c - reading and checking settings of radiomics by their table. */
#include "pipeline/radiomics_settings.h"

#include "io/atomic.h"
#include "lib/base/tree.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct reading {
    const char *name; /* of the file or preset */
    rp_radiomics_keys *keys;
    size_t shift; /* from the first filter's keys to those that are read */
} reading;

static rp_status wrong(const reading *r, const rp_setting *s, const rp_node *n, const char *what)
{
    RP_FAIL(RP_EUSE, "%s:%d:%d: %s: must be %s", r->name, n->line, n->column, s->name, what);
}

static rp_status take_number(const reading *r, const rp_setting *s, const rp_node *n, double *out)
{
    char range[96];
    double x;
    (void)snprintf(range, sizeof range, "a number from %g to %g%s%s", s->low, s->high,
                   s->unit[0] ? " " : "", s->unit);
    if (!rp_node_double(n, &x) || x < s->low || x > s->high) return wrong(r, s, n, range);
    *out = x;
    return RP_OK;
}

static rp_status take_numbers(const reading *r, const rp_setting *s, const rp_node *n, double out[])
{
    char what[64];
    if (n->kind == RP_NODE_SCALAR && s->choices[0] && strcmp(n->text, s->choices) == 0) {
        for (int i = 0; i < s->count; i++) out[i] = -i; /* a range that ends before it begins */
        return RP_OK;
    }
    (void)snprintf(what, sizeof what, "a list of %d numbers", s->count);
    if (n->kind != RP_NODE_LIST || n->count != s->count) return wrong(r, s, n, what);
    double x[3] = {0};
    for (int i = 0; i < s->count; i++) RP_TRY(take_number(r, s, n->child[i], &x[i]));
    memcpy(out, x, (size_t)s->count * sizeof *x);
    return RP_OK;
}

/* Length of the i-th word of "a|b|c" and where it begins; NULL behind the last. */
static const char *choice_at(const char *choices, int i, size_t *length)
{
    while (i-- > 0 && choices) choices = strchr(choices, '|') ? strchr(choices, '|') + 1 : NULL;
    if (choices) *length = strcspn(choices, "|");
    return choices;
}

static rp_status take_choice(const reading *r, const rp_setting *s, const rp_node *n, int *out)
{
    char what[96];
    size_t length;
    if (n->kind == RP_NODE_SCALAR)
        for (int i = 0;; i++) {
            const char *word = choice_at(s->choices, i, &length);
            if (!word) break;
            if (strlen(n->text) == length && strncmp(n->text, word, length) == 0) {
                *out = i;
                return RP_OK;
            }
        }
    (void)snprintf(what, sizeof what, "one of %s", s->choices);
    return wrong(r, s, n, what);
}

static rp_status take_value(const reading *r, const rp_setting *s, const rp_node *n)
{
    void *to = (char *)r->keys + s->offset + r->shift;
    switch (s->type) {
    case RP_SET_NUMBER: return take_number(r, s, n, to);
    case RP_SET_NUMBERS: return take_numbers(r, s, n, to);
    case RP_SET_CHOICE: return take_choice(r, s, n, to);
    case RP_SET_SWITCH: return rp_node_bool(n, to) ? RP_OK : wrong(r, s, n, "true or false");
    case RP_SET_TEXT:
        if (n->kind != RP_NODE_SCALAR || strlen(n->text) >= 64)
            return wrong(r, s, n, "a word of at most 63 letters");
        rp_text_fit(to, 64, n->text);
        return RP_OK;
    }
    RP_FAIL(RP_EBUG, "setting '%s' has no type", s->name);
}

static bool is_section(const char *name)
{
    for (int i = 0; i < rp_settings_count; i++)
        if (strncmp(rp_settings[i].name, name, strlen(name)) == 0 &&
            rp_settings[i].name[strlen(name)] == '.')
            return true;
    return false;
}

static const char *nearest(const char *name)
{
    int best = 0;
    for (int i = 1; i < rp_settings_count; i++)
        if (rp_text_distance(name, rp_settings[i].name) <
            rp_text_distance(name, rp_settings[best].name))
            best = i;
    return rp_settings[best].name;
}

static rp_status take_key(const reading *r, const char *name, const rp_node *n)
{
    for (int i = 0; i < rp_settings_count; i++)
        if (strcmp(rp_settings[i].name, name) == 0) return take_value(r, &rp_settings[i], n);
    RP_FAIL(RP_EUSE, "%s:%d:%d: unknown key '%s'; did you mean '%s'?", r->name, n->line, n->column,
            name, nearest(name));
}

static rp_status take_section(const reading *r, const char *section, const rp_node *map)
{
    for (int64_t k = 0; k < map->count; k++) {
        RP_AUTOFREE char *name = NULL;
        RP_TRY(rp_format(&name, "%s.%s", section, map->child[k]->key));
        RP_TRY(take_key(r, name, map->child[k]));
    }
    return RP_OK;
}

/* A list of maps: each filter starts from what held before the list. */
static rp_status take_filters(const reading *r, const rp_node *list)
{
    const rp_filter_keys standard = r->keys->filter[0];
    RP_NEED(list->count >= 1 && list->count <= RP_FILTER_KEYS_MAX, RP_EUSE,
            "%s:%d:%d: filter: a list of 1 to %d filters", r->name, list->line, list->column,
            RP_FILTER_KEYS_MAX);
    for (int64_t i = 0; i < list->count; i++) {
        const rp_node *n = list->child[i];
        const reading one = {r->name, r->keys, (size_t)i * sizeof standard};
        RP_NEED(n->kind == RP_NODE_MAP, RP_EUSE, "%s:%d:%d: filter: each must be a map of keys",
                r->name, n->line, n->column);
        r->keys->filter[i] = standard;
        RP_TRY(take_section(&one, "filter", n));
    }
    r->keys->filters = (int)list->count;
    return RP_OK;
}

/* A map of keys and of sections of keys; base is the file's to name its preset. */
static rp_status take_map(const reading *r, const rp_node *root)
{
    RP_NEED(root->kind == RP_NODE_MAP, RP_EUSE, "%s: settings are a map of keys", r->name);
    for (int64_t i = 0; i < root->count; i++) {
        const rp_node *n = root->child[i];
        if (strcmp(n->key, "base") == 0) continue;
        if (n->kind == RP_NODE_LIST && strcmp(n->key, "filter") == 0) {
            RP_TRY(take_filters(r, n));
            continue;
        }
        if (n->kind != RP_NODE_MAP || !is_section(n->key)) {
            RP_NEED(!is_section(n->key), RP_EUSE, "%s:%d:%d: %s: must be a map of keys", r->name,
                    n->line, n->column, n->key);
            RP_TRY(take_key(r, n->key, n));
            continue;
        }
        RP_TRY(take_section(r, n->key, n));
    }
    return RP_OK;
}

static rp_status take_standards(rp_radiomics_keys *keys)
{
    const reading r = {.name = "standard settings", .keys = keys};
    for (int i = 0; i < rp_settings_count; i++) {
        RP_AUTO(rp_tree) t = NULL;
        RP_TEXT_AUTO line = {0};
        rp_text_add(&line, "v: %s\n", rp_settings[i].standard);
        RP_TRY(rp_text_status(&line));
        RP_TRY(rp_tree_yaml(r.name, line.length, rp_text_get(&line), &t));
        RP_TRY(take_value(&r, &rp_settings[i], rp_node_get(rp_tree_root(t), "v")));
    }
    return RP_OK;
}

static const rp_preset *find_preset(const char *name)
{
    for (int i = 0; i < rp_presets_count; i++)
        if (strcmp(rp_presets[i].name, name) == 0) return &rp_presets[i];
    return NULL;
}

static rp_status take_preset(const rp_preset *p, rp_radiomics_keys *keys)
{
    RP_AUTO(rp_tree) t = NULL;
    const reading r = {.name = p->name, .keys = keys};
    RP_TRY(rp_tree_yaml(p->name, (int64_t)strlen(p->yaml), p->yaml, &t));
    return take_map(&r, rp_tree_root(t));
}

static rp_status take_file(const char *path, rp_radiomics_keys *keys)
{
    RP_TEXT_AUTO text = {0};
    RP_AUTO(rp_tree) t = NULL;
    const reading r = {.name = path, .keys = keys};
    RP_TRY(rp_file_read(path, 1 << 20, &text));
    RP_TRY(rp_tree_yaml(path, text.length, rp_text_get(&text), &t));
    const rp_node *base =
        rp_tree_root(t)->kind == RP_NODE_MAP ? rp_node_get(rp_tree_root(t), "base") : NULL;
    if (base) {
        const rp_preset *p = base->kind == RP_NODE_SCALAR ? find_preset(base->text) : NULL;
        RP_NEED(p, RP_EUSE,
                "%s:%d:%d: base: must be a preset; 'radpipe radiomics --help' lists them", path,
                base->line, base->column);
        RP_TRY(take_preset(p, keys));
    }
    return take_map(&r, rp_tree_root(t));
}

/* shift: as in reading. */
static void add_value(const rp_radiomics_keys *k, const rp_setting *s, size_t shift, rp_text *out)
{
    const void *at = (const char *)k + s->offset + shift;
    const double *x = at;
    size_t length = 0;
    switch (s->type) {
    case RP_SET_NUMBER: rp_text_add_double(out, *x); break;
    case RP_SET_SWITCH: rp_text_add(out, "%s", *(const bool *)at ? "true" : "false"); break;
    case RP_SET_TEXT: rp_text_add_json(out, at); break;
    case RP_SET_CHOICE: {
        const char *word = choice_at(s->choices, *(const int *)at, &length);
        rp_text_add(out, "%.*s", (int)length, word ? word : "");
        break;
    }
    case RP_SET_NUMBERS:
        if (s->choices[0] && x[0] > x[1]) {
            rp_text_add(out, "%s", s->choices);
            break;
        }
        for (int i = 0; i < s->count; i++) {
            rp_text_add(out, "%s", i ? ", " : "[");
            rp_text_add_double(out, x[i]);
        }
        rp_text_add(out, "]");
        break;
    }
}

static bool is_in(const char *section, const char *name)
{
    const size_t n = strlen(section);
    return strncmp(name, section, n) == 0 && name[n] == '.';
}

/* The list of filters, as it was written: an item each, with all keys. */
static void write_filters(const rp_radiomics_keys *k, rp_text *out)
{
    rp_text_add(out, "filter:\n");
    for (int f = 0; f < k->filters; f++) {
        const char *mark = "  - ";
        for (int i = 0; i < rp_settings_count; i++) {
            if (!is_in("filter", rp_settings[i].name)) continue;
            rp_text_add(out, "%s%s: ", mark, rp_settings[i].name + strlen("filter."));
            add_value(k, &rp_settings[i], (size_t)f * sizeof k->filter[0], out);
            rp_text_add(out, "\n");
            mark = "    ";
        }
    }
}

/* Every key as YAML; a section's keys stand together in the table. */
static void write_keys(const rp_radiomics_keys *k, rp_text *out)
{
    char open[32] = "";
    for (int i = 0; i < rp_settings_count; i++) {
        const char *name = rp_settings[i].name, *dot = strchr(name, '.');
        const bool is_new = dot && !(open[0] && is_in(open, name));
        if (is_new) {
            (void)snprintf(open, sizeof open, "%.*s", (int)(dot - name), name);
            if (k->filters > 0 && strcmp(open, "filter") == 0)
                write_filters(k, out);
            else
                rp_text_add(out, "%s:\n", open);
        }
        if (k->filters > 0 && is_in("filter", name)) continue;
        rp_text_add(out, "%s%s: ", dot ? "  " : "", dot ? dot + 1 : name);
        add_value(k, &rp_settings[i], 0, out);
        rp_text_add(out, "\n");
    }
}

static rp_status need_file(const char *name)
{
    RP_TEXT_AUTO known = {0};
    rp_path_info info;
    RP_TRY(rp_path_look(name, true, &info));
    for (int i = 0; i < rp_presets_count; i++)
        rp_text_add(&known, "%s%s", i ? ", " : "", rp_presets[i].name);
    RP_NEED(info.kind == RP_PATH_FILE, RP_ENONE, "settings '%s': neither a file nor a preset (%s)",
            name, rp_text_get(&known));
    return RP_OK;
}

rp_status rp_radiomics_settings_read(const char *name, rp_radiomics_settings *out,
                                     rp_text *resolved)
{
    rp_radiomics_keys keys = {0};
    RP_TRY(take_standards(&keys));
    const rp_preset *p = find_preset(name);
    if (!p) RP_TRY(need_file(name));
    RP_TRY(p ? take_preset(p, &keys) : take_file(name, &keys));
    RP_TRY(rp_radiomics_settle(name, &keys, out));
    write_keys(&keys, resolved);
    return rp_text_status(resolved);
}
