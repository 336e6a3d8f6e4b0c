/* report/picture.c - one slice of a case with its outlines. */
#include "report/picture.h"

#include "io/png.h"
#include "lib/base/order.h"
#include "lib/image/orient.h"
#include "report/html.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFERENCE_COLOUR "#56b4e9"
#define PREDICTION_COLOUR "#e69f00"
/* Narrowest field, and room around the outlines. */
static const double FIELD_MM = 140, ROOM_MM = 30;

/* A slice in display order: rows down, columns to the right. */
typedef struct plane {
    int64_t h, w;
    double dy, dx;                   /* mm */
    double *value;                   /* [h][w] */
    uint8_t *reference, *prediction; /* [h][w] 0 or 1 */
} plane;

static void plane_clear(plane *p)
{
    rp_free(p->value);
    rp_free(p->reference);
    rp_free(p->prediction);
}

const char *rp_picture_plane(int axis)
{
    static const char *const name[] = {"axial", "coronal", "sagittal"};
    return name[axis];
}

char rp_picture_letter(int axis) { return "zyx"[axis]; }

/* Where voxel (z, y, x) of the turned grid lies in the stored array. */
static int64_t stored_place(const rp_grid *g, const rp_orient *o, const int64_t at[3])
{
    int64_t index[3];
    for (int a = 0; a < 3; a++) {
        const int s = o->axis[a];
        index[s] = o->flip[a] ? g->n[s] - 1 - at[a] : at[a];
    }
    return (index[0] * g->n[1] + index[1]) * g->n[2] + index[2];
}

static int choose_axis(const rp_grid *turned)
{
    const double *s = turned->spacing;
    for (int a = 1; a < 3; a++)
        if (s[a] > 1.5 * s[0] && s[a] > 1.5 * s[3 - a]) return a;
    return 0;
}

/* Slice with the most voxels of the label; -1 if there is none. */
static int64_t largest_slice(const rp_grid *g, const rp_orient *o, const rp_grid *turned, int axis,
                             const uint8_t labels[], uint8_t label)
{
    int64_t best = -1, most = 0, at[3];
    const int r = axis == 0 ? 1 : 0, c = axis == 2 ? 1 : 2;
    for (at[axis] = 0; at[axis] < turned->n[axis]; at[axis]++) {
        int64_t count = 0;
        for (at[r] = 0; at[r] < turned->n[r]; at[r]++)
            for (at[c] = 0; at[c] < turned->n[c]; at[c]++)
                count += labels[stored_place(g, o, at)] == label;
        if (count > most) {
            most = count;
            best = at[axis];
        }
    }
    return best;
}

/* Head up, patient's right on the left: z runs upwards on the screen. */
static rp_status take_plane(const rp_picture *p, const rp_orient *o, const rp_grid *turned,
                            int axis, int64_t slice, plane *out)
{
    const rp_grid *g = &p->image->grid;
    const int r = axis == 0 ? 1 : 0, c = axis == 2 ? 1 : 2;
    out->h = turned->n[r];
    out->w = turned->n[c];
    out->dy = turned->spacing[r];
    out->dx = turned->spacing[c];
    RP_TRY(rp_alloc_raw(out->h * out->w, sizeof(double), &out->value));
    RP_TRY(rp_alloc_raw(out->h * out->w, 1, &out->reference));
    RP_TRY(rp_alloc_raw(out->h * out->w, 1, &out->prediction));
    int64_t at[3];
    at[axis] = slice;
    for (int64_t y = 0; y < out->h; y++)
        for (int64_t x = 0; x < out->w; x++) {
            at[r] = r == 0 ? out->h - 1 - y : y;
            at[c] = x;
            const int64_t from = stored_place(g, o, at), to = y * out->w + x;
            out->value[to] = rp_volume_value(p->image, from);
            RP_NEED(isfinite(out->value[to]), RP_ENUM, "a voxel of slice %" PRId64 " is not finite",
                    slice + 1);
            out->reference[to] = p->reference[from] == p->label;
            out->prediction[to] = p->prediction[from] == p->label;
        }
    return RP_OK;
}

static rp_status find_window(const rp_picture *p, const plane *s, rp_picture_facts *f)
{
    f->low = -160;
    f->high = 240;
    if (p->is_hounsfield) return RP_OK;
    RP_AUTOFREE double *v = NULL;
    const int64_t n = s->h * s->w;
    RP_TRY(rp_alloc_raw(n, sizeof *v, &v));
    memcpy(v, s->value, (size_t)n * sizeof *v);
    qsort(v, (size_t)n, sizeof *v, rp_ascending);
    f->low = 0;
    f->high = rp_quantile_sorted(n, v, 0.995);
    if (f->high > 0) return RP_OK;
    f->low = v[0]; /* nothing above 0: all that there is */
    f->high = v[n - 1] > v[0] ? v[n - 1] : v[0] + 1;
    return RP_OK;
}

