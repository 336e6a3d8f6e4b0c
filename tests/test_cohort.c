/* tests/test_cohort.c - ingest, privacy, splits, preparation and the sample stream. */
#include "cohort/cohort.h"
#include "cohort/pseudonym.h"
#include "cohort/series.h"
#include "cohort/stream.h"
#include "io/journal.h"
#include "io/nifti.h"
#include "mpi/farm.h"
#include "lib/base/random.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PROGRAM build_path("radpipe")

/* Six phantoms and a key, made once. */
static const char *phantoms(void)
{
    static const char *folder;
    if (folder) return folder;
    char out[4000], path[1000];
    struct stat st;
    folder = build_path("scratch/phantoms");
    snprintf(path, sizeof path, "%s/key", folder);
    if (stat(path, &st) == 0) return folder;
    cr_assert_eq(run_command(60, out, sizeof out, "rm -rf %s && mkdir -p %s && %s phantom head-neck --patients 6 --seed 5 --out %s/dicom", folder, folder, PROGRAM, folder), 0, "%s", out);
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 32; i++) fprintf(f, "%02x", i * 7 % 256);
    fclose(f);
    return folder;
}

static int ingest(int ranks, const char *out_folder, const char *source, char *out, size_t size)
{
    return run_command(100, out, size, "rm -rf %s %s.private; mpirun --bind-to none -n %d %s ingest %s --out %s --key %s/key --quiet --shard-size 0.001", out_folder, out_folder, ranks, PROGRAM,
                       source, out_folder, phantoms());
}

static const char *cohort_of(int ranks)
{
    static char path[8][600];
    char out[4000], source[600];
    snprintf(path[ranks], 600, "%s/cohort%d", phantoms(), ranks);
    snprintf(source, sizeof source, "%s/dicom", phantoms());
    cr_assert_eq(ingest(ranks, path[ranks], source, out, sizeof out), 0, "%s", out);
    return path[ranks];
}

Test(ingest, same_key_gives_the_same_bytes_on_1_2_and_5_ranks, .timeout = 120)
{
    char out[4000];
    const char *one = cohort_of(1);
    for (int ranks = 2; ranks <= 5; ranks += 3) cr_expect_eq(run_command(30, out, sizeof out, "diff -r %s %s", one, cohort_of(ranks)), 0, "%d ranks: %s", ranks, out);
    cr_expect_eq(run_command(30, out, sizeof out, "ls %s/shards | wc -l", one), 0);
    cr_expect_gt(atoi(out), 1, "several shards");
    cr_expect_eq(run_command(30, out, sizeof out, "%s verify %s", PROGRAM, one), 0, "%s", out);
}

/* Everything that a header says of a patient, from the files themselves. */
static int identifiers(char list[][80], int most)
{
    char out[60000];
    int n = 0;
    cr_assert_eq(run_command(60, out, sizeof out,
                             "for d in %s/dicom/*/; do for f in $d/RS.dcm $d/CT/0001.dcm $d/CT/0017.dcm; do "
                             "dcmdump +P 0010,0010 +P 0010,0020 +P 0010,0030 +P 0008,0020 +P 0020,000d +P 0020,000e +P 0020,0052 +P 0008,0018 $f | sed -n \"s/.*\\[\\(.*\\)\\].*/\\1/p\"; done; done | sort -u",
                             phantoms()), 0, "%s", out);
    for (char *p = out; *p && n < most;) {
        const size_t m = strcspn(p, "\n");
        if (m > 3 && m < 79) snprintf(list[n++], 80, "%.*s", (int)m, p);
        char *caret = n ? strchr(list[n - 1], '^') : NULL;
        if (caret && n < most) { /* the family name alone */
            memcpy(list[n], list[n - 1], (size_t)(caret - list[n - 1]));
            n++;
        }
        p += m + (p[m] == '\n');
    }
    return n;
}

static void expect_absent(const char *what, const char *bytes, size_t size, char list[][80], int n)
{
    for (int i = 0; i < n; i++) cr_expect_null(memmem(bytes, size, list[i], strlen(list[i])), "'%s' stands in %s", list[i], what);
}

