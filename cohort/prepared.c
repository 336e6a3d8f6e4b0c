/* cohort/prepared.c - prepared cases on disk, reading. */
#include "cohort/prepared.h"

#include "cohort/store.h"
#include "io/atomic.h"
#include "io/csv.h"
#include "io/h5_mpio.h"
#include "lib/base/tree.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rp_status whole(const rp_csv *csv, int64_t row, const char *column, int n, int64_t out[])
{
    double x[RP_INPUTS_MAX];
    RP_TRY(rp_csv_numbers(csv, row, column, n, x));
    for (int i = 0; i < n; i++) {
        RP_NEED(fabs(x[i]) < 0x1p53, RP_EDATA,
                "prepared.csv:%" PRId64 ": column '%s': %g is too large", rp_csv_line(csv, row),
                column, x[i]);
        out[i] = (int64_t)x[i];
    }
    return RP_OK;
}

static rp_status text(const rp_csv *csv, int64_t row, const char *column, char out[RP_NAME_SIZE])
{
    int c;
    RP_TRY(rp_csv_column(csv, column, &c));
    (void)snprintf(out, RP_NAME_SIZE, "%s", rp_csv_text(csv, row, c));
    return RP_OK;
}

/* A turn of three axes, and a crop that lies in the turned source. */
static bool turn_fits(const rp_provenance *from)
{
    int seen = 0;
    for (int a = 0; a < 3; a++) {
        const int axis = from->orient.axis[a];
        if (axis < 0) return false;
        seen |= 1 << axis;
        const int64_t n = from->source.n[axis], low = from->low[a], size = from->size[a];
        if (low < 0 || size < 1 || size > n || low > n - size || from->n[a] < 1) return false;
    }
    return seen == 7;
}

static rp_status read_row(const rp_csv *csv, int64_t row, const rp_recipe *r, rp_prepared_case *k)
{
    char part[RP_NAME_SIZE];
    double d[RP_INPUTS_MAX];
    int64_t turn[6];
    RP_TRY(text(csv, row, "case", k->name));
    RP_TRY(text(csv, row, "patient", k->patient));
    RP_TRY(text(csv, row, "split", part));
    for (int p = RP_PART_TRAIN; p <= RP_PART_TEST; p++)
        if (strcmp(part, rp_part_name((rp_part)p)) == 0) k->part = (rp_part)p;
    RP_NEED(k->part != RP_PART_NONE, RP_EDATA, "prepared.csv:%" PRId64 ": split '%s'",
            rp_csv_line(csv, row), part);
    RP_TRY(whole(csv, row, "cohort_index", 1, &k->cohort_index));
    RP_TRY(whole(csv, row, "shard", 1, &k->shard));
    RP_TRY(whole(csv, row, "shape", 3, k->from.n));
    RP_TRY(whole(csv, row, "crop_low", 3, k->from.low));
    RP_TRY(whole(csv, row, "crop_size", 3, k->from.size));
    RP_TRY(whole(csv, row, "turn", 6, turn));
    for (int a = 0; a < 3; a++) {
        k->from.orient.axis[a] = turn[a] < 0 || turn[a] > 2 ? -1 : (int)turn[a];
        k->from.orient.flip[a] = turn[3 + a] != 0;
    }
    RP_TRY(whole(csv, row, "source_shape", 3, k->from.source.n));
    RP_NEED(k->shard >= 0 && turn_fits(&k->from), RP_EDATA,
            "prepared.csv:%" PRId64 ": shard, turn or crop is out of range", rp_csv_line(csv, row));
    RP_TRY(rp_csv_numbers(csv, row, "source_spacing_mm", 3, k->from.source.spacing));
    RP_TRY(rp_csv_numbers(csv, row, "source_origin_mm", 3, k->from.source.origin));
    RP_TRY(rp_csv_numbers(csv, row, "source_direction", 9, &k->from.source.dir[0][0]));
    RP_TRY(rp_csv_numbers(csv, row, "outside", r->inputs, d));
    for (int i = 0; i < r->inputs; i++) k->outside[i] = (float)d[i];
    return whole(csv, row, "foreground", r->labels, k->foreground);
}

