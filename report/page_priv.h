/* report/page_priv.h - what the sections of the page share. */
#pragma once
#include "io/csv.h"
#include "lib/base/tree.h"
#include "report/chart.h"
#include "report/html.h"
#include "report/report.h"

typedef struct rp_page {
    const rp_report *r;
    const rp_node *job; /* root of job.yaml; NULL: the folder is not a run */
    const char *cohort; /* its folder; NULL: the job names none */
    int64_t problems;
    const bool *there; /* [sections.inc] which sections the page has */
} rp_page;

/* Section functions append to t.  An error ends the section only (but RP_EMEM the page). */
#define RP_SECTION(name, title, about) RP_MUST rp_status rp_section_##name(rp_page *p, rp_text *t);
#include "report/sections.inc"
#undef RP_SECTION

/* The first of `names` (separated by blanks) that is a section of this page: its name and title;
 * NULL if none is.  Lent for ever. */
const char *rp_page_section(const rp_page *p, const char *names, const char **name);
/* A table of a folder (NULL: the run); *out NULL if the file is not there.  Owned by the caller. */
RP_MUST rp_status rp_page_csv(const rp_page *p, const char *folder, const char *name, rp_csv **out);
/* A text of the run, at most 64 MiB; found false if the file is not there. */
RP_MUST rp_status rp_page_text(const rp_page *p, const char *name, rp_text *out, bool *found);
/* A column as numbers, [rows].  Owned by the caller.  Errors: RP_EDATA naming file, line, column.
 */
RP_MUST rp_status rp_page_numbers(const rp_csv *csv, const char *column, double **out);
/* Value of a dotted key of the job as text ("-" if it is not there): lists as "8, 16, 32". */
RP_MUST rp_status rp_page_job(const rp_page *p, const char *key, rp_text *out);
/* The same as a number; false if it is none. */
bool rp_page_job_number(const rp_page *p, const char *key, double *out);
/* A table of such values, a row each, in two columns with these heads. */
typedef struct rp_page_key {
    const char *key, *name;
} rp_page_key;
RP_MUST rp_status rp_page_job_table(const rp_page *p, const char *caption,
                                    const char *const head[2], const rp_page_key key[], size_t keys,
                                    rp_text *t);
/* A figure: the drawing, a caption, and its numbers as a download (csv_name NULL: none). */
void rp_page_figure(rp_text *t, const rp_text *svg, const char *caption, const char *csv_name,
                    const rp_text *csv);
/* A table as it stands, at most `most` rows (a line says how many there are), numbers short. */
void rp_page_table(rp_text *t, const char *caption, const rp_csv *csv, int64_t most);

/* Scores of the test cases. */
typedef struct rp_page_score {
    const char *name, *state; /* lent by the table */
    int label;                /* index in label[] */
    bool has_dice, has_hd95;
    double dice, hd95, reference_mm3, prediction_mm3;
} rp_page_score;
typedef struct rp_page_scores {
    rp_csv *csv;
    int64_t count;
    rp_page_score *at; /* in the table's order */
    int labels;
    const char **label; /* in order of their first row */
} rp_page_scores;
void rp_page_scores_drop(rp_page_scores **s);
/* metrics-cases.csv; *out NULL if there is none.  Owned by the caller. */
RP_MUST rp_status rp_page_scores_read(const rp_page *p, rp_page_scores **out);
