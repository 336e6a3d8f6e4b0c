/* tests/test_io_dicom_objects.c - DICOM: texts, structure sets, segmentations, files made to
 * exhaust. */
#include "io/dicom.h"
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

static void text(char *to, const char *from) { strcpy(to, from); }

Test(dicom_objects, texts_of_other_character_sets_become_utf8)
{
    cr_assert_eq(rp_dicom_start(), RP_OK);
    const char *folder = scratch_folder("io_dicom_text");
    static const struct {
        const char *set, *bytes, *want;
    } rows[] = {
        {"ISO_IR 100", "M\xFCller^A", "M\xC3\xBCller^A"},
        {"ISO_IR 192", "M\xC3\xBCller", "M\xC3\xBCller"},
        {"ISO_IR 144", "\xBB\xEE\xDA\x63\x65\xD1", "\xD0\x9B\xD1\x8E\xD0\xBA\x63\x65\xD0\xB1"},
        {"", "M\xFCller", "M\xEF\xBF\xBDller"},
        {"NO SUCH SET", "M\xFCller", "M\xEF\xBF\xBDller"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[4200], list[4300], out[2000];
        snprintf(path, sizeof path, "%s/%zu.dcm", folder, i);
        snprintf(list, sizeof list, "%s/%zu.txt", folder, i);
        FILE *f = fopen(list, "wb");
        fprintf(f,
                "(0008,0005) CS [%s]\n(0008,0016) UI [1.2.840.10008.5.1.4.1.1.2]\n(0008,0018) UI "
                "[1.2.3]\n(0010,0010) PN [%s]\n(0010,0020) LO [ a\tb ]\n",
                rows[i].set, rows[i].bytes);
        fclose(f);
        if (run_command(10, out, sizeof out, "dump2dcm %s %s", list, path) != 0)
            skip_test("dump2dcm is not installed: %s", out);
        rp_dicom_header h;
        cr_assert_eq(rp_dicom_header_read(path, &h), RP_OK, "%s", rp_error_message());
        cr_expect_str_eq(h.patient_name, rows[i].want);
    }
    rp_dicom_end();
}

Test(dicom_objects, a_structure_set_is_joined_by_number)
{
    cr_assert_eq(rp_dicom_start(), RP_OK);
    const char *folder = scratch_folder("io_dicom_structs");
    char path[4200], out[2000];
    snprintf(path, sizeof path, "%s/rs.dcm", folder);
    double first[9] = {0, 0, 3, 10, 0, 3, 10, 10.0625, 3},
           second[12] = {1, 1, 6, 2, 1, 6, 2, 2, 6, 1, 2, 6};
    rp_contour a[2] = {{RP_CONTOUR_CLOSED, 3, first}, {RP_CONTOUR_XOR, 4, second}};
    rp_contour b[1] = {{RP_CONTOUR_POINT, 1, first}};
    rp_dicom_roi rois[3] = {{.number = 5, .name = "GTV \xC3\xA4", .contours = 2, .contour = a},
                            {.number = 2, .name = "marker", .contours = 1, .contour = b},
                            {.number = 9, .name = "empty"}};
    for (int i = 0; i < 3; i++) text(rois[i].frame_uid, "1.2.3.9");
    rp_dicom_structs s = {.rois = 3, .roi = rois}, *got = NULL;
    text(s.header.sop_class, "1.2.840.10008.5.1.4.1.1.481.3");
    text(s.header.sop_instance, "1.2.3.77");
    text(s.header.frame_uid, "1.2.3.9");
    text(s.header.modality, "RTSTRUCT");
    text(s.series_uid, "1.2.3.4.5");
    cr_assert_eq(rp_dicom_write_rtstruct(path, &s), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_dicom_rtstruct(path, &got), RP_OK, "%s", rp_error_message());
    cr_assert_eq(got->rois, 3);
    cr_expect(got->roi[0].number == 2 && got->roi[1].number == 5 && got->roi[2].number == 9);
    cr_expect_str_eq(got->roi[1].name, "GTV \xC3\xA4");
    cr_expect_str_eq(got->series_uid, "1.2.3.4.5");
    cr_assert_eq(got->roi[1].contours, 2);
    cr_expect(got->roi[1].contour[0].points == 3 && got->roi[1].contour[0].lps[7] == 10.0625);
    cr_expect_eq(got->roi[1].contour[1].kind, RP_CONTOUR_XOR);
    cr_expect_eq(got->roi[0].contour[0].kind, RP_CONTOUR_POINT);
    cr_expect_eq(got->roi[2].contours, 0);
    rp_dicom_structs_drop(&got);
    cr_assert_eq(
        run_command(10, out, sizeof out,
                    "dcmodify -nb -imt -m \"(3006,0039)[0].(3006,0040)[1].(3006,0050)=1\\\\2\" %s",
                    path),
        0, "%s", out);
    cr_assert_eq(rp_dicom_rtstruct(path, &got), RP_OK, "%s", rp_error_message());
    cr_expect_eq(got->roi[1].contours, 0);
    cr_expect(strstr(got->roi[1].problem, "contour 1: 2 coordinates"), "%s", got->roi[1].problem);
    cr_expect_eq(got->roi[0].contours, 1, "the other region is kept");
    rp_dicom_structs_drop(&got);
    rp_dicom_end();
    no_leaks();
}

Test(dicom_objects, bits_of_a_segmentation_run_on_over_frames)
{
    cr_assert_eq(rp_dicom_start(), RP_OK);
    const char *folder = scratch_folder("io_dicom_seg");
    char path[4200], out[2000];
    snprintf(path, sizeof path, "%s/seg.dcm", folder);
    if (run_command(30, out, sizeof out, "/usr/bin/python3 -c \"import pydicom\"") != 0)
        skip_test("pydicom is not installed");
    for (int fraction = 0; fraction < 2; fraction++) {
        cr_assert_eq(run_command(30, out, sizeof out, "/usr/bin/python3 tests/seg_make.py %s %s",
                                 path, fraction ? "FRACTIONAL" : "BINARY"),
                     0, "%s", out);
        rp_dicom_seg *s = NULL;
        cr_assert_eq(rp_dicom_segmentation(path, &s), RP_OK, "%s", rp_error_message());
        cr_expect(s->rows == 5 && s->columns == 5 && s->frames == 3 && s->segments == 2 &&
                  s->is_fractional == fraction);
        cr_expect_str_eq(s->segment[1].label, "Node");
        cr_expect_str_eq(s->series_uid, "1.2.3.4.5");
        for (int k = 0; k < 3; k++) {
            cr_expect_eq(s->frame_segment[k], k == 2 ? 2 : 1);
            cr_expect(s->frame[k].position.count == 3 && s->frame[k].position.value[2] == 3 * k);
            cr_expect(s->frame[k].pixel_spacing.value[0] == 0.75 &&
                      s->frame[k].orientation.value[4] == 1);
            for (int i = 0; i < 25; i++) {
                const bool in = (k * 25 + i) % 3 == 0;
                cr_expect_eq(s->pixels[k * 25 + i], in ? (fraction ? 200 : 1) : 0);
            }
        }
        rp_dicom_seg_drop(&s);
    }
    rp_dicom_end();
    no_leaks();
}

/* Each of these killed or starved the library (measured), or could. */
Test(dicom_objects, files_made_to_exhaust_the_reader_are_refused_at_once, .timeout = 30)
{
    cr_assert_eq(rp_dicom_start(), RP_OK);
    const char *folder = scratch_folder("io_dicom_hostile");
    static const struct {
        const char *name, *message;
    } rows[] = {{"nested", "nested deeper"},
                {"nested_implicit", "nested deeper"},
                {"nested_big", "nested deeper"},
                {"nested_deflated", "nested deeper"},
                {"nested_unknown", "nested deeper"},
                {"many", "elements in one item"},
                {"bomb", "when inflated"}};
    char path[4200], out[2000];
    cr_assert_eq(
        run_command(30, out, sizeof out, "/usr/bin/python3 tests/hostile_dicom.py %s", folder), 0,
        "%s", out);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rp_dicom_header h;
        rp_dicom_file *f = NULL;
        snprintf(path, sizeof path, "%s/%s.dcm", folder, rows[i].name);
        cr_expect_eq(rp_dicom_header_read(path, &h), RP_EDATA, "%s: %s", rows[i].name,
                     rp_error_message());
        cr_expect(strstr(rp_error_message(), rows[i].message), "%s: %s", rows[i].name,
                  rp_error_message());
        cr_expect_eq(rp_dicom_open(path, &f), RP_EDATA, "%s", rows[i].name);
    }
    rp_dicom_end();
}
