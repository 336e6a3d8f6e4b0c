/* tests/test_report_page.c - the page of a run, made by hand or by the program. */
#include "report/report.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PROGRAM build_path("radpipe")

static const char JOB[] = "task: segmentation\ncohort: {path: /nowhere/cohort}\ninputs: [CT]\nlabels: {tumour: GTV*, node: \"N*\"}\nsplit: s.csv\ntrain: {iterations: 3}\n";
static const char CASES[] = "case,label,dice,hd95_maxdir_mm,volume_reference_mm3,volume_prediction_mm3,volume_error_mm3,state\n"
                            "P1,tumour,0.75,4.5,1000,1200,200,ok\nP1,node,,,0,0,0,both empty\n"
                            "P2,tumour,0.5,9.25,3000,2500,-500,ok\nP2,node,0,,500,0,-500,prediction empty\n";
static const char METRICS[] = "label,metric,n,mean,sd,median,min,max,undefined,infinite\ntumour,dice,2,0.625,0.17677669529663687,0.625,0.5,0.75,0,0\n"
                              "node,dice,1,0,,0,0,0,1,0\nnode,hd95_maxdir_mm,0,,,,,,1,1\n";
static const char PROGRESS[] = "iteration,loss,dice_term,ce_term,rate,gradient_norm,samples,seconds,samples_per_s,wait_s\n"
                               "1,0.5,0,0.5,0.01,1,4,0.25,16,0\n2,0.25,0,0.25,0.005,1,4,0.25,16,0.125\n3,0.125,0,0.125,0.001,1,4,0.25,16,0\n";

/* The page of a folder, with what the call returned; lives until the process ends. */
static const char *page_of(const char *run, const rp_report_images *images, rp_status want, int64_t problems)
{
    static rp_text html;
    int64_t found = -1;
    const rp_report r = {.run = run, .images = images ? *images : (rp_report_images){.absent = "the test has none"}};
    rp_text_clear(&html);
    cr_assert_eq(rp_report_make(&r, &html, &found), want, "%s", rp_error_message());
    if (want == RP_OK) cr_expect_eq(found, problems, "%lld problems", (long long)found);
    return rp_text_get(&html);
}

static void check_page(const char *path, const char *run, const char *want)
{
    char out[4000];
    if (run_command(20, NULL, 0, "/usr/bin/python3 -c \"import xml.etree\"") != 0) skip_test("python3 is not installed");
    cr_expect_eq(run_command(60, out, sizeof out, "/usr/bin/python3 tests/report_check.py %s %s", path, run), 0, "%s", out);
    cr_expect(strstr(out, want) != NULL, "%s", out);
}

static void save(const char *path, const char *html)
{
    FILE *f = fopen(path, "w");
    cr_assert(f);
    fputs(html, f);
    fclose(f);
}

#define HAS(html, text) cr_expect(strstr(html, text) != NULL, "missing: %s", text)

Test(page, a_run_that_has_only_begun_says_what_is_absent)
{
    const char *run = scratch_folder("report-begun");
    char path[1200];
    put_file(run, "job.yaml", JOB);
    const char *html = page_of(run, NULL, RP_OK, 0);
    HAS(html, "There are no scores of test cases");
    HAS(html, "(/nowhere/cohort) is not at that place");
    HAS(html, "has not begun to train");
    HAS(html, "No test case was scored (no metrics-cases.csv)");
    HAS(html, "There is no provenance.json yet");
    snprintf(path, sizeof path, "%s/page.html", run);
    save(path, html);
    check_page(path, run, "0 charts, 0 pictures, 0 downloads, 0 warnings");
    no_leaks();
}

Test(page, a_folder_that_is_no_run_is_refused)
{
    page_of(scratch_folder("report-none"), NULL, RP_ENONE, 0);
    const char *run = scratch_folder("report-broken-job");
    put_file(run, "job.yaml", "task: [segmentation\n");
    page_of(run, NULL, RP_EDATA, 0);
    no_leaks();
}

