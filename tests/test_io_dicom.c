/* tests/test_io_dicom.c - DICOM: transfer syntaxes made by DCMTK and GDCM, stored bits, damage,
 * frames. */
#include "io/atomic.h"
#include "io/dicom.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 24, COLUMNS = 20, PIXELS = ROWS * COLUMNS };

static void text(char *to, const char *from) { strcpy(to, from); }

static rp_dicom_header *phantom(int stored, bool is_signed)
{
    rp_dicom_header *h = calloc(1, sizeof *h);
    text(h->sop_class, "1.2.840.10008.5.1.4.1.1.2");
    text(h->sop_instance, "1.2.3.4.5.6");
    text(h->study_uid, "1.2.3.4");
    text(h->series_uid, "1.2.3.4.5");
    text(h->frame_uid, "1.2.3.9");
    text(h->patient_id, "P001");
    text(h->patient_name, "M\xC3\xBCller^Ann");
    text(h->modality, "CT");
    text(h->image_type, "ORIGINAL\\PRIMARY\\AXIAL");
    text(h->photometric, "MONOCHROME2");
    h->rows = (rp_dicom_whole){true, ROWS};
    h->columns = (rp_dicom_whole){true, COLUMNS};
    h->samples = (rp_dicom_whole){true, 1};
    h->bits_allocated = (rp_dicom_whole){true, 16};
    h->bits_stored = (rp_dicom_whole){true, stored};
    h->high_bit = (rp_dicom_whole){true, stored - 1};
    h->pixel_representation = (rp_dicom_whole){true, is_signed};
    h->padding = (rp_dicom_whole){is_signed, is_signed ? -2000 : 0};
    h->instance_number = (rp_dicom_whole){true, 7};
    h->position = (rp_dicom_reals){3, {-100.5, 20.25, -7.125}};
    h->orientation = (rp_dicom_reals){6, {1, 0, 0, 0, 1, 0}};
    h->pixel_spacing = (rp_dicom_reals){2, {0.75, 0.5}};
    h->slope = (rp_dicom_reals){1, {1}};
    h->intercept = (rp_dicom_reals){1, {-1024}};
    h->injected_dose = (rp_dicom_reals){1, {3.5e8}};
    h->half_life = (rp_dicom_reals){1, {6586.2}};
    h->philips_suv = (rp_dicom_reals){1, {0.000741}};
    return h;
}

static void pattern(int stored, bool is_signed, int32_t out[])
{
    const int range = 1 << stored;
    for (int i = 0; i < PIXELS; i++)
        out[i] =
            (i * 37 + (i / COLUMNS) * (i / COLUMNS) * 11) % range - (is_signed ? range / 2 : 0);
}

/* Largest difference of rescaled values: lossy compression may move the stored ones and says so in
 * the new intercept.  The phantom's own is -1024. */
static double worst_of(const char *path, const int32_t want[], const int32_t got[])
{
    rp_dicom_header *h = calloc(1, sizeof *h);
    cr_assert_eq(rp_dicom_header_read(path, h), RP_OK, "%s", rp_error_message());
    double worst = 0;
    for (int i = 0; i < PIXELS; i++)
        worst = fmax(worst,
                     fabs(got[i] * h->slope.value[0] + h->intercept.value[0] - (want[i] - 1024)));
    free(h);
    return worst;
}

static rp_status read_first(const char *path, int32_t out[])
{
    rp_dicom_file *f = NULL;
    rp_status st = rp_dicom_open(path, &f);
    if (st == RP_OK) {
        const rp_dicom_header *h = rp_dicom_file_header(f);
        const int64_t n = h->rows.value * h->columns.value;
        int32_t *all = calloc(n < PIXELS ? PIXELS : (size_t)n, sizeof *all);
        st = rp_dicom_file_pixels(f, 0, n, all);
        if (st == RP_OK && n == PIXELS) memcpy(out, all, sizeof(int32_t) * PIXELS);
        free(all);
    }
    rp_dicom_file_drop(&f);
    return st;
}

