/* pipeline/trial_rows.c - a trial's rows: every endpoint, in all, by stratum and by subgroup. */
#include "pipeline/trial_rows.h"

#include "io/csv.h"
#include "lib/stats/stratified.h"
#include "pipeline/trial_line.h"
#include "pipeline/trial_ranks.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static rp_status fill_plain(const rp_trial_plan *p, rp_trial_line *l)
{
    const rp_counts *c = &l->cell.c;
    const double level = rp_trial_plan_level(p);
    const bool mn = strcmp(p->methods.difference, "mn") == 0;
    rp_two_arm_p test;
    l->ratio = rp_two_arm_ratio(c);
    l->difference = rp_value_of((double)c->x1 / (double)c->n1 - (double)c->x0 / (double)c->n0);
    RP_TRY(rp_trial_ratio_interval(p->methods.ratio, c, level, &l->ratio_ci));
    RP_TRY(rp_trial_shares(c, level, &l->share1, &l->share0));
    RP_TRY(mn ? rp_difference_score(c, level, &l->difference_ci)
              : rp_difference_newcombe(c, level, &l->difference_ci));
    RP_TRY(rp_two_arm_test(c, &test));
    l->share_method = "clopper-pearson";
    l->ratio_method = p->methods.ratio;
    l->difference_method = p->methods.difference;
    l->p_method = p->methods.test;
    l->p = l->p_method[0] == 'f'   ? rp_value_of(test.fisher)
           : l->p_method[0] == 'c' ? test.chi2
                                   : test.wald_log;
    return RP_OK;
}

static void fill_clustered(const rp_clustered *c, rp_trial_line *l)
{
    l->ratio = c->ratio;
    l->difference = c->difference;
    l->ratio_ci = c->ratio_ci;
    l->difference_ci = c->difference_ci;
    l->p = c->ratio_p;
    l->share1 = c->share1;
    l->share0 = c->share0;
    l->share_method = c->share1.low.state == RP_VALUE_OK ? "korn-graubard" : "";
    l->clusters = c->clusters;
    l->ratio_method = l->difference_method = c->is_few ? "robust-CR1-t" : "robust-CR1";
    l->p_method = c->is_few ? "robust-wald-t" : "robust-wald";
}

static void put_patterns(rp_text *t, const rp_trial_line *l, int64_t n,
                         const rp_cluster_pattern p[])
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t x[] = {p[i].x1, p[i].n1, p[i].x0, p[i].n0, p[i].clusters};
        rp_csv_put(t, l->e->name);
        rp_csv_put(t, l->part);
        rp_csv_put(t, l->column);
        rp_csv_put(t, l->level);
        for (int k = 0; k < 5; k++) rp_csv_put_int(t, x[k]);
        rp_csv_end(t);
    }
}

static bool is_robust(const rp_trial_work *w, const rp_endpoint *e)
{
    return w->is_clustered || e->is_count;
}

/* The clusters of a group, or of all (group NULL), and what follows from them.
 *   patterns  NULL: not wanted as text */
static rp_status find_clustered(rp_trial_work *w, rp_trial_line *l, const int32_t group[], int only,
                                rp_clustered *out, rp_text *patterns)
{
    RP_AUTOFREE rp_cluster_pattern *p = NULL;
    bool stops;
    int64_t n = 0;
    const rp_status st = rp_trial_patterns(
        &w->exams, l->e, rp_trial_plan_missing(w->plan, &stops), w->in, group, only,
        w->is_clustered ? w->table.cluster : NULL, w->table.clusters, &p, &n);
    RP_TRY(rp_ranks_patterns(st, &p, &n));
    RP_TRY(rp_clustered_find(n, p, rp_trial_plan_level(w->plan), out));
    w->few_clusters |= out->is_few;
    if (patterns) put_patterns(patterns, l, n, p);
    return RP_OK;
}

/* A line with counts: estimates by the plan's methods, or robust ones. */
static rp_status fill(rp_trial_work *w, rp_trial_line *l, const int32_t group[], int only,
                      rp_clustered *robust, rp_text *patterns)
{
    const rp_counts *c = &l->cell.c;
    l->has_counts = true;
    if (c->n1 == 0 || c->n0 == 0) {
        l->note = "an arm is empty";
        return RP_OK;
    }
    if (!is_robust(w, l->e)) return fill_plain(w->plan, l);
    RP_TRY(find_clustered(w, l, group, only, robust, patterns));
    fill_clustered(robust, l);
    return RP_OK;
}

