/* bench/bench_stats.c - statistics at the sizes of large trials, as a server for tools/bench.
 *
 * usage: bench_stats hd95 | delong FILE | bootstrap FILE | harrell FILE | harrell-se FILE
 *        bench_stats trial FILE PROGRAM
 *
 * FILE is made: what a peer reads.  hd95: two ellipsoids in 130 x 512 x 512 of 2.5 x 0.9 x 0.9 mm,
 * masks in memory.  delong: area and its variance of 1e6 scores.  bootstrap: REPLICATES of the area
 * of 1e5 scores (a hundredth of a whole one).  harrell: C of 1e6 subjects, without and with its
 * standard error.  trial: PROGRAM's table of 1e6 examinations, from reading to files. */
#include "bench/harness.h"
#include "io/csv.h"
#include "lib/base/random.h"
#include "lib/base/text.h"
#include "lib/image/distance.h"
#include "lib/image/surface_search.h"
#include "lib/stats/bootstrap.h"
#include "lib/stats/concordance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MILLION = 1000000, RESAMPLED = 100000, REPLICATES = 100, D = 130, H = 512, W = 512 };

typedef struct work {
    int64_t n;
    double *a, *b, *c; /* [n] columns of FILE */
    uint8_t *reference, *prediction;
    const char *file, *program;
} work;

/* FILE: n doubles of each column, one behind the other. */
static rp_status write_columns(const work *w, int columns)
{
    const double *const column[] = {w->a, w->b, w->c};
    FILE *f = fopen(w->file, "wb");
    RP_NEED(f, RP_EIO, "'%s' cannot be made", w->file);
    bool fine = true;
    for (int k = 0; k < columns; k++)
        fine &= fwrite(column[k], sizeof(double), (size_t)w->n, f) == (size_t)w->n;
    fine &= fclose(f) == 0;
    RP_NEED(fine, RP_EIO, "'%s' cannot be written", w->file);
    return RP_OK;
}

/* A fiftieth positive, normal scores 1.2 apart. */
static rp_status make_scores(work *w, int64_t n)
{
    w->n = n;
    RP_TRY(rp_alloc(n, sizeof(double), &w->a));
    RP_TRY(rp_alloc(n, sizeof(double), &w->b));
    for (int64_t i = 0; i < n; i++) {
        rp_random r;
        rp_random_start(3, RP_RANDOM_TEST, (uint64_t)i, &r);
        w->a[i] = rp_random_below(&r, 50) == 0;
        w->b[i] = rp_random_normal(&r) + 1.2 * w->a[i];
    }
    return write_columns(w, 2);
}

/* Exponential times whose rate grows with the risk, half of them censored. */
static rp_status make_lives(work *w)
{
    w->n = MILLION;
    RP_TRY(rp_alloc(w->n, sizeof(double), &w->a));
    RP_TRY(rp_alloc(w->n, sizeof(double), &w->b));
    RP_TRY(rp_alloc(w->n, sizeof(double), &w->c));
    for (int64_t i = 0; i < w->n; i++) {
        rp_random r;
        rp_random_start(4, RP_RANDOM_TEST, (uint64_t)i, &r);
        w->c[i] = rp_random_normal(&r);
        w->a[i] = -log1p(-rp_random_unit(&r)) * exp(-0.5 * w->c[i]);
        w->b[i] = rp_random_below(&r, 2) == 0;
    }
    return write_columns(w, 3);
}

static void fill_ellipsoid(uint8_t *m, double z, double y, double x, const double radius[3])
{
    for (int64_t i = 0; i < (int64_t)D * H * W; i++) {
        const double dz = ((double)(i / W / H) - z) / radius[0],
                     dy = ((double)(i / W % H) - y) / radius[1],
                     dx = ((double)(i % W) - x) / radius[2];
        m[i] = dz * dz + dy * dy + dx * dx <= 1;
    }
}

static rp_status make_masks(work *w)
{
    RP_TRY(rp_alloc((int64_t)D * H * W, 1, &w->reference));
    RP_TRY(rp_alloc((int64_t)D * H * W, 1, &w->prediction));
    fill_ellipsoid(w->reference, 65, 256, 256, (const double[]){45, 90, 120});
    fill_ellipsoid(w->prediction, 66, 259, 252, (const double[]){44, 92, 121});
    return RP_OK;
}

/* A screening table: women of whom a tenth come twice. */
static rp_status make_table(work *w)
{
    FILE *f = fopen(w->file, "w");
    RP_NEED(f, RP_EIO, "'%s' cannot be made", w->file);
    (void)fprintf(
        f, "id,woman,arm,site,age,density,reader1,reader2,ai_raw,risk_score,consensus,recall,"
           "cancer,interval_cancer,invasive\n");
    for (int64_t i = 0; i < MILLION; i++) {
        const long woman = (long)(i - i / 11); /* every eleventh examination is a second one */
        rp_random r, of_woman;
        rp_random_start(5, RP_RANDOM_TEST, (uint64_t)i, &r);
        rp_random_start(6, RP_RANDOM_TEST, (uint64_t)woman, &of_woman);
        const bool is_new = rp_random_u32(&of_woman) >> 31, cancer = rp_random_below(&r, 120) == 0;
        const bool one = rp_random_below(&r, cancer ? 2 : 30) == 0,
                   two = rp_random_below(&r, cancer ? 2 : 30) == 0,
                   recall = (one || two) && rp_random_below(&r, cancer ? 20 : 3) > 0;
        const double raw = rp_random_unit(&r);
        (void)fprintf(f, "%ld,w%ld,%s,%c,%d,%c,%d,%d,%.9f,%d,%d,%d,%d,%d,%d\n", (long)i + 1, woman,
                      is_new ? "AI" : "control", "ABCD"[rp_random_below(&of_woman, 4)],
                      (int)(40 + rp_random_below(&of_woman, 35)), "abcd"[rp_random_below(&r, 4)],
                      one, two, raw, 1 + (int)(10 * raw), one || two, recall, cancer,
                      cancer && !recall && rp_random_below(&r, 2),
                      cancer && rp_random_below(&r, 4) > 0);
    }
    RP_NEED(fclose(f) == 0, RP_EIO, "'%s' cannot be written", w->file);
    return RP_OK;
}

