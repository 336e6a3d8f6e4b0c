/* cohort/prepare.c - from a cohort to prepared cases: plan, fit, make, publish. */
#include "cohort/prepare_priv.h"

#include "io/atomic.h"
#include "io/csv.h"
#include "lib/base/order.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void making_clear(rp_prepare_making *m)
{
    rp_free(m->index);
    rp_free(m->folder);
    rp_store_result_drop(&m->result);
    rp_lock_drop(&m->lock);
}

/* Cases of the split in the order of the cohort. */
static rp_status list_cases(const rp_prepare *s, rp_prepare_making *m)
{
    RP_TRY(rp_alloc(s->cohort->cases, sizeof *m->index, &m->index));
    for (int64_t i = 0; i < s->cohort->cases; i++)
        if (s->part[i] != RP_PART_NONE) m->index[m->cases++] = i;
    RP_NEED(m->cases > 0, RP_EUSE, "the split names no case of cohort '%s'", s->cohort->path);
    return RP_OK;
}

/* Target spacing: given, or the median over training cases of the first input's turned grid. */
static rp_status set_spacing(const rp_prepare *s, rp_prepare_making *m)
{
    RP_AUTOFREE double *x = NULL;
    RP_TRY(rp_alloc(m->cases, sizeof *x, &x));
    for (int a = 0; a < 3; a++) {
        m->recipe.spacing[a] = s->spacing[a];
        if (s->spacing[a] > 0) continue;
        int64_t n = 0;
        for (int64_t i = 0; i < m->cases; i++) {
            const rp_cohort_volume *v = rp_cohort_find_volume(s->cohort, m->index[i], s->input[0]);
            if (!v || s->part[m->index[i]] != RP_PART_TRAIN) continue;
            const rp_orient o = rp_orient_canonical(&v->grid);
            x[n++] = rp_orient_grid(&v->grid, &o).spacing[a];
        }
        RP_NEED(n > 0, RP_EUSE, "no training case has volume '%s'", s->input[0]);
        qsort(x, (size_t)n, sizeof *x, rp_ascending);
        m->recipe.spacing[a] = rp_quantile_sorted(n, x, 0.5);
    }
    return RP_OK;
}

static rp_status set_scheme(const rp_prepare *s, rp_prepare_making *m, int i)
{
    const char *modality = NULL;
    for (int64_t k = 0; k < m->cases && !modality; k++) {
        const rp_cohort_volume *v = rp_cohort_find_volume(s->cohort, m->index[k], s->input[i]);
        if (v) modality = v->modality;
    }
    RP_NEED(modality, RP_EUSE,
            "inputs: no case of the split has a volume '%s'; 'radpipe info' lists what there is",
            s->input[i]);
    const char *scheme = s->scheme[i];
    if (strcmp(scheme, "auto") == 0) scheme = strcmp(modality, "CT") == 0 ? "ct" : "zscore";
    int k = 0;
    while (k < RP_SCHEME_COUNT && strcmp(rp_scheme_name((rp_scheme)k), scheme) != 0) k++;
    RP_NEED(k < RP_SCHEME_COUNT, RP_EUSE,
            "prepare.normalise '%s': must be auto, ct, zscore or none", scheme);
    m->recipe.input[i].scheme = (rp_scheme)k;
    return RP_OK;
}

static rp_status make_recipe(const rp_prepare *s, rp_prepare_making *m)
{
    m->recipe.inputs = s->inputs;
    m->recipe.labels = s->labels;
    m->recipe.crop_nonzero = s->crop_nonzero;
    m->recipe.dtype = s->dtype;
    for (int i = 0; i < s->inputs; i++) {
        rp_clean_name(s->input[i], m->recipe.input[i].name);
        RP_TRY(set_scheme(s, m, i));
    }
    for (int i = 0; i < s->labels; i++) rp_clean_name(s->label[i], m->recipe.label[i]);
    return set_spacing(s, m);
}

