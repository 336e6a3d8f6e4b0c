/* report/page_scores.c - the scores of the test cases, read. */
#include "report/page_priv.h"

#include <string.h>

void rp_page_scores_drop(rp_page_scores **s)
{
    if (!*s) return;
    rp_csv_drop(&(*s)->csv);
    rp_free((*s)->at);
    rp_free((*s)->label);
    rp_free(*s);
    *s = NULL;
}

static rp_status find_label(rp_page_scores *s, const char *name, int *label)
{
    for (*label = 0; *label < s->labels; (*label)++)
        if (strcmp(s->label[*label], name) == 0) return RP_OK;
    s->label[s->labels++] = name;
    return RP_OK;
}

/* A cell that may be empty: no value. */
static rp_status maybe_number(const rp_csv *csv, int64_t row, int column, bool *has, double *x)
{
    *has = rp_csv_text(csv, row, column)[0] != 0;
    return *has ? rp_csv_double(csv, row, column, x) : RP_OK;
}

rp_status rp_page_scores_read(const rp_page *p, rp_page_scores **out)
{
    static const char *const name[] = {"case",
                                       "label",
                                       "state",
                                       "dice",
                                       "hd95_maxdir_mm",
                                       "volume_reference_mm3",
                                       "volume_prediction_mm3"};
    RP_AUTO(rp_page_scores) s = NULL;
    int c[7];
    *out = NULL;
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    RP_TRY(rp_page_csv(p, NULL, "metrics-cases.csv", &s->csv));
    if (!s->csv) return RP_OK;
    for (int i = 0; i < 7; i++) RP_TRY(rp_csv_column(s->csv, name[i], &c[i]));
    s->count = rp_csv_rows(s->csv);
    RP_TRY(rp_alloc(s->count, sizeof *s->at, &s->at));
    RP_TRY(rp_alloc(s->count, sizeof *s->label, &s->label));
    for (int64_t i = 0; i < s->count; i++) {
        rp_page_score *one = &s->at[i];
        one->name = rp_csv_text(s->csv, i, c[0]);
        one->state = rp_csv_text(s->csv, i, c[2]);
        RP_TRY(find_label(s, rp_csv_text(s->csv, i, c[1]), &one->label));
        RP_TRY(maybe_number(s->csv, i, c[3], &one->has_dice, &one->dice));
        RP_TRY(maybe_number(s->csv, i, c[4], &one->has_hd95, &one->hd95));
        RP_TRY(rp_csv_double(s->csv, i, c[5], &one->reference_mm3));
        RP_TRY(rp_csv_double(s->csv, i, c[6], &one->prediction_mm3));
    }
    *out = RP_TAKE(s);
    return RP_OK;
}
