/* tests/test_report_tables.c - the page of a folder of tables: scores, times. */
#include "report/chart.h"
#include "report/report.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM build_path("radpipe")

static const char *page_of(const char *folder, rp_status want, int64_t problems)
{
    static rp_text html;
    int64_t found = -1;
    const rp_report r = {.run = folder, .images = {.absent = "the test has none"}};
    rp_text_clear(&html);
    cr_assert_eq(rp_report_make(&r, &html, &found), want, "%s", rp_error_message());
    if (want == RP_OK) cr_expect_eq(found, problems, "%lld problems: %s", (long long)found, rp_text_get(&html));
    return rp_text_get(&html);
}

/* True if the page holds that number, to the last digit but a few. */
static bool shows(const char *html, double x)
{
    for (const char *p = html; (p = strstr(p, "<data value=\"")); p++)
        if (near(atof(p + 13), x, 1e-12, 0)) return true;
    return false;
}
#define HAS(html, text) cr_expect(strstr(html, text) != NULL, "missing: %s", text)

/* scikit-learn's example of roc_auc_score: 0.75. */
static const char FOUR[] = "y,score1\n0,0.1\n0,0.4\n1,0.35\n1,0.8\n";

Test(tables, scores_have_their_curves_and_areas)
{
    const char *folder = scratch_folder("tables-scores");
    put_file(folder, "classification.csv", FOUR);
    const char *html = page_of(folder, RP_OK, 0);
    cr_expect(shows(html, 0.75));
    HAS(html, "score1 (AUC 0.750)");
    HAS(html, "4 cases, 2 of them positive");
    HAS(html, "Calibration of score1");
    HAS(html, "Decision curve");
    HAS(html, "1 - specificity");
    HAS(html, "TRIPOD+AI (prediction models)");
    cr_expect(!strstr(html, "Learning curves") && !strstr(html, "CONSORT-AI (") && !strstr(html, "Time to event"));
}

Test(tables, scores_that_are_no_probabilities_have_a_roc_curve_alone)
{
    const char *folder = scratch_folder("tables-plain");
    put_file(folder, "classification.csv", "y,score1,score2\n0,-3,0.1\n0,4,0.4\n1,3.5,0.35\n1,8,0.8\n");
    const char *html = page_of(folder, RP_OK, 0);
    HAS(html, "no probability");
    HAS(html, "Calibration of score2");
    cr_expect(!strstr(html, "Calibration of score1"));
    put_file(folder, "classification.csv", "y,score1\n1,0.1\n1,0.4\n");
    HAS(page_of(folder, RP_OK, 0), "All cases are of one class");
    put_file(folder, "classification.csv", "y,score1\n1,0.1\n2,0.4\n");
    HAS(page_of(folder, RP_OK, 1), "This section cannot be made");
    put_file(folder, "classification.csv", "y,risk\n1,0.1\n");
    HAS(page_of(folder, RP_OK, 1), "no column score1");
}

/* Remission of acute leukaemia, E. J. Freireich et al., Blood 21 (1963) 699: log-rank 16.79 (R's survdiff),
 * medians 23 and 8 weeks. */
static const char LEUKAEMIA[] =
    "time,event,group\n6,1,6-MP\n6,1,6-MP\n6,1,6-MP\n6,0,6-MP\n7,1,6-MP\n9,0,6-MP\n10,1,6-MP\n10,0,6-MP\n11,0,6-MP\n13,1,6-MP\n16,1,6-MP\n"
    "17,0,6-MP\n19,0,6-MP\n20,0,6-MP\n22,1,6-MP\n23,1,6-MP\n25,0,6-MP\n32,0,6-MP\n32,0,6-MP\n34,0,6-MP\n35,0,6-MP\n"
    "1,1,placebo\n1,1,placebo\n2,1,placebo\n2,1,placebo\n3,1,placebo\n4,1,placebo\n4,1,placebo\n5,1,placebo\n5,1,placebo\n8,1,placebo\n"
    "8,1,placebo\n8,1,placebo\n8,1,placebo\n11,1,placebo\n11,1,placebo\n12,1,placebo\n12,1,placebo\n15,1,placebo\n17,1,placebo\n22,1,placebo\n23,1,placebo\n";

