/* pipeline/stats_planning.c - radpipe stats power and sequential: what a study needs, before it. */
#include "lib/stats/sample_size.h"
#include "lib/stats/special.h"
#include "pipeline/stats_request.h"
#include "pipeline/verb.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct quantity {
    const char *option;
    double low, high;
    double standard; /* HUGE_VAL: none */
} quantities[RP_PLAN_COUNT] = {
    [RP_PLAN_P1] = {"--p1", 0, 1, HUGE_VAL},
    [RP_PLAN_P0] = {"--p0", 0, 1, HUGE_VAL},
    [RP_PLAN_MARGIN] = {"--margin", -1, 1, HUGE_VAL},
    [RP_PLAN_DISCORDANT] = {"--discordant", 0, 1, HUGE_VAL},
    [RP_PLAN_DIFFERENCE] = {"--difference", -1, 1, HUGE_VAL},
    [RP_PLAN_HAZARD_RATIO] = {"--hazard-ratio", 1e-6, 1e6, HUGE_VAL},
    [RP_PLAN_SHARE] = {"--share", 0, 1, 0.5},
    [RP_PLAN_HALF_WIDTH] = {"--half-width", 1e-9, 0.5, HUGE_VAL},
    [RP_PLAN_LEVEL] = {"--level", 0.5, 0.9999, 0.95},
    [RP_PLAN_AUC] = {"--auc", 0, 1, HUGE_VAL},
    [RP_PLAN_POSITIVES] = {"--positives", 1, 1e12, HUGE_VAL},
    [RP_PLAN_NEGATIVES] = {"--negatives", 1, 1e12, HUGE_VAL},
    [RP_PLAN_ALPHA] = {"--alpha", 1e-9, 0.5, 0.05},
    [RP_PLAN_POWER] = {"--power", 1e-9, 1 - 1e-9, 0.8},
    [RP_PLAN_N] = {"--n", 1, 1e12, HUGE_VAL},
    [RP_PLAN_CLUSTER_SIZE] = {"--cluster-size", 1, 1e9, 1},
    [RP_PLAN_ICC] = {"--icc", 0, 1, 0},
    [RP_PLAN_DROPOUT] = {"--dropout", 0, 0.99, 0},
};

const char rp_plan_help[] =
    "designs of power (--alpha 0.05, --power 0.8 unless given; with --n N the power is computed)\n"
    "  two-proportions   --p1 X --p0 X: per arm, two-sided (R's power.prop.test)\n"
    "  non-inferiority   --p1 X --p0 X --margin D: per arm, H0 p1 - p0 >= D, alpha one-sided "
    "(0.025)\n"
    "  paired            --discordant X --difference X: pairs, McNemar's test\n"
    "  log-rank          --hazard-ratio X [--share 0.5]: events (Schoenfeld)\n"
    "  precision         --p1 X --half-width X [--level 0.95]: cases\n"
    "  auc               --auc X --positives N --negatives N: standard error (Hanley, McNeil)\n"
    "  all but auc       --cluster-size M --icc X (design effect), --dropout X\n"
    "looks of sequential\n"
    "  --bounds          obrien-fleming (default), pocock, lan-demets (spending, "
    "O'Brien-Fleming-like)\n"
    "  --looks N         equally spaced; or --fractions X,X,... of the information; --alpha X "
    "(0.05)\n";

const char *rp_plan_option(rp_plan_quantity q) { return quantities[q].option; }

static rp_status size_two(const double q[], double *n)
{
    return rp_size_two_proportions(q[RP_PLAN_P1], q[RP_PLAN_P0], q[RP_PLAN_ALPHA], q[RP_PLAN_POWER],
                                   n);
}

static rp_status power_two(const double q[], double n, double *power)
{
    return rp_power_two_proportions(q[RP_PLAN_P1], q[RP_PLAN_P0], q[RP_PLAN_ALPHA], n, power);
}

static rp_status size_inferior(const double q[], double *n)
{
    return rp_size_noninferior(q[RP_PLAN_P1], q[RP_PLAN_P0], q[RP_PLAN_MARGIN], q[RP_PLAN_ALPHA],
                               q[RP_PLAN_POWER], n);
}

static rp_status power_inferior(const double q[], double n, double *power)
{
    return rp_power_noninferior(q[RP_PLAN_P1], q[RP_PLAN_P0], q[RP_PLAN_MARGIN], q[RP_PLAN_ALPHA],
                                n, power);
}

static rp_status size_paired(const double q[], double *n)
{
    return rp_size_paired(q[RP_PLAN_DISCORDANT], q[RP_PLAN_DIFFERENCE], q[RP_PLAN_ALPHA],
                          q[RP_PLAN_POWER], n);
}

static rp_status power_paired(const double q[], double n, double *power)
{
    return rp_power_paired(q[RP_PLAN_DISCORDANT], q[RP_PLAN_DIFFERENCE], q[RP_PLAN_ALPHA], n,
                           power);
}

