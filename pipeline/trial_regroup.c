/* pipeline/trial_regroup.c - rows of a trial's table to the rank that owns their cluster.
 *
 * 1. The owner of a cluster follows from its name alone.  Each rank sends an owner the names that
 * it has of it, then its rows, in which the place of the name in that list stands for the cluster.
 * 2. Rows come in rank order, which is the file's, and columns travel one after another, so that
 *    one of them at a time is there twice. */
#include "mpi/world.h"
#include "pipeline/trial_table_priv.h"

#include <string.h>

typedef struct move {
    const rp_comm *world;
    int ranks;
    int64_t rows;     /* own ones before */
    int32_t *cluster; /* [rows] own code before; lent */
    int32_t *owner;   /* [names] rank */
    int32_t *place;   /* [names] in the list for that rank */
    int64_t *first;   /* [ranks + 1] of the rows for each rank */
    int64_t *start;   /* [ranks + 1] bytes of the block for each rank */
    int64_t *at;      /* [ranks] scratch: where the next thing for each rank goes */
} move;

static void clear(move *m)
{
    rp_free(m->owner);
    rp_free(m->place);
    rp_free(m->first);
    rp_free(m->start);
    rp_free(m->at);
}

/* Who owns which name, and how many rows and bytes of names go to each. */
static rp_status look(move *m, const rp_codes *names)
{
    RP_TRY(rp_alloc_raw(names->count, sizeof *m->owner, &m->owner));
    RP_TRY(rp_alloc_raw(names->count, sizeof *m->place, &m->place));
    RP_TRY(rp_alloc(m->ranks + 1, sizeof *m->first, &m->first));
    RP_TRY(rp_alloc(m->ranks + 1, sizeof *m->start, &m->start));
    RP_TRY(rp_alloc(m->ranks, sizeof *m->at, &m->at));
    for (int64_t k = 0; k < names->count; k++) {
        const char *name = rp_codes_text(names, k);
        const uint64_t hash = rp_codes_hash(name) >> 32;
        m->owner[k] = (int32_t)(hash * (uint64_t)m->ranks >> 32);
        m->place[k] = (int32_t)m->at[m->owner[k]]++;
        m->start[m->owner[k] + 1] += (int64_t)strlen(name) + 1;
    }
    for (int64_t i = 0; i < m->rows; i++) m->first[m->owner[m->cluster[i]] + 1]++;
    for (int r = 0; r < m->ranks; r++) {
        m->first[r + 1] += m->first[r];
        m->start[r + 1] += m->start[r];
    }
    return RP_OK;
}

static rp_status pack_names(const move *m, const rp_codes *names, char **out)
{
    RP_TRY(rp_alloc_raw(m->start[m->ranks], 1, out));
    memcpy(m->at, m->start, (size_t)m->ranks * sizeof *m->at);
    for (int64_t k = 0; k < names->count; k++) {
        const char *name = rp_codes_text(names, k);
        const size_t n = strlen(name) + 1;
        int64_t *at = &m->at[m->owner[k]];
        memcpy(*out + *at, name, n);
        *at += (int64_t)n;
    }
    return RP_OK;
}

/* Codes of the names that came: code [first[r] + place] of a name of rank r. */
static rp_status take_names(const rp_blocks *came, rp_codes *names, int32_t **code, int64_t first[])
{
    int64_t room = 0, n = 0;
    for (int r = 0; r < came->count; r++) {
        first[r] = n;
        for (int64_t at = came->first[r]; at < came->first[r + 1]; n++) {
            const char *name = came->bytes + at;
            RP_TRY(rp_grow(n + 1, sizeof **code, &room, code));
            RP_TRY(rp_codes_put(names, name, &(*code)[n]));
            at += (int64_t)strlen(name) + 1;
        }
    }
    return RP_OK;
}

/* Rows of one column, those for each rank together. */
static rp_status pack_column(const move *m, size_t size, const void *column, void *out)
{
    char **to = out;
    const char *from = column;
    RP_TRY(rp_alloc_raw(m->rows, size, to));
    memcpy(m->at, m->first, (size_t)m->ranks * sizeof *m->at);
    for (int64_t i = 0; i < m->rows; i++) {
        const int64_t at = m->at[m->owner[m->cluster[i]]]++;
        switch (size) { /* sizes that the compiler knows: copies are one move each */
        case 1: (*to)[at] = from[i]; break;
        case 4: memcpy(*to + 4 * at, from + 4 * i, 4); break;
        default: memcpy(*to + size * (size_t)at, from + size * (size_t)i, size);
        }
    }
    return RP_OK;
}

