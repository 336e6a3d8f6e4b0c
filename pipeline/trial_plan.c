/* pipeline/trial_plan.c - the keys of a statistical analysis plan, and what follows from them. */
#include "pipeline/trial_plan.h"

#include "io/atomic.h"
#include "lib/base/digest.h"
#include "pipeline/verb.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define AT(member) offsetof(rp_trial_plan, member)

/* A row a line, so that columns can be compared. */
/* clang-format off */
static const rp_key rows[] = {
    {"title", RP_KEY_TEXT, AT(title), "''", 0, 0, NULL, "", true, "what the plan is called"},
    {"version", RP_KEY_TEXT, AT(version), "''", 0, 0, NULL, "", true, "which version of it"},
    {"date", RP_KEY_TEXT, AT(date), "''", 0, 0, NULL, "", true, "when it was fixed"},
    {"arms.new", RP_KEY_TEXT, AT(arms.now), "AI", 0, 0, NULL, "", true, "the column arm in the new arm"},
    {"arms.control", RP_KEY_TEXT, AT(arms.control), "control", 0, 0, NULL, "", true, "the column arm in the control arm"},
    {"population", RP_KEY_CHOICE, AT(population), "randomised", 0, 0, "randomised|modified-itt|per-protocol", "", true, "modified-itt: without an exclusion; per-protocol: nor a deviation (columns of reasons)"},
    {"endpoints", RP_KEY_TEXTS, AT(endpoints), "[]", 0, 0, NULL, "names", true, "endpoints in order; none: all that the table's columns allow"},
    {"primary", RP_KEY_TEXT, AT(primary), "''", 0, 0, NULL, "name", true, "the primary endpoint"},
    {"margin", RP_KEY_NUMBER, AT(margin), "none", 0, 100, "none", "", true, "non-inferiority of the primary endpoint: a ratio, or how much worse a difference may be"},
    {"scale", RP_KEY_CHOICE, AT(scale), "ratio", 0, 0, "ratio|difference", "", true, "what the margin is"},
    {"alpha", RP_KEY_NUMBER, AT(alpha), "0.05", 1e-6, 0.5, NULL, "", true, "error of each test in the order"},
    {"sides", RP_KEY_INT, AT(sides), "2", 1, 2, NULL, "", true, "non-inferiority is one-sided at alpha / sides"},
    {"order", RP_KEY_TEXTS, AT(order), "[]", 0, 0, NULL, "tests", true, "tests, each only if those before it were met: 'ENDPOINT noninferiority' or 'ENDPOINT superiority'"},
    {"methods.ratio", RP_KEY_CHOICE, AT(methods.ratio), "katz", 0, 0, "katz|koopman|mn|poisson", "", true, "interval of the ratio; mn: Miettinen-Nurminen"},
    {"methods.difference", RP_KEY_CHOICE, AT(methods.difference), "newcombe", 0, 0, "newcombe|mn", "", true, "interval of the difference"},
    {"methods.test", RP_KEY_CHOICE, AT(methods.test), "fisher", 0, 0, "fisher|chi2|wald", "", true, "test of superiority; wald: of the log ratio"},
    {"strata", RP_KEY_TEXTS, AT(strata), "[]", 0, 0, NULL, "columns", true, "columns whose combinations are pooled (Mantel-Haenszel)"},
    {"subgroups", RP_KEY_TEXTS, AT(subgroups), "[]", 0, 0, NULL, "columns", true, "columns whose groups are shown, with a test of interaction"},
    {"bands", RP_KEY_MAP, AT(bands), "none", 0, 0, "none", "column: cuts", true, "columns of numbers cut into bands: {age: '50,60,70'}"},
    {"cluster", RP_KEY_TEXT, AT(cluster), "auto", 0, 0, NULL, "column", true, "examinations that belong together; auto: woman, where the table has it; none"},
    {"missing", RP_KEY_CHOICE, AT(missing), "exclude", 0, 0, "exclude|no-event|event|worst|stop", "", true, "missing outcomes; worst: the bad one in the new arm, the good one in control"},
    {"window", RP_KEY_NUMBER, AT(window), "24", 1, 120, NULL, "months", true, "an interval cancer later than that counts for the next round"},
};
/* clang-format on */

