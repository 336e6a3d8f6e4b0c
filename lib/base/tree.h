/* lib/base/tree.h - a document of YAML or JSON as a tree of values with their places.
 *
 * YAML is read by libyaml (1.1 syntax, one document; anchors, tags and duplicate keys are refused),
 * JSON by jansson.  Scalars stay text until asked for as something else.  A tree is owned by its
 * root; nodes are lent until it is dropped. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

typedef enum rp_node_kind { RP_NODE_SCALAR, RP_NODE_LIST, RP_NODE_MAP } rp_node_kind;

typedef struct rp_node rp_node;
struct rp_node {
    rp_node_kind kind;
    const char *key;  /* in a map: its key, else NULL */
    const char *text; /* scalar: its text */
    bool quoted;      /* scalar: was quoted, so it is text whatever it looks like */
    int line, column; /* from 1; 0 when unknown (JSON) */
    int64_t count;    /* list and map: children */
    rp_node **child;  /* in order */
};

typedef struct rp_tree rp_tree;
/* name: the file's name for messages.  Errors: RP_EDATA naming file, line, column. */
RP_MUST rp_status rp_tree_yaml(const char *name, int64_t n, const char *text, rp_tree **out);
RP_MUST rp_status rp_tree_json(const char *name, int64_t n, const char *text, rp_tree **out);
const rp_node *rp_tree_root(const rp_tree *t);
void rp_tree_drop(rp_tree **t);

/* Child of a map by key, NULL if absent. */
const rp_node *rp_node_get(const rp_node *map, const char *key);
/* Scalars as typed values; false if it is something else. */
bool rp_node_int(const rp_node *n, int64_t *x);
bool rp_node_double(const rp_node *n, double *x);
bool rp_node_bool(const rp_node *n, bool *x); /* true, false */