/* Digest of what determines the prepared cases. */
static rp_status make_digest(const rp_prepare *s, rp_prepare_making *m)
{
    RP_TEXT_AUTO t = {0};
    rp_text_add(&t, "prepare 1\ncohort %s\nmerge %d\nseed %" PRIu64 "\n", s->cohort->digest,
                s->merge_union, s->seed);
    rp_recipe_write(&m->recipe, &t); /* before fitting: fitted numbers follow from the rest */
    for (int i = 0; i < s->labels; i++)
        rp_text_add(&t, "label %s pattern %s\n", s->label[i], s->pattern[i]);
    for (int64_t i = 0; i < m->cases; i++)
        rp_text_add(&t, "%s %s\n", s->cohort->list[m->index[i]].name,
                    rp_part_name(s->part[m->index[i]]));
    RP_TRY(rp_text_status(&t));
    uint8_t d[RP_DIGEST_BYTES];
    rp_digest_bytes(NULL, (size_t)t.length, rp_text_get(&t), d);
    rp_hex(sizeof d, d, m->digest);
    return rp_format(&m->folder, "%s/%.16s", s->folder, m->digest);
}

/* Rank 0 holds the lock while the cases are made: a second run waits and uses the result. */
static rp_status claim(rp_prepare_making *m, bool *complete)
{
    RP_AUTOFREE char *lock = NULL, *done = NULL;
    rp_path_info info;
    RP_TRY(rp_path_make_folder(m->folder));
    RP_TRY(rp_path_join(m->folder, "lock", &lock));
    RP_TRY(rp_path_join(m->folder, "prepared.json", &done));
    RP_TRY(rp_lock_take(lock, true, &m->lock));
    RP_TRY(rp_path_look(done, true, &info));
    *complete = info.kind == RP_PATH_FILE;
    return *complete ? rp_store_tidy(m->folder) : RP_OK;
}

static double announced(const rp_prepare *s, int64_t index)
{
    double bytes = 1;
    for (int i = 0; i < s->inputs; i++) {
        const rp_cohort_volume *v = rp_cohort_find_volume(s->cohort, index, s->input[0]);
        if (v) bytes += 4 * (double)rp_grid_voxels(&v->grid);
    }
    return bytes;
}

static rp_status make_shards(const rp_prepare *s, rp_prepare_making *m)
{
    RP_AUTOFREE const char **name = NULL;
    RP_AUTOFREE double *bytes = NULL;
    RP_TRY(rp_alloc(m->cases, sizeof *name, &name));
    RP_TRY(rp_alloc(m->cases, sizeof *bytes, &bytes));
    for (int64_t i = 0; i < m->cases; i++) {
        name[i] = s->cohort->list[m->index[i]].name;
        bytes[i] = announced(s, m->index[i]);
    }
    const rp_store store = {.comm = s->comm,
                            .pool = s->pool,
                            .folder = m->folder,
                            .title = "preparing cases",
                            .digest = m->digest,
                            .cases = m->cases,
                            .name = name,
                            .bytes = bytes,
                            .shard_bytes = 2.0 * (1 << 30),
                            .chunk = {32, 32, 32},
                            .make = rp_prepare_case,
                            .arg = m,
                            .stop = s->stop,
                            .stop_arg = s->stop_arg};
    RP_TRY(rp_store_make(&store, &m->result));
    rp_status st = RP_OK;
    if (rp_comm_rank(s->comm) == 0) st = rp_prepare_publish(m);
    RP_TRY(rp_comm_agree(s->comm, st));
    return rp_store_finish(&store);
}

