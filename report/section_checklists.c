/* report/section_checklists.c - reporting guidelines: where the page answers, what is left to
 * write. */
#include "report/page_priv.h"

#include <stdio.h>
#include <string.h>

enum { CONSORT_AI, STARD_AI, TRIPOD_AI, CLAIM, GUIDELINES };

/* sections that hold performance, of whatever task: the first one of the page is meant */
#define RP_SCORES "scores classification survival trial"

static const struct item {
    int guideline;
    const char *number, *topic, *answer;
} items[] = {
#define RP_ITEM(guideline, number, topic, answer) {guideline, number, topic, answer},
#include "report/checklists.inc"
#undef RP_ITEM
};

static const struct {
    const char *name, *about; /* about: for what kind of study */
} guidelines[GUIDELINES] = {
    [CONSORT_AI] = {"CONSORT-AI", "randomised trials: the items beyond CONSORT 2010"},
    [STARD_AI] = {"STARD-AI", "diagnostic accuracy: items of STARD 2015 with what STARD-AI adds"},
    [TRIPOD_AI] = {"TRIPOD+AI", "prediction models"},
    [CLAIM] = {"CLAIM", "AI in medical imaging: numbers of 2020"},
};

static void add_item(const rp_page *p, const struct item *i, rp_text *t)
{
    const char *name, *title = rp_page_section(p, i->answer, &name);
    rp_html_row(t);
    rp_html_cell(t, "%s", i->number);
    rp_html_cell(t, "%s", i->topic);
    if (title) {
        rp_text_add(t, "<td><a href=\"#%s\">", name);
        rp_html_text(t, title);
        rp_text_add(t, "</a></td>");
    } else {
        rp_html_cell(t, "for the authors");
    }
    rp_html_row_end(t);
}

static rp_status add_guideline(const rp_page *p, int g, rp_text *t)
{
    static const char *const head[] = {"Item", "Topic", "Where"};
    RP_TEXT_AUTO table = {0};
    const char *name;
    int all = 0, answered = 0;
    rp_html_table(&table, "", 3, head);
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        if (items[i].guideline != g) continue;
        add_item(p, &items[i], &table);
        all++;
        answered += rp_page_section(p, items[i].answer, &name) != NULL;
    }
    rp_html_table_end(&table);
    RP_TRY(rp_text_status(&table));
    rp_text_add(t, "<details><summary>");
    rp_html_say(t, "%s (%s): %d of %d items have material on this page", guidelines[g].name,
                guidelines[g].about, answered, all);
    rp_text_add(t, "</summary>\n%s</details>\n", rp_text_get(&table));
    return rp_text_status(t);
}

rp_status rp_section_checklists(rp_page *p, rp_text *t)
{
    const char *name;
    rp_html_paragraph(t, "soft",
                      "Where an item can be answered from this page; the words are the authors'. "
                      "Topics are in our words: the guidelines themselves say what each asks.");
    for (int g = 0; g < GUIDELINES; g++) {
        /* trials are reported by CONSORT-AI; the others are about models */
        const char *about = g == CONSORT_AI ? "trial" : "scores classification survival radiomics";
        if (!rp_page_section(p, about, &name)) continue;
        RP_TRY(add_guideline(p, g, t));
    }
    return RP_OK;
}
