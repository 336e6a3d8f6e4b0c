/* report/section_radiomics.c - features of regions: what was measured, what IBSI asks to report,
 * what has no value.
 *
 * Files of 'radpipe radiomics --out DIR', or of a job's step: features.csv and those beside it. */
#include "report/page_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 5, WARNINGS_MOST = 50, REASONS = 40 };

static rp_status find_settings(const rp_page *p, rp_text *text, bool *found)
{
    RP_TRY(rp_page_text(p, "features-settings.yaml", text, found));
    return *found ? RP_OK : rp_page_text(p, "settings.yaml", text, found);
}

static const rp_node *find_key(const rp_node *root, const char *key)
{
    const char *dot = strchr(key, '.');
    char section[32];
    if (!dot) return rp_node_get(root, key);
    rp_text_fit(section, sizeof section, key);
    section[strcspn(section, ".")] = 0;
    const rp_node *map = rp_node_get(root, section);
    return map && map->kind == RP_NODE_MAP ? rp_node_get(map, dot + 1) : NULL;
}

static void put_value(rp_text *t, const char *key, const rp_node *n)
{
    const char *name = strchr(key, '.');
    rp_text_add(t, "%s%s: ", t->length ? "; " : "", name ? name + 1 : key);
    if (!n)
        rp_text_add(t, "\xE2\x80\x93");
    else if (n->kind == RP_NODE_SCALAR)
        rp_text_add(t, "%s", n->text);
    else
        for (int64_t i = 0; i < n->count; i++)
            rp_text_add(t, "%s%s", i ? ", " : "",
                        n->child[i]->kind == RP_NODE_SCALAR ? n->child[i]->text : "...");
}

/* The items of IBSI's reporting guideline, in its order.
 * Source: IBSI reference manual, section 4; A. Zwanenburg et al., Radiology 295 (2020) 328. */
static const struct {
    const char *item, *key[KEYS],
        *words; /* words: "" or what the program does; no key: the authors */
} guideline[] = {
    {"Patients: volume of interest, number, clinical data", {NULL}, ""},
    {"Acquisition, reconstruction, registration", {NULL}, ""},
    {"Region of interest: who drew it, how, on which image", {NULL}, ""},
    {"Images and regions taken", {"images", "regions", "min_voxels"}, ""},
    {"Conversion of intensities", {"intensity.integer", "intensity.zscore"}, ""},
    {"Image interpolation",
     {"interpolate.spacing", "interpolate.image"},
     "grids are aligned by their centres"},
    {"Mask interpolation", {"interpolate.mask", "interpolate.threshold"}, ""},
    {"Image filter", {"filter.kind", "filter.boundary"}, ""},
    {"Re-segmentation", {"resegment.range", "resegment.outliers"}, ""},
    {"Discretisation",
     {"discretise.method", "discretise.bins", "discretise.width", "discretise.max_levels"},
     ""},
    {"Intensity-volume histogram", {"ivh.method", "ivh.bins", "ivh.width"}, ""},
    {"Texture matrices",
     {"texture.slices", "texture.merged", "texture.volume", "texture.distance",
      "texture.coarseness"},
     "aggregations stand behind the names of the columns"},
    {"Perturbations", {"perturb.repetitions", "perturb.rotation", "perturb.translation"}, ""},
    {"Calibration",
     {NULL},
     "IBSI 1 and 2: all reference values of the phantoms (docs/radiomics.md of the program)"},
};

static rp_status add_guideline(const rp_node *root, rp_text *t)
{
    static const char *const head[] = {"Item", "Here"};
    rp_html_table(t, "What IBSI asks to report", 2, head);
    for (size_t i = 0; i < sizeof guideline / sizeof *guideline; i++) {
        RP_TEXT_AUTO value = {0};
        for (int k = 0; k < KEYS && guideline[i].key[k]; k++)
            put_value(&value, guideline[i].key[k], find_key(root, guideline[i].key[k]));
        if (guideline[i].words[0])
            rp_text_add(&value, "%s%s", value.length ? "; " : "", guideline[i].words);
        RP_TRY(rp_text_status(&value));
        rp_html_row(t);
        rp_html_cell(t, "%s", guideline[i].item);
        rp_html_cell(t, "%s", value.length ? rp_text_get(&value) : "for the authors");
        rp_html_row_end(t);
    }
    rp_html_table_end(t);
    return RP_OK;
}

