/* stages/radiomics.c - features of regions: of one image and mask, and of a cohort over all ranks.
 */
#include "stages/radiomics.h"

#include "io/atomic.h"
#include "io/csv.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The local peak looks this far around a region. */
static const double margin_mm = 8;

void rp_radiomics_columns_clear(rp_radiomics_columns *c)
{
    rp_free(c->feature);
    rp_free(c->aggregation);
    *c = (rp_radiomics_columns){0};
}

static void aggregations_of(rp_family f, int *from, int *to)
{
    const bool has_matrix = f >= RP_GLCM, has_directions = f == RP_GLCM || f == RP_GLRLM;
    *from = !has_matrix ? RP_DHQ4 : has_directions ? RP_BTW3 : RP_8QNN;
    *to = !has_matrix ? RP_DHQ4 : has_directions ? RP_IAZD : RP_KOBO;
}

rp_status rp_radiomics_columns_make(const rp_radiomics_settings *s, rp_radiomics_columns *out)
{
    rp_radiomics_columns c = {.is_pyradiomics = s->is_pyradiomics};
    rp_status st =
        rp_alloc(RP_FEATURE_COUNT * (int64_t)RP_AGGREGATION_COUNT, sizeof *c.feature, &c.feature);
    if (st == RP_OK)
        st = rp_alloc(RP_FEATURE_COUNT * (int64_t)RP_AGGREGATION_COUNT, sizeof *c.aggregation,
                      &c.aggregation);
    for (; s->is_pyradiomics && st == RP_OK && c.count < RP_PYRADIOMICS_COUNT; c.count++)
        c.feature[c.count] = (int)c.count;
    for (int f = 0; f < RP_FAMILY_COUNT && st == RP_OK && !s->is_pyradiomics; f++) {
        int from, to;
        aggregations_of((rp_family)f, &from, &to);
        const int first = rp_family_first((rp_family)f), size = rp_family_size((rp_family)f);
        for (int a = from; a <= to && s->families.is_wanted[f]; a++) {
            if (a != RP_DHQ4 && !s->texture.aggregation[a]) continue;
            for (int i = 0; i < size; i++, c.count++) {
                c.feature[c.count] = first + i;
                c.aggregation[c.count] = (rp_aggregation)a;
            }
        }
    }
    if (st != RP_OK)
        rp_radiomics_columns_clear(&c);
    else
        *out = c;
    return st;
}

void rp_radiomics_column_name(const rp_radiomics_columns *c, int64_t i, rp_text *out)
{
    if (c->is_pyradiomics) {
        rp_text_add(out, "original_%s", rp_pyradiomics_name(c->feature[i]));
        return;
    }
    rp_text_add(out, "%s", rp_features[c->feature[i]].tag);
    if (c->aggregation[i] != RP_DHQ4)
        rp_text_add(out, ".%s", rp_aggregation_code(c->aggregation[i]));
}

void rp_radiomics_tables_clear(rp_radiomics_tables *t)
{
    rp_text_clear(&t->features);
    rp_text_clear(&t->missing);
    rp_text_clear(&t->steps);
}

void rp_radiomics_headers(const rp_radiomics_columns *c, rp_radiomics_tables *t)
{
    rp_text_add(&t->features, "case,region,image,voxels,warning");
    for (int64_t i = 0; i < c->count; i++) {
        rp_text_add(&t->features, ",");
        rp_radiomics_column_name(c, i, &t->features);
    }
    rp_text_add(&t->features, "\n");
    rp_text_add(&t->missing, "case,region,image,feature,reason\n");
    rp_text_add(
        &t->steps,
        "case,region,image,step,mask,size_z,size_y,size_x,spacing_z_mm,spacing_y_mm,spacing_x_mm,"
        "voxels,box_z,box_y,box_x,mean,min,max\n");
}

