/* lib/stats/trial.c - outcomes of examinations and their counts. */
#include "lib/stats/trial_priv.h"

#include <stdlib.h>
#include <string.h>

static const char *const columns[RP_EXAM_FLAGS] = {
    "reader1", "reader2",         "consensus",          "consensus_recall", "recall",
    "cancer",  "interval_cancer", "interval_if_missed", "invasive"};

const char *rp_exam_column(rp_exam_flag f) { return columns[f]; }

static int flag(const rp_exams *e, rp_exam_flag f, int64_t i)
{
    const int x = e->flag[f][i];
    return x == RP_FLAG_MISSING ? RP_OUTCOME_MISSING : x;
}

static int recalled(const rp_exams *e, int64_t i) { return flag(e, RP_EXAM_RECALL, i); }

/* Recalled with cancer: who is not recalled has no screen-detected cancer, whatever is known. */
static int detected(const rp_exams *e, int64_t i)
{
    const int recall = recalled(e, i);
    return recall == 1 ? flag(e, RP_EXAM_CANCER, i) : recall;
}

static int falsely(const rp_exams *e, int64_t i)
{
    const int recall = recalled(e, i), cancer = recall == 1 ? flag(e, RP_EXAM_CANCER, i) : 0;
    return recall == 1 ? (cancer == RP_OUTCOME_MISSING ? cancer : !cancer) : recall;
}

static int predictive(const rp_exams *e, int64_t i)
{
    const int recall = recalled(e, i);
    return recall == 0 ? RP_OUTCOME_OUT : recall == 1 ? flag(e, RP_EXAM_CANCER, i) : recall;
}

static int invasive(const rp_exams *e, int64_t i)
{
    const int found = detected(e, i);
    return found == 1 ? flag(e, RP_EXAM_INVASIVE, i) : found;
}

static int in_situ(const rp_exams *e, int64_t i)
{
    const int found = detected(e, i), inv = found == 1 ? flag(e, RP_EXAM_INVASIVE, i) : 0;
    return found == 1 ? (inv == RP_OUTCOME_MISSING ? inv : !inv) : found;
}

static int interval(const rp_exams *e, int64_t i) { return flag(e, RP_EXAM_INTERVAL, i); }

static int sensitivity(const rp_exams *e, int64_t i)
{
    const int found = detected(e, i);
    if (found != 0) return found;
    const int later = interval(e, i);
    return later == 1 ? 0 : later == 0 ? RP_OUTCOME_OUT : later;
}

static int specificity(const rp_exams *e, int64_t i)
{
    const int found = detected(e, i), later = interval(e, i);
    if (found == 1 || later == 1) return RP_OUTCOME_OUT;
    if (found < 0 || later < 0) return RP_OUTCOME_MISSING;
    return !recalled(e, i);
}

static int consensus(const rp_exams *e, int64_t i) { return flag(e, RP_EXAM_CONSENSUS, i); }

/* A reading is a cell that is not empty. */
static int readings(const rp_exams *e, int64_t i)
{
    const uint8_t *second = e->flag[RP_EXAM_READER2];
    return (e->flag[RP_EXAM_READER1][i] != RP_FLAG_MISSING) +
           (second && second[i] != RP_FLAG_MISSING);
}

#define BIT(f) (1U << RP_EXAM_##f)
enum { FOUND = BIT(RECALL) | BIT(CANCER) };
/* A row a line, so that columns can be compared. */
/* clang-format off */
const rp_endpoint rp_endpoints[] = {
    {"cancers-detected", "recalled and cancer", FOUND, false, false, false, 1000, detected},
    {"invasive-detected", "recalled and invasive cancer", FOUND | BIT(INVASIVE), false, false, false, 1000, invasive},
    {"in-situ-detected", "recalled and in situ cancer", FOUND | BIT(INVASIVE), false, false, false, 1000, in_situ},
    {"recalls", "recalled", BIT(RECALL), true, false, false, 1000, recalled},
    {"false-positives", "recalled without cancer", FOUND, true, false, false, 1000, falsely},
    {"ppv-recall", "cancers a recall (conditional on recalls)", FOUND, false, false, false, 100, predictive},
    {"interval-cancers", "cancers between rounds", BIT(INTERVAL), true, false, true, 1000, interval},
    {"sensitivity", "screen-detected of screen-detected and interval cancers", FOUND | BIT(INTERVAL), false, false, true, 100, sensitivity},
    {"specificity", "not recalled of those without either", FOUND | BIT(INTERVAL), false, false, true, 100, specificity},
    {"consensus", "discussed in consensus", BIT(CONSENSUS), true, false, false, 1000, consensus},
    {"readings", "readings by a person, an examination", BIT(READER1), true, true, false, 1, readings},
    {0},
};
/* clang-format on */