Test(privacy, no_identifier_of_the_source_is_in_any_byte_of_the_cohort, .timeout = 120)
{
    static char list[400][80];
    if (run_command(10, NULL, 0, "command -v dcmdump >/dev/null") != 0) skip_test("dcmdump is not installed");
    const int n = identifiers(list, 400);
    cr_assert_gt(n, 30, "%d identifiers found", n);
    const char *cohort = cohort_of(2);
    char names[20000], path[1500];
    run_command(20, names, sizeof names, "cd %s && find . -type f", cohort);
    int shards = 0;
    for (char *p = strtok(names, "\n"); p; p = strtok(NULL, "\n")) {
        size_t size;
        snprintf(path, sizeof path, "%s/%s", cohort, p);
        char *bytes = file_read(path, &size);
        expect_absent(p, bytes, size, list, n);
        expect_absent("a file's name", p, strlen(p), list, n);
        free(bytes);
        if (!strstr(p, ".h5")) continue;
        shards++;
        rp_shard *s = NULL;
        cr_assert_eq(rp_shard_open(path, &s), RP_OK);
        for (int64_t i = 0; i < rp_shard_datasets(s); i++) {
            const rp_shard_info *info;
            rp_volume *v = NULL;
            cr_assert_eq(rp_shard_at(s, i, &info), RP_OK);
            expect_absent("a dataset's name", info->dataset, strlen(info->dataset), list, n);
            cr_assert_eq(rp_shard_read_volume(s, i, &v), RP_OK);
            expect_absent(info->dataset, v->data, (size_t)rp_grid_voxels(&v->grid) * rp_dtype_size(v->dtype), list, n);
            rp_volume_drop(&v);
        }
        rp_shard_drop(&s);
    }
    cr_expect_gt(shards, 1);
    /* the search finds what is there: the private map holds the identifiers */
    snprintf(path, sizeof path, "%s.private/map.csv", cohort);
    size_t size;
    char *map = file_read(path, &size);
    int found = 0;
    for (int i = 0; i < n; i++) found += memmem(map, size, list[i], strlen(list[i])) != NULL;
    cr_expect_geq(found, 6);
    run_command(10, names, sizeof names, "stat -c %%a %s.private", cohort);
    cr_expect(strncmp(names, "700", 3) == 0, "%s", names);
}

Test(privacy, names_of_regions_lose_identifiers)
{
    char clean[RP_NAME_SIZE];
    rp_clean_name("GTV p/1 \xC3\xA9", clean);
    cr_expect_str_eq(clean, "GTV_p_1___");
    rp_clean_name("..", clean);
    cr_expect_str_eq(clean, "unnamed");
    cr_expect(rp_holds_identifier("tumour of Abendroth", "Abendroth^Anna"));
    cr_expect(rp_holds_identifier("ANNA_left", "Abendroth^Anna"));
    cr_expect(!rp_holds_identifier("GTVp", "Abendroth^Anna"));
    const rp_naming a = {.key = {1}}, b = {.key = {2}};
    char one[RP_NAME_SIZE], two[RP_NAME_SIZE];
    rp_naming_patient(&a, "PAT001", one);
    rp_naming_patient(&a, " PAT001 ", two);
    cr_expect_str_eq(one, two, "blanks at the ends do not make another patient");
    rp_naming_patient(&b, "PAT001", two);
    cr_expect_str_neq(one, two);
}

static void edit(const char *folder, const char *files, const char *options)
{
    char out[4000];
    cr_assert_eq(run_command(60, out, sizeof out, "cd %s && dcmodify -nb %s %s", folder, options, files), 0, "%s", out);
}

Test(ingest, series_with_faults_are_left_out_with_the_reason_and_the_flow_adds_up, .timeout = 120)
{
    if (run_command(10, NULL, 0, "command -v dcmodify >/dev/null") != 0) skip_test("dcmodify is not installed");
    const char *folder = scratch_folder("faults");
    char out[8000], source[1000], cohort[1000];
    snprintf(source, sizeof source, "%s/dicom", folder);
    snprintf(cohort, sizeof cohort, "%s/cohort", folder);
    cr_assert_eq(run_command(60, out, sizeof out, "cp -r %s/dicom %s/dicom; rm %s/dicom/split.csv; i=0; for d in %s/dicom/*/; do mv $d %s/dicom/p$i; i=$((i+1)); done", phantoms(), folder, folder, folder, folder), 0, "%s", out);
    run_command(20, out, sizeof out, "rm %s/p0/CT/0020.dcm", source);                            /* a slice is missing */
    edit(source, "p1/CT/*.dcm", "-m \"0020,0037=1\\\\0\\\\0\\\\0\\\\0.9659258\\\\0.258819\"");       /* a tilted gantry */
    edit(source, "p2/CT/0011.dcm", "-m \"0028,1053=0\"");                                        /* slope 0 */
    run_command(20, out, sizeof out, "truncate -s 3000 %s/p3/CT/0007.dcm", source);              /* cut off */
    edit(source, "p4/RS.dcm", "-m \"(3006,0010)[0].(3006,0012)[0].(3006,0014)[0].(0020,000e)=1.2.3\""); /* another series */
    run_command(20, out, sizeof out, "cp %s/p5/CT/0001.dcm %s/p5/CT/again.dcm; ln -s . %s/p5/loop; mkfifo %s/p5/pipe; echo hello > %s/p5/notes.txt", source, source, source, source, source);
    cr_assert_eq(ingest(2, cohort, source, out, sizeof out), 0, "%s", out);
    char quarantine[8000];
    run_command(20, quarantine, sizeof quarantine, "cat %s/quarantine.csv", cohort);
    static const char *const reasons[] = {"missing slices", "gantry tilt", "rescale slope 0", "refers to a series that is not there", "the same object twice", "not a regular file", "folder seen before", "not a DICOM image"};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) cr_expect(strstr(quarantine, reasons[i]) != NULL, "%s: %s", reasons[i], quarantine);
    /* found = left out + kept at each level */
    cr_expect_eq(run_command(20, out, sizeof out, "awk -F, \"NR>1{if(\\$2==\\\"found\\\")f[\\$1]+=\\$3;else s[\\$1]+=\\$3}END{for(k in f)if(f[k]!=s[k]){print k,f[k],s[k];bad=1}exit bad}\" %s/flow.csv", cohort), 0, "%s", out);
}

