/* cohort/work.c - a farm with its journal on disk. */
#include "cohort/work.h"

#include "io/atomic.h"
#include "io/journal.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Kind of the first record of a journal: what work it belongs to. */
enum { KIND_HEAD = 100 };

static rp_work_progress *show_progress;

/* What a fatal signal writes; armed while a journal is open. */
static rp_last_words last_words;
static volatile sig_atomic_t is_armed;

void rp_work_crashed(void)
{
    if (is_armed) rp_last_words_write(&last_words);
    is_armed = 0;
}

void rp_work_show(rp_work_progress *show) { show_progress = show; }

typedef struct logbook {
    rp_journal *journal;
    const rp_work *work;
    double cost_all;
    rp_farm_record *record; /* of earlier starts */
    int64_t records, capacity;
    int number;  /* of the journal that is being read */
    bool usable; /* it belongs to this work */
} logbook;

/* A journal's payload: task as 8 bytes, then the bytes. */
static rp_status append(void *arg, rp_farm_kind kind, int64_t task, int64_t n, const char *bytes)
{
    logbook *b = arg;
    RP_AUTOFREE char *payload = NULL;
    RP_TRY(rp_alloc_raw(n + 8, 1, &payload));
    memcpy(payload, &task, 8);
    if (n) memcpy(payload + 8, bytes, (size_t)n);
    return rp_journal_add(b->journal, (uint32_t)kind, n + 8, payload, NULL);
}

static void progress(void *arg, int64_t done, int64_t tasks, double cost_done)
{
    const logbook *b = arg;
    if (show_progress && b->work->title)
        show_progress(b->work->title, done, tasks, b->cost_all > 0 ? cost_done / b->cost_all : 1);
}

static rp_status replay(void *arg, uint32_t kind, int64_t n, const void *payload, int64_t at)
{
    logbook *b = arg;
    if (at == 0 || kind == KIND_HEAD) {
        b->usable = kind == KIND_HEAD && n == (int64_t)strlen(b->work->digest) &&
                    memcmp(payload, b->work->digest, (size_t)n) == 0;
        return RP_OK;
    }
    if (!b->usable || n < 8) return RP_OK;
    RP_TRY(rp_grow(b->records + 1, sizeof *b->record, &b->capacity, &b->record));
    char *bytes;
    RP_TRY(rp_alloc_raw(n - 8 + 1, 1, &bytes));
    memcpy(bytes, (const char *)payload + 8, (size_t)n - 8);
    rp_farm_record *r = &b->record[b->records];
    *r = (rp_farm_record){.journal = b->number, .kind = (int)kind, .n = n - 8, .bytes = bytes};
    memcpy(&r->task, payload, 8);
    b->records++;
    return RP_OK;
}

/* Reads the phase's journals (rank 0), in byte order of their names; starts: how many there were.
 */
static rp_status read_journals(logbook *b, int64_t *starts)
{
    RP_AUTO(rp_names) names = NULL;
    RP_TRY(rp_path_list(b->work->folder, &names));
    RP_TEXT_AUTO prefix = {0};
    rp_text_add(&prefix, "%s-", b->work->phase);
    RP_TRY(rp_text_status(&prefix));
    for (int64_t i = 0; i < names->count; i++) {
        int64_t start;
        char number[16];
        if (strncmp(names->name[i], rp_text_get(&prefix), (size_t)prefix.length) != 0) continue;
        (void)snprintf(number, sizeof number, "%.6s", names->name[i] + prefix.length);
        if (!rp_read_int(number, &start)) continue;
        if (start + 1 > *starts) *starts = start + 1;
        RP_AUTOFREE char *path = NULL;
        RP_TRY(rp_path_join(b->work->folder, names->name[i], &path));
        b->usable = false;
        RP_TRY(rp_journal_replay(path, replay, b, NULL));
        b->number++;
    }
    return RP_OK;
}

static rp_status open_journal(logbook *b)
{
    const rp_work *w = b->work;
    int64_t start = 0;
    rp_status st = RP_OK;
    if (rp_comm_rank(w->comm) == 0) {
        st = rp_path_make_folder(w->folder);
        if (st == RP_OK) st = read_journals(b, &start);
    }
    RP_TRY(rp_comm_agree(w->comm, st));
    RP_TRY(rp_comm_max_i64(w->comm, 1, &start));
    RP_AUTOFREE char *path = NULL;
    RP_TRY(rp_format(&path, "%s/%s-%06" PRId64 "-%06d.journal", w->folder, w->phase, start,
                     rp_comm_rank(w->comm)));
    st = rp_journal_open(path, &b->journal);
    if (st == RP_OK)
        st = rp_journal_add(b->journal, KIND_HEAD, (int64_t)strlen(w->digest), w->digest, NULL);
    const int64_t no_task = -1;
    if (st == RP_OK)
        st =
            rp_journal_last_words(b->journal, RP_FARM_CRASH, sizeof no_task, &no_task, &last_words);
    is_armed = st == RP_OK;
    return rp_comm_agree(w->comm, st);
}

static rp_status run(logbook *b, rp_farm_results **out)
{
    const rp_work *w = b->work;
    if (w->folder) RP_TRY(open_journal(b));
    for (int64_t i = 0; i < w->tasks; i++) b->cost_all += w->cost[i];
    const rp_farm_settings s = {
        .comm = w->comm,
        .tasks = w->tasks,
        .cost = w->cost,
        .run = w->run,
        .arg = w->arg,
        .append = w->folder ? append : NULL,
        .append_arg = b,
        .records = b->records,
        .record = b->record,
        .concurrency = rp_pool_threads(w->pool),
        .stop = w->stop,
        .stop_arg = w->stop_arg,
        .progress = progress,
        .progress_arg = b,
        .results_everywhere = w->results_everywhere,
    };
    return rp_farm_run(&s, w->pool, out);
}

rp_status rp_work_run(const rp_work *work, rp_farm_results **out)
{
    logbook b = {.work = work};
    const rp_status st = run(&b, out);
    is_armed = 0;
    for (int64_t i = 0; i < b.records; i++) rp_free((void *)(uintptr_t)b.record[i].bytes);
    rp_free(b.record);
    if (st != RP_OK) {
        rp_journal_drop(&b.journal);
        return st;
    }
    return b.journal ? rp_comm_agree(work->comm, rp_journal_close(&b.journal)) : RP_OK;
}
