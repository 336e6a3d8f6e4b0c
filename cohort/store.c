/* cohort/store.c - a folder of shards made case by case. */
#include "cohort/store.h"

#include "io/atomic.h"
#include "io/journal.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Records of a case: 'V' name, volume name, modality, unit, packed; or 'A' name, type, sizes, data.
 */
struct rp_store_case {
    const rp_store *store;
    rp_text record;
};

typedef struct making {
    const rp_store *s;
    char *journal; /* folder */
    pthread_mutex_t lock;
    rp_journal *data;
    char *data_name;
    const rp_store_result *result; /* while shards are put together */
    char **place;                  /* [cases] "file at" of the record */
} making;

static void add_word(rp_text *t, const char *word)
{
    rp_text_add_bytes(t, (int64_t)strlen(word) + 1, word);
}

rp_status rp_store_put(rp_store_case *c, const char *name, const rp_volume *v,
                       const char *volume_name, const char *modality, const char *unit,
                       char digest_hex[RP_DIGEST_TEXT])
{
    RP_AUTO(rp_packed) p = NULL;
    RP_TRY(rp_chunks_pack(v, c->store->chunk, NULL, &p));
    rp_text_add(&c->record, "V");
    add_word(&c->record, name);
    add_word(&c->record, volume_name);
    add_word(&c->record, modality);
    add_word(&c->record, unit);
    rp_packed_save(p, &c->record);
    if (digest_hex) {
        uint8_t d[RP_DIGEST_BYTES];
        rp_digest_bytes(NULL, (size_t)rp_grid_voxels(&v->grid) * rp_dtype_size(v->dtype), v->data,
                        d);
        rp_hex(sizeof d, d, digest_hex);
    }
    return rp_text_status(&c->record);
}

rp_status rp_store_put_array(rp_store_case *c, const char *name, const rp_array *a)
{
    rp_text_add(&c->record, "A");
    add_word(&c->record, name);
    const int64_t head[4] = {a->type, a->rank, a->n[0], a->n[1]};
    rp_text_add_bytes(&c->record, sizeof head, head);
    rp_text_add_bytes(&c->record, a->n[0] * a->n[1] * (int64_t)rp_array_size(a->type), a->data);
    return rp_text_status(&c->record);
}

/* One case: its record goes to the data journal and is flushed before the farm hears of it. */
static rp_status make_case(void *arg, int64_t task, rp_text *result)
{
    making *m = arg;
    rp_store_case c = {.store = m->s};
    RP_TEXT_AUTO told = {0};
    int64_t at = 0;
    rp_status st = m->s->make(m->s->arg, task, &c, &told);
    if (st == RP_OK) st = rp_text_status(&told);
    if (st == RP_OK) {
        (void)pthread_mutex_lock(&m->lock);
        st = rp_journal_add(m->data, 1, c.record.length, rp_text_get(&c.record), &at);
        if (st == RP_OK) st = rp_journal_sync(m->data);
        (void)pthread_mutex_unlock(&m->lock);
    }
    rp_text_clear(&c.record);
    RP_TRY(st);
    rp_text_add(result, "%s %" PRId64 "\n%s", m->data_name, at, rp_text_get(&told));
    return rp_text_status(result);
}

typedef struct cursor {
    const char *at;
    int64_t left;
} cursor;

static rp_status take_word(cursor *c, const char **word)
{
    const char *end = memchr(c->at, 0, (size_t)c->left);
    RP_NEED(end, RP_EDATA, "a case's record ends early");
    *word = c->at;
    c->left -= end + 1 - c->at;
    c->at = end + 1;
    return RP_OK;
}

