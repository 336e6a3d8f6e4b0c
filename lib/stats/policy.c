/* lib/stats/policy.c - replaying reading policies. */
#include "lib/stats/policy.h"

#include "lib/stats/ranks.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

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

static int64_t row_of(const rp_replay_input *in, int64_t i) { return in->row ? in->row[i] : i; }

/* Own scores as keys, ascending; *all of them there are.  Owned by the caller. */
static rp_status order_scores(const rp_replay_input *in, const double score[], uint64_t **key,
                              int64_t *all)
{
    const int64_t n = in->exams.rows;
    RP_TRY(rp_shared_verdict(&in->who, rp_alloc_raw(n, sizeof **key, key)));
    for (int64_t i = 0; i < n; i++) (*key)[i] = rp_key_of_double(score[i]);
    RP_TRY(rp_shared_verdict(&in->who, rp_rank_sort_keys(n, *key)));
    *all = n;
    return rp_shared_sum(&in->who, 1, all);
}

/* Fewest examinations of n that are a share of at least x. */
static int64_t least_of(double x, int64_t n)
{
    int64_t i = (int64_t)fmin(fmax(ceil(x * (double)n), 0), (double)n + 1);
    while (i > 0 && (double)(i - 1) / (double)n >= x) i--;
    while (i <= n && (double)i / (double)n < x) i++;
    return i;
}

/* Cuts that are shares as scores: the share with lower scores reaches the cut from there on. */
static rp_status find_cuts(const rp_replay_input *in, const double score[], const rp_policy *p,
                           double cut[])
{
    RP_AUTOFREE uint64_t *key = NULL;
    int64_t all, want[RP_POLICY_BANDS];
    uint64_t from[RP_POLICY_BANDS];
    RP_TRY(order_scores(in, score, &key, &all));
    for (int k = 0; k < p->cuts; k++) want[k] = least_of(p->cut[k], all);
    RP_TRY(rp_shared_select(&in->who, in->exams.rows, key, p->cuts, want, from));
    for (int k = 0; k < p->cuts; k++)
        cut[k] = from[k] == 0            ? -INFINITY
                 : from[k] == UINT64_MAX ? INFINITY
                                         : rp_double_of_key(from[k]);
    return RP_OK;
}

/* The floor(share n) highest scores: those above one, and of those equal to it the lower rows. */
typedef struct top {
    uint64_t score, row; /* as keys; rows below that one */
} top;

static rp_status find_top(const rp_replay_input *in, const double score[], double share, top *out)
{
    RP_AUTOFREE uint64_t *key = NULL, *row = NULL;
    const int64_t n = in->exams.rows;
    int64_t all, above, ties = 0;
    uint64_t behind;
    RP_TRY(order_scores(in, score, &key, &all));
    const int64_t many = (int64_t)floor(share * (double)all + 1e-9), want = all - many + 1;
    *out = (top){UINT64_MAX, 0};
    if (many == 0) return RP_OK;
    RP_TRY(rp_shared_select(&in->who, n, key, 1, &want, &behind));
    out->score = behind - 1;
    above = n - rp_count_below(n, key, behind);
    RP_TRY(rp_shared_sum(&in->who, 1, &above));
    RP_TRY(rp_shared_verdict(&in->who, rp_alloc_raw(n, sizeof *row, &row)));
    for (int64_t i = 0; i < n; i++)
        if (rp_key_of_double(score[i]) == out->score) row[ties++] = (uint64_t)row_of(in, i);
    const int64_t rest = many - above;
    return rp_shared_select(&in->who, ties, row, 1, &rest, &out->row);
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
    top top;
    const double *safety; /* [rows] score of the net; NULL: none */
} walk;

static bool is_top(const walk *w, int64_t i)
{
    if (!w->safety) return false;
    const uint64_t key = rp_key_of_double(w->safety[i]);
    return key > w->top.score || (key == w->top.score && (uint64_t)row_of(w->in, i) < w->top.row);
}

static rp_status flag_of(const rp_replay_input *in, rp_exam_flag f, int64_t i, bool *out)
{
    const uint8_t x = in->exams.flag[f][i];
    RP_NEED(x != RP_FLAG_MISSING, RP_EDATA, "row %" PRId64 ": no '%s', which the policy needs",
            row_of(in, i) + 1, rp_exam_column(f));
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
    out->readings = (uint8_t)readers_of(p, p->cuts > 0 ? w->in->score[p->band_score][i] : 0);
    if (out->readings >= 1) RP_TRY(flag_of(w->in, RP_EXAM_READER1, i, &one));
    if (out->readings == 2) RP_TRY(flag_of(w->in, RP_EXAM_READER2, i, &two));
    const bool ai =
        p->ai != RP_AI_NONE && out->readings > 0 && w->in->score[p->ai_score][i] >= p->ai_threshold;
    if (p->ai == RP_AI_AGREE && ai && (one || two)) {
        out->recall = 1;
        return RP_OK;
    }
    out->consensus = one || two || ai || is_top(w, i);
    return out->consensus ? decide(w->in, i, &out->recall) : RP_OK;
}

