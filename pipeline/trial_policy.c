/* pipeline/trial_policy.c - reading policies replayed, counted and compared. */
#include "pipeline/trial_policy.h"

#include "io/atomic.h"
#include "io/csv.h"
#include "lib/stats/paired.h"
#include "pipeline/show_table.h"
#include "pipeline/verb.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct work {
    const rp_trial_request *r;
    rp_trial_plan *plan;
    rp_trial_table table;
    rp_replay_input in;
    bool is_clustered, has_arms, has_costs;
    rp_policy_costs costs;
    rp_policy_file standard;
    rp_replayed *base; /* [rows] of the standard */
    rp_text counts, compared;
} work;

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

static double cost_of(const work *w, const rp_policy *p, const rp_policy_counts *c)
{
    return w->costs.reading * (double)c->readings + w->costs.consensus * (double)c->consensus +
           w->costs.recall * c->recalls +
           (uses_scores(p) ? w->costs.ai * (double)c->examinations : 0);
}

static double hours_of(const work *w, const rp_policy_counts *c)
{
    return (w->costs.minutes_reading * (double)c->readings +
            w->costs.minutes_consensus * (double)c->consensus) /
           60;
}

static void put_counts(work *w, const rp_policy_file *f, const char *assumption, const char *arm,
                       const rp_policy_counts *c, const rp_policy_counts *base)
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

typedef enum outcome { RECALLS, CANCERS, FALSE_POSITIVES, MEASURES } outcome;
static const char *const measure_names[MEASURES] = {"recalls", "cancers_detected",
                                                    "false_positives"};

/* 0 or 1 on each examination; false where a recall is a probability. */
static bool outcomes(const work *w, const rp_replayed r[], outcome m, uint8_t out[])
{
    const uint8_t *cancer = w->in.exams.flag[RP_EXAM_CANCER];
    for (int64_t i = 0; i < w->table.rows; i++) {
        if (r[i].recall != 0 && r[i].recall != 1) return false;
        out[i] = r[i].recall == 1 && (m == RECALLS || cancer[i] == (m == CANCERS));
    }
    return true;
}

/* Gained: new alone; lost: standard alone. */
static rp_pairs count_pairs(const work *w, const uint8_t now[], const uint8_t standard[],
                            const bool in[])
{
    rp_pairs p = {0};
    for (int64_t i = 0; i < w->table.rows; i++) {
        if (in && !in[i]) continue;
        *(now[i]        ? standard[i] ? &p.both : &p.only_new
          : standard[i] ? &p.only_standard
                        : &p.neither) += 1;
    }
    return p;
}

static void put_interval(rp_text *t, rp_value v, const rp_interval *ci, double times)
{
    put_if(t, v.state == RP_VALUE_OK, v.x * times);
    put_if(t, ci->low.state == RP_VALUE_OK, ci->low.x * times);
    put_if(t, ci->high.state == RP_VALUE_OK, ci->high.x * times);
}

