/* pipeline/verb_trial.c - radpipe trial: two arms of a screening trial. */
#include "pipeline/trial_policy.h"
#include "pipeline/verb.h"

const char rp_verb_trial_usage[] =
    "usage: radpipe trial --table CSV [--sap YAML | --set KEY=VALUE ...] [--bad-rows stop|skip]\n"
    "                     [--blind SEED] [--out DIR]\n"
    "       radpipe trial --table CSV --policy YAML ... [--against YAML] [--unseen W] [--costs "
    "YAML]\n"
    "                     [--out DIR]\n"
    "       radpipe trial --counts CSV [--method katz|koopman|mn|poisson] [--level 0.95]\n"
    "                     [--margin RATIO] [--bad-rows stop|skip] [--out DIR]\n"
    "\n"
    "Compares the arms of a screening trial, a row an endpoint: counts, rates, ratio and "
    "difference\n"
    "with intervals, p.\n"
    "\n"
    "  --table CSV     a row an examination: arm, and what there is of woman, reader1, reader2,\n"
    "                  consensus, recall, cancer, interval_cancer, invasive (0, 1, empty), "
    "linked,\n"
    "                  interval_months, exclusion, deviation (reasons), and columns of groups\n"
    "  --sap YAML      the analysis plan, fixed beforehand ('radpipe help sap' lists its keys); "
    "its\n"
    "                  date and SHA-256 are printed\n"
    "  --set KEY=VALUE a key of the plan, where there is no file\n"
    "  --bad-rows W    stop at the first malformed row (default), or skip such rows and count "
    "them\n"
    "  --blind SEED    permutes the arms: for trying an analysis before the arms may be seen\n"
    "  --policy YAML   a reading policy replayed over the table (risk_score, ai_raw, reader1, "
    "reader2,\n"
    "                  consensus_recall, cancer); several may be given; jobs/policies has seven,\n"
    "                  'radpipe help policy' lists the keys\n"
    "  --against YAML  the policy to compare with (two readers on every examination)\n"
    "  --unseen W      what consensus decides on examinations that no reader flagged: observed "
    "(the\n"
    "                  column consensus_recall; default), never, always, or a probability\n"
    "  --costs YAML    what a reading, consensus, recall costs and how long it takes\n"
    "  --counts CSV    columns trial, endpoint, x1, n1 (new arm), x0, n0 (control); others are "
    "ignored\n"
    "  --method M      interval of the ratio: katz (log; default), koopman, mn "
    "(Miettinen-Nurminen),\n"
    "                  poisson (exact, given the total)\n"
    "  --margin RATIO  adds one-sided non-inferiority: H0 ratio >= RATIO for outcomes that should "
    "be few\n"
    "                  (RATIO > 1), H0 ratio <= RATIO for those that should be many (RATIO < 1)\n"
    "  --out DIR       also writes trial.csv (17 digits, every count) and trial.R, which "
    "recomputes\n"
    "                  it; of a table also clusters.csv, tests.csv, flow.csv; of policies\n"
    "                  policies.csv and comparison.csv\n"
    "\n"
    "Under mpirun or srun the ranks divide the table (also for --policy): each reads a part of its "
    "bytes and\n"
    "keeps a share of the rows, those of a woman (or other cluster) on one rank.  Output, files "
    "and "
    "errors\n"
    "are those of one rank, byte for byte.\n"
    "\n"
    "example: radpipe trial --table exams.csv --sap plan.yaml --out results\n"
    "         mpirun -n 4 radpipe trial --table exams.csv --out results\n"
    "         radpipe trial --table exams.csv --policy jobs/policies/masai.yaml\n"
    "         radpipe trial --counts two_arm.csv --out masai\n"
    "exit codes: 0 done, 2 wrong use or plan, 3 a malformed table (named by line)\n";

enum { SETS_MAX = 64 };

typedef struct words {
    const char *level, *margin, *bad_rows, *blind, *set[SETS_MAX];
    const char *policy[RP_POLICIES_MAX];
    int sets, policies;
} words;

static rp_status read_counts_options(const words *w, rp_trial_request *r)
{
    RP_NEED(!r->sap && w->sets == 0 && !w->blind && w->policies == 0, RP_EUSE,
            "trial --counts: --sap, --set, --blind and --policy belong to --table");
    if (!r->method) r->method = "katz";
    if (w->level) RP_TRY(rp_option_number("--level", w->level, 0.5, 0.9999, &r->level));
    if (w->margin) RP_TRY(rp_option_number("--margin", w->margin, 0.01, 100, &r->margin));
    RP_NEED(r->margin != 1, RP_EUSE, "--margin 1 is a test of superiority: Fisher's p is that");
    return RP_OK;
}

static rp_status read_table_options(const words *w, rp_trial_request *r)
{
    RP_NEED(
        !r->method && !w->level && !w->margin, RP_EUSE,
        "trial --table: --method, --level and --margin belong to --counts; the plan has them as "
        "keys: --set methods.ratio=..., alpha, margin");
    RP_NEED(w->policies > 0 || (!r->against && !r->unseen && !r->costs), RP_EUSE,
            "trial: --against, --unseen and --costs belong to --policy");
    RP_NEED(w->policies == 0 || !w->blind, RP_EUSE, "trial: --blind has no meaning for policies");
    r->policies = w->policies;
    r->policy = w->policy;
    r->sets = w->sets;
    r->set = w->set;
    if (w->blind) RP_TRY(rp_option_int("--blind", w->blind, 0, INT64_MAX, &r->blind_seed));
    return RP_OK;
}

rp_status rp_verb_trial(int argc, char **argv)
{
    rp_trial_request r = {.level = 0.95, .blind_seed = -1};
    words w = {0};
    const char *word[1];
    int count;
    const rp_option option[] = {
        {.name = "--counts", .value = &r.counts},
        {.name = "--table", .value = &r.table},
        {.name = "--sap", .value = &r.sap},
        {.name = "--set", .many = w.set, .many_max = SETS_MAX, .many_count = &w.sets},
        {.name = "--bad-rows", .value = &w.bad_rows},
        {.name = "--blind", .value = &w.blind},
        {.name = "--policy",
         .many = w.policy,
         .many_max = RP_POLICIES_MAX,
         .many_count = &w.policies},
        {.name = "--against", .value = &r.against},
        {.name = "--unseen", .value = &r.unseen},
        {.name = "--costs", .value = &r.costs},
        {.name = "--method", .value = &r.method},
        {.name = "--level", .value = &w.level},
        {.name = "--margin", .value = &w.margin},
        {.name = "--out", .value = &r.out}};
    RP_TRY(rp_options_read(argc, argv, sizeof option / sizeof *option, option, 0, word, &count));
    RP_NEED(!r.counts != !r.table, RP_EUSE,
            "trial: --table CSV or --counts CSV is needed; 'radpipe help trial' shows the usage");
    RP_TRY(rp_option_bad_rows(w.bad_rows, &r.skip_bad));
    if (r.counts) {
        RP_TRY(read_counts_options(&w, &r));
        return rp_trial_counts(&r);
    }
    RP_TRY(read_table_options(&w, &r));
    return r.policies > 0 ? rp_trial_policies(&r) : rp_trial_table_report(&r);
}
