/* pipeline/radiomics_settle.c - settings of radiomics from the keys of a file. */
#include "lib/base/text.h"
#include "pipeline/radiomics_settings.h"

#include <math.h>
#include <string.h>

static rp_status need_whole(const char *name, int count, const double x[])
{
    for (int i = 0; i < count; i++)
        RP_NEED(x[i] == rint(x[i]), RP_EUSE, "%s: %g must be a whole number", name, x[i]);
    return RP_OK;
}

/* Filters that PyRadiomics has, too, with the settings that it has. */
static rp_status check_pyradiomics(const char *name, const rp_filter *f)
{
    RP_NEED(f->kind != RP_FILTER_MEAN && f->kind != RP_FILTER_LAWS && f->kind != RP_FILTER_GABOR &&
                f->kind != RP_FILTER_SIMONCELLI && !f->riesz[0] && !f->riesz[1] && !f->riesz[2],
            RP_EUSE, "%s: filter.kind: PyRadiomics has no such image", name);
    RP_NEED(f->kind != RP_FILTER_WAVELET || (f->level == 1 && f->pooling == RP_POOL_NONE), RP_EUSE,
            "%s: wavelet images of PyRadiomics are of level 1, without pooling", name);
    RP_NEED(f->kind != RP_FILTER_LOG || !f->is_flat, RP_EUSE,
            "%s: the Laplacian of PyRadiomics is in 3D: filter.slices must be false", name);
    return RP_OK;
}

/* Fits into the header of a table. */
static bool is_plain(const char *name)
{
    for (; *name; name++)
        if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
              (*name >= '0' && *name <= '9') || strchr("+-_.", *name)))
            return false;
    return true;
}

static rp_status settle_filter(const char *name, const rp_radiomics_keys *keys,
                               const rp_filter_keys *k, rp_filter *out)
{
    const double whole[] = {k->support, k->energy, k->level, k->riesz[0], k->riesz[1], k->riesz[2]};
    RP_TRY(need_whole(name, sizeof whole / sizeof *whole, whole));
    rp_filter f = {.kind = (rp_filter_kind)k->kind,
                   .is_flat = k->slices,
                   .boundary = (rp_boundary)k->boundary,
                   .pooling = (rp_pooling)k->pooling,
                   .support = (int)k->support,
                   .sigma = k->sigma,
                   .cut = k->cut,
                   .energy = (int)k->energy,
                   .lambda = k->lambda,
                   .gamma = k->gamma,
                   .theta = k->theta,
                   .step = k->step,
                   .all_planes = k->planes && !k->slices,
                   .level = (int)k->level,
                   .map = k->map,
                   .is_integer = keys->is_integer,
                   .as_pyradiomics = keys->names == 1};
    for (int a = 0; a < 3; a++) f.riesz[a] = (int)k->riesz[a];
    RP_NEED(strlen(k->laws) < sizeof f.laws && strlen(k->wavelet) < sizeof f.wavelet &&
                strlen(k->band) < sizeof f.band,
            RP_EUSE, "%s: filter.laws '%s', filter.wavelet '%s', filter.band '%s': one is too long",
            name, k->laws, k->wavelet, k->band);
    rp_text_fit(f.laws, sizeof f.laws, k->laws);
    rp_text_fit(f.wavelet, sizeof f.wavelet, k->wavelet);
    rp_text_fit(f.band, sizeof f.band, k->band);
    RP_NEED(strlen(k->name) < sizeof f.name && is_plain(k->name), RP_EUSE,
            "%s: filter.name '%s': at most %zu letters, digits, +, -, _ and .", name, k->name,
            sizeof f.name - 1);
    rp_text_fit(f.name, sizeof f.name, k->name);
    if (f.as_pyradiomics) RP_TRY(check_pyradiomics(name, &f));
    /* One voxel through the filter says now what a region would say late. */
    const rp_grid one = rp_grid_axial(1, 1, 1, 1, 1, 1);
    double in = 0, response;
    if (rp_filter_apply(&f, &one, &in, &response) == RP_EARG) {
        rp_error why;
        rp_error_take(RP_EARG, &why);
        RP_FAIL(RP_EUSE, "%s: filter: %s", name, why.message);
    }
    *out = f;
    return RP_OK;
}

/* One more image; two of one name would be one row's columns twice. */
static rp_status add_filter(const char *name, const rp_radiomics_keys *keys,
                            const rp_filter_keys *k, rp_radiomics_settings *s)
{
    rp_radiomics_filter *to = &s->filter[s->filters];
    char own[64], other[64];
    RP_NEED(s->filters < RP_RADIOMICS_FILTERS_MAX, RP_EUSE, "%s: filter: more than %d images", name,
            RP_RADIOMICS_FILTERS_MAX);
    RP_TRY(settle_filter(name, keys, k, &to->filter));
    to->width = k->width;
    rp_filter_name(&to->filter, own);
    for (int i = 0; i < s->filters; i++) {
        rp_filter_name(&s->filter[i].filter, other);
        RP_NEED(strcmp(own, other) != 0, RP_EUSE,
                "%s: filter: two images are called '%s'; filter.name tells them apart", name, own);
    }
    s->filters++;
    return RP_OK;
}

