/* lib/net/onednn/onednn_weights.c - the gradient by the weights, in fixed parts.
 *
 * oneDNN cuts this sum by the number of its threads, so a primitive of its own for the whole layer
 * would give other bits on other teams.  Here the work is cut by the shape alone, each part runs in
 * one thread, and parts are added in order:
 * 1. few weights: slabs of small voxels along the first axis; a slab of big voxels is contiguous;
 * 2. many weights: slices of small channels, each copied dense; nothing to add. */
#include "lib/net/onednn/onednn_priv.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>

enum { PARTS = 16, SLAB_WEIGHTS = 8192, SLICE_LEAST = 32 };

typedef struct part {
    int64_t big_first, small_first; /* voxels */
    int64_t channel, channels;      /* of the small grid */
    int64_t voxels;                 /* small ones */
    int64_t at, plain;              /* floats into the parts' area: oneDNN's layout, PyTorch's */
    rp_onednn_conv shape;
    rp_onednn_primitive main, reorder;
} part;

typedef struct weights {
    rp_kernel base;
    rp_conv_shape s;
    int threads, parts;
    bool slices;
    dnnl_engine_t engine;
    part part[PARTS];
    int64_t part_floats, copy_floats, big_copy, small_copy;
    size_t thread_bytes; /* scratchpad and slice of a thread */
} weights;

static int64_t floats_of(size_t bytes) { return (int64_t)(rp_onednn_line(bytes) / sizeof(float)); }

static void drop(rp_kernel *k)
{
    weights *w = (weights *)(void *)k;
    for (int i = 0; i < w->parts; i++) {
        rp_onednn_primitive_clear(&w->part[i].main);
        rp_onednn_primitive_clear(&w->part[i].reorder);
    }
    if (w->engine) (void)dnnl_engine_destroy(w->engine);
    rp_free(w);
}

/* Part i of the slabs along the axis: its planes, and the big planes and padding that they see. */
static rp_status describe_slab(const weights *w, int axis, int i, part *p)
{
    const rp_conv_shape *s = &w->s;
    rp_onednn_grids g = rp_onednn_grids_of(s);
    const int64_t first = s->small[axis] * i / w->parts, last = s->small[axis] * (i + 1) / w->parts;
    const int64_t from = first * s->stride[axis] - s->pad[axis];
    const int64_t to = (last - 1) * s->stride[axis] - s->pad[axis] + s->kernel[axis];
    const int64_t from_in = from < 0 ? 0 : from, to_in = to > s->big[axis] ? s->big[axis] : to;
    g.before[axis] = from_in - from;
    g.after[axis] = to - to_in;
    g.in[axis] = to_in - from_in;
    g.out[axis] = last - first;
    const int64_t big_plane = rp_grid_size(s->big) / s->big[axis];
    const int64_t small_plane = rp_grid_size(s->small) / s->small[axis];
    *p = (part){.big_first = from_in * big_plane,
                .small_first = first * small_plane,
                .channels = s->small_channels,
                .voxels = rp_grid_size(g.out)};
    return rp_onednn_describe(s->big_channels, s->small_channels, &g, s->kernel, s->stride,
                              &p->shape);
}

static rp_status describe_slice(const weights *w, int64_t width, int i, part *p)
{
    const rp_conv_shape *s = &w->s;
    const rp_onednn_grids g = rp_onednn_grids_of(s);
    const int64_t first = i * width;
    *p = (part){.channel = first,
                .channels = first + width < s->small_channels ? width : s->small_channels - first,
                .voxels = rp_grid_size(s->small)};
    return rp_onednn_describe(s->big_channels, p->channels, &g, s->kernel, s->stride, &p->shape);
}

/* Makes primitive i for one thread, and finds its places. */
static rp_status plan_part(weights *w, int i)
{
    part *p = &w->part[i];
    RP_TRY(rp_onednn_primitive_new(w->engine, RP_ONEDNN_WEIGHTS, &p->shape, &p->main));
    RP_TRY(
        rp_onednn_reorder_new(w->engine, &p->main.weights, &p->shape.weights_plain, &p->reorder));
    p->at = w->part_floats;
    p->plain = p->at + floats_of(dnnl_memory_desc_get_size(&p->main.weights));
    w->part_floats =
        p->plain + (w->slices ? 0 : floats_of(dnnl_memory_desc_get_size(&p->shape.weights_plain)));
    const size_t slice =
        w->slices ? rp_onednn_line((size_t)(p->voxels * p->channels) * sizeof(float)) : 0;
    const size_t bytes = rp_onednn_line(p->main.scratchpad) + slice;
    if (bytes > w->thread_bytes) w->thread_bytes = bytes;
    return RP_OK;
}

