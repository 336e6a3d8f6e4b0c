/* lib/base/tree.c - YAML and JSON as a tree of values.
 *
 * 1. All nodes and texts hang on one chain of blocks, freed together.
 * 2. Depth is bounded (MAX_DEPTH), so a hostile document cannot exhaust the stack.
 */
#include "lib/base/tree.h"

#include "lib/base/text.h"

#include <jansson.h>
#include <string.h>
#include <yaml.h>

enum { MAX_DEPTH = 64 };

typedef struct block {
    struct block *next;
} block;

struct rp_tree {
    char *name;
    rp_node *root;
    block *blocks;
};

/* size bytes, zeroed, that live as long as the tree. */
static rp_status take(rp_tree *t, size_t size, void *pointer_to_pointer)
{
    char *p;
    RP_TRY(rp_alloc((int64_t)(size + 64), 1, &p));
    block *b = (block *)(void *)p;
    b->next = t->blocks;
    t->blocks = b;
    void *rest = p + 64;
    memcpy(pointer_to_pointer, &rest, sizeof rest);
    return RP_OK;
}

static rp_status take_text(rp_tree *t, size_t n, const void *text, const char **out)
{
    char *s;
    RP_NEED(!memchr(text, 0, n), RP_EDATA, "%s: a zero byte inside a text", t->name);
    RP_TRY(take(t, n + 1, &s));
    memcpy(s, text, n);
    *out = s;
    return RP_OK;
}

static rp_status node_new(rp_tree *t, rp_node_kind kind, int line, int column, rp_node **out)
{
    RP_TRY(take(t, sizeof **out, out));
    (*out)->kind = kind;
    (*out)->line = line;
    (*out)->column = column;
    return RP_OK;
}

static rp_status node_add(rp_tree *t, rp_node *parent, rp_node *child)
{
    if ((parent->count & (parent->count - 1)) == 0) { /* full at 0, 1, 2, 4, ... */
        rp_node **more;
        const size_t room = parent->count ? (size_t)parent->count * 2 : 1;
        RP_TRY(take(t, room * sizeof *more, &more));
        if (parent->count) memcpy(more, parent->child, (size_t)parent->count * sizeof(rp_node *));
        parent->child = more;
    }
    parent->child[parent->count++] = child;
    return RP_OK;
}

const rp_node *rp_node_get(const rp_node *map, const char *key)
{
    if (!map || map->kind != RP_NODE_MAP) return NULL;
    for (int64_t i = 0; i < map->count; i++)
        if (strcmp(map->child[i]->key, key) == 0) return map->child[i];
    return NULL;
}

/* Where a finished node goes: the document, the innermost open list or map. */
typedef struct reader {
    rp_tree *tree;
    rp_node *open[MAX_DEPTH];
    int depth;
    const char *key; /* of a map, read and waiting for its value */
    int key_line, key_column;
} reader;

static rp_status place(reader *r, rp_node *n)
{
    if (r->depth == 0) {
        r->tree->root = n;
        return RP_OK;
    }
    rp_node *parent = r->open[r->depth - 1];
    RP_ASSERT(parent != NULL);
    if (parent->kind == RP_NODE_MAP) {
        n->key = r->key;
        r->key = NULL;
    }
    return node_add(r->tree, parent, n);
}

static rp_status open_node(reader *r, rp_node_kind kind, int line, int column)
{
    rp_node *n;
    RP_NEED(r->depth < MAX_DEPTH, RP_EDATA, "%s:%d:%d: nested deeper than %d", r->tree->name, line,
            column, MAX_DEPTH);
    RP_TRY(node_new(r->tree, kind, line, column, &n));
    RP_TRY(place(r, n));
    r->open[r->depth++] = n;
    return RP_OK;
}

static rp_status scalar(reader *r, const yaml_event_t *e, int line, int column)
{
    rp_tree *t = r->tree;
    const char *text;
    RP_TRY(take_text(t, e->data.scalar.length, e->data.scalar.value, &text));
    rp_node *parent = r->depth ? r->open[r->depth - 1] : NULL;
    if (parent && parent->kind == RP_NODE_MAP && !r->key) {
        RP_NEED(!rp_node_get(parent, text), RP_EDATA, "%s:%d:%d: key '%s' stands twice", t->name,
                line, column, text);
        r->key = text;
        return RP_OK;
    }
    rp_node *n;
    RP_TRY(node_new(t, RP_NODE_SCALAR, line, column, &n));
    n->text = text;
    n->quoted = e->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
                e->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    return place(r, n);
}

static bool is_marked(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT: return e->data.scalar.anchor || e->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.anchor || e->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT: return e->data.mapping_start.anchor || e->data.mapping_start.tag;
    default: return false;
    }
}

static rp_status take_event(reader *r, const yaml_event_t *e, int *documents)
{
    const int line = (int)e->start_mark.line + 1, column = (int)e->start_mark.column + 1;
    rp_tree *t = r->tree;
    RP_NEED(!is_marked(e), RP_EDATA,
            "%s:%d:%d: anchors (&name) and tags (!name) are not allowed; write the value alone",
            t->name, line, column);
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        RP_NEED(++*documents == 1, RP_EDATA, "%s:%d: a second document; one is allowed", t->name,
                line);
        return RP_OK;
    case YAML_ALIAS_EVENT:
        RP_FAIL(RP_EDATA, "%s:%d:%d: aliases (*name) are not allowed; write the value out", t->name,
                line, column);
    case YAML_SCALAR_EVENT: return scalar(r, e, line, column);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: {
        const bool map = e->type == YAML_MAPPING_START_EVENT;
        rp_node *parent = r->depth ? r->open[r->depth - 1] : NULL;
        RP_NEED(!(parent && parent->kind == RP_NODE_MAP && !r->key), RP_EDATA,
                "%s:%d:%d: a key must be a plain word", t->name, line, column);
        return open_node(r, map ? RP_NODE_MAP : RP_NODE_LIST, line, column);
    }
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: r->depth--; return RP_OK;
    default: return RP_OK;
    }
}

