/* tests/test_cohort_split.c - split files: whose cases they name, what is refused. */
#include "cohort/split.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 6 };

/* Two studies of A and of C, one of B and of D; names of cases and patients do not sort alike. */
static rp_cohort_case list[CASES] = {{.name = "a1", .patient = "C"}, {.name = "a2", .patient = "A"},
                                     {.name = "a3", .patient = "B"}, {.name = "a4", .patient = "A"},
                                     {.name = "a5", .patient = "D"}, {.name = "a6", .patient = "C"}};

static const char *folder(void) { return scratch_folder("split"); }

static rp_status read_split(const char *text, rp_part part[CASES], rp_text *lost)
{
    static char path[2000], place[1900];
    const char *at = folder();
    snprintf(place, sizeof place, "%.1800s/cohort", at);
    snprintf(path, sizeof path, "%s.private", place);
    (void)run_command(5, NULL, 0, "mkdir -p %s", path);
    snprintf(path, sizeof path, "%s.private/map.csv", place);
    FILE *f = fopen(path, "w");
    fputs("source_patient,patient\n007,A\n009,Z\n008,C\n", f);
    fclose(f);
    snprintf(path, sizeof path, "%s/split.csv", at);
    f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    const rp_cohort c = {.path = place, .cases = CASES, .list = list};
    return rp_split_read(path, &c, part, lost);
}

static void expect_parts(const char *text, const char *want)
{
    rp_part part[CASES];
    RP_TEXT_AUTO lost = {0};
    cr_assert_eq(read_split(text, part, &lost), RP_OK, "%s", rp_error_message());
    for (int i = 0; i < CASES; i++) cr_expect_eq(rp_part_name(part[i])[0], want[i], "case %d", i);
}

Test(split, names_patients_cases_and_identifiers_of_the_source)
{
    expect_parts("patient,split\nA,train\nC,test\n", "ttntnt");
    expect_parts("patient,split\nB,validate\nD,train\n", "nnvntn");
    expect_parts("case,split\na2,train\na4,train\na6,test\n", "ntntnt");
    expect_parts("patient,split\n007,validate\n008,test\n", "tvnvnt");
}

Test(split, patient_that_ingest_lost_is_told)
{
    rp_part part[CASES];
    RP_TEXT_AUTO lost = {0};
    cr_assert_eq(read_split("patient,split\n009,train\nA,train\n", part, &lost), RP_OK);
    cr_expect_eq(strncmp(rp_text_get(&lost), "Z,ingest,", 9), 0, "%s", rp_text_get(&lost));
}

Test(split, mistakes_are_refused_with_their_line)
{
    static const struct { const char *text, *says; } bad[] = {
        {"patient,split\nA,train\nA,test\n", "split.csv:3: 'A' stands twice"},
        {"patient,split\nA,train\n007,train\n", "split.csv:3: 'A' stands twice"},
        {"patient,split\nA,train\nE,test\n", "split.csv:3: patient 'E' is not in cohort"},
        {"case,split\na2,train\na4,test\n", "patient 'A' is in two parts (cases 'a2' and 'a4')"},
        {"case,split\na6,train\na1,validate\n", "patient 'C' is in two parts (cases 'a1' and 'a6')"},
        {"patient,split\nA,training\n", "split.csv:2: split 'training': must be train, validate or test"},
        {"name,split\nA,train\n", "no column 'patient'"},
    };
    rp_part part[CASES];
    RP_TEXT_AUTO lost = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect_eq(read_split(bad[i].text, part, &lost), RP_EDATA, "%s", bad[i].text);
        cr_expect(strstr(rp_error_message(), bad[i].says), "%s", rp_error_message());
    }
}

Test(split, folds_test_every_patient_once)
{
    const rp_cohort c = {.path = "none", .cases = CASES, .list = list};
    int tested[256] = {0};
    for (int fold = 0; fold < 3; fold++) {
        RP_TEXT_AUTO csv = {0};
        const rp_split_settings s = {.folds = 3, .fold = fold, .seed = 4};
        cr_assert_eq(rp_split_make(&c, &s, &csv), RP_OK, "%s", rp_error_message());
        const char *line = strchr(rp_text_get(&csv), '\n') + 1;
        int rows = 0;
        for (; *line; line = strchr(line, '\n') + 1, rows++) {
            cr_expect_eq(line[0], "CABD"[rows], "in order of their first case");
            tested[(unsigned char)line[0]] += strncmp(line + 1, ",test", 5) == 0;
        }
        cr_expect_eq(rows, 4);
    }
    for (int p = 'A'; p <= 'D'; p++) cr_expect_eq(tested[p], 1, "%c", p);
}
