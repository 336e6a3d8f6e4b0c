/* cohort/scan.c - what lies in a source. */
#include "cohort/scan_priv.h"

#include "io/atomic.h"
#include "lib/base/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 128, DEPTH_MOST = 64 };

void rp_scan_drop(rp_scan **s)
{
    if (!*s) return;
    rp_free((*s)->path);
    rp_free((*s)->head);
    rp_text_clear(&(*s)->paths);
    rp_words_drop(&(*s)->words);
    rp_free(*s);
    *s = NULL;
}

/* Paths go to the list with a first byte that says what they are: 'f' a file, else a reason. */
typedef struct walk {
    rp_text *out;
    struct {
        uint64_t device, inode;
    } * seen;
    int64_t seen_count, seen_capacity;
} walk;

static void note(walk *w, char what, const char *path)
{
    rp_text_add_bytes(w->out, 1, &what);
    rp_text_add_bytes(w->out, (int64_t)strlen(path) + 1, path);
}

static rp_status first_visit(walk *w, const rp_path_info *info, bool *first)
{
    for (int64_t i = 0; i < w->seen_count; i++)
        if (w->seen[i].device == info->device && w->seen[i].inode == info->inode) {
            *first = false;
            return RP_OK;
        }
    RP_TRY(rp_grow(w->seen_count + 1, sizeof *w->seen, &w->seen_capacity, &w->seen));
    w->seen[w->seen_count].device = info->device;
    w->seen[w->seen_count].inode = info->inode;
    w->seen_count++;
    *first = true;
    return RP_OK;
}

/* Depth is bounded by DEPTH_MOST. */
static rp_status enter(walk *w, const char *path, int depth)
{
    rp_path_info info;
    if (rp_path_look(path, true, &info) != RP_OK) {
        note(w, 'p', path);
        return RP_OK;
    }
    if (info.kind == RP_PATH_FILE) {
        note(w, rp_path_is_readable(path) ? 'f' : 'p', path);
        return rp_text_status(w->out);
    }
    if (info.kind != RP_PATH_FOLDER) {
        note(w, info.kind == RP_PATH_NONE ? 'l' : 'o', path);
        return RP_OK;
    }
    bool first;
    RP_TRY(first_visit(w, &info, &first));
    if (!first || depth > DEPTH_MOST) {
        note(w, first ? 'd' : 's', path);
        return RP_OK;
    }
    RP_AUTO(rp_names) names = NULL;
    if (rp_path_list(path, &names) != RP_OK) {
        note(w, 'p', path);
        return RP_OK;
    }
    for (int64_t i = 0; i < names->count; i++) {
        RP_AUTOFREE char *below = NULL;
        RP_TRY(rp_path_join(path, names->name[i], &below));
        RP_TRY(enter(w, below, depth + 1));
    }
    return RP_OK;
}

static const char *reason_of(char what)
{
    switch (what) {
    case 'p': return "no permission";
    case 'l': return "link to nothing";
    case 'o': return "not a regular file";
    case 's': return "folder seen before";
    default: return "folders nested too deep";
    }
}

static rp_status find_files(int sources, const char *const source[], rp_text *out)
{
    walk w = {.out = out};
    rp_status st = RP_OK;
    for (int i = 0; i < sources && st == RP_OK; i++) {
        rp_path_info info;
        st = rp_path_look(source[i], true, &info);
        if (st == RP_OK && info.kind == RP_PATH_NONE)
            st = rp_error_set(RP_ENONE, __FILE__, __LINE__, __func__, "source '%s' is not there",
                              source[i]);
        if (st == RP_OK) st = enter(&w, source[i], 0);
    }
    rp_free(w.seen);
    return st == RP_OK ? rp_text_status(out) : st;
}

