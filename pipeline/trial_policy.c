/* pipeline/trial_policy.c - reading policies replayed, counted and compared. */
#include "io/atomic.h"
#include "io/csv.h"
#include "lib/stats/paired.h"
#include "pipeline/trial_policy_priv.h"
#include "pipeline/trial_ranks.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const unseen_names[] = {"observed", "never", "always"};

static rp_status read_unseen(const char *text, rp_replay_input *in)
{
    in->unseen = RP_UNSEEN_OBSERVED;
    if (!text) return RP_OK;
    for (int k = 0; k < 3; k++)
        if (strcmp(text, unseen_names[k]) == 0) {
            in->unseen = (rp_unseen)k;
            return RP_OK;
        }
    RP_NEED(rp_read_double(text, &in->probability) && in->probability >= 0 && in->probability <= 1,
            RP_EUSE, "--unseen '%s': must be observed, never, always or a probability", text);
    in->unseen = RP_UNSEEN_PROBABILITY;
    return RP_OK;
}

/* A count that is an expectation keeps its digits; a whole one is printed as such. */
static void put_if(rp_text *t, bool is_known, double x)
{
    rp_csv_put_double(t, is_known ? x : INFINITY);
}

static bool uses_scores(const rp_policy *p)
{
    return p->cuts > 0 || p->ai != RP_AI_NONE || p->safety_share > 0;
}

static double cost_of(const rp_policy_work *w, const rp_policy *p, const rp_policy_counts *c)
{
    return w->costs.reading * (double)c->readings + w->costs.consensus * (double)c->consensus +
           w->costs.recall * c->recalls +
           (uses_scores(p) ? w->costs.ai * (double)c->examinations : 0);
}

static double hours_of(const rp_policy_work *w, const rp_policy_counts *c)
{
    return (w->costs.minutes_reading * (double)c->readings +
            w->costs.minutes_consensus * (double)c->consensus) /
           60;
}

static void put_counts(rp_policy_work *w, const rp_policy_file *f, const char *assumption,
                       const char *arm, const rp_policy_counts *c, const rp_policy_counts *base)
{
    rp_text *t = &w->counts;
    const double cost = cost_of(w, &f->policy, c);
    rp_csv_put(t, f->name);
    rp_csv_put(t, assumption);
    rp_csv_put(t, arm);
    rp_csv_put_int(t, c->examinations);
    rp_csv_put_int(t, c->readings);
    rp_csv_put_int(t, c->consensus);
    rp_csv_put_double(t, c->recalls);
    rp_csv_put_double(t, c->cancers_detected);
    rp_csv_put_double(t, c->false_positives);
    put_if(t, w->in.exams.flag[RP_EXAM_INVASIVE] != NULL, c->invasive_detected);
    put_if(t, c->is_complete, c->cancers_missed);
    put_if(t, c->is_complete && w->in.exams.flag[RP_EXAM_INTERVAL_IF_MISSED], c->interval_cancers);
    rp_csv_put_double(t, c->unverified);
    rp_csv_put_int(t, c->unseen);
    put_if(t, w->has_costs, cost);
    put_if(t, w->has_costs, cost / (double)c->examinations);
    put_if(t, w->has_costs && c->cancers_detected > 0, cost / c->cancers_detected);
    put_if(t, w->has_costs, hours_of(w, base) - hours_of(w, c));
    rp_csv_end(t);
}

const char *const rp_policy_measure_names[RP_MEASURES] = {"recalls", "cancers_detected",
                                                          "false_positives"};

/* 0 or 1 on each own examination; false where a recall is a probability. */
static bool outcomes(const rp_policy_work *w, const rp_replayed r[], rp_policy_measure m,
                     uint8_t out[])
{
    const uint8_t *cancer = w->in.exams.flag[RP_EXAM_CANCER];
    for (int64_t i = 0; i < w->table.rows; i++) {
        if (r[i].recall != 0 && r[i].recall != 1) return false;
        out[i] =
            r[i].recall == 1 && (m == RP_MEASURE_RECALLS || cancer[i] == (m == RP_MEASURE_CANCERS));
    }
    return true;
}

