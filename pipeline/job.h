/* pipeline/job.h - the job: what a job file says, checked, with defaults filled in.
 *
 * pipeline/schema.c holds the one table of keys; it drives parsing, checking, 'radpipe help job',
 * the resolved job.yaml of a run and the page in docs/. */
#pragma once
#include "lib/base/text.h"
#include "lib/base/tree.h"

enum { RP_JOB_LIST = 16, RP_JOB_NAME = 256, RP_AUTO_VALUE = -1 };

typedef struct rp_job_list {
    int count;
    char item[RP_JOB_LIST][RP_JOB_NAME];
} rp_job_list;
typedef struct rp_job_numbers {
    int count; /* 0: auto */
    double item[RP_JOB_LIST];
} rp_job_numbers;
/* label -> pattern of region names, in the file's order: label i is class i + 1 */
typedef struct rp_job_map {
    int count;
    char key[RP_JOB_LIST][RP_JOB_NAME], value[RP_JOB_LIST][RP_JOB_NAME];
} rp_job_map;

typedef struct rp_job {
    char task[RP_JOB_NAME];
    struct {
        char path[RP_JOB_NAME], rules[RP_JOB_NAME], ids[RP_JOB_NAME], key[RP_JOB_NAME];
        rp_job_list source;
        double shard_size;
    } cohort;
    rp_job_list inputs;
    rp_job_map labels;
    char merge[RP_JOB_NAME], split[RP_JOB_NAME];
    struct {
        rp_job_numbers spacing;
        char dtype[RP_JOB_NAME], crop[RP_JOB_NAME];
        rp_job_list normalise;
    } prepare;
    struct {
        char name[RP_JOB_NAME];
        rp_job_numbers features, convs;
        bool deep_supervision;
    } model;
    struct {
        double iterations, batch, unit, seed, threads, rate, momentum, decay, clip, foreground;
        double checkpoint, keep, max_lost;
        rp_job_numbers patch;
        char kernels[RP_JOB_NAME], optimiser[RP_JOB_NAME], loss[RP_JOB_NAME];
    } train;
    struct {
        char preset[RP_JOB_NAME];
        double probability[RP_JOB_LIST];
    } augment;
    struct {
        double load, augment, train, evaluate;
    } ranks;
    struct {
        double window;
    } channel;
    char io[RP_JOB_NAME];
    struct {
        double every;
    } evaluate;
    struct {
        double step;
        bool mirror, largest;
        char weights[RP_JOB_NAME];
    } predict;
    bool report;
} rp_job;

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
    const char *choices;  /* "a|b|c"; for numbers "auto" if that may stand there (value -1, or an
                             empty list) */
    const char *unit;
    bool is_identity; /* may change bits of the result */
    const char *meaning;
} rp_key;
extern const rp_key rp_keys[];
extern const int rp_keys_count;

/* Reads a job file; set: 'key=value' texts that override it, in order.
 * Errors: RP_EUSE or RP_EDATA naming file, line, column, what may stand there, and for an unknown
 * key the nearest known one; RP_ENONE, RP_EIO. */
RP_MUST rp_status rp_job_read(const char *path, int sets, const char *const set[], rp_job *out);
/* The same from text. */
RP_MUST rp_status rp_job_parse(const char *name, int64_t n, const char *text, int sets,
                               const char *const set[], rp_job *out);
/* All keys with their values as YAML: reading it again gives the same job. */
RP_MUST rp_status rp_job_write(const rp_job *job, rp_text *out);
/* "key: value" lines of the keys that belong to a run's identity. */
RP_MUST rp_status rp_job_identity(const rp_job *job, rp_text *out);
/* What 'radpipe help job' prints. */
void rp_job_help(rp_text *out);