void rp_radiomics_dictionary(const rp_radiomics_columns *c, rp_text *out)
{
    rp_text_add(out, "feature,name,code,family,family_code,aggregation,unit,standardised\n");
    for (int64_t i = 0; i < c->count; i++) {
        if (c->is_pyradiomics) {
            rp_radiomics_column_name(c, i, out);
            rp_text_add(out, ",PyRadiomics %s,,,,,,no\n", rp_pyradiomics_name(c->feature[i]));
            continue;
        }
        const rp_feature *f = &rp_features[c->feature[i]];
        rp_radiomics_column_name(c, i, out);
        rp_text_add(out, ",");
        const char *const cell[] = {f->name,
                                    f->code,
                                    rp_family_name(f->family),
                                    rp_family_code(f->family),
                                    rp_aggregation_code(c->aggregation[i]),
                                    f->unit,
                                    f->is_standardised ? "yes" : "no"};
        for (int k = 0; k < 7; k++) rp_csv_put(out, cell[k]);
        rp_csv_end(out);
    }
}

static void put_name(const char *const name[3], rp_text *t)
{
    for (int i = 0; i < 3; i++) rp_csv_put(t, name[i]);
}

/* One row of the steps' table. */
static void put_step(const char *const name[3], const char *step, const char *mask_name,
                     const rp_grid *g, const double image[], const uint8_t mask[], rp_text *t)
{
    const rp_roi_facts f = rp_mask_facts(g->n, image, mask);
    put_name(name, t);
    rp_csv_put(t, step);
    rp_csv_put(t, mask_name);
    for (int a = 0; a < 3; a++) rp_csv_put_int(t, g->n[a]);
    for (int a = 0; a < 3; a++) rp_csv_put_double(t, g->spacing[a]);
    rp_csv_put_int(t, f.count);
    for (int a = 0; a < 3; a++) rp_csv_put_int(t, f.size[a]);
    const double value[3] = {f.mean, f.low, f.high};
    for (int i = 0; i < 3; i++)
        if (f.count > 0)
            rp_csv_put_double(t, value[i]);
        else
            rp_csv_put(t, "");
    rp_csv_end(t);
}

/* A cell, and the reason for its absence in the table of those. */
static void put_cell(const rp_radiomics_columns *c, const char *const name[3], int64_t i,
                     double value, rp_missing missing, rp_radiomics_tables *t)
{
    if (missing == RP_PRESENT) {
        rp_csv_put_double(&t->features, value);
        return;
    }
    rp_csv_put(&t->features, "");
    put_name(name, &t->missing);
    rp_radiomics_column_name(c, i, &t->missing);
    rp_text_add(&t->missing, ",");
    rp_csv_put(&t->missing, rp_missing_text(missing));
    rp_csv_end(&t->missing);
}

/* The cells of a region's row. */
static rp_status put_values(const rp_radiomics_settings *s, const rp_radiomics_columns *c,
                            const char *const name[3], const rp_roi *roi, rp_radiomics_tables *t)
{
    rp_values v = {0};
    if (c->is_pyradiomics) {
        double x[RP_PYRADIOMICS_COUNT];
        for (int64_t i = 0; i < c->count; i++) x[i] = NAN;
        if (roi->count > 0) RP_TRY(rp_pyradiomics(roi, &s->pyradiomics, x));
        for (int64_t i = 0; i < c->count; i++)
            put_cell(c, name, i, x[i],
                     roi->count == 0  ? RP_MISSING_EMPTY
                     : isfinite(x[i]) ? RP_PRESENT
                                      : RP_MISSING_UNDEFINED,
                     t);
        return RP_OK;
    }
    const rp_status st = rp_families(roi, &s->families, &s->texture, &v);
    for (int64_t i = 0; i < c->count && st == RP_OK; i++) {
        const rp_value_of *x = rp_values_find(&v, c->feature[i], c->aggregation[i]);
        put_cell(c, name, i, x ? x->value : 0, x ? x->missing : RP_MISSING_EMPTY, t);
    }
    rp_values_clear(&v);
    return st;
}

