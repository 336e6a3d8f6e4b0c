/* pipeline/report_run.c - the report of a run directory. */
#include "pipeline/report_run.h"

#include "io/atomic.h"
#include "pipeline/run_source.h"
#include "report/report.h"

static rp_status read_case(void *arg, const char *name, rp_volume **image, uint8_t **reference,
                           char unit[RP_UNIT_SIZE])
{
    RP_TRY(rp_run_source_case(arg, name, image, reference));
    const rp_cohort_volume *v = rp_run_source_volume(arg, name);
    rp_text_fit(unit, RP_UNIT_SIZE, v ? v->unit : "");
    return RP_OK;
}

/* The cohort, or why there is none: a report of a run whose cohort was moved is a report all the
 * same. */
static rp_status open_source(const char *run, rp_run_source *s, rp_text *why)
{
    const rp_status st = rp_run_source_open(run, s);
    if (st == RP_EMEM) return st;
    if (st != RP_OK) rp_text_add(why, "%s", rp_error_message());
    return rp_text_status(why);
}

rp_status rp_report_run(const char *run, const char *path, int64_t *problems)
{
    rp_run_source s = {0};
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
    rp_run_source_clear(&s);
    RP_TRY(st);
    return rp_atomic_write(path, html.length, rp_text_get(&html));
}
