/* bench/bench_data.c - reading of patches and augmentation, as servers for tools/bench.
 *
 * usage: bench_data patch-load pread|mpio FILE    FILE and FILE.h5 are made: raw voxels, and our
 * shard bench_data augment
 *
 * patch-load: a step reads PATCHES patches of 64^3 at places drawn by a fixed seed from a CT of
 * 160x256x256 int16 voxels with noise (chunks of 32^3), and adds them up.  augment: a step makes
 * SAMPLES samples of 64^3 with nnU-Net's transforms. */
#include "bench/harness.h"
#include "io/h5_mpio.h"
#include "io/shard.h"
#include "lib/base/random.h"
#include "lib/image/augment.h"
#include "mpi/world.h"

#include <stdio.h>
#include <string.h>

enum { Z = 160, Y = 256, X = 256, SIDE = 64, PATCHES = 16, SAMPLES = 10 };

typedef struct data {
    rp_shard *shard;
    bool is_mpio;
    int16_t *patch;
    uint64_t turn;
    float *image, *out;
    uint8_t *label, *out_label;
    void *scratch;
} data;

/* A body of soft tissue with noise in air: what a CT compresses like. */
static void fill(int16_t *v)
{
    rp_random r;
    rp_random_start(1, RP_RANDOM_TEST, 0, &r);
    for (int64_t i = 0; i < (int64_t)Z * Y * X; i++) {
        const double y = (double)(i / X % Y) / Y - 0.5, x = (double)(i % X) / X - 0.5;
        v[i] = (int16_t)((x * x + y * y < 0.16 ? 40 : -1000) + 12 * rp_random_normal(&r));
    }
}

static rp_status make_shard(const char *file, const char *path)
{
    RP_AUTO(rp_volume) v = NULL;
    RP_AUTO(rp_packed) p = NULL;
    const rp_grid g = rp_grid_axial(Z, Y, X, 1, 1, 1);
    rp_shard_writer *w;
    RP_TRY(rp_volume_new(&g, RP_I16, &v));
    fill(v->data);
    FILE *f = fopen(file, "wb");
    RP_NEED(f && fwrite(v->data, 2, (size_t)Z * Y * X, f) == (size_t)Z * Y * X && fclose(f) == 0,
            RP_EIO, "'%s' cannot be written", file);
    RP_TRY(rp_chunks_pack(v, (const int64_t[]){32, 32, 32}, NULL, &p));
    RP_TRY(rp_shard_create(path, &w));
    const rp_shard_about about = {.name = "CT", .modality = "CT", .unit = "HU"};
    RP_TRY(rp_shard_put(w, "/case/CT", p, &about));
    return rp_shard_close(&w);
}

static void place(int i, int64_t low[3])
{
    rp_random r;
    const int64_t limit[3] = {Z - SIDE + 1, Y - SIDE + 1, X - SIDE + 1};
    rp_random_start(2, RP_RANDOM_CENTRE, (uint64_t)i, &r);
    for (int a = 0; a < 3; a++) low[a] = rp_random_below(&r, limit[a]);
}

/* FILE.places: the corners of the patches, for peers. */
static rp_status tell_places(const char *file)
{
    RP_AUTOFREE char *path = NULL;
    RP_TRY(rp_format(&path, "%s.places", file));
    FILE *f = fopen(path, "w");
    RP_NEED(f, RP_EIO, "'%s' cannot be written", path);
    for (int i = 0; i < PATCHES; i++) {
        int64_t low[3];
        place(i, low);
        (void)fprintf(f, "%lld %lld %lld\n", (long long)low[0], (long long)low[1],
                      (long long)low[2]);
    }
    RP_NEED(fclose(f) == 0, RP_EIO, "'%s' cannot be written", path);
    return RP_OK;
}

