/* cohort/prepare_case.c - one case prepared, and what is fitted over the training cases. */
#include "cohort/prepare_priv.h"

#include "lib/base/order.h"
#include "lib/base/random.h"
#include "lib/image/resample.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES_MOST = 10000, VALUES_MOST = 50000 };

rp_status rp_prepare_labels(const rp_prepare *s, int64_t index, const rp_provenance *from,
                            uint8_t out[])
{
    const rp_cohort_case *k = &s->cohort->list[index];
    const rp_grid turned = rp_orient_grid(&from->source, &from->orient);
    const int64_t voxels = rp_grid_voxels(&turned);
    RP_AUTOFREE uint8_t *mask = NULL;
    RP_TRY(rp_alloc_raw(voxels, 1, &mask));
    memset(out, 0, (size_t)voxels);
    for (int label = 0; label < s->labels; label++) {
        int64_t found = 0;
        for (int64_t i = 0; i < k->regions; i++) {
            const rp_cohort_region *r = &s->cohort->region[k->first_region + i];
            if (strcmp(r->volume, s->input[0]) != 0 || !rp_text_match(s->pattern[label], r->name))
                continue;
            RP_NEED(++found == 1 || s->merge_union, RP_EDATA,
                    "several regions match label '%s' (%s): set merge: union to join them",
                    s->label[label], s->pattern[label]);
            RP_AUTO(rp_volume) v = NULL;
            RP_TRY(rp_cohort_read(s->cohort, index, r->dataset, &v));
            RP_NEED(rp_grid_voxels(&v->grid) == voxels, RP_EDATA,
                    "region '%s' is not on the grid of '%s'", r->name, s->input[0]);
            rp_orient_apply(&v->grid, &from->orient, 1, v->data, mask);
            for (int64_t j = 0; j < voxels; j++)
                if (mask[j]) out[j] = (uint8_t)(label + 1);
        }
        RP_NEED(found > 0, RP_EDATA, "no region on '%s' matches label '%s' (%s)", s->input[0],
                s->label[label], s->pattern[label]);
    }
    return RP_OK;
}

/* Values of one input under any label of one training case: at most VALUES_MOST, drawn by the seed.
 * A draw replaces the r-th kept one with probability VALUES_MOST / seen (algorithm R). */
static rp_status sample_values(void *arg, int64_t i, rp_text *result)
{
    const rp_prepare_making *m = arg;
    const rp_prepare *s = m->s;
    RP_AUTOFREE float *x = NULL, *kept = NULL;
    RP_AUTOFREE uint8_t *label = NULL;
    rp_provenance from;
    if (s->part[m->index[i]] != RP_PART_TRAIN) return RP_OK;
    RP_TRY(rp_recipe_inputs(&m->recipe, s->cohort, m->index[i], &from, &x));
    const int64_t voxels = rp_grid_voxels(&from.source);
    RP_TRY(rp_alloc_raw(voxels, 1, &label));
    RP_TRY(rp_alloc(VALUES_MOST, sizeof *kept, &kept));
    RP_TRY(rp_prepare_labels(s, m->index[i], &from, label));
    for (int c = 0; c < s->inputs; c++) {
        rp_random r;
        int64_t seen = 0;
        rp_random_start(s->seed, RP_RANDOM_SAMPLE, (uint64_t)(i * RP_INPUTS_MAX + c), &r);
        for (int64_t k = 0; k < voxels; k++) {
            if (!label[k]) continue;
            const int64_t slot = seen < VALUES_MOST ? seen : rp_random_below(&r, seen + 1);
            if (slot < VALUES_MOST) kept[slot] = x[c * voxels + k];
            seen++;
        }
        const int64_t n = seen < VALUES_MOST ? seen : VALUES_MOST;
        rp_text_add_bytes(result, sizeof n, &n);
        rp_text_add_bytes(result, n * (int64_t)sizeof *kept, kept);
    }
    return rp_text_status(result);
}

static void fit_input(rp_recipe *r, int c, int64_t n, double x[])
{
    double sum = 0, squares = 0;
    qsort(x, (size_t)n, sizeof *x, rp_ascending);
    for (int64_t i = 0; i < n; i++) sum += x[i];
    r->input[c].mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (x[i] - r->input[c].mean) * (x[i] - r->input[c].mean);
    r->input[c].sd = fmax(sqrt(squares / (double)n), 1e-8);
    r->input[c].low = rp_quantile_sorted(n, x, 0.005);
    r->input[c].high = rp_quantile_sorted(n, x, 0.995);
}