static rp_status read_all(rp_prepared *p)
{
    RP_AUTOFREE char *recipe = NULL, *table = NULL, *json = NULL;
    RP_AUTO(rp_csv) csv = NULL;
    RP_TEXT_AUTO text_of = {0};
    uint8_t d[RP_DIGEST_BYTES];
    RP_TRY(rp_path_join(p->path, "prepared.json", &json));
    RP_TRY(rp_path_join(p->path, "recipe.json", &recipe));
    RP_TRY(rp_path_join(p->path, "prepared.csv", &table));
    RP_TRY_IN(rp_file_digest(json, d), "no prepared cases in '%s'", p->path);
    rp_hex(sizeof d, d, p->digest);
    RP_TRY(rp_file_read(recipe, 1 << 20, &text_of));
    RP_TRY(rp_recipe_read(recipe, text_of.length, rp_text_get(&text_of), &p->recipe));
    RP_TRY(rp_csv_read(table, ',', &csv));
    p->cases = rp_csv_rows(csv);
    RP_TRY(rp_alloc(p->cases, sizeof *p->list, &p->list));
    RP_TRY(rp_alloc(p->cases, sizeof *p->train, &p->train));
    for (int64_t i = 0; i < p->cases; i++) {
        RP_TRY(read_row(csv, i, &p->recipe, &p->list[i]));
        if (p->list[i].part == RP_PART_TRAIN) p->train[p->parts[RP_PART_TRAIN]] = i;
        p->parts[p->list[i].part]++;
        if (p->list[i].shard >= p->shards) p->shards = p->list[i].shard + 1;
    }
    return rp_alloc(p->shards, sizeof *p->shard, &p->shard);
}

/* The digest of prepared.json that the run's provenance names; "" if it names none. */
static rp_status wanted_digest(const char *run, char hex[RP_DIGEST_TEXT])
{
    RP_AUTOFREE char *path = NULL;
    RP_AUTO(rp_tree) tree = NULL;
    RP_TEXT_AUTO text = {0};
    rp_path_info info;
    hex[0] = 0;
    RP_TRY(rp_path_join(run, "provenance.json", &path));
    RP_TRY(rp_path_look(path, true, &info));
    if (info.kind != RP_PATH_FILE) return RP_OK;
    RP_TRY(rp_file_read(path, 1 << 24, &text));
    RP_TRY(rp_tree_json(path, text.length, rp_text_get(&text), &tree));
    const rp_node *node = rp_node_get(rp_tree_root(tree), "prepared");
    if (node && node->kind == RP_NODE_SCALAR) rp_text_fit(hex, RP_DIGEST_TEXT, node->text);
    return RP_OK;
}

rp_status rp_prepared_of_run(const char *run, char **path)
{
    RP_AUTOFREE char *folder = NULL;
    RP_AUTO(rp_names) names = NULL;
    char wanted[RP_DIGEST_TEXT];
    rp_path_info info;
    *path = NULL;
    RP_TRY(rp_path_join(run, "prepared", &folder));
    RP_TRY(rp_path_look(folder, true, &info));
    if (info.kind != RP_PATH_FOLDER) return RP_OK;
    RP_TRY(rp_path_list(folder, &names));
    RP_TRY(wanted_digest(run, wanted));
    for (int64_t i = 0; i < names->count && !*path; i++) {
        RP_AUTOFREE char *one = NULL, *last = NULL;
        uint8_t digest[RP_DIGEST_BYTES];
        char hex[RP_DIGEST_TEXT];
        RP_TRY(rp_path_join(folder, names->name[i], &one));
        RP_TRY(rp_path_join(one, "prepared.json", &last));
        RP_TRY(rp_path_look(last, true, &info));
        if (info.kind != RP_PATH_FILE) continue;
        RP_TRY(rp_file_digest(last, digest));
        rp_hex(sizeof digest, digest, hex);
        if (names->count == 1 || strcmp(wanted, hex) == 0) *path = RP_TAKE(one);
    }
    return RP_OK;
}

rp_status rp_prepared_open(const char *path, rp_prepared **out)
{
    RP_AUTO(rp_prepared) p = NULL;
    pthread_mutex_t *lock;
    RP_TRY(rp_alloc(1, sizeof *p, &p));
    RP_TRY(rp_copy_text(path, &p->path));
    RP_TRY(rp_alloc(1, sizeof *lock, &lock));
    (void)pthread_mutex_init(lock, NULL);
    p->lock = lock;
    RP_TRY(read_all(p));
    *out = RP_TAKE(p);
    return RP_OK;
}

void rp_prepared_drop(rp_prepared **p)
{
    if (!*p) return;
    for (int64_t i = 0; (*p)->shard && i < (*p)->shards; i++) rp_shard_drop(&(*p)->shard[i]);
    if ((*p)->lock) (void)pthread_mutex_destroy((*p)->lock);
    rp_free((*p)->lock);
    rp_free((*p)->path);
    rp_free((*p)->list);
    rp_free((*p)->train);
    rp_free((*p)->shard);
    rp_free(*p);
    *p = NULL;
}

static rp_status shard_path(const rp_prepared *p, int64_t number, char **path)
{
    RP_AUTOFREE char *name = NULL;
    RP_TRY(rp_store_shard_name(number, &name));
    return rp_path_join(p->path, name, path);
}

