/* pipeline/keys.c - reading, checking and writing settings by their table of keys. */
#include "pipeline/keys.h"

#include "lib/base/tree.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct reading {
    const char *name; /* of the file, or "--set key" */
    const rp_key_table *table;
    void *out;
    bool *seen; /* [table->count] */
} reading;

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
    if (strlen(n->text) >= RP_KEY_NAME) return wrong(r, key, n, "shorter than 256 letters");
    memset(out, 0, RP_KEY_NAME);
    memcpy(out, n->text, strlen(n->text));
    return RP_OK;
}

static rp_status take_texts(const reading *r, const rp_key *key, const rp_node *n, rp_key_list *out)
{
    rp_key_list list = {0};
    if (n->kind == RP_NODE_SCALAR) {
        list.count = 1;
        RP_TRY(take_text(r, key, n, list.item[0]));
    } else {
        if (n->kind != RP_NODE_LIST || n->count > RP_KEY_LIST)
            return wrong(r, key, n, "a list of at most 16 words");
        for (; list.count < n->count; list.count++)
            RP_TRY(take_text(r, key, n->child[list.count], list.item[list.count]));
    }
    *out = list;
    return RP_OK;
}

static rp_status take_numbers(const reading *r, const rp_key *key, const rp_node *n,
                              rp_key_numbers *out)
{
    rp_key_numbers list = {0};
    if (n->kind == RP_NODE_SCALAR && !n->quoted && allows(key, n->text)) {
        *out = list;
        return RP_OK;
    }
    if (n->kind != RP_NODE_LIST || n->count < 1 || n->count > RP_KEY_LIST)
        return wrong(r, key, n, "a list of 1 to 16 numbers");
    for (; list.count < n->count; list.count++)
        RP_TRY(take_number(r, key, n->child[list.count], false, &list.item[list.count]));
    *out = list;
    return RP_OK;
}

static rp_status take_map(const reading *r, const rp_key *key, const rp_node *n, rp_key_map *out)
{
    rp_key_map map = {0};
    if (n->kind == RP_NODE_SCALAR && !n->quoted && allows(key, n->text)) {
        *out = map;
        return RP_OK;
    }
    if (n->kind != RP_NODE_MAP || n->count < 1 || n->count > RP_KEY_LIST)
        return wrong(r, key, n, "a map of 1 to 16 'label: pattern'");
    for (; map.count < n->count; map.count++) {
        const rp_node *c = n->child[map.count];
        if (strlen(c->key) >= RP_KEY_NAME) return wrong(r, key, c, "shorter than 256 letters");
        (void)snprintf(map.key[map.count], RP_KEY_NAME, "%s", c->key);
        RP_TRY(take_text(r, key, c, map.value[map.count]));
    }
    *out = map;
    return RP_OK;
}