static rp_status count(const rp_trial_work *w, const rp_endpoint *e, const int32_t group[],
                       int groups, rp_trial_cell cell[])
{
    bool stops;
    const rp_missing rule = rp_trial_plan_missing(w->plan, &stops);
    rp_trial_count(&w->exams, e, rule, w->in, group, groups, cell);
    enum { NUMBERS = sizeof *cell / sizeof(int64_t) };
    RP_TRY(rp_ranks_sum(RP_OK, (int64_t)NUMBERS * groups, (int64_t *)(void *)cell));
    int64_t missing = 0;
    for (int g = 0; g < groups; g++) missing += cell[g].missing1 + cell[g].missing0;
    RP_NEED(!stops || missing == 0, RP_EDATA,
            "endpoint '%s': %" PRId64 " outcomes are missing, and the plan stops there", e->name,
            missing);
    return RP_OK;
}

static void fill_pooled(const rp_stratified *s, rp_trial_line *l)
{
    l->ratio = s->ratio;
    l->difference = s->difference;
    l->ratio_ci = s->ratio_ci;
    l->difference_ci = s->difference_ci;
    l->p = s->p;
    l->chisq = s->chisq;
    l->df = 1;
    l->ratio_method = "mantel-haenszel";
    l->difference_method = "mantel-haenszel-sato";
    l->p_method = "cochran-mantel-haenszel";
}

/* One row of parts a line; column: which composition they belong to. */
static void put_compositions(rp_text *t, const rp_trial_work *w, const rp_trial_line *l, int64_t n,
                             const rp_composition g[], const rp_cluster_part part[])
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = g[i].first; j < g[i].first + g[i].parts; j++) {
            RP_TEXT_AUTO level = {0};
            const int64_t x[] = {part[j].x1, part[j].n1, part[j].x0, part[j].n0, g[i].clusters};
            rp_trial_stratum_name(w, part[j].stratum, &level);
            rp_csv_put(t, l->e->name);
            rp_csv_put(t, l->part);
            rp_csv_put_int(t, i + 1);
            rp_csv_put(t, rp_text_get(&level));
            for (int k = 0; k < 5; k++) rp_csv_put_int(t, x[k]);
            rp_csv_end(t);
        }
}

/* The same estimates with errors robust to clusters, which may lie in several strata. */
static rp_status fill_pooled_robust(rp_trial_work *w, const rp_counts c[], rp_trial_line *l,
                                    rp_text *patterns)
{
    RP_AUTOFREE rp_composition *g = NULL;
    RP_AUTOFREE rp_cluster_part *part = NULL;
    rp_clustered r;
    bool stops;
    int64_t n = 0, parts = 0;
    const rp_status st = rp_trial_compositions(
        &w->exams, l->e, rp_trial_plan_missing(w->plan, &stops), w->in, w->stratum,
        w->table.cluster, w->table.clusters, &g, &n, &part, &parts);
    RP_TRY(rp_ranks_compositions(st, &g, &n, &part, &parts));
    RP_TRY(rp_stratified_robust(w->strata, c, n, g, part, rp_trial_plan_level(w->plan), &r));
    w->few_clusters |= r.is_few;
    put_compositions(patterns, w, l, n, g, part);
    fill_clustered(&r, l);
    l->share_method = "";
    l->ratio_method = l->difference_method =
        r.is_few ? "mantel-haenszel-robust-CR1-t" : "mantel-haenszel-robust-CR1";
    return RP_OK;
}

/* A line a stratum that has rows. */
static rp_status put_strata(const rp_trial_work *w, const rp_endpoint *e,
                            const rp_trial_cell cell[], rp_text *csv)
{
    for (int k = 0; k < w->strata; k++) {
        rp_trial_line l = rp_trial_line_blank(e, "stratum", "", "");
        const rp_counts *c = &cell[k].c;
        RP_TEXT_AUTO name = {0};
        rp_trial_stratum_name(w, k, &name);
        RP_TRY(rp_text_status(&name));
        l.level = rp_text_get(&name);
        l.cell = cell[k];
        l.has_counts = true;
        l.ratio = c->n1 > 0 && c->n0 > 0 ? rp_two_arm_ratio(c) : rp_value_undefined("");
        if (c->n1 + c->n0 > 0) rp_trial_line_put(csv, &l);
    }
    return RP_OK;
}

