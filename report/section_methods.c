/* report/section_methods.c - what was done with what, and where everything lies. */
#include "report/page_priv.h"

#include "io/atomic.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static rp_status add_settings(const rp_page *p, rp_text *t)
{
    static const rp_page_key key[] = {{"inputs", "Inputs"},
                                      {"labels", "Labels"},
                                      {"merge", "Several regions of one label"},
                                      {"prepare.spacing", "Spacing z, y, x, mm"},
                                      {"prepare.crop", "Crop"},
                                      {"prepare.normalise", "Normalisation"},
                                      {"model.name", "Network"},
                                      {"model.features", "Features by stage"},
                                      {"model.convs", "Convolutions by stage"},
                                      {"model.deep_supervision", "Deep supervision"},
                                      {"train.loss", "Loss"},
                                      {"train.optimiser", "Optimiser"},
                                      {"train.rate", "Learning rate at the start"},
                                      {"train.momentum", "Momentum"},
                                      {"train.decay", "Weight decay"},
                                      {"train.clip", "Gradient norm clipped at"},
                                      {"train.iterations", "Iterations"},
                                      {"train.batch", "Samples an iteration"},
                                      {"train.patch", "Patch z, y, x, voxels"},
                                      {"train.foreground", "Share of patches around a label"},
                                      {"train.seed", "Seed"},
                                      {"augment.preset", "Augmentation"},
                                      {"predict.step", "Step of the sliding window, patches"},
                                      {"predict.mirror", "Mirrored predictions averaged"},
                                      {"predict.largest", "Only the largest part kept"},
                                      {"predict.weights", "Weights for the test cases"}};
    static const char *const head[2] = {"Setting", "Value"};
    return rp_page_job_table(p, "Settings (job.yaml has all of them)", head, key,
                             sizeof key / sizeof *key, t);
}

/* Short entries of provenance.json as a table, its long ones (identity) folded as lines. */
static rp_status add_provenance(const rp_page *p, rp_text *t)
{
    static const char *const head[] = {"Provenance", ""};
    RP_TEXT_AUTO text = {0};
    RP_AUTO(rp_tree) tree = NULL;
    bool found;
    RP_TRY(rp_page_text(p, "provenance.json", &text, &found));
    if (!found) {
        rp_html_paragraph(t, "absent", "There is no provenance.json yet.");
        return RP_OK;
    }
    RP_TRY(rp_tree_json("provenance.json", text.length, rp_text_get(&text), &tree));
    const rp_node *root = rp_tree_root(tree);
    rp_html_table(t, "", 2, head);
    for (int64_t i = 0; i < root->count; i++) {
        const rp_node *n = root->child[i];
        if (n->kind != RP_NODE_SCALAR || !n->key || strchr(n->text, '\n')) continue;
        rp_html_row(t);
        rp_html_cell(t, "%s", n->key);
        rp_html_cell(t, "%s", n->text);
        rp_html_row_end(t);
    }
    rp_html_table_end(t);
    for (int64_t i = 0; i < root->count; i++) {
        const rp_node *n = root->child[i];
        char title[120];
        if (n->kind != RP_NODE_SCALAR || !n->key || !strchr(n->text, '\n')) continue;
        (void)snprintf(title, sizeof title, "provenance.json: %.80s", n->key);
        rp_html_folded(t, title, (int64_t)strlen(n->text), n->text);
    }
    return RP_OK;
}

rp_status rp_section_methods(rp_page *p, rp_text *t)
{
    static const char *const file[] = {"job.yaml", "plan.yaml"};
    RP_TRY(add_settings(p, t));
    rp_html_paragraph(t, "",
                      "Conventions: Dice = 2 |A and B| / (|A| + |B|). HD95: the larger of the two "
                      "directed 95th percentiles of distances between voxel borders, mm. "
                      "What is fitted (normalisation, spacing) saw training cases only. Test cases "
                      "were predicted once, with the weights named above.");
    RP_TRY(add_provenance(p, t));
    for (int i = 0; i < 2; i++) {
        RP_TEXT_AUTO text = {0};
        bool found;
        RP_TRY(rp_page_text(p, file[i], &text, &found));
        if (found)
            rp_html_folded(t, file[i], text.length, rp_text_get(&text));
        else
            rp_html_paragraph(t, "absent", "There is no %s yet.", file[i]);
    }
    return RP_OK;
}

static rp_status add_file(const rp_page *p, const char *name, const char *what, bool is_optional,
                          rp_text *t)
{
    RP_AUTOFREE char *path = NULL;
    rp_path_info info;
    RP_TRY(rp_path_join(p->r->run, name, &path));
    RP_TRY(rp_path_look(path, true, &info));
    if (is_optional && info.kind == RP_PATH_NONE) return RP_OK;
    rp_html_row(t);
    rp_text_add(t, "<td><code>");
    rp_html_text(t, path);
    rp_text_add(t, "</code></td>");
    rp_html_cell(t, "%s", what);
    if (info.kind == RP_PATH_FILE)
        rp_html_cell_number(t, (double)info.bytes, 12);
    else
        rp_html_cell(t, info.kind == RP_PATH_FOLDER ? "folder" : "not there");
    rp_html_row_end(t);
    return RP_OK;
}

rp_status rp_section_files(rp_page *p, rp_text *t)
{
    static const struct {
        const char *name, *what;
        bool is_optional; /* not named where it is not there */
    } row[] = {{"job.yaml", "the job with every key", false},
               {"plan.yaml", "ranks, roles, memory", false},
               {"provenance.json", "versions, kernels, digests", false},
               {"progress.csv", "a row an iteration", false},
               {"validation.csv", "Dice of the validate cases", false},
               {"lost.csv", "cases and samples that dropped out", false},
               {"prepared", "prepared cases", false},
               {"checkpoints", "states to resume from", false},
               {"weights.safetensors", "weights after the last iteration", false},
               {"weights-best.safetensors", "weights with the best validation Dice", false},
               {"predictions", "label maps on the grids of the sources", false},
               {"metrics-cases.csv", "scores, a row a case and label", false},
               {"metrics.csv", "their summary", false},
               {"features.csv", "radiomics features", true},
               {"explanations", "heat maps", true},
               {"log", "events, a file a rank", false}};
    static const char *const head[] = {"File", "What it holds", "#Bytes"};
    rp_html_table(t, "", 3, head);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        RP_TRY(add_file(p, row[i].name, row[i].what, row[i].is_optional, t));
    rp_html_table_end(t);
    rp_html_paragraph(t, "",
                      "radpipe is under the Apache License 2.0. A binary that is linked with FFTW "
                      "goes out under the GNU General Public License. "
                      "Images, regions and what is derived from them (weights, predictions, the "
                      "pictures of this page) stay under the terms of the data they come from.");
    rp_html_paragraph(t, "soft", "Research software: not a medical device.");
    return RP_OK;
}