static rp_status read_block(void *arg, int64_t task, rp_text *result)
{
    const rp_scan *s = arg;
    RP_AUTO(rp_head_packer) p = NULL;
    RP_TRY(rp_head_packer_new(&p));
    const int64_t end = (task + 1) * BLOCK < s->files ? (task + 1) * BLOCK : s->files;
    for (int64_t i = task * BLOCK; i < end; i++) {
        const char what = s->path[i][-1];
        RP_TRY(rp_head_pack(p, s->path[i], what == 'f' ? NULL : reason_of(what), result));
    }
    return rp_text_status(result);
}

/* path[i] points behind the byte that says what it is. */
static rp_status index_paths(rp_scan *s)
{
    const char *end = s->paths.at + s->paths.length;
    for (const char *p = s->paths.at; p < end; p += strlen(p) + 1) s->files++;
    RP_NEED(s->files > 0, RP_EUSE, "no file in the sources");
    RP_TRY(rp_alloc(s->files, sizeof *s->path, &s->path));
    RP_TRY(rp_alloc(s->files, sizeof *s->head, &s->head));
    int64_t i = 0;
    for (char *p = s->paths.at; p < end; p += strlen(p) + 1) s->path[i++] = p + 1;
    return RP_OK;
}

static rp_status read_heads(const rp_comm *comm, rp_pool *pool, const char *folder,
                            bool (*stop)(void *arg), void *stop_arg, rp_scan *s)
{
    const int64_t tasks = (s->files + BLOCK - 1) / BLOCK;
    RP_AUTOFREE double *cost = NULL;
    RP_TRY(rp_alloc(tasks, sizeof *cost, &cost));
    for (int64_t i = 0; i < tasks; i++)
        cost[i] = (double)((i + 1) * BLOCK < s->files ? BLOCK : s->files - i * BLOCK);
    uint8_t d[RP_DIGEST_BYTES];
    char hex[RP_DIGEST_TEXT];
    rp_digest_bytes(NULL, (size_t)s->paths.length, s->paths.at, d);
    rp_hex(sizeof d, d, hex);
    const rp_work w = {.comm = comm,
                       .pool = pool,
                       .folder = folder,
                       .phase = "headers",
                       .title = "reading headers",
                       .digest = hex,
                       .tasks = tasks,
                       .cost = cost,
                       .run = read_block,
                       .arg = s,
                       .stop = stop,
                       .stop_arg = stop_arg,
                       .results_everywhere = true};
    RP_AUTO(rp_farm_results) f = NULL;
    RP_TRY(rp_work_run(&w, &f));
    for (int64_t i = 0; i < tasks; i++) {
        const int64_t n = (int64_t)cost[i];
        const rp_farm_result *r = &f->result[i];
        rp_file_head *head = s->head + i * BLOCK;
        if (r->state == RP_FARM_IS_DONE) RP_TRY(rp_head_unpack(r->n, r->bytes, n, s->words, head));
        for (int64_t k = 0; r->state != RP_FARM_IS_DONE && k < n; k++)
            rp_head_refuse(&head[k], RP_EDATA, "crashes the reader");
    }
    return RP_OK;
}

rp_status rp_scan_sources(const rp_comm *comm, rp_pool *pool, int sources,
                          const char *const source[], const char *folder, bool (*stop)(void *arg),
                          void *stop_arg, rp_scan **out)
{
    RP_AUTO(rp_scan) s = NULL;
    rp_status st = rp_alloc(1, sizeof *s, &s);
    if (st == RP_OK) st = rp_words_new(&s->words);
    if (st == RP_OK && rp_comm_rank(comm) == 0) st = find_files(sources, source, &s->paths);
    RP_TRY(rp_comm_agree(comm, st));
    RP_TRY(rp_comm_share(comm, 0, &s->paths));
    RP_TRY(rp_comm_agree(comm, index_paths(s)));
    RP_TRY(rp_comm_agree(comm, read_heads(comm, pool, folder, stop, stop_arg, s)));
    *out = RP_TAKE(s);
    return RP_OK;
}
