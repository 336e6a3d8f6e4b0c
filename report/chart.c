/* report/chart.c - series over two axes. */
#include "report/chart.h"

#include "report/html.h"
#include "report/svg.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { WIDTH = 480, HEIGHT = 310, LEFT = 62, RIGHT = 16, TOP = 34, BOTTOM = 48, LEGEND = 18 };

typedef struct range {
    double low, high;
} range;

static void widen(range *r, double x)
{
    if (x < r->low) r->low = x;
    if (x > r->high) r->high = x;
}

static rp_status find_ranges(const rp_chart *c, range *x, range *y)
{
    *x = *y = (range){INFINITY, -INFINITY};
    for (int s = 0; s < c->series; s++) {
        const rp_series *one = &c->at[s];
        for (int64_t i = 0; i < one->n; i++) {
            const double high = one->mark == RP_MARK_BAND ? one->high[i] : one->y[i];
            RP_NEED(isfinite(one->x[i]) && isfinite(one->y[i]) && isfinite(high), RP_ENUM,
                    "chart '%s': point %" PRId64 " is not finite", c->title, i);
            RP_NEED((!c->is_log_x || one->x[i] > 0) && (!c->is_log_y || one->y[i] > 0), RP_ENUM,
                    "chart '%s': point %" PRId64 " is not above 0", c->title, i);
            widen(x, one->x[i]);
            widen(y, one->y[i]);
            widen(y, high);
        }
    }
    RP_NEED(x->low <= x->high, RP_ENUM, "chart '%s' has no points", c->title);
    for (int k = 0; k < c->rules; k++)
        if (c->rule[k].slope == 0) widen(y, c->rule[k].at);
    if (c->has_zero) widen(y, 0);
    if (c->y_most > 0) widen(y, c->y_most);
    if (c->is_square) {
        widen(x, y->low);
        widen(x, y->high);
        *y = *x;
    }
    return RP_OK;
}

/* Legend rows, packed from the left; returns how many, draws when t is not NULL. */
static int legend(const rp_chart *c, rp_text *t)
{
    double x = LEFT;
    int row = 0;
    for (int s = 0; s < c->series; s++) {
        const rp_series *one = &c->at[s];
        if (!one->name) continue;
        const double wide = 30 + rp_svg_width(one->name) + 14;
        if (x > LEFT && x + wide > WIDTH) {
            x = LEFT;
            row++;
        }
        const double y = TOP + row * LEGEND;
        const char *colour = rp_svg_colour(one->colour);
        const char *dash = one->colour >= RP_COLOURS ? "6 3" : "";
        if (t) {
            if (one->mark == RP_MARK_BAND)
                rp_text_add(t,
                            "<rect x=\"%.1f\" y=\"%.1f\" width=\"22\" height=\"10\" fill=\"%s\" "
                            "fill-opacity=\"0.22\"/>",
                            x, y - 9, colour);
            else if (one->mark != RP_MARK_POINT)
                rp_svg_line(t, x, y - 4, x + 22, y - 4, colour, one->mark == RP_MARK_FAINT ? 1 : 2,
                            dash);
            if (one->mark >= RP_MARK_POINT)
                rp_svg_mark(t, x + 11, y - 4, one->colour, colour, NULL);
            rp_svg_text(t, x + 28, y, "start", "", one->name);
        }
        x += wide;
    }
    return x > LEFT || row ? row + 1 : 0;
}

