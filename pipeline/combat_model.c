/* pipeline/combat_model.c - a fitted ComBat with its names, and its file (JSON). */
#include "pipeline/combat_model.h"

#include "io/atomic.h"
#include "lib/base/tree.h"

#include <inttypes.h>
#include <string.h>

void rp_combat_model_drop(rp_combat_model **m)
{
    if (!*m) return;
    rp_combat_model *c = *m;
    for (int b = 0; b < c->batches; b++) rp_free(c->batch[b]);
    for (int k = 0; k < c->covariates; k++) {
        rp_free(c->covariate[k].name);
        for (int l = 0; l < c->covariate[k].levels; l++) rp_free(c->covariate[k].level[l]);
    }
    for (int64_t f = 0; f < c->features; f++) {
        if (c->image) rp_free(c->image[f]);
        if (c->feature) rp_free(c->feature[f]);
    }
    rp_free(c->image);
    rp_free(c->feature);
    rp_combat_drop(&c->combat);
    rp_free(c);
    *m = NULL;
}

int rp_combat_columns(const rp_combat_model *m)
{
    int columns = 0;
    for (int k = 0; k < m->covariates; k++)
        columns += m->covariate[k].levels ? m->covariate[k].levels - 1 : 1;
    return columns;
}

static void add_names(int count, char *const name[], rp_text *out)
{
    rp_text_add(out, "[");
    for (int i = 0; i < count; i++) {
        rp_text_add(out, "%s", i ? ", " : "");
        rp_text_add_json(out, name[i]);
    }
    rp_text_add(out, "]");
}

static void add_numbers(const char *key, int count, const double x[], rp_text *out)
{
    rp_text_add(out, ", \"%s\": [", key);
    for (int i = 0; i < count; i++) {
        rp_text_add(out, "%s", i ? ", " : "");
        rp_text_add_double(out, x[i]);
    }
    rp_text_add(out, "]");
}

void rp_combat_model_write(const rp_combat_model *m, rp_text *out)
{
    const rp_combat *c = m->combat;
    rp_text_add(out, "{\"radpipe_combat\": 1,\n \"batches\": ");
    add_names(m->batches, m->batch, out);
    rp_text_add(out, ",\n \"reference\": ");
    if (c->reference >= 0)
        rp_text_add_json(out, m->batch[c->reference]);
    else
        rp_text_add(out, "null");
    rp_text_add(out, ",\n \"covariates\": [");
    for (int k = 0; k < m->covariates; k++) {
        rp_text_add(out, "%s{\"name\": ", k ? ", " : "");
        rp_text_add_json(out, m->covariate[k].name);
        rp_text_add(out, ", \"levels\": ");
        add_names(m->covariate[k].levels, m->covariate[k].level, out);
        rp_text_add(out, "}");
    }
    rp_text_add(out, "],\n \"features\": [");
    for (int64_t f = 0; f < m->features; f++) {
        rp_text_add(out, "%s\n  {\"image\": ", f ? "," : "");
        rp_text_add_json(out, m->image[f]);
        rp_text_add(out, ", \"feature\": ");
        rp_text_add_json(out, m->feature[f]);
        rp_text_add(out, ", \"used\": %s", c->is_used[f] ? "true" : "false");
        add_numbers("alpha_sigma", 2, (double[]){c->alpha[f], c->sigma[f]}, out);
        add_numbers("beta", c->covariates, c->beta + f * c->covariates, out);
        add_numbers("gamma", c->batches, c->gamma + f * c->batches, out);
        add_numbers("delta", c->batches, c->delta + f * c->batches, out);
        rp_text_add(out, "}");
    }
    rp_text_add(out, "]}\n");
}

/* A member of a kind. */
static rp_status member(const char *path, const rp_node *map, const char *key, rp_node_kind kind,
                        const rp_node **out)
{
    const rp_node *n = map->kind == RP_NODE_MAP ? rp_node_get(map, key) : NULL;
    RP_NEED(n && n->kind == kind, RP_EDATA, "'%s' is no model of ComBat: '%s' is missing", path,
            key);
    *out = n;
    return RP_OK;
}

static rp_status take_names(const char *path, const rp_node *list, int *count, char *name[])
{
    RP_NEED(list->count <= RP_COMBAT_NAMES_MAX, RP_EDATA, "'%s': more than %d names", path,
            RP_COMBAT_NAMES_MAX);
    for (int64_t i = 0; i < list->count; i++) {
        RP_NEED(list->child[i]->kind == RP_NODE_SCALAR, RP_EDATA, "'%s': a name is no text", path);
        RP_TRY(rp_copy_text(list->child[i]->text, &name[i]));
        *count = (int)i + 1;
    }
    return RP_OK;
}