static rp_status pool_values(rp_prepare_making *m, const rp_farm_results *f, int c)
{
    RP_AUTOFREE double *x = NULL;
    int64_t n = 0, capacity = 0;
    for (int64_t i = 0; i < m->cases; i++) {
        const rp_farm_result *one = &f->result[i];
        if (one->state != RP_FARM_IS_DONE || one->n == 0) continue;
        const char *p = one->bytes;
        for (int k = 0; k <= c; k++) {
            int64_t count;
            memcpy(&count, p, sizeof count);
            p += sizeof count;
            if (k == c) {
                RP_TRY(rp_grow(n + count, sizeof *x, &capacity, &x));
                for (int64_t j = 0; j < count; j++) {
                    float v;
                    memcpy(&v, p + j * (int64_t)sizeof v, sizeof v);
                    x[n++] = (double)v;
                }
            }
            p += count * (int64_t)sizeof(float);
        }
    }
    RP_NEED(n > 0, RP_EDATA,
            "no training case has a labelled voxel: nothing to fit the normalisation of '%s' on",
            m->recipe.input[c].name);
    fit_input(&m->recipe, c, n, x);
    return RP_OK;
}

rp_status rp_prepare_fit(rp_prepare_making *m)
{
    const rp_prepare *s = m->s;
    bool needed = false;
    for (int c = 0; c < s->inputs; c++)
        needed = needed || m->recipe.input[c].scheme == RP_SCHEME_CT;
    if (!needed) return RP_OK;
    RP_AUTOFREE double *cost = NULL;
    RP_AUTOFREE char *journal = NULL;
    RP_AUTO(rp_farm_results) f = NULL;
    RP_TRY(rp_alloc(m->cases, sizeof *cost, &cost));
    for (int64_t i = 0; i < m->cases; i++) cost[i] = s->part[m->index[i]] == RP_PART_TRAIN;
    RP_TRY(rp_path_join(m->folder, "journal", &journal));
    const rp_work w = {.comm = s->comm,
                       .pool = s->pool,
                       .folder = journal,
                       .phase = "fit",
                       .title = "fitting normalisation",
                       .digest = m->digest,
                       .tasks = m->cases,
                       .cost = cost,
                       .run = sample_values,
                       .arg = m,
                       .stop = s->stop,
                       .stop_arg = s->stop_arg,
                       .results_everywhere = true};
    RP_TRY(rp_work_run(&w, &f));
    rp_status st = RP_OK;
    for (int c = 0; c < s->inputs && st == RP_OK; c++)
        if (m->recipe.input[c].scheme == RP_SCHEME_CT) st = pool_values(m, f, c);
    return rp_comm_agree(s->comm, st);
}

static rp_status put_image(const rp_prepare_making *m, const rp_case_image *image,
                           const rp_grid *grid, int c, rp_store_case *to)
{
    const int64_t n = rp_grid_voxels(grid);
    RP_AUTO(rp_volume) v = NULL;
    char name[20];
    (void)snprintf(name, sizeof name, "image%d", c);
    RP_TRY(rp_volume_new(grid, m->recipe.dtype, &v));
    if (m->recipe.dtype == RP_F16)
        for (int64_t i = 0; i < n; i++)
            ((uint16_t *)v->data)[i] = rp_half_from_float(image->image[c * n + i]);
    else
        memcpy(v->data, image->image + c * n, (size_t)n * sizeof(float));
    return rp_store_put(to, name, v, m->recipe.input[c].name, "prepared", "1", NULL);
}

