/* tests/test_stats_detection.c - lib/stats: marks, free-response curves, assignment. */
#include "lib/stats/assign.h"
#include "lib/stats/froc.h"
#include "tests/stats_values.h"

/* Codes of scans: their order in the list, or the number itself without a list. */
static int64_t code_of(const table *list, const char *id)
{
    if (!list) return strtoll(id, NULL, 10);
    for (int r = 0; r < list->rows; r++)
        if (strtoll(list->cell[r * list->columns], NULL, 10) == strtoll(id, NULL, 10)) return r;
    return -1;
}

/* Columns: scan, x, y, z, number. */
static rp_findings findings_of(const char *path, const table *list)
{
    const table *t = table_read(path);
    int64_t *scan = calloc((size_t)(unsigned)t->rows, sizeof *scan);
    double *x = calloc((size_t)(unsigned)t->rows * 4, sizeof *x);
    for (int r = 0; r < t->rows; r++) {
        scan[r] = code_of(list, t->cell[r * t->columns]);
        for (int c = 0; c < 4; c++) x[c * t->rows + r] = strtod(t->cell[r * t->columns + c + 1], NULL);
    }
    return (rp_findings){t->rows, scan, x, x + t->rows, x + 2 * t->rows, x + 3 * t->rows};
}

static void hold_detection(const char *name, int64_t scans, bool shared)
{
    const char *kinds[] = {"lesions", "irrelevant", "candidates", "expected"}, *path[4];
    for (int k = 0; k < 4; k++) {
        char rel[200];
        snprintf(rel, sizeof rel, shared ? "data/stats/detection/synthetic/%s_%s.csv" : "tests/data/stats_%s_%s.csv", name, kinds[k]);
        path[k] = shared ? shared_path(rel) : strdup(rel);
        if (!path[k]) skip_test("the reference set ../shared/data/stats is not there");
    }
    const rp_findings l = findings_of(path[0], NULL), i = findings_of(path[1], NULL), c = findings_of(path[2], NULL);
    RP_AUTO(rp_marks) m = NULL;
    RP_ROWS_AUTO rows = {0};
    cr_assert_eq(rp_marks_new(scans, &l, &i, &c, 5, &m), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_family_detection(m, c.n, &rows), RP_OK);
    const table *t = table_read(path[3]);
    fprintf(stderr, "%s: %d of %d rows\n", path[3], hold_rows(&rows, t, 0, t->rows, name), t->rows);
}

Test(detection, forty_scans_equal_plain_python)
{
    hold_detection("d40", 40, true);
}
Test(detection, a_hundred_and_twenty_scans_equal_plain_python)
{
    hold_detection("d120", 120, true);
}
Test(detection, fifteen_scans_equal_plain_python)
{
    hold_detection("d15", 15, true);
}
Test(detection, the_small_set_that_comes_along_holds_too)
{
    hold_detection("d15", 15, false);
}

/* 0.692243 ... 0.933390, CPM 0.841966: the folder's README, and 0.842 as the paper prints it. */
Test(detection, LUNA16_gives_the_seven_sensitivities_of_the_challenge)
{
    const char *list = shared_path("data/stats/detection/luna16/seriesuids.csv");
    if (!list) skip_test("the reference set ../shared/data/stats is not there");
    const table *scans = table_read(list);
    const rp_findings l = findings_of(shared_path("data/stats/detection/luna16/annotations.csv"), scans);
    const rp_findings i = findings_of(shared_path("data/stats/detection/luna16/annotations_excluded.csv"), scans);
    const rp_findings c = findings_of(shared_path("data/stats/detection/luna16/predictions.csv"), scans);
    RP_AUTO(rp_marks) m = NULL;
    RP_AUTO(rp_froc) f = NULL;
    cr_assert_eq(rp_marks_new(scans->rows, &l, &i, &c, 5, &m), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_froc_new(m, &f), RP_OK);
    const double want[] = {0.692243, 0.768971, 0.823777, 0.865093, 0.892917, 0.917369, 0.933390};
    for (int k = 0; k < RP_CPM_RATES; k++)
        cr_expect(near(rp_froc_sensitivity(f, rp_cpm_rates[k]).x, want[k], 0, 5e-7));
    cr_expect(near(rp_froc_cpm(f).x, 0.841966, 0, 5e-7));
}

Test(detection, nothing_to_find_is_undefined_and_a_scan_out_of_range_is_refused)
{
    const rp_findings none = {0};
    const int64_t scan[] = {0}, far[] = {3};
    const double at[] = {1}, score[] = {0.5};
    const rp_findings one = {1, scan, at, at, at, score}, bad = {1, far, at, at, at, score};
    RP_AUTO(rp_marks) m = NULL;
    RP_AUTO(rp_froc) f = NULL;
    cr_expect_eq(rp_marks_new(2, &none, &none, &bad, 5, &m), RP_EDATA);
    cr_assert_eq(rp_marks_new(2, &none, &none, &one, 5, &m), RP_OK);
    cr_assert_eq(rp_froc_new(m, &f), RP_OK);
    cr_expect_eq(rp_froc_cpm(f).state, RP_VALUE_UNDEFINED);
    rp_value v;
    cr_assert_eq(rp_jafroc(m, true, false, &v), RP_OK);
    cr_expect_eq(v.state, RP_VALUE_UNDEFINED);
}

/* All ways of giving columns to rows, one by one. */
static double best_by_hand(int row, int rows, int columns, const double gain[], int used)
{
    if (row == rows) return 0;
    double best = best_by_hand(row + 1, rows, columns, gain, used);
    for (int c = 0; c < columns; c++)
        if (!(used >> c & 1)) best = fmax(best, gain[row * columns + c] + best_by_hand(row + 1, rows, columns, gain, used | 1 << c));
    return best;
}

Test(assign, the_sum_is_that_of_the_best_of_all_ways)
{
    for (int trial = 0; trial < 50; trial++) {
        const int rows = 1 + trial % 5, columns = 1 + trial / 5 % 6;
        double gain[30], sum = 0;
        int64_t to[5];
        int used = 0;
        for (int k = 0; k < rows * columns; k++) gain[k] = (k * 7919 + trial * 104729) % 97 < 40 ? 0 : (k * 31 + trial * 17) % 23;
        cr_assert_eq(rp_assign(rows, columns, gain, to), RP_OK);
        for (int r = 0; r < rows; r++) {
            if (to[r] < 0) continue;
            cr_assert(!(used >> to[r] & 1));
            used |= 1 << to[r];
            sum += gain[r * columns + to[r]];
        }
        cr_expect(near(sum, best_by_hand(0, rows, columns, gain, 0), 1e-12, 0), "%d x %d", rows, columns);
    }
}
