/* pipeline/features_harmonise.c - radpipe features harmonise: ComBat over centres, fitted on
 * training cases and applied to all. */
#include "io/atomic.h"
#include "pipeline/combat_model.h"
#include "pipeline/features_request.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the table of batches says about the subjects. */
typedef struct about {
    rp_csv *csv;
    int64_t *row;      /* [subjects] */
    int *batch;        /* [subjects] index in the model */
    double *covariate; /* [subjects][columns] */
} about;

static void about_clear(about *a)
{
    rp_csv_drop(&a->csv);
    rp_free(a->row);
    rp_free(a->batch);
    rp_free(a->covariate);
}

static rp_status read_about(const rp_features_request *q, about *a)
{
    const rp_feature_table *t = q->table;
    int name, batch;
    RP_NEED(q->batches, RP_EUSE,
            "features harmonise: --batches names the table of cases and batches");
    RP_NEED(!q->model != !q->apply, RP_EUSE,
            "features harmonise: either --model (fits, and writes it) or --apply (reads one)");
    RP_TRY(rp_csv_read(q->batches, ',', &a->csv));
    RP_TRY(rp_csv_column(a->csv, "case", &name));
    RP_TRY(rp_csv_column(a->csv, "batch", &batch));
    RP_TRY(rp_alloc(t->subjects, sizeof *a->row, &a->row));
    RP_TRY(rp_alloc(t->subjects, sizeof *a->batch, &a->batch));
    for (int64_t s = 0; s < t->subjects; s++) {
        int64_t row = 0;
        while (row < rp_csv_rows(a->csv) &&
               strcmp(rp_csv_text(a->csv, row, name), t->case_name[s]) != 0)
            row++;
        RP_NEED(row < rp_csv_rows(a->csv), RP_EDATA, "'%s' does not know the case '%s'", q->batches,
                t->case_name[s]);
        a->row[s] = row;
    }
    return RP_OK;
}

static int natural(const void *x, const void *y)
{
    return rp_text_compare_natural(*(char *const *)x, *(char *const *)y);
}

/* Distinct texts of a column over training subjects, in natural order. */
static rp_status distinct(const rp_features_request *q, const about *a, int column, int *count,
                          char *name[])
{
    for (int64_t s = 0; s < q->table->subjects; s++) {
        const char *text = rp_csv_text(a->csv, a->row[s], column);
        int i = 0;
        if (!q->is_train[s]) continue;
        while (i < *count && strcmp(name[i], text) != 0) i++;
        if (i < *count) continue;
        RP_NEED(*count < RP_COMBAT_NAMES_MAX, RP_EDATA, "'%s': more than %d names in column '%s'",
                q->batches, RP_COMBAT_NAMES_MAX, rp_csv_name(a->csv, column));
        RP_TRY(rp_copy_text(text, &name[*count]));
        ++*count;
    }
    qsort(name, (size_t)*count, sizeof *name, natural);
    return RP_OK;
}

/* A covariate is a number if all training subjects have one, else it has categories. */
static rp_status add_covariate(const rp_features_request *q, const about *a, const char *name,
                               rp_combat_model *m)
{
    int column;
    double x;
    bool is_number = true;
    RP_NEED(m->covariates < RP_COMBAT_NAMES_MAX, RP_EUSE, "--covariates: more than %d",
            RP_COMBAT_NAMES_MAX);
    rp_combat_covariate *c = &m->covariate[m->covariates++];
    RP_TRY(rp_copy_text(name, &c->name));
    RP_TRY(rp_csv_column(a->csv, name, &column));
    for (int64_t s = 0; s < q->table->subjects; s++)
        if (q->is_train[s]) is_number &= rp_read_double(rp_csv_text(a->csv, a->row[s], column), &x);
    if (is_number) return RP_OK;
    RP_TRY(distinct(q, a, column, &c->levels, c->level));
    RP_NEED(c->levels >= 2, RP_EDATA, "'%s': covariate '%s' has one category", q->batches, name);
    return RP_OK;
}

/* Names of batches and covariates, from the training subjects. */
static rp_status name_model(const rp_features_request *q, const about *a, rp_combat_model *m)
{
    int batch;
    RP_TRY(rp_csv_column(a->csv, "batch", &batch));
    RP_TRY(distinct(q, a, batch, &m->batches, m->batch));
    for (const char *at = q->covariates; at && *at;) {
        RP_AUTOFREE char *name = NULL;
        const size_t n = strcspn(at, ",");
        RP_TRY(rp_format(&name, "%.*s", (int)n, at));
        RP_TRY(add_covariate(q, a, name, m));
        at += n + (at[n] == ',');
    }
    return RP_OK;
}

static int index_of(int count, char *const name[], const char *text)
{
    for (int i = 0; i < count; i++)
        if (strcmp(name[i], text) == 0) return i;
    return -1;
}

