/* pipeline/verb_trial.c - radpipe trial: two arms, from counts. */
#include "io/atomic.h"
#include "io/csv.h"
#include "lib/stats/two_arm.h"
#include "pipeline/show_table.h"
#include "pipeline/verb.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char rp_verb_trial_usage[] =
    "usage: radpipe trial --counts CSV [--method katz|koopman|mn|poisson] [--level 0.95]\n"
    "                     [--margin RATIO] [--out DIR]\n"
    "\n"
    "Compares two arms of a screening trial, a row an endpoint: rates per 1000, ratio of "
    "proportions with\n"
    "its interval, difference per 1000 (Newcombe), Fisher's exact p (two-sided).\n"
    "\n"
    "  --counts CSV    columns trial, endpoint, x1, n1 (new arm), x0, n0 (control); others are "
    "ignored\n"
    "  --method M      interval of the ratio: katz (log; default), koopman, mn "
    "(Miettinen-Nurminen),\n"
    "                  poisson (exact, given the total)\n"
    "  --margin RATIO  adds one-sided non-inferiority: H0 ratio >= RATIO for outcomes that should "
    "be few\n"
    "                  (RATIO > 1), H0 ratio <= RATIO for those that should be many (RATIO < 1)\n"
    "  --out DIR       also writes trial.csv (17 digits, every count) and trial.R, which "
    "recomputes it\n"
    "\n"
    "example: radpipe trial --counts two_arm.csv --out masai\n";

typedef struct asked {
    const char *method;
    double level, margin; /* margin 0: none */
} asked;

static rp_status interval_of(const asked *a, const rp_counts *c, rp_interval *out)
{
    if (strcmp(a->method, "koopman") == 0) return rp_ratio_score(c, false, a->level, out);
    if (strcmp(a->method, "mn") == 0) return rp_ratio_score(c, true, a->level, out);
    if (strcmp(a->method, "poisson") == 0) return rp_ratio_poisson(c, a->level, out);
    RP_NEED(strcmp(a->method, "katz") == 0, RP_EUSE,
            "--method '%s': must be katz, koopman, mn or poisson", a->method);
    *out = rp_ratio_katz(c, a->level);
    return RP_OK;
}

static void put(rp_text *t, rp_value v, double times)
{
    if (v.state == RP_VALUE_INFINITE)
        rp_csv_put(t, v.x > 0 ? "inf" : "-inf");
    else
        rp_csv_put_double(t, v.state == RP_VALUE_OK ? v.x * times : NAN);
}

/* p of H0 that the ratio reaches the margin; a margin below 1 looks from the other side, arms and
 * margin inverted. */
static rp_status noninferior(const asked *a, const rp_counts *c, rp_text *row)
{
    double z, p;
    const rp_counts turned = {c->x0, c->n0, c->x1, c->n1};
    if (a->margin > 1)
        RP_TRY(rp_ratio_noninferior(c, a->margin, &z, &p));
    else
        RP_TRY(rp_ratio_noninferior(&turned, 1 / a->margin, &z, &p));
    rp_csv_put_double(row, p);
    return RP_OK;
}

static rp_status add_row(const asked *a, const char *trial, const char *endpoint,
                         const rp_counts *c, rp_text *out)
{
    rp_interval ratio, difference;
    rp_two_arm_p p;
    RP_TRY(interval_of(a, c, &ratio));
    RP_TRY(rp_difference_newcombe(c, a->level, &difference));
    RP_TRY(rp_two_arm_test(c, &p));
    rp_csv_put(out, trial);
    rp_csv_put(out, endpoint);
    const int64_t count[] = {c->x1, c->n1, c->x0, c->n0};
    for (int i = 0; i < 4; i++) rp_csv_put_int(out, count[i]);
    rp_csv_put_double(out, 1000 * (double)c->x1 / (double)c->n1);
    rp_csv_put_double(out, 1000 * (double)c->x0 / (double)c->n0);
    put(out, rp_two_arm_ratio(c), 1);
    put(out, ratio.low, 1);
    put(out, ratio.high, 1);
    rp_csv_put_double(out, 1000 * ((double)c->x1 / (double)c->n1 - (double)c->x0 / (double)c->n0));
    put(out, difference.low, 1000);
    put(out, difference.high, 1000);
    rp_csv_put_double(out, p.fisher);
    if (a->margin > 0) RP_TRY(noninferior(a, c, out));
    rp_csv_end(out);
    return rp_text_status(out);
}