/* The column's rows to their owners; *column becomes what came, *rows how many. */
static rp_status move_column(move *m, size_t size, void *column, rp_blocks *came)
{
    RP_AUTOFREE char *going = NULL;
    void **at = column;
    RP_TRY(rp_comm_agree(m->world, pack_column(m, size, *at, &going)));
    for (int r = 0; r <= m->ranks; r++) m->start[r] = m->first[r] * (int64_t)size;
    RP_TRY(rp_comm_exchange(m->world, m->start, going, came));
    rp_free(*at);
    *at = RP_TAKE(came->bytes);
    return RP_OK;
}

static rp_status move_away(move *m, size_t size, void *column)
{
    RP_BLOCKS_AUTO came = {0};
    void **at = column;
    return *at ? move_column(m, size, column, &came) : RP_OK;
}

/* Every column but the clusters', which tells where rows go. */
static rp_status move_rows(move *m, int factors, rp_trial_factor factor[], rp_trial_table *t)
{
    RP_TRY(move_away(m, sizeof *t->arm, &t->arm));
    for (int f = 0; f < RP_EXAM_FLAGS; f++) RP_TRY(move_away(m, sizeof *t->flag[f], &t->flag[f]));
    for (int s = 0; s < RP_SCORES; s++) RP_TRY(move_away(m, sizeof *t->score[s], &t->score[s]));
    RP_TRY(move_away(m, sizeof *t->row, &t->row));
    RP_TRY(move_away(m, sizeof *t->exclusion, &t->exclusion));
    RP_TRY(move_away(m, sizeof *t->deviation, &t->deviation));
    for (int k = 0; k < factors; k++) RP_TRY(move_away(m, sizeof *factor[k].code, &factor[k].code));
    return RP_OK;
}

static rp_status move_clusters(move *m, const int32_t code[], const int64_t first[],
                               rp_trial_table *t)
{
    RP_BLOCKS_AUTO came = {0};
    RP_AUTOFREE int32_t *place = NULL;
    RP_TRY(rp_comm_agree(m->world, rp_alloc_raw(m->rows, sizeof *place, &place)));
    for (int64_t i = 0; i < m->rows; i++) place[i] = m->place[m->cluster[i]];
    RP_TRY(move_column(m, sizeof *place, &place, &came));
    rp_free(t->cluster);
    t->cluster = m->cluster = RP_TAKE(place);
    t->rows = came.first[came.count] / (int64_t)sizeof *t->cluster;
    for (int r = 0; r < came.count; r++)
        for (int64_t i = came.first[r] / (int64_t)sizeof *t->cluster;
             i < came.first[r + 1] / (int64_t)sizeof *t->cluster; i++)
            t->cluster[i] = code[first[r] + t->cluster[i]];
    return RP_OK;
}

static rp_status move_names(move *m, rp_codes *names, int32_t **code, int64_t first[])
{
    RP_BLOCKS_AUTO came = {0};
    RP_AUTOFREE char *going = NULL;
    RP_TRY(rp_comm_agree(m->world, pack_names(m, names, &going)));
    rp_codes_clear(names);
    RP_TRY(rp_comm_exchange(m->world, m->start, going, &came));
    return rp_comm_agree(m->world, take_names(&came, names, code, first));
}

rp_status rp_trial_regroup(int factors, rp_trial_factor factor[], rp_codes *clusters,
                           rp_trial_table *t)
{
    RP_AUTOFREE int32_t *code = NULL;
    RP_AUTOFREE int64_t *first = NULL;
    move m = {.world = rp_comm_world(), .rows = t->rows, .cluster = t->cluster};
    m.ranks = rp_comm_size(m.world);
    rp_status st = look(&m, clusters);
    if (st == RP_OK) st = rp_alloc(m.ranks, sizeof *first, &first);
    st = rp_comm_agree(m.world, st);
    RP_ASSERT(st != RP_OK || first); /* all agreed that there is memory */
    if (st == RP_OK) st = move_names(&m, clusters, &code, first);
    if (st == RP_OK) st = move_rows(&m, factors, factor, t);
    if (st == RP_OK) st = move_clusters(&m, code, first, t);
    clear(&m);
    return st;
}
