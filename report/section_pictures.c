/* report/section_pictures.c - best, median and worst case of each label as pictures. */
#include "report/page_priv.h"

#include "io/atomic.h"
#include "io/nifti.h"
#include "report/picture.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small pictures of all labels together: each costs the reading of a case. */
enum { LABELS_SHOWN = 32, SHEET_MOST = 24 };

/* Best first: Dice, then the shorter distance (none: longest), then the name. */
static int by_quality(const void *a, const void *b)
{
    const rp_page_score *x = *(const rp_page_score *const *)a,
                        *y = *(const rp_page_score *const *)b;
    if (x->dice != y->dice) return x->dice > y->dice ? -1 : 1;
    const double p = x->has_hd95 ? x->hd95 : INFINITY, q = y->has_hd95 ? y->hd95 : INFINITY;
    if (p != q) return p < q ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Labels of predictions/CASE.nii.gz, on the grid of the image. */
static rp_status read_prediction(const rp_page *p, const char *name, const rp_grid *grid,
                                 uint8_t **out)
{
    RP_AUTOFREE char *path = NULL;
    RP_AUTOFREE uint8_t *labels = NULL;
    RP_AUTO(rp_volume) v = NULL;
    RP_TRY(rp_format(&path, "%s/predictions/%s.nii.gz", p->r->run, name));
    RP_TRY(rp_nifti_read(path, &v, NULL));
    const double off = rp_grid_difference(&v->grid, grid);
    RP_NEED(off <= 0.1, RP_EDATA, "'%s' is not on the grid of the image (%g voxels apart)", path,
            off);
    const int64_t n = rp_grid_voxels(&v->grid);
    RP_TRY(rp_alloc_raw(n, 1, &labels));
    for (int64_t i = 0; i < n; i++) {
        const double x = rp_volume_value(v, i);
        RP_NEED(x >= 0 && x <= 255 && x == rint(x), RP_EDATA,
                "'%s' holds %g: labels are whole numbers from 0 to 255", path, x);
        labels[i] = (uint8_t)x;
    }
    *out = RP_TAKE(labels);
    return RP_OK;
}

/* rank NULL: the short form of the contact sheet. */
static void add_caption(rp_text *t, const char *rank, const rp_page_score *s,
                        const rp_picture_facts *f, const char *unit)
{
    rp_text_add(t, "<figcaption>");
    if (rank) rp_text_add(t, "<b>%s:</b> ", rank);
    rp_html_text(t, s->name);
    rp_text_add(t, "<br/>Dice ");
    rp_html_number(t, s->dice, 3);
    if (s->has_hd95) {
        rp_text_add(t, ", HD95 ");
        rp_html_number(t, s->hd95, 3);
        rp_text_add(t, " mm");
    } else {
        rp_text_add(t, ", HD95 infinite");
    }
    if (strcmp(s->state, "ok") != 0) {
        rp_text_add(t, " (");
        rp_html_text(t, s->state);
        rp_text_add(t, ")");
    }
    if (f && rank)
        rp_html_say(t,
                    "; %s slice %" PRId64 " of %" PRId64 ", %c = %.1f mm; window %.4g to %.4g %s",
                    rp_picture_plane(f->axis), f->slice, f->slices, rp_picture_letter(f->axis),
                    f->position_mm, f->low, f->high, unit);
    rp_text_add(t, "</figcaption>");
}

static rp_status draw_case(const rp_page *p, const char *rank, const rp_page_score *s, int label,
                           const char *label_name, rp_text *t)
{
    RP_AUTO(rp_volume) image = NULL;
    RP_AUTOFREE uint8_t *reference = NULL, *prediction = NULL;
    RP_TEXT_AUTO svg = {0}, title = {0};
    char unit[RP_UNIT_SIZE] = "";
    rp_picture_facts facts;
    RP_TRY(p->r->images.read(p->r->images.arg, s->name, &image, &reference, unit));
    RP_TRY(read_prediction(p, s->name, &image->grid, &prediction));
    rp_text_add(&title, "%s of case %s: reference and prediction outlined", label_name, s->name);
    RP_TRY(rp_text_status(&title));
    const rp_picture picture = {.image = image,
                                .reference = reference,
                                .prediction = prediction,
                                .label = (uint8_t)label,
                                .is_hounsfield = strcmp(unit, "HU") == 0,
                                .title = title.at};
    RP_TRY(rp_picture_draw(&picture, &svg, &facts));
    rp_text_add_bytes(t, svg.length, rp_text_get(&svg));
    add_caption(t, rank, s, &facts, unit);
    return rp_text_status(t);
}

/* A picture that cannot be made leaves its reason at its place. */
static rp_status add_case(rp_page *p, const char *rank, const rp_page_score *s, int label,
                          const char *label_name, rp_text *t)
{
    RP_TEXT_AUTO one = {0};
    const rp_status st = draw_case(p, rank, s, label, label_name, &one);
    if (st == RP_EMEM) return st;
    rp_text_add(t, "<figure>\n");
    if (st == RP_OK) {
        rp_text_add_bytes(t, one.length, rp_text_get(&one));
    } else {
        p->problems++;
        rp_html_paragraph(t, "warning", "No picture: %s.", rp_error_message());
        add_caption(t, rank, s, NULL, "");
    }
    rp_text_add(t, "</figure>\n");
    return rp_text_status(t);
}

/* Number of a label in the job, from 1; 0 if the job does not know it. */
static int label_number(const rp_page *p, const char *name)
{
    const rp_node *labels = rp_node_get(p->job, "labels");
    for (int64_t i = 0; labels && i < labels->count && i < 255; i++)
        if (labels->child[i]->key && strcmp(labels->child[i]->key, name) == 0) return (int)i + 1;
    return 0;
}

/* Every case of the label as a small picture, worst first, at most `most`; behind a click. */
static rp_status add_sheet(rp_page *p, int64_t n, const rp_page_score *const list[], int64_t most,
                           int label, const char *label_name, rp_text *t)
{
    const int64_t shown = n < most ? n : most;
    if (n <= 3 || shown < 1) return RP_OK; /* all of them stand above */
    rp_text_add(t, "<details><summary>");
    if (shown < n)
        rp_html_say(t, "Contact sheet: the worst %" PRId64 " of %" PRId64 " cases, worst first",
                    shown, n);
    else
        rp_html_say(t, "Contact sheet: all %" PRId64 " cases, worst first", n);
    rp_text_add(t, "</summary>\n<div class=\"pictures sheet\">\n");
    for (int64_t i = 0; i < shown; i++)
        RP_TRY(add_case(p, NULL, list[n - 1 - i], label, label_name, t));
    rp_text_add(t, "</div>\n</details>\n");
    return RP_OK;
}

static rp_status add_label(rp_page *p, const rp_page_scores *s, int k, rp_text *t)
{
    RP_AUTOFREE const rp_page_score **list = NULL;
    const int label = label_number(p, s->label[k]);
    int64_t n = 0;
    RP_NEED(label > 0, RP_EDATA, "label '%s' of metrics-cases.csv is none of job.yaml",
            s->label[k]);
    RP_TRY(rp_alloc(s->count, sizeof *list, &list));
    for (int64_t i = 0; i < s->count; i++)
        if (s->at[i].label == k && s->at[i].has_dice) list[n++] = &s->at[i];
    rp_text_add(t, "<h3>");
    rp_html_text(t, s->label[k]);
    rp_text_add(t, "</h3>\n");
    if (n == 0) {
        rp_html_paragraph(t, "absent", "No case has a defined Dice.");
        return RP_OK;
    }
    qsort(list, (size_t)n, sizeof *list, by_quality);
    rp_text_add(t, "<div class=\"pictures\">\n");
    RP_TRY(add_case(p, "Best", list[0], label, s->label[k], t));
    if (n > 2) RP_TRY(add_case(p, "Median", list[n / 2], label, s->label[k], t));
    if (n > 1) RP_TRY(add_case(p, "Worst", list[n - 1], label, s->label[k], t));
    rp_text_add(t, "</div>\n");
    return add_sheet(p, n, list, SHEET_MOST / s->labels, label, s->label[k], t);
}

rp_status rp_section_pictures(rp_page *p, rp_text *t)
{
    RP_AUTO(rp_page_scores) s = NULL;
    RP_TRY(rp_page_scores_read(p, &s));
    if (!s || s->count == 0) {
        rp_html_paragraph(t, "absent", "There are no test cases to show (metrics-cases.csv).");
        return RP_OK;
    }
    if (!p->r->images.read) {
        rp_html_paragraph(t, "absent", "There are no pictures: %s.", p->r->images.absent);
        return RP_OK;
    }
    rp_text_add(t, "<p>By Dice. Outlines follow the borders of the voxels: <svg width=\"26\" "
                   "height=\"10\" viewBox=\"0 0 26 10\"><path d=\"M1,5h24\" stroke=\"#56b4e9\" "
                   "stroke-width=\"4\"/></svg> reference (wide, blue), "
                   "<svg width=\"26\" height=\"10\" viewBox=\"0 0 26 10\"><path d=\"M1,5h24\" "
                   "stroke=\"#e69f00\" stroke-width=\"2\"/></svg> prediction (thin, orange). "
                   "Shown is the slice with the largest area of the reference (of the prediction "
                   "where there is no reference). Positions are LPS.</p>\n");
    for (int k = 0; k < s->labels && k < LABELS_SHOWN; k++) RP_TRY(add_label(p, s, k, t));
    return RP_OK;
}
