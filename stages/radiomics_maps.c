/* stages/radiomics_maps.c - features of each voxel's neighbourhood, as NIfTI files.
 */
#include "io/atomic.h"
#include "io/nifti.h"
#include "lib/radiomics/maps.h"
#include "stages/radiomics.h"

#include <math.h>
#include <string.h>

/* The region on one image, ready for maps. */
static rp_status make_region(const rp_radiomics_settings *s, int k, const rp_grid *grid,
                             const double image[], const uint8_t mask[], rp_roi **out)
{
    RP_AUTO(rp_roi) roi = NULL;
    const rp_filter *f = &s->filter[k].filter;
    rp_roi_settings own = s->roi;
    const rp_grid to = {.spacing = {own.spacing[0] > 0 ? own.spacing[0] : grid->spacing[0],
                                    own.spacing[1] > 0 ? own.spacing[1] : grid->spacing[1],
                                    own.spacing[2] > 0 ? own.spacing[2] : grid->spacing[2]}};
    const double margin = rp_filter_margin(f, grid, mask, &to, 0);
    if (s->filter[k].width > 0) own.width = s->filter[k].width;
    RP_TRY(rp_roi_new(grid, image, mask, &own, isinf(margin) ? -1 : margin, &roi));
    if (f->kind != RP_FILTER_NONE) RP_TRY(rp_roi_filter(roi, f));
    rp_roi_resegment(roi, &own);
    RP_TRY(rp_roi_discretise(roi, &own));
    RP_NEED(roi->count > 0 && roi->levels > 0, RP_EDATA,
            "maps: the region is empty, or has no grey levels under these settings");
    *out = RP_TAKE(roi);
    return RP_OK;
}

static rp_status write_map(const rp_roi *roi, const double map[], const char *folder,
                           const char *image, const char *name)
{
    RP_AUTOFREE char *file = NULL, *path = NULL;
    RP_AUTO(rp_volume) v = NULL;
    RP_TRY(rp_format(&file, "%s_%s.nii.gz", image, name));
    RP_TRY(rp_path_join(folder, file, &path));
    RP_TRY(rp_volume_new(&roi->grid, RP_F32, &v));
    for (int64_t i = 0; i < rp_grid_voxels(&roi->grid); i++) ((float *)v->data)[i] = (float)map[i];
    return rp_nifti_write(path, v);
}

/* The wanted maps of one image. */
static rp_status write_image(const rp_radiomics_settings *s, const rp_roi *roi, const char *image,
                             rp_pool *pool, const char *folder, int64_t *files)
{
    const int64_t n = rp_grid_voxels(&roi->grid);
    RP_AUTOFREE double *memory = NULL;
    double *out[RP_MAP_COUNT] = {NULL};
    int64_t wanted = 0;
    for (int i = 0; i < RP_MAP_COUNT; i++) wanted += rp_text_match(s->map_features, rp_map_name(i));
    RP_NEED(wanted > 0, RP_EUSE, "maps.features: no map is called '%s'", s->map_features);
    RP_TRY(rp_alloc_raw(wanted * n, sizeof *memory, &memory));
    for (int i = 0, k = 0; i < RP_MAP_COUNT; i++)
        if (rp_text_match(s->map_features, rp_map_name(i))) out[i] = memory + k++ * n;
    RP_TRY(rp_voxel_maps(roi, s->map_radius, pool, out));
    for (int i = 0; i < RP_MAP_COUNT; i++)
        if (out[i]) {
            RP_TRY(write_map(roi, out[i], folder, image, rp_map_name(i)));
            ++*files;
        }
    return RP_OK;
}

rp_status rp_radiomics_maps(const rp_radiomics_settings *s, const rp_grid *grid,
                            const double image[], const uint8_t mask[], rp_pool *pool,
                            const char *folder, int64_t *files)
{
    *files = 0;
    RP_TRY(rp_path_make_folder(folder));
    for (int k = 0; k < s->filters; k++) {
        RP_AUTO(rp_roi) roi = NULL;
        char name[64];
        rp_filter_name(&s->filter[k].filter, name);
        RP_TRY(make_region(s, k, grid, image, mask, &roi));
        RP_TRY(write_image(s, roi, name[0] ? name : "original", pool, folder, files));
    }
    return RP_OK;
}