static rp_status put_volume(rp_shard_writer *w, const char *case_name, cursor *c)
{
    const char *word[4];
    RP_AUTOFREE char *dataset = NULL;
    RP_AUTO(rp_packed) p = NULL;
    int64_t used;
    for (int i = 0; i < 4; i++) RP_TRY(take_word(c, &word[i]));
    RP_TRY(rp_packed_load(c->left, c->at, &used, &p));
    c->at += used;
    c->left -= used;
    RP_TRY(rp_format(&dataset, "/%s/%s", case_name, word[0]));
    const rp_shard_about about = {.name = word[1], .modality = word[2], .unit = word[3]};
    return rp_shard_put(w, dataset, p, &about);
}

static rp_status put_array(rp_shard_writer *w, const char *case_name, cursor *c)
{
    const char *name;
    int64_t head[4];
    RP_TRY(take_word(c, &name));
    RP_NEED(c->left >= (int64_t)sizeof head, RP_EDATA, "a case's record ends early");
    memcpy(head, c->at, sizeof head);
    const int64_t bytes = head[2] * head[3] * (int64_t)rp_array_size((rp_array_type)head[0]);
    c->at += sizeof head;
    c->left -= (int64_t)sizeof head;
    RP_NEED(c->left >= bytes, RP_EDATA, "a case's record ends early");
    RP_AUTO(rp_array) a = NULL;
    RP_TRY(rp_array_new((rp_array_type)head[0], (int)head[1], head + 2, &a));
    if (bytes) memcpy(a->data, c->at, (size_t)bytes);
    c->at += bytes;
    c->left -= bytes;
    RP_AUTOFREE char *dataset = NULL;
    RP_TRY(rp_format(&dataset, "/%s/%s", case_name, name));
    return rp_shard_put_array(w, dataset, a, 0, NULL);
}

static rp_status put_case(const making *m, rp_shard_writer *w, int64_t index)
{
    const char *blank = strrchr(m->place[index], ' ');
    int64_t at;
    RP_NEED(blank && rp_read_int(blank + 1, &at), RP_EDATA, "case '%s' has no record",
            m->s->name[index]);
    RP_AUTOFREE char *path = NULL;
    RP_TRY(
        rp_format(&path, "%s/%.*s", m->journal, (int)(blank - m->place[index]), m->place[index]));
    RP_TEXT_AUTO record = {0};
    uint32_t kind;
    RP_TRY(rp_journal_fetch(path, at, &kind, &record));
    cursor c = {rp_text_get(&record), record.length};
    while (c.left > 0) {
        const char what = *c.at++;
        c.left--;
        RP_NEED(what == 'V' || what == 'A', RP_EDATA, "a case's record holds an unknown part");
        RP_TRY(what == 'V' ? put_volume(w, m->s->name[index], &c)
                           : put_array(w, m->s->name[index], &c));
    }
    return RP_OK;
}

static rp_status make_shard(void *arg, int64_t task, rp_text *result)
{
    const making *m = arg;
    RP_AUTOFREE char *name = NULL, *path = NULL;
    RP_TRY(rp_store_shard_name(task, &name));
    RP_TRY(rp_path_join(m->s->folder, name, &path));
    rp_shard_writer *w = NULL;
    RP_TRY(rp_shard_create(path, &w));
    rp_status st = RP_OK;
    for (int64_t i = 0; i < m->s->cases && st == RP_OK; i++)
        if (m->result->shard[i] == task && m->result->status[i] == RP_OK) st = put_case(m, w, i);
    if (st != RP_OK) {
        rp_shard_writer_drop(&w);
        /* A record that was whole when the case was done is damaged by the machine, not by data. */
        return st == RP_EDATA ? RP_EIO : st;
    }
    RP_TRY(rp_shard_close(&w));
    uint8_t d[RP_DIGEST_BYTES];
    char hex[RP_DIGEST_TEXT];
    RP_TRY(rp_file_digest(path, d));
    rp_hex(sizeof d, d, hex);
    rp_text_add(result, "%s", hex);
    return rp_text_status(result);
}

