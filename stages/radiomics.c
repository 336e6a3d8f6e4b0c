/* stages/radiomics.c - features of the regions of a cohort, over all ranks.
 */
#include "stages/radiomics.h"

#include "io/atomic.h"
#include "io/csv.h"
#include "lib/radiomics/regrid.h"

#include <inttypes.h>
#include <string.h>

/* Regions of the cohort that are asked for, in its order. */
typedef struct task {
    int64_t index; /* case */
    const rp_cohort_region *region;
    const rp_cohort_volume *volume; /* that is read; NULL: the case lacks it */
} task;
typedef struct working {
    const rp_radiomics_run *run;
    rp_radiomics_columns columns;
    int64_t tasks;
    task *task;
    double *cost;
} working;

static rp_status list_tasks(const rp_radiomics_run *run, working *w)
{
    const rp_cohort *c = run->cohort;
    RP_TRY(rp_alloc(c->regions, sizeof *w->task, &w->task));
    RP_TRY(rp_alloc(c->regions, sizeof *w->cost, &w->cost));
    for (int64_t i = 0; i < c->cases; i++)
        for (int64_t r = c->list[i].first_region; r < c->list[i].first_region + c->list[i].regions;
             r++) {
            const rp_cohort_region *region = &c->region[r];
            if (!rp_text_match(run->settings->image, region->volume) ||
                !rp_text_match(run->settings->region, region->name))
                continue;
            const char *read = run->settings->read;
            const rp_cohort_volume *volume =
                rp_cohort_find_volume(c, i, read[0] ? read : region->volume);
            if (!volume && !read[0]) continue;
            w->cost[w->tasks] =
                (double)region->voxels + (volume ? (double)rp_grid_voxels(&volume->grid) / 16 : 0);
            w->task[w->tasks++] = (task){i, region, volume};
        }
    RP_NEED(w->tasks > 0, RP_EUSE, "no region of the cohort is called '%s' and drawn on '%s'",
            run->settings->region, run->settings->image);
    return RP_OK;
}

/* A result carries its tables one behind the other, each after its length. */
static void pack(const rp_radiomics_tables *t, rp_text *out)
{
    const rp_text *const part[4] = {&t->features, &t->missing, &t->steps, &t->perturbed};
    for (int i = 0; i < 4; i++)
        rp_text_add(out, "%" PRId64 "\n%s", part[i]->length, rp_text_get(part[i]));
}

static rp_status unpack(const char *bytes, rp_radiomics_tables *t)
{
    rp_text *const part[4] = {&t->features, &t->missing, &t->steps, &t->perturbed};
    for (int i = 0; i < 4; i++) {
        const char *const end = strchr(bytes, '\n');
        int64_t n = 0;
        RP_AUTOFREE char *digits = NULL;
        RP_NEED(end, RP_EBUG, "a result of radiomics is cut");
        RP_TRY(rp_format(&digits, "%.*s", (int)(end - bytes), bytes));
        RP_NEED(rp_read_int(digits, &n) && n >= 0 && (int64_t)strlen(end + 1) >= n, RP_EBUG,
                "a result of radiomics is cut");
        rp_text_add_bytes(part[i], n, end + 1);
        bytes = end + 1 + n;
    }
    return RP_OK;
}

static rp_status run_task(void *arg, int64_t index, rp_text *result)
{
    working *w = arg;
    const task *k = &w->task[index];
    RP_AUTO(rp_volume) image = NULL, *mask = NULL;
    RP_AUTOFREE double *values = NULL;
    rp_radiomics_tables t = {0};
    RP_NEED(k->volume, RP_EDATA, "the case has no volume '%s'", w->run->settings->read);
    RP_TRY(rp_cohort_read(w->run->cohort, k->index, k->volume->dataset, &image));
    RP_TRY(rp_cohort_read(w->run->cohort, k->index, k->region->dataset, &mask));
    const int64_t n = rp_grid_voxels(&image->grid);
    const bool is_own = strcmp(k->volume->name, k->region->volume) == 0;
    RP_NEED((!is_own || rp_grid_voxels(&mask->grid) == n) && mask->dtype == RP_U8, RP_EDATA,
            "region '%s' is not on the grid of '%s'", k->region->name, k->volume->name);
    RP_AUTOFREE uint8_t *moved = NULL;
    if (!is_own) {
        RP_TRY(rp_alloc_raw(n, 1, &moved));
        RP_TRY(rp_regrid_mask(&mask->grid, mask->data, &image->grid, moved));
    }
    RP_TRY(rp_alloc_raw(n, sizeof *values, &values));
    rp_volume_doubles(image, values);
    const char *const name[3] = {w->run->cohort->list[k->index].name, k->region->name,
                                 k->volume->name};
    const rp_status st = rp_radiomics_region(w->run->settings, &w->columns, name, &image->grid,
                                             values, moved ? moved : mask->data, &t);
    if (st == RP_OK) pack(&t, result);
    rp_radiomics_tables_clear(&t);
    return st == RP_OK ? rp_text_status(result) : st;
}

static rp_status collect(const working *w, const rp_farm_results *f, int64_t *regions,
                         rp_radiomics_tables *t, rp_text *lost)
{
    *regions = 0;
    rp_radiomics_headers(&w->columns, t);
    for (int64_t i = 0; i < f->tasks; i++) {
        if (f->result[i].state == RP_FARM_IS_DONE) {
            RP_TRY(unpack(f->result[i].bytes, t));
            ++*regions;
            continue;
        }
        rp_csv_put(lost, w->run->cohort->list[w->task[i].index].name);
        rp_csv_put(lost, "radiomics");
        RP_AUTOFREE char *why = NULL;
        RP_TRY(rp_format(&why, "%s: %s", w->task[i].region->name,
                         f->result[i].bytes ? f->result[i].bytes : ""));
        rp_csv_put(lost, why);
        rp_csv_end(lost);
    }
    return rp_text_status(lost);
}

rp_status rp_radiomics_cohort(const rp_radiomics_run *run, int64_t *regions, rp_radiomics_tables *t,
                              rp_text *lost)
{
    working w = {.run = run};
    RP_AUTOFREE char *journal = NULL;
    RP_AUTO(rp_farm_results) f = NULL;
    rp_status st = rp_radiomics_columns_make(run->settings, &w.columns);
    if (st == RP_OK) st = list_tasks(run, &w);
    if (st == RP_OK) st = rp_path_join(run->folder, "journal", &journal);
    if (st == RP_OK && rp_comm_rank(run->comm) == 0) st = rp_path_make_folder(run->folder);
    st = rp_comm_agree(run->comm, st);
    const rp_work work = {.comm = run->comm,
                          .pool = run->pool,
                          .folder = journal,
                          .phase = "radiomics",
                          .title = "computing features",
                          .digest = run->digest,
                          .tasks = w.tasks,
                          .cost = w.cost,
                          .run = run_task,
                          .arg = &w,
                          .stop = run->stop,
                          .stop_arg = run->stop_arg};
    if (st == RP_OK) st = rp_work_run(&work, &f);
    if (st == RP_OK) {
        if (rp_comm_rank(run->comm) == 0) st = collect(&w, f, regions, t, lost);
        st = rp_comm_agree(run->comm, st);
    }
    rp_free(w.task);
    rp_free(w.cost);
    rp_radiomics_columns_clear(&w.columns);
    return st;
}