rp_status rp_prepared_open_mpio(rp_prepared *p, int comm)
{
    rp_status first = RP_OK;
    p->is_mpio = true;
    for (int64_t i = 0; i < p->shards; i++) { /* every rank opens each, whatever failed before */
        RP_AUTOFREE char *path = NULL;
        RP_TRY(shard_path(p, i, &path));
        const rp_status st = rp_shard_open_mpio(path, comm, &p->shard[i]);
        if (first == RP_OK) first = st;
    }
    return first;
}

static rp_status find(rp_prepared *p, int64_t index, const char *name, const rp_shard **shard,
                      int64_t *dataset)
{
    const rp_prepared_case *k = &p->list[index];
    RP_AUTOFREE char *path = NULL, *full = NULL;
    (void)pthread_mutex_lock(p->lock);
    rp_status st = RP_OK;
    if (!p->shard[k->shard]) {
        st = shard_path(p, k->shard, &path);
        if (st == RP_OK) st = rp_shard_open(path, &p->shard[k->shard]);
    }
    *shard = p->shard[k->shard];
    (void)pthread_mutex_unlock(p->lock);
    RP_TRY(st);
    RP_TRY(rp_format(&full, "/%s/%s", k->name, name));
    return rp_shard_dataset(*shard, full, dataset);
}

static rp_status read_box(rp_prepared *p, int64_t index, const char *name, bool is_mpio,
                          const int64_t low[3], const int64_t n[3], void *out)
{
    const rp_shard *s;
    int64_t i;
    RP_TRY(find(p, index, name, &s, &i));
    return is_mpio ? rp_shard_read_hdf5(s, i, low, n, out) : rp_shard_read_box(s, i, low, n, out);
}

static rp_status read_part(rp_prepared *p, int64_t index, bool is_mpio, const int64_t low[3],
                           const int64_t n[3], float image[], uint8_t label[])
{
    const int64_t voxels = n[0] * n[1] * n[2];
    RP_AUTOFREE uint16_t *half = NULL;
    if (p->recipe.dtype == RP_F16) RP_TRY(rp_alloc_raw(voxels, sizeof *half, &half));
    for (int c = 0; c < p->recipe.inputs; c++) {
        char name[20];
        (void)snprintf(name, sizeof name, "image%d", c);
        RP_TRY(read_box(p, index, name, is_mpio, low, n,
                        half ? (void *)half : (void *)(image + c * voxels)));
        if (half)
            for (int64_t i = 0; i < voxels; i++) image[c * voxels + i] = rp_half_to_float(half[i]);
    }
    return label ? read_box(p, index, "label", is_mpio, low, n, label) : RP_OK;
}

rp_status rp_prepared_read(rp_prepared *p, int64_t index, const int64_t low[3], const int64_t n[3],
                           float image[], uint8_t label[])
{
    return read_part(p, index, p->is_mpio, low, n, image, label);
}

rp_status rp_prepared_place(rp_prepared *p, int64_t index, int label, int64_t k, int64_t place[3])
{
    char name[24];
    const rp_shard *s;
    int64_t i;
    RP_AUTO(rp_array) a = NULL;
    (void)snprintf(name, sizeof name, "foreground%d", label);
    RP_TRY(find(p, index, name, &s, &i));
    RP_TRY(rp_shard_read_array(s, i, &a));
    const int64_t *n = p->list[index].from.n;
    RP_NEED(a->type == RP_ARRAY_I64 && k < a->n[0], RP_EDATA,
            "case '%s': %s has %" PRId64 " places, not over %" PRId64, p->list[index].name, name,
            a->n[0], k);
    const int64_t v = ((const int64_t *)a->data)[k];
    RP_NEED(v >= 0 && v < n[0] * n[1] * n[2], RP_EDATA, "case '%s': %s lies outside",
            p->list[index].name, name);
    place[0] = v / (n[1] * n[2]);
    place[1] = v / n[2] % n[1];
    place[2] = v % n[2];
    return RP_OK;
}

rp_status rp_prepared_case_image(rp_prepared *p, int64_t index, rp_case_image **out,
                                 uint8_t label[])
{
    RP_AUTO(rp_case_image) c = NULL;
    const rp_prepared_case *k = &p->list[index];
    RP_TRY(rp_alloc(1, sizeof *c, &c));
    c->from = k->from;
    c->inputs = p->recipe.inputs;
    memcpy(c->outside, k->outside, sizeof c->outside);
    RP_TRY(rp_alloc_raw(c->inputs * k->from.n[0] * k->from.n[1] * k->from.n[2], sizeof *c->image,
                        &c->image));
    /* Never through MPI-IO: this may be a compute thread, and MPI belongs to the driver. */
    RP_TRY(read_part(p, index, false, (const int64_t[]){0, 0, 0}, k->from.n, c->image, label));
    *out = RP_TAKE(c);
    return RP_OK;
}
