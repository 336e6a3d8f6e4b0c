/* pipeline/report_run.c - the report of a run directory. */
#include "pipeline/report_run.h"

#include "io/atomic.h"
#include "pipeline/execute.h"
#include "report/report.h"

typedef struct source {
    rp_job *job;
    rp_cohort *cohort;
    rp_prepare prepare; /* how regions become labels */
} source;

/* Image and reference of a case, as the test cases were scored. */
static rp_status read_case(void *arg, const char *name, rp_volume **image, uint8_t **reference,
                           char unit[RP_UNIT_SIZE])
{
    source *s = arg;
    const int64_t index = rp_cohort_find(s->cohort, name);
    RP_AUTO(rp_volume) v = NULL;
    RP_AUTOFREE uint8_t *turned = NULL, *labels = NULL;
    RP_NEED(index >= 0, RP_ENONE, "case '%s' is not in cohort '%s'", name, s->job->cohort.path);
    const rp_cohort_volume *first = rp_cohort_find_volume(s->cohort, index, s->prepare.input[0]);
    RP_NEED(first, RP_EDATA, "case '%s' has no volume '%s'", name, s->prepare.input[0]);
    RP_TRY(rp_cohort_read(s->cohort, index, first->dataset, &v));
    const rp_provenance from = {.source = v->grid, .orient = rp_orient_canonical(&v->grid)};
    const int64_t n = rp_grid_voxels(&v->grid);
    RP_TRY(rp_alloc_raw(n, 1, &turned));
    RP_TRY(rp_alloc_raw(n, 1, &labels));
    RP_TRY(rp_prepare_labels(&s->prepare, index, &from, turned));
    rp_orient_undo(&v->grid, &from.orient, 1, turned, labels);
    rp_text_fit(unit, RP_UNIT_SIZE, first->unit);
    *image = RP_TAKE(v);
    *reference = RP_TAKE(labels);
    return RP_OK;
}

/* The cohort, or why there is none: a report of a run whose cohort was moved is a report all the
 * same. */
static rp_status open_source(const char *run, source *s, rp_text *why)
{
    RP_AUTOFREE char *job = NULL;
    RP_TRY(rp_path_join(run, "job.yaml", &job));
    RP_TRY(rp_alloc(1, sizeof *s->job, &s->job));
    rp_status st = rp_job_read(job, 0, NULL, s->job);
    if (st == RP_OK) st = rp_cohort_open(s->job->cohort.path, &s->cohort);
    if (st == RP_EMEM) return st;
    if (st != RP_OK)
        rp_text_add(why, "%s", rp_error_message());
    else {
        rp_execute_prepare_settings(s->job, &s->prepare);
        s->prepare.cohort = s->cohort;
    }
    return rp_text_status(why);
}

rp_status rp_report_run(const char *run, const char *path, int64_t *problems)
{
    source s = {0};
    RP_TEXT_AUTO why = {0}, html = {0};
    RP_AUTOFREE char *prepared = NULL;
    rp_status st = open_source(run, &s, &why);
    if (st == RP_OK) st = rp_prepared_of_run(run, &prepared);
    if (st == RP_OK) {
        const rp_report r = {.run = run,
                             .prepared = prepared,
                             .images = {.read = s.cohort ? read_case : NULL,
                                        .arg = &s,
                                        .absent = rp_text_get(&why)}};
        st = rp_report_make(&r, &html, problems);
    }
    rp_cohort_drop(&s.cohort);
    rp_free(s.job);
    RP_TRY(st);
    return rp_atomic_write(path, html.length, rp_text_get(&html));
}