rp_status rp_policy_replay(const rp_policy *p, const rp_replay_input *in, rp_replayed out[],
                           int64_t *failed)
{
    rp_policy own = *p;
    walk w = {.p = &own, .in = in};
    *failed = -1;
    RP_TRY(check(p, in));
    if (p->cuts > 0 && p->by_share) {
        RP_TRY(find_cuts(in, in->score[p->band_score], p, own.cut));
        own.by_share = false;
    }
    if (p->safety_share > 0) {
        w.safety = in->score[p->safety_score];
        RP_TRY(find_top(in, w.safety, p->safety_share, &w.top));
    }
    for (int64_t i = 0; i < in->exams.rows; i++) {
        const rp_status st = replay(&w, i, &out[i]);
        if (st == RP_OK) continue;
        *failed = row_of(in, i);
        return st;
    }
    return RP_OK;
}

/* Recalls that are certain, and those that are a chance. */
typedef struct weighed {
    int64_t sure, chance;
} weighed;

typedef struct tally {
    int64_t examinations, readings, consensus, unseen, unknown;
    weighed recalls, detected, falsely, invasive, unverified, missed, interval;
} tally;
enum { TALLIES = sizeof(tally) / sizeof(int64_t) };

static void add_to(weighed *w, double recall, bool counts)
{
    w->sure += counts && recall == 1;
    w->chance += counts && recall != 1 && recall != 0;
}

static void add_row(const rp_replay_input *in, const rp_replayed *r, int64_t i, tally *t)
{
    const rp_exams *e = &in->exams;
    const uint8_t *invasive = e->flag[RP_EXAM_INVASIVE],
                  *later = e->flag[RP_EXAM_INTERVAL_IF_MISSED];
    const uint8_t cancer = e->flag[RP_EXAM_CANCER][i];
    const bool is_chance = r->recall != 0 && r->recall != 1, has = cancer == 1;
    const double missed = is_chance ? r->recall : 1 - r->recall;
    t->examinations++;
    t->readings += r->readings;
    t->consensus += r->consensus;
    t->unseen += r->consensus && !was_flagged(e, i);
    t->unknown += cancer == RP_FLAG_MISSING;
    add_to(&t->recalls, r->recall, true);
    add_to(&t->unverified, r->recall, cancer == RP_FLAG_MISSING);
    add_to(&t->falsely, r->recall, cancer == 0);
    add_to(&t->detected, r->recall, has);
    add_to(&t->invasive, r->recall, has && invasive && invasive[i] == 1);
    add_to(&t->missed, missed, has);
    add_to(&t->interval, missed, has && later && later[i] == 1);
}

static double sum_of(weighed w, double chance)
{
    return (double)w.sure + chance * (double)w.chance;
}

rp_status rp_policy_count(const rp_replay_input *in, const rp_replayed r[], int arm,
                          rp_policy_counts *out)
{
    int64_t sums[TALLIES];
    tally t = {0};
    const double p = in->probability;
    for (int64_t i = 0; i < in->exams.rows; i++)
        if (arm < 0 || in->exams.arm[i] == arm) add_row(in, &r[i], i, &t);
    memcpy(sums, &t, sizeof sums);
    RP_TRY(rp_shared_sum(&in->who, TALLIES, sums));
    memcpy(&t, sums, sizeof sums);
    *out = (rp_policy_counts){.examinations = t.examinations,
                              .readings = t.readings,
                              .consensus = t.consensus,
                              .recalls = sum_of(t.recalls, p),
                              .cancers_detected = sum_of(t.detected, p),
                              .false_positives = sum_of(t.falsely, p),
                              .invasive_detected = sum_of(t.invasive, p),
                              .cancers_missed = sum_of(t.missed, 1 - p),
                              .interval_cancers = sum_of(t.interval, 1 - p),
                              .unverified = sum_of(t.unverified, p),
                              .unseen = t.unseen,
                              .is_complete = t.unknown == 0};
    return RP_OK;
}