static void draw_series(rp_text *t, const rp_series *s, const rp_axis *x, const rp_axis *y)
{
    const char *colour = rp_svg_colour(s->colour);
    if (s->mark == RP_MARK_BAND) {
        rp_text_add(t, "<path fill=\"%s\" fill-opacity=\"0.22\" d=\"", colour);
        for (int64_t i = 0; i < s->n; i++)
            rp_text_add(t, "%s%.1f,%.1f", i ? "L" : "M", rp_axis_place(x, s->x[i]),
                        rp_axis_place(y, s->y[i]));
        for (int64_t i = s->n - 1; i >= 0; i--)
            rp_text_add(t, "L%.1f,%.1f", rp_axis_place(x, s->x[i]), rp_axis_place(y, s->high[i]));
        rp_text_add(t, "Z\"/>\n");
    } else if (s->mark != RP_MARK_POINT && s->n > 1) {
        rp_text_add(t, "<path fill=\"none\" stroke=\"%s\" stroke-linejoin=\"round\" %s%s d=\"",
                    colour,
                    s->mark == RP_MARK_FAINT ? "stroke-width=\"1\" stroke-opacity=\"0.35\""
                                             : "stroke-width=\"2\"",
                    s->colour >= RP_COLOURS ? " stroke-dasharray=\"6 3\"" : "");
        for (int64_t i = 0; i < s->n; i++)
            rp_text_add(t, "%s%.1f,%.1f", i ? "L" : "M", rp_axis_place(x, s->x[i]),
                        rp_axis_place(y, s->y[i]));
        rp_text_add(t, "\"/>\n");
    }
    if (s->mark >= RP_MARK_POINT || s->n == 1)
        for (int64_t i = 0; i < s->n; i++)
            rp_svg_mark(t, rp_axis_place(x, s->x[i]), rp_axis_place(y, s->y[i]), s->colour, colour,
                        s->tip ? s->tip[i] : NULL);
}

static void draw_rule(rp_text *t, const rp_rule *r, const rp_axis *x, const rp_axis *y)
{
    double x1 = x->low, x2 = x->high, y1 = r->at + r->slope * x1, y2 = r->at + r->slope * x2;
    if (r->slope > 0) { /* the part inside the frame */
        if (y1 < y->low) x1 = (y->low - r->at) / r->slope;
        if (y2 > y->high) x2 = (y->high - r->at) / r->slope;
        y1 = r->at + r->slope * x1;
        y2 = r->at + r->slope * x2;
    }
    rp_svg_line(t, rp_axis_place(x, x1), rp_axis_place(y, y1), rp_axis_place(x, x2),
                rp_axis_place(y, y2), "#5a6472", 1, "5 4");
    rp_svg_text(t, rp_axis_place(x, x2) - 4, rp_axis_place(y, y2) + (r->slope > 0 ? 14 : -5), "end",
                "soft", r->name);
}

rp_status rp_chart_draw(const rp_chart *c, rp_text *svg)
{
    range rx, ry;
    RP_TRY(find_ranges(c, &rx, &ry));
    const int rows = legend(c, NULL);
    const double top = TOP - 8 + rows * LEGEND, wide = c->is_square ? 380 : WIDTH;
    const double high = c->is_square ? top + BOTTOM + wide - LEFT - RIGHT
                                     : HEIGHT + (rows > 1 ? (rows - 1) * LEGEND : 0);
    rp_axis x = rp_axis_make(rx.low, rx.high, c->is_log_x, LEFT, wide - RIGHT);
    if (c->is_whole_x && x.step < 1) {
        x.step = 1;
        x.low = floor(x.low);
        x.high = ceil(x.high);
    }
    const rp_axis y = rp_axis_make(ry.low, ry.high, c->is_log_y, high - BOTTOM, top);
    rp_text_add(svg, "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"", WIDTH, high);
    rp_html_text(svg, c->title);
    rp_text_add(svg, "\">\n");
    rp_svg_text(svg, LEFT, 14, "start", "title", c->title);
    (void)legend(c, svg);
    rp_svg_axes(svg, &x, c->x_name, &y, c->y_name);
    for (int k = 0; k < c->rules; k++) draw_rule(svg, &c->rule[k], &x, &y);
    for (int s = 0; s < c->series; s++) draw_series(svg, &c->at[s], &x, &y);
    rp_text_add(svg, "</svg>\n");
    return rp_text_status(svg);
}
