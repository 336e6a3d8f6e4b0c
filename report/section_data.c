/* report/section_data.c - what came in, what was left out, what was lost. */
#include "report/page_priv.h"

#include "io/atomic.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct tally {
    const char *level, *reason;
    int64_t count;
} tally;

static int by_count(const void *a, const void *b)
{
    const tally *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    const int c = strcmp(x->level, y->level);
    return c ? c : strcmp(x->reason, y->reason);
}

static int by_reason(const void *a, const void *b)
{
    const tally *x = a, *y = b;
    const int c = strcmp(x->level, y->level);
    return c ? c : strcmp(x->reason, y->reason);
}

/* Rows of quarantine.csv by level and reason, most frequent first. */
static rp_status add_quarantine(const rp_csv *csv, rp_text *t)
{
    static const char *const head[] = {"Level", "Reason", "#Left out"};
    RP_AUTOFREE tally *list = NULL;
    const int64_t rows = rp_csv_rows(csv);
    int level, reason;
    int64_t n = 0;
    if (rows == 0) {
        rp_html_paragraph(
            t, "", "Nothing was left out when the cohort was made (quarantine.csv is empty).");
        return RP_OK;
    }
    RP_TRY(rp_csv_column(csv, "level", &level));
    RP_TRY(rp_csv_column(csv, "reason", &reason));
    RP_TRY(rp_alloc(rows, sizeof *list, &list));
    for (int64_t i = 0; i < rows; i++)
        list[i] = (tally){rp_csv_text(csv, i, level), rp_csv_text(csv, i, reason), 1};
    qsort(list, (size_t)rows, sizeof *list, by_reason);
    for (int64_t i = 0; i < rows; i++) {
        if (n && by_reason(&list[n - 1], &list[i]) == 0)
            list[n - 1].count++;
        else
            list[n++] = list[i];
    }
    qsort(list, (size_t)n, sizeof *list, by_count);
    rp_html_table(t, "Left out, by reason (quarantine.csv of the cohort has every row)", 3, head);
    for (int64_t i = 0; i < n && i < 50; i++) {
        rp_html_row(t);
        rp_html_cell(t, "%s", list[i].level);
        rp_html_cell(t, "%s", list[i].reason);
        rp_html_cell_number(t, (double)list[i].count, 4);
        rp_html_row_end(t);
    }
    rp_html_table_end(t);
    if (n > 50) rp_html_paragraph(t, "soft", "The 50 most frequent of %" PRId64 " reasons.", n);
    return RP_OK;
}

static rp_status add_cohort(const rp_page *p, rp_text *t)
{
    RP_AUTO(rp_csv) flow = NULL;
    RP_AUTO(rp_csv) quarantine = NULL;
    rp_path_info info = {0};
    if (p->cohort) RP_TRY(rp_path_look(p->cohort, true, &info));
    if (info.kind != RP_PATH_FOLDER) {
        rp_html_paragraph(t, "absent",
                          "The cohort that the job names (%s) is not at that place: its flow and "
                          "exclusions are not shown.",
                          p->cohort ? p->cohort : "none");
        return RP_OK;
    }
    RP_TRY(rp_page_csv(p, p->cohort, "flow.csv", &flow));
    RP_TRY(rp_page_csv(p, p->cohort, "quarantine.csv", &quarantine));
    if (flow && rp_csv_rows(flow))
        rp_page_table(t, "From the export to the cohort (flow.csv of the cohort)", flow, 200);
    else
        rp_html_paragraph(t, "absent", "The cohort has no flow.csv.");
    if (quarantine) return add_quarantine(quarantine, t);
    rp_html_paragraph(t, "absent", "The cohort has no quarantine.csv.");
    return RP_OK;
}

rp_status rp_section_data(rp_page *p, rp_text *t)
{
    RP_AUTO(rp_csv) lost = NULL;
    RP_TRY(add_cohort(p, t));
    RP_TRY(rp_page_csv(p, NULL, "lost.csv", &lost));
    if (!lost)
        rp_html_paragraph(t, "absent", "The run has no lost.csv yet.");
    else if (rp_csv_rows(lost) == 0)
        rp_html_paragraph(t, "", "No case was lost on the way (lost.csv is empty).");
    else
        rp_page_table(t, "Cases and samples that were lost on the way (lost.csv)", lost, 100);
    return RP_OK;
}
