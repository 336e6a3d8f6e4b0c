/* cohort/recipe.c - how a case becomes what a network sees, and how its answer returns. */
#include "cohort/recipe.h"

#include "lib/base/tree.h"
#include "lib/image/resample.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const schemes[RP_SCHEME_COUNT] = {"none", "ct", "zscore"};

const char *rp_scheme_name(rp_scheme s) { return schemes[s]; }

void rp_case_image_drop(rp_case_image **c)
{
    if (!*c) return;
    rp_free((*c)->image);
    rp_free(*c);
    *c = NULL;
}

/* One input in float, turned; other inputs are put on the grid of the first. */
static rp_status take_input(const rp_recipe *r, rp_cohort *c, int64_t index, int i,
                            rp_provenance *from, rp_grid *turned, float **values)
{
    const rp_cohort_volume *v = rp_cohort_find_volume(c, index, r->input[i].name);
    RP_NEED(v, RP_EDATA, "no volume '%s'", r->input[i].name);
    RP_AUTO(rp_volume) stored = NULL;
    RP_AUTOFREE float *plain = NULL, *own = NULL;
    RP_TRY(rp_cohort_read(c, index, v->dataset, &stored));
    const int64_t voxels = rp_grid_voxels(&stored->grid);
    RP_TRY(rp_alloc_raw(voxels, sizeof *plain, &plain));
    RP_TRY(rp_alloc_raw(voxels, sizeof *own, &own));
    rp_volume_floats(stored, plain);
    const rp_orient o = rp_orient_canonical(&stored->grid);
    rp_orient_apply(&stored->grid, &o, sizeof *own, plain, own);
    if (i == 0) {
        int64_t all;
        from->source = stored->grid;
        from->orient = o;
        *turned = rp_orient_grid(&stored->grid, &o);
        RP_TRY(rp_product(2, (const int64_t[]){r->inputs, voxels}, &all));
        RP_TRY(rp_alloc_raw(all, sizeof **values, values));
        memcpy(*values, own, (size_t)voxels * sizeof *own);
        return RP_OK;
    }
    const rp_grid grid = rp_orient_grid(&stored->grid, &o);
    float least = own[0];
    for (int64_t k = 1; k < voxels; k++)
        if (own[k] < least) least = own[k];
    return rp_resample(&grid, own, turned, 3, least, *values + i * rp_grid_voxels(turned));
}

rp_status rp_recipe_inputs(const rp_recipe *r, rp_cohort *c, int64_t index, rp_provenance *from,
                           float **values)
{
    RP_AUTOFREE float *x = NULL;
    rp_grid turned = {0};
    rp_provenance p = {0};
    for (int i = 0; i < r->inputs; i++)
        RP_TRY_IN(take_input(r, c, index, i, &p, &turned, &x), "case '%s'", c->list[index].name);
    for (int a = 0; a < 3; a++) {
        p.low[a] = turned.n[a];
        p.size[a] = 0;
    }
    /* Box of what is not zero in any input, else all of it. */
    const int64_t voxels = rp_grid_voxels(&turned);
    for (int64_t z = 0, k = 0; z < turned.n[0]; z++)
        for (int64_t y = 0; y < turned.n[1]; y++)
            for (int64_t w = 0; w < turned.n[2]; w++, k++) {
                bool keep = !r->crop_nonzero;
                for (int i = 0; i < r->inputs && !keep; i++) keep = x[i * voxels + k] != 0;
                if (!keep) continue;
                const int64_t q[3] = {z, y, w};
                for (int a = 0; a < 3; a++) {
                    if (q[a] < p.low[a]) p.low[a] = q[a];
                    if (q[a] + 1 > p.size[a]) p.size[a] = q[a] + 1; /* end, for now */
                }
            }
    RP_NEED(p.size[0] > 0, RP_EDATA, "case '%s': every voxel is 0", c->list[index].name);
    for (int a = 0; a < 3; a++) {
        p.size[a] -= p.low[a];
        p.n[a] = rp_resize_count(p.size[a], turned.spacing[a], r->spacing[a]);
    }
    *from = p;
    *values = RP_TAKE(x);
    return RP_OK;
}

