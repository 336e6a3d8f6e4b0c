/* pipeline/verb_stats.c - radpipe stats: estimators and tests on a table. */
#include "pipeline/stats_request.h"
#include "pipeline/trial_ranks.h"
#include "pipeline/verb.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char rp_verb_stats_usage[] =
    "usage: radpipe stats FAMILY --input CSV [--out CSV]\n"
    "       radpipe stats power --design D ...\n"
    "       radpipe stats sequential --looks N|--fractions X,X,...\n"
    "       radpipe stats detection --candidates CSV --lesions CSV [--irrelevant CSV] --scans "
    "N|FILE\n"
    "       radpipe stats detection|segmentation --pairs CSV\n"
    "       radpipe stats segmentation --reference FILE --prediction FILE\n"
    "\n"
    "Prints 'name,value,state' rows (17 digits), behind key columns where there are several "
    "cases.\n"
    "\n"
    "families\n"
    "  classification  columns y, score1; more rows where there are score2, half, grade1, grade2, "
    "cluster;\n"
    "                  of more than two classes: y (0, 1, 2, ...), p0, p1, p2, ... or predicted\n"
    "  mrmc            columns reader, test, case, truth, rating\n"
    "  survival        columns time, event; more where there are cause, group, site, risk, "
    "p_surv10, x1 ...\n"
    "  agreement       columns r1, r2, ...: one a rater\n"
    "  trials          columns trial, endpoint, x1, n1, x0, n0; or trial, quantity, x, n\n"
    "  detection       candidates scan, x, y, z, score; lesions scan, x, y, z, diameter_mm; or "
    "maps by pairs\n"
    "  segmentation    pairs case, reference, prediction (NIfTI, not 0 is inside)\n"
    "  paired          columns new, standard (0, 1), cancer, cluster; or trial, endpoint, both,\n"
    "                  only_new, only_standard, neither: McNemar, ratio, difference "
    "(ScreenTrustCAD)\n"
    "  permutation     columns value, group (two of them); or value1, value2 (pairs)\n"
    "  multiplicity    columns name, p: bonferroni, holm, hochberg, BH, BY (R's p.adjust)\n"
    "  power           sample size, or the power of --n; no table\n"
    "  sequential      bounds of group-sequential looks; no table ('radpipe help planning')\n"
    "\n"
    "options\n"
    "  --out CSV              write there (atomically) instead of to standard output\n"
    "  --bad-rows stop|skip   stop at the first malformed row (default), or leave such rows out "
    "and\n"
    "                         count them (row rows_left_out)\n"
    "  --by COLUMN            rows for all, then for each group of the column (centre, scanner, "
    "...):\n"
    "                         classification, mrmc, survival, agreement, paired, permutation;\n"
    "                         detection (a column of the file of --scans, or of the pairs), "
    "segmentation\n"
    "                         (of the pairs)\n"
    "  --cut X                classification: positive at score >= X (0.5)\n"
    "  --specificity X        classification: where sensitivity is read (0.9)\n"
    "  --thresholds X,X,...   classification: of net benefit (0.1,0.2,0.5)\n"
    "  --bootstrap N          classification: replicates for intervals of the areas, percentile "
    "and BCa (0)\n"
    "  --seed N               of the bootstrap and of permutations (1)\n"
    "  --permutations N       permutation: all arrangements up to so many, else so many drawn "
    "(100000)\n"
    "  --times T,T,...        survival: where curves are read (2,5,10,20)\n"
    "  --horizon T            survival: of AUC, Brier score and baseline hazard (10)\n"
    "  --limit T              survival: end of Uno's C and the integrated Brier score (20)\n"
    "  --tau T                survival: of the restricted mean (15)\n"
    "  --covariates A,B,...   survival: columns of the Cox model (x1,x2,x3)\n"
    "  --margin X             paired: non-inferiority, how much lower the new share may be\n"
    "  --radius MM            detection: of lesions of unknown size (5)\n"
    "  --overlap X            detection on maps: IoU of a hit (0.1)\n"
    "\n"
    "Under mpirun or srun the ranks share the replicates of a bootstrap; the digits are the same.\n"
    "\n"
    "example: radpipe stats power --design two-proportions --p1 0.0064 --p0 0.0050 --power 0.9\n"
    "         radpipe stats sequential --fractions 0.5,1\n"
    "         radpipe stats survival --input patients.csv --times 12,24,60 --horizon 24 --tau 60\n"
    "exit codes: 0 done, 2 wrong use, 3 a malformed table (named by line)\n";

