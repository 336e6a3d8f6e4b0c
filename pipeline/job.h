/* pipeline/job.h - the job: what a job file says, checked, with defaults filled in.
 *
 * pipeline/schema.c holds the one table of keys; it drives parsing, checking, 'radpipe help job',
 * the resolved job.yaml of a run and the page in docs/. */
#pragma once
#include "pipeline/keys.h"

typedef struct rp_job {
    char task[RP_KEY_NAME];
    struct {
        char path[RP_KEY_NAME], rules[RP_KEY_NAME], ids[RP_KEY_NAME], key[RP_KEY_NAME];
        rp_key_list source;
        double shard_size;
    } cohort;
    rp_key_list inputs;
    rp_key_map labels;
    char merge[RP_KEY_NAME], split[RP_KEY_NAME];
    struct {
        rp_key_numbers spacing;
        char dtype[RP_KEY_NAME], crop[RP_KEY_NAME];
        rp_key_list normalise;
    } prepare;
    struct {
        char name[RP_KEY_NAME];
        rp_key_numbers features, convs;
        bool deep_supervision;
    } model;
    struct {
        double iterations, batch, unit, seed, threads, rate, momentum, decay, clip, foreground;
        double checkpoint, keep, max_lost;
        rp_key_numbers patch;
        char kernels[RP_KEY_NAME], optimiser[RP_KEY_NAME], loss[RP_KEY_NAME];
    } train;
    struct {
        char preset[RP_KEY_NAME];
        double probability[RP_KEY_LIST];
    } augment;
    struct {
        double load, augment, train, evaluate;
    } ranks;
    struct {
        double window;
    } channel;
    char io[RP_KEY_NAME];
    double memory;
    struct {
        double every;
    } evaluate;
    struct {
        double step;
        bool mirror, largest;
        char weights[RP_KEY_NAME];
    } predict;
    struct {
        char settings[RP_KEY_NAME];
    } radiomics;
    bool report;
} rp_job;

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