/* What of the slice is shown, in mm from its upper left corner: a square, which may reach beyond.
 */
typedef struct field {
    double left, top, side;
} field;

/* Middle of a field of that side on a line of length all around [low, high]: inside where it fits.
 */
static double begin_of(double low, double high, double all, double side)
{
    if (all <= side) return (all - side) / 2;
    const double begin = (low + high - side) / 2;
    return fmin(fmax(begin, 0), all - side);
}

static field find_field(const plane *s)
{
    int64_t y0 = s->h, y1 = -1, x0 = s->w, x1 = -1;
    for (int64_t y = 0; y < s->h; y++)
        for (int64_t x = 0; x < s->w; x++) {
            if (!s->reference[y * s->w + x] && !s->prediction[y * s->w + x]) continue;
            if (y < y0) y0 = y;
            if (x < x0) x0 = x;
            if (x > x1) x1 = x;
            y1 = y;
        }
    const double top = (double)y0 * s->dy, bottom = (double)(y1 + 1) * s->dy,
                 left = (double)x0 * s->dx, right = (double)(x1 + 1) * s->dx;
    const double high = (double)s->h * s->dy, wide = (double)s->w * s->dx;
    const double wanted = fmax(FIELD_MM, fmax(bottom - top, right - left) + 2 * ROOM_MM);
    field f = {.side = fmin(wanted, fmax(high, wide))};
    f.left = begin_of(left, right, wide, f.side);
    f.top = begin_of(top, bottom, high, f.side);
    return f;
}

/* The voxels under the field as a PNG at their place. */
static rp_status draw_image(rp_text *t, const plane *s, const field *f,
                            const rp_picture_facts *facts)
{
    const int64_t x0 = (int64_t)fmax(0, floor(f->left / s->dx)),
                  x1 = (int64_t)fmin((double)s->w, ceil((f->left + f->side) / s->dx));
    const int64_t y0 = (int64_t)fmax(0, floor(f->top / s->dy)),
                  y1 = (int64_t)fmin((double)s->h, ceil((f->top + f->side) / s->dy));
    const int64_t w = x1 - x0, h = y1 - y0;
    RP_AUTOFREE uint8_t *grey = NULL;
    RP_TEXT_AUTO png = {0};
    RP_TRY(rp_alloc_raw(w * h, 1, &grey));
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            const double v =
                (s->value[(y0 + y) * s->w + x0 + x] - facts->low) / (facts->high - facts->low);
            grey[y * w + x] = (uint8_t)lrint(255 * fmin(fmax(v, 0), 1));
        }
    RP_TRY(rp_png_encode(w, h, 1, grey, &png));
    rp_text_add(t,
                "<image x=\"%.3f\" y=\"%.3f\" width=\"%.3f\" height=\"%.3f\" "
                "preserveAspectRatio=\"none\" href=\"data:image/png;base64,",
                (double)x0 * s->dx, (double)y0 * s->dy, (double)w * s->dx, (double)h * s->dy);
    rp_html_base64(t, png.length, png.at);
    rp_text_add(t, "\"/>\n");
    return rp_text_status(t);
}

static bool is_in(const plane *s, const uint8_t mask[], int64_t y, int64_t x)
{
    return y >= 0 && y < s->h && x >= 0 && x < s->w && mask[y * s->w + x];
}

/* Borders of the mask along voxel edges, straight runs joined. */
static void draw_outline(rp_text *t, const plane *s, const uint8_t mask[], const char *class_name,
                         const char *colour, double width)
{
    rp_text_add(t,
                "<path class=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.2g\" "
                "stroke-linecap=\"square\" shape-rendering=\"crispEdges\" "
                "vector-effect=\"non-scaling-stroke\" d=\"",
                class_name, colour, width);
    for (int64_t y = 0; y <= s->h; y++)
        for (int64_t x = 0, run; x < s->w; x += run + 1) {
            for (run = 0;
                 x + run < s->w && is_in(s, mask, y - 1, x + run) != is_in(s, mask, y, x + run);
                 run++) {}
            if (run)
                rp_text_add(t, "M%.2f,%.2fh%.2f", (double)x * s->dx, (double)y * s->dy,
                            (double)run * s->dx);
        }
    for (int64_t x = 0; x <= s->w; x++)
        for (int64_t y = 0, run; y < s->h; y += run + 1) {
            for (run = 0;
                 y + run < s->h && is_in(s, mask, y + run, x - 1) != is_in(s, mask, y + run, x);
                 run++) {}
            if (run)
                rp_text_add(t, "M%.2f,%.2fv%.2f", (double)x * s->dx, (double)y * s->dy,
                            (double)run * s->dy);
        }
    rp_text_add(t, "\"/>\n");
}

