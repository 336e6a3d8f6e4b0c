/* pipeline/radiomics_keys.c - the one table of the keys of radiomics, and the presets. */
#include "pipeline/radiomics_settings.h"

#include <stddef.h>

#define AT(member) offsetof(rp_radiomics_keys, member)
#define FAMILY(f) AT(family) + (f) * sizeof(bool)
#define FILTER(member) AT(filter) + offsetof(rp_filter_keys, member)

/* clang-format off */
const rp_setting rp_settings[] = {
    {"images", RP_SET_TEXT, AT(images), "'*'", 0, 0, 0, "", "pattern", "volumes whose regions are taken"},
    {"regions", RP_SET_TEXT, AT(regions), "'*'", 0, 0, 0, "", "pattern", "regions that are taken"},
    {"read", RP_SET_TEXT, AT(read), "''", 0, 0, 0, "", "volume", "volume that features are read from, the region resampled onto its grid; empty: the one that the region was drawn on"},
    {"min_voxels", RP_SET_NUMBER, AT(min_voxels), "64", 0, 1e9, 1, "", "voxels", "smaller regions carry a warning"},
    {"interpolate.spacing", RP_SET_NUMBERS, AT(spacing), "[0, 0, 0]", 0, 1000, 3, "", "mm z,y,x", "new spacing; 0 leaves an axis as it is"},
    {"interpolate.image", RP_SET_CHOICE, AT(image), "cubic", 0, 0, 0, "nearest|linear|cubic", "", "how the image is interpolated; cubic: B-spline"},
    {"interpolate.mask", RP_SET_CHOICE, AT(mask), "linear", 0, 0, 0, "nearest|linear", "", "how the mask is interpolated"},
    {"interpolate.threshold", RP_SET_NUMBER, AT(threshold), "0.5", 1e-6, 1, 1, "", "", "part of a voxel that makes it one of the mask"},
    {"intensity.integer", RP_SET_SWITCH, AT(is_integer), "false", 0, 0, 0, "", "", "round before and after interpolation (CT)"},
    {"intensity.zscore", RP_SET_SWITCH, AT(is_zscore), "false", 0, 0, 0, "", "", "subtract the region's mean, divide by its standard deviation"},
    {"filter.kind", RP_SET_CHOICE, FILTER(kind), "none", 0, 0, 0, "none|mean|log|laws|gabor|wavelet|simoncelli|square|squareroot|logarithm|exponential|gradient|lbp2d|lbp3d", "", "filter whose response is read; a list of such sections gives an image each, none: the image itself"},
    {"filter.slices", RP_SET_SWITCH, FILTER(slices), "false", 0, 0, 0, "", "", "in 2D, each slice alone"},
    {"filter.boundary", RP_SET_CHOICE, FILTER(boundary), "mirror", 0, 0, 0, "mirror|zero|nearest|periodic|wrap", "", "what lies beyond the image; wrap: periodic as PyRadiomics has it"},
    {"filter.pooling", RP_SET_CHOICE, FILTER(pooling), "none", 0, 0, 0, "none|mean|max", "", "over turns by right angles (laws, wavelet), over angles (gabor)"},
    {"filter.support", RP_SET_NUMBER, FILTER(support), "5", 1, 255, 1, "", "voxels", "of mean, odd"},
    {"filter.sigma", RP_SET_NUMBER, FILTER(sigma), "2", 1e-3, 1000, 1, "", "mm", "of log and gabor; log is the recursive one under PyRadiomics' names"},
    {"filter.cut", RP_SET_NUMBER, FILTER(cut), "4", 1, 10, 1, "", "sigma", "half width of log's kernel"},
    {"filter.laws", RP_SET_TEXT, FILTER(laws), "L5E5E5", 0, 0, 0, "", "", "kernels along x, y, z"},
    {"filter.energy", RP_SET_NUMBER, FILTER(energy), "7", 0, 100, 1, "", "voxels", "half width of the box over which laws is averaged; 0: none"},
    {"filter.lambda", RP_SET_NUMBER, FILTER(lambda), "2", 1e-3, 1000, 1, "", "mm", "wavelength of gabor"},
    {"filter.gamma", RP_SET_NUMBER, FILTER(gamma), "1.5", 1e-3, 100, 1, "", "", "aspect of gabor"},
    {"filter.theta", RP_SET_NUMBER, FILTER(theta), "0", 0, 360, 1, "", "degrees", "angle of gabor"},
    {"filter.step", RP_SET_NUMBER, FILTER(step), "22.5", 0, 180, 1, "", "degrees", "between gabor's angles; 0: theta alone"},
    {"filter.planes", RP_SET_SWITCH, FILTER(planes), "true", 0, 0, 0, "", "", "gabor in all three sets of planes"},
    {"filter.wavelet", RP_SET_TEXT, FILTER(wavelet), "coif1", 0, 0, 0, "", "", "haar, db2, db3, db4 or coif1"},
    {"filter.band", RP_SET_TEXT, FILTER(band), "LLH", 0, 0, 0, "", "", "L or H along x, y, z; all: an image for each band"},
    {"filter.level", RP_SET_NUMBER, FILTER(level), "1", 1, 10, 1, "", "", "of wavelet and simoncelli"},
    {"filter.riesz", RP_SET_NUMBERS, FILTER(riesz), "[0, 0, 0]", 0, 8, 3, "", "x,y,z", "order of a Riesz transform of the response; 0 0 0: none"},
    {"filter.map", RP_SET_CHOICE, FILTER(map), "all", 0, 0, 0, "m1|m2|k|all", "", "of lbp3d: degree 0, degree 1, kurtosis; all: an image for each"},
    {"filter.name", RP_SET_TEXT, FILTER(name), "''", 0, 0, 0, "", "", "of the image, where kind and size do not tell it from others (letters, digits, + - _ .)"},
    {"filter.width", RP_SET_NUMBER, FILTER(width), "0", 0, 1e9, 1, "", "intensity", "bin width on this image; 0: discretise.width"},
    {"resegment.range", RP_SET_NUMBERS, AT(range), "none", -1e12, 1e12, 2, "none", "intensity", "intensities that stay in the mask, both ends included"},
    {"resegment.outliers", RP_SET_NUMBER, AT(outliers), "0", 0, 100, 1, "", "sd", "distance from the mean beyond which voxels leave the mask; 0: none"},
    {"discretise.method", RP_SET_CHOICE, AT(binning), "fbn", 0, 0, 0, "none|fbn|fbs|fbs0", "", "fixed bin number, fixed bin size (fbs0: edges at its multiples), or levels as they are"},
    {"discretise.bins", RP_SET_NUMBER, AT(bins), "32", 1, 65535, 1, "", "bins", "of fbn"},
    {"discretise.width", RP_SET_NUMBER, AT(width), "25", 1e-9, 1e9, 1, "", "intensity", "of fbs"},
    {"discretise.max_levels", RP_SET_NUMBER, AT(levels), "4096", 1, 65535, 1, "", "levels", "a region with more is given no texture"},
    {"ivh.method", RP_SET_CHOICE, AT(ivh), "none", 0, 0, 0, "none|fbn|fbs", "", "discretisation for the intensity-volume histogram"},
    {"ivh.bins", RP_SET_NUMBER, AT(ivh_bins), "1000", 1, 65535, 1, "", "bins", "of fbn"},
    {"ivh.width", RP_SET_NUMBER, AT(ivh_width), "1", 1e-9, 1e9, 1, "", "intensity", "bin size of fbs, step of none"},
    {"texture.slices", RP_SET_SWITCH, AT(slices), "false", 0, 0, 0, "", "", "2D aggregations: BTW3, SUJT, 8QNN"},
    {"texture.merged", RP_SET_SWITCH, AT(merged), "false", 0, 0, 0, "", "", "2.5D aggregations: JJUI, ZW7Z, 62GR"},
    {"texture.volume", RP_SET_SWITCH, AT(volume), "true", 0, 0, 0, "", "", "3D aggregations: ITBB, IAZD, KOBO"},
    {"texture.distance", RP_SET_NUMBER, AT(distance), "1", 1, 16, 1, "", "voxels", "Chebyshev distance of GLCM pairs"},
    {"texture.neighbourhood", RP_SET_NUMBER, AT(neighbourhood), "1", 1, 8, 1, "", "voxels", "Chebyshev distance of NGTDM and NGLDM"},
    {"texture.coarseness", RP_SET_NUMBER, AT(coarseness), "0", 0, 65535, 1, "", "levels", "levels that differ by at most this depend on each other (NGLDM)"},
    {"texture.memory", RP_SET_NUMBER, AT(memory), "1024", 1, 1e6, 1, "", "MiB", "a region whose matrices need more is given none"},
    {"perturb.repetitions", RP_SET_NUMBER, AT(repetitions), "0", 0, 1000, 1, "", "", "times that each region is perturbed, into features-perturbed.csv"},
    {"perturb.rotation", RP_SET_NUMBER, AT(rotation), "10", 0, 180, 1, "", "degrees", "largest angle about the z axis"},
    {"perturb.translation", RP_SET_NUMBER, AT(translation), "0.5", 0, 100, 1, "", "voxels", "largest shift along each axis"},
    {"perturb.noise", RP_SET_NUMBER, AT(noise), "1", 0, 100, 1, "", "", "times the image's own noise; 0: none"},
    {"perturb.supervoxel", RP_SET_NUMBER, AT(supervoxel), "250", 0, 1e9, 1, "", "mm3", "contours are drawn anew along supervoxels of this size; 0: not"},
    {"perturb.seed", RP_SET_NUMBER, AT(seed), "1", 0, 9e15, 1, "", "", "of the random numbers"},
    {"maps.radius", RP_SET_NUMBER, AT(map_radius), "0", 0, 8, 1, "", "voxels", "half width of the cubes whose features become maps (of files, not cohorts); 0: none"},
    {"maps.features", RP_SET_TEXT, AT(map_features), "'*'", 0, 0, 0, "", "pattern", "maps that are made: firstorder_*, glcm_*"},
    {"names", RP_SET_CHOICE, AT(names), "ibsi", 0, 0, 0, "ibsi|pyradiomics", "", "which features, under whose names"},
    {"pyradiomics.shift", RP_SET_NUMBER, AT(shift), "0", -1e9, 1e9, 1, "", "intensity", "added before Energy, TotalEnergy, RootMeanSquared (voxelArrayShift)"},
    {"pyradiomics.force2d", RP_SET_SWITCH, AT(is_flat), "false", 0, 0, 0, "", "", "matrices of slices, merged over them; features of shape2D"},
    {"pyradiomics.weighting", RP_SET_CHOICE, AT(norm), "none", 0, 0, 0, "none|no_weighting|manhattan|euclidean|infinity", "", "directions merged before the features, weighted by a norm of their step (weightingNorm)"},
    {"families.morphology", RP_SET_SWITCH, FAMILY(RP_MORPHOLOGY), "true", 0, 0, 0, "", "", "shape"},
    {"families.local", RP_SET_SWITCH, FAMILY(RP_LOCAL), "true", 0, 0, 0, "", "", "local intensity peaks"},
    {"families.statistics", RP_SET_SWITCH, FAMILY(RP_STATISTICS), "true", 0, 0, 0, "", "", "intensity statistics"},
    {"families.histogram", RP_SET_SWITCH, FAMILY(RP_HISTOGRAM), "true", 0, 0, 0, "", "", "intensity histogram"},
    {"families.ivh", RP_SET_SWITCH, FAMILY(RP_IVH), "true", 0, 0, 0, "", "", "intensity-volume histogram"},
    {"families.glcm", RP_SET_SWITCH, FAMILY(RP_GLCM), "true", 0, 0, 0, "", "", "co-occurrence of levels"},
    {"families.glrlm", RP_SET_SWITCH, FAMILY(RP_GLRLM), "true", 0, 0, 0, "", "", "run lengths"},
    {"families.glszm", RP_SET_SWITCH, FAMILY(RP_GLSZM), "true", 0, 0, 0, "", "", "zones by size"},
    {"families.gldzm", RP_SET_SWITCH, FAMILY(RP_GLDZM), "true", 0, 0, 0, "", "", "zones by distance from the border"},
    {"families.ngtdm", RP_SET_SWITCH, FAMILY(RP_NGTDM), "true", 0, 0, 0, "", "", "differences from the neighbourhood"},
    {"families.ngldm", RP_SET_SWITCH, FAMILY(RP_NGLDM), "true", 0, 0, 0, "", "", "dependence on the neighbourhood"},
};
const int rp_settings_count = sizeof rp_settings / sizeof *rp_settings;

