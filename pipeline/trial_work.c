/* pipeline/trial_work.c - a trial's table made ready by its plan: population, strata, blinding. */
#include "io/csv.h"
#include "lib/base/random.h"
#include "lib/stats/ranks.h"
#include "pipeline/trial_ranks.h"
#include "pipeline/trial_rows.h"

#include <inttypes.h>
#include <string.h>

/* How many own clusters lie in both arms. */
static rp_status count_mixed(const rp_trial_table *t, int64_t *mixed)
{
    RP_AUTOFREE uint8_t *seen = NULL; /* bit of each arm */
    *mixed = 0;
    if (!t->cluster) return RP_OK;
    RP_TRY(rp_alloc(t->clusters, 1, &seen));
    for (int64_t i = 0; i < t->rows; i++) {
        uint8_t *at = &seen[t->cluster[i]];
        const uint8_t arms = (uint8_t)(*at | 1U << t->arm[i]);
        *mixed += arms == 3 && *at != 3;
        *at = arms;
    }
    return RP_OK;
}

/* Units whose arms are permuted: clusters that lie in one arm each, or examinations. */
typedef struct units {
    const rp_trial_table *t;
    uint64_t seed;
    bool are_clusters;
    int64_t count;
} units;

/* A random number of the unit's own, whatever rank has it.  63 bits: below every limit. */
static uint64_t lot_of(const units *u, int64_t k)
{
    rp_random r;
    const rp_trial_table *t = u->t;
    const uint64_t who = u->are_clusters ? t->identity[k] : (uint64_t)(t->row ? t->row[k] : k);
    rp_random_start(u->seed, RP_RANDOM_BLIND, who, &r);
    return rp_random_u64(&r) >> 1;
}

/* Lots ascending, and how many own units are in the new arm. */
static rp_status draw(const units *u, uint64_t **lot, int64_t *now)
{
    RP_AUTOFREE uint8_t *arm = NULL;
    RP_TRY(rp_alloc_raw(u->count, sizeof **lot, lot));
    RP_TRY(rp_alloc_raw(u->count, 1, &arm));
    for (int64_t i = 0; i < u->t->rows; i++)
        arm[u->are_clusters ? u->t->cluster[i] : i] = u->t->arm[i];
    *now = 0;
    for (int64_t k = 0; k < u->count; k++) {
        (*lot)[k] = lot_of(u, k);
        *now += arm[k];
    }
    return rp_rank_sort_keys(u->count, *lot);
}

/* As many units as the new arm has, those of the lowest lots, become it: arms permuted, without a
 * list of all units anywhere. */
static rp_status blind(rp_trial_table *t, uint64_t seed)
{
    RP_AUTOFREE uint64_t *lot = NULL;
    int64_t mixed, now;
    uint64_t below;
    const rp_shared who = rp_ranks_shared();
    const rp_status st = count_mixed(t, &mixed);
    RP_TRY(rp_ranks_sum(st, 1, &mixed));
    const bool whole = t->cluster && mixed == 0;
    const units u = {t, seed, whole, whole ? t->clusters : t->rows};
    RP_TRY(rp_ranks_agree(draw(&u, &lot, &now)));
    RP_TRY(rp_ranks_sum(RP_OK, 1, &now));
    RP_TRY(rp_shared_select(&who, u.count, lot, 1, &now, &below));
    for (int64_t i = 0; i < t->rows; i++) t->arm[i] = lot_of(&u, whole ? t->cluster[i] : i) < below;
    return RP_OK;
}

static rp_status find_population(rp_trial_work *w)
{
    const rp_trial_table *t = &w->table;
    const rp_population p = rp_trial_plan_population(w->plan);
    int64_t left = 0;
    RP_NEED(p != RP_POPULATION_MODIFIED || t->exclusion, RP_EDATA,
            "population modified-itt: the table has no column 'exclusion'");
    RP_NEED(p != RP_POPULATION_PROTOCOL || t->deviation, RP_EDATA,
            "population per-protocol: the table has no column 'deviation'");
    RP_TRY(rp_ranks_agree(rp_alloc_raw(t->rows, sizeof *w->in, &w->in)));
    for (int64_t i = 0; i < t->rows; i++) {
        const bool excluded = t->exclusion && t->exclusion[i] != 0,
                   deviates = t->deviation && t->deviation[i] != 0;
        w->in[i] = p == RP_POPULATION_RANDOMISED ||
                   (!excluded && (p == RP_POPULATION_MODIFIED || !deviates));
        left += w->in[i];
    }
    RP_TRY(rp_ranks_sum(RP_OK, 1, &left));
    RP_NEED(left > 0, RP_EDATA, "population %s: nobody is left", w->plan->population);
    return RP_OK;
}

static const rp_trial_factor *factor_of(const rp_trial_work *w, const char *column)
{
    for (int k = 0; k < w->factors; k++)
        if (strcmp(w->factor[k].column, column) == 0) return &w->factor[k];
    return NULL;
}

/* Codes of the combinations of all strata columns. */
static rp_status combine_strata(rp_trial_work *w)
{
    const rp_key_list *list = &w->plan->strata;
    int64_t strata = 1;
    if (list->count == 0) return RP_OK;
    RP_TRY(rp_ranks_agree(rp_alloc(w->table.rows, sizeof *w->stratum, &w->stratum)));
    for (int k = 0; k < list->count; k++) {
        const rp_trial_factor *f = factor_of(w, list->item[k]);
        strata *= f->levels;
        RP_NEED(strata <= 100000, RP_EUSE, "strata: %" PRId64 " combinations: give columns bands",
                strata);
        for (int64_t i = 0; i < w->table.rows; i++)
            w->stratum[i] = w->stratum[i] * f->levels + f->code[i];
    }
    w->strata = (int)strata;
    return RP_OK;
}