static rp_status plan(weights *w)
{
    RP_DNNL(dnnl_engine_create(&w->engine, dnnl_cpu, 0));
    const rp_conv_shape *s = &w->s;
    const int axis = s->big[0] > 1 ? 0 : 1;
    const int64_t width =
        ((s->small_channels + PARTS - 1) / PARTS + SLICE_LEAST - 1) / SLICE_LEAST * SLICE_LEAST;
    w->slices = s->big_channels * s->small_channels > SLAB_WEIGHTS;
    const int64_t planes = s->small[axis];
    /* oneDNN's fast kernel takes no slab of one strided plane, so thin grids get fewer */
    const int64_t slabs = planes >= 2 * PARTS ? PARTS : planes < PARTS / 2 ? planes : PARTS / 2;
    w->parts = (int)(w->slices ? (s->small_channels + width - 1) / width : slabs);
    omp_set_num_threads(1); /* rp_kernel_plan puts the team back */
    for (int i = 0; i < w->parts; i++) {
        RP_TRY(w->slices ? describe_slice(w, width, i, &w->part[i])
                         : describe_slab(w, axis, i, &w->part[i]));
        RP_TRY(plan_part(w, i));
    }
    return RP_OK;
}

static rp_status run_part(const weights *w, int i, const float *big, const float *small,
                          float *parts, float *gradient, char *own)
{
    const part *p = &w->part[i];
    const float *dy = small + p->small_first * w->s.small_channels;
    if (w->slices) {
        float *slice = (float *)(void *)(own + rp_onednn_line(p->main.scratchpad));
        for (int64_t v = 0; v < p->voxels; v++)
            memcpy(slice + v * p->channels, small + v * w->s.small_channels + p->channel,
                   (size_t)p->channels * sizeof *slice);
        dy = slice;
    }
    const rp_onednn_arg args[] = {
        {DNNL_ARG_SRC, &p->shape.src, big + p->big_first * w->s.big_channels},
        {DNNL_ARG_DIFF_DST, &p->shape.dst, dy},
        {DNNL_ARG_DIFF_WEIGHTS, &p->main.weights, parts + p->at}};
    RP_TRY(rp_onednn_run(w->engine, &p->main, 3, args, own));
    const int64_t first = p->channel * w->s.big_channels * rp_conv_taps(&w->s);
    const rp_onednn_arg plain[] = {
        {DNNL_ARG_FROM, &p->main.weights, parts + p->at},
        {DNNL_ARG_TO, &p->shape.weights_plain, w->slices ? gradient + first : parts + p->plain}};
    return rp_onednn_run(w->engine, &p->reorder, 2, plain, NULL);
}

static void add_slabs(const weights *w, const float *parts, float *gradient)
{
    const int64_t n = rp_conv_weights(&w->s);
#pragma omp parallel for schedule(static)
    for (int64_t e = 0; e < n; e++) {
        float sum = parts[w->part[0].plain + e];
        for (int i = 1; i < w->parts; i++) sum += parts[w->part[i].plain + e];
        gradient[e] = sum;
    }
}

static rp_status run(const rp_kernel *k, const rp_kernel_args *a)
{
    const weights *w = (const weights *)(const void *)k;
    float *parts = a->scratch, *big_copy = parts + w->part_floats;
    float *small_copy = big_copy + w->big_copy;
    char *own = (char *)(small_copy + w->small_copy);
    const float *big = rp_onednn_dense(&a->big, big_copy);
    const float *small = rp_onednn_dense(&a->small, small_copy);
    rp_status worst = RP_OK;
#pragma omp parallel for schedule(dynamic) reduction(max : worst)
    for (int i = 0; i < w->parts; i++) {
        const rp_status st = run_part(w, i, big, small, parts, a->weights,
                                      own + (size_t)omp_get_thread_num() * w->thread_bytes);
        if (st > worst) worst = st;
    }
    RP_NEED(worst == RP_OK, worst, "oneDNN's weight gradient failed");
    if (!w->slices) add_slabs(w, parts, a->weights);
    return RP_OK;
}

rp_status rp_onednn_weights_plan(const rp_conv_shape *s, int threads, rp_kernel **out)
{
    weights *w;
    RP_TRY(rp_alloc(1, sizeof *w, &w));
    w->s = *s;
    w->threads = threads;
    w->base = (rp_kernel){.row = "onednn", .thread_invariant = true, .run = run, .drop = drop};
    const rp_status st = plan(w);
    if (st != RP_OK) {
        drop(&w->base);
        return st;
    }
    w->big_copy =
        s->view ? floats_of((size_t)(rp_grid_size(s->big) * s->big_channels) * sizeof(float)) : 0;
    w->small_copy =
        s->view ? floats_of((size_t)(rp_grid_size(s->small) * s->small_channels) * sizeof(float))
                : 0;
    const int64_t floats = w->part_floats + w->big_copy + w->small_copy;
    w->base.scratch_bytes = (size_t)floats * sizeof(float) + w->thread_bytes * (size_t)threads;
    (void)snprintf(w->base.implementation, sizeof w->base.implementation, "%s in %d %s",
                   w->part[0].main.implementation, w->parts, w->slices ? "slices" : "slabs");
    *out = &w->base;
    return RP_OK;
}