/* Places of a label's voxels: all, or PLACES_MOST of them drawn by the seed, in rising order. */
static rp_status put_places(const rp_prepare_making *m, int64_t i, int label, int64_t n,
                            const uint8_t labels[], rp_store_case *to, int64_t *count)
{
    RP_AUTO(rp_array) a = NULL;
    rp_random r;
    int64_t all = 0, left, need;
    for (int64_t k = 0; k < n; k++) all += labels[k] == label;
    *count = need = all < PLACES_MOST ? all : PLACES_MOST;
    left = all;
    RP_TRY(rp_array_new(RP_ARRAY_I64, 1, count, &a));
    rp_random_start(m->s->seed, RP_RANDOM_SAMPLE, ((uint64_t)1 << 40) + (uint64_t)(i * 256 + label),
                    &r);
    for (int64_t k = 0, j = 0; k < n && need > 0;
         k++) { /* selection sampling: in order, without repeats */
        if (labels[k] != label) continue;
        if (left == need || rp_random_below(&r, left) < need) {
            ((int64_t *)a->data)[j++] = k;
            need--;
        }
        left--;
    }
    char name[24];
    (void)snprintf(name, sizeof name, "foreground%d", label);
    return rp_store_put_array(to, name, a);
}

static void tell(rp_text *t, const rp_case_image *image, int labels, const int64_t places[])
{
    const rp_provenance *p = &image->from;
    const rp_grid *g = &p->source;
    rp_text_add(t, "%" PRId64 " %" PRId64 " %" PRId64 ",", p->n[0], p->n[1], p->n[2]);
    rp_text_add(t, "%" PRId64 " %" PRId64 " %" PRId64 ",", p->low[0], p->low[1], p->low[2]);
    rp_text_add(t, "%" PRId64 " %" PRId64 " %" PRId64 ",", p->size[0], p->size[1], p->size[2]);
    rp_text_add(t, "%d %d %d %d %d %d,", p->orient.axis[0], p->orient.axis[1], p->orient.axis[2],
                p->orient.flip[0], p->orient.flip[1], p->orient.flip[2]);
    rp_text_add(t, "%" PRId64 " %" PRId64 " %" PRId64 ",", g->n[0], g->n[1], g->n[2]);
    const struct {
        int n;
        const double *x;
    } list[] = {{3, g->spacing}, {3, g->origin}, {9, &g->dir[0][0]}};
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < list[k].n; i++) rp_text_add(t, "%s%.17g", i ? " " : "", list[k].x[i]);
        rp_text_add(t, ",");
    }
    for (int i = 0; i < image->inputs; i++)
        rp_text_add(t, "%s%.9g", i ? " " : "", (double)image->outside[i]);
    rp_text_add(t, ",");
    for (int i = 0; i < labels; i++) rp_text_add(t, "%s%" PRId64, i ? " " : "", places[i]);
}

rp_status rp_prepare_case(void *arg, int64_t i, rp_store_case *c, rp_text *told)
{
    const rp_prepare_making *m = arg;
    const rp_prepare *s = m->s;
    const int64_t index = m->index[i];
    RP_AUTOFREE float *values = NULL;
    RP_AUTOFREE uint8_t *source = NULL, *label = NULL;
    RP_AUTO(rp_case_image) image = NULL;
    rp_provenance from;
    RP_TRY(rp_recipe_inputs(&m->recipe, s->cohort, index, &from, &values));
    RP_TRY(rp_alloc_raw(rp_grid_voxels(&from.source), 1, &source));
    RP_TRY(rp_prepare_labels(s, index, &from, source));
    RP_TRY(rp_recipe_finish(&m->recipe, &from, &values, &image));
    const int64_t n = from.n[0] * from.n[1] * from.n[2];
    RP_TRY(rp_alloc_raw(n, 1, &label));
    RP_TRY(rp_recipe_labels(&m->recipe, &from, source, label));
    rp_grid grid = rp_orient_grid(&from.source, &from.orient);
    for (int a = 0; a < 3; a++) {
        grid.n[a] = from.n[a];
        grid.spacing[a] = m->recipe.spacing[a];
    }
    for (int k = 0; k < s->inputs; k++) RP_TRY(put_image(m, image, &grid, k, c));
    rp_volume v = {.grid = grid, .dtype = RP_U8, .scale = 1, .data = label};
    RP_TRY(rp_store_put(c, "label", &v, "label", "prepared", "1", NULL));
    int64_t places[RP_INPUTS_MAX];
    for (int k = 0; k < s->labels; k++) RP_TRY(put_places(m, i, k + 1, n, label, c, &places[k]));
    tell(told, image, s->labels, places);
    return rp_text_status(told);
}