const rp_endpoint *rp_endpoint_find(const char *name)
{
    for (const rp_endpoint *p = rp_endpoints; p->name; p++)
        if (strcmp(p->name, name) == 0) return p;
    return NULL;
}

bool rp_endpoint_fits(const rp_endpoint *p, const rp_exams *e)
{
    for (int f = 0; f < RP_EXAM_FLAGS; f++)
        if (p->needs >> f & 1 && !e->flag[f]) return false;
    return true;
}

/* The rule's outcome in place of a missing one. */
static int replace(const rp_endpoint *p, rp_missing rule, bool is_new)
{
    switch (rule) {
    case RP_MISSING_EXCLUDE: return RP_OUTCOME_OUT;
    case RP_MISSING_NONE: return 0;
    case RP_MISSING_EVENT: return 1;
    case RP_MISSING_WORST: return p->few_is_good == is_new;
    }
    return RP_OUTCOME_OUT;
}

int rp_trial_settle(const rp_exams *e, const rp_endpoint *p, rp_missing rule, int64_t i)
{
    const int x = p->of(e, i);
    return x == RP_OUTCOME_MISSING ? replace(p, rule, e->arm[i]) : x;
}

void rp_trial_count(const rp_exams *e, const rp_endpoint *p, rp_missing rule, const bool in[],
                    const int32_t group[], int groups, rp_trial_cell cell[])
{
    memset(cell, 0, (size_t)groups * sizeof *cell);
    for (int64_t i = 0; i < e->rows; i++) {
        const int g = group ? group[i] : 0;
        if (g < 0 || (in && !in[i])) continue;
        const bool is_new = e->arm[i];
        int x = p->of(e, i);
        if (x == RP_OUTCOME_MISSING) {
            *(is_new ? &cell[g].missing1 : &cell[g].missing0) += 1;
            x = replace(p, rule, is_new);
        }
        if (x < 0) continue;
        *(is_new ? &cell[g].c.x1 : &cell[g].c.x0) += x;
        *(is_new ? &cell[g].c.n1 : &cell[g].c.n0) += 1;
    }
}

typedef struct held {
    int32_t x1, n1, x0, n0;
} held;

static int by_counts(const void *a, const void *b)
{
    const held *p = a, *q = b;
    if (p->n1 != q->n1) return p->n1 < q->n1 ? -1 : 1;
    if (p->n0 != q->n0) return p->n0 < q->n0 ? -1 : 1;
    if (p->x1 != q->x1) return p->x1 < q->x1 ? -1 : 1;
    if (p->x0 != q->x0) return p->x0 < q->x0 ? -1 : 1;
    return 0;
}

/* Clusters of few examinations (women) are counted in a table, the others (readers) sorted. */
enum { SMALL = 8, TABLE = SMALL * SMALL * SMALL * SMALL };

static int slot_of(const held *h)
{
    return h->x1 < SMALL && h->n1 < SMALL && h->x0 < SMALL && h->n0 < SMALL
               ? ((h->n1 * SMALL + h->n0) * SMALL + h->x1) * SMALL + h->x0
               : -1;
}

static rp_status add_pattern(const held *h, int64_t clusters, int64_t *room,
                             rp_cluster_pattern **out, int64_t *count)
{
    RP_TRY(rp_grow(*count + 1, sizeof **out, room, out));
    (*out)[(*count)++] = (rp_cluster_pattern){h->x1, h->n1, h->x0, h->n0, clusters};
    return RP_OK;
}