rp_status rp_store_shard_name(int64_t shard, char **out)
{
    return rp_format(out, "shards/%05" PRId64 ".h5", shard);
}

static rp_status result_new(const rp_store *s, rp_store_result **out)
{
    RP_AUTO(rp_store_result) r = NULL;
    RP_TRY(rp_alloc(1, sizeof *r, &r));
    RP_TRY(rp_alloc(s->cases, sizeof *r->status, &r->status));
    RP_TRY(rp_alloc(s->cases, sizeof *r->told, &r->told));
    RP_TRY(rp_alloc(s->cases, sizeof *r->shard, &r->shard));
    r->cases = s->cases;
    double filled = 0;
    for (int64_t i = 0; i < s->cases; i++) {
        if (i > 0 && filled + s->bytes[i] > s->shard_bytes) {
            r->shards++;
            filled = 0;
        }
        filled += s->bytes[i];
        r->shard[i] = r->shards;
    }
    if (s->cases) r->shards++;
    RP_TRY(rp_alloc(r->shards, sizeof *r->shard_digest, &r->shard_digest));
    *out = RP_TAKE(r);
    return RP_OK;
}

void rp_store_result_drop(rp_store_result **r)
{
    if (!*r) return;
    for (int64_t i = 0; (*r)->told && i < (*r)->cases; i++) rp_free((*r)->told[i]);
    rp_free((*r)->status);
    rp_free((*r)->told);
    rp_free((*r)->shard);
    rp_free((*r)->shard_digest);
    rp_free(*r);
    *r = NULL;
}

static rp_status take_cases(const rp_farm_results *f, making *m, rp_store_result *r)
{
    RP_ASSERT(r != NULL);
    for (int64_t i = 0; i < r->cases; i++) {
        const rp_farm_result *one = &f->result[i];
        r->status[i] = one->state == RP_FARM_IS_DONE     ? RP_OK
                       : one->state == RP_FARM_IS_FAILED ? one->status
                                                         : RP_EDATA;
        const char *told = one->bytes ? one->bytes : "";
        if (r->status[i] == RP_OK) {
            const char *end = strchr(told, '\n');
            RP_NEED(end, RP_EBUG, "case '%s' told nothing", m->s->name[i]);
            RP_TRY(rp_format(&m->place[i], "%.*s", (int)(end - told), told));
            told = end + 1;
        }
        RP_TRY(rp_copy_text(told, &r->told[i]));
    }
    return RP_OK;
}

static rp_status open_data(making *m)
{
    /* A name of its own for each start: an old journal may hold records that are in use. */
    for (int start = 0;; start++) {
        RP_AUTOFREE char *path = NULL;
        rp_path_info info;
        rp_free(RP_TAKE(m->data_name));
        RP_TRY(rp_format(&m->data_name, "data-%06d-%06d.record", start, rp_comm_rank(m->s->comm)));
        RP_TRY(rp_path_join(m->journal, m->data_name, &path));
        RP_TRY(rp_path_look(path, true, &info));
        if (info.kind == RP_PATH_NONE) return rp_journal_open(path, &m->data);
    }
}

/* Every case or every shard, journaled; title NULL: no progress.  The results are everywhere. */
static rp_status run_phase(making *m, const char *phase, const char *title, int64_t tasks,
                           const double cost[], rp_status (*run)(void *, int64_t, rp_text *),
                           rp_farm_results **out)
{
    const rp_store *s = m->s;
    const rp_work w = {.comm = s->comm,
                       .pool = s->pool,
                       .folder = m->journal,
                       .phase = phase,
                       .title = title,
                       .digest = s->digest,
                       .tasks = tasks,
                       .cost = cost,
                       .run = run,
                       .arg = m,
                       .stop = s->stop,
                       .stop_arg = s->stop_arg,
                       .results_everywhere = true};
    return rp_work_run(&w, out);
}

