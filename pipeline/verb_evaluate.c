/* pipeline/verb_evaluate.c - radpipe evaluate. */
#include "io/atomic.h"
#include "io/csv.h"
#include "io/nifti.h"
#include "lib/base/log.h"
#include "pipeline/groups.h"
#include "pipeline/run_source.h"
#include "pipeline/show_table.h"
#include "pipeline/verb.h"
#include "stages/predict.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char rp_verb_evaluate_usage[] =
    "usage: radpipe evaluate RUN --out CSV [--by COLUMN]\n"
    "       radpipe evaluate --prediction DIR --reference DIR --out CSV\n"
    "       radpipe evaluate --pairs CSV --out CSV [--by COLUMN] [--bad-rows stop|skip]\n"
    "\n"
    "Scores label maps (NIfTI) against references: Dice, HD95 (larger of the two directed 95th "
    "percentiles,\n"
    "mm), volumes (mm3), a row a case and label; prints the table and its summary.\n"
    "\n"
    "  RUN             the predictions of a run against the regions of its cohort; --by takes a "
    "column of\n"
    "                  the cohort's volumes.csv (manufacturer, model, kernel)\n"
    "  --prediction, --reference   folders; CASE.nii.gz goes with CASE.nii.gz, or with the one "
    "reference\n"
    "                              whose name begins with CASE and an underscore\n"
    "  --pairs CSV                 columns case, prediction, reference\n"
    "  --by COLUMN                 a column of the pairs (centre, scanner, ...): a summary for "
    "each of "
    "its groups\n"
    "  --bad-rows stop|skip        stop at a malformed row of the pairs (default), or leave such\n"
    "                              rows out and say how many\n"
    "  --out CSV                   rows, as the table\n"
    "\n"
    "examples: radpipe evaluate --prediction out --reference build/sts/masks --out scores.csv\n"
    "          radpipe evaluate build/run --by manufacturer --out scores.csv\n";

static bool is_nifti(const char *name, char stem[256])
{
    static const char *const endings[] = {".nii.gz", ".nii"};
    for (int i = 0; i < 2; i++) {
        const size_t n = strlen(name), m = strlen(endings[i]);
        if (n <= m || n - m >= 256 || strcmp(name + n - m, endings[i]) != 0) continue;
        (void)snprintf(stem, 256, "%.*s", (int)(n - m), name);
        return true;
    }
    return false;
}

/* CSV of pairs from two folders. */
static rp_status pair_folders(const char *prediction, const char *reference, rp_text *pairs)
{
    RP_AUTO(rp_names) p = NULL;
    RP_AUTO(rp_names) r = NULL;
    RP_TRY(rp_path_list(prediction, &p));
    RP_TRY(rp_path_list(reference, &r));
    rp_text_add(pairs, "case,prediction,reference\n");
    for (int64_t i = 0; i < p->count; i++) {
        char stem[256], other[256];
        const char *found = NULL;
        int matches = 0;
        if (!is_nifti(p->name[i], stem)) continue;
        for (int64_t k = 0; k < r->count; k++) {
            if (!is_nifti(r->name[k], other)) continue;
            const size_t n = strlen(stem);
            if (strcmp(stem, other) == 0) {
                found = r->name[k];
                matches = 1;
                break;
            }
            if (strncmp(stem, other, n) != 0 || other[n] != '_') continue;
            found = r->name[k];
            matches++;
        }
        RP_NEED(matches == 1, RP_EDATA, "prediction '%s': %s in '%s'; --pairs CSV can say which",
                p->name[i], matches ? "several references" : "no reference", reference);
        RP_AUTOFREE char *a = NULL, *b = NULL;
        RP_TRY(rp_path_join(prediction, p->name[i], &a));
        RP_TRY(rp_path_join(reference, found, &b));
        rp_csv_put(pairs, stem);
        rp_csv_put(pairs, a);
        rp_csv_put(pairs, b);
        rp_csv_end(pairs);
    }
    return rp_text_status(pairs);
}