static void crop(const int64_t n[3], const int64_t low[3], const int64_t size[3], size_t bytes,
                 const void *in, void *out)
{
    for (int64_t z = 0; z < size[0]; z++)
        for (int64_t y = 0; y < size[1]; y++) {
            const int64_t from = ((z + low[0]) * n[1] + y + low[1]) * n[2] + low[2];
            memcpy((char *)out + (size_t)((z * size[1] + y) * size[2]) * bytes,
                   (const char *)in + (size_t)from * bytes, (size_t)size[2] * bytes);
        }
}

/* In place; outside: what the value 0 (air for CT) becomes. */
static rp_status normalise(const rp_recipe *r, int i, int64_t n, float x[], float *outside)
{
    if (r->input[i].scheme == RP_SCHEME_NONE) {
        *outside = 0;
        return RP_OK;
    }
    if (r->input[i].scheme == RP_SCHEME_CT) {
        const double low = r->input[i].low, high = r->input[i].high, mean = r->input[i].mean,
                     sd = r->input[i].sd;
        for (int64_t k = 0; k < n; k++)
            x[k] = (float)((fmin(fmax((double)x[k], low), high) - mean) / sd);
        *outside = (float)((low - mean) / sd);
        return RP_OK;
    }
    int64_t inside = 0;
    for (int64_t k = 0; k < n; k++) inside += x[k] != 0;
    const bool masked = 4 * inside < 3 * n; /* the body covers under 3/4 */
    double sum = 0, squares = 0;
    const int64_t count = masked ? inside : n;
    for (int64_t k = 0; k < n; k++)
        if (!masked || x[k] != 0) sum += (double)x[k];
    const double mean = sum / (double)count;
    for (int64_t k = 0; k < n; k++)
        if (!masked || x[k] != 0) squares += ((double)x[k] - mean) * ((double)x[k] - mean);
    const double sd = sqrt(squares / (double)count);
    RP_NEED(sd > 1e-8 && isfinite(sd), RP_EDATA, "volume '%s': standard deviation %g",
            r->input[i].name, sd);
    for (int64_t k = 0; k < n; k++)
        x[k] = masked && x[k] == 0 ? 0 : (float)(((double)x[k] - mean) / sd);
    *outside = masked ? 0 : (float)(-mean / sd);
    return RP_OK;
}

static float round_to(rp_dtype dtype, float x)
{
    return dtype == RP_F16 ? rp_half_to_float(rp_half_from_float(x)) : x;
}

static void orders(const rp_recipe *r, const rp_provenance *from, int order, int out[3])
{
    const rp_grid turned = rp_orient_grid(&from->source, &from->orient);
    const int apart = rp_resize_separate_axis(turned.spacing, r->spacing);
    for (int a = 0; a < 3; a++) out[a] = a == apart ? 0 : order;
}

rp_status rp_recipe_finish(const rp_recipe *r, const rp_provenance *from, float **values,
                           rp_case_image **out)
{
    RP_AUTOFREE float *x = RP_TAKE(*values), *part = NULL;
    RP_AUTO(rp_case_image) c = NULL;
    const rp_grid turned = rp_orient_grid(&from->source, &from->orient);
    const int64_t voxels = rp_grid_voxels(&turned),
                  size = from->size[0] * from->size[1] * from->size[2];
    const int64_t n = from->n[0] * from->n[1] * from->n[2];
    int order[3];
    orders(r, from, 3, order);
    RP_TRY(rp_alloc(1, sizeof *c, &c));
    c->from = *from;
    c->inputs = r->inputs;
    RP_TRY(rp_alloc_raw(n * r->inputs, sizeof *c->image, &c->image));
    RP_TRY(rp_alloc_raw(size, sizeof *part, &part));
    for (int i = 0; i < r->inputs; i++) {
        crop(turned.n, from->low, from->size, sizeof *part, x + i * voxels, part);
        RP_TRY(normalise(r, i, size, part, &c->outside[i]));
        RP_TRY(rp_resize(from->size, part, from->n, order, c->image + i * n));
        c->outside[i] = round_to(r->dtype, c->outside[i]);
    }
    for (int64_t k = 0; k < n * r->inputs; k++) c->image[k] = round_to(r->dtype, c->image[k]);
    *out = RP_TAKE(c);
    return RP_OK;
}

