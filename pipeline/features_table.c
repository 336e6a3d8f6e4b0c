/* pipeline/features_table.c - tables of radiomics features: rows of cases, regions and images as
 * one array of subjects and variables. */
#include "pipeline/features_table.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void rp_feature_table_drop(rp_feature_table **t)
{
    if (!*t) return;
    rp_feature_table *f = *t;
    rp_free(f->case_name);
    rp_free(f->region);
    rp_free(f->image);
    rp_free(f->feature);
    rp_free(f->x);
    for (int64_t i = 0; i < f->files && f->file; i++) rp_csv_drop(&f->file[i]);
    rp_free(f->file);
    rp_free(f);
    *t = NULL;
}

/* Columns that name a row or tell about it. */
static bool is_key(const char *name)
{
    static const char *const keys[] = {"case",         "region", "image",
                                       "perturbation", "voxels", "warning"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i], name) == 0) return true;
    return false;
}

/* The rows of the files and where each goes. */
typedef struct rows {
    int64_t count;
    int64_t *subject, *image, *measurement; /* [count] */
    const char **perturbation;              /* [count] distinct ones, in order */
} rows;

static void rows_clear(rows *r)
{
    rp_free(r->subject);
    rp_free(r->image);
    rp_free(r->measurement);
    rp_free(r->perturbation);
}

/* Place of a name among *count, where it is added if it is new; the last ones are looked at first,
 * since rows of one subject stand together. */
static int64_t place_of(const char **list, int64_t *count, const char *name)
{
    for (int64_t i = *count - 1; i >= 0; i--)
        if (strcmp(list[i], name) == 0) return i;
    list[*count] = name;
    return (*count)++;
}

static int64_t place_of_subject(rp_feature_table *t, const char *name, const char *region)
{
    for (int64_t i = t->subjects - 1; i >= 0; i--)
        if (strcmp(t->case_name[i], name) == 0 && strcmp(t->region[i], region) == 0) return i;
    t->case_name[t->subjects] = name;
    t->region[t->subjects] = region;
    return t->subjects++;
}

static rp_status open_files(int files, const char *const path[], rp_feature_table *t,
                            int64_t *count)
{
    RP_TRY(rp_alloc(files, sizeof *t->file, &t->file));
    for (int i = 0; i < files; i++) {
        RP_TRY(rp_csv_read(path[i], ',', &t->file[i]));
        t->files = i + 1;
        *count += rp_csv_rows(t->file[i]);
    }
    const rp_csv *first = t->file[0];
    RP_TRY(rp_alloc(rp_csv_columns(first), sizeof *t->feature, &t->feature));
    for (int c = 0; c < rp_csv_columns(first); c++)
        if (!is_key(rp_csv_name(first, c))) t->feature[t->columns++] = rp_csv_name(first, c);
    RP_NEED(t->columns > 0, RP_EDATA, "'%s' has no column of a feature", path[0]);
    for (int i = 1; i < files; i++)
        for (int64_t c = 0; c < t->columns; c++)
            RP_NEED(rp_csv_find(t->file[i], t->feature[c]) >= 0, RP_EDATA,
                    "'%s' has no column '%s', '%s' has", path[i], t->feature[c], path[0]);
    return RP_OK;
}

static rp_status place_rows(int files, const char *const path[], rp_feature_table *t, rows *r)
{
    int64_t k = 0, perturbations = 0;
    for (int i = 0; i < files; i++) {
        int name, region, image;
        const rp_csv *csv = t->file[i];
        const int p = rp_csv_find(csv, "perturbation");
        RP_TRY(rp_csv_column(csv, "case", &name));
        RP_TRY(rp_csv_column(csv, "region", &region));
        RP_TRY(rp_csv_column(csv, "image", &image));
        RP_NEED(p < 0 || files == 1, RP_EUSE,
                "'%s' has a column 'perturbation': its rows are measurements, give it alone",
                path[i]);
        for (int64_t row = 0; row < rp_csv_rows(csv); row++, k++) {
            r->subject[k] =
                place_of_subject(t, rp_csv_text(csv, row, name), rp_csv_text(csv, row, region));
            r->image[k] = place_of(t->image, &t->images, rp_csv_text(csv, row, image));
            r->measurement[k] =
                p < 0 ? i : place_of(r->perturbation, &perturbations, rp_csv_text(csv, row, p));
            if (r->measurement[k] >= t->measurements) t->measurements = r->measurement[k] + 1;
        }
    }
    return RP_OK;
}