static rp_status read_labels(const char *path, rp_grid *grid, uint8_t **out)
{
    RP_AUTO(rp_volume) v = NULL;
    RP_AUTOFREE uint8_t *l = NULL;
    RP_TRY(rp_nifti_read(path, &v, NULL));
    const int64_t n = rp_grid_voxels(&v->grid);
    RP_TRY(rp_alloc_raw(n, 1, &l));
    for (int64_t i = 0; i < n; i++) {
        const double x = rp_volume_value(v, i);
        RP_NEED(x >= 0 && x <= 255 && x == rint(x), RP_EDATA,
                "'%s' holds %g: labels are whole numbers from 0 to 255", path, x);
        l[i] = (uint8_t)x;
    }
    *grid = v->grid;
    *out = RP_TAKE(l);
    return RP_OK;
}

static rp_status need_one_grid(const char *prediction, const rp_grid *g, const char *reference,
                               const rp_grid *h)
{
    const double off = rp_grid_difference(g, h);
    RP_NEED(off <= 0.1, RP_EDATA,
            "'%s' and '%s' lie on other grids (%g voxels apart): resample one of them", prediction,
            reference, off);
    return RP_OK;
}

/* How the cases are scored: two files, or a file and the run's cohort. */
typedef rp_status score_fn(rp_run_source *source, const char *name, const char *prediction,
                           const char *reference, rp_text *rows);

static rp_status score_pair(rp_run_source *source, const char *name, const char *prediction,
                            const char *reference, rp_text *rows)
{
    (void)source;
    RP_AUTOFREE uint8_t *p = NULL, *r = NULL;
    rp_grid g, h;
    bool seen[256] = {false};
    RP_TRY(read_labels(prediction, &g, &p));
    RP_TRY(read_labels(reference, &h, &r));
    RP_TRY(need_one_grid(prediction, &g, reference, &h));
    const int64_t n = rp_grid_voxels(&g);
    for (int64_t i = 0; i < n; i++) seen[p[i]] = seen[r[i]] = true;
    int labels = 0;
    for (int label = 1; label < 256; label++) {
        if (!seen[label]) continue;
        char text[12];
        rp_score s;
        labels++;
        (void)snprintf(text, sizeof text, "%d", label);
        RP_TRY(rp_score_label(h.n, h.spacing, r, p, (uint8_t)label, &s));
        rp_score_row(rows, name, text, &s);
    }
    if (labels == 0)
        rp_log(RP_LOG_RUN, "evaluate", name, "case '%s': both label maps are empty", name);
    return rp_text_status(rows);
}

/* The labels of the job by their names, each of them. */
static rp_status score_case(rp_run_source *source, const char *name, const char *prediction,
                            const char *reference, rp_text *rows)
{
    (void)reference;
    RP_AUTO(rp_volume) image = NULL;
    RP_AUTOFREE uint8_t *p = NULL, *r = NULL;
    rp_grid g;
    RP_TRY(read_labels(prediction, &g, &p));
    RP_TRY(rp_run_source_case(source, name, &image, &r));
    RP_TRY(need_one_grid(prediction, &g, "the cohort's volume", &image->grid));
    for (int i = 0; i < source->prepare.labels; i++) {
        rp_score s;
        RP_TRY(rp_score_label(g.n, image->grid.spacing, r, p, (uint8_t)(i + 1), &s));
        rp_score_row(rows, name, source->prepare.label[i], &s);
    }
    return rp_text_status(rows);
}