void rp_trial_stratum_name(const rp_trial_work *w, int stratum, rp_text *out)
{
    const rp_key_list *list = &w->plan->strata;
    int below = w->strata;
    for (int k = 0; k < list->count; k++) {
        const rp_trial_factor *f = factor_of(w, list->item[k]);
        below /= f->levels;
        rp_text_add(out, "%s%s %s", k ? " / " : "", f->column,
                    rp_factor_level(f, stratum / below % f->levels));
    }
}

static rp_status open_work(const char *path, bool skip_bad, int64_t blind_seed, rp_trial_work *w)
{
    const rp_trial_plan *p = w->plan;
    const bool automatic = strcmp(p->cluster, "auto") == 0, none = strcmp(p->cluster, "none") == 0;
    const rp_trial_ask ask = {.arm_new = p->arms.now,
                              .arm_control = p->arms.control,
                              .cluster = none        ? NULL
                                         : automatic ? "woman"
                                                     : p->cluster,
                              .cluster_may_lack = automatic,
                              .window = p->window,
                              .skip_bad = skip_bad,
                              .numbers = blind_seed >= 0};
    RP_TRY(rp_trial_plan_factors(p, &w->factors, w->factor));
    RP_TRY(rp_trial_read(path, &ask, w->factors, w->factor, &w->table));
    if (blind_seed >= 0) RP_TRY(blind(&w->table, (uint64_t)blind_seed));
    w->exams = rp_trial_exams(&w->table);
    w->is_clustered = w->table.cluster && w->table.all_clusters < w->table.all_rows;
    w->cluster = w->is_clustered ? ask.cluster : "";
    RP_TRY(find_population(w));
    return combine_strata(w);
}

rp_status rp_trial_work_open(const char *path, const rp_trial_plan *plan, bool skip_bad,
                             int64_t blind_seed, rp_trial_work *out)
{
    *out = (rp_trial_work){.plan = plan, .cluster = ""};
    return open_work(path, skip_bad, blind_seed, out);
}

void rp_trial_work_clear(rp_trial_work *w)
{
    rp_trial_table_clear(&w->table);
    rp_trial_factors_clear(w->factors, w->factor);
    rp_free(w->in);
    rp_free(w->stratum);
    *w = (rp_trial_work){0};
}

static void flow_row(const char *step, const char *reason, const int64_t n[2], rp_text *csv)
{
    rp_csv_put(csv, step);
    rp_csv_put(csv, reason);
    rp_csv_put_int(csv, n[1]);
    rp_csv_put_int(csv, n[0]);
    rp_csv_end(csv);
}

static rp_status count_reasons(const rp_trial_table *t, const int32_t own[], const int32_t before[],
                               const rp_codes *reasons, int64_t **n, int32_t **code)
{
    RP_AUTOFREE int32_t *place = NULL;
    RP_TRY(rp_alloc(2 * (reasons->count + 1), sizeof **n, n));
    RP_TRY(rp_alloc(reasons->count, sizeof *place, &place));
    RP_TRY(rp_alloc(reasons->count, sizeof **code, code));
    for (int64_t i = 0; i < t->rows; i++)
        if (!before || before[i] == 0) (*n)[2 * own[i] + t->arm[i]]++;
    RP_TRY(rp_codes_order(reasons, place));
    for (int32_t k = 0; k < reasons->count; k++) (*code)[place[k]] = k;
    return RP_OK;
}

/* Reasons of one column among those that had none in the column before. */
static rp_status flow_reasons(const rp_trial_table *t, const char *step, const int32_t own[],
                              const int32_t before[], const rp_codes *reasons, rp_text *csv)
{
    RP_AUTOFREE int64_t *n = NULL;
    RP_AUTOFREE int32_t *code = NULL;
    if (!own) return RP_OK;
    const rp_status st = count_reasons(t, own, before, reasons, &n, &code);
    RP_TRY(rp_ranks_sum(st, 2 * (reasons->count + 1), n));
    RP_ASSERT(code); /* all agreed that there is memory */
    for (int64_t k = 0; k < reasons->count; k++)
        flow_row(step, rp_codes_text(reasons, code[k]), &n[2 * (code[k] + 1)], csv);
    return RP_OK;
}

rp_status rp_trial_flow(const rp_trial_work *w, rp_text *csv)
{
    const rp_trial_table *t = &w->table;
    const uint8_t *later = t->flag[RP_EXAM_INTERVAL];
    int64_t n[6] = {0}, *all = n, *in = n + 2, *unlinked = n + 4;
    for (int64_t i = 0; i < t->rows; i++) {
        all[t->arm[i]]++;
        in[t->arm[i]] += w->in[i];
        unlinked[t->arm[i]] += w->in[i] && later && later[i] == RP_FLAG_MISSING;
    }
    RP_TRY(rp_ranks_sum(RP_OK, 6, n));
    rp_text_add(csv, "step,reason,new,control\n");
    flow_row("randomised", "", all, csv);
    RP_TRY(flow_reasons(t, "excluded", t->exclusion, NULL, &t->reasons[0], csv));
    RP_TRY(flow_reasons(t, "deviation", t->deviation, t->exclusion, &t->reasons[1], csv));
    flow_row("analysed", w->plan->population, in, csv);
    if (later) flow_row("analysed", "interval cancers not known (not linked)", unlinked, csv);
    return rp_text_status(csv);
}