Test(dicom, a_written_header_reads_back_the_same_bytes_each_time)
{
    cr_assert_eq(rp_dicom_start(), RP_OK, "%s", rp_error_message());
    const char *folder = scratch_folder("io_dicom_header");
    char path[2][4200], out[9000];
    rp_dicom_header *h = phantom(12, true), *got = calloc(1, sizeof *got);
    int32_t pixels[PIXELS];
    pattern(12, true, pixels);
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof path[i], "%s/%d.dcm", folder, i);
        cr_assert_eq(rp_dicom_write_slice(path[i], h, pixels), RP_OK, "%s", rp_error_message());
    }
    size_t n, m;
    const char *a = file_read(path[0], &n), *b = file_read(path[1], &m);
    cr_expect(n == m && memcmp(a, b, n) == 0);
    cr_assert_eq(rp_dicom_header_read(path[0], got), RP_OK, "%s", rp_error_message());
    text(h->transfer_syntax, "1.2.840.10008.1.2.1");
    cr_expect_str_empty(got->warning);
    for (size_t i = 0; i < sizeof *h; i++)
        cr_expect(((char *)h)[i] == ((char *)got)[i], "byte %zu of the header differs: '%.20s'", i,
                  (char *)got + i);
    if (run_command(20, out, sizeof out, "dcmdump %s", path[0]) == 0)
        cr_expect(strstr(out, "[3.5e+08]") || strstr(out, "[350000000]"), "%s", out);
    free(h);
    free(got);
    rp_dicom_end();
}

static const struct {
    const char *name, *command; /* without the files */
    int most;                   /* largest difference */
    const char *inputs;         /* of 12-bit unsigned, 12-bit signed, 16-bit signed, 8-bit */
} ways[] = {
    {"explicit big endian", "dcmconv +tb", 0, "usSb"},
    {"implicit", "dcmconv +ti", 0, "usSb"},
    {"deflated", "dcmconv +td", 0, "usSb"},
    {"JPEG lossless SV1", "dcmcjpeg +e1", 0, "usSb"},
    {"JPEG lossless", "dcmcjpeg +el", 0, "usSb"},
    {"JPEG extended", "dcmcjpeg +ee +q 98", 8, "u"},
    {"JPEG-LS", "dcmcjpls +el", 0, "usSb"},
    {"JPEG-LS near", "dcmcjpls +en", 2, "ub"},
    {"RLE", "dcmcrle ", 0, "usSb"},
    {"GDCM RLE", "gdcmconv --rle", 0, "usSb"},
    {"GDCM JPEG", "gdcmconv --jpeg", 0, "usSb"},
    {"GDCM JPEG-LS", "gdcmconv --jpegls", 0, "usSb"},
    {"GDCM JPEG 2000", "gdcmconv --j2k", 0, "usSb"},
};

