/* mpi/farm_replay.c - what earlier starts left: results, reasons, and tasks that were open at a
 * death.
 *
 * A start record is open until an end record of the task follows in the same journal.  A task is
 * started once a start of the program, so its open starts are the deaths that it saw.
 */
#include "mpi/farm_priv.h"

#include <inttypes.h>
#include <string.h>

enum { DEATHS_ALONE = 2, DEATHS_SKIP = 3 };

bool rp_farm_is_reason(rp_status st)
{
    return st == RP_EDATA || st == RP_EUNSUP || st == RP_ENUM || st == RP_ENONE;
}

rp_status rp_results_new(int64_t tasks, rp_farm_results **out)
{
    RP_AUTO(rp_farm_results) r = NULL;
    RP_TRY(rp_alloc(1, sizeof *r, &r));
    RP_TRY(rp_alloc(tasks, sizeof *r->result, &r->result));
    r->tasks = tasks;
    *out = RP_TAKE(r);
    return RP_OK;
}

void rp_farm_results_drop(rp_farm_results **results)
{
    rp_farm_results *r = *results;
    if (!r) return;
    for (int64_t i = 0; i < r->tasks; i++) rp_free(r->result[i].bytes);
    rp_free(r->result);
    rp_free(r);
    *results = NULL;
}

rp_status rp_results_set(rp_farm_results *into, int64_t i, rp_farm_state state, rp_status status,
                         int64_t n, const char *bytes)
{
    rp_farm_result *r = &into->result[i];
    char *copy;
    RP_TRY(rp_alloc(n + 1, 1, &copy));
    if (n) memcpy(copy, bytes, (size_t)n);
    rp_free(r->bytes);
    r->state = state;
    r->status = status;
    r->n = n;
    r->bytes = copy;
    return RP_OK;
}

/* A reason in a journal: the status by name, a blank, the message. */
static rp_status read_reason(const rp_farm_record *r, rp_farm_results *into)
{
    static const rp_status known[] = {RP_EDATA, RP_EUNSUP, RP_ENUM, RP_ENONE};
    static const char *const name[] = {"EDATA ", "EUNSUP ", "ENUM ", "ENONE "};
    for (int i = 0; i < 4; i++) {
        const int64_t skip = (int64_t)strlen(name[i]);
        if (r->n >= skip && memcmp(r->bytes, name[i], (size_t)skip) == 0)
            return rp_results_set(into, r->task, RP_FARM_IS_FAILED, known[i], r->n - skip,
                                  r->bytes + skip);
    }
    RP_FAIL(RP_EDATA, "journal: reason of task %" PRId64 " names no failure", r->task);
}

static rp_status read_result(const rp_farm_record *r, rp_farm_results *into)
{
    const rp_farm_result *old = &into->result[r->task];
    RP_NEED(old->state != RP_FARM_IS_DONE ||
                (old->n == r->n && (r->n == 0 || memcmp(old->bytes, r->bytes, (size_t)r->n) == 0)),
            RP_EDATA, "journal: task %" PRId64 " has two results that differ", r->task);
    return rp_results_set(into, r->task, RP_FARM_IS_DONE, RP_OK, r->n, r->bytes);
}

/* What is counted for one task. */
typedef struct history {
    int deaths, alone; /* open starts; those that were alone */
    bool crashed_alone;
    int open_kind; /* of the journal that is read now: the start that is open, 0 */
    int open_journal;
} history;

static void close_start(history *h, int journal)
{
    if (!h->open_kind || h->open_journal != journal) return;
    h->deaths--;
    h->alone -= h->open_kind == RP_FARM_ALONE;
    h->open_kind = 0;
}

static void open_start(history *h, const rp_farm_record *r)
{
    h->deaths++;
    h->alone += r->kind == RP_FARM_ALONE;
    h->open_kind = r->kind;
    h->open_journal = r->journal;
}

/* The crash is that of the last start before it in its journal and since the last begin, if that
 * one is alone: nothing else runs beside it.  Records [0, i) came before. */
static void mark_crash(int64_t i, const rp_farm_record record[], history list[])
{
    for (int64_t k = i - 1; k >= 0; k--) {
        const rp_farm_record *r = &record[k];
        if (r->journal != record[i].journal) continue;
        if (r->kind == RP_FARM_BEGIN || r->kind == RP_FARM_START) return;
        if (r->kind != RP_FARM_ALONE) continue;
        history *h = &list[r->task];
        h->crashed_alone =
            h->crashed_alone || (h->open_kind == RP_FARM_ALONE && h->open_journal == r->journal);
        return;
    }
}

static rp_status read_record(int64_t i, const rp_farm_record record[], history list[],
                             rp_farm_results *into)
{
    const rp_farm_record *r = &record[i];
    if (r->kind == RP_FARM_BEGIN) return RP_OK;
    if (r->kind == RP_FARM_CRASH) {
        mark_crash(i, record, list);
        return RP_OK;
    }
    RP_NEED(r->task >= 0 && r->task < into->tasks, RP_EDATA,
            "journal: a record names task %" PRId64 " of %" PRId64, r->task, into->tasks);
    switch (r->kind) {
    case RP_FARM_START:
    case RP_FARM_ALONE: open_start(&list[r->task], r); return RP_OK;
    case RP_FARM_RESULT: close_start(&list[r->task], r->journal); return read_result(r, into);
    case RP_FARM_REASON: close_start(&list[r->task], r->journal); return read_reason(r, into);
    case RP_FARM_LEFT: close_start(&list[r->task], r->journal); return RP_OK;
    case RP_FARM_SKIP:
        return rp_results_set(into, r->task, RP_FARM_IS_SKIPPED, RP_EDATA, r->n, r->bytes);
    default: RP_FAIL(RP_EDATA, "journal: a record of kind %d", r->kind);
    }
}

static rp_status judge(const history *h, int64_t task, rp_farm_results *into)
{
    rp_farm_result *r = &into->result[task];
    r->alone = h->deaths >= DEATHS_ALONE;
    if (r->state != RP_FARM_IS_OPEN || (!h->crashed_alone && h->alone < DEATHS_SKIP)) return RP_OK;
    static const char crash[] = "given up: the program crashed while it ran alone";
    static const char deaths[] = "given up: the program died three times while it ran alone";
    const char *why = h->crashed_alone ? crash : deaths;
    return rp_results_set(into, task, RP_FARM_IS_SKIPPED, RP_EDATA, (int64_t)strlen(why), why);
}

rp_status rp_farm_replay(int64_t tasks, int64_t records, const rp_farm_record record[],
                         rp_farm_results **out)
{
    RP_AUTO(rp_farm_results) into = NULL;
    RP_AUTOFREE history *list = NULL;
    RP_TRY(rp_results_new(tasks, &into));
    RP_TRY(rp_alloc(tasks, sizeof *list, &list));
    for (int64_t i = 0; i < records; i++) RP_TRY(read_record(i, record, list, into));
    for (int64_t t = 0; t < tasks; t++) RP_TRY(judge(&list[t], t, into));
    *out = RP_TAKE(into);
    return RP_OK;
}
