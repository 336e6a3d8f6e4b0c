/* pipeline/verb_radiomics.c - radpipe radiomics. */
#include "io/atomic.h"
#include "io/nifti.h"
#include "io/nrrd.h"
#include "lib/radiomics/regrid.h"
#include "pipeline/program.h"
#include "pipeline/radiomics_run.h"
#include "pipeline/verb.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char rp_verb_radiomics_usage[] =
    "usage: radpipe radiomics COHORT --settings S --out DIR [--quiet]\n"
    "       radpipe radiomics --image FILE --mask FILE --settings S --out DIR [--label N] "
    "[--resample]\n"
    "       mpirun -n N radpipe radiomics COHORT ...\n"
    "\n"
    "Computes the features of IBSI for the regions of a cohort, or of one image and mask (NIfTI, "
    "NRRD).\n"
    "Writes into DIR:\n"
    "  features.csv             a row a region and image\n"
    "  features-dictionary.csv  a row a feature\n"
    "  features-missing.csv     why a value is not there\n"
    "  features-steps.csv       what each step of processing left\n"
    "  features.h5              these tables as arrays\n"
    "  features-perturbed.csv, features-robust.csv\n"
    "                           with perturb.repetitions: a row a repetition, and their ICC\n"
    "  maps/IMAGE_NAME.nii.gz   with maps.radius: features of each voxel's neighbourhood (of "
    "files)\n"
    "  settings.yaml            every setting\n"
    "  lost.csv                 regions that could not be read\n"
    "\n"
    "  --settings S    a file (YAML; 'base: pet' builds on a preset) or a preset: ibsi-digital, "
    "ibsi-A,\n"
    "                  ibsi-B, ibsi-C, ibsi-D, ibsi-E, pyradiomics, ct, mr, pet\n"
    "  --out DIR       where the tables go\n"
    "  --label N       voxels of the mask that are the region (default: all that are not 0)\n"
    "  --resample      the mask may lie on another grid than the image: it is put there (linear, "
    "half)\n"
    "\n"
    "example: radpipe radiomics build/sts-cohort --settings pet --out build/features\n";

/* What the command line says. */
typedef struct asked {
    const char *cohort, *image, *mask, *settings, *out;
    int64_t label;
    bool resample;
} asked;

static bool ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

static rp_status read_volume(const char *path, rp_volume **out)
{
    if (ends_with(path, ".nrrd") || ends_with(path, ".nhdr")) return rp_nrrd_read(path, out, NULL);
    RP_NEED(ends_with(path, ".nii") || ends_with(path, ".nii.gz"), RP_EUSE,
            "'%s': must be a .nii, .nii.gz, .nrrd or .nhdr file", path);
    return rp_nifti_read(path, out, NULL);
}

/* Where corners may differ, in voxels: what rounding to float in a header does. */
static const double grid_slack = 1e-2;

