/* pipeline/job.c - reading, checking and writing jobs by the table in schema.c. */
#include "pipeline/job.h"

#include "io/atomic.h"
#include "lib/net/kernels.h"

#include <string.h>

static rp_key_table schema(void) { return (rp_key_table){"job", rp_keys_count, rp_keys}; }

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
    const rp_key_table table = schema();
    RP_TRY(rp_alloc(1, sizeof *job, &job));
    RP_TRY(rp_keys_parse(&table, name, n, text, sets, set, job));
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

rp_status rp_job_write(const rp_job *job, rp_text *out)
{
    const rp_key_table table = schema();
    return rp_keys_write(&table, job, out);
}

/* Keys that name a file: what it says stands in the identity elsewhere (the digest of the prepared
 * cases, the kernels of each layer), so it may move. */
static bool is_file(const rp_job *job, const rp_key *key)
{
    return strcmp(key->name, "split") == 0 ||
           (strcmp(key->name, "train.kernels") == 0 && !rp_kernels_are_named(job->train.kernels));
}

rp_status rp_job_identity(const rp_job *job, rp_text *out)
{
    for (int i = 0; i < rp_keys_count; i++) {
        if (!rp_keys[i].is_identity || is_file(job, &rp_keys[i])) continue;
        rp_text_add(out, "%s: ", rp_keys[i].name);
        rp_keys_put(&rp_keys[i], job, out);
        rp_text_add(out, "\n");
    }
    return rp_text_status(out);
}

void rp_job_help(rp_text *out)
{
    const rp_key_table table = schema();
    rp_text_add(
        out,
        "Keys of a job file (YAML).  Nested keys may be written as maps: train: {batch: 4}.\n"
        "Keys marked * may change the bits of the result: they belong to a run's identity.\n\n");
    rp_keys_help(&table, out);
}