static const rp_key_table keys = {"plan", sizeof rows / sizeof *rows, rows};

void rp_trial_plan_help(rp_text *out)
{
    rp_text_add(out, "Keys of a statistical analysis plan (YAML), 'radpipe trial --sap'.\n\n");
    rp_keys_help(&keys, out);
    rp_text_add(out, "\nendpoints\n");
    for (const rp_endpoint *p = rp_endpoints; p->name; p++)
        rp_text_add(out, "  %-18s %s\n", p->name, p->meaning);
}

static rp_status find_endpoint(const char *file, const char *key, const char *name,
                               const rp_endpoint **out)
{
    const char *known[32];
    int n = 0;
    *out = rp_endpoint_find(name);
    if (*out) return RP_OK;
    for (const rp_endpoint *p = rp_endpoints; p->name; p++) known[n++] = p->name;
    RP_FAIL(RP_EUSE, "%s: %s: unknown endpoint '%s'; did you mean '%s'?", file, key, name,
            rp_option_nearest(name, n, known));
}

static rp_status check(const char *file, const rp_trial_plan *p)
{
    const rp_endpoint *e;
    rp_trial_step step[RP_STEPS_MAX];
    rp_trial_factor factor[RP_FACTORS_MAX] = {0};
    int n;
    RP_NEED(strcmp(p->arms.now, p->arms.control) != 0, RP_EUSE, "%s: arms: both are '%s'", file,
            p->arms.now);
    for (int k = 0; k < p->endpoints.count; k++)
        RP_TRY(find_endpoint(file, "endpoints", p->endpoints.item[k], &e));
    if (p->primary[0]) {
        RP_TRY(find_endpoint(file, "primary", p->primary, &e));
        if (p->margin != RP_AUTO_VALUE && strcmp(p->scale, "ratio") == 0)
            RP_NEED(p->margin > 0 && (e->few_is_good ? p->margin > 1 : p->margin < 1), RP_EUSE,
                    "%s: margin: a ratio %s 1, for %s of '%s' is better", file,
                    e->few_is_good ? "above" : "below", e->few_is_good ? "less" : "more", e->name);
        if (p->margin != RP_AUTO_VALUE && strcmp(p->scale, "difference") == 0)
            RP_NEED(p->margin > 0 && p->margin < 1, RP_EUSE,
                    "%s: margin: a difference of shares, above 0 and below 1", file);
    }
    RP_NEED(p->margin == RP_AUTO_VALUE || p->primary[0], RP_EUSE,
            "%s: margin: it belongs to a primary endpoint", file);
    RP_TRY_IN(rp_trial_plan_steps(p, &n, step), "%s", file);
    RP_TRY_IN(rp_trial_plan_factors(p, &n, factor), "%s", file);
    return RP_OK;
}

rp_status rp_trial_plan_read(const char *path, int sets, const char *const set[],
                             rp_trial_plan *out)
{
    RP_TEXT_AUTO text = {0};
    RP_AUTOFREE rp_trial_plan *p = NULL;
    uint8_t digest[RP_DIGEST_BYTES];
    RP_NEED(!path || sets == 0, RP_EUSE, "a plan is fixed: --set goes without --sap");
    RP_TRY(rp_alloc(1, sizeof *p, &p));
    if (path) RP_TRY(rp_file_read(path, 1 << 20, &text));
    const char *name = path ? path : "--set";
    RP_TRY(rp_keys_parse(&keys, name, path ? text.length : 2, path ? rp_text_get(&text) : "{}",
                         sets, set, p));
    RP_TRY(check(name, p));
    if (path) {
        rp_sha256((size_t)text.length, rp_text_get(&text), digest);
        rp_hex(sizeof digest, digest, p->sha256);
    }
    *out = *p;
    return RP_OK;
}

rp_population rp_trial_plan_population(const rp_trial_plan *p)
{
    return p->population[0] == 'r'   ? RP_POPULATION_RANDOMISED
           : p->population[0] == 'm' ? RP_POPULATION_MODIFIED
                                     : RP_POPULATION_PROTOCOL;
}