static void draw_word(rp_text *t, const field *f, double x, double y, const char *anchor,
                      const char *word)
{
    rp_text_add(t,
                "<text x=\"%.2f\" y=\"%.2f\" text-anchor=\"%s\" "
                "style=\"font-size:%.2fpx;fill:#fff;stroke:#000;stroke-width:%.2fpx;paint-order:"
                "stroke\">%s</text>",
                f->left + x * f->side, f->top + y * f->side, anchor, f->side * 0.042,
                f->side * 0.008, word);
}

/* Scale bar and the sides of the patient. */
static void draw_marks(rp_text *t, const field *f, rp_picture_facts *facts)
{
    static const char *const side[3][4] = {
        {"R", "L", "A", "P"}, {"R", "L", "H", "F"}, {"A", "P", "H", "F"}};
    char word[24];
    const double power = pow(10, floor(log10(f->side / 4))), lead = f->side / 4 / power;
    facts->bar_mm = power * (lead >= 5 ? 5 : lead >= 2 ? 2 : 1);
    rp_text_add(t, "<path stroke=\"#fff\" stroke-width=\"%.2f\" d=\"M%.2f,%.2fh%.2f\"/>",
                f->side * 0.008, f->left + f->side * 0.04, f->top + f->side * 0.955, facts->bar_mm);
    (void)snprintf(word, sizeof word, "%g mm", facts->bar_mm);
    draw_word(t, f, 0.04, 0.935, "start", word);
    draw_word(t, f, 0.02, 0.51, "start", side[facts->axis][0]);
    draw_word(t, f, 0.98, 0.51, "end", side[facts->axis][1]);
    draw_word(t, f, 0.5, 0.05, "middle", side[facts->axis][2]);
    draw_word(t, f, 0.5, 0.985, "middle", side[facts->axis][3]);
    rp_text_add(t, "\n");
}

static rp_status draw(const rp_picture *p, const plane *s, rp_picture_facts *facts, rp_text *svg)
{
    const field f = find_field(s);
    RP_TRY(find_window(p, s, facts));
    rp_text_add(svg, "<svg viewBox=\"%.3f %.3f %.3f %.3f\" role=\"img\" aria-label=\"", f.left,
                f.top, f.side, f.side);
    rp_html_text(svg, p->title);
    rp_text_add(svg, "\">\n");
    RP_TRY(draw_image(svg, s, &f, facts));
    draw_outline(svg, s, s->reference, "reference", REFERENCE_COLOUR, 4);
    draw_outline(svg, s, s->prediction, "prediction", PREDICTION_COLOUR, 2);
    draw_marks(svg, &f, facts);
    rp_text_add(svg, "</svg>\n");
    return rp_text_status(svg);
}

rp_status rp_picture_draw(const rp_picture *p, rp_text *svg, rp_picture_facts *facts)
{
    const rp_grid *g = &p->image->grid;
    const rp_orient o = rp_orient_canonical(g);
    const rp_grid turned = rp_orient_grid(g, &o);
    rp_picture_facts f = {.axis = choose_axis(&turned)};
    __attribute__((cleanup(plane_clear))) plane s = {0};
    int64_t slice = largest_slice(g, &o, &turned, f.axis, p->reference, p->label);
    if (slice < 0) slice = largest_slice(g, &o, &turned, f.axis, p->prediction, p->label);
    RP_NEED(slice >= 0, RP_ENONE, "neither reference nor prediction has a voxel of label %d",
            p->label);
    RP_TRY(take_plane(p, &o, &turned, f.axis, slice, &s));
    f.slice = slice + 1;
    f.slices = turned.n[f.axis];
    double index[3], lps[3];
    for (int a = 0; a < 3; a++)
        index[a] = a == f.axis ? (double)slice : (double)(turned.n[a] - 1) / 2;
    rp_grid_position(&turned, index, lps);
    f.position_mm = lps[2 - f.axis];
    RP_TRY(draw(p, &s, &f, svg));
    *facts = f;
    return RP_OK;
}