static rp_status add_strata(rp_trial_work *w, const rp_endpoint *e, rp_text *csv, rp_text *patterns)
{
    RP_AUTOFREE rp_trial_cell *cell = NULL;
    RP_AUTOFREE rp_counts *c = NULL;
    rp_stratified s;
    if (w->strata == 0 || e->is_count) return RP_OK;
    RP_TRY(rp_ranks_agree(rp_alloc(w->strata, sizeof *cell, &cell)));
    RP_TRY(rp_ranks_agree(rp_alloc(w->strata, sizeof *c, &c)));
    RP_TRY(count(w, e, w->stratum, w->strata, cell));
    for (int k = 0; k < w->strata; k++) c[k] = cell[k].c;
    RP_TRY(rp_ranks_agree(put_strata(w, e, cell, csv)));
    rp_trial_line l = rp_trial_line_blank(e, "stratified", "", "");
    RP_TRY(rp_stratified_find(w->strata, c, rp_trial_plan_level(w->plan), &s));
    fill_pooled(&s, &l);
    if (w->is_clustered && s.strata > 0) {
        l = rp_trial_line_blank(e, "stratified", "", "");
        RP_TRY(fill_pooled_robust(w, c, &l, patterns));
    }
    rp_trial_line_put(csv, &l);
    return RP_OK;
}

/* Q over the levels that have a log ratio: from counts, or from robust errors. */
static rp_status add_interaction(const rp_trial_work *w, const rp_endpoint *e, const char *column,
                                 int levels, const rp_counts c[], int robust, const double x[],
                                 const double v[], rp_text *csv)
{
    rp_trial_line l = rp_trial_line_blank(e, "interaction", column, "");
    if (is_robust(w, e))
        rp_heterogeneity(robust, x, v, &l.chisq, &l.df, &l.p);
    else
        RP_TRY(rp_ratio_heterogeneity(levels, c, &l.chisq, &l.df, &l.p));
    l.p_method = is_robust(w, e) ? "robust-heterogeneity" : "heterogeneity";
    rp_trial_line_put(csv, &l);
    return RP_OK;
}

static rp_status add_subgroups(rp_trial_work *w, const rp_endpoint *e, const rp_trial_factor *f,
                               rp_text *csv, rp_text *patterns)
{
    RP_AUTOFREE rp_trial_cell *cell = NULL;
    RP_AUTOFREE rp_counts *c = NULL;
    RP_AUTOFREE double *x = NULL, *v = NULL;
    int robust = 0;
    rp_status st = rp_alloc(f->levels, sizeof *cell, &cell);
    if (st == RP_OK) st = rp_alloc(f->levels, sizeof *c, &c);
    if (st == RP_OK) st = rp_alloc(f->levels, sizeof *x, &x);
    if (st == RP_OK) st = rp_alloc(f->levels, sizeof *v, &v);
    RP_TRY(rp_ranks_agree(st));
    RP_ASSERT(c && x && v); /* all agreed that there is memory */
    RP_TRY(count(w, e, f->code, f->levels, cell));
    for (int k = 0; k < f->levels; k++) {
        rp_trial_line l = rp_trial_line_blank(e, "subgroup", f->column, rp_factor_level(f, k));
        rp_clustered r = {.log_se = rp_value_undefined("")};
        l.cell = cell[k];
        c[k] = cell[k].c;
        if (c[k].n1 + c[k].n0 == 0) continue;
        RP_TRY(fill(w, &l, f->code, k, &r, patterns));
        if (r.log_se.state == RP_VALUE_OK && r.log_se.x > 0) {
            x[robust] = log(r.ratio.x);
            v[robust++] = r.log_se.x * r.log_se.x;
        }
        rp_trial_line_put(csv, &l);
    }
    return add_interaction(w, e, f->column, f->levels, c, robust, x, v, csv);
}

static rp_status add_endpoint(rp_trial_work *w, const rp_endpoint *e, rp_text *csv,
                              rp_text *patterns)
{
    rp_trial_line l = rp_trial_line_blank(e, "all", "", "");
    rp_clustered robust;
    RP_TRY(count(w, e, NULL, 1, &l.cell));
    RP_TRY(fill(w, &l, NULL, -1, &robust, patterns));
    rp_trial_line_put(csv, &l);
    RP_TRY(add_strata(w, e, csv, patterns));
    for (int k = 0; k < w->plan->subgroups.count; k++)
        for (int f = 0; f < w->factors; f++)
            if (strcmp(w->factor[f].column, w->plan->subgroups.item[k]) == 0)
                RP_TRY(add_subgroups(w, e, &w->factor[f], csv, patterns));
    return rp_ranks_agree(rp_text_status(csv));
}

rp_status rp_trial_rows(rp_trial_work *w, rp_text *csv, rp_text *clusters)
{
    const rp_key_list *list = &w->plan->endpoints;
    rp_text_add(csv, "%s", rp_trial_line_header);
    rp_text_add(clusters, "endpoint,part,column,level,x1,n1,x0,n0,clusters\n");
    if (list->count == 0) {
        for (const rp_endpoint *e = rp_endpoints; e->name; e++)
            if (rp_endpoint_fits(e, &w->exams)) RP_TRY(add_endpoint(w, e, csv, clusters));
    }
    for (int k = 0; k < list->count; k++) {
        const rp_endpoint *e = rp_endpoint_find(list->item[k]);
        for (int f = 0; f < RP_EXAM_FLAGS; f++)
            RP_NEED(!(e->needs >> f & 1) || w->exams.flag[f], RP_EDATA,
                    "endpoint '%s' needs the column '%s'", e->name,
                    rp_exam_column((rp_exam_flag)f));
        RP_TRY(add_endpoint(w, e, csv, clusters));
    }
    RP_TRY(rp_text_status(csv));
    return rp_text_status(clusters);
}

