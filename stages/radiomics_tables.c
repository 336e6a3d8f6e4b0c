/* stages/radiomics_tables.c - features of a region on its image and on the responses of filters:
 * columns and rows of the tables.
 */
#include "io/csv.h"
#include "stages/radiomics.h"

#include <math.h>

/* The local peak looks this far around a region. */
static const double margin_mm = 8;

void rp_radiomics_columns_clear(rp_radiomics_columns *c)
{
    rp_free(c->feature);
    rp_free(c->aggregation);
    rp_free(c->filter);
    *c = (rp_radiomics_columns){0};
}

static void aggregations_of(rp_family f, int *from, int *to)
{
    const bool has_matrix = f >= RP_GLCM, has_directions = f == RP_GLCM || f == RP_GLRLM;
    *from = !has_matrix ? RP_DHQ4 : has_directions ? RP_BTW3 : RP_8QNN;
    *to = !has_matrix ? RP_DHQ4 : has_directions ? RP_IAZD : RP_KOBO;
}

static void add_column(rp_radiomics_columns *c, int feature, rp_aggregation a, int filter)
{
    c->feature[c->count] = feature;
    c->aggregation[c->count] = a;
    c->filter[c->count++] = filter;
}

/* Shape once, then the other features of each image. */
static void add_pyradiomics(const rp_radiomics_settings *s, rp_radiomics_columns *c)
{
    for (int k = 0; k < s->filters; k++)
        for (int i = 0; i < RP_PYRADIOMICS_COUNT; i++)
            if (rp_pyradiomics_is_shape2d(i) ? k == 0 && s->pyradiomics.is_flat
                                             : k == 0 || !rp_pyradiomics_is_shape(i))
                add_column(c, i, RP_DHQ4, k);
}

static void add_families(const rp_radiomics_settings *s, rp_radiomics_columns *c)
{
    for (int f = 0; f < RP_FAMILY_COUNT; f++) {
        int from, to;
        aggregations_of((rp_family)f, &from, &to);
        const int first = rp_family_first((rp_family)f), size = rp_family_size((rp_family)f);
        for (int a = from; a <= to && s->families.is_wanted[f]; a++)
            for (int i = 0; i < size && (a == RP_DHQ4 || s->texture.aggregation[a]); i++)
                add_column(c, first + i, (rp_aggregation)a, 0);
    }
}

rp_status rp_radiomics_columns_make(const rp_radiomics_settings *s, rp_radiomics_columns *out)
{
    rp_radiomics_columns c = {.is_pyradiomics = s->is_pyradiomics, .settings = s};
    const int64_t most = s->is_pyradiomics ? s->filters * (int64_t)RP_PYRADIOMICS_COUNT
                                           : RP_FEATURE_COUNT * (int64_t)RP_AGGREGATION_COUNT;
    rp_status st = rp_alloc(most, sizeof *c.feature, &c.feature);
    if (st == RP_OK) st = rp_alloc(most, sizeof *c.aggregation, &c.aggregation);
    if (st == RP_OK) st = rp_alloc(most, sizeof *c.filter, &c.filter);
    if (st != RP_OK) {
        rp_radiomics_columns_clear(&c);
        return st;
    }
    if (s->is_pyradiomics)
        add_pyradiomics(s, &c);
    else
        add_families(s, &c);
    *out = c;
    return RP_OK;
}

