/* pipeline/verb_features.c - radpipe features: tables of radiomics features. */
#include "pipeline/features_request.h"
#include "pipeline/verb.h"

#include <stdio.h>
#include <string.h>

const char rp_verb_features_usage[] =
    "usage: radpipe features robust TABLE TABLE... [--form F] [--threshold X] [--split CSV] [--out "
    "CSV]\n"
    "       radpipe features prune TABLE [--limit X] [--rank] [--robust CSV] [--split CSV] [--out "
    "CSV]\n"
    "       radpipe features select TABLE --chosen CSV [--out CSV]\n"
    "       radpipe features harmonise TABLE --batches CSV --model JSON [...] [--out CSV]\n"
    "       radpipe features harmonise TABLE --batches CSV --apply JSON [--out CSV]\n"
    "\n"
    "Tables are features.csv of 'radpipe radiomics' (case, region, image, then features).\n"
    "\n"
    "tasks\n"
    "  robust     intraclass correlation of each feature over measurements (a table each, or the "
    "rows of\n"
    "             one features-perturbed.csv), all six forms with 95 % intervals, and which are "
    "robust\n"
    "  prune      leaves out features that correlate with one that is kept, the better ICC first\n"
    "  select     one row a region with the chosen columns IMAGE_FEATURE\n"
    "  harmonise  ComBat: fits the effects of batches (centres, scanners) and takes them out; the "
    "model\n"
    "             file is applied to other cases of the same batches\n"
    "\n"
    "options\n"
    "  --split CSV        columns case or patient, and split: fits on its training cases alone\n"
    "  --form F           robust, prune: ICC1, ICC2, ICC3, ICC1k, ICC2k or ICC3k (ICC1)\n"
    "  --threshold X      robust: of the lower end of the interval (0.75)\n"
    "  --limit X          prune: size of a correlation that is too much (0.9)\n"
    "  --rank             prune: Spearman's correlation instead of Pearson's\n"
    "  --robust CSV       prune: what 'robust' wrote; others are left out\n"
    "  --chosen CSV       select: what 'robust' or 'prune' wrote\n"
    "  --batches CSV      harmonise: columns case, batch, and covariates\n"
    "  --covariates A,B   harmonise: columns whose effects stay; texts are categories\n"
    "  --reference B      harmonise: the batch that stays as it is\n"
    "  --mean-only        harmonise: scales stay\n"
    "  --no-bayes         harmonise: each feature by itself, without empirical Bayes\n"
    "  --model JSON       harmonise: fits, and writes the model there\n"
    "  --apply JSON       harmonise: applies that model, fits nothing\n"
    "  --out CSV          write there (atomically) instead of to standard output\n"
    "\n"
    "example: radpipe features robust test/features.csv retest/features.csv --form ICC3 --out "
    "icc.csv\n";

static const struct task {
    const char *name;
    rp_features_task *run;
    int tables; /* most */
} tasks[] = {
    {"robust", rp_features_robust, 64},
    {"prune", rp_features_prune, 1},
    {"select", rp_features_select, 1},
    {"harmonise", rp_features_harmonise, 1},
};
enum { TASKS = sizeof tasks / sizeof *tasks, WORDS_MAX = 65 };

static rp_status find_task(int words, const char *const word[], const struct task **out)
{
    RP_NEED(words >= 1, RP_EUSE,
            "features: robust, prune, select or harmonise; 'radpipe help "
            "features' tells about them");
    int best = 0;
    for (int k = 0; k < TASKS; k++) {
        if (rp_text_distance(word[0], tasks[k].name) < rp_text_distance(word[0], tasks[best].name))
            best = k;
        if (strcmp(tasks[k].name, word[0]) != 0) continue;
        RP_NEED(words >= 2, RP_EUSE, "features %s: name a table", word[0]);
        RP_NEED(words - 1 <= tasks[k].tables, RP_EUSE, "features %s: %d tables, at most %d",
                word[0], words - 1, tasks[k].tables);
        *out = &tasks[k];
        return RP_OK;
    }
    RP_FAIL(RP_EUSE, "features: unknown task '%s'; did you mean '%s'?", word[0], tasks[best].name);
}

static rp_status read_form(const char *text, rp_icc_form *form)
{
    for (int f = 0; f < RP_ICC_FORMS; f++)
        if (strcmp(rp_icc_name((rp_icc_form)f), text) == 0) {
            *form = (rp_icc_form)f;
            return RP_OK;
        }
    RP_FAIL(RP_EUSE, "--form '%s': must be ICC1, ICC2, ICC3, ICC1k, ICC2k or ICC3k", text);
}

static rp_status answer(const struct task *task, int tables, const char *const path[],
                        const char *split, rp_features_request *q, rp_text *out)
{
    RP_AUTO(rp_feature_table) t = NULL;
    RP_AUTOFREE bool *is_train = NULL;
    RP_TRY(rp_feature_table_read(tables, path, &t));
    RP_TRY(rp_alloc(t->subjects, sizeof *is_train, &is_train));
    RP_TRY(rp_feature_split(t, split, is_train));
    q->table = t;
    q->is_train = is_train;
    return task->run(q, out);
}

rp_status rp_verb_features(int argc, char **argv)
{
    rp_features_request q = {.form = RP_ICC1, .threshold = 0.75, .limit = 0.9};
    const char *word[WORDS_MAX], *out_path = NULL, *split = NULL, *form = NULL, *threshold = NULL,
                                 *limit = NULL;
    const rp_option option[] = {
        {.name = "--out", .value = &out_path},
        {.name = "--split", .value = &split},
        {.name = "--form", .value = &form},
        {.name = "--threshold", .value = &threshold},
        {.name = "--limit", .value = &limit},
        {.name = "--rank", .flag = &q.is_rank},
        {.name = "--robust", .value = &q.robust},
        {.name = "--chosen", .value = &q.chosen},
        {.name = "--batches", .value = &q.batches},
        {.name = "--covariates", .value = &q.covariates},
        {.name = "--reference", .value = &q.reference},
        {.name = "--mean-only", .flag = &q.is_mean_only},
        {.name = "--no-bayes", .flag = &q.is_raw},
        {.name = "--model", .value = &q.model},
        {.name = "--apply", .value = &q.apply},
    };
    int words;
    const struct task *task;
    RP_TEXT_AUTO out = {0};
    RP_TRY(rp_options_read(argc, argv, sizeof option / sizeof *option, option, WORDS_MAX, word,
                           &words));
    RP_TRY(find_task(words, word, &task));
    if (form) RP_TRY(read_form(form, &q.form));
    if (threshold) RP_TRY(rp_option_number("--threshold", threshold, -1, 1, &q.threshold));
    if (limit) RP_TRY(rp_option_number("--limit", limit, 0, 1, &q.limit));
    RP_TRY(answer(task, words - 1, word + 1, split, &q, &out));
    return rp_print(out_path, &out);
}
