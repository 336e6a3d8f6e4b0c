/* cohort/cohort.c - a cohort on disk. */
#include "cohort/cohort.h"

#include "cohort/store.h"
#include "io/atomic.h"
#include "io/csv.h"
#include "lib/base/tree.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static rp_status read_table(const char *folder, const char *name, rp_csv **out)
{
    RP_AUTOFREE char *path = NULL;
    RP_TRY(rp_path_join(folder, name, &path));
    return rp_csv_read(path, ',', out);
}

static rp_status text_of(const rp_csv *csv, int64_t row, const char *column, const char **out)
{
    int c;
    RP_TRY(rp_csv_column(csv, column, &c));
    *out = rp_csv_text(csv, row, c);
    return RP_OK;
}

static rp_status read_cases(rp_cohort *c, const rp_csv *csv)
{
    c->cases = rp_csv_rows(csv);
    RP_TRY(rp_alloc(c->cases, sizeof *c->list, &c->list));
    for (int64_t i = 0; i < c->cases; i++) {
        const char *shard;
        RP_TRY(text_of(csv, i, "case", &c->list[i].name));
        RP_TRY(text_of(csv, i, "patient", &c->list[i].patient));
        RP_TRY(text_of(csv, i, "shard", &shard));
        char number[6] = "";
        if (strlen(shard) == 15) memcpy(number, shard + 7, 5);
        RP_NEED(rp_read_int(number, &c->list[i].shard) && c->list[i].shard >= 0, RP_EDATA,
                "cases.csv:%" PRId64 ": '%s' is no shard", rp_csv_line(csv, i), shard);
        if (c->list[i].shard >= c->shards) c->shards = c->list[i].shard + 1;
        RP_NEED(i == 0 || strcmp(c->list[i - 1].name, c->list[i].name) < 0, RP_EDATA,
                "cases.csv:%" PRId64 ": cases out of order", rp_csv_line(csv, i));
    }
    return RP_OK;
}

/* Rows of one case stand together, in the order of the cases. */
static rp_status read_volumes(rp_cohort *c, const rp_csv *csv)
{
    c->volumes = rp_csv_rows(csv);
    RP_TRY(rp_alloc(c->volumes, sizeof *c->volume, &c->volume));
    for (int64_t i = 0, k = 0; i < c->volumes; i++) {
        const char *name;
        double n[3];
        rp_cohort_volume *v = &c->volume[i];
        RP_TRY(text_of(csv, i, "case", &name));
        while (k < c->cases && strcmp(c->list[k].name, name) != 0) k++;
        RP_NEED(k < c->cases, RP_EDATA, "volumes.csv:%" PRId64 ": case '%s' is not in cases.csv",
                rp_csv_line(csv, i), name);
        if (c->list[k].volumes++ == 0) c->list[k].first_volume = i;
        RP_TRY(text_of(csv, i, "name", &v->name));
        RP_TRY(text_of(csv, i, "modality", &v->modality));
        RP_TRY(text_of(csv, i, "dataset", &v->dataset));
        RP_TRY(text_of(csv, i, "unit", &v->unit));
        RP_TRY(rp_csv_numbers(csv, i, "shape", 3, n));
        RP_TRY(rp_csv_numbers(csv, i, "spacing_mm", 3, v->grid.spacing));
        RP_TRY(rp_csv_numbers(csv, i, "origin_mm", 3, v->grid.origin));
        RP_TRY(rp_csv_numbers(csv, i, "direction", 9, &v->grid.dir[0][0]));
        for (int a = 0; a < 3; a++) v->grid.n[a] = (int64_t)n[a];
    }
    return RP_OK;
}

static rp_status read_regions(rp_cohort *c, const rp_csv *csv)
{
    c->regions = rp_csv_rows(csv);
    RP_TRY(rp_alloc(c->regions, sizeof *c->region, &c->region));
    int voxels;
    RP_TRY(rp_csv_column(csv, "voxels", &voxels));
    for (int64_t i = 0, k = 0; i < c->regions; i++) {
        const char *name;
        RP_TRY(text_of(csv, i, "case", &name));
        while (k < c->cases && strcmp(c->list[k].name, name) != 0) k++;
        RP_NEED(k < c->cases, RP_EDATA, "regions.csv:%" PRId64 ": case '%s' is not in cases.csv",
                rp_csv_line(csv, i), name);
        if (c->list[k].regions++ == 0) c->list[k].first_region = i;
        RP_TRY(text_of(csv, i, "region", &c->region[i].name));
        RP_TRY(text_of(csv, i, "volume", &c->region[i].volume));
        RP_TRY(text_of(csv, i, "dataset", &c->region[i].dataset));
        RP_TRY(rp_csv_int(csv, i, voxels, &c->region[i].voxels));
    }
    return RP_OK;
}

