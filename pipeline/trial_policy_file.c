/* pipeline/trial_policy_file.c - the keys of reading policies and of costs. */
#include "io/atomic.h"
#include "pipeline/trial_policy.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

typedef struct policy_keys {
    char name[RP_KEY_NAME], about[RP_KEY_NAME];
    char band_score[RP_KEY_NAME], by[RP_KEY_NAME], role[RP_KEY_NAME], ai_score[RP_KEY_NAME],
        safety_score[RP_KEY_NAME];
    rp_key_numbers cuts, readers;
    double threshold, share;
} policy_keys;

#define AT(member) offsetof(policy_keys, member)
#define COST(member) offsetof(rp_policy_costs, member)

/* A row a line, so that columns can be compared. */
/* clang-format off */
static const rp_key policy_rows[] = {
    {"name", RP_KEY_TEXT, AT(name), NULL, 0, 0, NULL, "", true, "what the policy is called"},
    {"about", RP_KEY_TEXT, AT(about), "''", 0, 0, NULL, "", false, "a line about it"},
    {"bands.score", RP_KEY_CHOICE, AT(band_score), "risk_score", 0, 0, "risk_score|ai_raw", "", true, "the column that tells how many read"},
    {"bands.by", RP_KEY_CHOICE, AT(by), "value", 0, 0, "value|share", "", true, "cuts are scores, or shares of the examinations with lower scores (0.9: the top tenth)"},
    {"bands.cuts", RP_KEY_NUMBERS, AT(cuts), "none", -1e300, 1e300, "none", "", true, "rising; a score at a cut belongs to the band above it"},
    {"bands.readers", RP_KEY_NUMBERS, AT(readers), "[2]", 0, 2, NULL, "", true, "readers in each band, the lowest first: one more than cuts"},
    {"ai.role", RP_KEY_CHOICE, AT(role), "none", 0, 0, "none|second-reader|agree", "", true, "a positive stands for the second reader's flag; or: with the reader's flag it recalls, alone it goes to consensus"},
    {"ai.score", RP_KEY_CHOICE, AT(ai_score), "ai_raw", 0, 0, "risk_score|ai_raw", "", true, "the column that is positive"},
    {"ai.threshold", RP_KEY_NUMBER, AT(threshold), "0", -1e300, 1e300, NULL, "", true, "at or above it"},
    {"safety.score", RP_KEY_CHOICE, AT(safety_score), "ai_raw", 0, 0, "risk_score|ai_raw", "", true, "the column of the safety net"},
    {"safety.share", RP_KEY_NUMBER, AT(share), "0", 0, 1, NULL, "", true, "so many of the highest go to consensus whatever the readers say"},
};
static const rp_key cost_rows[] = {
    {"reading", RP_KEY_NUMBER, COST(reading), NULL, 0, 1e9, NULL, "currency", false, "one reading"},
    {"consensus", RP_KEY_NUMBER, COST(consensus), NULL, 0, 1e9, NULL, "currency", false, "one examination in consensus"},
    {"recall", RP_KEY_NUMBER, COST(recall), NULL, 0, 1e9, NULL, "currency", false, "one recall with its work-up"},
    {"ai", RP_KEY_NUMBER, COST(ai), NULL, 0, 1e9, NULL, "currency", false, "the computer on one examination; counted where a policy uses a score"},
    {"minutes.reading", RP_KEY_NUMBER, COST(minutes_reading), NULL, 0, 1e4, NULL, "min", false, "one reading"},
    {"minutes.consensus", RP_KEY_NUMBER, COST(minutes_consensus), NULL, 0, 1e4, NULL, "min", false, "one examination in consensus, all who sit there together"},
};
/* clang-format on */

static const rp_key_table policy_table = {"policy", sizeof policy_rows / sizeof *policy_rows,
                                          policy_rows};
static const rp_key_table cost_table = {"list of costs", sizeof cost_rows / sizeof *cost_rows,
                                        cost_rows};

static rp_policy_score score_of(const char *name)
{
    return strcmp(name, rp_policy_score_name(RP_SCORE_RAW)) == 0 ? RP_SCORE_RAW : RP_SCORE_RISK;
}

static rp_status build(const char *path, const policy_keys *k, rp_policy_file *out)
{
    rp_policy *p = &out->policy;
    RP_NEED(k->readers.count == k->cuts.count + 1 && k->cuts.count <= RP_POLICY_BANDS - 1, RP_EUSE,
            "%s: bands.readers: %d numbers for %d cuts, one more is needed", path, k->readers.count,
            k->cuts.count);
    *p = (rp_policy){.band_score = score_of(k->band_score),
                     .by_share = k->by[0] == 's',
                     .cuts = k->cuts.count,
                     .ai = k->role[0] == 's'   ? RP_AI_SECOND_READER
                           : k->role[0] == 'a' ? RP_AI_AGREE
                                               : RP_AI_NONE,
                     .ai_score = score_of(k->ai_score),
                     .ai_threshold = k->threshold,
                     .safety_share = k->share,
                     .safety_score = score_of(k->safety_score)};
    for (int b = 0; b < k->cuts.count; b++) {
        p->cut[b] = k->cuts.item[b];
        RP_NEED(b == 0 || p->cut[b] > p->cut[b - 1], RP_EUSE, "%s: bands.cuts do not rise", path);
    }
    for (int b = 0; b < k->readers.count; b++) {
        RP_NEED(k->readers.item[b] == rint(k->readers.item[b]), RP_EUSE,
                "%s: bands.readers: %g readers", path, k->readers.item[b]);
        p->readers[b] = (int)k->readers.item[b];
    }
    memcpy(out->name, k->name, sizeof out->name);
    return RP_OK;
}

rp_status rp_policy_file_read(const char *path, rp_policy_file *out)
{
    RP_TEXT_AUTO text = {0};
    RP_AUTOFREE policy_keys *k = NULL;
    RP_TRY(rp_alloc(1, sizeof *k, &k));
    RP_TRY(rp_file_read(path, 1 << 20, &text));
    RP_TRY(rp_keys_parse(&policy_table, path, text.length, rp_text_get(&text), 0, NULL, k));
    return build(path, k, out);
}

rp_status rp_policy_costs_read(const char *path, rp_policy_costs *out)
{
    RP_TEXT_AUTO text = {0};
    RP_TRY(rp_file_read(path, 1 << 20, &text));
    return rp_keys_parse(&cost_table, path, text.length, rp_text_get(&text), 0, NULL, out);
}

void rp_policy_help(rp_text *out)
{
    rp_text_add(out, "Keys of a reading policy (YAML), 'radpipe trial --policy'; jobs/policies has "
                     "examples.\n\n");
    rp_keys_help(&policy_table, out);
    rp_text_add(out, "\nKeys of --costs (YAML)\n\n");
    rp_keys_help(&cost_table, out);
}