Test(page, numbers_are_those_of_the_tables)
{
    const char *run = scratch_folder("report-tables");
    char path[1200];
    put_file(run, "job.yaml", JOB);
    put_file(run, "metrics.csv", METRICS);
    put_file(run, "metrics-cases.csv", CASES);
    put_file(run, "progress.csv", PROGRESS);
    put_file(run, "validation.csv", "iteration,case,label,dice\n2,V1,tumour,0.25\n2,V2,tumour,0.75\n2,V1,node,\n2,V2,node,\n3,V1,tumour,0.5\n3,V2,tumour,\n");
    put_file(run, "lost.csv", "case,stage,reason\nP7,prepare,\"no region on 'CT', <none>\"\n");
    const char *html = page_of(run, NULL, RP_OK, 0);
    HAS(html, "<b>3</b><span>iterations trained, of 3</span>");
    HAS(html, "<data value=\"0.17677669529663687\">0.1768</data>");
    HAS(html, "n = 1, 1 undefined");
    HAS(html, "n = 0, 1 undefined, 1 infinite");
    HAS(html, "no region on &#39;CT&#39;, &lt;none&gt;");
    HAS(html, "Bias -0.15 cm"); /* (0.2 - 0.5) / 2 */
    HAS(html, "No validate case has a defined Dice (validation.csv): node.");
    HAS(html, "There are no pictures: the test has none.");
    snprintf(path, sizeof path, "%s/page.html", run);
    save(path, html);
    check_page(path, run, "0 pictures, 9 downloads, 0 warnings");
    /* mean Dice of the validate cases with one: 0.5 of 2, 0.5 of 1 */
    char out[4000];
    cr_expect_eq(run_command(20, out, sizeof out, "/usr/bin/python3 tests/report_check.py %s %s validation.csv", path, run), 0);
    cr_expect_str_eq(out, "iteration,label,mean_dice,cases\n2,tumour,0.5,2\n3,tumour,0.5,1\n");
    no_leaks();
}

Test(page, hostile_names_stay_text)
{
    const char *run = scratch_folder("report-hostile");
    char path[1200];
    put_file(run, "job.yaml", "labels: {\"<img src=x onerror=alert(1)>\": \"*\"}\ncohort: {path: \"</td><script>\"}\ntrain: {loss: \"\\\"><b>\"}\n");
    put_file(run, "metrics-cases.csv", "case,label,dice,hd95_maxdir_mm,volume_reference_mm3,volume_prediction_mm3,volume_error_mm3,state\n"
                                  "\"<script>alert(1)</script>\",\"<img src=x onerror=alert(1)>\",1,0,5,5,0,ok\n\"\"\" onload=\"\"x\",\"<img src=x onerror=alert(1)>\",1,0,5,5,0,ok\n");
    put_file(run, "lost.csv", "case,stage,reason\n\xFF\xFE,\x01,]]>\n");
    put_file(run, "plan.yaml", "</pre></details><script>alert(1)</script>\n");
    put_file(run, "provenance.json", "{\"<b>\": \"</td>\", \"x\": \"</pre>\\n<i>\"}");
    const char *html = page_of(run, NULL, RP_OK, 0);
    cr_expect(!strstr(html, "<script") && !strstr(html, "<img") && !strstr(html, "<b>\"") && !strstr(html, "onload=\""));
    snprintf(path, sizeof path, "%s/page.html", run);
    save(path, html);
    check_page(path, run, "0 warnings");
    no_leaks();
}

Test(page, a_damaged_table_ends_its_section_only)
{
    const char *run = scratch_folder("report-damaged");
    put_file(run, "job.yaml", JOB);
    put_file(run, "progress.csv", PROGRESS);
    put_file(run, "metrics-cases.csv", "case,label,dice,hd95_maxdir_mm,volume_reference_mm3,volume_prediction_mm3,volume_error_mm3,state\nP1,tumour,nan,1,1,1,0,ok\n");
    const char *html = page_of(run, NULL, RP_OK, 3); /* scores, volumes, pictures */
    HAS(html, "This section cannot be made: ");
    HAS(html, "metrics-cases.csv:2");
    HAS(html, "Training loss");
    put_file(run, "progress.csv", "iteration,loss\n1,\n");
    html = page_of(run, NULL, RP_OK, 6); /* and summary, curves, timings */
    HAS(html, "Files and licences");
    no_leaks();
}