static rp_status load(void *arg, double *value)
{
    data *d = arg;
    *value = 0;
    for (int i = 0; i < PATCHES; i++) {
        const int64_t n[3] = {SIDE, SIDE, SIDE};
        int64_t low[3];
        place(i, low);
        RP_TRY(d->is_mpio ? rp_shard_read_hdf5(d->shard, 0, low, n, d->patch)
                          : rp_shard_read_box(d->shard, 0, low, n, d->patch));
        double sum = 0;
        for (int64_t k = 0; k < SIDE * SIDE * SIDE; k++) sum += d->patch[k];
        *value += sum / (SIDE * SIDE * SIDE);
    }
    return RP_OK;
}

static rp_status augment(void *arg, double *value)
{
    data *d = arg;
    const int64_t patch[3] = {SIDE, SIDE, SIDE}, start[3] = {32, 32, 32}, n[3] = {128, 128, 128};
    rp_augment_settings s;
    const float outside = 0;
    RP_TRY(rp_augment_preset("nnunet", patch, &s));
    for (int i = 0; i < SAMPLES; i++, d->turn++) {
        rp_augment_spatial t;
        const rp_augment_source src = {1,        {0, 0, 0}, {n[0], n[1], n[2]},
                                       d->image, d->label,  &outside};
        rp_augment_draw(&s, 1, d->turn, &t);
        rp_augment_apply_spatial(&t, &src, patch, start, d->out, d->out_label);
        rp_augment_apply_values(&s, 1, d->turn, 1, patch, d->out, d->out_label, d->scratch);
    }
    *value = (double)d->out[0];
    return RP_OK;
}

static rp_status start_load(data *d, const char *way, const char *file)
{
    RP_AUTOFREE char *path = NULL;
    RP_TRY(rp_format(&path, "%s.h5", file));
    d->is_mpio = strcmp(way, "mpio") == 0;
    RP_TRY(rp_alloc_raw(SIDE * SIDE * SIDE, 2, &d->patch));
    if (!d->is_mpio) { /* the first of the servers makes the data */
        RP_TRY(make_shard(file, path));
        RP_TRY(tell_places(file));
        return rp_shard_open(path, &d->shard);
    }
    RP_TRY(rp_world_start(NULL, NULL));
    return rp_shard_open_mpio(path, rp_comm_fint(rp_comm_world()), &d->shard);
}

static rp_status start_augment(data *d)
{
    const int64_t patch[3] = {SIDE, SIDE, SIDE}, source = 128 * 128 * 128,
                  voxels = SIDE * SIDE * SIDE;
    rp_random r;
    rp_random_start(3, RP_RANDOM_TEST, 0, &r);
    RP_TRY(rp_alloc(source, sizeof(float), &d->image));
    RP_TRY(rp_alloc(source, 1, &d->label));
    RP_TRY(rp_alloc(voxels, sizeof(float), &d->out));
    RP_TRY(rp_alloc(voxels, 1, &d->out_label));
    RP_TRY(rp_alloc((int64_t)rp_augment_scratch(patch), 1, &d->scratch));
    for (int64_t i = 0; i < source; i++) {
        d->image[i] = (float)rp_random_normal(&r);
        d->label[i] = (uint8_t)(i / 4096 % 3);
    }
    return RP_OK;
}

int main(int argc, char **argv)
{
    data d = {0};
    rp_status st;
    rp_thread_flush_denormals();
    if (argc == 4 && strcmp(argv[1], "patch-load") == 0) {
        st = start_load(&d, argv[2], argv[3]);
        return st == RP_OK ? rp_bench_serve(load, &d) : rp_bench_fail(st);
    }
    if (argc == 2 && strcmp(argv[1], "augment") == 0) {
        st = start_augment(&d);
        return st == RP_OK ? rp_bench_serve(augment, &d) : rp_bench_fail(st);
    }
    (void)fprintf(stderr, "usage: bench_data patch-load pread|mpio FILE | augment\n");
    return 2;
}