/* cohort.json's list of files with their digests; lent by the tree. */
static rp_status read_files(const char *path, rp_tree **tree, const rp_node **files)
{
    RP_AUTOFREE char *json = NULL;
    RP_AUTO(rp_tree) t = NULL;
    RP_TEXT_AUTO text = {0};
    RP_TRY(rp_path_join(path, "cohort.json", &json));
    RP_TRY(rp_file_read(json, 1 << 28, &text));
    RP_TRY(rp_tree_json(json, text.length, rp_text_get(&text), &t));
    *files = rp_node_get(rp_tree_root(t), "files");
    RP_NEED(*files && (*files)->kind == RP_NODE_MAP, RP_EDATA, "'%s': no list of files", json);
    for (int64_t i = 0; i < (*files)->count; i++)
        RP_NEED((*files)->child[i]->kind == RP_NODE_SCALAR &&
                    !strstr((*files)->child[i]->key, ".."),
                RP_EDATA, "'%s': a file that is none", json);
    *tree = RP_TAKE(t);
    return RP_OK;
}

static rp_status has_digest(const char *path, const char *wanted, bool *same)
{
    uint8_t d[RP_DIGEST_BYTES];
    char hex[RP_DIGEST_TEXT];
    RP_TRY(rp_file_digest(path, d));
    rp_hex(sizeof d, d, hex);
    *same = strcmp(hex, wanted) == 0;
    return RP_OK;
}

/* A table is read as it was written or not at all. */
static rp_status read_checked(const char *folder, const char *name, const rp_node *files,
                              rp_csv **out)
{
    RP_AUTOFREE char *path = NULL;
    bool same;
    const rp_node *wanted = rp_node_get(files, name);
    RP_TRY(rp_path_join(folder, name, &path));
    RP_NEED(wanted, RP_EDATA, "'%s': not in the list of cohort.json", path);
    RP_TRY(has_digest(path, wanted->text, &same));
    RP_NEED(same, RP_EDATA,
            "'%s' was changed or damaged: its digest differs from cohort.json; bring it back, or "
            "ingest the cohort anew",
            path);
    return read_table(folder, name, out);
}

rp_status rp_cohort_open(const char *path, rp_cohort **out)
{
    RP_AUTO(rp_cohort) c = NULL;
    RP_AUTO(rp_tree) tree = NULL;
    RP_AUTOFREE char *json = NULL;
    const rp_node *files;
    RP_TRY(rp_alloc(1, sizeof *c, &c));
    RP_TRY(rp_copy_text(path, &c->path));
    pthread_mutex_t *lock;
    RP_TRY(rp_alloc(1, sizeof *lock, &lock));
    (void)pthread_mutex_init(lock, NULL);
    c->lock = lock;
    RP_TRY(rp_path_join(path, "cohort.json", &json));
    uint8_t d[RP_DIGEST_BYTES];
    RP_TRY_IN(rp_file_digest(json, d), "no complete cohort in '%s'", path);
    rp_hex(sizeof d, d, c->digest);
    static const char *const name[] = {"cases.csv", "volumes.csv", "regions.csv"};
    RP_TRY(read_files(path, &tree, &files));
    for (int i = 0; i < 3; i++) {
        rp_csv *csv;
        RP_TRY(read_checked(path, name[i], files, &csv));
        c->tables[i] = csv;
    }
    RP_TRY(read_cases(c, c->tables[0]));
    RP_TRY(read_volumes(c, c->tables[1]));
    RP_TRY(read_regions(c, c->tables[2]));
    RP_TRY(rp_alloc(c->shards, sizeof *c->shard, &c->shard));
    *out = RP_TAKE(c);
    return RP_OK;
}

