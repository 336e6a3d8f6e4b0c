/* lib/stats/policy.c - replaying reading policies. */
#include "lib/stats/policy.h"

#include "lib/stats/ranks.h"

#include <inttypes.h>
#include <math.h>

const char *rp_policy_score_name(rp_policy_score s)
{
    static const char *const name[RP_SCORES] = {"risk_score", "ai_raw"};
    return name[s];
}

static rp_status check(const rp_policy *p, const rp_replay_input *in)
{
    static const rp_exam_flag needed[] = {RP_EXAM_READER1, RP_EXAM_CONSENSUS_RECALL,
                                          RP_EXAM_CANCER};
    for (int k = 0; k < 3; k++)
        RP_NEED(in->exams.flag[needed[k]], RP_EDATA, "a replay needs the column '%s'",
                rp_exam_column(needed[k]));
    bool reads_two = false;
    for (int k = 0; k <= p->cuts; k++) reads_two |= p->readers[k] == 2;
    RP_NEED(!reads_two || in->exams.flag[RP_EXAM_READER2], RP_EDATA,
            "a policy with two readers needs the column 'reader2'");
    const struct {
        bool used;
        rp_policy_score score;
    } use[] = {{p->cuts > 0, p->band_score},
               {p->ai != RP_AI_NONE, p->ai_score},
               {p->safety_share > 0, p->safety_score}};
    for (int k = 0; k < 3; k++)
        RP_NEED(!use[k].used || in->score[use[k].score], RP_EDATA,
                "the policy needs the column '%s'", rp_policy_score_name(use[k].score));
    RP_NEED(p->cuts >= 0 && p->cuts <= RP_POLICY_BANDS && p->safety_share >= 0 &&
                p->safety_share <= 1,
            RP_EARG, "%d cuts, safety share %g", p->cuts, p->safety_share);
    return RP_OK;
}

/* Shares of examinations with a lower score. */
static rp_status find_shares(int64_t n, const double score[], double share[])
{
    RP_AUTOFREE int64_t *order = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *order, &order));
    RP_TRY(rp_rank_order(n, score, order));
    for (int64_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && score[order[j]] == score[order[i]];) j++;
        for (int64_t k = i; k < j; k++) share[order[k]] = (double)i / (double)n;
    }
    return RP_OK;
}

/* Marks the floor(share n) highest; of equal ones the lower rows. */
static rp_status find_top(int64_t n, const double score[], double share, bool top[])
{
    RP_AUTOFREE int64_t *order = NULL;
    RP_AUTOFREE double *turned = NULL;
    const int64_t many = (int64_t)floor(share * (double)n + 1e-9);
    RP_TRY(rp_alloc_raw(n, sizeof *order, &order));
    RP_TRY(rp_alloc_raw(n, sizeof *turned, &turned));
    for (int64_t i = 0; i < n; i++) turned[i] = -score[i];
    RP_TRY(rp_rank_order(n, turned, order)); /* stable: lower rows first */
    for (int64_t i = 0; i < many; i++) top[order[i]] = true;
    return RP_OK;
}

static int readers_of(const rp_policy *p, double score)
{
    int band = 0;
    while (band < p->cuts && score >= p->cut[band]) band++;
    return p->readers[band];
}

typedef struct walk {
    const rp_policy *p;
    const rp_replay_input *in;
    const double *band; /* [rows] score or share that the bands cut */
    const bool *top;
} walk;

static rp_status flag_of(const rp_replay_input *in, rp_exam_flag f, int64_t i, bool *out)
{
    const uint8_t x = in->exams.flag[f][i];
    RP_NEED(x != RP_FLAG_MISSING, RP_EDATA, "row %" PRId64 ": no '%s', which the policy needs",
            i + 1, rp_exam_column(f));
    *out = x == 1;
    return RP_OK;
}

