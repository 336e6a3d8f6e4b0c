/* lib/stats/family_agreement.c - rows of raters who measured the same cases. */
#include "lib/stats/family.h"

#include "lib/stats/agreement.h"

#include <stdio.h>

enum { RATERS_MAX = 256 };

static void add_interval(const rp_interval *ci, const char *low, const char *high, rp_rows *out)
{
    rp_rows_add(out, ci->low, "%s", low);
    rp_rows_add(out, ci->high, "%s", high);
}

rp_status rp_family_agreement(const rp_columns *t, const rp_family_options *o, rp_rows *out)
{
    (void)o; /* nothing to choose: all forms are given */
    const double *x[RATERS_MAX];
    int k = 0;
    for (char name[16]; k < RATERS_MAX; k++) {
        (void)snprintf(name, sizeof name, "r%d", k + 1);
        if (!rp_columns_has(t, name)) break;
        RP_TRY(rp_columns_get(t, name, &x[k]));
    }
    RP_NEED(k >= 2, RP_EDATA, "agreement needs columns r1 and r2, one a rater");
    rp_icc icc[RP_ICC_FORMS];
    RP_TRY(rp_icc_find(t->rows, k, x, icc));
    for (int f = 0; f < RP_ICC_FORMS; f++) {
        const char *name = rp_icc_name((rp_icc_form)f);
        rp_rows_add(out, icc[f].value, "%s_value", name);
        rp_rows_add(out, icc[f].f, "%s_F", name);
        rp_rows_add(out, icc[f].p, "%s_p", name);
        rp_rows_add(out, icc[f].ci.low, "%s_lower95", name);
        rp_rows_add(out, icc[f].ci.high, "%s_upper95", name);
    }
    const rp_ccc ccc = rp_ccc_find(t->rows, x[0], x[1]);
    rp_rows_add(out, ccc.value, "lin_ccc_r1_r2");
    add_interval(&ccc.ci, "lin_ccc_lower", "lin_ccc_upper", out);
    rp_bland_altman ba;
    RP_TRY(rp_bland_altman_find(t->rows, x[0], x[1], &ba));
    rp_rows_put(out, ba.bias, "ba_bias");
    rp_rows_put(out, ba.sd, "ba_sd");
    rp_rows_put(out, ba.low, "ba_loa_lower");
    rp_rows_put(out, ba.high, "ba_loa_upper");
    rp_rows_put(out, rp_within_sd(t->rows, k, x), "within_cv_sd");
    return rp_rows_status(out);
}