rp_status rp_recipe_apply(const rp_recipe *r, rp_cohort *c, int64_t index, rp_case_image **out)
{
    float *values = NULL;
    rp_provenance from;
    RP_TRY(rp_recipe_inputs(r, c, index, &from, &values));
    return rp_recipe_finish(r, &from, &values, out);
}

rp_status rp_recipe_labels(const rp_recipe *r, const rp_provenance *from, const uint8_t in[],
                           uint8_t out[])
{
    RP_AUTOFREE uint8_t *part = NULL;
    const rp_grid turned = rp_orient_grid(&from->source, &from->orient);
    int order[3];
    orders(r, from, 1, order);
    RP_TRY(rp_alloc_raw(from->size[0] * from->size[1] * from->size[2], 1, &part));
    crop(turned.n, from->low, from->size, 1, in, part);
    return rp_resize_labels(from->size, part, from->n, order, r->labels, out);
}

rp_status rp_recipe_restore(const rp_recipe *r, const rp_provenance *from, int classes,
                            const float logits[], uint8_t out[])
{
    const rp_grid turned = rp_orient_grid(&from->source, &from->orient);
    const int64_t n = from->n[0] * from->n[1] * from->n[2], voxels = rp_grid_voxels(&turned);
    const int64_t size = from->size[0] * from->size[1] * from->size[2];
    RP_AUTOFREE float *one = NULL, *most = NULL;
    RP_AUTOFREE uint8_t *label = NULL, *whole = NULL;
    int order[3];
    orders(r, from, 1, order);
    RP_TRY(rp_alloc_raw(size, sizeof *one, &one));
    RP_TRY(rp_alloc_raw(size, sizeof *most, &most));
    RP_TRY(rp_alloc(size, 1, &label));
    RP_TRY(rp_alloc(voxels, 1, &whole));
    for (int c = 0; c < classes; c++) {
        RP_TRY(rp_resize(from->n, logits + c * n, from->size, order, one));
        for (int64_t i = 0; i < size; i++) {
            if (c && !(one[i] > most[i])) continue;
            most[i] = one[i];
            label[i] = (uint8_t)c;
        }
    }
    for (int64_t z = 0; z < from->size[0]; z++)
        for (int64_t y = 0; y < from->size[1]; y++)
            memcpy(whole + ((z + from->low[0]) * turned.n[1] + y + from->low[1]) * turned.n[2] +
                       from->low[2],
                   label + (z * from->size[1] + y) * from->size[2], (size_t)from->size[2]);
    rp_orient_undo(&from->source, &from->orient, 1, whole, out);
    return RP_OK;
}

