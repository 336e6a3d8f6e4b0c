/* report/svg.h - marks of a drawing: colours that colour-blind readers tell apart, texts, axes.
 *
 * Lengths are px of the drawing's own frame.  Failures stay in the text. */
#pragma once
#include "lib/base/text.h"

enum { RP_COLOURS = 7 };
/* "#0072b2", ...: series k takes colour k modulo RP_COLOURS and dash k / RP_COLOURS.
 * Source: M. Okabe, K. Ito, Color Universal Design (2008), without its yellow, which fades on
 * white. */
const char *rp_svg_colour(int k);

/* anchor: "start", "middle", "end"; class_name: "", "soft", "title". */
void rp_svg_text(rp_text *t, double x, double y, const char *anchor, const char *class_name,
                 const char *s);
/* The same, turned to read upwards. */
void rp_svg_text_up(rp_text *t, double x, double y, const char *s);
void rp_svg_line(rp_text *t, double x1, double y1, double x2, double y2, const char *colour,
                 double width, const char *dash);
/* A mark of shape k (circle, square, triangle, diamond) with a text shown when pointed at; tip
 * NULL: none. */
void rp_svg_mark(rp_text *t, double x, double y, int k, const char *colour, const char *tip);
/* Width that a text of 12 px takes, about. */
double rp_svg_width(const char *s);

/* One axis: values from low to high lie between px from and to. */
typedef struct rp_axis {
    double low, high; /* low < high; both > 0 when is_log */
    double from, to;
    bool is_log;
    double step; /* between ticks; not used when is_log */
} rp_axis;
/* An axis around [low, high] with round ends; equal ends are set apart. */
rp_axis rp_axis_make(double low, double high, bool is_log, double from, double to);
double rp_axis_place(const rp_axis *a, double x);
/* Ticks in order, at most max; returns their count. */
int rp_axis_ticks(const rp_axis *a, int max, double tick[]);
/* The tick as text. */
void rp_axis_label(const rp_axis *a, double tick, char out[40]);
/* Both axes with grid lines, ticks and names (units in them). */
void rp_svg_axes(rp_text *t, const rp_axis *x, const char *x_name, const rp_axis *y,
                 const char *y_name);
/* A horizontal axis under rows from top to bottom: grid lines, ticks and name; a rule at the value
 * `rule` (NAN: none). */
void rp_svg_axis_below(rp_text *t, const rp_axis *x, double top, double bottom, double rule,
                       const char *name);
