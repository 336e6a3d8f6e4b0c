/* tests/test_report.c - pieces of the page: escapes, numbers, axes, charts, pictures. */
#include "report/chart.h"
#include "report/html.h"
#include "report/picture.h"
#include "report/svg.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *escaped(const char *s)
{
    static rp_text t;
    rp_text_clear(&t);
    rp_html_text(&t, s);
    cr_assert_eq(rp_text_status(&t), RP_OK);
    return rp_text_get(&t);
}

Test(html, markup_becomes_text)
{
    cr_expect_str_eq(escaped("<script>alert('x')</script> & \"y\""), "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;");
    cr_expect_str_eq(escaped(""), "");
    cr_expect_str_eq(escaped("Zürich \xE2\x82\xAC"), "Zürich \xE2\x82\xAC");
    no_leaks();
}

Test(html, bytes_that_are_no_text_become_the_replacement_character)
{
    cr_expect_str_eq(escaped("a\x01z"), "a\xEF\xBF\xBDz");
    cr_expect_str_eq(escaped("a\xFFz"), "a\xEF\xBF\xBDz");
    cr_expect_str_eq(escaped("\xC3"), "\xEF\xBF\xBD"); /* cut short */
    cr_expect_str_eq(escaped("\xC0\xBCscript"), "\xEF\xBF\xBD\xEF\xBF\xBDscript"); /* overlong '<' */
    cr_expect_str_eq(escaped("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); /* half a surrogate pair */
    cr_expect_str_eq(escaped("\xEF\xBF\xBE"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); /* U+FFFE */
    no_leaks();
}

Test(html, long_texts_are_escaped_whole)
{
    RP_TEXT_AUTO t = {0};
    char s[3000];
    memset(s, '<', sizeof s - 1);
    s[sizeof s - 1] = 0;
    rp_html_say(&t, "%s", s);
    cr_expect_eq(t.length, 4 * (int64_t)strlen(s));
    no_leaks();
}

Test(html, base64_gives_the_vectors_of_rfc_4648)
{
    static const char *const row[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        RP_TEXT_AUTO t = {0};
        rp_html_base64(&t, (int64_t)strlen(row[i][0]), row[i][0]);
        cr_expect_str_eq(rp_text_get(&t), row[i][1]);
    }
    no_leaks();
}

Test(html, numbers_are_short_for_people_and_whole_for_programs)
{
    static const struct { double x; int digits; const char *text; } row[] = {
        {0, 3, "0"}, {0.93453015, 3, "0.935"}, {15.46333, 3, "15.5"}, {-1377, 3, "-1377"}, {0.008, 4, "0.008"}, {3, 3, "3"},
        {123456.7, 3, "123457"}, {1e9, 3, "1e+09"}, {-3e-5, 3, "-3e-05"}, {0.99999, 3, "1"}, {100.4, 3, "100"}};
    char out[40];
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        rp_html_short(row[i].x, row[i].digits, out);
        cr_expect_str_eq(out, row[i].text, "%.17g: %s", row[i].x, out);
    }
    RP_TEXT_AUTO t = {0};
    rp_html_number(&t, 0.1, 3);
    rp_html_number(&t, NAN, 3);
    cr_expect_str_eq(rp_text_get(&t), "<data value=\"0.10000000000000001\">0.1</data>\xE2\x80\x93");
    no_leaks();
}

Test(axis, ticks_are_round_and_cover_the_values)
{
    static const double ends[][2] = {{0, 1}, {-1.377, 0.216}, {3, 52.85}, {0.089, 0.334}, {1, 1000}, {5, 5}, {0, 0}, {-3e-7, 2e-7}, {1e12, 3e12}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const rp_axis a = rp_axis_make(ends[i][0], ends[i][1], false, 10, 110);
        double tick[24];
        const int n = rp_axis_ticks(&a, 24, tick);
        cr_expect(a.low <= ends[i][0] && a.high >= ends[i][1], "%g to %g", a.low, a.high);
        cr_expect(n >= 3 && n <= 12, "%d ticks from %g to %g", n, a.low, a.high);
        cr_expect(near(rp_axis_place(&a, a.low), 10, 1e-12, 0) && near(rp_axis_place(&a, a.high), 110, 1e-12, 0));
        const double lead = a.step / pow(10, floor(log10(a.step) + 1e-9));
        cr_expect(near(lead, 1, 1e-9, 0) || near(lead, 2, 1e-9, 0) || near(lead, 5, 1e-9, 0), "step %g", a.step);
    }
    no_leaks();
}

Test(axis, logarithmic_axes_begin_and_end_at_powers_of_ten)
{
    const rp_axis a = rp_axis_make(0.03, 700, true, 0, 100);
    double tick[24];
    cr_expect(near(a.low, 0.01, 1e-12, 0) && near(a.high, 1000, 1e-12, 0));
    cr_expect_eq(rp_axis_ticks(&a, 24, tick), 6);
    cr_expect(near(rp_axis_place(&a, 1), 40, 1e-9, 0));
    no_leaks();
}

Test(chart, places_points_where_their_values_are)
{
    RP_TEXT_AUTO svg = {0};
    const double x[] = {0, 10}, y[] = {0, 5};
    const char *const tip[] = {"<a>", "b"};
    const rp_series s = {.mark = RP_MARK_POINT, .n = 2, .x = x, .y = y, .tip = tip};
    const rp_chart c = {.title = "a <chart>", .x_name = "x, mm", .y_name = "y, s", .series = 1, .at = &s};
    cr_assert_eq(rp_chart_draw(&c, &svg), RP_OK);
    cr_expect(strstr(svg.at, "M62.0,262.0m") && strstr(svg.at, "M464.0,26.0m"), "%s", svg.at); /* corners of the frame */
    cr_expect(strstr(svg.at, "a &lt;chart&gt;") && strstr(svg.at, "<title>&lt;a&gt;</title>"));
    cr_expect(strstr(svg.at, ">x, mm</text>") && strstr(svg.at, ">y, s</text>"));
    no_leaks();
}

Test(chart, refuses_what_has_no_place)
{
    RP_TEXT_AUTO svg = {0};
    double x[] = {1, 2}, y[] = {1, NAN};
    rp_series s = {.mark = RP_MARK_LINE, .n = 2, .x = x, .y = y};
    rp_chart c = {.title = "t", .x_name = "x", .y_name = "y", .series = 1, .at = &s};
    cr_expect_eq(rp_chart_draw(&c, &svg), RP_ENUM);
    y[1] = INFINITY;
    cr_expect_eq(rp_chart_draw(&c, &svg), RP_ENUM);
    y[1] = -1;
    c.is_log_y = true;
    cr_expect_eq(rp_chart_draw(&c, &svg), RP_ENUM);
    s.n = 0;
    cr_expect_eq(rp_chart_draw(&c, &svg), RP_ENUM);
    cr_expect_eq(svg.length, 0);
    const rp_group g = {.name = "empty", .note = "3 infinite"};
    cr_expect_eq(rp_chart_groups("t", "x", 0, 1, 1, &g, &svg), RP_ENUM);
    cr_expect_eq(svg.length, 0);
    no_leaks();
}

Test(chart, groups_draw_every_value_and_say_what_has_none)
{
    RP_TEXT_AUTO svg = {0};
    double many[200];
    for (int i = 0; i < 200; i++) many[i] = 0.5;
    const rp_group g[] = {{.name = "a", .n = 200, .value = many, .note = ""}, {.name = "b", .note = "2 undefined"}};
    cr_assert_eq(rp_chart_groups("t", "Dice", 0, 1, 2, g, &svg), RP_OK);
    int dots = 0;
    for (const char *p = svg.at; (p = strstr(p, "<path")); p++) dots++;
    cr_expect_eq(dots, 200);
    cr_expect(strstr(svg.at, "n = 0, 2 undefined") != NULL);
    no_leaks();
}

/* A volume of 4 x 5 x 6 voxels, spacing 2, 3, 4 mm, values by place; label 1 in a box. */
static rp_volume *box(const double dir[3][3], uint8_t labels[120], const int64_t low[3], const int64_t size[3])
{
    rp_volume *v;
    rp_grid g = rp_grid_axial(4, 5, 6, 2, 3, 4);
    memcpy(g.dir, dir, sizeof g.dir);
    cr_assert_eq(rp_volume_new(&g, RP_F32, &v), RP_OK);
    memset(labels, 0, 120);
    for (int64_t z = 0; z < 4; z++)
        for (int64_t y = 0; y < 5; y++)
            for (int64_t x = 0; x < 6; x++) {
                const int64_t at[3] = {z, y, x}, i = (z * 5 + y) * 6 + x;
                bool is_in = true;
                for (int a = 0; a < 3; a++) is_in = is_in && at[a] >= low[a] && at[a] < low[a] + size[a];
                labels[i] = is_in;
                ((float *)v->data)[i] = (float)i;
            }
    return v;
}

static const double AXIAL[3][3] = {{0, 0, 1}, {0, 1, 0}, {1, 0, 0}};

Test(picture, shows_the_slice_with_the_largest_area_and_outlines_voxel_borders)
{
    uint8_t reference[120], prediction[120];
    const int64_t low[3] = {2, 1, 2}, size[3] = {1, 2, 3}, one[3] = {2, 1, 2}, unit[3] = {1, 1, 1};
    rp_volume *v = box(AXIAL, reference, low, size), *w = box(AXIAL, prediction, one, unit);
    const rp_picture p = {.image = v, .reference = reference, .prediction = prediction, .label = 1, .title = "<x>"};
    RP_TEXT_AUTO svg = {0};
    rp_picture_facts f;
    cr_assert_eq(rp_picture_draw(&p, &svg, &f), RP_OK);
    cr_expect_eq(f.axis, 0);
    cr_expect_eq(f.slice, 3);
    cr_expect_eq(f.slices, 4);
    cr_expect_float_eq(f.position_mm, 4, 1e-12);
    /* the reference: 2 rows of 3 mm from 3 mm, 3 columns of 4 mm from 8 mm */
    cr_expect(strstr(svg.at, "d=\"M8.00,3.00h12.00M8.00,9.00h12.00M8.00,3.00v6.00M20.00,3.00v6.00\"") != NULL, "%s", svg.at);
    cr_expect(strstr(svg.at, "d=\"M8.00,3.00h4.00M8.00,6.00h4.00M8.00,3.00v3.00M12.00,3.00v3.00\"") != NULL);
    cr_expect(strstr(svg.at, "&lt;x&gt;") && strstr(svg.at, "data:image/png;base64,iVBORw0KGgo"));
    rp_volume_drop(&v);
    rp_volume_drop(&w);
    no_leaks();
}

Test(picture, turns_what_is_stored_backwards)
{
    static const double flipped[3][3] = {{0, 0, -1}, {0, -1, 0}, {-1, 0, 0}};
    uint8_t reference[120];
    const int64_t low[3] = {0, 0, 0}, size[3] = {1, 1, 1};
    rp_volume *v = box(flipped, reference, low, size);
    const rp_picture p = {.image = v, .reference = reference, .prediction = reference, .label = 1, .title = ""};
    RP_TEXT_AUTO svg = {0};
    rp_picture_facts f;
    cr_assert_eq(rp_picture_draw(&p, &svg, &f), RP_OK);
    cr_expect_eq(f.slice, 4); /* first stored, last towards the head */
    cr_expect_float_eq(f.position_mm, 0, 1e-12);
    cr_expect(strstr(svg.at, "d=\"M20.00,12.00h4.00M20.00,15.00h4.00M20.00,12.00v3.00M24.00,12.00v3.00\"") != NULL, "%s", svg.at);
    rp_volume_drop(&v);
    no_leaks();
}

Test(picture, takes_the_prediction_where_there_is_no_reference_and_refuses_nothing_at_all)
{
    uint8_t prediction[120], none[120] = {0};
    const int64_t low[3] = {1, 0, 0}, size[3] = {1, 5, 6};
    rp_volume *v = box(AXIAL, prediction, low, size);
    rp_picture p = {.image = v, .reference = none, .prediction = prediction, .label = 1, .title = ""};
    RP_TEXT_AUTO svg = {0};
    rp_picture_facts f = {.slice = 77};
    cr_expect_eq(rp_picture_draw(&p, &svg, &f), RP_OK);
    cr_expect_eq(f.slice, 2);
    p.label = 2;
    f.slice = 77;
    cr_expect_eq(rp_picture_draw(&p, &svg, &f), RP_ENONE);
    cr_expect_eq(f.slice, 77);
    p.label = 1;
    ((float *)v->data)[40] = NAN;
    cr_expect_eq(rp_picture_draw(&p, &svg, &f), RP_ENUM);
    rp_volume_drop(&v);
    no_leaks();
}

Test(picture, windows_a_ct_in_hounsfield_units_and_others_by_their_values)
{
    uint8_t reference[120];
    const int64_t low[3] = {3, 0, 0}, size[3] = {1, 2, 2};
    rp_volume *v = box(AXIAL, reference, low, size);
    rp_picture p = {.image = v, .reference = reference, .prediction = reference, .label = 1, .is_hounsfield = true, .title = ""};
    RP_TEXT_AUTO svg = {0};
    rp_picture_facts f;
    cr_expect_eq(rp_picture_draw(&p, &svg, &f), RP_OK);
    cr_expect(f.low == -160 && f.high == 240);
    p.is_hounsfield = false;
    cr_expect_eq(rp_picture_draw(&p, &svg, &f), RP_OK);
    /* slice 3 holds 90 to 119; the 99.5th percentile is at 0.995 * 29 of its order statistics */
    cr_expect(f.low == 0 && near(f.high, 90 + 0.995 * 29, 1e-12, 0), "%g", f.high);
    for (int i = 0; i < 120; i++) ((float *)v->data)[i] = -5;
    cr_expect_eq(rp_picture_draw(&p, &svg, &f), RP_OK);
    cr_expect(f.low == -5 && f.high == -4);
    rp_volume_drop(&v);
    no_leaks();
}
