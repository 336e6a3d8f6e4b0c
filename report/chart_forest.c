/* report/chart_forest.c - estimates with their intervals, one under another. */
#include "report/chart.h"

#include "report/html.h"
#include "report/svg.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

enum { WIDTH = 720, TOP = 30, BOTTOM = 48, ROW = 26, LEFT_MOST = 300, RIGHT_MOST = 200 };

static bool is_drawn(const rp_effect *e) { return isfinite(e->x) && e->x > 0; }

/* Finite bounds decide the axis, a factor of 50 around the neutral value at most: one wide interval
 * must not make all others a dot. */
static rp_status find_range(const char *title, double neutral, int64_t n, const rp_effect e[],
                            double *low, double *high)
{
    bool any = false;
    *low = *high = neutral;
    for (int64_t i = 0; i < n; i++) {
        if (!is_drawn(&e[i])) continue;
        any = true;
        *low = fmin(*low, e[i].low > 0 ? e[i].low : e[i].x);
        *high = fmax(*high, isfinite(e[i].high) ? e[i].high : e[i].x);
    }
    RP_NEED(any, RP_ENUM, "chart '%s' has no values", title);
    *low = fmax(*low, neutral / 50);
    *high = fmin(*high, neutral * 50);
    return RP_OK;
}

/* The interval from edge to edge; an end beyond the axis is an arrow. */
static void draw_interval(rp_text *t, const rp_effect *e, const rp_axis *x, double y)
{
    const char *colour = rp_svg_colour(0);
    const bool is_cut_low = !(e->low >= x->low), is_cut_high = !(e->high <= x->high);
    const double from = is_cut_low ? x->from : rp_axis_place(x, e->low),
                 to = is_cut_high ? x->to : rp_axis_place(x, e->high);
    rp_svg_line(t, from, y, to, y, colour, 2, "");
    const double end[] = {from, to};
    const bool is_cut[] = {is_cut_low, is_cut_high};
    for (int k = 0; k < 2; k++) {
        const double back = k ? -6 : 6;
        rp_svg_line(t, end[k], y, end[k] + (is_cut[k] ? back : 0), y - 5, colour, 2, "");
        rp_svg_line(t, end[k], y, end[k] + (is_cut[k] ? back : 0), y + 5, colour, 2, "");
    }
    if (e->x >= x->low && e->x <= x->high)
        rp_svg_mark(t, rp_axis_place(x, e->x), y, 1, colour, e->numbers);
}

rp_status rp_chart_forest(const char *title, const char *x_name, double neutral, int64_t effects,
                          const rp_effect effect[], rp_text *svg)
{
    double left = 60, right = 60, low, high;
    RP_TRY(find_range(title, neutral, effects, effect, &low, &high));
    for (int64_t i = 0; i < effects; i++) {
        left = fmax(left, fmin(rp_svg_width(effect[i].name) + 16, LEFT_MOST));
        right = fmax(right, fmin(rp_svg_width(effect[i].numbers) + 16, RIGHT_MOST));
    }
    const double bottom = TOP + (double)effects * ROW;
    const rp_axis x = rp_axis_make(low, high, true, left, WIDTH - right);
    rp_text_add(svg, "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"", WIDTH,
                bottom + BOTTOM);
    rp_html_text(svg, title);
    rp_text_add(svg, "\">\n");
    rp_svg_text(svg, 0, 14, "start", "title", title);
    rp_svg_axis_below(svg, &x, TOP, bottom, neutral, x_name);
    for (int64_t i = 0; i < effects; i++) {
        const double y = TOP + ((double)i + 0.5) * ROW;
        rp_svg_text(svg, left - 8, y + 4, "end", "", effect[i].name);
        rp_svg_text(svg, WIDTH - right + 8, y + 4, "start", "soft", effect[i].numbers);
        if (is_drawn(&effect[i])) draw_interval(svg, &effect[i], &x, y);
    }
    rp_text_add(svg, "</svg>\n");
    return rp_text_status(svg);
}