static rp_status size_events(const double q[], double *n)
{
    return rp_size_events(q[RP_PLAN_HAZARD_RATIO], q[RP_PLAN_SHARE], q[RP_PLAN_ALPHA],
                          q[RP_PLAN_POWER], n);
}

static rp_status power_events(const double q[], double n, double *power)
{
    return rp_power_events(q[RP_PLAN_HAZARD_RATIO], q[RP_PLAN_SHARE], q[RP_PLAN_ALPHA], n, power);
}

static rp_status size_precision(const double q[], double *n)
{
    return rp_size_precision(q[RP_PLAN_P1], q[RP_PLAN_HALF_WIDTH], q[RP_PLAN_LEVEL], n);
}

#define BIT(q) (1U << RP_PLAN_##q)
static const unsigned spread = BIT(CLUSTER_SIZE) | BIT(ICC) | BIT(DROPOUT);

static const struct design {
    const char *name, *unit;
    unsigned needs,
        takes; /* bits of quantities: without these it is no plan; what else may stand */
    int arms, sides;
    rp_status (*size)(const double q[], double *n);
    rp_status (*power)(const double q[], double n, double *power); /* NULL: a precision */
} designs[] = {
    {"two-proportions", "per_arm", BIT(P1) | BIT(P0), BIT(ALPHA) | BIT(POWER) | BIT(N), 2, 2,
     size_two, power_two},
    {"non-inferiority", "per_arm", BIT(P1) | BIT(P0) | BIT(MARGIN),
     BIT(ALPHA) | BIT(POWER) | BIT(N), 2, 1, size_inferior, power_inferior},
    {"paired", "pairs", BIT(DISCORDANT) | BIT(DIFFERENCE), BIT(ALPHA) | BIT(POWER) | BIT(N), 1, 2,
     size_paired, power_paired},
    {"log-rank", "events", BIT(HAZARD_RATIO), BIT(SHARE) | BIT(ALPHA) | BIT(POWER) | BIT(N), 1, 2,
     size_events, power_events},
    {"precision", "cases", BIT(P1) | BIT(HALF_WIDTH), BIT(LEVEL), 1, 2, size_precision, NULL},
    {"auc", "", BIT(AUC) | BIT(POSITIVES) | BIT(NEGATIVES), BIT(LEVEL), 0, 2, NULL, NULL},
};
enum { DESIGNS = sizeof designs / sizeof *designs };

static rp_status find_design(const char *name, const struct design **out)
{
    const char *known[DESIGNS];
    RP_NEED(name, RP_EUSE, "stats power: name a --design; 'radpipe help planning' lists them");
    for (int k = 0; k < DESIGNS; k++) {
        known[k] = designs[k].name;
        if (strcmp(designs[k].name, name) != 0) continue;
        *out = &designs[k];
        return RP_OK;
    }
    RP_FAIL(RP_EUSE, "stats power: unknown design '%s'; did you mean '%s'?", name,
            rp_option_nearest(name, DESIGNS, known));
}

/* Numbers of the design, its defaults filled in; what it has no use for is refused. */
static rp_status read_quantities(const rp_stats_request *r, const struct design *d, double q[])
{
    for (int k = 0; k < RP_PLAN_COUNT; k++) {
        const struct quantity *row = &quantities[k];
        const bool needed = d->needs >> k & 1;
        q[k] = row->standard;
        RP_NEED(r->plan[k] || !needed, RP_EUSE, "stats power: design '%s' needs %s", d->name,
                row->option);
        if (!r->plan[k]) continue;
        RP_NEED(needed || d->takes >> k & 1 || (d->arms > 0 && spread >> k & 1), RP_EUSE,
                "stats power: design '%s' has no use for %s", d->name, row->option);
        RP_TRY(rp_option_number(row->option, r->plan[k], row->low, row->high, &q[k]));
    }
    if (d->sides == 1 && !r->plan[RP_PLAN_ALPHA]) q[RP_PLAN_ALPHA] = 0.025;
    RP_NEED(!r->plan[RP_PLAN_N] || !r->plan[RP_PLAN_POWER], RP_EUSE,
            "stats power: give --n or --power; the other is computed");
    return RP_OK;
}

/* Numbers that contradict one another are the user's. */
static rp_status as_use(rp_status st)
{
    rp_error e;
    if (st != RP_EARG) return st;
    rp_error_take(st, &e);
    RP_FAIL(RP_EUSE, "stats: %s", e.message);
}

static rp_status plan_auc(const double q[], rp_rows *out)
{
    double se;
    RP_TRY(rp_auc_planned_se(q[RP_PLAN_AUC], q[RP_PLAN_POSITIVES], q[RP_PLAN_NEGATIVES], &se));
    rp_rows_put(out, q[RP_PLAN_LEVEL], "level");
    rp_rows_put(out, se, "se");
    rp_rows_put(out, rp_normal_quantile(0.5 + 0.5 * q[RP_PLAN_LEVEL]) * se, "half_width");
    return RP_OK;
}

