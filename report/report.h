/* report/report.h - the page of a run, or of a folder of tables. */
#pragma once
#include "lib/base/text.h"
#include "lib/image/volume.h"

enum { RP_UNIT_SIZE = 32 };

/* Where pictures come from: this room does not know cohorts. */
typedef struct rp_report_images {
    /* First input of a case as stored, and its reference as labels (0: background, i: label i of
     * the job) on the same grid, both owned by the caller; unit of the image: "HU", "SUV", ""
     * unknown. */
    rp_status (*read)(void *arg, const char *case_name, rp_volume **image, uint8_t **reference,
                      char unit[RP_UNIT_SIZE]);
    void *arg;
    const char *absent; /* read NULL: why there are none */
} rp_report_images;

typedef struct rp_report {
    const char *run;      /* its folder, as the page names it; it need not be a run */
    const char *prepared; /* folder of its prepared cases; NULL: none */
    rp_report_images images;
} rp_report;

/* One HTML page that stands alone, from what lies in the folder: a run (job.yaml and its tables), a
 * table of scores (classification.csv), one of times (survival.csv), or several of them.  The same
 * files give the same bytes.  What is absent of a run is said in a line; a section whose file is
 * damaged says what is wrong with it and the others go on.
 *   html      out: the page, appended
 *   problems  out: sections and pictures that could not be made
 * Local.  Errors: RP_ENONE (nothing of all that is there), RP_EDATA (job.yaml cannot be read),
 * RP_EMEM. */
RP_MUST rp_status rp_report_make(const rp_report *r, rp_text *html, int64_t *problems);