rp_missing rp_trial_plan_missing(const rp_trial_plan *p, bool *stops)
{
    static const char *const name[] = {"exclude", "no-event", "event", "worst"};
    *stops = strcmp(p->missing, "stop") == 0;
    for (int k = 0; k < 4; k++)
        if (strcmp(p->missing, name[k]) == 0) return (rp_missing)k;
    return RP_MISSING_EXCLUDE;
}

double rp_trial_plan_level(const rp_trial_plan *p) { return 1 - 2 * p->alpha / p->sides; }

static rp_status read_bands(const char *column, const char *text, rp_trial_factor *f)
{
    RP_TRY(rp_option_numbers(column, text, -1e300, 1e300, RP_BANDS_MAX, &f->cuts, f->cut));
    for (int k = 1; k < f->cuts; k++)
        RP_NEED(f->cut[k] > f->cut[k - 1], RP_EUSE, "bands: %s: '%s' does not rise", column, text);
    return RP_OK;
}

static rp_status add_factor(const char *column, int *factors, rp_trial_factor factor[])
{
    for (int k = 0; k < *factors; k++)
        if (strcmp(factor[k].column, column) == 0) return RP_OK;
    RP_NEED(*factors < RP_FACTORS_MAX, RP_EUSE, "strata and subgroups: over %d columns",
            RP_FACTORS_MAX);
    factor[(*factors)++] = (rp_trial_factor){.column = column};
    return RP_OK;
}

rp_status rp_trial_plan_factors(const rp_trial_plan *p, int *factors,
                                rp_trial_factor factor[RP_FACTORS_MAX])
{
    *factors = 0;
    for (int k = 0; k < p->strata.count; k++)
        RP_TRY(add_factor(p->strata.item[k], factors, factor));
    for (int k = 0; k < p->subgroups.count; k++)
        RP_TRY(add_factor(p->subgroups.item[k], factors, factor));
    for (int b = 0; b < p->bands.count; b++) {
        int k = 0;
        while (k < *factors && strcmp(factor[k].column, p->bands.key[b]) != 0) k++;
        RP_NEED(k < *factors, RP_EUSE, "bands: '%s' is neither among the strata nor the subgroups",
                p->bands.key[b]);
        RP_TRY(read_bands(p->bands.key[b], p->bands.value[b], &factor[k]));
    }
    return RP_OK;
}

static rp_status read_step(const char *text, rp_trial_step *out)
{
    char name[RP_KEY_NAME];
    const char *gap = strchr(text, ' ');
    RP_NEED(gap && (strcmp(gap, " noninferiority") == 0 || strcmp(gap, " superiority") == 0),
            RP_EUSE, "order: '%s': must be 'ENDPOINT noninferiority' or 'ENDPOINT superiority'",
            text);
    (void)snprintf(name, sizeof name, "%.*s", (int)(gap - text), text);
    out->is_noninferiority = gap[1] == 'n';
    return find_endpoint("plan", "order", name, &out->endpoint);
}

rp_status rp_trial_plan_steps(const rp_trial_plan *p, int *steps, rp_trial_step step[RP_STEPS_MAX])
{
    *steps = 0;
    for (int k = 0; k < p->order.count; k++) {
        RP_TRY(read_step(p->order.item[k], &step[k]));
        const bool primary = p->primary[0] && strcmp(step[k].endpoint->name, p->primary) == 0;
        RP_NEED(!step[k].is_noninferiority || (primary && p->margin != RP_AUTO_VALUE), RP_EUSE,
                "order: '%s': only the primary endpoint has a margin", p->order.item[k]);
        ++*steps;
    }
    if (*steps > 0 || !p->primary[0]) return RP_OK;
    const rp_endpoint *e = rp_endpoint_find(p->primary);
    if (p->margin != RP_AUTO_VALUE) step[(*steps)++] = (rp_trial_step){e, true};
    step[(*steps)++] = (rp_trial_step){e, false};
    return RP_OK;
}
