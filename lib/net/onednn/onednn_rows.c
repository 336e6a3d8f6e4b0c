/* lib/net/onednn/onednn_rows.c - the row `onednn`: which way an operation goes, and the wrapping of
 * oneDNN's calls.
 *
 * 1. The instruction set is held at AVX512_CORE, so that machines with and without VNNI or bf16
 *    agree.
 * 2. No implementation whose name starts with "ref" is taken: they are thousands of times slower.
 */
#include "lib/net/onednn/onednn_priv.h"

#include <stdio.h>
#include <string.h>

rp_status rp_onednn_status(dnnl_status_t st)
{
    return st == dnnl_out_of_memory ? RP_EMEM : st == dnnl_unimplemented ? RP_EUNSUP : RP_EBUG;
}

rp_onednn_grids rp_onednn_grids_of(const rp_conv_shape *s)
{
    rp_onednn_grids g = {.flat = s->big[0] == 1 && s->kernel[0] == 1};
    for (int a = 0; a < 3; a++) {
        g.in[a] = s->big[a];
        g.out[a] = s->small[a];
        g.before[a] = s->pad[a];
        /* a strided layer may leave the last voxels unread: no padding then */
        const int64_t after =
            (s->small[a] - 1) * s->stride[a] + s->kernel[a] - s->big[a] - s->pad[a];
        g.after[a] = after > 0 ? after : 0;
    }
    return g;
}

rp_status rp_onednn_describe(int64_t ci, int64_t co, const rp_onednn_grids *g,
                             const int64_t kernel[3], const int64_t stride[3], rp_onednn_conv *c)
{
    const int first = g->flat ? 1 : 0;
    *c = (rp_onednn_conv){.axes = 5 - first};
    dnnl_dims_t src = {1, ci}, dst = {1, co}, weights = {co, ci};
    for (int a = first; a < 3; a++) {
        const int to = 2 + a - first;
        src[to] = g->in[a];
        dst[to] = g->out[a];
        weights[to] = kernel[a];
        c->strides[a - first] = stride[a];
        c->pad_before[a - first] = g->before[a];
        c->pad_after[a - first] = g->after[a];
    }
    const dnnl_format_tag_t last = first ? dnnl_acdb : dnnl_acdeb,
                            plain = first ? dnnl_abcd : dnnl_abcde;
    RP_DNNL(dnnl_memory_desc_init_by_tag(&c->src, c->axes, src, dnnl_f32, last));
    RP_DNNL(dnnl_memory_desc_init_by_tag(&c->dst, c->axes, dst, dnnl_f32, last));
    RP_DNNL(dnnl_memory_desc_init_by_tag(&c->weights_any, c->axes, weights, dnnl_f32,
                                         dnnl_format_tag_any));
    RP_DNNL(dnnl_memory_desc_init_by_tag(&c->weights_plain, c->axes, weights, dnnl_f32, plain));
    return RP_OK;
}

/* The iterator over implementations of a kind; hint is the forward one that the backward kinds ask
 * for.  The iterator goes on reading *d. */
static rp_status iterate(dnnl_engine_t engine, rp_onednn_kind kind, const rp_onednn_conv *c,
                         const_dnnl_primitive_attr_t attr, const_dnnl_primitive_desc_t hint,
                         dnnl_convolution_desc_t *d, dnnl_primitive_desc_iterator_t *it)
{
    const dnnl_alg_kind_t alg = dnnl_convolution_direct;
    if (kind == RP_ONEDNN_FORWARD)
        RP_DNNL(dnnl_convolution_forward_desc_init(d, dnnl_forward_training, alg, &c->src,
                                                   &c->weights_any, NULL, &c->dst, c->strides,
                                                   c->pad_before, c->pad_after));
    else if (kind == RP_ONEDNN_DATA)
        RP_DNNL(dnnl_convolution_backward_data_desc_init(d, alg, &c->src, &c->weights_any, &c->dst,
                                                         c->strides, c->pad_before, c->pad_after));
    else
        RP_DNNL(dnnl_convolution_backward_weights_desc_init(d, alg, &c->src, &c->weights_any, NULL,
                                                            &c->dst, c->strides, c->pad_before,
                                                            c->pad_after));
    const dnnl_status_t st = dnnl_primitive_desc_iterator_create(it, d, attr, engine, hint);
    RP_NEED(st == dnnl_success, rp_onednn_status(st), "oneDNN has no such convolution (status %d)",
            (int)st);
    return RP_OK;
}

