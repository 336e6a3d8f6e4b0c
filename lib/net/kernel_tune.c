/* lib/net/kernel_tune.c - timing rows: they take turns, so that all see the same load. */
#include "lib/net/kernel_tune.h"

#include "lib/base/clock.h"
#include "lib/base/random.h"
#include "lib/net/engine_priv.h"
#include "lib/net/kernels_priv.h"

enum { ROWS_MOST = 16, ROUNDS_LEAST = 3, ROUNDS_MOST = 12 };
static const double round_seconds = 0.5, hopeless = 3; /* enough for a row; times the best one */

/* A row that is being timed. */
typedef struct entry {
    const rp_kernel_row *row;
    rp_kernel *kernel;
    void *packed;
    double seconds; /* least so far; below 0: out of the race */
} entry;

typedef struct race {
    rp_op op;
    const rp_conv_shape *shape;
    int threads, entries;
    entry entry[ROWS_MOST];
    float *big, *small, *weights;
    void *scratch;
} race;

static void race_clear(race *r)
{
    for (int i = 0; i < r->entries; i++) {
        rp_kernel_drop(&r->entry[i].kernel);
        rp_free(r->entry[i].packed);
    }
    rp_free(r->big);
    rp_free(r->small);
    rp_free(r->weights);
    rp_free(r->scratch);
}

static rp_status noise(int64_t n, uint64_t stream, float **out)
{
    RP_TRY(rp_alloc_raw(n, sizeof **out, out));
    rp_random r;
    rp_random_start(0, RP_RANDOM_TEST, stream, &r);
    for (int64_t i = 0; i < n; i++) (*out)[i] = (float)rp_random_range(&r, -1, 1);
    return RP_OK;
}

/* Voxel strides as the engine has them: a view is half of a concatenation. */
static int64_t stride_of(const rp_conv_shape *s, int64_t channels)
{
    return s->view ? 2 * channels : channels;
}

static rp_status enter_rows(race *r)
{
    size_t scratch = 0;
    for (const rp_kernel_row *row = rp_kernel_rows; row->name; row++) {
        if (!row->is_timed || row->needs > rp_isa_here()) continue;
        RP_ASSERT(r->entries < ROWS_MOST);
        entry *e = &r->entry[r->entries];
        const rp_status st = rp_kernel_plan(row, r->op, r->shape, r->threads, &e->kernel);
        if (st == RP_EUNSUP) continue;
        RP_TRY(st);
        r->entries++;
        e->row = row;
        RP_TRY(rp_alloc((int64_t)e->kernel->packed_bytes, 1, &e->packed));
        if (e->kernel->scratch_bytes > scratch) scratch = e->kernel->scratch_bytes;
    }
    RP_NEED(r->entries > 0, RP_EUNSUP, "no kernel row takes the layer");
    RP_TRY(rp_alloc((int64_t)scratch, 1, &r->scratch));
    for (int i = 0; i < r->entries; i++)
        RP_TRY(rp_kernel_pack(r->entry[i].kernel, r->weights, r->entry[i].packed, r->scratch));
    return RP_OK;
}

static rp_status start(race *r)
{
    const rp_conv_shape *s = r->shape;
    RP_TRY(noise(rp_grid_size(s->big) * stride_of(s, s->big_channels), 0, &r->big));
    RP_TRY(noise(rp_grid_size(s->small) * stride_of(s, s->small_channels), 1, &r->small));
    RP_TRY(noise(rp_conv_weights(s), 2, &r->weights));
    return enter_rows(r);
}

static double now(int threads) { return threads == 1 ? rp_clock_cpu() : rp_clock_now(); }

static rp_status run_once(const race *r, const entry *e, double *seconds)
{
    const rp_conv_shape *s = r->shape;
    rp_kernel_args a = {.big = rp_tensor_make(r->big, s->big_channels, s->big),
                        .small = rp_tensor_make(r->small, s->small_channels, s->small),
                        .packed = e->packed,
                        .add = s->add && r->op != RP_OP_WEIGHTS,
                        .weights = r->weights,
                        .scratch = r->scratch,
                        .threads = r->threads};
    a.big.stride = stride_of(s, s->big_channels);
    a.small.stride = stride_of(s, s->small_channels);
    const double begin = now(r->threads);
    RP_TRY(rp_kernel_run(e->kernel, &a));
    *seconds = now(r->threads) - begin;
    return RP_OK;
}

/* Rounds of all rows: the first warms up; after the second, those far behind drop out. */
static rp_status run_rounds(race *r, const entry **winner)
{
    double spent = 0;
    const entry *best = NULL;
    for (int round = 0; round <= ROUNDS_MOST; round++) {
        if (round > ROUNDS_LEAST && spent > round_seconds * r->entries) break;
        for (int i = 0; i < r->entries; i++) {
            entry *e = &r->entry[i];
            double seconds;
            if (e->seconds < 0) continue;
            RP_TRY(run_once(r, e, &seconds));
            spent += round > 0 ? seconds : 0;
            if (round <= 1 || seconds < e->seconds) e->seconds = seconds;
        }
        best = NULL;
        for (int i = 0; i < r->entries; i++) {
            const entry *e = &r->entry[i];
            if (e->seconds >= 0 && (!best || e->seconds < best->seconds)) best = e;
        }
        RP_ASSERT(best != NULL); /* the best one never drops out */
        for (int i = 0; i < r->entries && round == 1; i++)
            if (r->entry[i].seconds > hopeless * best->seconds) r->entry[i].seconds = -1;
    }
    *winner = best;
    return RP_OK;
}

static rp_status tune_op(const rp_engine *e, const rp_step *s, rp_op op, rp_kernel_layer *l)
{
    race r = {.op = op, .shape = &s->shape[op], .threads = e->threads};
    const entry *winner = NULL;
    rp_status st = start(&r);
    if (st == RP_OK) st = run_rounds(&r, &winner);
    if (st == RP_OK) {
        l->row[op] = winner->row;
        l->seconds[op] = winner->seconds;
    }
    race_clear(&r);
    return st;
}

static int count_ops(const rp_engine *e)
{
    int all = 0;
    for (int i = 0; i < e->steps; i++)
        for (int op = 0; op < RP_OP_COUNT; op++) all += e->step[i].kernel[op] != NULL;
    return all;
}

rp_status rp_kernel_tune(const rp_engine_settings *settings, rp_kernel_tuned *tuned, void *arg,
                         rp_kernel_list **out)
{
    RP_AUTO(rp_engine) e = NULL;
    RP_AUTO(rp_kernel_list) list = NULL;
    rp_engine_settings s = *settings;
    s.kernels = "auto";
    RP_TRY(rp_alloc(1, sizeof *e, &e));
    RP_TRY(rp_engine_plan(&s, e));
    RP_TRY(rp_alloc(1, sizeof *list, &list));
    int done = 0;
    const int all = count_ops(e);
    for (int i = 0; i < e->steps; i++)
        for (int op = 0; op < RP_OP_COUNT; op++) {
            const rp_step *step = &e->step[i];
            if (!step->kernel[op]) continue;
            rp_kernel_layer *l = rp_kernel_list_find(list, &step->shape[op]);
            if (!l) RP_TRY(rp_kernel_list_add(list, &step->shape[op], &l));
            if (!l->row[op]) RP_TRY_IN(tune_op(e, step, (rp_op)op, l), "layer '%s'", step->name);
            done++;
            if (tuned) tuned(arg, done, all, step->name, (rp_op)op, l->row[op], l->seconds[op]);
        }
    *out = RP_TAKE(list);
    return RP_OK;
}