rp_status rp_prepare_publish(rp_prepare_making *m)
{
    const rp_prepare *s = m->s;
    RP_TEXT_AUTO table = {0}, lost = {0}, recipe = {0}, json = {0};
    RP_AUTOFREE char *a = NULL, *b = NULL, *c = NULL, *d = NULL;
    rp_text_add(&table, "case,patient,split,cohort_index,shard,shape,crop_low,crop_size,turn,"
                        "source_shape,source_spacing_mm,"
                        "source_origin_mm,source_direction,outside,foreground\n");
    rp_text_add(&lost, "case,stage,reason\n");
    for (int64_t i = 0; i < m->cases; i++) {
        const int64_t k = m->index[i];
        if (m->result->status[i] != RP_OK) {
            rp_csv_put(&lost, s->cohort->list[k].name);
            rp_csv_put(&lost, "prepare");
            const char *blank = strchr(m->result->told[i], ' ');
            rp_csv_put(&lost, blank ? m->result->told[i] : rp_status_text(m->result->status[i]));
            rp_csv_end(&lost);
            continue;
        }
        rp_text_add(&table, "%s,%s,%s,%" PRId64 ",%" PRId64 ",%s\n", s->cohort->list[k].name,
                    s->cohort->list[k].patient, rp_part_name(s->part[k]), k, m->result->shard[i],
                    m->result->told[i]);
    }
    rp_recipe_write(&m->recipe, &recipe);
    rp_text_add(&json, "{\"version\": 1, \"digest\": \"%s\", \"shards\": [", m->digest);
    for (int64_t i = 0; i < m->result->shards; i++)
        rp_text_add(&json, "%s\"%s\"", i ? ", " : "", m->result->shard_digest[i]);
    rp_text_add(&json, "]}\n");
    RP_TRY(rp_text_status(&table));
    RP_TRY(rp_text_status(&lost));
    RP_TRY(rp_text_status(&recipe));
    RP_TRY(rp_text_status(&json));
    RP_TRY(rp_path_join(m->folder, "prepared.csv", &a));
    RP_TRY(rp_path_join(m->folder, "lost.csv", &b));
    RP_TRY(rp_path_join(m->folder, "recipe.json", &c));
    RP_TRY(rp_path_join(m->folder, "prepared.json", &d));
    RP_TRY(rp_atomic_write(a, table.length, rp_text_get(&table)));
    RP_TRY(rp_atomic_write(b, lost.length, rp_text_get(&lost)));
    RP_TRY(rp_atomic_write(c, recipe.length, rp_text_get(&recipe)));
    return rp_atomic_write(d, json.length, rp_text_get(&json));
}

static rp_status read_lost(const rp_prepare_making *m, rp_text *lost)
{
    RP_AUTOFREE char *path = NULL;
    RP_TEXT_AUTO t = {0};
    RP_TRY(rp_path_join(m->folder, "lost.csv", &path));
    RP_TRY(rp_file_read(path, 1 << 28, &t));
    const char *rows = strchr(rp_text_get(&t), '\n');
    if (rows) rp_text_add(lost, "%s", rows + 1);
    return rp_text_status(lost);
}

static rp_status run(const rp_prepare *s, rp_prepare_making *m, rp_prepared **out, rp_text *lost)
{
    rp_status st = list_cases(s, m);
    if (st == RP_OK) st = make_recipe(s, m);
    if (st == RP_OK) st = make_digest(s, m);
    RP_TRY(rp_comm_agree(s->comm, st));
    bool is_complete = false;
    if (rp_comm_rank(s->comm) == 0) st = claim(m, &is_complete);
    RP_TRY(rp_comm_agree(s->comm, st));
    int64_t complete = is_complete;
    RP_TRY(rp_comm_max_i64(s->comm, 1, &complete));
    if (!complete) {
        RP_TRY(rp_prepare_fit(m));
        RP_TRY(make_shards(s, m));
    }
    rp_lock_drop(&m->lock);
    RP_AUTO(rp_prepared) p = NULL;
    st = rp_prepared_open(m->folder, &p);
    if (st == RP_OK) st = read_lost(m, lost);
    RP_TRY(rp_comm_agree(s->comm, st));
    *out = RP_TAKE(p);
    return RP_OK;
}

rp_status rp_prepare_run(const rp_prepare *s, rp_prepared **out, rp_text *lost)
{
    rp_prepare_making m = {.s = s};
    const rp_status st = run(s, &m, out, lost);
    making_clear(&m);
    return st;
}