static rp_status take_value(const reading *r, const rp_key *key, const rp_node *n)
{
    void *to = (char *)r->out + key->offset;
    switch (key->type) {
    case RP_KEY_TEXT: return take_text(r, key, n, to);
    case RP_KEY_CHOICE: {
        char word[RP_KEY_NAME], what[RP_KEY_NAME];
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

static const rp_key *find(const rp_key_table *t, const char *name)
{
    for (int i = 0; i < t->count; i++)
        if (strcmp(t->key[i].name, name) == 0) return &t->key[i];
    return NULL;
}

static bool is_section(const rp_key_table *t, const char *name)
{
    const size_t n = strlen(name);
    for (int i = 0; i < t->count; i++)
        if (strncmp(t->key[i].name, name, n) == 0 && t->key[i].name[n] == '.') return true;
    return false;
}

static const char *nearest(const rp_key_table *t, const char *name)
{
    const char *best = "";
    int least = 1000;
    for (int i = 0; i < t->count; i++) {
        const int d = rp_text_distance(name, t->key[i].name);
        if (d < least) {
            least = d;
            best = t->key[i].name;
        }
    }
    return best;
}

/* 'ranks: auto' stands for all of a section's keys. */
static rp_status section_auto(const reading *r, const char *prefix, const rp_node *n)
{
    const size_t length = strlen(prefix);
    const rp_key_table *t = r->table;
    for (int i = 0; i < t->count; i++)
        if (strncmp(t->key[i].name, prefix, length) == 0 && t->key[i].name[length] == '.') {
            RP_TRY(take_value(r, &t->key[i], n));
            r->seen[i] = true;
        }
    return RP_OK;
}

/* Depth is bounded by the tree's. */
static rp_status take_map_of_keys(const reading *r, const char *prefix, const rp_node *map)
{
    for (int64_t i = 0; i < map->count; i++) {
        const rp_node *n = map->child[i];
        char name[2 * RP_KEY_NAME];
        RP_NEED(strlen(n->key) < RP_KEY_NAME, RP_EUSE, "%s:%d:%d: a key of over 255 letters",
                r->name, n->line, n->column);
        (void)snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] ? "." : "", n->key);
        const rp_key *key = find(r->table, name);
        if (key) {
            RP_TRY(take_value(r, key, n));
            r->seen[key - r->table->key] = true;
        } else if (is_section(r->table, name) && n->kind == RP_NODE_MAP) {
            RP_TRY(take_map_of_keys(r, name, n));
        } else if (is_section(r->table, name) && n->kind == RP_NODE_SCALAR &&
                   strcmp(n->text, "auto") == 0) {
            RP_TRY(section_auto(r, name, n));
        } else {
            RP_NEED(!is_section(r->table, name), RP_EUSE, "%s:%d:%d: %s: must be a map of keys",
                    r->name, n->line, n->column, name);
            RP_FAIL(RP_EUSE, "%s:%d:%d: unknown key '%s'; did you mean '%s'?", r->name, n->line,
                    n->column, name, nearest(r->table, name));
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

static rp_status take_set(const rp_key_table *t, void *out, bool seen[], const char *set)
{
    const char *equals = strchr(set, '=');
    char name[RP_KEY_NAME];
    RP_NEED(equals && equals > set && equals - set < RP_KEY_NAME, RP_EUSE,
            "--set '%s': must be key=value", set);
    (void)snprintf(name, sizeof name, "%.*s", (int)(equals - set), set);
    reading r = {"--set", t, out, seen};
    const rp_key *key = find(t, name);
    if (!key && is_section(t, name) && strcmp(equals + 1, "auto") == 0) {
        const rp_node word = {.kind = RP_NODE_SCALAR, .text = "auto"};
        return section_auto(&r, name, &word);
    }
    RP_NEED(key, RP_EUSE, "--set %s: unknown key; did you mean '%s'?", name, nearest(t, name));
    RP_TRY(take_text_value(&r, key, equals + 1));
    seen[key - t->key] = true;
    return RP_OK;
}

rp_status rp_keys_parse(const rp_key_table *t, const char *name, int64_t n, const char *text,
                        int sets, const char *const set[], void *out)
{
    RP_AUTOFREE bool *seen = NULL;
    RP_AUTO(rp_tree) tree = NULL;
    RP_TRY(rp_alloc(t->count, sizeof *seen, &seen));
    reading standard = {"schema", t, out, seen};
    for (int i = 0; i < t->count; i++)
        if (t->key[i].standard) RP_TRY(take_text_value(&standard, &t->key[i], t->key[i].standard));
    RP_TRY(rp_tree_yaml(name, n, text, &tree));
    RP_NEED(rp_tree_root(tree)->kind == RP_NODE_MAP, RP_EUSE, "%s: a %s is a map of keys", name,
            t->what);
    const reading r = {name, t, out, seen};
    RP_TRY(take_map_of_keys(&r, "", rp_tree_root(tree)));
    for (int i = 0; i < sets; i++) RP_TRY(take_set(t, out, seen, set[i]));
    for (int i = 0; i < t->count; i++)
        RP_NEED(seen[i] || t->key[i].standard, RP_EUSE, "%s: key '%s' is missing: %s (%s)", name,
                t->key[i].name, t->key[i].meaning, t->key[i].unit);
    return RP_OK;
}

static void add_number(rp_text *t, const rp_key *key, double x)
{
    if (x == RP_AUTO_VALUE && key->choices)
        rp_text_add(t, "%s", key->choices);
    else
        rp_text_add_double(t, x);
}

void rp_keys_put(const rp_key *key, const void *from, rp_text *t)
{
    const void *at = (const char *)from + key->offset;
    switch (key->type) {
    case RP_KEY_TEXT:
    case RP_KEY_CHOICE: rp_text_add_json(t, at); break;
    case RP_KEY_INT:
    case RP_KEY_NUMBER: add_number(t, key, *(const double *)at); break;
    case RP_KEY_SWITCH: rp_text_add(t, "%s", *(const bool *)at ? "true" : "false"); break;
    case RP_KEY_TEXTS: {
        const rp_key_list *list = at;
        rp_text_add(t, "[");
        for (int i = 0; i < list->count; i++) {
            rp_text_add(t, "%s", i ? ", " : "");
            rp_text_add_json(t, list->item[i]);
        }
        rp_text_add(t, "]");
        break;
    }
    case RP_KEY_NUMBERS: {
        const rp_key_numbers *list = at;
        if (list->count == 0) rp_text_add(t, "%s", key->choices);
        for (int i = 0; i < list->count; i++) {
            rp_text_add(t, "%s", i ? ", " : "[");
            rp_text_add_double(t, list->item[i]);
        }
        if (list->count) rp_text_add(t, "]");
        break;
    }
    case RP_KEY_MAP: {
        const rp_key_map *map = at;
        if (map->count == 0) {
            rp_text_add(t, "%s", key->choices);
            break;
        }
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

rp_status rp_keys_write(const rp_key_table *table, const void *from, rp_text *out)
{
    char section[RP_KEY_NAME] = "";
    for (int i = 0; i < table->count; i++) {
        const char *name = table->key[i].name, *dot = strchr(name, '.');
        const size_t n = dot ? (size_t)(dot - name) : 0;
        if (strlen(section) != n || strncmp(section, name, n) != 0) {
            (void)snprintf(section, sizeof section, "%.*s", (int)n, name);
            if (n) rp_text_add(out, "%s:\n", section);
        }
        rp_text_add(out, "%s%s: ", dot ? "  " : "", dot ? dot + 1 : name);
        rp_keys_put(&table->key[i], from, out);
        rp_text_add(out, "\n");
    }
    return rp_text_status(out);
}

void rp_keys_help(const rp_key_table *table, rp_text *out)
{
    for (int i = 0; i < table->count; i++) {
        const rp_key *k = &table->key[i];
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
