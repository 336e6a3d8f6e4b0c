/* report/chart.h - charts as SVG: series over two axes, and distributions by group.
 *
 * 1. Text stays text: it can be selected, searched and read aloud.
 * 2. Series are told apart by colour and by shape or dash.
 * 3. A chart without a finite number is refused: the caller says in words what is absent. */
#pragma once
#include "lib/base/text.h"

typedef enum rp_mark {
    RP_MARK_LINE,
    RP_MARK_FAINT,
    RP_MARK_BAND,
    RP_MARK_POINT,
    RP_MARK_LINE_POINT
} rp_mark;

typedef struct rp_series {
    const char *name; /* legend; NULL: not in it */
    rp_mark mark;
    int colour; /* see rp_svg_colour */
    int64_t n;
    const double *x, *y;    /* [n] finite */
    const double *high;     /* [n] RP_MARK_BAND: upper edge, y the lower one */
    const char *const *tip; /* [n] texts of the points, or NULL */
} rp_series;

/* A line across the chart with a name at its end: y = at + slope x. */
typedef struct rp_rule {
    double at, slope;
    const char *name;
} rp_rule;

typedef struct rp_chart {
    const char *title;           /* for those who hear it too */
    const char *x_name, *y_name; /* with unit */
    bool is_log_x, is_log_y;     /* all values > 0 */
    bool has_zero;               /* the y axis begins at 0 */
    double y_most;               /* > 0: the y axis reaches it */
    bool is_whole_x;             /* x counts things: no ticks between whole numbers */
    bool is_square;              /* both axes span the same values */
    int series;
    const rp_series *at;
    int rules;
    const rp_rule *rule;
} rp_chart;
/* Appends the drawing.  Errors: RP_ENUM (no number, or one that is not finite, or not above 0 on a
 * log axis), RP_EMEM. */
RP_MUST rp_status rp_chart_draw(const rp_chart *c, rp_text *svg);

/* One group of a distribution. */
typedef struct rp_group {
    const char *name;
    int64_t n;           /* may be 0: the row says so */
    const double *value; /* [n] */
    const char *const *tip;
    const char *note; /* what has no place on the axis ("1 infinite"), or "" */
} rp_group;
/* A row a group: every value as a dot, quartiles as a box, median as a bar; quartiles are linear
 * between order statistics.  low, high: ends that the axis reaches (low < high) or both 0.
 * Errors: as rp_chart_draw. */
RP_MUST rp_status rp_chart_groups(const char *title, const char *x_name, double low, double high,
                                  int groups, const rp_group group[], rp_text *svg);

/* One line of a forest plot. */
typedef struct rp_effect {
    const char *name;    /* left of the plot */
    const char *numbers; /* right of it, as text */
    double x, low, high; /* estimate and interval; a bound of 0 or INFINITY ends in an arrow */
} rp_effect;
/* A row an effect on one log axis, with a rule at `neutral`; effects whose x is not finite or not
 * above 0 have their texts alone.  Errors: RP_ENUM (no effect can be drawn), RP_EMEM. */
RP_MUST rp_status rp_chart_forest(const char *title, const char *x_name, double neutral,
                                  int64_t effects, const rp_effect effect[], rp_text *svg);

/* One box of a flow diagram, and what leaves the way behind it. */
typedef struct rp_flow_step {
    const char *name; /* "Series" */
    int64_t count;
    int sides;
    const struct rp_flow_side {
        int64_t count;
        const char *reason;
    } * side; /* [sides] */
} rp_flow_step;
/* Boxes from top to bottom, exclusions at their right, `parts` boxes beside one another at the end
 * (0: none).  Errors: RP_EARG (no step), RP_EMEM. */
RP_MUST rp_status rp_chart_flow(const char *title, int steps, const rp_flow_step step[], int parts,
                                const rp_flow_step part[], rp_text *svg);