/* The steps up to grey levels, each told. */
static rp_status process(const rp_radiomics_settings *s, const char *const name[3],
                         const rp_grid *grid, const double image[], const uint8_t mask[],
                         rp_text *steps, rp_roi **out)
{
    RP_AUTO(rp_roi) roi = NULL;
    const bool is_filtered = s->filter.kind != RP_FILTER_NONE;
    const rp_grid to = {.spacing = {s->roi.spacing[0] > 0 ? s->roi.spacing[0] : grid->spacing[0],
                                    s->roi.spacing[1] > 0 ? s->roi.spacing[1] : grid->spacing[1],
                                    s->roi.spacing[2] > 0 ? s->roi.spacing[2] : grid->spacing[2]}};
    const double reach = margin_mm + (is_filtered ? rp_filter_reach(&s->filter, &to) : 0);
    put_step(name, "source", "region", grid, image, mask, steps);
    RP_TRY(rp_roi_new(grid, image, mask, &s->roi, isinf(reach) ? -1 : reach, &roi));
    put_step(name, "interpolated", "morphological", &roi->grid, roi->image, roi->morph, steps);
    if (is_filtered) {
        RP_TRY(rp_roi_filter(roi, &s->filter));
        put_step(name, "filtered", "morphological", &roi->grid, roi->response, roi->morph, steps);
    }
    rp_roi_resegment(roi, &s->roi);
    put_step(name, "re-segmented", "intensity", &roi->grid, roi->image, roi->mask, steps);
    RP_TRY(rp_roi_discretise(roi, &s->roi));
    *out = RP_TAKE(roi);
    return RP_OK;
}

rp_status rp_radiomics_region(const rp_radiomics_settings *s, const rp_radiomics_columns *c,
                              const char *const name[3], const rp_grid *grid, const double image[],
                              const uint8_t mask[], rp_radiomics_tables *t)
{
    RP_AUTO(rp_roi) roi = NULL;
    RP_AUTOFREE char *warning = NULL, *of_image = NULL;
    char filter[64];
    rp_filter_name(&s->filter, filter);
    RP_TRY(rp_format(&of_image, "%s%s%s", name[2], filter[0] ? "." : "", filter));
    const char *const row[3] = {name[0], name[1], of_image};
    RP_TRY(process(s, row, grid, image, mask, &t->steps, &roi));
    if ((double)roi->count < s->min_voxels)
        RP_TRY(rp_format(&warning, "fewer than %g voxels", s->min_voxels));
    put_name(row, &t->features);
    rp_csv_put_int(&t->features, roi->count);
    rp_csv_put(&t->features, warning ? warning : "");
    RP_TRY(put_values(s, c, row, roi, t));
    rp_csv_end(&t->features);
    RP_TRY(rp_text_status(&t->features));
    RP_TRY(rp_text_status(&t->missing));
    return rp_text_status(&t->steps);
}

/* Regions of the cohort that are asked for, in its order. */
typedef struct task {
    int64_t index; /* case */
    const rp_cohort_region *region;
    const rp_cohort_volume *volume;
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
            const rp_cohort_volume *volume = rp_cohort_find_volume(c, i, region->volume);
            if (!volume) continue;
            w->cost[w->tasks] = (double)region->voxels + (double)rp_grid_voxels(&volume->grid) / 16;
            w->task[w->tasks++] = (task){i, region, volume};
        }
    RP_NEED(w->tasks > 0, RP_EUSE, "no region of the cohort is called '%s' and drawn on '%s'",
            run->settings->region, run->settings->image);
    return RP_OK;
}

/* A result carries its three tables one behind the other, each after its length. */
static void pack(const rp_radiomics_tables *t, rp_text *out)
{
    const rp_text *const part[3] = {&t->features, &t->missing, &t->steps};
    for (int i = 0; i < 3; i++)
        rp_text_add(out, "%" PRId64 "\n%s", part[i]->length, rp_text_get(part[i]));
}

static rp_status unpack(const char *bytes, rp_radiomics_tables *t)
{
    rp_text *const part[3] = {&t->features, &t->missing, &t->steps};
    for (int i = 0; i < 3; i++) {
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
    RP_TRY(rp_cohort_read(w->run->cohort, k->index, k->volume->dataset, &image));
    RP_TRY(rp_cohort_read(w->run->cohort, k->index, k->region->dataset, &mask));
    const int64_t n = rp_grid_voxels(&image->grid);
    RP_NEED(rp_grid_voxels(&mask->grid) == n && mask->dtype == RP_U8, RP_EDATA,
            "region '%s' is not on the grid of '%s'", k->region->name, k->volume->name);
    RP_TRY(rp_alloc_raw(n, sizeof *values, &values));
    rp_volume_doubles(image, values);
    const char *const name[3] = {w->run->cohort->list[k->index].name, k->region->name,
                                 k->volume->name};
    const rp_status st = rp_radiomics_region(w->run->settings, &w->columns, name, &image->grid,
                                             values, mask->data, &t);
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