static rp_status take_numbers(const char *path, const rp_node *map, const char *key, int count,
                              double x[])
{
    const rp_node *list;
    RP_TRY(member(path, map, key, RP_NODE_LIST, &list));
    RP_NEED(list->count == count, RP_EDATA, "'%s': %" PRId64 " numbers in '%s', must be %d", path,
            list->count, key, count);
    for (int i = 0; i < count; i++)
        RP_NEED(rp_node_double(list->child[i], &x[i]), RP_EDATA, "'%s': '%s' holds no number", path,
                key);
    return RP_OK;
}

static rp_status take_feature(const char *path, const rp_node *n, int64_t f, rp_combat_model *m)
{
    rp_combat *c = m->combat;
    const rp_node *image, *feature, *used;
    double two[2];
    RP_TRY(member(path, n, "image", RP_NODE_SCALAR, &image));
    RP_TRY(member(path, n, "feature", RP_NODE_SCALAR, &feature));
    RP_TRY(member(path, n, "used", RP_NODE_SCALAR, &used));
    RP_TRY(rp_copy_text(image->text, &m->image[f]));
    RP_TRY(rp_copy_text(feature->text, &m->feature[f]));
    RP_NEED(rp_node_bool(used, &c->is_used[f]), RP_EDATA, "'%s': 'used' is not true or false",
            path);
    RP_TRY(take_numbers(path, n, "alpha_sigma", 2, two));
    c->alpha[f] = two[0];
    c->sigma[f] = two[1];
    RP_TRY(take_numbers(path, n, "beta", c->covariates, c->beta + f * c->covariates));
    RP_TRY(take_numbers(path, n, "gamma", c->batches, c->gamma + f * c->batches));
    return take_numbers(path, n, "delta", c->batches, c->delta + f * c->batches);
}

static rp_status take_covariates(const char *path, const rp_node *list, rp_combat_model *m)
{
    RP_NEED(list->count <= RP_COMBAT_NAMES_MAX, RP_EDATA, "'%s': more than %d covariates", path,
            RP_COMBAT_NAMES_MAX);
    for (int64_t k = 0; k < list->count; k++) {
        const rp_node *name, *levels;
        RP_TRY(member(path, list->child[k], "name", RP_NODE_SCALAR, &name));
        RP_TRY(member(path, list->child[k], "levels", RP_NODE_LIST, &levels));
        m->covariates = (int)k + 1;
        RP_TRY(rp_copy_text(name->text, &m->covariate[k].name));
        RP_TRY(take_names(path, levels, &m->covariate[k].levels, m->covariate[k].level));
    }
    return RP_OK;
}

static rp_status take_model(const char *path, const rp_node *root, rp_combat_model *m)
{
    const rp_node *version, *batches, *covariates, *features;
    int64_t number = 0;
    RP_TRY(member(path, root, "radpipe_combat", RP_NODE_SCALAR, &version));
    RP_NEED(rp_node_int(version, &number) && number == 1, RP_EDATA,
            "'%s' is a model of another version", path);
    RP_TRY(member(path, root, "batches", RP_NODE_LIST, &batches));
    RP_TRY(take_names(path, batches, &m->batches, m->batch));
    RP_TRY(member(path, root, "covariates", RP_NODE_LIST, &covariates));
    RP_TRY(take_covariates(path, covariates, m));
    RP_TRY(member(path, root, "features", RP_NODE_LIST, &features));
    RP_TRY(rp_combat_new(features->count, m->batches, rp_combat_columns(m), &m->combat));
    const rp_node *reference = rp_node_get(root, "reference");
    for (int b = 0; b < m->batches && reference && reference->kind == RP_NODE_SCALAR; b++)
        if (strcmp(m->batch[b], reference->text) == 0) m->combat->reference = b;
    RP_TRY(rp_alloc(features->count, sizeof *m->image, &m->image));
    RP_TRY(rp_alloc(features->count, sizeof *m->feature, &m->feature));
    m->features = features->count;
    for (int64_t f = 0; f < features->count; f++)
        RP_TRY(take_feature(path, features->child[f], f, m));
    return RP_OK;
}

rp_status rp_combat_model_read(const char *path, rp_combat_model **out)
{
    RP_TEXT_AUTO text = {0};
    RP_AUTO(rp_tree) tree = NULL;
    RP_AUTO(rp_combat_model) m = NULL;
    RP_TRY(rp_alloc(1, sizeof *m, &m));
    RP_TRY(rp_file_read(path, (int64_t)1 << 30, &text));
    RP_TRY(rp_tree_json(path, text.length, rp_text_get(&text), &tree));
    RP_TRY(take_model(path, rp_tree_root(tree), m));
    *out = RP_TAKE(m);
    return RP_OK;
}
