/* cohort/ingest_case.c - one case: its volumes and regions into the store. */
#include "cohort/ingest_priv.h"

#include "io/csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_numbers(rp_text *t, int n, const double x[])
{
    RP_TEXT_AUTO cell = {0};
    for (int i = 0; i < n; i++) {
        if (i) rp_text_add(&cell, " ");
        rp_text_add_double(&cell, x[i]);
    }
    rp_csv_put(t, rp_text_get(&cell));
}

/* Scanner texts are on the white list, but free text all the same: cleaned. */
static void put_clean(rp_text *t, const char *text)
{
    char clean[RP_NAME_SIZE];
    rp_clean_name(text, clean);
    rp_csv_put(t, text[0] ? clean : "");
}

static void tell_volume(rp_text *t, const rp_series *s, const char *dataset,
                        const rp_read_volume *r, const char *digest)
{
    const rp_grid *g = &r->volume->grid;
    rp_text_add(t, "V,");
    rp_csv_put(t, s->name);
    rp_csv_put(t, s->head->modality);
    rp_csv_put(t, dataset);
    put_numbers(t, 3, (const double[]){(double)g->n[0], (double)g->n[1], (double)g->n[2]});
    put_numbers(t, 3, g->spacing);
    put_numbers(t, 3, g->origin);
    put_numbers(t, 9, &g->dir[0][0]);
    rp_csv_put(t, r->unit);
    rp_csv_put(t, rp_dtype_name(r->volume->dtype));
    rp_csv_put(t, digest);
    put_clean(t, s->head->manufacturer);
    put_clean(t, s->head->model);
    put_clean(t, s->head->kernel);
    rp_csv_put_double(t, s->head->kvp);
    rp_csv_put_double(t, s->head->slice_thickness);
    rp_csv_put(t, s->is_warned     ? "spacing uneven within tolerance"
                  : r->is_inverted ? "MONOCHROME1 turned"
                                   : "");
    rp_csv_end(t);
}

static void tell_quarantine(rp_text *t, const char *what, const char *reason, const char *detail)
{
    rp_text_add(t, "Q,");
    rp_csv_put(t, what);
    rp_csv_put(t, reason);
    rp_csv_put(t, detail);
    rp_csv_end(t);
}

static rp_status put_volume(rp_ingest_making *m, const rp_series *s, rp_store_case *c,
                            rp_read_volume *r, rp_text *told)
{
    char digest[RP_DIGEST_TEXT];
    const rp_status st = rp_volume_read(m->scan, m->plan, s, r);
    if (rp_farm_is_reason(st)) {
        /* The message may name the file: the cohort gets the kind of damage only. */
        tell_quarantine(told, s->name, "volume that cannot be used", rp_status_text(st));
        return rp_text_status(told);
    }
    RP_TRY(st);
    RP_TRY(rp_store_put(c, s->name, r->volume, s->name, s->head->modality, r->unit, digest));
    tell_volume(told, s, s->name, r, digest);
    return rp_text_status(told);
}

static rp_status put_region(const rp_region *r, const rp_volume *on, const char *volume_name,
                            rp_store_case *c, rp_text *told)
{
    if (!r->mask) {
        tell_quarantine(told, r->name, r->problem, "region");
        return rp_text_status(told);
    }
    char name[100], digest[RP_DIGEST_TEXT];
    rp_volume mask = {.grid = on->grid, .dtype = RP_U8, .scale = 1, .data = r->mask};
    (void)snprintf(name, sizeof name, "regions/%s", r->name);
    RP_TRY(rp_store_put(c, name, &mask, r->name, "region", "1", digest));
    const double voxel = on->grid.spacing[0] * on->grid.spacing[1] * on->grid.spacing[2];
    rp_text_add(told, "R,");
    rp_csv_put(told, r->name);
    rp_csv_put(told, volume_name);
    rp_csv_put_int(told, r->voxels);
    rp_csv_put_double(told, (double)r->voxels * voxel);
    rp_csv_put(told, r->warning);
    rp_csv_put(told, name);
    rp_csv_put(told, digest);
    rp_csv_end(told);
    return rp_text_status(told);
}

/* Regions of all attachments that go with volume v; names are unique in the case. */
static rp_status read_attachments(rp_ingest_making *m, const rp_case_plan *k, int64_t volume,
                                  const rp_read_volume *r, rp_regions *regions, rp_text *told)
{
    for (int64_t i = 0; i < k->attachments; i++) {
        const rp_attachment *a = &m->plan->attachment[k->first_attachment + i];
        if (a->volume != volume) continue;
        const rp_file_head *h = &m->scan->head[a->file];
        const rp_status st =
            rp_regions_read(m->scan->path[a->file], h, &r->volume->grid,
                            m->plan->series[volume].head->frame, &m->naming, regions);
        if (rp_farm_is_reason(st))
            tell_quarantine(told, "attachment", "regions that cannot be used", rp_status_text(st));
        else
            RP_TRY(st);
    }
    return RP_OK;
}

rp_status rp_ingest_case(void *arg, int64_t index, rp_store_case *c, rp_text *told)
{
    rp_ingest_making *m = arg;
    const rp_case_plan *k = &m->plan->cases_list[index];
    rp_regions regions = {0};
    rp_status st = RP_OK;
    int usable = 0;
    for (int v = 0; v < k->volumes && st == RP_OK; v++) {
        const rp_series *s = &m->plan->series[k->volume[v]];
        rp_read_volume r = {0};
        const int64_t before = regions.count;
        st = put_volume(m, s, c, &r, told);
        usable += r.volume != NULL;
        if (st == RP_OK && r.volume) st = read_attachments(m, k, k->volume[v], &r, &regions, told);
        for (int64_t i = before; i < regions.count && st == RP_OK; i++)
            st = put_region(&regions.region[i], r.volume, s->name, c, told);
        for (int64_t i = before; i < regions.count; i++) { /* masks of a volume are done */
            rp_free(regions.region[i].mask);
            regions.region[i].mask = NULL;
        }
        rp_volume_drop(&r.volume);
    }
    rp_regions_clear(&regions);
    RP_TRY(st);
    RP_NEED(usable > 0, RP_EDATA, "no volume that can be used");
    return RP_OK;
}
