/* pipeline/radiomics_settings.c - reading and checking settings of radiomics by their table. */
#include "pipeline/radiomics_settings.h"

#include "io/atomic.h"
#include "lib/base/tree.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct reading {
    const char *name; /* of the file or preset */
    rp_radiomics_keys *keys;
} reading;

static rp_status wrong(const reading *r, const rp_setting *s, const rp_node *n, const char *what)
{
    RP_FAIL(RP_EUSE, "%s:%d:%d: %s: must be %s", r->name, n->line, n->column, s->name, what);
}

static rp_status take_number(const reading *r, const rp_setting *s, const rp_node *n, double *out)
{
    char range[96];
    double x;
    (void)snprintf(range, sizeof range, "a number from %g to %g%s%s", s->low, s->high,
                   s->unit[0] ? " " : "", s->unit);
    if (!rp_node_double(n, &x) || x < s->low || x > s->high) return wrong(r, s, n, range);
    *out = x;
    return RP_OK;
}

static rp_status take_numbers(const reading *r, const rp_setting *s, const rp_node *n, double out[])
{
    char what[64];
    if (n->kind == RP_NODE_SCALAR && s->choices[0] && strcmp(n->text, s->choices) == 0) {
        for (int i = 0; i < s->count; i++) out[i] = -i; /* a range that ends before it begins */
        return RP_OK;
    }
    (void)snprintf(what, sizeof what, "a list of %d numbers", s->count);
    if (n->kind != RP_NODE_LIST || n->count != s->count) return wrong(r, s, n, what);
    double x[3] = {0};
    for (int i = 0; i < s->count; i++) RP_TRY(take_number(r, s, n->child[i], &x[i]));
    memcpy(out, x, (size_t)s->count * sizeof *x);
    return RP_OK;
}

/* Length of the i-th word of "a|b|c" and where it begins; NULL behind the last. */
static const char *choice_at(const char *choices, int i, size_t *length)
{
    while (i-- > 0 && choices) choices = strchr(choices, '|') ? strchr(choices, '|') + 1 : NULL;
    if (choices) *length = strcspn(choices, "|");
    return choices;
}

static rp_status take_choice(const reading *r, const rp_setting *s, const rp_node *n, int *out)
{
    char what[96];
    size_t length;
    if (n->kind == RP_NODE_SCALAR)
        for (int i = 0;; i++) {
            const char *word = choice_at(s->choices, i, &length);
            if (!word) break;
            if (strlen(n->text) == length && strncmp(n->text, word, length) == 0) {
                *out = i;
                return RP_OK;
            }
        }
    (void)snprintf(what, sizeof what, "one of %s", s->choices);
    return wrong(r, s, n, what);
}

static rp_status take_value(const reading *r, const rp_setting *s, const rp_node *n)
{
    void *to = (char *)r->keys + s->offset;
    switch (s->type) {
    case RP_SET_NUMBER: return take_number(r, s, n, to);
    case RP_SET_NUMBERS: return take_numbers(r, s, n, to);
    case RP_SET_CHOICE: return take_choice(r, s, n, to);
    case RP_SET_SWITCH: return rp_node_bool(n, to) ? RP_OK : wrong(r, s, n, "true or false");
    case RP_SET_TEXT:
        if (n->kind != RP_NODE_SCALAR || strlen(n->text) >= 64)
            return wrong(r, s, n, "a word of at most 63 letters");
        rp_text_fit(to, 64, n->text);
        return RP_OK;
    }
    RP_FAIL(RP_EBUG, "setting '%s' has no type", s->name);
}

static bool is_section(const char *name)
{
    for (int i = 0; i < rp_settings_count; i++)
        if (strncmp(rp_settings[i].name, name, strlen(name)) == 0 &&
            rp_settings[i].name[strlen(name)] == '.')
            return true;
    return false;
}

static const char *nearest(const char *name)
{
    int best = 0;
    for (int i = 1; i < rp_settings_count; i++)
        if (rp_text_distance(name, rp_settings[i].name) <
            rp_text_distance(name, rp_settings[best].name))
            best = i;
    return rp_settings[best].name;
}

static rp_status take_key(const reading *r, const char *name, const rp_node *n)
{
    for (int i = 0; i < rp_settings_count; i++)
        if (strcmp(rp_settings[i].name, name) == 0) return take_value(r, &rp_settings[i], n);
    RP_FAIL(RP_EUSE, "%s:%d:%d: unknown key '%s'; did you mean '%s'?", r->name, n->line, n->column,
            name, nearest(name));
}