Test(tables, times_have_kaplan_meier_curves_and_a_log_rank_test)
{
    const char *folder = scratch_folder("tables-times");
    put_file(folder, "survival.csv", LEUKAEMIA);
    const char *html = page_of(folder, RP_OK, 0);
    HAS(html, "42 subjects, 30 events");
    HAS(html, "chi-squared 16.79 on 1 degrees of freedom, p &lt; 0.0001");
    HAS(html, "23 (");
    HAS(html, "8 (");
    char path[1200], out[6000];
    snprintf(path, sizeof path, "%s/page.html", folder);
    put_file(folder, "page.html", html);
    if (run_command(20, NULL, 0, "/usr/bin/python3 -c \"import xml.etree\"") != 0) skip_test("python3 is not installed");
    cr_expect_eq(run_command(30, out, sizeof out, "/usr/bin/python3 tests/report_check.py %s %s kaplan-meier.csv", path, folder), 0, "%s", out);
    HAS(out, "6-MP,6,21,3,0.857142857142857");
    HAS(out, "placebo,23,1,1,0,");
}

Test(tables, risks_make_thirds_and_ties_may_leave_one_empty)
{
    const char *folder = scratch_folder("tables-risks");
    put_file(folder, "survival.csv", "time,event,risk\n1,1,9\n2,1,8\n3,1,7\n4,0,6\n5,1,5\n6,0,4\n7,1,3\n8,1,2\n9,0,1\n");
    const char *html = page_of(folder, RP_OK, 0);
    HAS(html, "groups are thirds of the risk");
    HAS(html, "high risk");
    HAS(html, "Harrell&#39;s C of the risk: 1.000");
    put_file(folder, "survival.csv", "time,event,risk\n1,1,1\n2,1,1\n3,1,1\n4,0,1\n");
    html = page_of(folder, RP_OK, 0);
    HAS(html, "low risk");
    cr_expect(!strstr(html, "high risk"));
    put_file(folder, "survival.csv", "time,event\n1,1\n-2,0\n");
    HAS(page_of(folder, RP_OK, 1), "This section cannot be made");
    put_file(folder, "survival.csv", "time,event\n1,1\n2,0\n");
    HAS(page_of(folder, RP_OK, 0), "2 subjects, 1 events");
}

Test(tables, areas_are_those_of_pROC_and_the_page_is_well_formed)
{
    const char *source = shared_path("data/stats/classification/cont400_input.csv");
    if (!source) skip_test("../shared/data/stats is not there");
    const char *folder = scratch_folder("tables-proc");
    char out[4000];
    cr_assert_eq(run_command(20, out, sizeof out, "cp %s %s/classification.csv && cp %s %s/survival.csv", source, folder,
                             shared_path("data/stats/survival/n120_input.csv"), folder), 0, "%s", out);
    cr_assert_eq(run_command(60, out, sizeof out, "%s report %s --out %s/page.html", PROGRAM, folder, folder), 0, "%s", out);
    char path[1200];
    snprintf(path, sizeof path, "%s/page.html", folder);
    char *html = file_read(path, NULL);
    cr_expect(shows(html, 0.89680032169117652), "area of score1, pROC 1.18.0");
    cr_expect(shows(html, 0.1412608416514344), "Brier score of score1, R 4.2.2");
    HAS(html, "0.865 to 0.928"); /* DeLong, pROC */
    if (run_command(20, NULL, 0, "/usr/bin/python3 -c \"import xml.etree\"") != 0) skip_test("python3 is not installed");
    cr_expect_eq(run_command(60, out, sizeof out, "/usr/bin/python3 tests/report_check.py %s %s", path, folder), 0, "%s", out);
}

/* Two arms as K. Lang et al. print them, Lancet Oncol. 24 (2023) 936: cancers 244 of 39,996 against 203 of
 * 40,024. */