/* Clusters and those who drop out make the planned number larger by one factor. */
static rp_status plan_size(const rp_stats_request *r, const struct design *d, const double q[],
                           rp_rows *out)
{
    double effect, n = q[RP_PLAN_N], power = q[RP_PLAN_POWER];
    RP_TRY(rp_size_cluster_factor(q[RP_PLAN_CLUSTER_SIZE], q[RP_PLAN_ICC], &effect));
    const double factor = effect / (1 - q[RP_PLAN_DROPOUT]);
    if (r->plan[RP_PLAN_N]) {
        RP_NEED(n / factor >= 1, RP_EUSE, "--n %g: nobody is left of them", n);
        RP_TRY(d->power(q, n / factor, &power));
    } else {
        RP_TRY(d->size(q, &n));
        n *= factor;
    }
    if (d->power) {
        rp_rows_put(out, q[RP_PLAN_ALPHA], "alpha");
        rp_rows_put(out, d->sides, "sides");
        rp_rows_put(out, power, "power");
    } else
        rp_rows_put(out, q[RP_PLAN_LEVEL], "level");
    rp_rows_put(out, effect, "design_effect");
    rp_rows_put(out, n, "n_%s", d->unit);
    rp_rows_put(out, ceil(n - 1e-9), "n_%s_whole", d->unit);
    if (d->arms == 2) rp_rows_put(out, 2 * ceil(n - 1e-9), "n_total");
    return RP_OK;
}

rp_status rp_stats_power(const rp_stats_request *r, rp_text *out)
{
    RP_ROWS_AUTO rows = {0};
    const struct design *d = NULL;
    double q[RP_PLAN_COUNT];
    RP_TRY(find_design(r->design, &d));
    RP_TRY(read_quantities(r, d, q));
    RP_TRY(as_use(d->size ? plan_size(r, d, q, &rows) : plan_auc(q, &rows)));
    RP_TRY(rp_rows_status(&rows));
    rp_stats_header(NULL, "", out);
    rp_stats_put(0, NULL, &rows, out);
    return RP_OK;
}

static rp_status find_bounds(const char *name, rp_sequential *out)
{
    static const char *const known[] = {"obrien-fleming", "pocock", "lan-demets"};
    for (int k = 0; k < 3; k++)
        if (!name || strcmp(name, known[k]) == 0) {
            *out = (rp_sequential)k;
            return RP_OK;
        }
    RP_FAIL(RP_EUSE, "stats sequential: unknown bounds '%s'; did you mean '%s'?", name,
            rp_option_nearest(name, 3, known));
}

static rp_status read_looks(const rp_stats_request *r, int *looks, double fraction[RP_LOOKS_MAX])
{
    int64_t n = 0;
    RP_NEED(!r->looks != !r->fractions, RP_EUSE,
            "stats sequential: give --looks N (equally spaced) or --fractions X,X,...");
    if (r->fractions)
        return rp_option_numbers("--fractions", r->fractions, 0, 1, RP_LOOKS_MAX, looks, fraction);
    RP_TRY(rp_option_int("--looks", r->looks, 1, RP_LOOKS_MAX, &n));
    for (int k = 0; k < n; k++) fraction[k] = (double)(k + 1) / (double)n;
    *looks = (int)n;
    return RP_OK;
}

rp_status rp_stats_sequential(const rp_stats_request *r, rp_text *out)
{
    rp_sequential kind;
    int looks;
    double fraction[RP_LOOKS_MAX], z[RP_LOOKS_MAX], spent[RP_LOOKS_MAX], alpha = 0.05;
    RP_TRY(find_bounds(r->bounds, &kind));
    RP_TRY(read_looks(r, &looks, fraction));
    if (r->plan[RP_PLAN_ALPHA])
        RP_TRY(rp_option_number("--alpha", r->plan[RP_PLAN_ALPHA], 1e-5, 0.49, &alpha));
    RP_TRY(as_use(rp_sequential_bounds(kind, looks, fraction, alpha, z, spent)));
    rp_stats_header(NULL, "look", out);
    for (int k = 0; k < looks; k++) {
        RP_ROWS_AUTO rows = {0};
        char key[16];
        const char *const keys[] = {key};
        (void)snprintf(key, sizeof key, "%d", k + 1);
        rp_rows_put(&rows, fraction[k], "fraction");
        rp_rows_put(&rows, z[k], "z");
        rp_rows_put(&rows, rp_normal_two_sided(z[k]), "nominal_p");
        rp_rows_put(&rows, spent[k], "alpha_spent");
        RP_TRY(rp_rows_status(&rows));
        rp_stats_put(1, keys, &rows, out);
    }
    return RP_OK;
}
