/* pipeline/groups.c - rows of a table by what one of its columns says. */
#include "pipeline/groups.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_GROUPS = 1000 };

void rp_groups_clear(rp_groups *g)
{
    rp_free(g->of);
    rp_free(g->code);
    rp_codes_clear(&g->names);
    *g = (rp_groups){0};
}

rp_status rp_groups_add(rp_groups *g, const char *name)
{
    RP_TRY(rp_grow(g->rows + 1, sizeof *g->of, &g->room, &g->of));
    RP_TRY(rp_codes_put(&g->names, name, &g->of[g->rows]));
    g->rows++;
    return RP_OK;
}

rp_status rp_groups_settle(rp_groups *g)
{
    RP_AUTOFREE int32_t *place = NULL;
    const int64_t count = g->names.count;
    RP_NEED(count <= MAX_GROUPS, RP_EUSE, "--by: the column has %" PRId64 " different values",
            count);
    for (int64_t k = 0; k < count; k++)
        RP_NEED(strcmp(rp_codes_text(&g->names, k), "all") != 0, RP_EDATA,
                "--by: a group is called 'all', as all rows together are");
    RP_TRY(rp_alloc(count, sizeof *place, &place));
    RP_TRY(rp_alloc(count, sizeof *g->code, &g->code));
    RP_TRY(rp_codes_order(&g->names, place));
    for (int32_t k = 0; k < count; k++) g->code[place[k]] = k;
    for (int64_t i = 0; i < g->rows; i++) g->of[i] = place[g->of[i]];
    g->count = (int32_t)count;
    return RP_OK;
}

rp_status rp_groups_read(const rp_csv *csv, const char *by, rp_groups *out)
{
    int column;
    RP_TRY(rp_csv_column(csv, by, &column));
    for (int64_t i = 0; i < rp_csv_rows(csv); i++)
        RP_TRY(rp_groups_add(out, rp_csv_text(csv, i, column)));
    return rp_groups_settle(out);
}

const char *rp_groups_name(const rp_groups *g, int32_t group)
{
    return rp_codes_text(&g->names, g->code[group]);
}