Test(page, a_long_run_is_thinned_and_keeps_its_extremes)
{
    const char *run = scratch_folder("report-long");
    char path[1200];
    put_file(run, "job.yaml", JOB);
    snprintf(path, sizeof path, "%s/progress.csv", run);
    FILE *f = fopen(path, "w");
    fprintf(f, "iteration,loss,dice_term,ce_term,rate,gradient_norm,samples,seconds,samples_per_s,wait_s\n");
    for (int i = 1; i <= 60001; i++) fprintf(f, "%d,%d,0,0,0.1,1,1,0.1,10,0\n", i, i % 7919);
    fclose(f);
    const char *html = page_of(run, NULL, RP_OK, 0);
    HAS(html, "Each place of the chart stands for 121 iterations");
    cr_expect(strlen(html) < 600000, "%zu bytes", strlen(html));
    snprintf(path, sizeof path, "%s/page.html", run);
    save(path, html);
    check_page(path, run, "0 warnings");
    no_leaks();
}

Test(page, intervals_are_those_of_scipy_up_to_chance)
{
    const table *t = table_read("tests/data/report_interval.csv");
    const char *run = scratch_folder("report-interval");
    char path[1200];
    put_file(run, "job.yaml", JOB);
    snprintf(path, sizeof path, "%s/metrics-cases.csv", run);
    FILE *f = fopen(path, "w");
    fprintf(f, "case,label,dice,hd95_maxdir_mm,volume_reference_mm3,volume_prediction_mm3,volume_error_mm3,state\n");
    for (int i = 0; i < t->rows; i++) fprintf(f, "P%d,tumour,%s,,1,1,0,prediction empty\n", i, table_text(t, i, "dice"));
    fclose(f);
    const char *html = page_of(run, NULL, RP_OK, 0), *at = strstr(html, "How sure the means are");
    double x[4];
    cr_assert(at != NULL);
    for (int i = 0; i < 4; i++) {
        at = strstr(at, "<data value=\"");
        cr_assert(at != NULL);
        x[i] = strtod(at += strlen("<data value=\""), NULL);
    }
    cr_expect_eq(x[0], t->rows);
    cr_expect(near(x[1], table_number(t, 0, "mean"), 1e-14, 0), "%.17g", x[1]);
    /* 2,000 replicates: the ends scatter by some 0.004 */
    cr_expect(near(x[2], table_number(t, 0, "low"), 0, 0.015), "%.17g", x[2]);
    cr_expect(near(x[3], table_number(t, 0, "high"), 0, 0.015), "%.17g", x[3]);
    no_leaks();
}

Test(page, errors_in_the_logs_are_shown)
{
    const char *run = scratch_folder("report-log");
    char out[400];
    put_file(run, "job.yaml", JOB);
    cr_assert_eq(run_command(20, out, sizeof out, "mkdir -p %s/log", run), 0, "%s", out);
    put_file(run, "log/00000.jsonl", "{\"time\":\"t\",\"level\":\"run\",\"rank\":0,\"message\":\"the word \\\"error\\\" alone\"}\n");
    HAS(page_of(run, NULL, RP_OK, 0), "No error stands in the logs (1 files)");
    put_file(run, "log/00001.jsonl", "{\"time\":\"t\",\"level\":\"error\",\"rank\":1,\"message\":\"shard <x> is gone\"}\n");
    HAS(page_of(run, NULL, RP_OK, 0), "shard &lt;x&gt; is gone");
    put_file(run, "log/00002.jsonl", "{\"level\":\"error\", half a li");
    HAS(page_of(run, NULL, RP_OK, 0), "shard &lt;x&gt; is gone"); /* a writer that was killed */
    put_file(run, "log/00002.jsonl", "{\"level\":\"error\", damaged\n");
    page_of(run, NULL, RP_OK, 1);
    no_leaks();
}

static rp_status fail_case(void *arg, const char *name, rp_volume **image, uint8_t **reference, char unit[RP_UNIT_SIZE])
{
    (void)arg, (void)image, (void)reference, (void)unit;
    RP_FAIL(RP_EDATA, "case '%s' is <damaged>", name);
}

Test(page, a_picture_that_cannot_be_made_leaves_its_reason)
{
    const char *run = scratch_folder("report-pictures");
    put_file(run, "job.yaml", JOB);
    put_file(run, "metrics-cases.csv", CASES);
    const rp_report_images images = {.read = fail_case};
    const char *html = page_of(run, &images, RP_OK, 3); /* two of tumour, one of node */
    HAS(html, "No picture: case &#39;P1&#39; is &lt;damaged&gt;.");
    HAS(html, "<b>Best:</b> P1");
    HAS(html, "<b>Worst:</b> P2");
    HAS(html, "HD95 infinite (prediction empty)");
    no_leaks();
}