/* Ratio and difference on the same examinations; robust where women come twice. */
static rp_status put_compared(work *w, const rp_policy_file *f, const char *assumption,
                              const char *arm, const bool in[], outcome m, const uint8_t now[],
                              const uint8_t standard[])
{
    rp_text *t = &w->compared;
    const double level = rp_trial_plan_level(w->plan);
    const rp_pairs p = count_pairs(w, now, standard, in);
    RP_AUTOFREE rp_cluster_pattern *pattern = NULL;
    rp_paired paired;
    rp_clustered robust = {0};
    int64_t n;
    RP_TRY(rp_paired_find(&p, level, &paired));
    if (w->is_clustered) {
        RP_TRY(rp_pair_patterns(w->table.rows, now, standard, in, w->table.cluster,
                                w->table.clusters, &pattern, &n));
        RP_TRY(rp_clustered_find(n, pattern, level, &robust));
    }
    const rp_value ratio_p = w->is_clustered ? robust.ratio_p : rp_value_of(paired.test.exact_p);
    rp_csv_put(t, f->name);
    rp_csv_put(t, assumption);
    rp_csv_put(t, arm);
    rp_csv_put(t, measure_names[m]);
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

/* Counts and comparisons of one arm under one assumption. */
static rp_status add_arm(work *w, const rp_policy_file *f, const char *assumption, int arm,
                         const rp_replayed r[])
{
    RP_AUTOFREE uint8_t *now = NULL, *standard = NULL;
    RP_AUTOFREE bool *in = NULL;
    rp_policy_counts c, base;
    const char *label = arm < 0 ? "all" : arm == 1 ? w->plan->arms.now : w->plan->arms.control;
    rp_policy_count(&w->in, r, arm, &c);
    rp_policy_count(&w->in, w->base, arm, &base);
    if (c.examinations == 0) return RP_OK;
    put_counts(w, f, assumption, label, &c, &base);
    RP_TRY(rp_alloc(w->table.rows, 1, &now));
    RP_TRY(rp_alloc(w->table.rows, 1, &standard));
    RP_TRY(rp_alloc(w->table.rows, sizeof *in, &in));
    for (int64_t i = 0; i < w->table.rows; i++) in[i] = arm < 0 || w->table.arm[i] == arm;
    for (int m = 0; m < MEASURES; m++)
        if (outcomes(w, r, (outcome)m, now) && outcomes(w, w->base, (outcome)m, standard))
            RP_TRY(put_compared(w, f, assumption, label, in, (outcome)m, now, standard));
    return rp_text_status(&w->counts);
}

static rp_status replay(work *w, const rp_policy_file *f, rp_unseen unseen, const char *assumption,
                        rp_replayed r[])
{
    w->in.unseen = unseen;
    RP_TRY_IN(rp_policy_replay(&f->policy, &w->in, r), "policy '%s'", f->name);
    RP_TRY(add_arm(w, f, assumption, -1, r));
    if (!w->has_arms) return RP_OK;
    RP_TRY(add_arm(w, f, assumption, 1, r));
    return add_arm(w, f, assumption, 0, r);
}

/* Under the assumption asked for; where consensus would see what nobody flagged, under both bounds.
 */
static rp_status add_policy(work *w, const char *path, rp_unseen asked, const char *assumption)
{
    RP_AUTOFREE rp_policy_file *f = NULL;
    RP_AUTOFREE rp_replayed *r = NULL;
    rp_policy_counts c;
    RP_TRY(rp_alloc(1, sizeof *f, &f));
    RP_TRY(rp_policy_file_read(path, f));
    RP_TRY(rp_alloc(w->table.rows, sizeof *r, &r));
    RP_TRY(replay(w, f, asked, assumption, r));
    rp_policy_count(&w->in, r, -1, &c);
    if (c.unseen == 0) return RP_OK;
    if (asked != RP_UNSEEN_NEVER) RP_TRY(replay(w, f, RP_UNSEEN_NEVER, "never", r));
    return asked != RP_UNSEEN_ALWAYS ? replay(w, f, RP_UNSEEN_ALWAYS, "always", r) : RP_OK;
}

static rp_status open_work(work *w)
{
    const rp_trial_request *r = w->r;
    RP_TRY(rp_alloc(1, sizeof *w->plan, &w->plan));
    RP_TRY(rp_trial_plan_read(r->sap, r->sets, r->set, w->plan));
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
                              .skip_bad = r->skip_bad,
                              .scores = true};
    RP_TRY(rp_trial_read(r->table, &ask, 0, NULL, &w->table));
    w->is_clustered = w->table.cluster && w->table.clusters < w->table.rows;
    w->in.exams = rp_trial_exams(&w->table);
    for (int s = 0; s < RP_SCORES; s++) w->in.score[s] = w->table.score[s];
    for (int64_t i = 0; i < w->table.rows; i++) w->has_arms |= w->table.arm[i] == 1;
    if (r->costs) {
        RP_TRY(rp_policy_costs_read(r->costs, &w->costs));
        w->has_costs = true;
    }
    return RP_OK;
}

/* The standard: two readers on every examination, or the file of --against. */
static rp_status replay_standard(work *w)
{
    w->standard.policy = (rp_policy){.readers = {2}};
    (void)snprintf(w->standard.name, sizeof w->standard.name, "two readers");
    if (w->r->against) RP_TRY(rp_policy_file_read(w->r->against, &w->standard));
    RP_TRY(rp_alloc(w->table.rows, sizeof *w->base, &w->base));
    RP_TRY_IN(rp_policy_replay(&w->standard.policy, &w->in, w->base), "policy '%s'",
              w->standard.name);
    return RP_OK;
}

static rp_status replay_all(work *w)
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
static rp_status show_counts(const work *w)
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
        for (int m = 0; m < MEASURES; m++) put_measure(&t, counts, i, compared, measure_names[m]);
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

static void show_notes(const work *w)
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
    bool complete = true;
    for (int64_t i = 0; i < w->table.rows; i++)
        complete &= w->in.exams.flag[RP_EXAM_CANCER][i] != RP_FLAG_MISSING;
    if (!complete)
        (void)printf(
            "Follow-up is not complete: missed cancers are not counted, only ratios compare "
            "policies; recalls whose cancer is not known stand under 'unverified'.\n");
    if (w->table.bad_rows > 0)
        (void)printf("WARNING: %" PRId64 " malformed rows left out, the first: %s\n",
                     w->table.bad_rows, w->table.first_bad);
}

static rp_status run(work *w)
{
    RP_TRY(open_work(w));
    RP_TRY(replay_all(w));
    if (w->r->out) {
        RP_TRY(rp_path_make_folder(w->r->out));
        RP_TRY(rp_atomic_publish(w->r->out, "policies.csv", &w->counts));
        RP_TRY(rp_atomic_publish(w->r->out, "comparison.csv", &w->compared));
    }
    RP_TRY(show_counts(w));
    show_notes(w);
    return RP_OK;
}

rp_status rp_trial_policies(const rp_trial_request *r)
{
    work w = {.r = r};
    const rp_status st = run(&w);
    rp_trial_table_clear(&w.table);
    rp_text_clear(&w.counts);
    rp_text_clear(&w.compared);
    rp_free(w.base);
    rp_free(w.plan);
    return st;
}