/* A band or map that is called 'all' stands for an image each. */
static rp_status expand_filter(const char *name, const rp_radiomics_keys *keys,
                               const rp_filter_keys *k, rp_radiomics_settings *s)
{
    rp_filter_keys one = *k;
    if (k->kind == RP_FILTER_WAVELET && strcmp(k->band, "all") == 0) {
        const int axes = k->slices ? 2 : 3;
        RP_NEED(!k->name[0], RP_EUSE, "%s: filter.name: with band 'all' each image has its own",
                name);
        for (int b = (1 << axes) - 1; b >= 0; b--) { /* HHH first, LLL last */
            for (int a = 0; a < axes; a++) one.band[a] = b >> (axes - 1 - a) & 1 ? 'H' : 'L';
            one.band[axes] = 0;
            RP_TRY(add_filter(name, keys, &one, s));
        }
        return RP_OK;
    }
    const bool has_maps = k->kind == RP_FILTER_LBP3D && k->map == 3;
    for (one.map = has_maps ? 0 : k->map % 3; one.map <= (has_maps ? 2 : k->map % 3); one.map++)
        RP_TRY(add_filter(name, keys, &one, s));
    return RP_OK;
}

static rp_status settle_filters(const char *name, const rp_radiomics_keys *k,
                                rp_radiomics_settings *s)
{
    for (int i = 0; i < (k->filters > 0 ? k->filters : 1); i++)
        RP_TRY(expand_filter(name, k, &k->filter[i], s));
    return RP_OK;
}

rp_status rp_radiomics_settle(const char *name, const rp_radiomics_keys *k,
                              rp_radiomics_settings *out)
{
    static const int order[3] = {0, 1, 3};
    rp_radiomics_settings s = {.min_voxels = k->min_voxels};
    const double whole[] = {k->bins,        k->ivh_bins,      k->levels,
                            k->distance,    k->neighbourhood, k->coarseness,
                            k->repetitions, k->seed,          k->map_radius};
    RP_TRY(need_whole(name, sizeof whole / sizeof *whole, whole));
    memcpy(s.roi.spacing, k->spacing, sizeof s.roi.spacing);
    s.roi.image_order = order[k->image];
    s.roi.mask_order = order[k->mask];
    s.roi.mask_threshold = k->threshold;
    s.roi.is_integer = k->is_integer;
    s.roi.has_zscore = k->is_zscore;
    s.roi.has_range = k->range[0] <= k->range[1];
    s.roi.low = k->range[0];
    s.roi.high = k->range[1];
    s.roi.outliers = k->outliers;
    s.roi.binning = (rp_binning)k->binning;
    s.roi.bins = (int)k->bins;
    s.roi.width = k->width;
    s.roi.max_levels = (int64_t)k->levels;
    s.roi.ivh = (rp_ivh_mode)k->ivh;
    s.roi.ivh_bins = (int)k->ivh_bins;
    s.roi.ivh_width = k->ivh_width;
    s.texture = rp_texture_settings_default();
    s.texture.distance = (int)k->distance;
    s.texture.neighbourhood = (int)k->neighbourhood;
    s.texture.coarseness = (int)k->coarseness;
    s.texture.memory = (int64_t)(k->memory * (1 << 20));
    const bool of[RP_AGGREGATION_COUNT] = {true,      k->slices, k->slices, k->merged, k->merged,
                                           k->volume, k->volume, k->slices, k->merged, k->volume};
    memcpy(s.texture.aggregation, of, sizeof of);
    memcpy(s.families.is_wanted, k->family, sizeof s.families.is_wanted);
    s.is_pyradiomics = k->names == 1;
    RP_TRY(settle_filters(name, k, &s));
    s.pyradiomics = (rp_pyradiomics_settings){.shift = k->shift,
                                              .norm = (rp_norm)k->norm,
                                              .is_flat = k->is_flat,
                                              .memory = s.texture.memory};
    s.perturb = (rp_perturb_settings){.repetitions = (int)k->repetitions,
                                      .rotation = k->rotation,
                                      .translation = k->translation,
                                      .noise = k->noise,
                                      .supervoxel = k->supervoxel,
                                      .seed = (uint64_t)k->seed};
    memcpy(s.image, k->images, sizeof s.image);
    s.map_radius = (int)k->map_radius;
    memcpy(s.map_features, k->map_features, sizeof s.map_features);
    memcpy(s.region, k->regions, sizeof s.region);
    memcpy(s.read, k->read, sizeof s.read);
    *out = s;
    return RP_OK;
}