/* Clusters of the table, and h [clusters] besides. */
static rp_status collapse(int64_t table[], int64_t clusters, held h[], rp_cluster_pattern **out,
                          int64_t *count)
{
    RP_AUTOFREE rp_cluster_pattern *p = NULL;
    int64_t large = 0, room = 0, n = 0;
    for (int64_t g = 0; g < clusters; g++) {
        const int slot = slot_of(&h[g]);
        if (slot >= 0)
            table[slot]++;
        else
            h[large++] = h[g];
    }
    for (int s = SMALL * SMALL; s < TABLE; s++) { /* below: nothing in the denominator */
        const held of = {s / SMALL % SMALL, s / SMALL / SMALL / SMALL, s % SMALL,
                         s / SMALL / SMALL % SMALL};
        if (table[s]) RP_TRY(add_pattern(&of, table[s], &room, &p, &n));
    }
    if (large > 0) qsort(h, (size_t)large, sizeof *h, by_counts);
    for (int64_t i = 0, j; i < large; i = j) {
        for (j = i + 1; j < large && by_counts(&h[i], &h[j]) == 0;) j++;
        RP_TRY(add_pattern(&h[i], j - i, &room, &p, &n));
    }
    *out = RP_TAKE(p);
    *count = n;
    return RP_OK;
}

static bool is_small(const rp_cluster_pattern *p)
{
    return p->x1 < SMALL && p->n1 < SMALL && p->x0 < SMALL && p->n0 < SMALL;
}

/* Those of the table before the others, as collapse puts them. */
static int by_pattern(const void *a, const void *b)
{
    const rp_cluster_pattern *p = a, *q = b;
    if (is_small(p) != is_small(q)) return is_small(p) ? -1 : 1;
    const int64_t x[] = {p->n1, p->n0, p->x1, p->x0}, y[] = {q->n1, q->n0, q->x1, q->x0};
    for (int k = 0; k < 4; k++)
        if (x[k] != y[k]) return x[k] < y[k] ? -1 : 1;
    return 0;
}

int64_t rp_patterns_merge(int64_t count, rp_cluster_pattern p[])
{
    int64_t left = 0;
    if (count > 0) qsort(p, (size_t)count, sizeof *p, by_pattern);
    for (int64_t i = 0; i < count; i++)
        if (left > 0 && by_pattern(&p[left - 1], &p[i]) == 0)
            p[left - 1].clusters += p[i].clusters;
        else
            p[left++] = p[i];
    return left;
}

/* Which examinations of a table count, and how. */
typedef struct wanted {
    const rp_exams *e;
    const rp_endpoint *p;
    rp_missing rule;
    const bool *in;
    const int32_t *group;
    int only;
} wanted;

/* Outcome of row i after the rule for missing ones; below 0: not counted. */
static int settled(const wanted *w, int64_t i)
{
    if ((w->in && !w->in[i]) || (w->only >= 0 && w->group[i] != w->only)) return RP_OUTCOME_OUT;
    return rp_trial_settle(w->e, w->p, w->rule, i);
}

/* Four counts of a cluster in one word, a byte each: n1 n0 x1 x0.  A million women lie in the
 * cache. */
enum { LANE_X0 = 0, LANE_X1 = 8, LANE_N0 = 16, LANE_N1 = 24, LANE_FULL = 250 };

/* Examinations into words; false once a byte would run over (readers): then counts are needed. */
static bool fill_words(const wanted *w, const int32_t cluster[], uint32_t word[])
{
    for (int64_t i = 0; i < w->e->rows; i++) {
        const int x = settled(w, i);
        if (x < 0) continue;
        const bool is_new = w->e->arm[i];
        uint32_t *at = &word[cluster[i]];
        *at += (uint32_t)x << (is_new ? LANE_X1 : LANE_X0);
        *at += 1U << (is_new ? LANE_N1 : LANE_N0);
        if ((*at >> LANE_N1) > LANE_FULL / 2 || (*at >> LANE_N0 & 255) > LANE_FULL / 2)
            return false;
    }
    return true;
}

