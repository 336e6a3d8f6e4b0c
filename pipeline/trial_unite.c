/* pipeline/trial_unite.c - parts of a trial's table that ranks have read, made one.
 *
 * 1. Rank r's part lies before that of rank r + 1 in the file, so texts taken up rank by rank come
 *    in the order in which one reader would meet them.
 * 2. Dictionaries are the factors' and those of the two reasons; they travel one behind the other:
 *    count, the lines on which texts came first (factors only), texts ended by 0. */
#include "mpi/world.h"
#include "pipeline/trial_ranks.h"
#include "pipeline/trial_table_priv.h"

#include <inttypes.h>
#include <string.h>

enum { BOOKS = RP_FACTORS_MAX + 2 };

typedef struct shelf {
    int factors, books;
    rp_trial_factor *factor;
    rp_trial_table *t;
    rp_codes united[BOOKS];
} shelf;

static rp_codes *own_of(const shelf *s, int k)
{
    return k < s->factors ? &s->factor[k].names : &s->t->reasons[k - s->factors];
}

rp_status rp_trial_too_many_levels(const char *path, int64_t line, const char *column)
{
    RP_FAIL(RP_EUSE, "%s:%" PRId64 ": column '%s' has over %d different values: give it bands",
            path, line, column, RP_LEVELS_MAX);
}

static void pack(const rp_codes *c, const int64_t line[], rp_text *out)
{
    rp_text_add_bytes(out, sizeof c->count, &c->count);
    if (line && c->count > 0) rp_text_add_bytes(out, c->count * (int64_t)sizeof *line, line);
    if (c->count > 0) rp_text_add_bytes(out, c->texts.length, c->texts.at);
}

static rp_status pack_own(const shelf *s, rp_text *out)
{
    for (int k = 0; k < s->books; k++)
        pack(own_of(s, k), k < s->factors ? s->factor[k].line : NULL, out);
    return rp_text_status(out);
}

/* The first text too many of all factors: where, and of which. */
typedef struct overflow {
    int64_t line;
    int factor; /* -1: none */
} overflow;

/* Takes up one dictionary of one rank; *at moves behind it. */
static rp_status unpack(const char **at, bool has_lines, int book, rp_codes *c, overflow *first)
{
    int64_t count, line = 0;
    int32_t code;
    memcpy(&count, *at, sizeof count);
    const char *lines = *at + sizeof count,
               *text = lines + (has_lines ? count * (int64_t)sizeof line : 0);
    bool full = has_lines && c->count > RP_LEVELS_MAX;
    for (int64_t k = 0; k < count; k++, text += strlen(text) + 1) {
        if (full) continue;
        RP_TRY(rp_codes_put(c, text, &code));
        full = has_lines && c->count > RP_LEVELS_MAX;
        if (!full) continue;
        memcpy(&line, lines + k * (int64_t)sizeof line, sizeof line);
        if (first->factor < 0 || line < first->line) *first = (overflow){line, book};
    }
    *at = text;
    return RP_OK;
}

/* Root: dictionaries of all ranks, in rank order. */
static rp_status unite_all(shelf *s, const rp_blocks *all, overflow *first)
{
    for (int r = 0; r < all->count; r++) {
        const char *at = all->bytes + all->first[r];
        for (int k = 0; k < s->books; k++)
            RP_TRY(unpack(&at, k < s->factors, k, &s->united[k], first));
    }
    return RP_OK;
}

/* Own codes in the place of united ones: base is what stands for none. */
static rp_status translate(const rp_codes *own, rp_codes *united, int64_t rows, int32_t base,
                           int32_t code[])
{
    RP_AUTOFREE int32_t *to = NULL;
    RP_TRY(rp_alloc(own->count + 1, sizeof *to, &to));
    for (int64_t k = 0; k < own->count; k++)
        RP_TRY(rp_codes_put(united, rp_codes_text(own, k), &to[k]));
    for (int64_t i = 0; i < rows; i++)
        if (code[i] >= base) code[i] = to[code[i] - base] + base;
    return RP_OK;
}