/* Gained: new alone; lost: standard alone. */
static rp_status count_pairs(const rp_policy_work *w, const uint8_t now[], const uint8_t standard[],
                             const bool in[], rp_pairs *out)
{
    int64_t n[4] = {0}; /* neither, standard alone, new alone, both */
    for (int64_t i = 0; i < w->table.rows; i++)
        if (!in || in[i]) n[2 * now[i] + standard[i]]++;
    RP_TRY(rp_ranks_sum(RP_OK, 4, n));
    *out = (rp_pairs){.both = n[3], .only_new = n[2], .only_standard = n[1], .neither = n[0]};
    return RP_OK;
}

static void put_interval(rp_text *t, rp_value v, const rp_interval *ci, double times)
{
    put_if(t, v.state == RP_VALUE_OK, v.x * times);
    put_if(t, ci->low.state == RP_VALUE_OK, ci->low.x * times);
    put_if(t, ci->high.state == RP_VALUE_OK, ci->high.x * times);
}

/* Ratio and difference on the same examinations; robust where women come twice. */
static rp_status put_compared(rp_policy_work *w, const rp_policy_file *f, const char *assumption,
                              const char *arm, const bool in[], rp_policy_measure m,
                              const uint8_t now[], const uint8_t standard[])
{
    rp_text *t = &w->compared;
    const double level = rp_trial_plan_level(w->plan);
    rp_pairs p;
    RP_AUTOFREE rp_cluster_pattern *pattern = NULL;
    rp_paired paired;
    rp_clustered robust = {0};
    int64_t n = 0;
    RP_TRY(count_pairs(w, now, standard, in, &p));
    RP_TRY(rp_paired_find(&p, level, &paired));
    if (w->is_clustered) {
        const rp_status st = rp_pair_patterns(w->table.rows, now, standard, in, w->table.cluster,
                                              w->table.clusters, &pattern, &n);
        RP_TRY(rp_ranks_patterns(st, &pattern, &n));
        RP_TRY(rp_clustered_find(n, pattern, level, &robust));
    }
    const rp_value ratio_p = w->is_clustered ? robust.ratio_p : rp_value_of(paired.test.exact_p);
    rp_csv_put(t, f->name);
    rp_csv_put(t, assumption);
    rp_csv_put(t, arm);
    rp_csv_put(t, rp_policy_measure_names[m]);
    const int64_t count[] = {p.both + p.only_new, p.both + p.only_standard, p.only_new,
                             p.only_standard, p.both + p.only_new + p.only_standard + p.neither};
    for (int k = 0; k < 5; k++) rp_csv_put_int(t, count[k]);
    put_interval(t, paired.ratio, w->is_clustered ? &robust.ratio_ci : &paired.ratio_ci, 1);
    put_interval(t, paired.difference,
                 w->is_clustered ? &robust.difference_ci : &paired.difference_ci, 1000);
    put_if(t, ratio_p.state == RP_VALUE_OK, ratio_p.x);
    rp_csv_put(t, w->is_clustered ? "robust-CR1" : "log/tango/mcnemar-exact");
    rp_csv_end(t);
    return rp_text_status(t);
}

/* Outcomes of the policy and the standard; *whole is false where one is a probability. */
static rp_status both_outcomes(const rp_policy_work *w, const rp_replayed r[], rp_policy_measure m,
                               uint8_t now[], uint8_t standard[], bool *whole)
{
    int64_t chances = !outcomes(w, r, m, now) || !outcomes(w, w->base, m, standard);
    RP_TRY(rp_ranks_sum(RP_OK, 1, &chances));
    *whole = chances == 0;
    return RP_OK;
}