Test(ingest, a_start_that_was_killed_goes_on_to_the_same_bytes, .timeout = 120)
{
    const char *folder = scratch_folder("killed");
    char out[4000];
    const char *whole = cohort_of(1);
    for (int tenths = 3; tenths <= 9; tenths += 3) {
        run_command(60, out, sizeof out, "rm -rf %s/c %s/c.private; timeout -s KILL 0.%d %s ingest %s/dicom --out %s/c --key %s/key --quiet --shard-size 0.001; true", folder, folder, tenths, PROGRAM, phantoms(), folder, phantoms());
        cr_expect_eq(run_command(60, out, sizeof out, "%s ingest %s/dicom --out %s/c --key %s/key --quiet --shard-size 0.001", PROGRAM, phantoms(), folder, phantoms()), 0, "%s", out);
        cr_expect_eq(run_command(30, out, sizeof out, "diff -r %s %s/c", whole, folder), 0, "%s", out);
    }
    cr_expect_eq(run_command(60, out, sizeof out, "%s ingest %s/dicom --out %s/c --ids keep", PROGRAM, phantoms(), folder), 2, "%s", out);
    cr_expect(strstr(out, "other sources or settings") != NULL, "%s", out);
}

static rp_status find_crash(void *arg, uint32_t kind, int64_t n, const void *payload, int64_t at)
{
    (void)n;
    (void)payload;
    (void)at;
    *(int *)arg += kind == RP_FARM_CRASH;
    return RP_OK;
}

Test(ingest, a_crash_is_noted_in_the_journal_and_the_next_start_goes_on, .timeout = 120)
{
    const char *folder = scratch_folder("crashed");
    char out[4000], names[4000];
    cr_assert_eq(run_command(60, out, sizeof out, "%s phantom head-neck-large --patients 8 --out %s/dicom", PROGRAM, folder), 0, "%s", out);
    run_command(60, out, sizeof out, "%s ingest %s/dicom --out %s/c --key %s/key --quiet & p=$!; for i in $(seq 2000); do ls %s/c/journal/cases-* >/dev/null 2>&1 && break; sleep 0.005; done; kill -SEGV $p; wait $p; true",
                PROGRAM, folder, folder, phantoms(), folder);
    run_command(60, names, sizeof names, "ls %s/c/journal/cases-*.journal %s/c/journal/headers-*.journal 2>/dev/null", folder, folder);
    int crashes = 0;
    for (char *p = strtok(names, "\n"); p; p = strtok(NULL, "\n")) cr_assert_eq(rp_journal_replay(p, find_crash, &crashes, NULL), RP_OK);
    cr_expect_eq(crashes, 1);
    cr_expect_eq(run_command(100, out, sizeof out, "%s ingest %s/dicom --out %s/c --key %s/key --quiet && %s verify %s/c", PROGRAM, folder, folder, phantoms(), PROGRAM, folder), 0, "%s", out);
}

