/* lib/stats/family_classification_priv.h - what the classification family's files share. */
#pragma once
#include "lib/stats/family.h"

/* Rows of y (0, 1, 2, ...), predicted or p0, p1, ...: a column a class. */
RP_MUST rp_status rp_family_multiclass(const rp_columns *t, rp_rows *out);
