/* report/svg.c - marks of a drawing. */
#include "report/svg.h"

#include "report/html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TICKS = 24 };
static const char grid[] = "#e6e9ee", ink[] = "#5a6472";

const char *rp_svg_colour(int k)
{
    static const char *const colour[RP_COLOURS] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                   "#e69f00", "#56b4e9", "#1b1f24"};
    return colour[k % RP_COLOURS];
}

void rp_svg_text(rp_text *t, double x, double y, const char *anchor, const char *class_name,
                 const char *s)
{
    rp_text_add(t, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"", x, y, anchor);
    if (class_name[0]) rp_text_add(t, " class=\"%s\"", class_name);
    rp_text_add(t, ">");
    rp_html_text(t, s);
    rp_text_add(t, "</text>");
}

void rp_svg_text_up(rp_text *t, double x, double y, const char *s)
{
    rp_text_add(t, "<text transform=\"translate(%.1f,%.1f) rotate(-90)\" text-anchor=\"middle\">",
                x, y);
    rp_html_text(t, s);
    rp_text_add(t, "</text>");
}

void rp_svg_line(rp_text *t, double x1, double y1, double x2, double y2, const char *colour,
                 double width, const char *dash)
{
    rp_text_add(
        t,
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%.2g\"",
        x1, y1, x2, y2, colour, width);
    if (dash[0]) rp_text_add(t, " stroke-dasharray=\"%s\"", dash);
    rp_text_add(t, "/>");
}

void rp_svg_mark(rp_text *t, double x, double y, int k, const char *colour, const char *tip)
{
    static const char *const shape[] = {"m-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0",
                                        "m-3.2,-3.2h6.4v6.4h-6.4z", "m0,-4.2l4,7h-8z",
                                        "m0,-4.4l4.4,4.4l-4.4,4.4l-4.4,-4.4z"};
    rp_text_add(t, "<path d=\"M%.1f,%.1f%s\" fill=\"%s\" fill-opacity=\"0.65\" stroke=\"%s\"", x, y,
                shape[k % 4], colour, colour);
    if (!tip) {
        rp_text_add(t, "/>");
        return;
    }
    rp_text_add(t, "><title>");
    rp_html_text(t, tip);
    rp_text_add(t, "</title></path>");
}

double rp_svg_width(const char *s)
{
    double n = 0;
    for (const char *p = s; *p; p++) n += (*p & 0xC0) != 0x80; /* characters, not bytes */
    return n * 6.8;
}

/* The smallest of 1, 2, 5 times a power of ten that is at least x. */
static double round_step(double x)
{
    const double power = pow(10, floor(log10(x)));
    const double lead = x / power;
    return power * (lead <= 1 + 1e-9 ? 1 : lead <= 2 + 1e-9 ? 2 : lead <= 5 + 1e-9 ? 5 : 10);
}

rp_axis rp_axis_make(double low, double high, bool is_log, double from, double to)
{
    rp_axis a = {.from = from, .to = to, .is_log = is_log};
    if (is_log) {
        a.low = pow(10, floor(log10(low) + 1e-9));
        a.high = pow(10, ceil(log10(high) - 1e-9));
        if (a.high <= a.low) a.high = a.low * 10;
        return a;
    }
    if (!(high > low)) {
        const double room = low == 0 ? 1 : fabs(low) * 0.1;
        low -= room;
        high += room;
    }
    a.step = round_step((high - low) / 6);
    a.low = floor(low / a.step + 1e-9) * a.step;
    a.high = ceil(high / a.step - 1e-9) * a.step;
    return a;
}

double rp_axis_place(const rp_axis *a, double x)
{
    const double share =
        a->is_log ? log10(x / a->low) / log10(a->high / a->low) : (x - a->low) / (a->high - a->low);
    return a->from + share * (a->to - a->from);
}

int rp_axis_ticks(const rp_axis *a, int max, double tick[])
{
    int n = 0;
    if (!a->is_log) {
        const int64_t count = llrint((a->high - a->low) / a->step);
        for (int64_t i = 0; i <= count && n < max; i++) {
            const double x = a->low + (double)i * a->step;
            tick[n++] = fabs(x) < a->step * 1e-6 ? 0 : x;
        }
        return n;
    }
    const int first = (int)llrint(log10(a->low)), last = (int)llrint(log10(a->high));
    const int every = (last - first + 7) / 8; /* not more than some eight decades named */
    for (int k = first; k <= last && n < max; k += every) {
        tick[n++] = pow(10, k);
        for (int m = 2; m <= 5 && last - first <= 2 && k < last && n < max; m += 3)
            tick[n++] = m * pow(10, k);
    }
    return n;
}

void rp_axis_label(const rp_axis *a, double tick, char out[40])
{
    const double size = fmax(fabs(a->low), fabs(a->high));
    if (a->is_log || size >= 1e7 || a->step < 1e-4) {
        (void)snprintf(out, 40, "%.6g", tick);
        return;
    }
    const int decimals = (int)ceil(-log10(a->step) - 1e-9);
    (void)snprintf(out, 40, "%.*f", decimals > 0 ? decimals : 0, tick);
}

void rp_svg_axes(rp_text *t, const rp_axis *x, const char *x_name, const rp_axis *y,
                 const char *y_name)
{
    double tick[TICKS];
    char label[40];
    int n = rp_axis_ticks(y, TICKS, tick);
    for (int i = 0; i < n; i++) {
        const double at = rp_axis_place(y, tick[i]);
        rp_svg_line(t, x->from, at, x->to, at, grid, 1, "");
        rp_axis_label(y, tick[i], label);
        rp_svg_text(t, x->from - 7, at + 4, "end", "soft", label);
    }
    n = rp_axis_ticks(x, TICKS, tick);
    for (int i = 0; i < n; i++) {
        const double at = rp_axis_place(x, tick[i]);
        rp_svg_line(t, at, y->from, at, y->from + 4, ink, 1, "");
        rp_axis_label(x, tick[i], label);
        rp_svg_text(t, at, y->from + 17, "middle", "soft", label);
    }
    rp_svg_line(t, x->from, y->from, x->to, y->from, ink, 1, "");
    rp_svg_line(t, x->from, y->from, x->from, y->to, ink, 1, "");
    rp_svg_text(t, (x->from + x->to) / 2, y->from + 36, "middle", "", x_name);
    rp_svg_text_up(t, 14, (y->from + y->to) / 2, y_name);
}

void rp_svg_axis_below(rp_text *t, const rp_axis *x, double top, double bottom, double rule,
                       const char *name)
{
    double tick[TICKS];
    char label[40];
    const int n = rp_axis_ticks(x, TICKS, tick);
    for (int i = 0; i < n; i++) {
        const double at = rp_axis_place(x, tick[i]);
        rp_svg_line(t, at, top, at, bottom, grid, 1, "");
        rp_axis_label(x, tick[i], label);
        rp_svg_text(t, at, bottom + 17, "middle", "soft", label);
    }
    if (isfinite(rule)) {
        const double at = rp_axis_place(x, rule);
        rp_svg_line(t, at, top - 4, at, bottom, ink, 1.5, "");
    }
    rp_svg_line(t, x->from, bottom, x->to, bottom, ink, 1, "");
    rp_svg_text(t, (x->from + x->to) / 2, bottom + 36, "middle", "", name);
}