void rp_radiomics_column_name(const rp_radiomics_columns *c, int64_t i, rp_text *out)
{
    if (c->is_pyradiomics) {
        char image[64] = "";
        if (!rp_pyradiomics_is_shape(c->feature[i]))
            rp_filter_name(&c->settings->filter[c->filter[i]].filter, image);
        rp_text_add(out, "%s_%s", image[0] ? image : "original",
                    rp_pyradiomics_name(c->feature[i]));
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
    rp_text_clear(&t->perturbed);
}

static void put_columns(const rp_radiomics_columns *c, rp_text *out)
{
    for (int64_t i = 0; i < c->count; i++) {
        rp_text_add(out, ",");
        rp_radiomics_column_name(c, i, out);
    }
    rp_text_add(out, "\n");
}

void rp_radiomics_headers(const rp_radiomics_columns *c, rp_radiomics_tables *t)
{
    rp_text_add(&t->features, "case,region,image,voxels,warning");
    put_columns(c, &t->features);
    if (c->settings->perturb.repetitions > 0) {
        rp_text_add(&t->perturbed, "case,region,image,perturbation,voxels,warning");
        put_columns(c, &t->perturbed);
    }
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

/* The cells that one image of the region gives. */
static rp_status put_values(const rp_radiomics_settings *s, const rp_radiomics_columns *c,
                            const char *const name[3], const rp_roi *roi, rp_radiomics_tables *t)
{
    rp_values v = {0};
    const rp_status st = rp_families(roi, &s->families, &s->texture, &v);
    for (int64_t i = 0; i < c->count && st == RP_OK; i++) {
        const rp_value_of *x = rp_values_find(&v, c->feature[i], c->aggregation[i]);
        put_cell(c, name, i, x ? x->value : 0, x ? x->missing : RP_MISSING_EMPTY, t);
    }
    rp_values_clear(&v);
    return st;
}

/* The same of PyRadiomics' features; has_image: the filter has a response. */
static rp_status put_pyradiomics(const rp_radiomics_settings *s, const rp_radiomics_columns *c,
                                 const char *const name[3], int filter, const rp_roi *roi,
                                 bool has_image, rp_radiomics_tables *t)
{
    double x[RP_PYRADIOMICS_COUNT];
    rp_pyradiomics_settings p = s->pyradiomics;
    p.is_response = filter > 0;
    for (int i = 0; i < RP_PYRADIOMICS_COUNT; i++) x[i] = NAN;
    if (roi->count > 0 && has_image) RP_TRY(rp_pyradiomics(roi, &p, x));
    for (int64_t i = 0; i < c->count; i++)
        if (c->filter[i] == filter)
            put_cell(c, name, i, x[c->feature[i]],
                     !has_image                                 ? RP_MISSING_NO_IMAGE
                     : roi->count == 0                          ? RP_MISSING_EMPTY
                     : isfinite(x[c->feature[i]])               ? RP_PRESENT
                     : rp_pyradiomics_is_shape2d(c->feature[i]) ? RP_MISSING_NOT_FLAT
                                                                : RP_MISSING_UNDEFINED,
                     t);
    return RP_OK;
}

/* A region on its way through its images.  Those with the same margin share the interpolation, so
 * an image's values do not depend on which others are asked for. */
typedef struct way {
    const rp_radiomics_settings *s;
    const rp_grid *grid;
    const double *image;
    const uint8_t *mask;
    const rp_perturbation *perturbation; /* NULL: none */
    rp_roi *roi;
    double margin;
} way;

static rp_status interpolate(way *w, const rp_filter *f)
{
    const double *s = w->s->roi.spacing, *own = w->grid->spacing;
    const rp_grid to = {
        .spacing = {s[0] > 0 ? s[0] : own[0], s[1] > 0 ? s[1] : own[1], s[2] > 0 ? s[2] : own[2]}};
    const double margin = rp_filter_margin(f, w->grid, w->mask, &to, margin_mm);
    if (w->roi && margin == w->margin) {
        rp_roi_renew(w->roi);
        return RP_OK;
    }
    rp_roi_drop(&w->roi);
    w->margin = margin;
    if (w->perturbation)
        return rp_roi_perturbed(w->grid, w->image, w->mask, &w->s->roi, w->perturbation,
                                isinf(margin) ? -1 : margin, &w->roi);
    return rp_roi_new(w->grid, w->image, w->mask, &w->s->roi, isinf(margin) ? -1 : margin, &w->roi);
}

/* The steps up to grey levels of the k-th image, each told.  has_image: false where the image is
 * too small for the filter. */
static rp_status process(way *w, int k, const char *const name[3], bool *has_image, rp_text *steps)
{
    const rp_filter *f = &w->s->filter[k].filter;
    rp_roi_settings s = w->s->roi;
    if (w->s->filter[k].width > 0) s.width = w->s->filter[k].width;
    put_step(name, "source", "region", w->grid, w->image, w->mask, steps);
    RP_TRY(interpolate(w, f));
    rp_roi *roi = w->roi;
    put_step(name, "interpolated", "morphological", &roi->grid, roi->image, roi->morph, steps);
    *has_image = true;
    if (f->kind != RP_FILTER_NONE) {
        const rp_status st = rp_roi_filter(roi, f);
        *has_image = st != RP_EUNSUP;
        if (*has_image) {
            RP_TRY(st);
            put_step(name, "filtered", "morphological", &roi->grid, roi->response, roi->morph,
                     steps);
        }
    }
    rp_roi_resegment(roi, &s);
    put_step(name, "re-segmented", "intensity", &roi->grid, roi->image, roi->mask, steps);
    return *has_image ? rp_roi_discretise(roi, &s) : RP_OK;
}

/* What stands before the features of a row. */
static rp_status begin_row(const way *w, const char *const name[3], rp_text *out)
{
    const rp_roi *roi = w->roi;
    const rp_radiomics_settings *s = w->s;
    RP_AUTOFREE char *warning = NULL;
    const int64_t voxels = rp_mask_facts(roi->grid.n, roi->image, roi->mask).count;
    if ((double)voxels < s->min_voxels)
        RP_TRY(rp_format(&warning, "fewer than %g voxels", s->min_voxels));
    put_name(name, out);
    if (w->perturbation) rp_csv_put_int(out, (int64_t)w->perturbation->repetition);
    rp_csv_put_int(out, voxels);
    rp_csv_put(out, warning ? warning : "");
    return RP_OK;
}

/* The k-th image: a row of its own, or its part of the region's row. */
static rp_status put_image(way *w, const rp_radiomics_columns *c, int k, const char *const name[3],
                           rp_radiomics_tables *t)
{
    RP_AUTOFREE char *of_image = NULL;
    bool has_image;
    char filter[64];
    rp_filter_name(&w->s->filter[k].filter, filter);
    RP_TRY(rp_format(&of_image, "%s%s%s", name[2], filter[0] ? "." : "", filter));
    const char *const row[3] = {name[0], name[1], of_image};
    RP_TRY(process(w, k, row, &has_image, &t->steps));
    if (c->is_pyradiomics) {
        if (k == 0) RP_TRY(begin_row(w, name, &t->features));
        return put_pyradiomics(w->s, c, name, k, w->roi, has_image, t);
    }
    RP_TRY(begin_row(w, row, &t->features));
    RP_TRY(put_values(w->s, c, row, w->roi, t));
    rp_csv_end(&t->features);
    return RP_OK;
}

/* All images of the region, as it is or perturbed. */
static rp_status put_images(const way *source, const rp_perturbation *p,
                            const rp_radiomics_columns *c, const char *const name[3],
                            rp_radiomics_tables *t)
{
    way w = *source;
    rp_status st = RP_OK;
    w.perturbation = p;
    for (int k = 0; k < w.s->filters && st == RP_OK; k++) st = put_image(&w, c, k, name, t);
    rp_roi_drop(&w.roi);
    if (st == RP_OK && c->is_pyradiomics) rp_csv_end(&t->features);
    return st;
}

/* The rows of the perturbed region; its steps and missing values are not told. */
static rp_status put_perturbed(const way *source, const rp_radiomics_columns *c,
                               const char *const name[3], rp_text *out)
{
    const rp_perturb_settings *s = &source->s->perturb;
    const uint64_t key = rp_perturb_key(name[0], name[1]);
    for (int r = 1; r <= s->repetitions; r++) {
        rp_radiomics_tables t = {0};
        const rp_perturbation p = rp_perturbation_draw(s, key, r);
        rp_status st = put_images(source, &p, c, name, &t);
        if (st == RP_OK) st = rp_text_status(&t.features);
        if (st == RP_OK) rp_text_add_bytes(out, t.features.length, rp_text_get(&t.features));
        rp_radiomics_tables_clear(&t);
        RP_TRY(st);
    }
    return rp_text_status(out);
}

rp_status rp_radiomics_region(const rp_radiomics_settings *s, const rp_radiomics_columns *c,
                              const char *const name[3], const rp_grid *grid, const double image[],
                              const uint8_t mask[], rp_radiomics_tables *t)
{
    const way w = {.s = s, .grid = grid, .image = image, .mask = mask};
    RP_TRY(put_images(&w, NULL, c, name, t));
    RP_TRY(put_perturbed(&w, c, name, &t->perturbed));
    RP_TRY(rp_text_status(&t->features));
    RP_TRY(rp_text_status(&t->missing));
    return rp_text_status(&t->steps);
}