/* The cells of a row; an empty one stays missing.  to: the subject's place in the first variable.
 */
static rp_status take_row(const rp_feature_table *t, const rp_csv *csv, int64_t row,
                          const int column[], double *to)
{
    for (int64_t c = 0; c < t->columns; c++)
        if (rp_csv_text(csv, row, column[c])[0])
            RP_TRY(rp_csv_double(csv, row, column[c], to + c * t->subjects));
    return RP_OK;
}

static rp_status fill(int files, const char *const path[], rp_feature_table *t, const rows *r)
{
    int64_t cells, k = 0;
    RP_AUTOFREE bool *seen = NULL;
    t->variables = t->images * t->columns;
    RP_TRY(rp_product(3, (int64_t[]){t->measurements, t->variables, t->subjects}, &cells));
    RP_TRY(rp_alloc_raw(cells, sizeof *t->x, &t->x));
    for (int64_t i = 0; i < cells; i++) t->x[i] = NAN;
    RP_TRY(rp_alloc(t->measurements * t->images * t->subjects, sizeof *seen, &seen));
    for (int i = 0; i < files; i++) {
        RP_AUTOFREE int *column = NULL;
        RP_TRY(rp_alloc(t->columns, sizeof *column, &column));
        for (int64_t c = 0; c < t->columns; c++) column[c] = rp_csv_find(t->file[i], t->feature[c]);
        for (int64_t row = 0; row < rp_csv_rows(t->file[i]); row++, k++) {
            bool *once =
                &seen[(r->measurement[k] * t->images + r->image[k]) * t->subjects + r->subject[k]];
            RP_NEED(!*once, RP_EDATA, "%s:%" PRId64 ": case '%s', region '%s', image '%s' again",
                    path[i], rp_csv_line(t->file[i], row), t->case_name[r->subject[k]],
                    t->region[r->subject[k]], t->image[r->image[k]]);
            *once = true;
            RP_TRY(take_row(t, t->file[i], row, column,
                            rp_feature_values(t, r->measurement[k], r->image[k] * t->columns) +
                                r->subject[k]));
        }
    }
    return RP_OK;
}

rp_status rp_feature_table_read(int files, const char *const path[], rp_feature_table **out)
{
    RP_AUTO(rp_feature_table) t = NULL;
    rows r = {0};
    RP_TRY(rp_alloc(1, sizeof *t, &t));
    RP_TRY(open_files(files, path, t, &r.count));
    rp_status st = rp_alloc(r.count, sizeof *r.subject, &r.subject);
    if (st == RP_OK) st = rp_alloc(r.count, sizeof *r.image, &r.image);
    if (st == RP_OK) st = rp_alloc(r.count, sizeof *r.measurement, &r.measurement);
    if (st == RP_OK) st = rp_alloc(r.count, sizeof *r.perturbation, &r.perturbation);
    if (st == RP_OK) st = rp_alloc(r.count, sizeof *t->case_name, &t->case_name);
    if (st == RP_OK) st = rp_alloc(r.count, sizeof *t->region, &t->region);
    if (st == RP_OK) st = rp_alloc(r.count, sizeof *t->image, &t->image);
    if (st == RP_OK) st = place_rows(files, path, t, &r);
    if (st == RP_OK) st = fill(files, path, t, &r);
    rows_clear(&r);
    RP_TRY(st);
    RP_NEED(t->subjects > 0, RP_EDATA, "'%s' has no row", path[0]);
    *out = RP_TAKE(t);
    return RP_OK;
}

void rp_feature_put(const rp_feature_table *t, int64_t variable, rp_text *out)
{
    rp_csv_put(out, t->image[variable / t->columns]);
    rp_csv_put(out, t->feature[variable % t->columns]);
}