/* Counts and comparisons of one arm under one assumption. */
static rp_status add_arm(rp_policy_work *w, const rp_policy_file *f, const char *assumption,
                         int arm, const rp_replayed r[])
{
    RP_AUTOFREE uint8_t *now = NULL, *standard = NULL;
    RP_AUTOFREE bool *in = NULL;
    rp_policy_counts c, base;
    bool whole;
    const char *label = arm < 0 ? "all" : arm == 1 ? w->plan->arms.now : w->plan->arms.control;
    RP_TRY(rp_policy_count(&w->in, r, arm, &c));
    RP_TRY(rp_policy_count(&w->in, w->base, arm, &base));
    if (c.examinations == 0) return RP_OK;
    put_counts(w, f, assumption, label, &c, &base);
    rp_status st = rp_alloc(w->table.rows, 1, &now);
    if (st == RP_OK) st = rp_alloc(w->table.rows, 1, &standard);
    if (st == RP_OK) st = rp_alloc(w->table.rows, sizeof *in, &in);
    RP_TRY(rp_ranks_agree(st));
    RP_ASSERT(in); /* all agreed that there is memory */
    for (int64_t i = 0; i < w->table.rows; i++) in[i] = arm < 0 || w->table.arm[i] == arm;
    for (rp_policy_measure m = 0; m < RP_MEASURES; m++) {
        RP_TRY(both_outcomes(w, r, m, now, standard, &whole));
        if (whole)
            RP_TRY(rp_ranks_agree(put_compared(w, f, assumption, label, in, m, now, standard)));
    }
    return rp_ranks_agree(rp_text_status(&w->counts));
}

/* One failure for all: of the lowest row that lacks what the policy needs. */
static rp_status replay_rows(const rp_policy_work *w, const rp_policy_file *f, rp_replayed r[])
{
    int64_t failed = -1;
    rp_status st = rp_policy_replay(&f->policy, &w->in, r, &failed);
    st = rp_ranks_first(st, failed);
    RP_TRY_IN(st, "policy '%s'", f->name);
    return RP_OK;
}

static rp_status replay(rp_policy_work *w, const rp_policy_file *f, rp_unseen unseen,
                        const char *assumption, rp_replayed r[])
{
    w->in.unseen = unseen;
    RP_TRY(replay_rows(w, f, r));
    RP_TRY(add_arm(w, f, assumption, -1, r));
    if (!w->has_arms) return RP_OK;
    RP_TRY(add_arm(w, f, assumption, 1, r));
    return add_arm(w, f, assumption, 0, r);
}

/* Under the assumption asked for; where consensus would see what nobody flagged, under both bounds.
 */
static rp_status add_policy(rp_policy_work *w, const char *path, rp_unseen asked,
                            const char *assumption)
{
    RP_AUTOFREE rp_policy_file *f = NULL;
    RP_AUTOFREE rp_replayed *r = NULL;
    rp_policy_counts c;
    rp_status st = rp_alloc(1, sizeof *f, &f);
    if (st == RP_OK) st = rp_policy_file_read(path, f);
    if (st == RP_OK) st = rp_alloc(w->table.rows, sizeof *r, &r);
    RP_TRY(rp_ranks_agree(st));
    RP_TRY(replay(w, f, asked, assumption, r));
    RP_TRY(rp_policy_count(&w->in, r, -1, &c));
    if (c.unseen == 0) return RP_OK;
    if (asked != RP_UNSEEN_NEVER) RP_TRY(replay(w, f, RP_UNSEEN_NEVER, "never", r));
    return asked != RP_UNSEEN_ALWAYS ? replay(w, f, RP_UNSEEN_ALWAYS, "always", r) : RP_OK;
}

static rp_status read_settings(rp_policy_work *w)
{
    const rp_trial_request *r = w->r;
    RP_TRY(rp_alloc(1, sizeof *w->plan, &w->plan));
    RP_TRY(rp_trial_plan_read(r->sap, r->sets, r->set, w->plan));
    w->has_costs = r->costs;
    return r->costs ? rp_policy_costs_read(r->costs, &w->costs) : RP_OK;
}

