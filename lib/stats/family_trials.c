/* lib/stats/family_trials.c - rows of one comparison of two arms, and of one proportion. */
#include "lib/stats/family.h"

#include "lib/stats/two_arm.h"

static void add(rp_rows *out, const rp_interval *ci, const char *name)
{
    rp_rows_add(out, ci->low, "%s_lo", name);
    rp_rows_add(out, ci->high, "%s_hi", name);
}

rp_status rp_family_two_arm(int64_t x1, int64_t n1, int64_t x0, int64_t n0, rp_rows *out)
{
    const rp_counts c = {x1, n1, x0, n0};
    const double level = 0.95;
    rp_two_arm_p p;
    rp_interval ci;
    RP_TRY(rp_two_arm_test(&c, &p));
    rp_rows_add(out, rp_two_arm_ratio(&c), "ratio");
    ci = rp_ratio_katz(&c, level);
    add(out, &ci, "katz");
    RP_TRY(rp_ratio_score(&c, false, level, &ci));
    add(out, &ci, "koopman");
    RP_TRY(rp_ratio_score(&c, true, level, &ci));
    add(out, &ci, "miettinen_nurminen");
    RP_TRY(rp_ratio_poisson(&c, level, &ci));
    add(out, &ci, "poisson_exact");
    rp_rows_put(out, p.fisher, "p_fisher");
    rp_rows_add(out, p.chi2, "p_chi2");
    rp_rows_add(out, p.chi2_yates, "p_chi2_yates");
    rp_rows_add(out, p.wald_log, "p_wald_log");
    rp_rows_add(out, p.z_unpooled, "p_z_unpooled");
    rp_rows_add(out, p.g_test, "p_g_test");
    RP_TRY(rp_difference_newcombe(&c, level, &ci));
    add(out, &ci, "diff_newcombe");
    RP_TRY(rp_difference_score(&c, level, &ci));
    add(out, &ci, "diff_mn");
    return rp_rows_status(out);
}

rp_status rp_family_one_arm(int64_t x, int64_t n, rp_rows *out)
{
    static const rp_proportion_method method[] = {RP_CLOPPER_PEARSON, RP_WILSON, RP_WALD,
                                                  RP_AGRESTI_COULL, RP_JEFFREYS};
    rp_rows_add(out, rp_value_ratio((double)x, (double)n, "no cases"), "proportion");
    for (size_t k = 0; k < sizeof method / sizeof *method; k++) {
        rp_interval ci;
        RP_TRY(rp_proportion_interval(method[k], x, n, 0.95, &ci));
        add(out, &ci, rp_proportion_name(method[k]));
    }
    return rp_rows_status(out);
}