static const struct family {
    const char *name;
    rp_stats_run *run;
    bool has_rows;   /* a table of cases: malformed rows may be skipped */
    bool has_groups; /* and grouped */
} families[] = {
    {"classification", rp_stats_classification, true, true},
    {"mrmc", rp_stats_mrmc, true, true},
    {"survival", rp_stats_survival, true, true},
    {"agreement", rp_stats_agreement, true, true},
    {"trials", rp_stats_trials, true, false},
    {"detection", rp_stats_detection, true, true},
    {"segmentation", rp_stats_segmentation, true, true},
    {"paired", rp_stats_paired, true, true},
    {"permutation", rp_stats_permutation, true, true},
    {"multiplicity", rp_stats_multiplicity, true, false},
    {"power", rp_stats_power, false, false},
    {"sequential", rp_stats_sequential, false, false},
};
enum { FAMILIES = sizeof families / sizeof *families };

static rp_status find_family(int words, const char *const word[], const struct family **out)
{
    const char *known[FAMILIES];
    RP_NEED(words == 1, RP_EUSE, "stats: name a family; 'radpipe help stats' lists them");
    for (int k = 0; k < FAMILIES; k++) {
        known[k] = families[k].name;
        if (strcmp(families[k].name, word[0]) != 0) continue;
        *out = &families[k];
        return RP_OK;
    }
    RP_FAIL(RP_EUSE, "stats: unknown family '%s'; did you mean '%s'?", word[0],
            rp_option_nearest(word[0], FAMILIES, known));
}

static rp_status read_list(const char *name, const char *text, double low, double high, int *count,
                           double list[RP_FAMILY_LIST])
{
    return text ? rp_option_numbers(name, text, low, high, RP_FAMILY_LIST, count, list) : RP_OK;
}

/* Names of covariates, kept in text. */
static rp_status read_covariates(const char *list, char text[RP_FAMILY_LIST][64],
                                 rp_family_options *o)
{
    if (!list) return RP_OK;
    o->covariates = 0;
    for (const char *at = list;
         o->covariates < RP_FAMILY_LIST && rp_option_piece(&at, text[o->covariates]);) {
        o->covariate[o->covariates] = text[o->covariates];
        o->covariates++;
        RP_NEED(!at || o->covariates < RP_FAMILY_LIST, RP_EUSE, "--covariates: more than %d",
                RP_FAMILY_LIST);
    }
    return RP_OK;
}

typedef struct words {
    const char *out, *cut, *specificity, *thresholds, *times, *horizon, *limit, *tau, *covariates;
    const char *radius, *overlap, *bootstrap, *seed, *permutations, *bad_rows;
} words;

static rp_status read_number(const char *name, const char *text, double low, double high,
                             double *out)
{
    return text ? rp_option_number(name, text, low, high, out) : RP_OK;
}

static rp_status read_numbers(const words *w, char covariates[RP_FAMILY_LIST][64],
                              rp_stats_request *q)
{
    rp_family_options *o = &q->options;
    RP_TRY(read_number("--cut", w->cut, -1e300, 1e300, &o->cut));
    RP_TRY(read_number("--specificity", w->specificity, 0, 1, &o->specificity));
    RP_TRY(read_number("--horizon", w->horizon, 0, 1e300, &o->horizon));
    RP_TRY(read_number("--limit", w->limit, 0, 1e300, &o->limit));
    RP_TRY(read_number("--tau", w->tau, 0, 1e300, &o->tau));
    RP_TRY(read_number("--radius", w->radius, 0, 1e6, &q->radius));
    RP_TRY(read_number("--overlap", w->overlap, 1e-9, 1, &q->overlap));
    RP_TRY(read_list("--thresholds", w->thresholds, 0, 0.999999, &o->thresholds, o->threshold));
    RP_TRY(read_list("--times", w->times, 0, 1e300, &o->times, o->time));
    int64_t seed = (int64_t)o->seed;
    if (w->bootstrap)
        RP_TRY(rp_option_int("--bootstrap", w->bootstrap, 0, 10000000, &o->replicates));
    if (w->permutations)
        RP_TRY(rp_option_int("--permutations", w->permutations, 1, 100000000, &o->permutations));
    if (w->seed) RP_TRY(rp_option_int("--seed", w->seed, 0, INT64_MAX, &seed));
    o->seed = (uint64_t)seed;
    return read_covariates(w->covariates, covariates, o);
}

