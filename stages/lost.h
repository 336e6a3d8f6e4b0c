/* stages/lost.h - lost.csv of a run directory: case,stage,reason, a row for each lost case.
 *
 * Training finds damaged bytes under a sample and adds the case's row.  A resumed start knows the
 * case from its checkpoint and writes no row, so who writes the table anew keeps these rows. */
#pragma once
#include "lib/base/status.h"
#include "lib/base/text.h"

#include <stdbool.h>

#define RP_STAGE_OF_DAMAGE "load" /* column stage of training's rows */

/* Training's rows of the table at path, added to rows; none if the file is not there.  A last line
 * without its end is cut off.  Rank 0.  Errors: RP_EDATA naming file and line, RP_EIO. */
RP_MUST rp_status rp_lost_in_training(const char *path, rp_text *rows);
/* True if training has told of the case: a start that died before its checkpoint. */
RP_MUST rp_status rp_lost_is_told(const char *path, const char *case_name, bool *told);