static rp_status read_counts(const asked *a, const char *path, rp_text *out)
{
    RP_AUTO(rp_csv) csv = NULL;
    int trial, endpoint, count[4];
    static const char *const name[] = {"x1", "n1", "x0", "n0"};
    RP_TRY(rp_csv_read(path, ',', &csv));
    RP_TRY(rp_csv_column(csv, "trial", &trial));
    RP_TRY(rp_csv_column(csv, "endpoint", &endpoint));
    for (int i = 0; i < 4; i++) RP_TRY(rp_csv_column(csv, name[i], &count[i]));
    rp_text_add(
        out,
        "trial,endpoint,x1,n1,x0,n0,new_per_1000,control_per_1000,ratio,ratio_low,ratio_high,"
        "difference_per_1000,difference_low,difference_high,fisher_p%s\n",
        a->margin > 0 ? ",noninferiority_p" : "");
    for (int64_t r = 0; r < rp_csv_rows(csv); r++) {
        rp_counts c = {0};
        int64_t *const to[] = {&c.x1, &c.n1, &c.x0, &c.n0};
        for (int i = 0; i < 4; i++) RP_TRY(rp_csv_int(csv, r, count[i], to[i]));
        RP_NEED(c.x1 >= 0 && c.x1 <= c.n1 && c.x0 >= 0 && c.x0 <= c.n0 && c.n1 > 0 && c.n0 > 0,
                RP_EDATA, "%s:%" PRId64 ": counts must be 0 <= x <= n, n > 0", path,
                rp_csv_line(csv, r));
        RP_TRY_IN(add_row(a, rp_csv_text(csv, r, trial), rp_csv_text(csv, r, endpoint), &c, out),
                  "%s:%" PRId64, path, rp_csv_line(csv, r));
    }
    return RP_OK;
}

/* The same numbers by base R, from the counts in trial.csv. */
static const char script[] =
    "# Recomputes trial.csv (ratio with Katz's log interval, Newcombe's difference, Fisher's p).\n"
    "d <- read.csv('trial.csv')\n"
    "wilson <- function(x, n, z) { p <- x / n; m <- (p + z^2 / (2 * n)) / (1 + z^2 / n)\n"
    "  h <- z / (1 + z^2 / n) * sqrt(p * (1 - p) / n + z^2 / (4 * n^2)); c(m - h, m + h) }\n"
    "z <- qnorm(1 - (1 - %g) / 2)\n"
    "for (i in seq_len(nrow(d))) with(d[i, ], {\n"
    "  rr <- (x1 / n1) / (x0 / n0); se <- sqrt(1 / x1 - 1 / n1 + 1 / x0 - 1 / n0)\n"
    "  a <- wilson(x1, n1, z); b <- wilson(x0, n0, z); p1 <- x1 / n1; p0 <- x0 / n0\n"
    "  low <- p1 - p0 - sqrt((p1 - a[1])^2 + (b[2] - p0)^2); high <- p1 - p0 + sqrt((a[2] - p1)^2 "
    "+ (p0 - b[1])^2)\n"
    "  p <- fisher.test(matrix(c(x1, n1 - x1, x0, n0 - x0), 2))$p.value\n"
    "  cat(trial, endpoint, rr, exp(log(rr) - z * se), exp(log(rr) + z * se), 1000 * (p1 - p0), "
    "1000 * low, 1000 * high, p, '\\n') })\n";

static rp_status write_files(const asked *a, const char *out, const rp_text *table)
{
    RP_AUTOFREE char *csv = NULL, *r = NULL, *text = NULL;
    RP_TRY(rp_path_make_folder(out));
    RP_TRY(rp_path_join(out, "trial.csv", &csv));
    RP_TRY(rp_path_join(out, "trial.R", &r));
    const char *at = strstr(script, "%g");
    RP_TRY(rp_format(&text, "%.*s%.17g%s", (int)(at - script), script, a->level, at + 2));
    RP_TRY(rp_atomic_write(csv, table->length, rp_text_get(table)));
    return rp_atomic_write(r, (int64_t)strlen(text), text);
}

rp_status rp_verb_trial(int argc, char **argv)
{
    const char *counts = NULL, *method = NULL, *level = NULL, *margin = NULL, *out = NULL, *word[1];
    int words;
    asked a = {.level = 0.95};
    const rp_option option[] = {{.name = "--counts", .value = &counts},
                                {.name = "--method", .value = &method},
                                {.name = "--level", .value = &level},
                                {.name = "--margin", .value = &margin},
                                {.name = "--out", .value = &out}};
    RP_TRY(rp_options_read(argc, argv, 5, option, 0, word, &words));
    RP_NEED(counts, RP_EUSE, "trial: --counts CSV is needed; 'radpipe help trial' shows the usage");
    a.method = method ? method : "katz";
    if (level) RP_TRY(rp_option_number("--level", level, 0.5, 0.9999, &a.level));
    if (margin) RP_TRY(rp_option_number("--margin", margin, 0.01, 100, &a.margin));
    RP_NEED(a.margin != 1, RP_EUSE, "--margin 1 is a test of superiority: Fisher's p is that");
    RP_TEXT_AUTO table = {0};
    RP_TRY(read_counts(&a, counts, &table));
    if (out) RP_TRY(write_files(&a, out, &table));
    RP_TRY(rp_show_csv(table.length, rp_text_get(&table), 3));
    (void)printf(
        "\nratio: %s, %g %% interval; difference: Newcombe; p: Fisher, two-sided; rates a 1000\n",
        a.method, 100 * a.level);
    return RP_OK;
}