static rp_status read_rows(const struct family *f, const words *w, rp_stats_request *q)
{
    RP_NEED(!w->bad_rows || f->has_rows, RP_EUSE, "stats %s: --bad-rows is for tables of cases",
            f->name);
    RP_NEED(!q->by || f->has_groups, RP_EUSE, "stats %s: --by is for tables of cases", f->name);
    for (int k = 0; q->by && k < 3; k++)
        RP_NEED(strcmp(q->by, (const char *const[]){"name", "value", "state"}[k]) != 0, RP_EUSE,
                "--by %s: the rows have a column of that name", q->by);
    return rp_option_bad_rows(w->bad_rows, &q->skip_bad);
}

rp_status rp_verb_stats(int argc, char **argv)
{
    rp_stats_request q = {.radius = 5, .overlap = 0.1, .options = rp_family_defaults()};
    words w = {0};
    const rp_option table[] = {
        {.name = "--input", .value = &q.input},
        {.name = "--out", .value = &w.out},
        {.name = "--reference", .value = &q.reference},
        {.name = "--prediction", .value = &q.prediction},
        {.name = "--pairs", .value = &q.pairs},
        {.name = "--candidates", .value = &q.candidates},
        {.name = "--lesions", .value = &q.lesions},
        {.name = "--irrelevant", .value = &q.irrelevant},
        {.name = "--scans", .value = &q.scans},
        {.name = "--bad-rows", .value = &w.bad_rows},
        {.name = "--by", .value = &q.by},
        {.name = "--cut", .value = &w.cut},
        {.name = "--specificity", .value = &w.specificity},
        {.name = "--thresholds", .value = &w.thresholds},
        {.name = "--times", .value = &w.times},
        {.name = "--horizon", .value = &w.horizon},
        {.name = "--limit", .value = &w.limit},
        {.name = "--tau", .value = &w.tau},
        {.name = "--covariates", .value = &w.covariates},
        {.name = "--bootstrap", .value = &w.bootstrap},
        {.name = "--seed", .value = &w.seed},
        {.name = "--radius", .value = &w.radius},
        {.name = "--overlap", .value = &w.overlap},
        {.name = "--permutations", .value = &w.permutations},
        {.name = "--design", .value = &q.design},
        {.name = "--bounds", .value = &q.bounds},
        {.name = "--looks", .value = &q.looks},
        {.name = "--fractions", .value = &q.fractions},
    };
    enum { TABLE = sizeof table / sizeof *table };
    rp_option option[TABLE + RP_PLAN_COUNT];
    memcpy(option, table, sizeof table);
    for (int k = 0; k < RP_PLAN_COUNT; k++)
        option[TABLE + k] =
            (rp_option){.name = rp_plan_option((rp_plan_quantity)k), .value = &q.plan[k]};
    const char *word[1];
    int count;
    char covariates[RP_FAMILY_LIST][64];
    const struct family *family = NULL;
    RP_TEXT_AUTO out = {0};
    RP_TRY(rp_options_read(argc, argv, TABLE + RP_PLAN_COUNT, option, 1, word, &count));
    RP_TRY(find_family(count, word, &family));
    RP_TRY(read_rows(family, &w, &q));
    RP_TRY(read_numbers(&w, covariates, &q));
    q.options.who = rp_stats_share_replicates;
    RP_TRY(rp_ranks_agree(family->run(&q, &out)));
    return rp_ranks_speak() ? rp_print(w.out, &out) : RP_OK;
}