Test(dicom, every_transfer_syntax_gives_the_pixels_of_the_plain_file, .timeout = 120)
{
    cr_assert_eq(rp_dicom_start(), RP_OK);
    const char *folder = scratch_folder("io_dicom_syntax");
    char plain[4200], packed[4300], command[9000], out[4000];
    if (run_command(10, out, sizeof out, "command -v dcmcjpeg && command -v gdcmconv") != 0)
        skip_test("dcmtk or libgdcm-tools is not installed");
    for (const char *kind = "usSb"; *kind; kind++) {
        const int stored = *kind == 'S' ? 16 : *kind == 'b' ? 8 : 12;
        const bool is_signed = *kind == 's' || *kind == 'S';
        rp_dicom_header *h = phantom(stored, is_signed);
        int32_t want[PIXELS], got[PIXELS];
        if (*kind == 'b') h->bits_allocated.value = 8;
        pattern(stored, is_signed, want);
        /* lossy codecs want something smooth */
        snprintf(plain, sizeof plain, "%s/%c.dcm", folder, *kind);
        cr_assert_eq(rp_dicom_write_slice(plain, h, want), RP_OK, "%s", rp_error_message());
        cr_assert_eq(read_first(plain, got), RP_OK, "%s", rp_error_message());
        cr_expect_eq(memcmp(want, got, sizeof got), 0, "plain %c", *kind);
        for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
            if (!strchr(ways[w].inputs, *kind)) continue;
            if (ways[w].most > 2) {
                for (int i = 0; i < PIXELS; i++)
                    want[i] = 1000 + 8 * (i % COLUMNS) + 5 * (i / COLUMNS);
                cr_assert_eq(rp_dicom_write_slice(plain, h, want), RP_OK);
            }
            snprintf(packed, sizeof packed, "%s/%c_%zu.dcm", folder, *kind, w);
            snprintf(command, sizeof command, "%s %s %s", ways[w].command, plain, packed);
            cr_assert_eq(run_command(20, out, sizeof out, "%s", command), 0, "%s: %s", command,
                         out);
            cr_assert_eq(read_first(packed, got), RP_OK, "%s of %c: %s", ways[w].name, *kind,
                         rp_error_message());
            const double worst = worst_of(packed, want, got);
            cr_expect(worst <= ways[w].most, "%s of %c: differs by %g", ways[w].name, *kind, worst);
            if (ways[w].most > 2) {
                pattern(stored, is_signed, want);
                cr_assert_eq(rp_dicom_write_slice(plain, h, want), RP_OK);
            }
        }
        free(h);
    }
    /* Baseline JPEG turns 8 bits only; something smooth again. */
    rp_dicom_header *h = phantom(8, false);
    int32_t want[PIXELS], got[PIXELS];
    h->bits_allocated.value = 8;
    for (int i = 0; i < PIXELS; i++) want[i] = 40 + 3 * (i % COLUMNS) + 4 * (i / COLUMNS);
    snprintf(plain, sizeof plain, "%s/base.dcm", folder);
    snprintf(packed, sizeof packed, "%s/base_jpeg.dcm", folder);
    cr_assert_eq(rp_dicom_write_slice(plain, h, want), RP_OK);
    cr_assert_eq(run_command(20, out, sizeof out, "dcmcjpeg +eb +q 98 %s %s", plain, packed), 0,
                 "%s", out);
    cr_assert_eq(read_first(packed, got), RP_OK, "%s", rp_error_message());
    cr_expect(worst_of(packed, want, got) <= 4, "baseline: differs by %g",
              worst_of(packed, want, got));
    free(h);
    rp_dicom_end();
}

/* Inputs of the reference note: what other readers get wrong. */
Test(dicom, stored_bits_are_masked_shifted_and_signed)
{
    cr_assert_eq(rp_dicom_start(), RP_OK);
    const char *folder = scratch_folder("io_dicom_bits");
    char path[4200];
    int32_t words[PIXELS], got[PIXELS];
    snprintf(path, sizeof path, "%s/a.dcm", folder);
    rp_dicom_header *h = phantom(12, false);
    for (int i = 0; i < PIXELS; i++) words[i] = 0xF000 | i; /* an old overlay in the upper bits */
    cr_assert_eq(rp_dicom_write_slice(path, h, words), RP_OK);
    cr_assert_eq(read_first(path, got), RP_OK);
    for (int i = 0; i < PIXELS; i++) cr_expect_eq(got[i], i);
    h = phantom(12, true);
    for (int i = 0; i < PIXELS; i++) words[i] = (i - 240) & 0x0FFF; /* signed, upper bits 0 */
    cr_assert_eq(rp_dicom_write_slice(path, h, words), RP_OK);
    cr_assert_eq(read_first(path, got), RP_OK);
    for (int i = 0; i < PIXELS; i++) cr_expect_eq(got[i], i - 240);
    h = phantom(12, false);
    h->high_bit.value = 15;
    for (int i = 0; i < PIXELS; i++) words[i] = i << 4 | 9;
    cr_assert_eq(rp_dicom_write_slice(path, h, words), RP_OK);
    cr_assert_eq(read_first(path, got), RP_OK);
    for (int i = 0; i < PIXELS; i++) cr_expect_eq(got[i], i);
    rp_dicom_end();
}

