/* pipeline/verb_split.c - radpipe split. */
#include "cohort/split.h"
#include "pipeline/verb.h"

const char rp_verb_split_usage[] =
    "usage: radpipe split COHORT [--out CSV] [--test SHARE] [--validate SHARE] [--folds K --fold "
    "I] [--seed S]\n"
    "\n"
    "Divides the patients of a cohort; all cases of a patient stay together.\n"
    "\n"
    "  --test SHARE       share of patients that test (default 0.2)\n"
    "  --validate SHARE   share that validates during training (default 0)\n"
    "  --folds K --fold I fold I (0 to K - 1) of K tests, the others train\n"
    "  --seed S           default 1; the same seed gives the same split\n"
    "\n"
    "example: radpipe split cohort --out split.csv --test 0.2 --validate 0.1\n";

rp_status rp_verb_split(int argc, char **argv)
{
    const char *out = NULL, *test = NULL, *validate = NULL, *folds = NULL, *fold = NULL,
               *seed = NULL, *word[1];
    int words;
    int64_t k = 0, i = 0, s = 1;
    rp_split_settings set = {.test = 0.2};
    const rp_option option[] = {
        {.name = "--out", .value = &out},           {.name = "--test", .value = &test},
        {.name = "--validate", .value = &validate}, {.name = "--folds", .value = &folds},
        {.name = "--fold", .value = &fold},         {.name = "--seed", .value = &seed}};
    RP_TRY(rp_options_read(argc, argv, 6, option, 1, word, &words));
    RP_NEED(words == 1, RP_EUSE, "split: a cohort is needed");
    if (test) RP_TRY(rp_option_number("--test", test, 0, 1, &set.test));
    if (validate) RP_TRY(rp_option_number("--validate", validate, 0, 1, &set.validate));
    if (folds) RP_TRY(rp_option_int("--folds", folds, 2, 1000, &k));
    if (fold) RP_TRY(rp_option_int("--fold", fold, 0, 999, &i));
    if (seed) RP_TRY(rp_option_int("--seed", seed, 0, 4294967295, &s));
    set.folds = (int)k;
    set.fold = (int)i;
    set.seed = (uint64_t)s;
    RP_AUTO(rp_cohort) c = NULL;
    RP_TEXT_AUTO csv = {0};
    RP_TRY(rp_cohort_open(word[0], &c));
    RP_TRY(rp_split_make(c, &set, &csv));
    return rp_print(out, &csv);
}