static rp_status read_events(yaml_parser_t *parser, reader *r)
{
    int documents = 0;
    for (bool more = true; more;) {
        yaml_event_t e;
        if (!yaml_parser_parse(parser, &e))
            RP_FAIL(RP_EDATA, "%s:%zu:%zu: %s", r->tree->name, parser->problem_mark.line + 1,
                    parser->problem_mark.column + 1,
                    parser->problem ? parser->problem : "not readable as YAML");
        const rp_status st = take_event(r, &e, &documents);
        more = e.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
        RP_TRY(st);
    }
    return RP_OK;
}

static rp_status tree_new(const char *name, rp_tree **out)
{
    RP_AUTO(rp_tree) t = NULL;
    RP_TRY(rp_alloc(1, sizeof *t, &t));
    RP_TRY(rp_copy_text(name, &t->name));
    *out = RP_TAKE(t);
    return RP_OK;
}

/* An empty document is an empty map. */
static rp_status finish(rp_tree *t)
{
    return t->root ? RP_OK : node_new(t, RP_NODE_MAP, 1, 1, &t->root);
}

rp_status rp_tree_yaml(const char *name, int64_t n, const char *text, rp_tree **out)
{
    RP_AUTO(rp_tree) t = NULL;
    RP_TRY(tree_new(name, &t));
    yaml_parser_t parser;
    RP_NEED(yaml_parser_initialize(&parser), RP_EMEM, "%s: no memory to read YAML", name);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, (size_t)n);
    reader r = {.tree = t};
    const rp_status st = read_events(&parser, &r);
    yaml_parser_delete(&parser);
    RP_TRY(st);
    RP_TRY(finish(t));
    *out = RP_TAKE(t);
    return RP_OK;
}

static rp_status add_json(rp_tree *t, const json_t *j, const char *key, rp_node *parent, int depth);

static rp_status json_children(rp_tree *t, const json_t *j, rp_node *n, int depth)
{
    if (json_is_array(j)) {
        for (size_t i = 0; i < json_array_size(j); i++)
            RP_TRY(add_json(t, json_array_get(j, i), NULL, n, depth));
        return RP_OK;
    }
    json_t *object = (json_t *)(uintptr_t)j; /* jansson's iterators want it mutable */
    for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it)) {
        const char *key, *name = json_object_iter_key(it);
        RP_TRY(take_text(t, strlen(name), name, &key));
        RP_TRY(add_json(t, json_object_iter_value(it), key, n, depth));
    }
    return RP_OK;
}

/* Recursion is bounded by MAX_DEPTH. */
static rp_status add_json(rp_tree *t, const json_t *j, const char *key, rp_node *parent, int depth)
{
    RP_NEED(depth < MAX_DEPTH, RP_EDATA, "%s: nested deeper than %d", t->name, MAX_DEPTH);
    const rp_node_kind kind = json_is_object(j)  ? RP_NODE_MAP
                              : json_is_array(j) ? RP_NODE_LIST
                                                 : RP_NODE_SCALAR;
    rp_node *n;
    RP_TRY(node_new(t, kind, 0, 0, &n));
    n->key = key;
    if (parent)
        RP_TRY(node_add(t, parent, n));
    else
        t->root = n;
    if (kind != RP_NODE_SCALAR) return json_children(t, j, n, depth + 1);
    char number[40];
    const char *s = number;
    if (json_is_string(j))
        s = json_string_value(j);
    else if (json_is_integer(j))
        (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(j));
    else if (json_is_real(j))
        (void)snprintf(number, sizeof number, "%.17g", json_real_value(j));
    else
        s = json_is_true(j) ? "true" : json_is_false(j) ? "false" : "null";
    n->quoted = json_is_string(j);
    return take_text(t, strlen(s), s, &n->text);
}

rp_status rp_tree_json(const char *name, int64_t n, const char *text, rp_tree **out)
{
    RP_AUTO(rp_tree) t = NULL;
    RP_TRY(tree_new(name, &t));
    json_error_t err;
    json_t *j = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &err);
    RP_NEED(j, RP_EDATA, "%s:%d:%d: %s", name, err.line, err.column, err.text);
    const rp_status st = add_json(t, j, NULL, NULL, 0);
    json_decref(j);
    RP_TRY(st);
    *out = RP_TAKE(t);
    return RP_OK;
}

const rp_node *rp_tree_root(const rp_tree *t) { return t->root; }

void rp_tree_drop(rp_tree **t)
{
    if (!*t) return;
    for (block *b = (*t)->blocks, *next; b; b = next) {
        next = b->next;
        rp_free(b);
    }
    rp_free((*t)->name);
    rp_free(*t);
    *t = NULL;
}

bool rp_node_int(const rp_node *n, int64_t *x)
{
    return n->kind == RP_NODE_SCALAR && !n->quoted && rp_read_int(n->text, x);
}

bool rp_node_double(const rp_node *n, double *x)
{
    return n->kind == RP_NODE_SCALAR && !n->quoted && rp_read_double(n->text, x);
}

bool rp_node_bool(const rp_node *n, bool *x)
{
    if (n->kind != RP_NODE_SCALAR || n->quoted) return false;
    if (strcmp(n->text, "true") != 0 && strcmp(n->text, "false") != 0) return false;
    *x = n->text[0] == 't';
    return true;
}