typedef struct edit {
    const char *what, *options; /* of dcmodify */
    rp_status header, pixels;
    const char *message;
} edit;
static const edit edits[] = {
    {"rows larger", "-m Rows=25", RP_OK, RP_EDATA, "announced"},
    {"rows smaller", "-m Rows=20", RP_OK, RP_EDATA, "announced"},
    {"rows 0", "-m Rows=0", RP_OK, RP_EDATA, "0 rows"},
    {"bits allocated 12", "-m BitsAllocated=12", RP_OK, RP_EUNSUP, "12 bits allocated"},
    {"bits stored 17", "-m BitsStored=17", RP_OK, RP_EDATA, "17 bits stored"},
    {"representation 2", "-m PixelRepresentation=2", RP_OK, RP_EDATA, "PixelRepresentation"},
    {"samples 3", "-m SamplesPerPixel=3", RP_OK, RP_EUNSUP, "3 samples"},
    {"palette", "-m \"PhotometricInterpretation=PALETTE COLOR\"", RP_OK, RP_EUNSUP,
     "PALETTE COLOR"},
    {"comma spacing", "-m \"PixelSpacing=0,97\\\\0,97\"", RP_EDATA, RP_EDATA, "PixelSpacing"},
    {"nan orientation", "-m \"ImageOrientationPatient=1\\\\0\\\\nan\\\\0\\\\1\\\\0\"", RP_EDATA,
     RP_EDATA, "ImageOrientationPatient: 'nan'"},
    {"two positions", "-m \"ImagePositionPatient=1\\\\2\"", RP_EDATA, RP_EDATA,
     "ImagePositionPatient"},
    {"word as slope", "-m RescaleSlope=one", RP_EDATA, RP_EDATA, "RescaleSlope: 'one'"},
    {"word as weight", "-i PatientWeight=70kg", RP_OK, RP_OK, NULL},
    {"no instance", "-e SOPInstanceUID", RP_EDATA, RP_EDATA, "SOPInstanceUID"},
};

Test(dicom, wrong_attributes_are_named)
{
    cr_assert_eq(rp_dicom_start(), RP_OK);
    const char *folder = scratch_folder("io_dicom_edit");
    char path[4200], out[2000];
    int32_t pixels[PIXELS], got[PIXELS];
    pattern(12, false, pixels);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        snprintf(path, sizeof path, "%s/%zu.dcm", folder, i);
        rp_dicom_header *h = phantom(12, false), *read = calloc(1, sizeof *read);
        cr_assert_eq(rp_dicom_write_slice(path, h, pixels), RP_OK);
        cr_assert_eq(
            run_command(10, out, sizeof out, "dcmodify -nb -imt %s %s", edits[i].options, path), 0,
            "%s", out);
        cr_expect_eq(rp_dicom_header_read(path, read), edits[i].header, "%s: %s", edits[i].what,
                     rp_error_message());
        cr_expect_eq(read_first(path, got), edits[i].pixels, "%s: %s", edits[i].what,
                     rp_error_message());
        if (edits[i].message)
            cr_expect(strstr(rp_error_message(), edits[i].message), "%s: %s", edits[i].what,
                      rp_error_message());
        if (!edits[i].message) {
            cr_expect_eq(read->patient_weight.count, 0);
            cr_expect(strstr(read->warning, "PatientWeight: '70kg'"), "%s", read->warning);
        }
        free(h);
        free(read);
    }
    rp_dicom_end();
}

