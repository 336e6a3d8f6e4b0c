/* cohort/split.c - which cases train, validate and test. */
#include "cohort/split.h"

#include "io/csv.h"
#include "lib/base/random.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const names[] = {"none", "train", "validate", "test"};

const char *rp_part_name(rp_part p) { return names[p]; }

/* Gives a part to every case of a patient, or to one case; false if the cohort has none of them. */
static rp_status assign(const rp_cohort *c, bool by_patient, const char *name, rp_part p,
                        const char *where, rp_part part[], bool *found)
{
    *found = false;
    for (int64_t i = 0; i < c->cases; i++) {
        if (strcmp(by_patient ? c->list[i].patient : c->list[i].name, name) != 0) continue;
        RP_NEED(part[i] == RP_PART_NONE, RP_EDATA, "%s: '%s' stands twice", where, name);
        part[i] = p;
        *found = true;
    }
    return RP_OK;
}

static rp_status take_row(const rp_cohort *c, bool by_patient, const char *name, rp_part p,
                          const char *where, rp_part part[], rp_text *lost)
{
    bool found;
    RP_TRY(assign(c, by_patient, name, p, where, part, &found));
    if (found) return RP_OK;
    char mapped[RP_NAME_SIZE];
    RP_TRY(rp_cohort_private_map(c->path, name, mapped, &found));
    if (found) {
        bool there;
        RP_TRY(assign(c, true, mapped, p, where, part, &there));
        if (!there) {
            rp_csv_put(lost, mapped);
            rp_csv_put(lost, "ingest");
            rp_csv_put(lost, "lost when the cohort was made: see quarantine.csv");
            rp_csv_end(lost);
        }
        return RP_OK;
    }
    RP_FAIL(RP_EDATA, "%s: %s '%s' is not in cohort '%s'", where, by_patient ? "patient" : "case",
            name, c->path);
}

static rp_status check_patients(const char *path, const rp_cohort *c, const rp_part part[])
{
    for (int64_t i = 1; i < c->cases; i++)
        for (int64_t k = i - 1; k >= 0; k--) {
            if (strcmp(c->list[i].patient, c->list[k].patient) != 0) continue;
            RP_NEED(part[i] == part[k] || part[i] == RP_PART_NONE || part[k] == RP_PART_NONE,
                    RP_EDATA, "%s: patient '%s' is in two parts (cases '%s' and '%s')", path,
                    c->list[i].patient, c->list[k].name, c->list[i].name);
        }
    return RP_OK;
}

rp_status rp_split_read(const char *path, const rp_cohort *c, rp_part part[], rp_text *lost)
{
    RP_AUTO(rp_csv) csv = NULL;
    int name, split;
    RP_TRY(rp_csv_read(path, ',', &csv));
    const bool by_patient = rp_csv_find(csv, "case") < 0;
    RP_TRY(rp_csv_column(csv, by_patient ? "patient" : "case", &name));
    RP_TRY(rp_csv_column(csv, "split", &split));
    for (int64_t i = 0; i < c->cases; i++) part[i] = RP_PART_NONE;
    for (int64_t row = 0; row < rp_csv_rows(csv); row++) {
        RP_AUTOFREE char *where = NULL;
        RP_TRY(rp_format(&where, "%s:%" PRId64, path, rp_csv_line(csv, row)));
        int p = RP_PART_TRAIN;
        while (p <= RP_PART_TEST && strcmp(names[p], rp_csv_text(csv, row, split)) != 0) p++;
        RP_NEED(p <= RP_PART_TEST, RP_EDATA, "%s: split '%s': must be train, validate or test",
                where, rp_csv_text(csv, row, split));
        RP_TRY(take_row(c, by_patient, rp_csv_text(csv, row, name), (rp_part)p, where, part, lost));
    }
    return check_patients(path, c, part);
}

/* Patients in order of their first case. */
static rp_status list_patients(const rp_cohort *c, const char ***out, int64_t *count)
{
    RP_TRY(rp_alloc(c->cases, sizeof **out, out));
    *count = 0;
    for (int64_t i = 0; i < c->cases; i++) {
        bool known = false;
        for (int64_t k = 0; k < *count && !known; k++)
            known = strcmp((*out)[k], c->list[i].patient) == 0;
        if (!known) (*out)[(*count)++] = c->list[i].patient;
    }
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
