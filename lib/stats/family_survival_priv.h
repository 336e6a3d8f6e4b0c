/* lib/stats/family_survival_priv.h - what the survival family's files share. */
#pragma once
#include "lib/stats/cox.h"
#include "lib/stats/family.h"
#include "lib/stats/lives.h"

/* Rows of columns risk and p_surv<horizon>, where they are there. */
RP_MUST rp_status rp_family_survival_scores(const rp_columns *t, const rp_family_options *o,
                                            const rp_lives *l, rp_rows *out);
/* Rows of predicted survival at the horizon: observed over expected, slope, fifths of predicted
 * risk.  Observed risk: product limit, log-log interval.  Groups are right-closed between type-7
 * quantiles.
 * Source: D. J. McLernon et al., Ann. Intern. Med. 176 (2023) 105. */
RP_MUST rp_status rp_family_survival_calibration(double horizon, const rp_lives *l,
                                                 const double surv[], rp_rows *out);
/* Integrated Brier scores of a fit and of the Kaplan-Meier curve over the event times up to the
 * limit. */
RP_MUST rp_status rp_family_survival_integrals(const rp_family_options *o, const rp_lives *l,
                                               const rp_cox *fit, const double *const x[],
                                               rp_rows *out);