static void write_bytes(const char *path, size_t n, const char *bytes)
{
    FILE *f = fopen(path, "wb");
    fwrite(bytes, 1, n, f);
    fclose(f);
}

Test(dicom, what_is_not_dicom_is_said_to_be_so)
{
    cr_assert_eq(rp_dicom_start(), RP_OK);
    const char *folder = scratch_folder("io_dicom_not");
    char path[4200];
    rp_dicom_header h;
    snprintf(path, sizeof path, "%s/a", folder);
    char noise[4000];
    for (int i = 0; i < 4000; i++) noise[i] = (char)(i * i * 31 + i / 7);
    const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
        {"", 0}, {"text\n", 5}, {noise, sizeof noise}, {"\x08\0\x05\0zzzzzzzzzzzzzzzzzzzzz", 24}};
    for (int i = 0; i < 4; i++) {
        write_bytes(path, bad[i].n, bad[i].bytes);
        cr_expect_eq(rp_dicom_header_read(path, &h), RP_EUNSUP, "%d: %s", i, rp_error_message());
        cr_expect(strstr(rp_error_message(), "not DICOM"), "%d: %s", i, rp_error_message());
    }
    cr_expect_eq(rp_dicom_header_read(folder, &h), RP_EARG);
    snprintf(path, sizeof path, "%s/none", folder);
    cr_expect_eq(rp_dicom_header_read(path, &h), RP_ENONE);
    rp_dicom_end();
}

Test(dicom, odd_but_whole_files_are_read_with_a_warning)
{
    cr_assert_eq(rp_dicom_start(), RP_OK);
    const char *folder = scratch_folder("io_dicom_odd");
    char plain[4200], odd[4200], out[2000];
    int32_t want[PIXELS], got[PIXELS];
    rp_dicom_header *h = phantom(12, true), *read = calloc(1, sizeof *read);
    pattern(12, true, want);
    snprintf(plain, sizeof plain, "%s/plain.dcm", folder);
    snprintf(odd, sizeof odd, "%s/odd.dcm", folder);
    cr_assert_eq(rp_dicom_write_slice(plain, h, want), RP_OK);
    for (const char *options = "ieb"; *options; options++) { /* without preamble and meta group */
        if (run_command(10, out, sizeof out, "dcmconv -F +t%c %s %s", *options, plain, odd) != 0)
            skip_test("dcmtk is not installed");
        cr_assert_eq(rp_dicom_header_read(odd, read), RP_OK, "%s", rp_error_message());
        cr_expect(read->is_bare && strcmp(read->warning, "no preamble") == 0, "%s", read->warning);
        cr_expect_eq(read->padding.value, -2000);
        cr_expect_eq(read->philips_suv.value[0], 0.000741, "a private number");
        cr_assert_eq(read_first(odd, got), RP_OK, "%c: %s", *options, rp_error_message());
        cr_expect_eq(memcmp(want, got, sizeof got), 0, "%c", *options);
    }
    size_t n;
    char *bytes = file_read(plain, &n), *longer = calloc(1, n + 512);
    memcpy(longer, bytes, n);
    write_bytes(odd, n + 512, longer); /* zeros behind the data set */
    cr_assert_eq(rp_dicom_header_read(odd, read), RP_OK, "%s", rp_error_message());
    cr_assert_eq(read_first(odd, got), RP_OK, "%s", rp_error_message());
    cr_expect_eq(memcmp(want, got, sizeof got), 0);
    free(longer);
    free(h);
    free(read);
    rp_dicom_end();
}

/* Cuts are all noticed; flipped bits give an error or, where the format has no checksum, other
 * pixels, but never a crash. */
