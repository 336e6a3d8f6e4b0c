/* lib/stats/family_detection.c - rows of marks against lesions. */
#include "lib/stats/family.h"

#include "lib/stats/froc.h"

static rp_status add_jafroc(const rp_marks *m, rp_rows *out)
{
    static const struct {
        const char *name;
        bool normals, weighted;
    } kinds[] = {{"jafroc_normals_only", true, false},
                 {"jafroc1_all_cases", false, false},
                 {"wafroc_equal_weights_normals_only", true, true},
                 {"wafroc1_equal_weights_all_cases", false, true}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        rp_value v;
        RP_TRY(rp_jafroc(m, kinds[k].normals, kinds[k].weighted, &v));
        rp_rows_add(out, v, "%s", kinds[k].name);
    }
    return RP_OK;
}

rp_status rp_family_detection(const rp_marks *m, int64_t candidates, rp_rows *out)
{
    RP_AUTO(rp_froc) f = NULL;
    RP_TRY(rp_froc_new(m, &f));
    rp_rows_put(out, (double)m->scans, "scans");
    rp_rows_put(out, (double)m->lesions, "lesions");
    rp_rows_put(out, (double)candidates, "candidates");
    rp_rows_put(out, (double)m->false_positives, "false_positives");
    rp_rows_put(out, (double)m->hits, "lesions_hit");
    rp_rows_put(out, (double)(f->points - 1), "operating_points");
    for (int k = 0; k < RP_CPM_RATES; k++)
        rp_rows_add(out, rp_froc_sensitivity(f, rp_cpm_rates[k]), "sens_at_fp%g", rp_cpm_rates[k]);
    rp_rows_add(out, rp_froc_cpm(f), "cpm");
    RP_TRY(add_jafroc(m, out));
    rp_rows_add(out, rp_froc_average_precision(f), "lesion_average_precision");
    return rp_rows_status(out);
}