Test(ingest, two_patients_that_would_share_a_name_are_refused)
{
    const char *folder = scratch_folder("cohort-names");
    char out[4000], path[600];
    rp_grid g = rp_grid_axial(3, 4, 5, 2, 1, 1);
    rp_volume *v = NULL;
    cr_assert_eq(rp_volume_new(&g, RP_I16, &v), RP_OK);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s.nii", folder, i ? "case_1" : "case 1");
        cr_assert_eq(rp_nifti_write(path, v), RP_OK, "%s", rp_error_message());
    }
    rp_volume_drop(&v);
    cr_expect_eq(run_command(60, out, sizeof out, "%s ingest %s --out %s/c --ids keep", PROGRAM, folder, folder), 3, "%s", out);
    cr_expect(strstr(out, "case_1") && strstr(out, "keyed"), "%s", out);
    cr_expect_eq(run_command(60, out, sizeof out, "%s ingest %s --out %s/d --key %s/key", PROGRAM, folder, folder, phantoms()), 0, "%s", out);
}

Test(verify, any_flipped_bit_of_a_cohort_is_named, .timeout = 120)
{
    const char *cohort = cohort_of(1);
    const char *folder = scratch_folder("flipped");
    char out[4000];
    cr_assert_eq(run_command(30, out, sizeof out, "cp -r %s %s/c", cohort, folder), 0);
    static const char *const files[] = {"shards/00000.h5", "volumes.csv", "regions.csv", "table.csv"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        run_command(30, out, sizeof out, "f=%s/c/%s; n=$(stat -c %%s $f); cp $f %s/keep; printf \"\\xA5\" | dd of=$f bs=1 seek=$((n/3)) conv=notrunc status=none", folder, files[i], folder);
        cr_expect_eq(run_command(30, out, sizeof out, "%s verify %s/c", PROGRAM, folder), 3, "%s: %s", files[i], out);
        cr_expect(strstr(out, files[i]) != NULL, "%s: %s", files[i], out);
        if (i == 1 || i == 2) { /* tables that a job reads are not read damaged */
            cr_expect_eq(run_command(30, out, sizeof out, "%s info %s/c", PROGRAM, folder), 3, "%s", out);
            cr_expect(strstr(out, files[i]) && strstr(out, "changed or damaged"), "%s", out);
        }
        run_command(30, out, sizeof out, "cp %s/keep %s/c/%s", folder, folder, files[i]);
    }
    cr_expect_eq(run_command(30, out, sizeof out, "%s verify %s/c", PROGRAM, folder), 0, "%s", out);
    run_command(30, out, sizeof out, "truncate -s -5 %s/c/shards/00001.h5", folder);
    cr_expect_eq(run_command(30, out, sizeof out, "%s verify %s/c", PROGRAM, folder), 3, "%s", out);
}

Test(sts, all_66_masks_of_the_structure_sets_equal_the_published_ones, .timeout = 300)
{
    const char *source = shared_path("data/sts/PET.tar.xz");
    if (!source) skip_test("../shared/data/sts is not there");
    char out[4000], path[1000];
    const char *folder = build_path("scratch/sts");
    char root[900];
    snprintf(root, sizeof root, "%.*s", (int)(strlen(source) - strlen("/PET.tar.xz")), source);
    cr_assert_eq(run_command(120, out, sizeof out, "mkdir -p %s && tools/sts %s %s/data", folder, root, folder), 0, "%s", out);
    cr_assert_eq(run_command(200, out, sizeof out, "rm -rf %s/cohort %s/cohort.private; mpirun --bind-to none -n 2 %s ingest %s/data --out %s/cohort --ids keep --quiet", folder, folder, PROGRAM, folder, folder), 0, "%s", out);
    snprintf(path, sizeof path, "%s/cohort", folder);
    rp_cohort *c = NULL;
    cr_assert_eq(rp_cohort_open(path, &c), RP_OK, "%s", rp_error_message());
    cr_expect_eq(c->cases, 40);
    cr_expect_eq(c->regions, 66);
    int equal = 0;
    for (int64_t i = 0; i < c->cases; i++)
        for (int64_t k = 0; k < c->list[i].regions; k++) {
            const rp_cohort_region *r = &c->region[c->list[i].first_region + k];
            rp_volume *mask = NULL, *published = NULL;
            cr_assert(strncmp(r->name, "GTV_Mass_", 9) == 0, "%s", r->name);
            snprintf(path, sizeof path, "%s/data/masks/%s_%s_mask.nii.gz", folder, c->list[i].name, r->name + 9);
            cr_assert_eq(rp_cohort_read(c, i, r->dataset, &mask), RP_OK, "%s", rp_error_message());
            cr_assert_eq(rp_nifti_read(path, &published, NULL), RP_OK, "%s", rp_error_message());
            /* the published files may store axes the other way round: compare where they lie in space */
            const int64_t n = rp_grid_voxels(&mask->grid);
            cr_assert_eq(rp_grid_voxels(&published->grid), n, "%s", path);
            int64_t differing = 0;
            for (int64_t v = 0; v < n; v++) {
                double lps[3], index[3];
                const int64_t *m = mask->grid.n;
                rp_grid_position(&mask->grid, (double[]){(double)(v / (m[1] * m[2])), (double)(v / m[2] % m[1]), (double)(v % m[2])}, lps);
                cr_assert_eq(rp_grid_index(&published->grid, lps, index), RP_OK);
                const int64_t at = (llround(index[0]) * published->grid.n[1] + llround(index[1])) * published->grid.n[2] + llround(index[2]);
                cr_assert(at >= 0 && at < n, "%s: voxel %ld lies outside", path, (long)v);
                differing += (rp_volume_value(mask, v) != 0) != (rp_volume_value(published, at) != 0);
            }
            cr_expect_eq(differing, 0, "%s: %ld voxels differ", path, (long)differing);
            equal += differing == 0;
            rp_volume_drop(&mask);
            rp_volume_drop(&published);
        }
    cr_expect_eq(equal, 66);
    rp_cohort_drop(&c);
}