/* A map of keys and of sections of keys; base is the file's to name its preset. */
static rp_status take_map(const reading *r, const rp_node *root)
{
    RP_NEED(root->kind == RP_NODE_MAP, RP_EUSE, "%s: settings are a map of keys", r->name);
    for (int64_t i = 0; i < root->count; i++) {
        const rp_node *n = root->child[i];
        if (strcmp(n->key, "base") == 0) continue;
        if (n->kind != RP_NODE_MAP || !is_section(n->key)) {
            RP_NEED(!is_section(n->key), RP_EUSE, "%s:%d:%d: %s: must be a map of keys", r->name,
                    n->line, n->column, n->key);
            RP_TRY(take_key(r, n->key, n));
            continue;
        }
        for (int64_t k = 0; k < n->count; k++) {
            RP_AUTOFREE char *name = NULL;
            RP_TRY(rp_format(&name, "%s.%s", n->key, n->child[k]->key));
            RP_TRY(take_key(r, name, n->child[k]));
        }
    }
    return RP_OK;
}

static rp_status take_standards(rp_radiomics_keys *keys)
{
    const reading r = {"standard settings", keys};
    for (int i = 0; i < rp_settings_count; i++) {
        RP_AUTO(rp_tree) t = NULL;
        RP_TEXT_AUTO line = {0};
        rp_text_add(&line, "v: %s\n", rp_settings[i].standard);
        RP_TRY(rp_text_status(&line));
        RP_TRY(rp_tree_yaml(r.name, line.length, rp_text_get(&line), &t));
        RP_TRY(take_value(&r, &rp_settings[i], rp_node_get(rp_tree_root(t), "v")));
    }
    return RP_OK;
}

static const rp_preset *find_preset(const char *name)
{
    for (int i = 0; i < rp_presets_count; i++)
        if (strcmp(rp_presets[i].name, name) == 0) return &rp_presets[i];
    return NULL;
}

static rp_status take_preset(const rp_preset *p, rp_radiomics_keys *keys)
{
    RP_AUTO(rp_tree) t = NULL;
    const reading r = {p->name, keys};
    RP_TRY(rp_tree_yaml(p->name, (int64_t)strlen(p->yaml), p->yaml, &t));
    return take_map(&r, rp_tree_root(t));
}

static rp_status take_file(const char *path, rp_radiomics_keys *keys)
{
    RP_TEXT_AUTO text = {0};
    RP_AUTO(rp_tree) t = NULL;
    const reading r = {path, keys};
    RP_TRY(rp_file_read(path, 1 << 20, &text));
    RP_TRY(rp_tree_yaml(path, text.length, rp_text_get(&text), &t));
    const rp_node *base =
        rp_tree_root(t)->kind == RP_NODE_MAP ? rp_node_get(rp_tree_root(t), "base") : NULL;
    if (base) {
        const rp_preset *p = base->kind == RP_NODE_SCALAR ? find_preset(base->text) : NULL;
        RP_NEED(p, RP_EUSE,
                "%s:%d:%d: base: must be a preset; 'radpipe radiomics --help' lists them", path,
                base->line, base->column);
        RP_TRY(take_preset(p, keys));
    }
    return take_map(&r, rp_tree_root(t));
}

static rp_status settle_filter(const char *name, const rp_radiomics_keys *k, rp_filter *out)
{
    rp_filter f = {.kind = (rp_filter_kind)k->filter,
                   .is_flat = k->filter_slices,
                   .boundary = (rp_boundary)k->boundary,
                   .pooling = (rp_pooling)k->pooling,
                   .support = (int)k->support,
                   .sigma = k->sigma,
                   .cut = k->cut,
                   .energy = (int)k->energy,
                   .lambda = k->lambda,
                   .gamma = k->gamma,
                   .theta = k->theta,
                   .step = k->step,
                   .all_planes = k->planes && !k->filter_slices,
                   .level = (int)k->level};
    for (int a = 0; a < 3; a++) f.riesz[a] = (int)k->riesz[a];
    RP_NEED(strlen(k->laws) < sizeof f.laws && strlen(k->wavelet) < sizeof f.wavelet &&
                strlen(k->band) < sizeof f.band,
            RP_EUSE, "%s: filter.laws '%s', filter.wavelet '%s', filter.band '%s': one is too long",
            name, k->laws, k->wavelet, k->band);
    rp_text_fit(f.laws, sizeof f.laws, k->laws);
    rp_text_fit(f.wavelet, sizeof f.wavelet, k->wavelet);
    rp_text_fit(f.band, sizeof f.band, k->band);
    /* One voxel through the filter says now what a region would say late. */
    const rp_grid one = rp_grid_axial(1, 1, 1, 1, 1, 1);
    double in = 0, response;
    if (rp_filter_apply(&f, &one, &in, &response) == RP_EARG) {
        rp_error why;
        rp_error_take(RP_EARG, &why);
        RP_FAIL(RP_EUSE, "%s: filter: %s", name, why.message);
    }
    *out = f;
    return RP_OK;
}

