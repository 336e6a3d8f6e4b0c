/* pipeline/run_source.c - the cases of a run directory as they were scored. */
#include "pipeline/run_source.h"

#include "io/atomic.h"

void rp_run_source_clear(rp_run_source *s)
{
    rp_cohort_drop(&s->cohort);
    rp_free(s->job);
    s->job = NULL;
}

rp_status rp_run_source_open(const char *run, rp_run_source *s)
{
    RP_AUTOFREE char *job = NULL;
    *s = (rp_run_source){0};
    RP_TRY(rp_path_join(run, "job.yaml", &job));
    RP_TRY(rp_alloc(1, sizeof *s->job, &s->job));
    rp_status st = rp_job_read(job, 0, NULL, s->job);
    if (st == RP_OK) st = rp_cohort_open(s->job->cohort.path, &s->cohort);
    if (st != RP_OK) {
        rp_run_source_clear(s);
        return st;
    }
    rp_execute_prepare_settings(s->job, &s->prepare);
    s->prepare.cohort = s->cohort;
    return RP_OK;
}

const rp_cohort_volume *rp_run_source_volume(const rp_run_source *s, const char *name)
{
    const int64_t index = rp_cohort_find(s->cohort, name);
    return index < 0 ? NULL : rp_cohort_find_volume(s->cohort, index, s->prepare.input[0]);
}

rp_status rp_run_source_case(rp_run_source *s, const char *name, rp_volume **image,
                             uint8_t **reference)
{
    const int64_t index = rp_cohort_find(s->cohort, name);
    RP_AUTO(rp_volume) v = NULL;
    RP_AUTOFREE uint8_t *turned = NULL, *labels = NULL;
    RP_NEED(index >= 0, RP_ENONE, "case '%s' is not in cohort '%s'", name, s->job->cohort.path);
    const rp_cohort_volume *first = rp_run_source_volume(s, name);
    RP_NEED(first, RP_EDATA, "case '%s' has no volume '%s'", name, s->prepare.input[0]);
    RP_TRY(rp_cohort_read(s->cohort, index, first->dataset, &v));
    const rp_provenance from = {.source = v->grid, .orient = rp_orient_canonical(&v->grid)};
    const int64_t n = rp_grid_voxels(&v->grid);
    RP_TRY(rp_alloc_raw(n, 1, &turned));
    RP_TRY(rp_alloc_raw(n, 1, &labels));
    RP_TRY(rp_prepare_labels(&s->prepare, index, &from, turned));
    rp_orient_undo(&v->grid, &from.orient, 1, turned, labels);
    *image = RP_TAKE(v);
    *reference = RP_TAKE(labels);
    return RP_OK;
}