static rp_status read_mask(const asked *a, const rp_grid *grid, uint8_t **out)
{
    RP_AUTO(rp_volume) mask = NULL;
    RP_AUTOFREE uint8_t *inside = NULL, *moved = NULL;
    RP_TRY(read_volume(a->mask, &mask));
    const double apart = rp_grid_difference(grid, &mask->grid);
    RP_NEED(apart <= grid_slack || a->resample, RP_EDATA,
            "mask '%s' is not on the image's grid: corners differ by %g voxels (--resample puts "
            "it there)",
            a->mask, apart);
    const int64_t n = rp_grid_voxels(&mask->grid), label = a->label;
    RP_TRY(rp_alloc_raw(n, 1, &inside));
    for (int64_t i = 0; i < n; i++) {
        const double x = rp_volume_value(mask, i);
        inside[i] = label > 0 ? x == (double)label : x != 0;
    }
    if (apart > grid_slack) {
        RP_TRY(rp_alloc_raw(rp_grid_voxels(grid), 1, &moved));
        RP_TRY_IN(rp_regrid_mask(&mask->grid, inside, grid, moved), "mask '%s'", a->mask);
    }
    *out = apart > grid_slack ? RP_TAKE(moved) : RP_TAKE(inside);
    return RP_OK;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static rp_status make_maps(const asked *a, const rp_radiomics_settings *s, const rp_grid *grid,
                           const double image[], const uint8_t mask[])
{
    RP_AUTO(rp_pool) pool = NULL;
    RP_AUTOFREE char *folder = NULL;
    int64_t files;
    RP_TRY(rp_pool_new(rp_program_cores(), &pool));
    RP_TRY(rp_path_join(a->out, "maps", &folder));
    RP_TRY(rp_radiomics_maps(s, grid, image, mask, pool, folder, &files));
    (void)printf("%" PRId64 " maps: %s\n", files, folder);
    return RP_OK;
}

static rp_status of_files(const asked *a, const rp_radiomics_settings *s, rp_radiomics_tables *t)
{
    RP_AUTO(rp_volume) image = NULL;
    RP_AUTOFREE uint8_t *mask = NULL;
    RP_AUTOFREE double *values = NULL;
    rp_radiomics_columns c = {0};
    RP_TRY(read_volume(a->image, &image));
    RP_TRY(read_mask(a, &image->grid, &mask));
    RP_TRY(rp_alloc_raw(rp_grid_voxels(&image->grid), sizeof *values, &values));
    rp_volume_doubles(image, values);
    const char *const name[3] = {base_name(a->image), base_name(a->mask), "image"};
    RP_TRY(rp_radiomics_columns_make(s, &c));
    rp_radiomics_headers(&c, t);
    rp_status st = rp_radiomics_region(s, &c, name, &image->grid, values, mask, t);
    rp_radiomics_columns_clear(&c);
    if (st == RP_OK && s->map_radius > 0) st = make_maps(a, s, &image->grid, values, mask);
    return st;
}

static rp_status of_cohort(const char *path, const char *out, const rp_radiomics_settings *s,
                           const rp_text *settings, rp_radiomics_tables *t, rp_text *lost,
                           int64_t *regions)
{
    RP_AUTO(rp_cohort) cohort = NULL;
    RP_AUTO(rp_pool) pool = NULL;
    rp_status st = rp_cohort_open(path, &cohort);
    if (st == RP_OK) st = rp_pool_new(rp_program_cores(), &pool);
    RP_TRY(rp_comm_agree(rp_comm_world(), st));
    return rp_features_of_cohort(cohort, pool, out, s, settings, regions, t, lost);
}

static rp_status run_with(const asked *a)
{
    static const rp_features_names names = {"settings.yaml", "lost.csv"};
    rp_radiomics_settings s;
    rp_radiomics_tables t = {0};
    RP_TEXT_AUTO resolved = {0}, lost = {0};
    int64_t regions = 1;
    rp_status st = rp_radiomics_settings_read(a->settings, &s, &resolved);
    if (st == RP_OK && a->cohort && s.map_radius > 0)
        st = rp_error_set(RP_EUSE, __FILE__, __LINE__, __func__,
                          "%s: maps.radius: maps are made of --image and --mask, not of cohorts",
                          a->settings);
    st = rp_comm_agree(rp_comm_world(), st);
    if (st == RP_OK)
        st = a->cohort ? of_cohort(a->cohort, a->out, &s, &resolved, &t, &lost, &regions)
                       : of_files(a, &s, &t);
    if (st == RP_OK && rp_comm_rank(rp_comm_world()) == 0) {
        st = rp_features_publish(a->out, &names, &s, &resolved, &t, &lost);
        if (st == RP_OK)
            (void)printf("features of %" PRId64 " regions: %s/features.csv\n", regions, a->out);
    }
    rp_radiomics_tables_clear(&t);
    return rp_comm_agree(rp_comm_world(), st);
}

rp_status rp_verb_radiomics(int argc, char **argv)
{
    asked a = {0};
    const char *label = NULL, *word[1];
    bool quiet = false;
    int words;
    const rp_option option[] = {
        {.name = "--settings", .value = &a.settings}, {.name = "--out", .value = &a.out},
        {.name = "--image", .value = &a.image},       {.name = "--mask", .value = &a.mask},
        {.name = "--label", .value = &label},         {.name = "--resample", .flag = &a.resample},
        {.name = "--quiet", .flag = &quiet}};
    RP_TRY(rp_options_read(argc, argv, 7, option, 1, word, &words));
    RP_NEED(a.settings && a.out && (words == 1) == (!a.image && !a.mask) && !a.image == !a.mask,
            RP_EUSE,
            "radiomics: a cohort, or --image FILE and --mask FILE, then --settings S and --out "
            "DIR; 'radpipe help radiomics' shows the usage");
    if (label) RP_TRY(rp_option_int("--label", label, 1, 1000000, &a.label));
    if (quiet) rp_progress_show(RP_SHOW_QUIET);
    if (words) a.cohort = word[0];
    rp_signals_watch();
    return run_with(&a);
}
