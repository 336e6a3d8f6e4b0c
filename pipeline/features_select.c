/* pipeline/features_select.c - radpipe features robust, prune, select: which features to keep. */
#include "lib/radiomics/robust.h"
#include "pipeline/features_request.h"

#include <math.h>
#include <string.h>

static void put_value(const rp_value *v, rp_text *out)
{
    rp_csv_put_double(out, v->state == RP_VALUE_OK ? v->x : NAN);
}

static void put_robustness(const rp_features_request *q, int64_t variable, const rp_robustness *r,
                           rp_text *out)
{
    const rp_icc *icc = &r->icc[q->form];
    const bool is_robust =
        r->class[q->form] != RP_ROBUST_UNDEFINED && icc->ci.low.x >= q->threshold;
    rp_feature_put(q->table, variable, out);
    rp_csv_put_int(out, r->subjects);
    rp_csv_put(out, is_robust ? "yes" : "no");
    rp_csv_put(out, rp_robust_name(r->class[q->form]));
    rp_csv_put(out, icc->value.state == RP_VALUE_OK ? "" : icc->value.reason);
    for (int f = 0; f < RP_ICC_FORMS; f++) {
        put_value(&r->icc[f].value, out);
        put_value(&r->icc[f].ci.low, out);
        put_value(&r->icc[f].ci.high, out);
    }
    rp_csv_end(out);
}

rp_status rp_features_robust(const rp_features_request *q, rp_text *out)
{
    const rp_feature_table *t = q->table;
    const int k = (int)t->measurements;
    RP_AUTOFREE double *memory = NULL, **x = NULL;
    RP_NEED(k >= 2, RP_EUSE,
            "features robust: give two tables, or one with a column 'perturbation'");
    RP_TRY(rp_alloc(t->subjects * k, sizeof *memory, &memory));
    RP_TRY(rp_alloc(k, sizeof *x, &x));
    rp_text_add(out, "image,feature,subjects,robust,class,reason");
    for (int f = 0; f < RP_ICC_FORMS; f++) {
        const char *name = rp_icc_name((rp_icc_form)f);
        rp_text_add(out, ",%s,%s_lower95,%s_upper95", name, name, name);
    }
    rp_text_add(out, "\n");
    for (int64_t v = 0; v < t->variables; v++) {
        rp_robustness r;
        int64_t n = 0;
        for (int j = 0; j < k; j++) {
            x[j] = memory + j * t->subjects;
            n = rp_feature_train(t, rp_feature_values(t, j, v), q->is_train, x[j]);
        }
        RP_TRY(rp_robustness_find(n, k, (const double *const *)x, &r));
        put_robustness(q, v, &r, out);
    }
    return rp_text_status(out);
}

rp_status rp_features_perturbed(const char *path, rp_text *out)
{
    RP_AUTO(rp_feature_table) t = NULL;
    RP_AUTOFREE bool *is_train = NULL;
    RP_TRY(rp_feature_table_read(1, (const char *const[]){path}, &t));
    RP_TRY(rp_alloc(t->subjects, sizeof *is_train, &is_train));
    RP_TRY(rp_feature_split(t, NULL, is_train));
    const rp_features_request q = {
        .table = t, .is_train = is_train, .form = RP_ICC1, .threshold = 0.75};
    if (t->measurements >= 2) return rp_features_robust(&q, out);
    rp_text_add(out, "image,feature,subjects,robust,class,reason\n");
    return rp_text_status(out);
}

/* Row of a variable in a table with columns image and feature; -1 if there is none. */
static int64_t row_of(const rp_csv *csv, int image, int feature, const rp_feature_table *t,
                      int64_t variable)
{
    /* Tables of ours have a row a variable, in order. */
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        const int64_t row = (variable + i) % rp_csv_rows(csv);
        if (strcmp(rp_csv_text(csv, row, feature), t->feature[variable % t->columns]) == 0 &&
            strcmp(rp_csv_text(csv, row, image), t->image[variable / t->columns]) == 0)
            return row;
    }
    return -1;
}

/* What a table of 'robust' or 'prune' says: is the variable in, and its column of merit (NULL:
 * none). */
static rp_status read_chosen(const char *path, const rp_feature_table *t, const char *merit_column,
                             bool chosen[], double merit[])
{
    RP_AUTO(rp_csv) csv = NULL;
    int image, feature, in, column = -1;
    RP_TRY(rp_csv_read(path, ',', &csv));
    RP_TRY(rp_csv_column(csv, "image", &image));
    RP_TRY(rp_csv_column(csv, "feature", &feature));
    in = rp_csv_find(csv, "kept");
    if (in < 0) RP_TRY(rp_csv_column(csv, "robust", &in));
    if (merit_column) RP_TRY(rp_csv_column(csv, merit_column, &column));
    for (int64_t v = 0; v < t->variables; v++) {
        const int64_t row = row_of(csv, image, feature, t, v);
        RP_NEED(row >= 0, RP_EDATA, "'%s' does not know the feature '%s' of image '%s'", path,
                t->feature[v % t->columns], t->image[v / t->columns]);
        chosen[v] = strcmp(rp_csv_text(csv, row, in), "yes") == 0;
        if (column >= 0 && !rp_read_double(rp_csv_text(csv, row, column), &merit[v]))
            merit[v] = NAN;
    }
    return RP_OK;
}