void rp_cohort_drop(rp_cohort **c)
{
    if (!*c) return;
    for (int64_t i = 0; (*c)->shard && i < (*c)->shards; i++) rp_shard_drop(&(*c)->shard[i]);
    for (int i = 0; i < 3; i++) {
        rp_csv *csv = (*c)->tables[i];
        rp_csv_drop(&csv);
    }
    if ((*c)->lock) (void)pthread_mutex_destroy((*c)->lock);
    rp_free((*c)->lock);
    rp_free((*c)->path);
    rp_free((*c)->list);
    rp_free((*c)->volume);
    rp_free((*c)->region);
    rp_free((*c)->shard);
    rp_free(*c);
    *c = NULL;
}

int64_t rp_cohort_find(const rp_cohort *c, const char *case_name)
{
    int64_t low = 0, high = c->cases;
    while (low < high) {
        const int64_t mid = (low + high) / 2;
        const int order = strcmp(c->list[mid].name, case_name);
        if (order == 0) return mid;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return -1;
}

const rp_cohort_volume *rp_cohort_find_volume(const rp_cohort *c, int64_t index, const char *name)
{
    const rp_cohort_case *k = &c->list[index];
    for (int64_t i = 0; i < k->volumes; i++)
        if (strcmp(c->volume[k->first_volume + i].name, name) == 0)
            return &c->volume[k->first_volume + i];
    return NULL;
}

static rp_status open_shard(rp_cohort *c, int64_t number, const rp_shard **out)
{
    (void)pthread_mutex_lock(c->lock);
    rp_status st = RP_OK;
    if (!c->shard[number]) {
        RP_AUTOFREE char *name = NULL, *path = NULL;
        st = rp_store_shard_name(number, &name);
        if (st == RP_OK) st = rp_path_join(c->path, name, &path);
        if (st == RP_OK) st = rp_shard_open(path, &c->shard[number]);
    }
    *out = c->shard[number];
    (void)pthread_mutex_unlock(c->lock);
    return st;
}

rp_status rp_cohort_read(rp_cohort *c, int64_t index, const char *dataset, rp_volume **out)
{
    const rp_shard *s;
    int64_t i;
    RP_AUTOFREE char *name = NULL;
    RP_TRY(open_shard(c, c->list[index].shard, &s));
    RP_TRY(rp_format(&name, "/%s/%s", c->list[index].name, dataset));
    RP_TRY(rp_shard_dataset(s, name, &i));
    return rp_shard_read_volume(s, i, out);
}

static rp_status verify_file(const char *folder, const rp_node *file, rp_damage_fn *damage,
                             void *arg, int64_t *findings)
{
    RP_AUTOFREE char *path = NULL, *line = NULL;
    rp_path_info info;
    RP_TRY(rp_path_join(folder, file->key, &path));
    RP_TRY(rp_path_look(path, true, &info));
    if (info.kind != RP_PATH_FILE) {
        RP_TRY(rp_format(&line, "%s: missing", file->key));
        damage(arg, line);
        (*findings)++;
        return RP_OK;
    }
    bool same;
    RP_TRY(has_digest(path, file->text, &same));
    if (same) return RP_OK;
    if (strncmp(file->key, "shards/", 7) == 0) { /* says which dataset and chunk */
        int64_t inside = 0;
        RP_TRY(rp_shard_verify(path, damage, arg, &inside));
        *findings += inside;
        if (inside > 0) return RP_OK;
    }
    RP_TRY(rp_format(&line, "%s: digest differs from cohort.json", file->key));
    damage(arg, line);
    (*findings)++;
    return RP_OK;
}

rp_status rp_cohort_verify(const char *path, rp_damage_fn *damage, void *arg, int64_t *findings)
{
    RP_AUTO(rp_tree) tree = NULL;
    const rp_node *files;
    *findings = 0;
    RP_TRY(read_files(path, &tree, &files));
    for (int64_t i = 0; i < files->count; i++)
        RP_TRY(verify_file(path, files->child[i], damage, arg, findings));
    return RP_OK;
}

rp_status rp_cohort_private_map(const char *path, rp_csv **out)
{
    RP_AUTOFREE char *map = NULL;
    RP_AUTO(rp_csv) csv = NULL;
    rp_path_info info;
    int column;
    *out = NULL;
    RP_TRY(rp_format(&map, "%s.private/map.csv", path));
    RP_TRY(rp_path_look(map, true, &info));
    if (info.kind != RP_PATH_FILE) return RP_OK;
    RP_TRY(rp_csv_read(map, ',', &csv));
    RP_TRY(rp_csv_column(csv, "source_patient", &column));
    RP_TRY(rp_csv_column(csv, "patient", &column));
    *out = RP_TAKE(csv);
    return RP_OK;
}