static rp_status add_settings(const rp_page *p, rp_text *t)
{
    RP_TEXT_AUTO text = {0};
    RP_AUTO(rp_tree) tree = NULL;
    bool found;
    RP_TRY(find_settings(p, &text, &found));
    if (!found) {
        rp_html_paragraph(t, "absent", "The settings of these features are not there.");
        return RP_OK;
    }
    RP_TRY(rp_tree_yaml("settings of the features", text.length, rp_text_get(&text), &tree));
    RP_TRY(add_guideline(rp_tree_root(tree), t));
    rp_html_folded(t, "Every setting", text.length, rp_text_get(&text));
    return RP_OK;
}

typedef struct reason {
    const char *text;
    int64_t count;
} reason;

/* Cells without a value, by reason. */
static rp_status add_missing(const rp_csv *csv, rp_text *t)
{
    static const char *const head[] = {"Why there is no value", "#Values"};
    reason list[REASONS];
    int n = 0, column;
    RP_TRY(rp_csv_column(csv, "reason", &column));
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        const char *text = rp_csv_text(csv, i, column);
        int k = 0;
        while (k < n && strcmp(list[k].text, text) != 0) k++;
        if (k == REASONS) continue;
        if (k == n) list[n++] = (reason){text, 0};
        list[k].count++;
    }
    if (n == 0) {
        rp_html_paragraph(t, "", "Every feature has a value.");
        return RP_OK;
    }
    rp_html_table(t, "Missing values (features-missing.csv has each)", 2, head);
    for (int k = 0; k < n; k++) {
        rp_html_row(t);
        rp_html_cell(t, "%s", list[k].text);
        rp_html_cell_number(t, (double)list[k].count, 7);
        rp_html_row_end(t);
    }
    rp_html_table_end(t);
    return RP_OK;
}

/* Regions that are marked: too small, or what else their column says. */
static rp_status add_warnings(const rp_csv *csv, rp_text *t)
{
    static const char *const name[] = {"case", "region", "image", "voxels", "warning"};
    static const char *const head[] = {"Case", "Region", "Image", "#Voxels", "Warning"};
    int column[5];
    int64_t found = 0;
    RP_TEXT_AUTO rows = {0};
    for (int i = 0; i < 5; i++) RP_TRY(rp_csv_column(csv, name[i], &column[i]));
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        if (!rp_csv_text(csv, i, column[4])[0] || ++found > WARNINGS_MOST) continue;
        rp_html_row(&rows);
        for (int k = 0; k < 5; k++) rp_html_cell(&rows, "%s", rp_csv_text(csv, i, column[k]));
        rp_html_row_end(&rows);
    }
    RP_TRY(rp_text_status(&rows));
    if (found == 0) return RP_OK;
    rp_html_table(t, "Regions with a warning", 5, head);
    rp_text_add_bytes(t, rows.length, rp_text_get(&rows));
    rp_html_table_end(t);
    if (found > WARNINGS_MOST)
        rp_html_paragraph(t, "soft", "The first %d of %" PRId64 ".", WARNINGS_MOST, found);
    return RP_OK;
}

/* How many features are robust, by image. */
static rp_status add_robust(const rp_csv *csv, rp_text *t)
{
    int column;
    int64_t robust = 0;
    RP_TRY(rp_csv_column(csv, "robust", &column));
    for (int64_t i = 0; i < rp_csv_rows(csv); i++)
        robust += strcmp(rp_csv_text(csv, i, column), "yes") == 0;
    rp_html_paragraph(t, "",
                      "Robust against the perturbations: %" PRId64 " of %" PRId64
                      " features (features-robust.csv has each with its interval).",
                      robust, rp_csv_rows(csv));
    return RP_OK;
}

rp_status rp_section_radiomics(rp_page *p, rp_text *t)
{
    RP_AUTO(rp_csv) features = NULL;
    RP_AUTO(rp_csv) dictionary = NULL;
    RP_AUTO(rp_csv) missing = NULL;
    RP_AUTO(rp_csv) robust = NULL;
    RP_TRY(rp_page_csv(p, NULL, "features.csv", &features));
    RP_NEED(features && rp_csv_rows(features), RP_EDATA, "features.csv has no row");
    RP_TRY(rp_page_csv(p, NULL, "features-dictionary.csv", &dictionary));
    RP_TRY(rp_page_csv(p, NULL, "features-missing.csv", &missing));
    RP_TRY(rp_page_csv(p, NULL, "features-robust.csv", &robust));
    rp_html_paragraph(t, "", "%" PRId64 " rows of regions and images, %" PRId64 " features each.",
                      rp_csv_rows(features),
                      dictionary ? rp_csv_rows(dictionary) : rp_csv_columns(features) - 5);
    if (robust && rp_csv_rows(robust)) RP_TRY(add_robust(robust, t));
    RP_TRY(add_settings(p, t));
    if (missing) RP_TRY(add_missing(missing, t));
    return add_warnings(features, t);
}