void rp_recipe_write(const rp_recipe *r, rp_text *t)
{
    rp_text_add(t, "{\n  \"version\": 1,\n  \"inputs\": [");
    for (int i = 0; i < r->inputs; i++) {
        rp_text_add(t, "%s\n    {\"name\": \"%s\", \"scheme\": \"%s\", \"low\": ", i ? "," : "",
                    r->input[i].name, schemes[r->input[i].scheme]);
        rp_text_add_double(t, r->input[i].low);
        rp_text_add(t, ", \"high\": ");
        rp_text_add_double(t, r->input[i].high);
        rp_text_add(t, ", \"mean\": ");
        rp_text_add_double(t, r->input[i].mean);
        rp_text_add(t, ", \"sd\": ");
        rp_text_add_double(t, r->input[i].sd);
        rp_text_add(t, "}");
    }
    rp_text_add(t, "],\n  \"labels\": [");
    for (int i = 0; i < r->labels; i++) rp_text_add(t, "%s\"%s\"", i ? ", " : "", r->label[i]);
    rp_text_add(t, "],\n  \"spacing_mm\": [");
    for (int a = 0; a < 3; a++) {
        rp_text_add(t, "%s", a ? ", " : "");
        rp_text_add_double(t, r->spacing[a]);
    }
    rp_text_add(t, "],\n  \"crop_nonzero\": %s,\n  \"dtype\": \"%s\"\n}\n",
                r->crop_nonzero ? "true" : "false", rp_dtype_name(r->dtype));
}

static rp_status number(const char *name, const rp_node *map, const char *key, double *out)
{
    const rp_node *n = rp_node_get(map, key);
    RP_NEED(n && rp_node_double(n, out), RP_EDATA, "%s: '%s' must be a number", name, key);
    return RP_OK;
}

static rp_status read_input(const char *name, const rp_node *n, rp_recipe *r, int i)
{
    const rp_node *word = rp_node_get(n, "name"), *scheme = rp_node_get(n, "scheme");
    RP_NEED(word && word->text && scheme && scheme->text, RP_EDATA,
            "%s: input %d has no name or scheme", name, i + 1);
    rp_clean_name(word->text, r->input[i].name);
    int k = 0;
    while (k < RP_SCHEME_COUNT && strcmp(schemes[k], scheme->text) != 0) k++;
    RP_NEED(k < RP_SCHEME_COUNT, RP_EDATA, "%s: unknown scheme '%s'", name, scheme->text);
    r->input[i].scheme = (rp_scheme)k;
    RP_TRY(number(name, n, "low", &r->input[i].low));
    RP_TRY(number(name, n, "high", &r->input[i].high));
    RP_TRY(number(name, n, "mean", &r->input[i].mean));
    return number(name, n, "sd", &r->input[i].sd);
}

rp_status rp_recipe_read(const char *name, int64_t n, const char *json, rp_recipe *out)
{
    RP_AUTO(rp_tree) t = NULL;
    rp_recipe r = {0};
    RP_TRY(rp_tree_json(name, n, json, &t));
    const rp_node *root = rp_tree_root(t), *inputs = rp_node_get(root, "inputs"),
                  *labels = rp_node_get(root, "labels");
    const rp_node *spacing = rp_node_get(root, "spacing_mm"),
                  *crop_key = rp_node_get(root, "crop_nonzero");
    const rp_node *dtype = rp_node_get(root, "dtype");
    RP_NEED(inputs && labels && spacing && crop_key && dtype && dtype->text &&
                spacing->count == 3 && inputs->count >= 1 && inputs->count <= RP_INPUTS_MAX &&
                labels->count <= RP_INPUTS_MAX && rp_node_bool(crop_key, &r.crop_nonzero) &&
                rp_dtype_read(dtype->text, &r.dtype),
            RP_EDATA, "%s: not a recipe", name);
    r.inputs = (int)inputs->count;
    r.labels = (int)labels->count;
    for (int i = 0; i < r.inputs; i++) RP_TRY(read_input(name, inputs->child[i], &r, i));
    for (int i = 0; i < r.labels; i++) {
        RP_NEED(labels->child[i]->text, RP_EDATA, "%s: label %d is no word", name, i + 1);
        rp_clean_name(labels->child[i]->text, r.label[i]);
    }
    for (int a = 0; a < 3; a++)
        RP_NEED(rp_node_double(spacing->child[a], &r.spacing[a]) && r.spacing[a] > 0, RP_EDATA,
                "%s: 'spacing_mm' must be three numbers", name);
    *out = r;
    return RP_OK;
}
