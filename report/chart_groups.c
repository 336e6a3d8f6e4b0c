/* report/chart_groups.c - distributions by group: dots and boxes. */
#include "report/chart.h"

#include "lib/base/order.h"
#include "report/html.h"
#include "report/svg.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 480, RIGHT = 16, TOP = 30, BOTTOM = 48, ROW = 62, LANES = 7, WORDS = 100 };

/* Quartile box and median behind the dots. */
static rp_status draw_box(rp_text *t, const rp_group *g, const rp_axis *x, double y,
                          const char *colour)
{
    RP_AUTOFREE double *v = NULL;
    RP_TRY(rp_alloc_raw(g->n, sizeof *v, &v));
    memcpy(v, g->value, (size_t)g->n * sizeof *v);
    qsort(v, (size_t)g->n, sizeof *v, rp_ascending);
    const double low = rp_axis_place(x, rp_quantile_sorted(g->n, v, 0.25)),
                 high = rp_axis_place(x, rp_quantile_sorted(g->n, v, 0.75));
    const double middle = rp_axis_place(x, rp_quantile_sorted(g->n, v, 0.5));
    rp_text_add(t,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"36\" fill=\"%s\" "
                "fill-opacity=\"0.12\" stroke=\"%s\"/>",
                low, y - 18, high - low, colour, colour);
    rp_svg_line(t, middle, y - 22, middle, y + 22, colour, 2.5, "");
    return RP_OK;
}

/* Dots in lanes: each takes the lane nearest to the middle that is free there, so none hides
 * another while there is room.  The order is that of the values' list. */
static void draw_dots(rp_text *t, const rp_group *g, const rp_axis *x, double y, int k)
{
    static const int lane_of[LANES] = {0, 1, -1, 2, -2, 3, -3};
    double taken[LANES][64];
    int count[LANES] = {0};
    for (int64_t i = 0; i < g->n; i++) {
        const double at = rp_axis_place(x, g->value[i]);
        int lane = (int)(i % LANES);
        for (int l = 0; l < LANES; l++) {
            bool is_free = count[l] < 64;
            for (int j = 0; j < count[l] && is_free; j++) is_free = fabs(taken[l][j] - at) > 7;
            if (!is_free) continue;
            lane = l;
            taken[l][count[l]++] = at;
            break;
        }
        rp_svg_mark(t, at, y + lane_of[lane] * 5.2, k, rp_svg_colour(k), g->tip ? g->tip[i] : NULL);
    }
}

static rp_status find_range(const char *title, int groups, const rp_group group[], double *low,
                            double *high)
{
    bool any = *low < *high;
    if (!any) {
        *low = INFINITY;
        *high = -INFINITY;
    }
    int64_t n = 0;
    for (int k = 0; k < groups; k++)
        for (int64_t i = 0; i < group[k].n; i++, n++) {
            RP_NEED(isfinite(group[k].value[i]), RP_ENUM,
                    "chart '%s': a value of '%s' is not finite", title, group[k].name);
            *low = fmin(*low, group[k].value[i]);
            *high = fmax(*high, group[k].value[i]);
        }
    RP_NEED(n > 0, RP_ENUM, "chart '%s' has no values", title);
    return RP_OK;
}

static void count_words(const rp_group *g, char out[WORDS])
{
    (void)snprintf(out, WORDS, "n = %" PRId64 "%s%.60s", g->n, g->note[0] ? ", " : "", g->note);
}

rp_status rp_chart_groups(const char *title, const char *x_name, double low, double high,
                          int groups, const rp_group group[], rp_text *svg)
{
    double left = 60;
    char label[WORDS];
    RP_TRY(find_range(title, groups, group, &low, &high));
    for (int k = 0; k < groups; k++) {
        count_words(&group[k], label);
        left = fmax(left, fmin(fmax(rp_svg_width(group[k].name), rp_svg_width(label)) + 16, 220));
    }
    const double bottom = TOP + groups * ROW;
    const rp_axis x = rp_axis_make(low, high, false, left, WIDTH - RIGHT);
    rp_text_add(svg, "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"", WIDTH,
                bottom + BOTTOM);
    rp_html_text(svg, title);
    rp_text_add(svg, "\">\n");
    rp_svg_text(svg, left, 14, "start", "title", title);
    rp_svg_axis_below(svg, &x, TOP, bottom, NAN, x_name);
    for (int k = 0; k < groups; k++) {
        const rp_group *g = &group[k];
        const double y = TOP + (k + 0.5) * ROW;
        count_words(g, label);
        rp_svg_text(svg, left - 8, y - 2, "end", "", g->name);
        rp_svg_text(svg, left - 8, y + 14, "end", "soft", label);
        if (g->n == 0) continue;
        if (g->n >= 4) RP_TRY(draw_box(svg, g, &x, y, rp_svg_colour(k)));
        draw_dots(svg, g, &x, y, k);
    }
    rp_text_add(svg, "</svg>\n");
    return rp_text_status(svg);
}
