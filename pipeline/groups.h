/* pipeline/groups.h - rows of a table by what one of its columns says: the groups of --by. */
#pragma once
#include "io/csv.h"
#include "pipeline/text_codes.h"

typedef struct rp_groups {
    int64_t rows, room;
    int32_t *of;   /* [rows] group of each row */
    int32_t count; /* groups, in natural order of their names; 0 before rp_groups_settle */
    rp_codes names;
    int32_t *code; /* [count] names' code */
} rp_groups;
void rp_groups_clear(rp_groups *g);
/* The next row, by the name of its group.  Errors: RP_EMEM. */
RP_MUST rp_status rp_groups_add(rp_groups *g, const char *name);
/* Behind the last row: groups get their order.
 * Errors: RP_EUSE for over 1000 groups: a column of names or numbers was meant as one of groups.
 * RP_EDATA for a group 'all': that is what all rows together are called. */
RP_MUST rp_status rp_groups_settle(rp_groups *g);
/* All rows of a table at once.  Errors: RP_EDATA too if it has no such column. */
RP_MUST rp_status rp_groups_read(const rp_csv *csv, const char *by, rp_groups *out);
/* Lent until the groups are cleared. */
const char *rp_groups_name(const rp_groups *g, int32_t group);