/* Batches and covariates of all subjects as the model has them. */
static rp_status encode(const rp_features_request *q, const rp_combat_model *m, about *a)
{
    const int columns = rp_combat_columns(m);
    int batch, at = 0;
    RP_TRY(rp_csv_column(a->csv, "batch", &batch));
    RP_TRY(rp_alloc(q->table->subjects * columns, sizeof *a->covariate, &a->covariate));
    for (int64_t s = 0; s < q->table->subjects; s++) {
        const char *text = rp_csv_text(a->csv, a->row[s], batch);
        a->batch[s] = index_of(m->batches, m->batch, text);
        RP_NEED(a->batch[s] >= 0, RP_EDATA, "case '%s' is of batch '%s', which was not fitted",
                q->table->case_name[s], text);
    }
    for (int k = 0; k < m->covariates; k++) {
        const rp_combat_covariate *c = &m->covariate[k];
        int column;
        RP_TRY(rp_csv_column(a->csv, c->name, &column));
        for (int64_t s = 0; s < q->table->subjects; s++) {
            double *to = a->covariate + s * columns + at;
            if (c->levels == 0) {
                RP_TRY(rp_csv_double(a->csv, a->row[s], column, to));
                continue;
            }
            const int level = index_of(c->levels, c->level, rp_csv_text(a->csv, a->row[s], column));
            RP_NEED(level >= 0, RP_EDATA, "%s:%" PRId64 ": '%s' is '%s', which was not fitted",
                    q->batches, rp_csv_line(a->csv, a->row[s]), c->name,
                    rp_csv_text(a->csv, a->row[s], column));
            if (level > 0) to[level - 1] = 1;
        }
        at += c->levels ? c->levels - 1 : 1;
    }
    return RP_OK;
}

static rp_status name_features(const rp_feature_table *t, rp_combat_model *m)
{
    RP_TRY(rp_alloc(t->variables, sizeof *m->image, &m->image));
    RP_TRY(rp_alloc(t->variables, sizeof *m->feature, &m->feature));
    m->features = t->variables;
    for (int64_t v = 0; v < t->variables; v++) {
        RP_TRY(rp_copy_text(t->image[v / t->columns], &m->image[v]));
        RP_TRY(rp_copy_text(t->feature[v % t->columns], &m->feature[v]));
    }
    return RP_OK;
}

/* The fit on training subjects alone. */
static rp_status fit(const rp_features_request *q, const about *a, rp_combat_model *m)
{
    const rp_feature_table *t = q->table;
    const int columns = rp_combat_columns(m);
    RP_AUTOFREE double *memory = NULL, *covariate = NULL;
    RP_AUTOFREE const double **x = NULL;
    RP_AUTOFREE int *batch = NULL;
    rp_combat_settings s = {.is_raw = q->is_raw, .is_mean_only = q->is_mean_only, .reference = -1};
    if (q->reference) {
        s.reference = index_of(m->batches, m->batch, q->reference);
        RP_NEED(s.reference >= 0, RP_EUSE, "--reference '%s': no training case is of that batch",
                q->reference);
    }
    RP_TRY(rp_alloc(t->variables * t->subjects, sizeof *memory, &memory));
    RP_TRY(rp_alloc(t->variables, sizeof *x, &x));
    RP_TRY(rp_alloc(t->subjects, sizeof *batch, &batch));
    RP_TRY(rp_alloc(t->subjects * columns, sizeof *covariate, &covariate));
    int64_t n = 0;
    for (int64_t v = 0; v < t->variables; v++) {
        double *to = memory + v * t->subjects;
        n = rp_feature_train(t, rp_feature_values(t, 0, v), q->is_train, to);
        x[v] = to;
    }
    for (int64_t i = 0, k = 0; i < t->subjects; i++) {
        if (!q->is_train[i]) continue;
        batch[k] = a->batch[i];
        memcpy(covariate + k++ * columns, a->covariate + i * columns,
               (size_t)columns * sizeof *covariate);
    }
    RP_TRY(name_features(t, m));
    return rp_combat_fit(n, t->variables, x, m->batches, batch, columns, covariate, &s, &m->combat);
}

/* Takes the effects of batches out of the table, in place. */
static rp_status apply(const rp_features_request *q, const about *a, const rp_combat_model *m)
{
    const rp_feature_table *t = q->table;
    RP_AUTOFREE double **x = NULL;
    RP_NEED(m->features == t->variables, RP_EDATA,
            "the model has %" PRId64 " features, the table %" PRId64, m->features, t->variables);
    RP_TRY(rp_alloc(t->variables, sizeof *x, &x));
    for (int64_t v = 0; v < t->variables; v++) {
        RP_NEED(strcmp(m->image[v], t->image[v / t->columns]) == 0 &&
                    strcmp(m->feature[v], t->feature[v % t->columns]) == 0,
                RP_EDATA,
                "feature %" PRId64 " of the model is '%s' of '%s', of the table '%s' of '%s'",
                v + 1, m->feature[v], m->image[v], t->feature[v % t->columns],
                t->image[v / t->columns]);
        x[v] = rp_feature_values(t, 0, v);
    }
    rp_combat_apply(m->combat, t->subjects, x, a->batch, a->covariate);
    return RP_OK;
}

static rp_status harmonise(const rp_features_request *q, about *a, rp_text *out)
{
    RP_AUTO(rp_combat_model) m = NULL;
    RP_TRY(read_about(q, a));
    if (q->apply) {
        RP_NEED(!q->covariates && !q->reference && !q->is_mean_only && !q->is_raw, RP_EUSE,
                "features harmonise --apply: the model has covariates and reference already");
        RP_TRY(rp_combat_model_read(q->apply, &m));
        RP_TRY(encode(q, m, a));
    } else {
        RP_TEXT_AUTO text = {0};
        RP_TRY(rp_alloc(1, sizeof *m, &m));
        RP_TRY(name_model(q, a, m));
        RP_TRY(encode(q, m, a));
        RP_TRY(fit(q, a, m));
        rp_combat_model_write(m, &text);
        RP_TRY(rp_text_status(&text));
        RP_TRY(rp_atomic_write(q->model, text.length, rp_text_get(&text)));
    }
    RP_TRY(apply(q, a, m));
    return rp_feature_table_rows(q->table, out);
}

rp_status rp_features_harmonise(const rp_features_request *q, rp_text *out)
{
    about a = {0};
    const rp_status st = harmonise(q, &a, out);
    about_clear(&a);
    return st;
}
