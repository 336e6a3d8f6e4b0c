/* tests/test_radiomics_stability.c - ComBat against neuroCombat, robustness, pruning. */
#include "lib/radiomics/combat.h"
#include "lib/radiomics/robust.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURES = 12, CASES = 30 };

/* The samples of tests/data/radiomics_combat_input.csv. */
typedef struct samples {
    int n;
    double value[FEATURES][CASES], covariate[CASES][2]; /* sex (M is 1), age */
    int batch[CASES];
} samples;

static samples read_samples(void)
{
    const table *t = table_read("tests/data/radiomics_combat_input.csv");
    samples s = {.n = t->rows};
    cr_assert_eq(t->rows, CASES);
    for (int i = 0; i < t->rows; i++) {
        s.batch[i] = table_text(t, i, "batch")[0] - 'A';
        s.covariate[i][0] = table_text(t, i, "sex")[0] == 'M';
        s.covariate[i][1] = table_number(t, i, "age");
        for (int f = 0; f < FEATURES; f++) {
            char name[16];
            snprintf(name, sizeof name, "f%d", f + 1);
            s.value[f][i] = table_number(t, i, name);
        }
    }
    return s;
}

/* Both stand at the fixed point to 1e-13 of its parameters; with covariates neuroCombat's design
 * matrix is of single precision. */
static const double exact = 1e-9, single = 2e-6;

/* Compares harmonised values with the rows of a variant. */
static void compare(const samples *s, const char *variant, double tolerance)
{
    const table *t = table_read("tests/data/radiomics_combat_expected.csv");
    int rows = 0;
    for (int r = 0; r < t->rows; r++) {
        if (strcmp(table_text(t, r, "variant"), variant) != 0) continue;
        const int i = atoi(table_text(t, r, "case") + 1) - 1;
        rows++;
        for (int f = 0; f < FEATURES; f++) {
            char name[16];
            snprintf(name, sizeof name, "f%d", f + 1);
            const double want = table_number(t, r, name);
            cr_expect(near(s->value[f][i], want, tolerance, tolerance),
                      "%s c%d %s: %.12g, neuroCombat %.12g", variant, i + 1, name, s->value[f][i],
                      want);
        }
    }
    cr_expect_eq(rows, CASES);
}

/* Fits on the samples where train is not 0, applies to all. */
static void harmonise(samples *s, const rp_combat_settings *set, int covariates, int first,
                      const bool train[CASES])
{
    static double memory[FEATURES][CASES];
    double covariate[CASES * 2] = {0}, all[CASES * 2] = {0};
    const double *x[FEATURES];
    double *y[FEATURES];
    int batch[CASES], n = 0;
    for (int i = 0; i < s->n; i++) {
        for (int c = 0; c < covariates; c++) all[i * covariates + c] = s->covariate[i][first + c];
        if (train && !train[i]) continue;
        for (int f = 0; f < FEATURES; f++) memory[f][n] = s->value[f][i];
        for (int c = 0; c < covariates; c++)
            covariate[n * covariates + c] = s->covariate[i][first + c];
        batch[n++] = s->batch[i];
    }
    for (int f = 0; f < FEATURES; f++) {
        x[f] = memory[f];
        y[f] = s->value[f];
    }
    rp_combat *c = NULL;
    cr_assert_eq(rp_combat_fit(n, FEATURES, x, 3, batch, covariates, covariate, set, &c), RP_OK,
                 "%s", rp_error_message());
    rp_combat_apply(c, s->n, y, s->batch, all);
    rp_combat_drop(&c);
}

static const rp_combat_settings standard = {.reference = -1};

Test(combat, equals_neurocombat)
{
    samples s = read_samples();
    harmonise(&s, &standard, 0, 0, NULL);
    compare(&s, "plain", exact);
    no_leaks();
}

Test(combat, equals_neurocombat_with_covariates)
{
    samples s = read_samples();
    harmonise(&s, &standard, 2, 0, NULL);
    compare(&s, "covariates", single);
}

Test(combat, equals_neurocombat_without_bayes)
{
    samples s = read_samples();
    harmonise(&s, &(rp_combat_settings){.is_raw = true, .reference = -1}, 2, 0, NULL);
    compare(&s, "no-bayes", single);
}

Test(combat, equals_neurocombat_on_means_only)
{
    samples s = read_samples();
    harmonise(&s, &(rp_combat_settings){.is_mean_only = true, .reference = -1}, 1, 1, NULL);
    compare(&s, "mean-only", single);
}

Test(combat, equals_neurocombat_with_a_reference_that_stays)
{
    samples s = read_samples();
    const samples before = s;
    harmonise(&s, &(rp_combat_settings){.reference = 1}, 2, 0, NULL);
    compare(&s, "reference", single);
    for (int i = 0; i < CASES; i++)
        for (int f = 0; f < FEATURES && s.batch[i] == 1; f++)
            cr_expect_eq(s.value[f][i], before.value[f][i]);
}

/* neuroCombatFromTraining: six cases a centre are fitted, the others only corrected. */
Test(combat, fitted_on_some_is_applied_to_others)
{
    samples s = read_samples();
    bool train[CASES];
    int seen[3] = {0};
    for (int i = 0; i < CASES; i++) train[i] = seen[s.batch[i]]++ < 6;
    harmonise(&s, &standard, 0, 0, train);
    compare(&s, "training", exact);
}

