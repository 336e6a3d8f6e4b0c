/* pipeline/verb_info.c - radpipe info. */
#include "cohort/cohort.h"
#include "io/atomic.h"
#include "io/csv.h"
#include "lib/base/clock.h"
#include "lib/base/order.h"
#include "lib/base/tree.h"
#include "lib/image/orient.h"
#include "pipeline/show_table.h"
#include "pipeline/verb.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char rp_verb_info_usage[] = "usage: radpipe info COHORT|RUN\n"
                                  "\n"
                                  "For a cohort: its cases, volumes, regions and what was left "
                                  "out.  For a run: where it stands, how fast it\n"
                                  "goes, what is lost, and its scores when it is done.\n"
                                  "\n"
                                  "example: radpipe info build/run\n";

/* Counts of one column's values, e.g. volumes by name. */
static void show_counts(const char *title, int64_t n,
                        const char *(*name)(const rp_cohort *, int64_t), const rp_cohort *c)
{
    (void)printf("%s\n", title);
    for (int64_t i = 0; i < n; i++) {
        int64_t count = 0;
        bool first = true;
        for (int64_t k = 0; k < i && first; k++) first = strcmp(name(c, k), name(c, i)) != 0;
        if (!first) continue;
        for (int64_t k = i; k < n; k++) count += strcmp(name(c, k), name(c, i)) == 0;
        (void)printf("  %-24s %6" PRId64 "\n", name(c, i), count);
    }
}

static const char *volume_name(const rp_cohort *c, int64_t i) { return c->volume[i].name; }

static const char *region_name(const rp_cohort *c, int64_t i) { return c->region[i].name; }

/* Median spacing a volume name: what prepare.spacing auto would take. */
static rp_status show_spacing(const rp_cohort *c)
{
    RP_AUTOFREE double *x = NULL;
    RP_TRY(rp_alloc(c->volumes, sizeof *x, &x));
    (void)printf("median spacing z, y, x (mm)\n");
    for (int64_t i = 0; i < c->volumes; i++) {
        bool first = true;
        for (int64_t k = 0; k < i && first; k++)
            first = strcmp(c->volume[k].name, c->volume[i].name) != 0;
        if (!first) continue;
        (void)printf("  %-24s", c->volume[i].name);
        for (int a = 0; a < 3; a++) {
            int64_t n = 0;
            for (int64_t k = i; k < c->volumes; k++)
                if (strcmp(c->volume[k].name, c->volume[i].name) == 0) {
                    const rp_orient o = rp_orient_canonical(&c->volume[k].grid);
                    x[n++] = rp_orient_grid(&c->volume[k].grid, &o).spacing[a];
                }
            qsort(x, (size_t)n, sizeof *x, rp_ascending);
            (void)printf(" %8.3f", rp_quantile_sorted(n, x, 0.5));
        }
        (void)printf("\n");
    }
    return RP_OK;
}

static rp_status show_file(const char *folder, const char *name, const char *title)
{
    RP_AUTOFREE char *path = NULL;
    RP_TEXT_AUTO t = {0};
    rp_path_info info;
    RP_TRY(rp_path_join(folder, name, &path));
    RP_TRY(rp_path_look(path, true, &info));
    if (info.kind != RP_PATH_FILE) return RP_OK;
    RP_TRY(rp_file_read(path, 1 << 26, &t));
    const char *rows = strchr(rp_text_get(&t), '\n');
    if (!rows || !rows[1]) return RP_OK;
    (void)printf("%s\n", title);
    return rp_show_csv(t.length, rp_text_get(&t), 3);
}

static rp_status show_cohort(const char *path)
{
    RP_AUTO(rp_cohort) c = NULL;
    RP_TRY(rp_cohort_open(path, &c));
    int64_t patients = 0;
    for (int64_t i = 0; i < c->cases; i++)
        patients += i == 0 || strcmp(c->list[i].patient, c->list[i - 1].patient) != 0;
    (void)printf("cohort   %s\ncases    %6" PRId64 "   patients %6" PRId64 "   shards %4" PRId64
                 "\n",
                 path, c->cases, patients, c->shards);
    show_counts("volumes", c->volumes, volume_name, c);
    show_counts("regions", c->regions, region_name, c);
    RP_TRY(show_spacing(c));
    return show_file(path, "flow.csv", "flow");
}