static rp_status run_hd95(void *arg, double *value)
{
    work *w = arg;
    rp_surface_distances d;
    RP_TRY(rp_surface_distances_search((const int64_t[]){D, H, W}, (const double[]){2.5, 0.9, 0.9},
                                       w->reference, w->prediction, 1, &d));
    const rp_status st = rp_surface_hausdorff(&d, 0.95, value);
    rp_surface_distances_clear(&d);
    return st;
}

static rp_status run_delong(void *arg, double *value)
{
    work *w = arg;
    double auc;
    if (!w->c) RP_TRY(rp_alloc(w->n, sizeof(double), &w->c));
    RP_TRY(rp_delong_components(w->n, w->a, w->b, w->c, &auc));
    *value = sqrt(rp_delong_covariance(w->n, w->a, w->c, w->c));
    return RP_OK;
}

static rp_status run_bootstrap(void *arg, double *value)
{
    work *w = arg;
    rp_bootstrap_result r;
    RP_TRY(rp_auc_bootstrap(w->n, w->a, w->b, 1, REPLICATES, 0.95, NULL, &r));
    *value = r.se.x;
    return RP_OK;
}

static rp_status find_c(const work *w, bool want_se, double *value)
{
    RP_AUTO(rp_lives) l = NULL;
    rp_concordance c;
    RP_TRY(rp_lives_new(w->n, w->a, w->b, &l));
    RP_TRY(rp_concordance_find(l, w->c, NULL, want_se, &c));
    *value = want_se ? c.se.x : c.c.x;
    return RP_OK;
}

static rp_status run_harrell(void *arg, double *value) { return find_c(arg, false, value); }

static rp_status run_harrell_se(void *arg, double *value) { return find_c(arg, true, value); }

/* Value: ratio of recalls. */
static rp_status run_trial(void *arg, double *value)
{
    const work *w = arg;
    RP_AUTOFREE char *command = NULL, *csv_path = NULL;
    RP_AUTO(rp_csv) csv = NULL;
    int endpoint, ratio;
    RP_TRY(rp_format(&command, "%s trial --table %s --out %s.out >/dev/null", w->program, w->file,
                     w->file));
    RP_NEED(system(command) == 0, RP_EIO, "'%s' failed", command);
    RP_TRY(rp_format(&csv_path, "%s.out/trial.csv", w->file));
    RP_TRY(rp_csv_read(csv_path, ',', &csv));
    RP_TRY(rp_csv_column(csv, "endpoint", &endpoint));
    RP_TRY(rp_csv_column(csv, "ratio", &ratio));
    for (int64_t i = 0; i < rp_csv_rows(csv); i++)
        if (strcmp(rp_csv_text(csv, i, endpoint), "recalls") == 0)
            return rp_csv_double(csv, i, ratio, value);
    RP_FAIL(RP_EDATA, "'%s' has no recalls", csv_path);
}

static rp_status make_million(work *w) { return make_scores(w, MILLION); }

static rp_status make_resampled(work *w) { return make_scores(w, RESAMPLED); }

static const struct row {
    const char *name;
    int words; /* behind the name */
    rp_status (*make)(work *w);
    rp_bench_step *step;
} rows[] = {{"hd95", 0, make_masks, run_hd95},
            {"delong", 1, make_million, run_delong},
            {"bootstrap", 1, make_resampled, run_bootstrap},
            {"harrell", 1, make_lives, run_harrell},
            {"harrell-se", 1, make_lives, run_harrell_se},
            {"trial", 2, make_table, run_trial}};

int main(int argc, char **argv)
{
    for (size_t k = 0; argc > 1 && k < sizeof rows / sizeof *rows; k++) {
        if (strcmp(rows[k].name, argv[1]) != 0 || argc != 2 + rows[k].words) continue;
        work w = {.file = argc > 2 ? argv[2] : NULL, .program = argc > 3 ? argv[3] : NULL};
        const rp_status st = rows[k].make(&w);
        const int code = st == RP_OK ? rp_bench_serve(rows[k].step, &w) : rp_bench_fail(st);
        rp_free(w.a);
        rp_free(w.b);
        rp_free(w.c);
        rp_free(w.reference);
        rp_free(w.prediction);
        return code;
    }
    (void)fprintf(
        stderr,
        "usage: bench_stats hd95|delong|bootstrap|harrell|harrell-se|trial [FILE [PROGRAM]]\n");
    return 2;
}