#define CT "interpolate: {spacing: [2, 2, 2], image: "

const rp_preset rp_presets[] = {
    {"ibsi-digital", "the digital phantom of IBSI", "discretise: {method: none}\n"
     "intensity: {integer: true}\nmin_voxels: 0\ntexture: {slices: true, merged: true}\n"},
    {"ibsi-A", "configuration A of IBSI's CT phantom", "intensity: {integer: true}\nresegment: {range: [-500, 400]}\n"
     "discretise: {method: fbs, width: 25}\ntexture: {slices: true, merged: true, volume: false}\n"},
    {"ibsi-B", "configuration B", "intensity: {integer: true}\ninterpolate: {spacing: [0, 2, 2], image: linear}\n"
     "resegment: {range: [-500, 400]}\ntexture: {slices: true, merged: true, volume: false}\n"},
    {"ibsi-C", "configuration C", "intensity: {integer: true}\n" CT "linear}\nresegment: {range: [-1000, 400]}\n"
     "discretise: {method: fbs, width: 25}\nivh: {method: fbs, width: 2.5}\n"},
    {"ibsi-D", "configuration D", "intensity: {integer: true}\n" CT "linear}\nresegment: {outliers: 3}\n"},
    {"ibsi-E", "configuration E", "intensity: {integer: true}\n" CT "cubic}\nresegment: {range: [-1000, 400], outliers: 3}\n"
     "ivh: {method: fbn, bins: 1000}\n"},
    {"pyradiomics", "PyRadiomics' features with its standard settings: no interpolation, bins of 25", "names: pyradiomics\n"
     "discretise: {method: fbs0, width: 25}\nmin_voxels: 0\nfilter: {boundary: wrap}\n"},
    {"ct", "CT: 1 mm, -1000 to 400 HU, bins of 25 HU", "intensity: {integer: true}\ninterpolate: {spacing: [1, 1, 1]}\n"
     "resegment: {range: [-1000, 400]}\ndiscretise: {method: fbs, width: 25}\n"},
    {"mr", "MR: 1 mm, z-score in the region, outliers at 3 sd, 32 bins", "interpolate: {spacing: [1, 1, 1]}\n"
     "intensity: {zscore: true}\nresegment: {outliers: 3}\nivh: {method: fbn}\n"},
    {"pet", "PET in SUV: 3 mm, bins of 0.25 from 0", "interpolate: {spacing: [3, 3, 3]}\n"
     "resegment: {range: [0, 1000]}\ndiscretise: {method: fbs, width: 0.25}\nivh: {method: fbn}\n"},
};
/* clang-format on */
const int rp_presets_count = sizeof rp_presets / sizeof *rp_presets;