/* Words that fit the table into it, the others as counts into h; returns how many. */
static int64_t sort_words(int64_t clusters, const uint32_t word[], int64_t table[], held h[])
{
    int64_t large = 0;
    for (int64_t g = 0; g < clusters; g++) {
        const held of = {(int32_t)(word[g] >> LANE_X1 & 255), (int32_t)(word[g] >> LANE_N1),
                         (int32_t)(word[g] >> LANE_X0 & 255), (int32_t)(word[g] >> LANE_N0 & 255)};
        const int slot = slot_of(&of);
        if (slot >= 0)
            table[slot]++;
        else if (h)
            h[large++] = of;
        else
            large++;
    }
    return large;
}

static rp_status collapse_words(int64_t clusters, const uint32_t word[], rp_cluster_pattern **out,
                                int64_t *count)
{
    RP_AUTOFREE int64_t *table = NULL;
    RP_AUTOFREE held *h = NULL;
    RP_TRY(rp_alloc(TABLE, sizeof *table, &table));
    const int64_t large = sort_words(clusters, word, table, NULL);
    if (large > 0) {
        RP_TRY(rp_alloc(large, sizeof *h, &h));
        memset(table, 0, TABLE * sizeof *table);
        (void)sort_words(clusters, word, table, h);
    }
    return collapse(table, large, h, out, count);
}

static rp_status count_alone(const wanted *w, rp_cluster_pattern **out, int64_t *count)
{
    RP_AUTOFREE int64_t *table = NULL;
    RP_TRY(rp_alloc(TABLE, sizeof *table, &table));
    for (int64_t i = 0; i < w->e->rows; i++) {
        const int x = settled(w, i);
        if (x < 0) continue;
        const bool is_new = w->e->arm[i];
        const held of = {is_new ? x : 0, is_new, is_new ? 0 : x, !is_new};
        table[slot_of(&of)]++;
    }
    return collapse(table, 0, NULL, out, count);
}

static rp_status count_large(const wanted *w, const int32_t cluster[], int64_t clusters,
                             rp_cluster_pattern **out, int64_t *count)
{
    RP_AUTOFREE held *h = NULL;
    RP_AUTOFREE int64_t *table = NULL;
    RP_TRY(rp_alloc(clusters, sizeof *h, &h));
    RP_TRY(rp_alloc(TABLE, sizeof *table, &table));
    for (int64_t i = 0; i < w->e->rows; i++) {
        const int x = settled(w, i);
        if (x < 0) continue;
        const bool is_new = w->e->arm[i];
        held *at = &h[cluster[i]];
        *(is_new ? &at->x1 : &at->x0) += x;
        *(is_new ? &at->n1 : &at->n0) += 1;
    }
    return collapse(table, clusters, h, out, count);
}

rp_status rp_trial_patterns(const rp_exams *e, const rp_endpoint *p, rp_missing rule,
                            const bool in[], const int32_t group[], int only,
                            const int32_t cluster[], int64_t clusters, rp_cluster_pattern **out,
                            int64_t *count)
{
    RP_AUTOFREE uint32_t *word = NULL;
    const wanted w = {e, p, rule, in, group, only};
    if (!cluster) return count_alone(&w, out, count);
    RP_TRY(rp_alloc(clusters, sizeof *word, &word));
    if (fill_words(&w, cluster, word)) return collapse_words(clusters, word, out, count);
    return count_large(&w, cluster, clusters, out, count);
}

rp_status rp_pair_patterns(int64_t rows, const uint8_t now[], const uint8_t standard[],
                           const bool in[], const int32_t cluster[], int64_t clusters,
                           rp_cluster_pattern **out, int64_t *count)
{
    RP_AUTOFREE held *h = NULL;
    RP_AUTOFREE int64_t *table = NULL;
    RP_TRY(rp_alloc(cluster ? clusters : 0, sizeof *h, &h));
    RP_TRY(rp_alloc(TABLE, sizeof *table, &table));
    for (int64_t i = 0; i < rows; i++) {
        if (in && !in[i]) continue;
        held alone = {0}, *at = cluster ? &h[cluster[i]] : &alone;
        at->x1 += now[i];
        at->x0 += standard[i];
        at->n1++;
        at->n0++;
        if (!cluster) table[slot_of(&alone)]++;
    }
    return collapse(table, cluster ? clusters : 0, h, out, count);
}