static rp_status settle(const char *name, const rp_radiomics_keys *k, rp_radiomics_settings *out)
{
    static const int order[3] = {0, 1, 3};
    rp_radiomics_settings s = {.min_voxels = k->min_voxels};
    const double *const whole[] = {&k->bins,          &k->ivh_bins,   &k->levels,   &k->distance,
                                   &k->neighbourhood, &k->coarseness, &k->support,  &k->energy,
                                   &k->level,         &k->riesz[0],   &k->riesz[1], &k->riesz[2]};
    for (int i = 0; i < 12; i++)
        RP_NEED(*whole[i] == rint(*whole[i]), RP_EUSE, "%s: %g must be a whole number", name,
                *whole[i]);
    memcpy(s.roi.spacing, k->spacing, sizeof s.roi.spacing);
    s.roi.image_order = order[k->image];
    s.roi.mask_order = order[k->mask];
    s.roi.mask_threshold = k->threshold;
    s.roi.is_integer = k->is_integer;
    s.roi.has_zscore = k->is_zscore;
    s.roi.has_range = k->range[0] <= k->range[1];
    s.roi.low = k->range[0];
    s.roi.high = k->range[1];
    s.roi.outliers = k->outliers;
    s.roi.binning = (rp_binning)k->binning;
    s.roi.bins = (int)k->bins;
    s.roi.width = k->width;
    s.roi.max_levels = (int64_t)k->levels;
    s.roi.ivh = (rp_ivh_mode)k->ivh;
    s.roi.ivh_bins = (int)k->ivh_bins;
    s.roi.ivh_width = k->ivh_width;
    s.texture = rp_texture_settings_default();
    s.texture.distance = (int)k->distance;
    s.texture.neighbourhood = (int)k->neighbourhood;
    s.texture.coarseness = (int)k->coarseness;
    s.texture.memory = (int64_t)(k->memory * (1 << 20));
    const bool of[RP_AGGREGATION_COUNT] = {true,      k->slices, k->slices, k->merged, k->merged,
                                           k->volume, k->volume, k->slices, k->merged, k->volume};
    memcpy(s.texture.aggregation, of, sizeof of);
    memcpy(s.families.is_wanted, k->family, sizeof s.families.is_wanted);
    RP_TRY(settle_filter(name, k, &s.filter));
    s.is_pyradiomics = k->names == 1;
    s.pyradiomics = (rp_pyradiomics_settings){.shift = k->shift,
                                              .is_flat = k->is_flat,
                                              .is_merged = k->is_merged,
                                              .memory = s.texture.memory};
    RP_NEED(!s.is_pyradiomics || s.filter.kind == RP_FILTER_NONE, RP_EUSE,
            "%s: PyRadiomics' names are for the image without a filter", name);
    memcpy(s.image, k->images, sizeof s.image);
    memcpy(s.region, k->regions, sizeof s.region);
    *out = s;
    return RP_OK;
}

static void add_value(const rp_radiomics_keys *k, const rp_setting *s, rp_text *out)
{
    const void *at = (const char *)k + s->offset;
    const double *x = at;
    size_t length = 0;
    switch (s->type) {
    case RP_SET_NUMBER: rp_text_add_double(out, *x); break;
    case RP_SET_SWITCH: rp_text_add(out, "%s", *(const bool *)at ? "true" : "false"); break;
    case RP_SET_TEXT: rp_text_add_json(out, at); break;
    case RP_SET_CHOICE: {
        const char *word = choice_at(s->choices, *(const int *)at, &length);
        rp_text_add(out, "%.*s", (int)length, word ? word : "");
        break;
    }
    case RP_SET_NUMBERS:
        if (s->choices[0] && x[0] > x[1]) {
            rp_text_add(out, "%s", s->choices);
            break;
        }
        for (int i = 0; i < s->count; i++) {
            rp_text_add(out, "%s", i ? ", " : "[");
            rp_text_add_double(out, x[i]);
        }
        rp_text_add(out, "]");
        break;
    }
}

/* Every key as YAML; a section's keys stand together in the table. */
static void write_keys(const rp_radiomics_keys *k, rp_text *out)
{
    const char *open = "";
    for (int i = 0; i < rp_settings_count; i++) {
        const char *name = rp_settings[i].name, *dot = strchr(name, '.');
        if (dot && (strncmp(open, name, (size_t)(dot - name)) != 0 || open[dot - name] != '.'))
            rp_text_add(out, "%.*s:\n", (int)(dot - name), name);
        if (dot) open = name;
        rp_text_add(out, "%s%s: ", dot ? "  " : "", dot ? dot + 1 : name);
        add_value(k, &rp_settings[i], out);
        rp_text_add(out, "\n");
    }
}

rp_status rp_radiomics_settings_read(const char *name, rp_radiomics_settings *out,
                                     rp_text *resolved)
{
    rp_radiomics_keys keys = {0};
    RP_TRY(take_standards(&keys));
    const rp_preset *p = find_preset(name);
    RP_TRY(p ? take_preset(p, &keys) : take_file(name, &keys));
    RP_TRY(settle(name, &keys, out));
    write_keys(&keys, resolved);
    return rp_text_status(resolved);
}