/* CSV of a run's predictions, with the columns of the cohort's volumes. */
static rp_status list_run(const char *run, const rp_run_source *source, rp_text *pairs)
{
    RP_AUTOFREE char *folder = NULL, *path = NULL;
    RP_AUTO(rp_names) names = NULL;
    RP_AUTO(rp_csv) volumes = NULL;
    int of_case, of_name;
    RP_TRY(rp_path_join(run, "predictions", &folder));
    RP_TRY_IN(rp_path_list(folder, &names), "run '%s' has no predictions", run);
    RP_TRY(rp_path_join(source->job->cohort.path, "volumes.csv", &path));
    RP_TRY(rp_csv_read(path, ',', &volumes));
    RP_TRY(rp_csv_column(volumes, "case", &of_case));
    RP_TRY(rp_csv_column(volumes, "name", &of_name));
    rp_text_add(pairs, "prediction,reference");
    for (int c = 0; c < rp_csv_columns(volumes); c++)
        rp_text_add(pairs, ",%s", rp_csv_name(volumes, c));
    rp_text_add(pairs, "\n");
    for (int64_t i = 0; i < names->count; i++) {
        char stem[256];
        RP_AUTOFREE char *file = NULL;
        if (!is_nifti(names->name[i], stem)) continue;
        RP_TRY(rp_path_join(folder, names->name[i], &file));
        int64_t row = 0;
        while (row < rp_csv_rows(volumes) &&
               (strcmp(rp_csv_text(volumes, row, of_case), stem) != 0 ||
                strcmp(rp_csv_text(volumes, row, of_name), source->prepare.input[0]) != 0))
            row++;
        RP_NEED(row < rp_csv_rows(volumes), RP_EDATA,
                "prediction '%s': the cohort has no case of this name with volume '%s'", file,
                source->prepare.input[0]);
        rp_csv_put(pairs, file);
        rp_csv_put(pairs, "");
        for (int c = 0; c < rp_csv_columns(volumes); c++)
            rp_csv_put(pairs, rp_csv_text(volumes, row, c));
        rp_csv_end(pairs);
    }
    return rp_text_status(pairs);
}

/* Where each case's rows end in the text of all. */
typedef struct scored {
    rp_text rows;
    int64_t *end; /* [cases] */
} scored;

static rp_status score_all(const rp_csv *csv, score_fn *score, rp_run_source *source, scored *s)
{
    int a, b, c;
    RP_TRY(rp_csv_column(csv, "case", &a));
    RP_TRY(rp_csv_column(csv, "prediction", &b));
    RP_TRY(rp_csv_column(csv, "reference", &c));
    RP_TRY(rp_alloc(rp_csv_rows(csv), sizeof *s->end, &s->end));
    rp_score_header(&s->rows);
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        RP_TRY_IN(score(source, rp_csv_text(csv, i, a), rp_csv_text(csv, i, b),
                        rp_csv_text(csv, i, c), &s->rows),
                  "case '%s'", rp_csv_text(csv, i, a));
        s->end[i] = s->rows.length;
    }
    return rp_text_status(&s->rows);
}

/* Summary of the cases of one group, its name in front of each row. */
static rp_status add_group(const scored *s, const rp_groups *groups, int32_t group, rp_text *out)
{
    RP_TEXT_AUTO rows = {0}, summary = {0};
    const char *text = rp_text_get(&s->rows);
    rp_score_header(&rows);
    for (int64_t i = 0; i < groups->rows; i++) {
        const int64_t begin = i > 0 ? s->end[i - 1] : strchr(text, '\n') + 1 - text;
        if (groups->of[i] == group) rp_text_add_bytes(&rows, s->end[i] - begin, text + begin);
    }
    RP_TRY(rp_score_summary(&rows, &summary));
    const char *line = strchr(rp_text_get(&summary), '\n') + 1;
    while (*line) {
        const size_t n = strcspn(line, "\n") + 1;
        rp_csv_put(out, rp_groups_name(groups, group));
        rp_text_add_bytes(out, (int64_t)n, line);
        line += n;
    }
    return rp_text_status(out);
}

static rp_status show_groups(const char *by, const scored *s, const rp_groups *groups)
{
    RP_TEXT_AUTO table = {0};
    rp_csv_put(&table, by);
    rp_score_summary_header(&table);
    for (int32_t k = 0; k < groups->count; k++) RP_TRY(add_group(s, groups, k, &table));
    (void)printf("\n");
    return rp_show_csv(table.length, rp_text_get(&table), 3);
}