static rp_status finish(dnnl_primitive_desc_t pd, rp_onednn_kind kind, rp_onednn_primitive *p)
{
    p->scratchpad_md = *dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    p->scratchpad = dnnl_memory_desc_get_size(&p->scratchpad_md);
    p->weights = *dnnl_primitive_desc_query_md(
        pd, kind == RP_ONEDNN_WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
    RP_DNNL(dnnl_primitive_create(&p->primitive, pd));
    return RP_OK;
}

/* Takes the first implementation of an iterator that is not a reference one. */
static rp_status take(dnnl_primitive_desc_iterator_t it, rp_onednn_kind kind,
                      rp_onednn_primitive *p)
{
    do {
        dnnl_primitive_desc_t pd = dnnl_primitive_desc_iterator_fetch(it);
        const char *name = "";
        RP_NEED(pd, RP_EUNSUP, "oneDNN has no implementation of a convolution");
        const dnnl_status_t st = dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
        const bool good = st == dnnl_success && !strstr(name, "ref");
        const rp_status made = good ? finish(pd, kind, p) : RP_OK;
        (void)dnnl_primitive_desc_destroy(pd);
        if (good) {
            p->implementation = name;
            return made;
        }
    } while (dnnl_primitive_desc_iterator_next(it) == dnnl_success);
    RP_FAIL(RP_EUNSUP, "oneDNN has only a reference implementation of a convolution");
}

rp_status rp_onednn_primitive_new(dnnl_engine_t engine, rp_onednn_kind kind,
                                  const rp_onednn_conv *c, rp_onednn_primitive *p)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_iterator_t it = NULL, forward = NULL;
    dnnl_convolution_desc_t d, forward_d;
    dnnl_primitive_desc_t hint = NULL;
    RP_DNNL(dnnl_primitive_attr_create(&attr));
    rp_status st =
        dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user) == dnnl_success
            ? RP_OK
            : RP_EBUG;
    if (st == RP_OK && kind != RP_ONEDNN_FORWARD) {
        st = iterate(engine, RP_ONEDNN_FORWARD, c, attr, NULL, &forward_d, &forward);
        if (st == RP_OK) hint = dnnl_primitive_desc_iterator_fetch(forward);
    }
    if (st == RP_OK) st = iterate(engine, kind, c, attr, hint, &d, &it);
    if (st == RP_OK) st = take(it, kind, p);
    (void)dnnl_primitive_desc_iterator_destroy(it);
    (void)dnnl_primitive_desc_iterator_destroy(forward);
    (void)dnnl_primitive_desc_destroy(hint);
    (void)dnnl_primitive_attr_destroy(attr);
    return st;
}

void rp_onednn_primitive_clear(rp_onednn_primitive *p)
{
    if (p->primitive) (void)dnnl_primitive_destroy(p->primitive);
    p->primitive = NULL;
}

rp_status rp_onednn_reorder_new(dnnl_engine_t engine, const dnnl_memory_desc_t *from,
                                const dnnl_memory_desc_t *to, rp_onednn_primitive *p)
{
    dnnl_primitive_desc_t pd = NULL;
    RP_DNNL(dnnl_reorder_primitive_desc_create(&pd, from, engine, to, engine, NULL));
    const dnnl_status_t st = dnnl_primitive_create(&p->primitive, pd);
    (void)dnnl_primitive_desc_destroy(pd);
    RP_DNNL(st);
    return RP_OK;
}

