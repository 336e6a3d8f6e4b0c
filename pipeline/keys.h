/* pipeline/keys.h - settings files in YAML, each read by a table of its keys.
 *
 * One table drives parsing, checking, the help text and writing back.  An unknown key is refused
 * and the nearest known one named; a wrong value names its place and what may stand there. */
#pragma once
#include "lib/base/text.h"

enum { RP_KEY_LIST = 16, RP_KEY_NAME = 256, RP_AUTO_VALUE = -1 };

typedef struct rp_key_list {
    int count;
    char item[RP_KEY_LIST][RP_KEY_NAME];
} rp_key_list;
typedef struct rp_key_numbers {
    int count; /* 0: auto */
    double item[RP_KEY_LIST];
} rp_key_numbers;
/* label -> pattern of region names, in the file's order: label i is class i + 1 */
typedef struct rp_key_map {
    int count;
    char key[RP_KEY_LIST][RP_KEY_NAME], value[RP_KEY_LIST][RP_KEY_NAME];
} rp_key_map;

typedef enum rp_key_type {
    RP_KEY_TEXT,
    RP_KEY_CHOICE,
    RP_KEY_INT,
    RP_KEY_NUMBER,
    RP_KEY_SWITCH,
    RP_KEY_TEXTS,
    RP_KEY_NUMBERS,
    RP_KEY_MAP
} rp_key_type;

typedef struct rp_key {
    const char *name; /* "train.batch" */
    rp_key_type type;
    size_t offset;
    const char *standard; /* default as the file would say it; NULL: must be given */
    double low, high;     /* numbers */
    const char *choices;  /* "a|b|c"; for numbers "auto" or another word that may stand there
                             (value -1, or an empty list or map) */
    const char *unit;
    bool is_identity; /* may change bits of the result */
    const char *meaning;
} rp_key;

typedef struct rp_key_table {
    const char *what; /* "job": for messages */
    int count;
    const rp_key *key; /* [count] */
} rp_key_table;

/* Defaults, then the file's keys, then set ('key=value' texts, in order) into the struct out that
 * the offsets belong to.  Errors: RP_EUSE or RP_EDATA naming file, line, column; out may be half
 * filled. */
RP_MUST rp_status rp_keys_parse(const rp_key_table *t, const char *name, int64_t n,
                                const char *text, int sets, const char *const set[], void *out);
/* All keys with their values as YAML: reading it again gives the same. */
RP_MUST rp_status rp_keys_write(const rp_key_table *table, const void *from, rp_text *out);
/* The value of one key as YAML. */
void rp_keys_put(const rp_key *key, const void *from, rp_text *out);
/* A line a key: name, default, meaning, what may stand there. */
void rp_keys_help(const rp_key_table *table, rp_text *out);