Test(tables, a_trial_has_its_ratios_drawn)
{
    const char *folder = scratch_folder("tables-trial");
    char out[4000];
    put_file(folder, "counts.csv", "trial,endpoint,x1,n1,x0,n0\nMASAI,cancers_detected,244,39996,203,40024\nMASAI,recalls,861,39996,817,40024\nMASAI,none,0,39996,0,40024\n");
    cr_assert_eq(run_command(30, out, sizeof out, "%s trial --counts %s/counts.csv --out %s", PROGRAM, folder, folder), 0, "%s", out);
    const char *html = page_of(folder, RP_OK, 0);
    HAS(html, "cancers detected");
    HAS(html, "1.2 (0.999 to 1.45)");
    HAS(html, "no ratio");
    HAS(html, "CONSORT-AI (randomised trials");
    HAS(html, "<a href=\"#trial\">Trial</a>");
    cr_expect(!strstr(html, "CLAIM ("));
    cr_expect(shows(html, 244));
    put_file(folder, "trial.csv", "trial,endpoint,ratio,ratio_low,ratio_high\nA,wide,2,0,inf\n");
    HAS(page_of(folder, RP_OK, 0), "2 (0 to ");
    put_file(folder, "trial.csv", "endpoint,part,column,level,ratio,ratio_low,ratio_high\ncancers-detected,all,,,1.2,1,1.5\ncancers-detected,stratum,,site A,9,,\n"
        "cancers-detected,stratified,,,1.21,1.01,1.51\ncancers-detected,subgroup,density,b,1.1,0.9,1.4\ncancers-detected,interaction,density,,,,\n");
    put_file(folder, "flow.csv", "step,reason,new,control\nrandomised,,100,90\nexcluded,withdrew,3,4\nanalysed,modified-itt,97,86\nanalysed,not linked,1,1\n");
    put_file(folder, "tests.csv", "step,endpoint,test,estimate,bound,margin,p,result\n1,cancers-detected,superiority,1.2,1,,0.04,met\n");
    html = page_of(folder, RP_OK, 0);
    HAS(html, "cancers detected, density b");
    HAS(html, "1.21 (1.01 to 1.51)");
    HAS(html, "Randomised: 190");
    HAS(html, "7 withdrew");
    HAS(html, "Control, analysed: 86");
    HAS(html, "Tests in the order of the plan");
    HAS(html, "Subgroups");
    cr_expect(!strstr(html, "9, no interval"), "a stratum is drawn");
    put_file(folder, "flow.csv", "step,reason,new,control\nrandomised,,x,90\n");
    HAS(page_of(folder, RP_OK, 1), "flow.csv:2");
    cr_expect_eq(run_command(10, out, sizeof out, "rm %s/flow.csv", folder), 0);
    put_file(folder, "trial.csv", "trial,endpoint,ratio,ratio_low,ratio_high\nA,bad,x,0,inf\n");
    HAS(page_of(folder, RP_OK, 1), "trial.csv:2");
}

Test(tables, a_folder_without_anything_is_refused)
{
    page_of(scratch_folder("tables-none"), RP_ENONE, 0);
    cr_expect(strstr(rp_error_message(), "nothing to report"), "%s", rp_error_message());
}

Test(tables, a_flow_has_its_counts_and_a_forest_its_arrows)
{
    RP_TEXT_AUTO svg = {0};
    const struct rp_flow_side left_out[] = {{3, "not a DICOM image"}, {66, "no <series>"}};
    const rp_flow_step step[] = {{"Files", 4437, 2, left_out}, {"Cases", 40, 0, NULL}}, part[] = {{"Training cases", 32, 0, NULL}, {"Test cases", 8, 0, NULL}};
    cr_assert_eq(rp_chart_flow("flow", 2, step, 2, part, &svg), RP_OK);
    HAS(rp_text_get(&svg), "Files: 4437");
    HAS(rp_text_get(&svg), "66 no &lt;series&gt;");
    HAS(rp_text_get(&svg), "Test cases: 8");
    rp_text_clear(&svg);
    cr_assert_eq(rp_chart_flow("flow", 1, step, 0, NULL, &svg), RP_OK);
    cr_expect(!strstr(rp_text_get(&svg), "Test cases"));
    cr_expect_eq(rp_chart_flow("flow", 0, step, 0, NULL, &svg), RP_EARG);
    rp_text_clear(&svg);
    const rp_effect effect[] = {{"a", "2 (0 to inf)", 2, 0, INFINITY}, {"b", "no ratio", NAN, NAN, NAN}};
    cr_assert_eq(rp_chart_forest("forest", "ratio", 1, 2, effect, &svg), RP_OK);
    HAS(rp_text_get(&svg), "no ratio");
    cr_expect_eq(rp_chart_forest("forest", "ratio", 1, 1, &effect[1], &svg), RP_ENUM);
}
