/* pipeline/verb_report.c - radpipe report. */
#include "io/atomic.h"
#include "pipeline/report_run.h"
#include "pipeline/verb.h"

#include <inttypes.h>
#include <stdio.h>

const char rp_verb_report_usage[] =
    "usage: radpipe report RUN|DIR [--out FILE]\n"
    "\n"
    "Writes one HTML page about a run: cases, learning curves, scores, pictures of the best, "
    "median and worst\n"
    "test cases, timings, methods.  The page stands alone: it opens from disk, needs no network, "
    "prints.\n"
    "A run, or any folder, with these tables has their sections too:\n"
    "\n"
    "  classification.csv   y, score1, ... as 'radpipe stats classification' takes it:\n"
    "                       ROC, calibration and decision curves\n"
    "  survival.csv         time, event, group or risk as 'radpipe stats survival' takes it:\n"
    "                       Kaplan-Meier curves by group, numbers at risk\n"
    "  trial.csv            as 'radpipe trial --out DIR' writes it: ratios of all endpoints\n"
    "  features.csv         as 'radpipe radiomics --out DIR' writes it: what IBSI asks to report\n"
    "\n"
    "What is absent is said; what is damaged is named on the page, and the exit code is 3.\n"
    "\n"
    "  --out FILE   the page (default RUN/report.html or DIR/report.html)\n"
    "\n"
    "The pictures need the cohort that the run's job names, relative to the current directory.\n"
    "\n"
    "examples: radpipe report build/run\n"
    "          radpipe report study/ --out study.html\n";

rp_status rp_verb_report(int argc, char **argv)
{
    const char *out = NULL, *word[1];
    int words;
    const rp_option option[] = {{.name = "--out", .value = &out}};
    RP_AUTOFREE char *path = NULL;
    int64_t problems;
    RP_TRY(rp_options_read(argc, argv, 1, option, 1, word, &words));
    RP_NEED(words == 1, RP_EUSE,
            "report: a run or a folder is needed; 'radpipe help report' shows the usage");
    RP_TRY(out ? rp_copy_text(out, &path) : rp_path_join(word[0], "report.html", &path));
    RP_TRY(rp_report_run(word[0], path, &problems));
    (void)printf("report: %s\n", path);
    RP_NEED(problems == 0, RP_EDATA,
            "'%s' names what could not be shown (%" PRId64 " sections or pictures)", path,
            problems);
    return RP_OK;
}