typedef struct asked {
    const char *run, *prediction, *reference, *pairs, *out, *by, *bad_rows;
} asked;

static rp_status evaluate(const asked *a, const rp_csv *csv, rp_run_source *source, scored *s,
                          rp_groups *groups)
{
    RP_TEXT_AUTO summary = {0}, both = {0};
    RP_NEED(rp_csv_rows(csv) > 0, RP_ENONE, "no prediction (.nii, .nii.gz) in '%s'",
            a->run          ? a->run
            : a->prediction ? a->prediction
                            : a->pairs);
    if (a->by) RP_TRY(rp_groups_read(csv, a->by, groups)); /* before hours of scoring */
    RP_TRY(score_all(csv, a->run ? score_case : score_pair, source, s));
    RP_TRY(rp_score_summary(&s->rows, &summary));
    RP_TRY(rp_atomic_write(a->out, s->rows.length, rp_text_get(&s->rows)));
    rp_text_add(&both, "%s\n%s", rp_text_get(&s->rows), rp_text_get(&summary));
    RP_TRY(rp_text_status(&both));
    RP_TRY(rp_show_scores(&both));
    return a->by ? show_groups(a->by, s, groups) : RP_OK;
}

static rp_status read_given(const asked *a, rp_csv **out)
{
    int64_t left_out = 0;
    bool skip;
    RP_TRY(rp_option_bad_rows(a->bad_rows, &skip));
    RP_TRY(skip ? rp_csv_read_fit(a->pairs, ',', &left_out, out) : rp_csv_read(a->pairs, ',', out));
    if (left_out > 0)
        rp_log(RP_LOG_RUN, "evaluate", "", "'%s': %" PRId64 " malformed rows left out", a->pairs,
               left_out);
    return RP_OK;
}

/* The table of what is to be scored: given, or made of folders or a run. */
static rp_status read_pairs(const asked *a, rp_run_source *source, rp_csv **out)
{
    RP_TEXT_AUTO list = {0};
    if (a->pairs) return read_given(a, out);
    if (a->run) {
        RP_TRY(rp_run_source_open(a->run, source));
        RP_TRY(list_run(a->run, source, &list));
    } else
        RP_TRY(pair_folders(a->prediction, a->reference, &list));
    return rp_csv_parse("pairs", ',', list.length, rp_text_get(&list), out);
}

rp_status rp_verb_evaluate(int argc, char **argv)
{
    asked a = {0};
    const char *word[1];
    int words;
    const rp_option option[] = {{.name = "--prediction", .value = &a.prediction},
                                {.name = "--reference", .value = &a.reference},
                                {.name = "--pairs", .value = &a.pairs},
                                {.name = "--by", .value = &a.by},
                                {.name = "--bad-rows", .value = &a.bad_rows},
                                {.name = "--out", .value = &a.out}};
    RP_TRY(rp_options_read(argc, argv, 6, option, 1, word, &words));
    if (words) a.run = word[0];
    const int ways = (a.run != NULL) + (a.pairs != NULL) + (a.prediction || a.reference);
    RP_NEED(a.out && ways == 1 && !a.prediction == !a.reference, RP_EUSE,
            "evaluate: a run, --prediction DIR and --reference DIR, or --pairs CSV, and --out CSV "
            "are needed");
    RP_NEED(!a.by || a.pairs || a.run, RP_EUSE,
            "evaluate: --by takes a column of --pairs, or of the run's cohort");
    RP_NEED(!a.bad_rows || a.pairs, RP_EUSE, "evaluate: --bad-rows is for --pairs");
    RP_AUTO(rp_csv) csv = NULL;
    rp_run_source source = {0};
    scored s = {0};
    rp_groups groups = {0};
    rp_status st = read_pairs(&a, &source, &csv);
    if (st == RP_OK) st = evaluate(&a, csv, &source, &s, &groups);
    rp_groups_clear(&groups);
    rp_run_source_clear(&source);
    rp_text_clear(&s.rows);
    rp_free(s.end);
    return st;
}