/* What a test of the order found. */
typedef struct verdict {
    rp_value estimate, bound, p;
    bool met;
} verdict;

static rp_status noninferior_p(const rp_trial_plan *p, const rp_endpoint *e, const rp_counts *c,
                               rp_value *out)
{
    const rp_counts turned = {c->x0, c->n0, c->x1, c->n1};
    double z, x;
    if (strcmp(p->scale, "ratio") == 0) {
        if (c->x1 + c->x0 == 0) {
            *out = rp_value_undefined("no outcome in either arm");
            return RP_OK;
        }
        RP_TRY(rp_ratio_noninferior(e->few_is_good ? c : &turned,
                                    e->few_is_good ? p->margin : 1 / p->margin, &z, &x));
    } else
        RP_TRY(rp_difference_noninferior(e->few_is_good ? c : &turned, p->margin, &z, &x));
    *out = rp_value_of(x);
    return RP_OK;
}

static rp_status test_noninferior(rp_trial_work *w, rp_trial_line *l, const rp_clustered *robust,
                                  verdict *v)
{
    const rp_trial_plan *p = w->plan;
    const bool is_ratio = strcmp(p->scale, "ratio") == 0;
    if (is_robust(w, l->e))
        RP_TRY(rp_clustered_noninferior(robust, is_ratio, p->margin, l->e->few_is_good, &v->p));
    else
        RP_TRY(noninferior_p(p, l->e, &l->cell.c, &v->p));
    const rp_interval *ci = is_ratio ? &l->ratio_ci : &l->difference_ci;
    v->estimate = is_ratio ? l->ratio : l->difference;
    v->bound = l->e->few_is_good ? ci->high : ci->low;
    v->met = v->p.state == RP_VALUE_OK && v->p.x <= p->alpha / p->sides;
    return RP_OK;
}

/* Two-sided p, and the difference on the good side. */
static void test_superior(const rp_trial_work *w, const rp_trial_line *l, verdict *v)
{
    const double two = 2 * w->plan->alpha / w->plan->sides;
    v->estimate = l->ratio;
    v->bound = l->e->few_is_good ? l->ratio_ci.high : l->ratio_ci.low;
    v->p = l->p;
    v->met = v->p.state == RP_VALUE_OK && v->p.x <= two && l->difference.state == RP_VALUE_OK &&
             (l->e->few_is_good ? l->difference.x < 0 : l->difference.x > 0);
}

rp_status rp_trial_tests(rp_trial_work *w, rp_text *csv)
{
    rp_trial_step step[RP_STEPS_MAX];
    int steps;
    bool open = true; /* all before were met */
    RP_TRY(rp_trial_plan_steps(w->plan, &steps, step));
    rp_text_add(csv, "step,endpoint,test,estimate,bound,margin,p,result\n");
    for (int k = 0; k < steps; k++) {
        const rp_endpoint *e = step[k].endpoint;
        rp_trial_line l = rp_trial_line_blank(e, "all", "", "");
        rp_clustered robust = {0};
        verdict v = {rp_value_undefined(""), rp_value_undefined(""), rp_value_undefined(""), false};
        RP_NEED(rp_endpoint_fits(e, &w->exams), RP_EDATA,
                "order: the table lacks columns that '%s' needs", e->name);
        RP_TRY(count(w, e, NULL, 1, &l.cell));
        RP_TRY(fill(w, &l, NULL, -1, &robust, NULL));
        if (step[k].is_noninferiority)
            RP_TRY(test_noninferior(w, &l, &robust, &v));
        else
            test_superior(w, &l, &v);
        rp_csv_put_int(csv, k + 1);
        rp_csv_put(csv, e->name);
        rp_csv_put(csv, step[k].is_noninferiority ? "noninferiority" : "superiority");
        rp_trial_value_put(csv, v.estimate, 1);
        rp_trial_value_put(csv, v.bound, 1);
        rp_csv_put_double(csv, step[k].is_noninferiority ? w->plan->margin : INFINITY);
        rp_trial_value_put(csv, v.p, 1);
        rp_csv_put(csv, !open ? "not tested" : v.met ? "met" : "not met");
        rp_csv_end(csv);
        open &= v.met;
    }
    return rp_text_status(csv);
}