static rp_status read_table(rp_policy_work *w)
{
    const bool automatic = strcmp(w->plan->cluster, "auto") == 0,
               none = strcmp(w->plan->cluster, "none") == 0;
    const rp_trial_ask ask = {.arm_new = w->plan->arms.now,
                              .arm_control = w->plan->arms.control,
                              .one_arm = true,
                              .cluster = none        ? NULL
                                         : automatic ? "woman"
                                                     : w->plan->cluster,
                              .cluster_may_lack = automatic,
                              .window = w->plan->window,
                              .skip_bad = w->r->skip_bad,
                              .scores = true,
                              .numbers = true};
    return rp_trial_read(w->r->table, &ask, 0, NULL, &w->table);
}

static rp_status open_work(rp_policy_work *w)
{
    rp_trial_table *t = &w->table;
    int64_t n[2] = {0}; /* in the new arm; cancer not known */
    RP_TRY(rp_ranks_agree(read_settings(w)));
    RP_TRY(read_table(w));
    w->is_clustered = t->cluster && t->all_clusters < t->all_rows;
    w->in.exams = rp_trial_exams(t);
    w->in.who = rp_ranks_shared();
    for (int s = 0; s < RP_SCORES; s++) w->in.score[s] = t->score[s];
    const uint8_t *cancer = t->flag[RP_EXAM_CANCER];
    for (int64_t i = 0; i < t->rows; i++) {
        n[0] += t->arm[i] == 1;
        n[1] += cancer && cancer[i] == RP_FLAG_MISSING;
    }
    RP_TRY(rp_ranks_sum(RP_OK, 2, n));
    w->in.row = t->row;
    w->has_arms = n[0] > 0;
    w->is_complete = n[1] == 0;
    return RP_OK;
}

/* The standard: two readers on every examination, or the file of --against. */
static rp_status replay_standard(rp_policy_work *w)
{
    w->standard.policy = (rp_policy){.readers = {2}};
    (void)snprintf(w->standard.name, sizeof w->standard.name, "two readers");
    rp_status st = w->r->against ? rp_policy_file_read(w->r->against, &w->standard) : RP_OK;
    if (st == RP_OK) st = rp_alloc(w->table.rows, sizeof *w->base, &w->base);
    RP_TRY(rp_ranks_agree(st));
    return replay_rows(w, &w->standard, w->base);
}

static rp_status replay_all(rp_policy_work *w)
{
    RP_TRY(read_unseen(w->r->unseen, &w->in));
    const rp_unseen asked = w->in.unseen;
    const char *assumption = w->r->unseen ? w->r->unseen : "observed";
    RP_TRY(replay_standard(w));
    rp_text_add(&w->counts,
                "policy,unseen,arm,examinations,readings,consensus,recalls,cancers_detected,"
                "false_positives,invasive_detected,cancers_missed,interval_cancers,unverified,"
                "consensus_unseen,cost,cost_per_examination,cost_per_cancer,hours_saved\n");
    rp_text_add(&w->compared,
                "policy,unseen,arm,measure,new,standard,gained,lost,n,ratio,ratio_low,ratio_high,"
                "difference_per_1000,difference_low,difference_high,p,method\n");
    for (int k = 0; k < w->r->policies; k++)
        RP_TRY(add_policy(w, w->r->policy[k], asked, assumption));
    RP_TRY(rp_text_status(&w->counts));
    return rp_text_status(&w->compared);
}

static rp_status run(rp_policy_work *w)
{
    RP_TRY(open_work(w));
    RP_TRY(replay_all(w));
    if (!rp_ranks_speak()) return RP_OK;
    if (w->r->out) {
        RP_TRY(rp_path_make_folder(w->r->out));
        RP_TRY(rp_atomic_publish(w->r->out, "policies.csv", &w->counts));
        RP_TRY(rp_atomic_publish(w->r->out, "comparison.csv", &w->compared));
    }
    return rp_policy_show(w);
}

rp_status rp_trial_policies(const rp_trial_request *r)
{
    rp_policy_work w = {.r = r};
    const rp_status st = run(&w);
    rp_trial_table_clear(&w.table);
    rp_text_clear(&w.counts);
    rp_text_clear(&w.compared);
    rp_free(w.base);
    rp_free(w.plan);
    return st;
}