Test(dicom, cut_and_flipped_files_never_crash_and_cuts_are_errors, .timeout = 120)
{
    cr_assert_eq(rp_dicom_start(), RP_OK);
    const char *folder = scratch_folder("io_dicom_fuzz");
    char plain[4200], packed[4300], bad[4300], command[9000], out[2000];
    int32_t want[PIXELS], got[PIXELS];
    if (run_command(10, out, sizeof out, "command -v dcmcjpeg && command -v gdcmconv") != 0)
        skip_test("dcmtk or libgdcm-tools is not installed");
    snprintf(plain, sizeof plain, "%s/plain.dcm", folder);
    snprintf(bad, sizeof bad, "%s/bad.dcm", folder);
    pattern(12, false, want);
    cr_assert_eq(rp_dicom_write_slice(plain, phantom(12, false), want), RP_OK);
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        if (ways[w].most > 2) continue;
        snprintf(packed, sizeof packed, "%s/%zu.dcm", folder, w);
        snprintf(command, sizeof command, "%s %s %s", ways[w].command, plain, packed);
        cr_assert_eq(run_command(20, out, sizeof out, "%s", command), 0, "%s", out);
        size_t n;
        char *bytes = file_read(packed, &n);
        for (size_t cut = 100; cut + 8 < n; cut += 41) {
            write_bytes(bad, cut, bytes);
            cr_expect_neq(read_first(bad, got), RP_OK, "%s cut at %zu of %zu", ways[w].name, cut,
                          n);
        }
        for (size_t i = 128; i < n; i += 13) {
            bytes[i] ^= (char)(1 << i % 8);
            write_bytes(bad, n, bytes);
            bytes[i] ^= (char)(1 << i % 8);
            const rp_status st = read_first(bad, got);
            cr_expect(st == RP_OK || *rp_error_message(), "%s byte %zu", ways[w].name, i);
        }
    }
    rp_dicom_end();
}

Test(dicom, frames_of_one_file_are_told_apart)
{
    cr_assert_eq(rp_dicom_start(), RP_OK);
    const char *folder = scratch_folder("io_dicom_frames");
    char plain[4200], packed[4300], command[9000], out[2000];
    static int32_t want[3 * PIXELS], got[PIXELS];
    rp_dicom_header *h = phantom(12, false);
    text(h->sop_class, "1.2.840.10008.5.1.4.1.1.7.3");
    h->frames = (rp_dicom_whole){true, 3};
    for (int i = 0; i < 3 * PIXELS; i++) want[i] = (i * 7 + i / PIXELS * 1000) % 4096;
    snprintf(plain, sizeof plain, "%s/plain.dcm", folder);
    cr_assert_eq(rp_dicom_write_slice(plain, h, want), RP_OK);
    for (size_t w = 0; w <= sizeof ways / sizeof *ways; w++) {
        if (w < sizeof ways / sizeof *ways && ways[w].most > 0) continue;
        const bool split = w == sizeof ways / sizeof *ways; /* several fragments a frame */
        snprintf(packed, sizeof packed, "%s/%zu.dcm", folder, w);
        snprintf(command, sizeof command, "%s %s %s",
                 split ? "dcmcjpeg +e1 +fs 1" : ways[w].command, plain, packed);
        if (run_command(20, out, sizeof out, "%s", command) != 0)
            skip_test("dcmtk or libgdcm-tools is not installed");
        rp_dicom_file *f = NULL;
        cr_assert_eq(rp_dicom_open(packed, &f), RP_OK, "%s", rp_error_message());
        for (int k = 2; k >= 0; k--) {
            cr_expect_eq(rp_dicom_file_pixels(f, k, PIXELS, got), RP_OK, "way %zu frame %d: %s", w,
                         k, rp_error_message());
            cr_expect_eq(memcmp(got, want + k * PIXELS, sizeof got), 0, "way %zu frame %d", w, k);
        }
        cr_expect_eq(rp_dicom_file_pixels(f, 3, PIXELS, got), RP_EARG);
        rp_dicom_file_drop(&f);
    }
    rp_dicom_end();
}