/* A prepared set in memory, enough for the stream. */
static rp_prepared *plain_prepared(int cases)
{
    rp_prepared *p = calloc(1, sizeof *p);
    p->cases = p->parts[RP_PART_TRAIN] = cases;
    p->list = calloc(cases, sizeof *p->list);
    p->train = calloc(cases, sizeof *p->train);
    p->recipe.labels = 1;
    for (int i = 0; i < cases; i++) {
        p->train[i] = i;
        p->list[i].from.n[0] = 10 + i;
        p->list[i].from.n[1] = p->list[i].from.n[2] = 30;
    }
    return p;
}

Test(stream, every_case_comes_once_an_epoch_whatever_was_asked_before)
{
    rp_prepared *p = plain_prepared(7);
    const rp_stream st = {.prepared = p, .seed = 11, .batch = 4, .foreground = 0.33, .patch = {16, 16, 16}};
    rp_stream_order a = {.epoch = -1}, b = {.epoch = -1};
    int64_t index, again;
    for (int epoch = 0; epoch < 5; epoch++) {
        int seen = 0;
        for (int s = 0; s < 7; s++) {
            cr_assert_eq(rp_stream_case(&st, epoch * 7 + s, &a, &index), RP_OK);
            seen |= 1 << index;
        }
        cr_expect_eq(seen, 127);
    }
    for (int64_t s = 34; s >= 0; s -= 3) { /* backwards, with gaps: the same answers */
        cr_assert_eq(rp_stream_case(&st, s, &a, &index), RP_OK);
        cr_assert_eq(rp_stream_case(&st, s, &b, &again), RP_OK);
        cr_expect_eq(index, again);
    }
}

Test(stream, patches_stay_within_the_limits_and_hang_over_evenly)
{
    rp_prepared *p = plain_prepared(7);
    const rp_stream st = {.prepared = p, .seed = 11, .batch = 4, .foreground = 0.33, .patch = {16, 16, 16}};
    int64_t start[3], low[3] = {99, 99, 99}, high[3] = {-99, -99, -99};
    for (int64_t s = 0; s < 4000; s++) {
        cr_assert_eq(rp_stream_start(&st, s, 0, start), RP_OK); /* case 0: 10 x 30 x 30, no label */
        for (int a = 0; a < 3; a++) {
            if (start[a] < low[a]) low[a] = start[a];
            if (start[a] > high[a]) high[a] = start[a];
        }
    }
    cr_expect_eq(low[0], -3);
    cr_expect_eq(high[0], -3);
    cr_expect_eq(low[1], 0);
    cr_expect_eq(high[1], 14);
}

Test(mr, sequences_are_told_by_their_timing)
{
    const struct { double te, tr, ti; const char *name; } rows[] = {
        {12, 550, 0, "T1"}, {90, 4000, 0, "T2"}, {15, 3000, 0, "PD"}, {120, 9000, 2500, "FLAIR"}, {60, 4000, 160, "STIR"}, {3, 2300, 900, "T1"}, {0, 0, 0, "MR"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rp_file_head h = {.image_type = "", .echo_time = rows[i].te, .repetition_time = rows[i].tr, .inversion_time = rows[i].ti, .b_value = -1};
        cr_expect_str_eq(rp_mr_sequence(&h), rows[i].name, "TE %g TR %g", rows[i].te, rows[i].tr);
    }
}