rp_status rp_feature_table_write(const rp_feature_table *t, const bool chosen[], rp_text *out)
{
    rp_csv_put(out, "case");
    rp_csv_put(out, "region");
    for (int64_t v = 0; v < t->variables; v++) {
        RP_AUTOFREE char *name = NULL;
        if (chosen && !chosen[v]) continue;
        RP_TRY(rp_format(&name, "%s_%s", t->image[v / t->columns], t->feature[v % t->columns]));
        rp_csv_put(out, name);
    }
    rp_csv_end(out);
    for (int64_t s = 0; s < t->subjects; s++) {
        rp_csv_put(out, t->case_name[s]);
        rp_csv_put(out, t->region[s]);
        for (int64_t v = 0; v < t->variables; v++)
            if (!chosen || chosen[v]) rp_csv_put_double(out, rp_feature_values(t, 0, v)[s]);
        rp_csv_end(out);
    }
    return rp_text_status(out);
}

rp_status rp_feature_table_rows(const rp_feature_table *t, rp_text *out)
{
    rp_text_add(out, "case,region,image");
    for (int64_t c = 0; c < t->columns; c++) rp_text_add(out, ",%s", t->feature[c]);
    rp_text_add(out, "\n");
    for (int64_t s = 0; s < t->subjects; s++)
        for (int64_t i = 0; i < t->images; i++) {
            bool has_value = false;
            for (int64_t c = 0; c < t->columns && !has_value; c++)
                has_value = isfinite(rp_feature_values(t, 0, i * t->columns + c)[s]);
            if (!has_value) continue;
            rp_csv_put(out, t->case_name[s]);
            rp_csv_put(out, t->region[s]);
            rp_csv_put(out, t->image[i]);
            for (int64_t c = 0; c < t->columns; c++)
                rp_csv_put_double(out, rp_feature_values(t, 0, i * t->columns + c)[s]);
            rp_csv_end(out);
        }
    return rp_text_status(out);
}

/* Does the name stand for the case: the same, or the patient in front of a separator? */
static bool is_of(const char *name, const char *case_name, bool is_patient)
{
    const size_t n = strlen(name);
    if (strcmp(name, case_name) == 0) return true;
    return is_patient && strncmp(name, case_name, n) == 0 && case_name[n] &&
           strchr("_-.", case_name[n]);
}

rp_status rp_feature_split(const rp_feature_table *t, const char *path, bool is_train[])
{
    RP_AUTO(rp_csv) csv = NULL;
    int part;
    for (int64_t s = 0; s < t->subjects; s++) is_train[s] = true;
    if (!path) return RP_OK;
    RP_TRY(rp_csv_read(path, ',', &csv));
    RP_TRY(rp_csv_column(csv, "split", &part));
    const bool is_patient = rp_csv_find(csv, "case") < 0;
    int name;
    RP_TRY(rp_csv_column(csv, is_patient ? "patient" : "case", &name));
    for (int64_t s = 0; s < t->subjects; s++) {
        int64_t row = 0;
        while (row < rp_csv_rows(csv) &&
               !is_of(rp_csv_text(csv, row, name), t->case_name[s], is_patient))
            row++;
        RP_NEED(row < rp_csv_rows(csv), RP_EDATA, "'%s' does not know the case '%s'", path,
                t->case_name[s]);
        const char *word = rp_csv_text(csv, row, part);
        RP_NEED(strcmp(word, "train") == 0 || strcmp(word, "validate") == 0 ||
                    strcmp(word, "test") == 0,
                RP_EDATA, "%s:%" PRId64 ": split '%s': must be train, validate or test", path,
                rp_csv_line(csv, row), word);
        is_train[s] = strcmp(word, "train") == 0;
    }
    return RP_OK;
}

int64_t rp_feature_train(const rp_feature_table *t, const double x[], const bool is_train[],
                         double to[])
{
    int64_t n = 0;
    for (int64_t s = 0; s < t->subjects; s++)
        if (is_train[s]) to[n++] = x[s];
    return n;
}
