/* cohort/split.c - which cases train, validate and test. */
#include "cohort/split.h"

#include "io/csv.h"
#include "lib/base/random.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"none", "train", "validate", "test"};

const char *rp_part_name(rp_part p) { return names[p]; }

/* A name and the row that has it; sorted by name, then row. */
typedef struct entry {
    const char *name; /* lent */
    int64_t row;
} entry;

static int by_name(const void *a, const void *b)
{
    const entry *p = a, *q = b;
    const int c = strcmp(p->name, q->name);
    return c ? c : (p->row > q->row) - (p->row < q->row);
}

/* First entry that has the name; n if there is none. */
static int64_t find_name(int64_t n, const entry list[], const char *name)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (strcmp(list[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && strcmp(list[low].name, name) == 0 ? low : n;
}

/* What the rows of a split file name: cases, patients, and patients by their source identifiers. */
typedef struct known {
    const rp_cohort *cohort;
    entry *by_case, *by_patient; /* [cases] */
    rp_csv *map;                 /* NULL: none */
    int map_patient;
    int64_t sources;
    entry *by_source; /* [sources] rows of map */
} known;

static void known_clear(known *k)
{
    rp_free(k->by_case);
    rp_free(k->by_patient);
    rp_free(k->by_source);
    rp_csv_drop(&k->map);
}

static void sort(int64_t n, entry list[])
{
    if (n > 0) qsort(list, (size_t)n, sizeof *list, by_name);
}

static rp_status sort_patients(const rp_cohort *c, entry **out)
{
    RP_TRY(rp_alloc(c->cases, sizeof **out, out));
    for (int64_t i = 0; i < c->cases; i++) (*out)[i] = (entry){c->list[i].patient, i};
    sort(c->cases, *out);
    return RP_OK;
}

static rp_status known_new(const rp_cohort *c, known *k)
{
    int source = 0;
    k->cohort = c;
    RP_TRY(sort_patients(c, &k->by_patient));
    RP_TRY(rp_alloc(c->cases, sizeof *k->by_case, &k->by_case));
    for (int64_t i = 0; i < c->cases; i++) k->by_case[i] = (entry){c->list[i].name, i};
    sort(c->cases, k->by_case);
    RP_TRY(rp_cohort_private_map(c->path, &k->map));
    if (!k->map) return RP_OK;
    RP_TRY(rp_csv_column(k->map, "source_patient", &source));
    RP_TRY(rp_csv_column(k->map, "patient", &k->map_patient));
    k->sources = rp_csv_rows(k->map);
    RP_TRY(rp_alloc(k->sources, sizeof *k->by_source, &k->by_source));
    for (int64_t i = 0; i < k->sources; i++)
        k->by_source[i] = (entry){rp_csv_text(k->map, i, source), i};
    sort(k->sources, k->by_source);
    return RP_OK;
}

/* Gives a part to every case of a patient, or to one case; found false if the cohort has none. */
static rp_status assign(const known *k, bool by_patient, const char *name, rp_part p,
                        const char *where, rp_part part[], bool *found)
{
    const entry *list = by_patient ? k->by_patient : k->by_case;
    const int64_t n = k->cohort->cases;
    int64_t i = find_name(n, list, name);
    *found = i < n;
    for (; i < n && strcmp(list[i].name, name) == 0; i++) {
        RP_NEED(part[list[i].row] == RP_PART_NONE, RP_EDATA, "%s: '%s' stands twice", where, name);
        part[list[i].row] = p;
    }
    return RP_OK;
}

static rp_status take_row(const known *k, bool by_patient, const char *name, rp_part p,
                          const char *where, rp_part part[], rp_text *lost)
{
    bool found;
    RP_TRY(assign(k, by_patient, name, p, where, part, &found));
    if (found) return RP_OK;
    const int64_t at = find_name(k->sources, k->by_source, name);
    RP_NEED(at < k->sources, RP_EDATA, "%s: %s '%s' is not in cohort '%s'", where,
            by_patient ? "patient" : "case", name, k->cohort->path);
    char mapped[RP_NAME_SIZE];
    rp_clean_name(rp_csv_text(k->map, k->by_source[at].row, k->map_patient), mapped);
    RP_TRY(assign(k, true, mapped, p, where, part, &found));
    if (found) return RP_OK;
    rp_csv_put(lost, mapped);
    rp_csv_put(lost, "ingest");
    rp_csv_put(lost, "lost when the cohort was made: see quarantine.csv");
    rp_csv_end(lost);
    return RP_OK;
}

static rp_status check_patients(const char *path, const known *k, const rp_part part[])
{
    const rp_cohort *c = k->cohort;
    int64_t before = -1; /* the last case of the patient that has a part */
    for (int64_t i = 0; i < c->cases; i++) {
        const int64_t row = k->by_patient[i].row;
        if (i > 0 && strcmp(k->by_patient[i - 1].name, k->by_patient[i].name) != 0) before = -1;
        if (part[row] == RP_PART_NONE) continue;
        RP_NEED(before < 0 || part[before] == part[row], RP_EDATA,
                "%s: patient '%s' is in two parts (cases '%s' and '%s')", path,
                c->list[row].patient, c->list[before].name, c->list[row].name);
        before = row;
    }
    return RP_OK;
}

static rp_status read_rows(const char *path, const known *k, const rp_csv *csv, rp_part part[],
                           rp_text *lost)
{
    int name, split;
    const bool by_patient = rp_csv_find(csv, "case") < 0;
    RP_TRY(rp_csv_column(csv, by_patient ? "patient" : "case", &name));
    RP_TRY(rp_csv_column(csv, "split", &split));
    for (int64_t i = 0; i < k->cohort->cases; i++) part[i] = RP_PART_NONE;
    for (int64_t row = 0; row < rp_csv_rows(csv); row++) {
        RP_AUTOFREE char *where = NULL;
        RP_TRY(rp_format(&where, "%s:%" PRId64, path, rp_csv_line(csv, row)));
        int p = RP_PART_TRAIN;
        while (p <= RP_PART_TEST && strcmp(names[p], rp_csv_text(csv, row, split)) != 0) p++;
        RP_NEED(p <= RP_PART_TEST, RP_EDATA, "%s: split '%s': must be train, validate or test",
                where, rp_csv_text(csv, row, split));
        RP_TRY(take_row(k, by_patient, rp_csv_text(csv, row, name), (rp_part)p, where, part, lost));
    }
    return check_patients(path, k, part);
}

rp_status rp_split_read(const char *path, const rp_cohort *c, rp_part part[], rp_text *lost)
{
    RP_AUTO(rp_csv) csv = NULL;
    known k = {0};
    RP_TRY(rp_csv_read(path, ',', &csv));
    rp_status st = known_new(c, &k);
    if (st == RP_OK) st = read_rows(path, &k, csv, part, lost);
    known_clear(&k);
    return st;
}

/* Patients in order of their first case. */
static rp_status list_patients(const rp_cohort *c, const char ***out, int64_t *count)
{
    RP_AUTOFREE entry *list = NULL;
    RP_AUTOFREE bool *is_first = NULL;
    RP_TRY(sort_patients(c, &list));
    RP_TRY(rp_alloc(c->cases, sizeof *is_first, &is_first));
    RP_TRY(rp_alloc(c->cases, sizeof **out, out));
    for (int64_t i = 0; i < c->cases; i++)
        is_first[list[i].row] = i == 0 || strcmp(list[i - 1].name, list[i].name) != 0;
    *count = 0;
    for (int64_t i = 0; i < c->cases; i++)
        if (is_first[i]) (*out)[(*count)++] = c->list[i].patient;
    return RP_OK;
}

rp_status rp_split_make(const rp_cohort *c, const rp_split_settings *s, rp_text *csv)
{
    RP_NEED(s->folds > 0 ? s->fold >= 0 && s->fold < s->folds
                         : s->test >= 0 && s->validate >= 0 && s->test + s->validate < 1,
            RP_EUSE,
            "split: shares must be at least 0 and sum to less than 1, a fold below the number of "
            "folds");
    RP_AUTOFREE const char **patient = NULL;
    RP_AUTOFREE int64_t *order = NULL, *place = NULL;
    int64_t n;
    rp_random r;
    RP_TRY(list_patients(c, &patient, &n));
    RP_TRY(rp_alloc(n, sizeof *order, &order));
    RP_TRY(rp_alloc(n, sizeof *place, &place));
    rp_random_start(s->seed, RP_RANDOM_SPLIT, 0, &r);
    rp_random_permute(&r, n, order);
    for (int64_t i = 0; i < n; i++) place[order[i]] = i;
    const int64_t test = (int64_t)llround(s->test * (double)n),
                  validate = (int64_t)llround(s->validate * (double)n);
    rp_text_add(csv, "patient,split\n");
    for (int64_t i = 0; i < n; i++) {
        const bool held = s->folds > 0 ? place[i] % s->folds == s->fold : place[i] < test;
        const bool watched = s->folds == 0 && !held && place[i] < test + validate;
        rp_csv_put(csv, patient[i]);
        rp_csv_put(csv, names[held ? RP_PART_TEST : watched ? RP_PART_VALIDATE : RP_PART_TRAIN]);
        rp_csv_end(csv);
    }
    return rp_text_status(csv);
}
