/* cohort/ingest.c - from an export to a cohort. */
#include "cohort/ingest_priv.h"

#include "io/atomic.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void making_clear(rp_ingest_making *m)
{
    rp_scan_drop(&m->scan);
    rp_plan_drop(&m->plan);
    rp_store_result_drop(&m->result);
    rp_free(m->reference);
    rp_free(m->private_folder);
    rp_lock_drop(&m->lock);
}

/* What a second start must agree with. */
static rp_status request_text(const rp_ingest *s, rp_text *t)
{
    rp_text_add(t, "version 1\nids %s\nshard %g\nrules default\n", s->keep_ids ? "keep" : "keyed",
                s->shard_bytes);
    for (int i = 0; i < s->sources; i++) rp_text_add(t, "source %s\n", s->source[i]);
    return rp_text_status(t);
}

/* Rank 0: private folder, lock, and whether the cohort is complete already. */
static rp_status claim(const rp_ingest *s, rp_ingest_making *m, bool *complete)
{
    RP_AUTOFREE char *lock = NULL, *done = NULL, *request = NULL;
    RP_TRY(rp_path_make_private(m->private_folder));
    RP_TRY(rp_path_join(m->private_folder, "lock", &lock));
    RP_TRY(rp_path_join(m->private_folder, "request", &request));
    RP_TRY(rp_path_join(s->out, "cohort.json", &done));
    RP_TRY(rp_lock_take(lock, true, &m->lock));
    rp_path_info info, asked;
    RP_TEXT_AUTO want = {0}, have = {0};
    RP_TRY(request_text(s, &want));
    RP_TRY(rp_path_look(done, true, &info));
    RP_TRY(rp_path_look(request, true, &asked));
    *complete = info.kind == RP_PATH_FILE;
    if (asked.kind == RP_PATH_FILE) {
        RP_TRY(rp_file_read(request, 1 << 20, &have));
        RP_NEED(strcmp(rp_text_get(&want), rp_text_get(&have)) == 0, RP_EUSE,
                "cohort '%s' was begun with other sources or settings; take another --out, or "
                "remove it and '%s'",
                s->out, m->private_folder);
    } else {
        RP_NEED(!*complete, RP_EUSE, "'%s' holds a cohort of unknown origin ('%s' is missing)",
                s->out, request);
        RP_TRY(rp_atomic_write_private(request, want.length, rp_text_get(&want)));
    }
    return *complete ? rp_store_tidy(s->out) : RP_OK;
}

static rp_status take_key(const rp_ingest *s, rp_ingest_making *m)
{
    m->naming.keep = s->keep_ids;
    if (s->keep_ids) return RP_OK;
    RP_AUTOFREE char *own = NULL;
    RP_TRY(rp_path_join(m->private_folder, "key", &own));
    rp_status st = RP_OK;
    if (rp_comm_rank(s->comm) == 0) st = rp_naming_key(s->key ? s->key : own, true, m->naming.key);
    RP_TRY(rp_comm_agree(s->comm, st));
    RP_TEXT_AUTO key = {0};
    rp_text_add_bytes(&key, RP_KEY_BYTES, m->naming.key);
    RP_TRY(rp_comm_share(s->comm, 0, &key));
    memcpy(m->naming.key, key.at, RP_KEY_BYTES);
    return RP_OK;
}

/* Series that a structure set or segmentation refers to: one task a file. */
typedef struct referring {
    const rp_scan *scan;
    int64_t *file; /* [tasks] */
} referring;

static rp_status read_reference(void *arg, int64_t task, rp_text *result)
{
    const referring *r = arg;
    const int64_t file = r->file[task];
    if (r->scan->head[file].kind == RP_FILE_STRUCTS) {
        RP_AUTO(rp_dicom_structs) s = NULL;
        RP_TRY(rp_dicom_rtstruct(r->scan->path[file], &s));
        rp_text_add(result, "%s", s->series_uid);
    } else {
        RP_AUTO(rp_dicom_seg) s = NULL;
        RP_TRY(rp_dicom_segmentation(r->scan->path[file], &s));
        rp_text_add(result, "%s", s->series_uid);
    }
    return rp_text_status(result);
}

static rp_status find_references(const rp_ingest *s, const char *journal, rp_ingest_making *m)
{
    RP_AUTOFREE int64_t *file = NULL;
    RP_AUTOFREE double *cost = NULL;
    int64_t tasks = 0;
    RP_TRY(rp_alloc(m->scan->files, sizeof *m->reference, &m->reference));
    RP_TRY(rp_alloc(m->scan->files, sizeof *file, &file));
    RP_TRY(rp_alloc(m->scan->files, sizeof *cost, &cost));
    for (int64_t i = 0; i < m->scan->files; i++)
        if (m->scan->head[i].kind == RP_FILE_STRUCTS || m->scan->head[i].kind == RP_FILE_SEG) {
            cost[tasks] = 1;
            file[tasks++] = i;
        }
    if (tasks == 0) return RP_OK;
    referring r = {m->scan, file};
    const rp_work w = {.comm = s->comm,
                       .pool = s->pool,
                       .folder = journal,
                       .phase = "references",
                       .digest = m->digest,
                       .tasks = tasks,
                       .cost = cost,
                       .run = read_reference,
                       .arg = &r,
                       .stop = s->stop,
                       .stop_arg = s->stop_arg,
                       .results_everywhere = true};
    RP_AUTO(rp_farm_results) f = NULL;
    RP_TRY(rp_work_run(&w, &f));
    for (int64_t i = 0; i < tasks; i++) {
        if (f->result[i].state == RP_FARM_IS_DONE) {
            (void)snprintf(m->reference[file[i]], sizeof m->reference[0], "%s", f->result[i].bytes);
            continue;
        }
        rp_file_head *h = &m->scan->head[file[i]];
        h->kind = RP_FILE_SKIPPED;
        h->status = (int32_t)f->result[i].status;
        h->reason = "damaged regions";
    }
    return RP_OK;
}