Test(page, many_cases_stand_on_a_contact_sheet_worst_first)
{
    const char *run = scratch_folder("report-sheet");
    char path[1200];
    put_file(run, "job.yaml", JOB);
    snprintf(path, sizeof path, "%s/metrics-cases.csv", run);
    FILE *f = fopen(path, "w");
    fprintf(f, "case,label,dice,hd95_maxdir_mm,volume_reference_mm3,volume_prediction_mm3,volume_error_mm3,state\n");
    for (int i = 0; i < 100; i++) fprintf(f, "P%02d,tumour,0.%02d,1,1,1,0,ok\n", i, i);
    fclose(f);
    const rp_report_images images = {.read = fail_case};
    const char *html = page_of(run, &images, RP_OK, 3 + 24);
    HAS(html, "<b>Median:</b> P49");
    const char *sheet = strstr(html, "the worst 24 of 100 cases"), *first = strstr(sheet, "<figcaption>P00<br/>"), *last = strstr(sheet, "<figcaption>P23<br/>");
    cr_expect(first && last && first < last && !strstr(sheet, "<figcaption>P24<br/>"));
    no_leaks();
}

/* A run of the program on phantoms. */
static const char *whole_run(void)
{
    const char *folder = scratch_folder("report-run");
    char out[4000], job[3000];
    cr_assert_eq(run_command(60, out, sizeof out, "%s phantom head-neck --patients 12 --out %s/dicom", PROGRAM, folder), 0, "%s", out);
    snprintf(job, sizeof job,
             "cohort: {path: %s/cohort, source: [%s/dicom], ids: keep}\ninputs: [CT]\nlabels: {tumour: GTVp, parotids: \"Parotid*\"}\nmerge: union\nsplit: %s/dicom/split.csv\n"
             "prepare: {spacing: [6, 6, 6]}\nmodel: {features: [4, 8]}\ntrain: {iterations: 4, batch: 2, patch: [16, 16, 16], seed: 3}\nevaluate: {every: 2}\n", folder, folder, folder);
    put_file(folder, "job.yaml", job);
    cr_assert_eq(run_command(120, out, sizeof out, "%s run %s/job.yaml --out %s/run --quiet", PROGRAM, folder, folder), 0, "%s", out);
    return folder;
}

Test(verb, report_shows_a_run_with_pictures_and_the_same_bytes_twice, .timeout = 200)
{
    const char *folder = whole_run();
    char out[4000], page[1200], run[1200];
    snprintf(run, sizeof run, "%s/run", folder);
    snprintf(page, sizeof page, "%s/run/report.html", folder);
    struct stat made;
    cr_expect_eq(stat(page, &made), 0, "the run did not write its report");
    cr_expect_eq(remove(page), 0);
    cr_assert_eq(run_command(60, out, sizeof out, "%s report %s", PROGRAM, run), 0, "%s", out);
    cr_expect(strstr(out, "report.html") != NULL, "%s", out);
    check_page(page, run, ", 0 warnings");
    cr_expect_eq(run_command(60, out, sizeof out, "%s report %s --out %s/second.html && cmp %s %s/second.html", PROGRAM, run, folder, page, folder), 0, "%s", out);
    /* an empty prediction is shown, a damaged one named: exit code 3, and the page is there */
    cr_expect_eq(run_command(60, out, sizeof out, "for f in %s/predictions/*.nii.gz; do echo x >$f; done; rm %s; %s report %s", run, page, PROGRAM, run), 3, "%s", out);
    cr_expect_eq(run_command(20, out, sizeof out, "grep -c \"No picture: \" %s", page), 0, "%s", out);
    /* the cohort is gone: a page all the same */
    cr_expect_eq(run_command(60, out, sizeof out, "mv %s/cohort %s/moved; %s report %s", folder, folder, PROGRAM, run), 0, "%s", out);
    cr_expect_eq(run_command(20, out, sizeof out, "grep -c \"There are no pictures: \" %s", page), 0, "%s", out);
    cr_expect_eq(run_command(20, out, sizeof out, "%s report", PROGRAM), 2, "%s", out);
    cr_expect_eq(run_command(20, out, sizeof out, "%s report %s/nowhere", PROGRAM, folder), 4, "%s", out);
    no_leaks();
}
