/* pipeline/verb.h - the verbs of the program: one row a verb, one file a verb or family. */
#pragma once
#include "lib/base/text.h"

typedef enum rp_verb_ranks {
    RP_RANKS_alone, /* refuses to run on several */
    RP_RANKS_ranks, /* starts MPI always */
    RP_RANKS_either /* starts MPI where there are several ranks: its start takes longer than most
                       runs.  Fails on all ranks or none: what each does alone goes through an
                       agreement before the next exchange. */
} rp_verb_ranks;

typedef struct rp_verb {
    const char *name;
    const char *summary; /* one line */
    const char *usage;   /* what --help prints: usage, options, examples, exit codes */
    /* argv[0] is the verb.  stdout is the verb's to write; failures are returned, not printed. */
    rp_status (*run)(int argc, char **argv);
    rp_verb_ranks ranks;
} rp_verb;

/* pipeline/verbs.inc has the rows; the array ends with a NULL name. */
extern const rp_verb rp_verbs[];

/* Options of a command line: '--name value', '--name=value', switches, and plain words.
 * Errors of all: RP_EUSE naming the option and the verb's known ones. */
typedef struct rp_option {
    const char *name;   /* "--out" */
    const char **value; /* set to the value; NULL for a switch */
    bool *flag;         /* switch */
    const char **many;  /* may stand several times: [many_max] */
    int many_max, *many_count;
} rp_option;
/* words: plain words, [words_max].  "--" ends the options. */
RP_MUST rp_status rp_options_read(int argc, char **argv, int options, const rp_option option[],
                                  int words_max, const char *words[], int *word_count);
RP_MUST rp_status rp_option_int(const char *name, const char *text, int64_t low, int64_t high,
                                int64_t *out);
RP_MUST rp_status rp_option_number(const char *name, const char *text, double low, double high,
                                   double *out);
/* --bad-rows stop|skip; NULL, not given: stop. */
RP_MUST rp_status rp_option_bad_rows(const char *text, bool *skip);
/* Numbers with commas between them, at most max. */
RP_MUST rp_status rp_option_numbers(const char *name, const char *text, double low, double high,
                                    int max, int *count, double out[]);
/* Next piece of a comma-separated list, cut at 63 letters; false at its end.  *at moves on. */
bool rp_option_piece(const char **at, char piece[64]);
/* The row whose name is nearest to a word: names [count], for 'did you mean'. */
const char *rp_option_nearest(const char *word, int count, const char *const name[]);
/* Writes text to stdout, or to the file out (atomically) when it is not NULL. */
RP_MUST rp_status rp_print(const char *out, const rp_text *text);