/* Digest of all that determines the cases: names, sizes, settings. */
static rp_status plan_digest(const rp_ingest *s, rp_ingest_making *m)
{
    RP_AUTO(rp_digest) d = NULL;
    uint8_t raw[RP_DIGEST_BYTES];
    RP_TEXT_AUTO request = {0};
    RP_TRY(request_text(s, &request));
    RP_TRY(rp_digest_new(m->naming.keep ? NULL : m->naming.key, &d));
    rp_digest_add(d, (size_t)request.length, rp_text_get(&request));
    rp_digest_add(d, (size_t)m->scan->paths.length, m->scan->paths.at);
    for (int64_t i = 0; i < m->scan->files; i++)
        rp_digest_add(d, strlen(m->scan->head[i].sop) + 1, m->scan->head[i].sop);
    rp_digest_end(d, raw);
    rp_hex(sizeof raw, raw, m->digest);
    return RP_OK;
}

static rp_status make_shards(const rp_ingest *s, rp_ingest_making *m)
{
    const rp_plan *p = m->plan;
    RP_AUTOFREE const char **name = NULL;
    RP_AUTOFREE double *bytes = NULL;
    RP_TRY(rp_alloc(p->cases, sizeof *name, &name));
    RP_TRY(rp_alloc(p->cases, sizeof *bytes, &bytes));
    for (int64_t i = 0; i < p->cases; i++) {
        name[i] = p->cases_list[i].name;
        bytes[i] = p->cases_list[i].bytes;
    }
    const rp_store store = {.comm = s->comm,
                            .pool = s->pool,
                            .folder = s->out,
                            .title = "ingesting cases",
                            .digest = m->digest,
                            .cases = p->cases,
                            .name = name,
                            .bytes = bytes,
                            .shard_bytes = s->shard_bytes,
                            .chunk = {32, 32, 32},
                            .make = rp_ingest_case,
                            .arg = m,
                            .stop = s->stop,
                            .stop_arg = s->stop_arg};
    RP_TRY(rp_store_make(&store, &m->result));
    rp_status st = RP_OK;
    if (rp_comm_rank(s->comm) == 0) st = rp_ingest_tables(s, m);
    RP_TRY(rp_comm_agree(s->comm, st));
    return rp_store_finish(&store);
}

static rp_status run(const rp_ingest *s, rp_ingest_making *m, rp_ingest_counts *counts)
{
    RP_AUTOFREE char *journal = NULL;
    RP_TRY(rp_format(&m->private_folder, "%s.private", s->out));
    RP_TRY(rp_path_join(s->out, "journal", &journal));
    int64_t complete = 0;
    bool is_complete = false;
    rp_status st = RP_OK;
    if (!s->dry_run && rp_comm_rank(s->comm) == 0) st = claim(s, m, &is_complete);
    RP_TRY(rp_comm_agree(s->comm, st));
    complete = is_complete;
    RP_TRY(rp_comm_max_i64(s->comm, 1, &complete));
    counts->was_there = complete != 0;
    if (complete) return RP_OK;
    if (s->dry_run && rp_comm_rank(s->comm) == 0) st = rp_path_make_private(m->private_folder);
    RP_TRY(rp_comm_agree(s->comm, st));
    RP_TRY(take_key(s, m));
    RP_TRY(rp_scan_sources(s->comm, s->pool, s->sources, s->source, s->dry_run ? NULL : journal,
                           s->stop, s->stop_arg, &m->scan));
    RP_TRY(rp_comm_agree(s->comm, plan_digest(s, m)));
    RP_TRY(find_references(s, s->dry_run ? NULL : journal, m));
    RP_TRY(rp_comm_agree(
        s->comm, rp_plan_make(m->scan, &m->naming, (const char(*)[68])m->reference, &m->plan)));
    if (s->dry_run) {
        if (rp_comm_rank(s->comm) == 0) st = rp_ingest_inventory(s, m);
        RP_TRY(rp_comm_agree(s->comm, st));
    } else {
        RP_NEED(m->plan->cases > 0, RP_EDATA,
                "no usable image in the sources: 'radpipe ingest --dry-run' lists each file with "
                "its reason");
        RP_TRY(make_shards(s, m));
    }
    *counts = m->counts;
    RP_TEXT_AUTO shared = {0};
    rp_text_add_bytes(&shared, sizeof *counts, counts);
    RP_TRY(rp_comm_share(s->comm, 0, &shared));
    memcpy(counts, shared.at, sizeof *counts);
    return RP_OK;
}

rp_status rp_ingest_run(const rp_ingest *settings, rp_ingest_counts *counts)
{
    rp_ingest_making m = {0};
    *counts = (rp_ingest_counts){0};
    const rp_status st = run(settings, &m, counts);
    making_clear(&m);
    return st;
}