static bool was_flagged(const rp_exams *e, int64_t i)
{
    const uint8_t *second = e->flag[RP_EXAM_READER2];
    return e->flag[RP_EXAM_READER1][i] == 1 || (second && second[i] == 1);
}

/* What consensus decides on row i. */
static rp_status decide(const rp_replay_input *in, int64_t i, double *recall)
{
    bool yes;
    if (!was_flagged(&in->exams, i) && in->unseen != RP_UNSEEN_OBSERVED) {
        *recall = in->unseen == RP_UNSEEN_NEVER    ? 0
                  : in->unseen == RP_UNSEEN_ALWAYS ? 1
                                                   : in->probability;
        return RP_OK;
    }
    RP_TRY(flag_of(in, RP_EXAM_CONSENSUS_RECALL, i, &yes));
    *recall = yes;
    return RP_OK;
}

static rp_status replay(const walk *w, int64_t i, rp_replayed *out)
{
    const rp_policy *p = w->p;
    bool one = false, two = false;
    *out = (rp_replayed){0};
    out->readings = (uint8_t)readers_of(p, p->cuts > 0 ? w->band[i] : 0);
    if (out->readings >= 1) RP_TRY(flag_of(w->in, RP_EXAM_READER1, i, &one));
    if (out->readings == 2) RP_TRY(flag_of(w->in, RP_EXAM_READER2, i, &two));
    const bool ai =
        p->ai != RP_AI_NONE && out->readings > 0 && w->in->score[p->ai_score][i] >= p->ai_threshold;
    if (p->ai == RP_AI_AGREE && ai && (one || two)) {
        out->recall = 1;
        return RP_OK;
    }
    out->consensus = one || two || ai || (w->top && w->top[i]);
    return out->consensus ? decide(w->in, i, &out->recall) : RP_OK;
}

rp_status rp_policy_replay(const rp_policy *p, const rp_replay_input *in, rp_replayed out[])
{
    RP_AUTOFREE double *share = NULL;
    RP_AUTOFREE bool *top = NULL;
    const int64_t n = in->exams.rows;
    RP_TRY(check(p, in));
    walk w = {p, in, in->score[p->band_score], NULL};
    if (p->cuts > 0 && p->by_share) {
        RP_TRY(rp_alloc_raw(n, sizeof *share, &share));
        RP_TRY(find_shares(n, w.band, share));
        w.band = share;
    }
    if (p->safety_share > 0) {
        RP_TRY(rp_alloc(n, sizeof *top, &top));
        RP_TRY(find_top(n, in->score[p->safety_score], p->safety_share, top));
        w.top = top;
    }
    for (int64_t i = 0; i < n; i++) RP_TRY(replay(&w, i, &out[i]));
    return RP_OK;
}

void rp_policy_count(const rp_replay_input *in, const rp_replayed r[], int arm,
                     rp_policy_counts *out)
{
    const rp_exams *e = &in->exams;
    const uint8_t *invasive = e->flag[RP_EXAM_INVASIVE],
                  *later = e->flag[RP_EXAM_INTERVAL_IF_MISSED];
    rp_policy_counts t = {.is_complete = true};
    for (int64_t i = 0; i < e->rows; i++) {
        if (arm >= 0 && e->arm[i] != arm) continue;
        const double p = r[i].recall;
        const uint8_t cancer = e->flag[RP_EXAM_CANCER][i];
        t.examinations++;
        t.readings += r[i].readings;
        t.consensus += r[i].consensus;
        t.unseen += r[i].consensus && !was_flagged(e, i);
        t.recalls += p;
        t.is_complete &= cancer != RP_FLAG_MISSING;
        if (cancer == RP_FLAG_MISSING) t.unverified += p;
        if (cancer == 0) t.false_positives += p;
        if (cancer != 1) continue;
        t.cancers_detected += p;
        t.cancers_missed += 1 - p;
        if (invasive && invasive[i] == 1) t.invasive_detected += p;
        if (later && later[i] == 1) t.interval_cancers += 1 - p;
    }
    *out = t;
}