/* What pruning works on and finds, by variable. */
typedef struct pruning {
    double *memory, *merit, *r;
    const double **x;
    int64_t *cause, *of; /* of: variable of the i-th that takes part */
    bool *robust, *kept;
} pruning;

static void pruning_clear(pruning *p)
{
    rp_free(p->memory);
    rp_free(p->merit);
    rp_free(p->r);
    rp_free(p->x);
    rp_free(p->cause);
    rp_free(p->of);
    rp_free(p->robust);
    rp_free(p->kept);
}

static rp_status pruning_make(const rp_feature_table *t, pruning *p)
{
    const int64_t n = t->variables;
    RP_TRY(rp_alloc(n * t->subjects, sizeof *p->memory, &p->memory));
    RP_TRY(rp_alloc(n, sizeof *p->merit, &p->merit));
    RP_TRY(rp_alloc(n, sizeof *p->r, &p->r));
    RP_TRY(rp_alloc(n, sizeof *p->x, &p->x));
    RP_TRY(rp_alloc(n, sizeof *p->cause, &p->cause));
    RP_TRY(rp_alloc(n, sizeof *p->of, &p->of));
    RP_TRY(rp_alloc(n, sizeof *p->robust, &p->robust));
    return rp_alloc(n, sizeof *p->kept, &p->kept);
}

static void put_pruned(const rp_features_request *q, const pruning *p, int64_t variable, int64_t i,
                       rp_text *out)
{
    const rp_feature_table *t = q->table;
    rp_feature_put(t, variable, out);
    rp_csv_put(out, i >= 0 && p->kept[i] ? "yes" : "no");
    rp_csv_put(out, i < 0             ? "not robust"
                    : p->kept[i]      ? ""
                    : p->cause[i] < 0 ? "constant or fewer than three values"
                                      : "correlated");
    if (i >= 0 && p->cause[i] >= 0 && p->cause[i] != i) {
        rp_feature_put(t, p->of[p->cause[i]], out);
        rp_csv_put_double(out, p->r[i]);
    } else {
        for (int k = 0; k < 3; k++) rp_csv_put(out, "");
    }
    rp_csv_end(out);
}

static rp_status prune(const rp_features_request *q, pruning *p, rp_text *out)
{
    const rp_feature_table *t = q->table;
    int64_t taken = 0, n = 0;
    for (int64_t v = 0; v < t->variables; v++) p->robust[v] = true;
    if (q->robust) RP_TRY(read_chosen(q->robust, t, rp_icc_name(q->form), p->robust, p->merit));
    for (int64_t v = 0; v < t->variables; v++) {
        if (!p->robust[v]) continue;
        double *to = p->memory + taken * t->subjects;
        n = rp_feature_train(t, rp_feature_values(t, 0, v), q->is_train, to);
        p->x[taken] = to;
        p->merit[taken] = p->merit[v];
        p->of[taken++] = v;
    }
    RP_TRY(rp_prune_correlated(n, taken, p->x, q->robust ? p->merit : NULL, q->is_rank, q->limit,
                               p->kept, p->cause, p->r));
    rp_text_add(out, "image,feature,kept,reason,like_image,like_feature,correlation\n");
    for (int64_t v = 0, i = 0; v < t->variables; v++) {
        const bool is_taken = i < taken && p->of[i] == v;
        put_pruned(q, p, v, is_taken ? i : -1, out);
        i += is_taken;
    }
    return rp_text_status(out);
}

rp_status rp_features_prune(const rp_features_request *q, rp_text *out)
{
    pruning p = {0};
    rp_status st = pruning_make(q->table, &p);
    if (st == RP_OK) st = prune(q, &p, out);
    pruning_clear(&p);
    return st;
}

rp_status rp_features_select(const rp_features_request *q, rp_text *out)
{
    RP_AUTOFREE bool *chosen = NULL;
    RP_NEED(q->chosen, RP_EUSE, "features select: --chosen names the table of 'robust' or 'prune'");
    RP_TRY(rp_alloc(q->table->variables, sizeof *chosen, &chosen));
    RP_TRY(read_chosen(q->chosen, q->table, NULL, chosen, NULL));
    return rp_feature_table_write(q->table, chosen, out);
}