enum { ARGS_MOST = 4 };

rp_status rp_onednn_run(dnnl_engine_t engine, const rp_onednn_primitive *p, int n,
                        const rp_onednn_arg arg[], void *scratchpad)
{
    dnnl_exec_arg_t list[ARGS_MOST + 1];
    dnnl_stream_t stream = NULL;
    dnnl_status_t st = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
    int made = 0;
    for (int i = 0; i < n && st == dnnl_success; i++) {
        list[i].arg = arg[i].arg;
        void *data;
        memcpy(&data, &arg[i].data, sizeof data); /* oneDNN knows no const memory */
        st = dnnl_memory_create(&list[i].memory, arg[i].md, engine, data);
        made += st == dnnl_success;
    }
    if (st == dnnl_success && p->scratchpad > 0) {
        list[n].arg = DNNL_ARG_SCRATCHPAD;
        st = dnnl_memory_create(&list[n].memory, &p->scratchpad_md, engine, scratchpad);
        made += st == dnnl_success;
    }
    if (st == dnnl_success) st = dnnl_primitive_execute(p->primitive, stream, made, list);
    if (st == dnnl_success) st = dnnl_stream_wait(stream);
    for (int i = 0; i < made; i++) (void)dnnl_memory_destroy(list[i].memory);
    if (stream) (void)dnnl_stream_destroy(stream);
    RP_NEED(st == dnnl_success, rp_onednn_status(st), "oneDNN: status %d in %s", (int)st,
            p->implementation ? p->implementation : "a reorder");
    return RP_OK;
}

size_t rp_onednn_line(size_t bytes) { return (bytes + 63) / 64 * 64; }

int64_t rp_onednn_floats(int64_t floats) { return (floats + 15) / 16 * 16; }

const float *rp_onednn_dense(const rp_tensor *t, float *scratch)
{
    const int64_t n = rp_tensor_voxels(t), c = t->shape[1];
    if (t->stride == c) return t->data;
#pragma omp parallel for schedule(static)
    for (int64_t v = 0; v < n; v++)
        memcpy(scratch + v * c, t->data + v * t->stride, (size_t)c * sizeof *scratch);
    return scratch;
}

static rp_status gemm(bool ta, int64_t m, int64_t n, int64_t k, const float a[], int64_t lda,
                      const float b[], int64_t ldb, float beta, float c[], int64_t ldc)
{
    const dnnl_status_t st =
        dnnl_sgemm(ta ? 'T' : 'N', 'N', m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
    return st == dnnl_success ? RP_OK : rp_onednn_status(st);
}

/* The limit can only be set before the first primitive of the process; later calls say so, and then
 * it must be in force already. */
static rp_status limit_isa(void)
{
    (void)dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx512_core);
    const dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    RP_NEED(isa <= dnnl_cpu_isa_avx512_core, RP_EUSE,
            "oneDNN was used before its instruction set could be held at avx512_core");
    return RP_OK;
}

rp_status rp_onednn_plan(rp_op op, const rp_conv_shape *s, int threads, rp_kernel **out)
{
    RP_TRY(limit_isa());
    const bool point = rp_conv_taps(s) == 1 && rp_conv_is_same(s);
    if (point || rp_conv_is_disjoint(s)) return rp_matmul_plan("onednn", gemm, op, s, threads, out);
    return op == RP_OP_WEIGHTS ? rp_onednn_weights_plan(s, threads, out)
                               : rp_onednn_conv_plan(op, s, threads, out);
}

void rp_onednn_version(char out[], size_t size)
{
    const dnnl_version_t *v = dnnl_version();
    (void)snprintf(out, size, "oneDNN %d.%d.%d (%s), isa 0x%x", v->major, v->minor, v->patch,
                   v->hash, (unsigned)dnnl_get_effective_cpu_isa());
}
