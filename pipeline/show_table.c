/* pipeline/show_table.c - tables for people. */
#include "pipeline/show_table.h"

#include "io/csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void cell_text(const char *cell, int digits, char out[64])
{
    double x;
    int64_t i;
    if (digits < 0)
        rp_text_fit(out, 64, cell);
    else if (!*cell)
        rp_text_fit(out, 64, "-");
    else if (rp_read_int(cell, &i))
        (void)snprintf(out, 64, "%" PRId64, i);
    else if (rp_read_double(cell, &x))
        (void)snprintf(out, 64, "%.*f", x >= 1000 || x <= -1000 ? 0 : digits, x);
    else
        rp_text_fit(out, 64, cell);
}

static bool is_number(const char *cell)
{
    double x;
    return !*cell || rp_read_double(cell, &x);
}

rp_status rp_show_csv(int64_t n, const char *csv_text, int digits)
{
    RP_AUTO(rp_csv) csv = NULL;
    RP_TRY(rp_csv_parse("table", ',', n, csv_text, &csv));
    const int columns = rp_csv_columns(csv);
    RP_AUTOFREE int *width = NULL;
    char text[64];
    RP_TRY(rp_alloc(columns, sizeof *width, &width));
    for (int c = 0; c < columns; c++) width[c] = (int)strlen(rp_csv_name(csv, c));
    for (int64_t r = 0; r < rp_csv_rows(csv); r++)
        for (int c = 0; c < columns; c++) {
            cell_text(rp_csv_text(csv, r, c), digits, text);
            if ((int)strlen(text) > width[c]) width[c] = (int)strlen(text);
        }
    for (int64_t r = -1; r < rp_csv_rows(csv); r++) {
        for (int c = 0; c < columns; c++) {
            const bool right = rp_csv_rows(csv) > 0 && is_number(rp_csv_text(csv, 0, c));
            if (r < 0)
                rp_text_fit(text, sizeof text, rp_csv_name(csv, c));
            else
                cell_text(rp_csv_text(csv, r, c), digits, text);
            if (c == columns - 1 && !right)
                (void)printf("  %s", text);
            else
                (void)printf("  %*s", right ? width[c] : -width[c], text);
        }
        (void)printf("\n");
    }
    return RP_OK;
}

static rp_status show_means(int64_t n, const char *text)
{
    RP_AUTO(rp_csv) csv = NULL;
    int label, metric, mean;
    RP_TRY(rp_csv_parse("metrics.csv", ',', n, text, &csv));
    RP_TRY(rp_csv_column(csv, "label", &label));
    RP_TRY(rp_csv_column(csv, "metric", &metric));
    RP_TRY(rp_csv_column(csv, "mean", &mean));
    for (int64_t r = 0; r < rp_csv_rows(csv); r++) {
        double x;
        if (strcmp(rp_csv_text(csv, r, metric), "dice") != 0) continue;
        if (!rp_read_double(rp_csv_text(csv, r, mean), &x))
            (void)printf("%s: mean Dice undefined\n", rp_csv_text(csv, r, label));
        else
            (void)printf("%s: mean Dice %.3f\n", rp_csv_text(csv, r, label), x);
    }
    return RP_OK;
}

rp_status rp_show_scores(const rp_text *summary)
{
    const char *text = rp_text_get(summary), *gap = strstr(text, "\n\n");
    RP_NEED(gap, RP_EBUG, "scores without a summary");
    RP_TRY(rp_show_csv(gap + 1 - text, text, 3));
    (void)printf("\n");
    RP_TRY(rp_show_csv((int64_t)strlen(gap + 2), gap + 2, 3));
    (void)printf("\n");
    return show_means((int64_t)strlen(gap + 2), gap + 2);
}