/* Iterations done, asked for, and the rate of the last ones. */
static rp_status show_progress(const char *path)
{
    RP_AUTOFREE char *progress = NULL, *job = NULL;
    RP_AUTO(rp_csv) csv = NULL;
    RP_AUTO(rp_tree) t = NULL;
    RP_TEXT_AUTO text = {0};
    rp_path_info info;
    int64_t wanted = 0;
    RP_TRY(rp_path_join(path, "progress.csv", &progress));
    RP_TRY(rp_path_join(path, "job.yaml", &job));
    RP_TRY(rp_file_read(job, 1 << 20, &text));
    RP_TRY(rp_tree_yaml(job, text.length, rp_text_get(&text), &t));
    const rp_node *train = rp_node_get(rp_tree_root(t), "train"),
                  *n = train ? rp_node_get(train, "iterations") : NULL;
    if (n) (void)rp_node_int(n, &wanted);
    RP_TRY(rp_path_look(progress, true, &info));
    if (info.kind != RP_PATH_FILE) {
        (void)printf("run      %s\nstate    has not begun to train\n", path);
        return RP_OK;
    }
    RP_TRY(rp_csv_read(progress, ',', &csv));
    const int64_t rows = rp_csv_rows(csv), last = rows < 20 ? rows : 20;
    double seconds = 0, loss = 0, x;
    int64_t done = 0;
    for (int64_t i = rows - last; i < rows; i++) {
        RP_TRY(rp_csv_double(csv, i, rp_csv_find(csv, "seconds"), &x));
        seconds += x;
        RP_TRY(rp_csv_double(csv, i, rp_csv_find(csv, "loss"), &x));
        loss += x;
        RP_TRY(rp_csv_int(csv, i, 0, &done));
    }
    char left[32];
    rp_clock_duration(last ? seconds / (double)last * (double)(wanted - done) : 0, left);
    (void)printf("run      %s\niteration %" PRId64 " of %" PRId64 "\n", path, done, wanted);
    if (last)
        (void)printf("last %" PRId64 "  loss %.4f, %.3f s an iteration%s%s\n", last,
                     loss / (double)last, seconds / (double)last,
                     done < wanted ? ", time left about " : "", done < wanted ? left : "");
    return RP_OK;
}

/* Another process that holds the run's lock trains now. */
static rp_status show_lock(const char *path)
{
    RP_AUTOFREE char *lock = NULL;
    rp_lock *l = NULL;
    RP_TRY(rp_path_join(path, "lock", &lock));
    if (rp_lock_take(lock, false, &l) == RP_OK)
        (void)printf("state    not running\n");
    else
        (void)printf("state    running (%s)\n", rp_error_message());
    rp_lock_drop(&l);
    return RP_OK;
}

rp_status rp_verb_info(int argc, char **argv)
{
    const char *word[1];
    int words;
    RP_AUTOFREE char *cohort = NULL, *job = NULL;
    rp_path_info is_cohort, is_run;
    RP_TRY(rp_options_read(argc, argv, 0, NULL, 1, word, &words));
    RP_NEED(words == 1, RP_EUSE, "info: a cohort or a run is needed");
    RP_TRY(rp_path_join(word[0], "cohort.json", &cohort));
    RP_TRY(rp_path_join(word[0], "job.yaml", &job));
    RP_TRY(rp_path_look(cohort, true, &is_cohort));
    RP_TRY(rp_path_look(job, true, &is_run));
    if (is_cohort.kind == RP_PATH_FILE) return show_cohort(word[0]);
    RP_NEED(is_run.kind == RP_PATH_FILE, RP_ENONE, "'%s' is neither a complete cohort nor a run",
            word[0]);
    RP_TRY(show_progress(word[0]));
    RP_TRY(show_lock(word[0]));
    RP_TRY(show_file(word[0], "lost.csv", "lost cases"));
    return show_file(word[0], "metrics.csv", "scores of the test cases");
}