static rp_status run_cases(making *m, rp_store_result *r)
{
    const rp_store *s = m->s;
    RP_AUTO(rp_farm_results) f = NULL;
    RP_TRY(run_phase(m, "cases", s->title, s->cases, s->bytes, make_case, &f));
    RP_TRY(rp_comm_agree(s->comm, rp_journal_close(&m->data)));
    return take_cases(f, m, r);
}

static rp_status run_shards(making *m, rp_store_result *r)
{
    const rp_store *s = m->s;
    RP_AUTOFREE double *cost = NULL;
    RP_TRY(rp_alloc(r->shards, sizeof *cost, &cost));
    for (int64_t i = 0; i < s->cases; i++) cost[r->shard[i]] += s->bytes[i];
    m->result = r;
    RP_AUTO(rp_farm_results) f = NULL;
    RP_TRY(run_phase(m, "shards", NULL, r->shards, cost, make_shard, &f));
    for (int64_t i = 0; i < r->shards; i++) {
        RP_NEED(f->result[i].state == RP_FARM_IS_DONE, RP_EIO, "shard %" PRId64 ": %s", i,
                f->result[i].bytes);
        (void)snprintf(r->shard_digest[i], RP_DIGEST_TEXT, "%s", f->result[i].bytes);
    }
    return RP_OK;
}

static rp_status prepare_folders(making *m)
{
    RP_TRY(rp_path_join(m->s->folder, "journal", &m->journal));
    RP_AUTOFREE char *shards = NULL;
    RP_TRY(rp_path_join(m->s->folder, "shards", &shards));
    rp_status st = RP_OK;
    if (rp_comm_rank(m->s->comm) == 0) {
        st = rp_path_make_folder(m->journal);
        if (st == RP_OK) st = rp_path_make_folder(shards);
        if (st == RP_OK) st = rp_atomic_sweep(shards);
    }
    RP_TRY(rp_comm_agree(m->s->comm, st));
    return rp_comm_agree(m->s->comm, open_data(m));
}

rp_status rp_store_make(const rp_store *s, rp_store_result **out)
{
    RP_AUTO(rp_store_result) r = NULL;
    making m = {.s = s};
    (void)pthread_mutex_init(&m.lock, NULL);
    rp_status st = result_new(s, &r);
    if (st == RP_OK) st = rp_alloc(s->cases, sizeof *m.place, &m.place);
    st = rp_comm_agree(s->comm, st);
    if (st == RP_OK) st = prepare_folders(&m);
    if (st == RP_OK) st = run_cases(&m, r);
    if (st == RP_OK) st = run_shards(&m, r);
    for (int64_t i = 0; m.place && i < s->cases; i++) rp_free(m.place[i]);
    rp_free(m.place);
    rp_free(m.journal);
    rp_free(m.data_name);
    rp_journal_drop(&m.data);
    (void)pthread_mutex_destroy(&m.lock);
    RP_TRY(st);
    *out = RP_TAKE(r);
    return RP_OK;
}

rp_status rp_store_tidy(const char *folder)
{
    RP_AUTOFREE char *journal = NULL;
    RP_AUTO(rp_names) names = NULL;
    rp_path_info info;
    RP_TRY(rp_path_join(folder, "journal", &journal));
    RP_TRY(rp_path_look(journal, false, &info));
    if (info.kind != RP_PATH_FOLDER) return RP_OK;
    RP_TRY(rp_path_list(journal, &names));
    for (int64_t i = 0; i < names->count; i++) {
        RP_AUTOFREE char *path = NULL;
        RP_TRY(rp_path_join(journal, names->name[i], &path));
        RP_TRY(rp_file_remove(path));
    }
    return rp_path_remove_folder(journal);
}

rp_status rp_store_finish(const rp_store *s)
{
    rp_status st = RP_OK;
    if (rp_comm_rank(s->comm) == 0) st = rp_store_tidy(s->folder);
    return rp_comm_agree(s->comm, st);
}