static rp_status translate_all(shelf *s, const rp_text *books)
{
    const char *at = books->at;
    rp_trial_table *t = s->t;
    overflow none = {0, -1};
    for (int k = 0; k < s->books; k++) {
        rp_codes *own = own_of(s, k), *united = &s->united[k];
        int32_t *code = k < s->factors        ? s->factor[k].code
                        : k - s->factors == 0 ? t->exclusion
                                              : t->deviation;
        rp_codes_clear(united);
        RP_TRY(unpack(&at, false, k, united, &none));
        /* Bands are codes already; of their texts there is "missing" alone. */
        const bool has_codes = code && !(k < s->factors && s->factor[k].cuts > 0);
        RP_TRY(translate(own, united, has_codes ? t->rows : 0, k < s->factors ? 0 : 1, code));
        rp_codes_clear(own);
        *own = *united;
        *united = (rp_codes){0};
    }
    return RP_OK;
}

/* The root's verdict: its own failure, or the text too many, whichever stands first.  A text that
 * is too many stands before whatever else is wrong with its row. */
static rp_status judge(const shelf *s, const char *path, rp_status st, const overflow *first,
                       int64_t *key)
{
    if (first->factor < 0 || (st != RP_OK && *key < 2 * first->line)) return st;
    *key = 2 * first->line;
    return rp_trial_too_many_levels(path, first->line, s->factor[first->factor].column);
}

static rp_status unite_books(shelf *s, const char *path, rp_status st, int64_t line)
{
    const rp_comm *world = rp_comm_world();
    RP_BLOCKS_AUTO all = {0};
    RP_TEXT_AUTO own = {0};
    RP_TEXT_AUTO books = {0};
    overflow first = {0, -1};
    rp_error error = {.status = RP_OK};
    int64_t key = 2 * line + 1;
    if (st != RP_OK) rp_error_take(st, &error);
    RP_TRY(rp_comm_agree(world, pack_own(s, &own)));
    RP_TRY(rp_comm_gather(world, 0, own.length, own.at, &all));
    RP_TRY(rp_comm_agree(world, rp_ranks_speak() ? unite_all(s, &all, &first) : RP_OK));
    if (st != RP_OK) st = rp_error_put(&error); /* what failed first is what is told */
    st = judge(s, path, st, &first, &key);
    RP_TRY(rp_comm_first(world, st, key));
    for (int k = 0; k < s->books; k++) pack(&s->united[k], NULL, &books);
    RP_TRY(rp_comm_share(world, 0, &books));
    return rp_comm_agree(world, translate_all(s, &books));
}

/* Which of the ranks with malformed rows stands first has the message for all. */
static rp_status share_bad(rp_trial_table *t)
{
    const rp_comm *world = rp_comm_world();
    RP_TEXT_AUTO text = {0};
    int64_t first = t->bad_rows > 0 ? -rp_comm_rank(world) : -rp_comm_size(world);
    RP_TRY(rp_comm_max_i64(world, 1, &first));
    RP_TRY(rp_comm_sum_i64(world, 1, &t->bad_rows));
    if (t->bad_rows == 0) return RP_OK;
    rp_text_add(&text, "%s", t->first_bad);
    RP_TRY(rp_comm_share(world, (int)-first, &text));
    rp_text_fit(t->first_bad, sizeof t->first_bad, rp_text_get(&text));
    return RP_OK;
}

/* Rows of all ranks, and which of them the own first one is. */
static rp_status count_rows(rp_trial_table *t)
{
    const rp_comm *world = rp_comm_world();
    RP_AUTOFREE int64_t *rows = NULL;
    const int rank = rp_comm_rank(world), ranks = rp_comm_size(world);
    RP_TRY(rp_comm_agree(world, rp_alloc(ranks, sizeof *rows, &rows)));
    rows[rank] = t->rows;
    RP_TRY(rp_comm_sum_i64(world, ranks, rows));
    t->first_row = t->all_rows = 0;
    for (int r = 0; r < ranks; r++) {
        if (r < rank) t->first_row += rows[r];
        t->all_rows += rows[r];
    }
    return RP_OK;
}

rp_status rp_trial_unite(rp_status st, int64_t line, const char *path, int factors,
                         rp_trial_factor factor[], rp_trial_table *t)
{
    shelf s = {.factors = factors, .books = factors + 2, .factor = factor, .t = t};
    st = unite_books(&s, path, st, line);
    for (int k = 0; k < s.books; k++) rp_codes_clear(&s.united[k]);
    RP_TRY(st);
    RP_TRY(share_bad(t));
    return count_rows(t);
}