Test(combat, leaves_what_it_cannot_fit_and_says_what_is_confounded)
{
    samples s = read_samples();
    for (int i = 0; i < CASES; i++) {
        s.value[0][i] = 3;                                      /* constant */
        if (s.batch[i] == 2) s.value[1][i] = 4;                 /* in one batch */
        if (i == 7) s.value[2][i] = NAN;                        /* missing */
    }
    const samples before = s;
    harmonise(&s, &standard, 0, 0, NULL);
    for (int f = 0; f < 3; f++)
        for (int i = 0; i < CASES; i++)
            cr_expect(s.value[f][i] == before.value[f][i] || (f == 2 && i == 7));
    cr_expect_neq(s.value[3][0], before.value[3][0]);
    /* A covariate that is the batch. */
    const double *x[1] = {before.value[3]};
    double covariate[CASES];
    rp_combat *c = NULL;
    for (int i = 0; i < CASES; i++) covariate[i] = s.batch[i] == 1 ? 2.5 : 1;
    cr_expect_eq(rp_combat_fit(CASES, 1, x, 3, s.batch, 1, covariate, &standard, &c), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "explain each other"), "%s", rp_error_message());
    int one[CASES] = {0};
    one[0] = 1;
    cr_expect_eq(rp_combat_fit(CASES, 1, x, 2, one, 0, NULL, &standard, &c), RP_EDATA,
                 "a batch of one sample has no scale");
    const rp_combat_settings mean_only = {.is_mean_only = true, .reference = -1};
    cr_expect_eq(rp_combat_fit(CASES, 1, x, 2, one, 0, NULL, &mean_only, &c), RP_OK);
    rp_combat_drop(&c);
    no_leaks();
}

/* Shrout and Fleiss 1979, table 2: six targets, four judges; their table 4 has ICC(1,1) .17,
 * ICC(2,1) .29, ICC(3,1) .71, ICC(1,4) .44, ICC(2,4) .62, ICC(3,4) .91. */
Test(robust, forms_are_those_of_shrout_and_fleiss_and_the_missing_are_left_out)
{
    const double judge[4][7] = {{9, 6, 8, 7, 10, 6, NAN},
                                {2, 1, 4, 1, 5, 2, 3},
                                {5, 3, 6, 2, 6, 4, 3},
                                {8, 2, 8, 6, 9, 7, 3}};
    const double want[RP_ICC_FORMS] = {.17, .29, .71, .44, .62, .91};
    const double *x[4] = {judge[0], judge[1], judge[2], judge[3]};
    rp_robustness r;
    cr_assert_eq(rp_robustness_find(7, 4, x, &r), RP_OK);
    cr_expect_eq(r.subjects, 6);
    for (int f = 0; f < RP_ICC_FORMS; f++)
        cr_expect(near(r.icc[f].value.x, want[f], 0, 0.006), "%s: %g",
                  rp_icc_name((rp_icc_form)f), r.icc[f].value.x);
    cr_expect_eq(r.class[RP_ICC1], RP_ROBUST_POOR);
    cr_assert_eq(rp_robustness_find(1, 4, x, &r), RP_OK);
    cr_expect_eq(r.icc[RP_ICC1].value.state, RP_VALUE_UNDEFINED);
    cr_expect_eq(r.class[RP_ICC1], RP_ROBUST_UNDEFINED);
    no_leaks();
}

/* scipy 1.10: pearsonr(a, b) 0.9550230183180095, (a, c) 0.7581321321708269, (b, c)
 * 0.9138288624218899; spearmanr of these three is 1; of d with a, b, c both are below 0.2. */
Test(robust, pruning_keeps_one_of_those_that_say_the_same)
{
    const double a[] = {1, 2, 3, 4, 5}, b[] = {1, 3, 4, 6, 11}, c[] = {1, 2, 4, 10, 100},
                 d[] = {2, 1, 3, 1, 2}, e[] = {4, 4, 4, 4, 4};
    const double *x[] = {a, b, c, d, e}, merit[] = {0.5, 0.9, 0.1, 0.3, 1};
    bool kept[5];
    int64_t cause[5];
    double r[5];
    cr_assert_eq(rp_prune_correlated(5, 5, x, NULL, false, 0.9, kept, cause, r), RP_OK);
    const bool pearson[] = {true, false, true, true, false};
    for (int i = 0; i < 5; i++) cr_expect_eq(kept[i], pearson[i], "%d", i);
    cr_expect_eq(cause[1], 0);
    cr_expect(near(r[1], 0.9550230183180095, 1e-12, 0));
    cr_expect_eq(cause[4], -1, "a constant says nothing");
    cr_assert_eq(rp_prune_correlated(5, 5, x, merit, true, 0.9, kept, cause, r), RP_OK);
    const bool spearman[] = {false, true, false, true, false};
    for (int i = 0; i < 5; i++) cr_expect_eq(kept[i], spearman[i], "%d", i);
    cr_expect_eq(cause[0], 1);
    cr_expect(near(r[0], 1, 1e-12, 0));
    no_leaks();
}
