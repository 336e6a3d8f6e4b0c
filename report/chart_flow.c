/* report/chart_flow.c - a flow diagram: what came in, what left on the way, what is used. */
#include "report/chart.h"

#include "report/html.h"
#include "report/svg.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
    WIDTH = 720,
    TOP = 26,
    BOX_LEFT = 4,
    BOX_WIDTH = 230,
    BOX_HEIGHT = 34,
    SIDE_LEFT = 300,
    SIDE_WIDTH = WIDTH - SIDE_LEFT - 4,
    LINE = 16,
    GAP = 18,
    PART_GAP = 12
};
static const char *const ink = "#5a6472";

static void add_box(rp_text *t, double x, double y, double width, double height)
{
    rp_text_add(t,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\" fill=\"none\" "
                "stroke=\"%s\"/>",
                x, y, width, height, ink);
}

static void add_named(rp_text *t, double x, double y, double width, const rp_flow_step *s)
{
    char text[120];
    (void)snprintf(text, sizeof text, "%.80s: %" PRId64, s->name, s->count);
    add_box(t, x, y, width, BOX_HEIGHT);
    rp_svg_text(t, x + width / 2, y + BOX_HEIGHT / 2.0 + 4, "middle", "", text);
}

static void add_arrow(rp_text *t, double x1, double y1, double x2, double y2)
{
    const double length = hypot(x2 - x1, y2 - y1), u = (x2 - x1) / length, v = (y2 - y1) / length;
    rp_svg_line(t, x1, y1, x2, y2, ink, 1.2, "");
    rp_svg_line(t, x2, y2, x2 - 7 * u + 3.5 * v, y2 - 7 * v - 3.5 * u, ink, 1.2, "");
    rp_svg_line(t, x2, y2, x2 - 7 * u - 3.5 * v, y2 - 7 * v + 3.5 * u, ink, 1.2, "");
}

static double side_height(const rp_flow_step *s) { return s->sides ? s->sides * LINE + 12 : 0; }

/* How far below a box the next one begins: exclusions hang between the two. */
static double step_height(const rp_flow_step *s)
{
    const double side = side_height(s);
    return BOX_HEIGHT + (side > 0 ? side + 2 * GAP / 2.0 : 0) + GAP;
}

static void add_sides(rp_text *t, const rp_flow_step *s, double y, double middle)
{
    const double height = side_height(s), top = y + BOX_HEIGHT + GAP / 2.0;
    if (s->sides == 0) return;
    add_box(t, SIDE_LEFT, top, SIDE_WIDTH, height);
    add_arrow(t, middle, top + height / 2, SIDE_LEFT, top + height / 2);
    for (int i = 0; i < s->sides; i++) {
        char text[160];
        (void)snprintf(text, sizeof text, "%" PRId64 " %.100s", s->side[i].count,
                       s->side[i].reason);
        rp_svg_text(t, SIDE_LEFT + 8, top + 6 + (i + 0.75) * LINE, "start", "soft", text);
    }
}

rp_status rp_chart_flow(const char *title, int steps, const rp_flow_step step[], int parts,
                        const rp_flow_step part[], rp_text *svg)
{
    RP_NEED(steps > 0, RP_EARG, "flow diagram '%s' has no box", title);
    const double middle = BOX_LEFT + BOX_WIDTH / 2.0;
    double height = TOP + 4;
    for (int i = 0; i < steps; i++) height += step_height(&step[i]);
    if (parts) height += BOX_HEIGHT + GAP;
    rp_text_add(svg, "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"", WIDTH, height);
    rp_html_text(svg, title);
    rp_text_add(svg, "\">\n");
    rp_svg_text(svg, BOX_LEFT, 14, "start", "title", title);
    double y = TOP;
    for (int i = 0; i < steps; i++) {
        const double next = y + step_height(&step[i]);
        const bool is_last = i + 1 == steps && parts == 0;
        add_named(svg, BOX_LEFT, y, BOX_WIDTH, &step[i]);
        add_sides(svg, &step[i], y, middle);
        if (!is_last)
            add_arrow(svg, middle, y + BOX_HEIGHT, middle, next);
        else if (step[i].sides)
            rp_svg_line(svg, middle, y + BOX_HEIGHT, middle,
                        y + BOX_HEIGHT + GAP / 2.0 + side_height(&step[i]) / 2, ink, 1.2, "");
        y = next;
    }
    const double width = parts ? (WIDTH - 8.0 - (parts - 1) * PART_GAP) / parts : 0;
    for (int k = 0; k < parts; k++) {
        const double x = BOX_LEFT + k * (width + PART_GAP);
        add_named(svg, x, y + GAP, width, &part[k]);
        rp_svg_line(svg, middle, y, x + width / 2, y, ink, 1.2, "");
        add_arrow(svg, x + width / 2, y, x + width / 2, y + GAP);
    }
    rp_text_add(svg, "</svg>\n");
    return rp_text_status(svg);
}
