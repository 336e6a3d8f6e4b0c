/* pipeline/trial_policy_show.c - policies printed for people. */
#include "io/csv.h"
#include "pipeline/show_table.h"
#include "pipeline/trial_policy_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *cell(const rp_csv *csv, int64_t row, const char *column)
{
    return rp_csv_text(csv, row, rp_csv_find(csv, column));
}

static bool is_same(const rp_csv *a, int64_t i, const rp_csv *b, int64_t k)
{
    static const char *const key[] = {"policy", "unseen", "arm"};
    for (int c = 0; c < 3; c++)
        if (strcmp(cell(a, i, key[c]), cell(b, k, key[c])) != 0) return false;
    return true;
}

/* "433, 0.80 (0.76 to 0.83), +0 -111": count, ratio, gained and lost. */
static void put_measure(rp_text *t, const rp_csv *counts, int64_t i, const rp_csv *compared,
                        const char *measure)
{
    double x, low, high;
    char text[160];
    (void)snprintf(text, sizeof text, "%.60s", cell(counts, i, measure));
    for (int64_t k = 0; k < rp_csv_rows(compared); k++)
        if (is_same(counts, i, compared, k) && strcmp(cell(compared, k, "measure"), measure) == 0 &&
            rp_read_double(cell(compared, k, "ratio"), &x) &&
            rp_read_double(cell(compared, k, "ratio_low"), &low) &&
            rp_read_double(cell(compared, k, "ratio_high"), &high))
            (void)snprintf(text, sizeof text, "%.20s, %.2f (%.2f to %.2f), +%.12s -%.12s",
                           cell(counts, i, measure), x, low, high, cell(compared, k, "gained"),
                           cell(compared, k, "lost"));
    rp_csv_put(t, text);
}

/* All arms together; arms and every digit are in the files. */
static rp_status show_counts(const rp_policy_work *w)
{
    RP_AUTO(rp_csv) counts = NULL;
    RP_AUTO(rp_csv) compared = NULL;
    RP_TEXT_AUTO t = {0};
    RP_TRY(rp_csv_parse("counts", ',', w->counts.length, rp_text_get(&w->counts), &counts));
    RP_TRY(rp_csv_parse("compared", ',', w->compared.length, rp_text_get(&w->compared), &compared));
    rp_text_add(&t, "policy,unseen,readings,consensus,recalls,cancers detected,false positives%s\n",
                w->has_costs ? ",cost an examination,hours saved" : "");
    for (int64_t i = 0; i < rp_csv_rows(counts); i++) {
        if (strcmp(cell(counts, i, "arm"), "all") != 0) continue;
        rp_csv_put(&t, cell(counts, i, "policy"));
        rp_csv_put(&t, cell(counts, i, "unseen"));
        rp_csv_put(&t, cell(counts, i, "readings"));
        rp_csv_put(&t, cell(counts, i, "consensus"));
        for (int m = 0; m < RP_MEASURES; m++)
            put_measure(&t, counts, i, compared, rp_policy_measure_names[m]);
        double cost, hours;
        if (w->has_costs && rp_read_double(cell(counts, i, "cost_per_examination"), &cost) &&
            rp_read_double(cell(counts, i, "hours_saved"), &hours)) {
            char text[40];
            (void)snprintf(text, sizeof text, "%.2f", cost);
            rp_csv_put(&t, text);
            (void)snprintf(text, sizeof text, "%.1f", hours);
            rp_csv_put(&t, text);
        }
        rp_csv_end(&t);
    }
    RP_TRY(rp_text_status(&t));
    return rp_show_csv(t.length, rp_text_get(&t), -1);
}

static void show_notes(const rp_policy_work *w)
{
    (void)printf("\nratio, interval, examinations gained and lost: against %s.  %s\n"
                 "Replay keeps every reader's decision as it was made: it cannot show how a "
                 "computer changes "
                 "readers.\n"
                 "unseen: what consensus decides on examinations that no reader had flagged; never "
                 "and always "
                 "are bounds.\n",
                 w->standard.name,
                 w->is_clustered
                     ? "Intervals on the same examinations, robust for women who come twice (CR1)."
                     : "Intervals on the same examinations: log ratio, Tango's difference.");
    if (!w->is_complete)
        (void)printf(
            "Follow-up is not complete: missed cancers are not counted, only ratios compare "
            "policies; recalls whose cancer is not known stand under 'unverified'.\n");
    if (w->table.bad_rows > 0)
        (void)printf("WARNING: %" PRId64 " malformed rows left out, the first: %s\n",
                     w->table.bad_rows, w->table.first_bad);
}

rp_status rp_policy_show(const rp_policy_work *w)
{
    RP_TRY(show_counts(w));
    show_notes(w);
    return RP_OK;
}
