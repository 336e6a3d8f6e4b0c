/* cohort/cases.c - from volumes to cases: studies of patients, one volume a name, regions attached.
 */
#include "cohort/series_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rp_plan_drop(rp_plan **p)
{
    if (!*p) return;
    rp_free((*p)->slice);
    rp_free((*p)->series);
    rp_free((*p)->attachment);
    rp_free((*p)->cases_list);
    rp_free(*p);
    *p = NULL;
}

static void mark_referred(const rp_scan *scan, const char (*reference)[68], rp_plan *p)
{
    for (int64_t i = 0; i < scan->files; i++) {
        if (!reference[i][0]) continue;
        for (int64_t k = 0; k < p->series_count; k++)
            if (strcmp(p->series[k].head->series, reference[i]) == 0)
                p->series[k].is_referred = true;
    }
}

/* Days since 1970-01-01 of a DICOM date YYYYMMDD; false if it is none. */
static bool day_of(const char *date, int64_t *day)
{
    int64_t v;
    if (strlen(date) != 8 || !rp_read_int(date, &v)) return false;
    int64_t y = v / 10000;
    const int64_t m = v / 100 % 100, d = v % 100;
    if (m < 1 || m > 12 || d < 1 || d > 31) return false;
    /* Civil calendar to days: March is the first month of the year. */
    y -= m <= 2;
    const int64_t era = y / 400, yoe = y - era * 400;
    const int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    *day = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    return true;
}

static int by_study(const void *a, const void *b, void *arg)
{
    const rp_plan *p = arg;
    const rp_file_head *x = p->series[*(const int64_t *)a].head,
                       *y = p->series[*(const int64_t *)b].head;
    int c = strcmp(x->patient, y->patient);
    if (!c) c = strcmp(x->date, y->date);
    if (!c) c = strcmp(x->time, y->time);
    if (!c) c = strcmp(x->study, y->study);
    if (!c) c = strcmp(p->series[*(const int64_t *)a].name, p->series[*(const int64_t *)b].name);
    return c ? c : (*(const int64_t *)a > *(const int64_t *)b) ? 1 : -1;
}

/* a before b when it should win the name; 0 when nothing tells them apart. */
static int better(const rp_series *a, const rp_series *b)
{
    if (a->is_referred != b->is_referred) return a->is_referred ? -1 : 1;
    const int64_t n = a->is_enhanced ? a->head->frames : a->count;
    const int64_t m = b->is_enhanced ? b->head->frames : b->count;
    if (n != m) return n > m ? -1 : 1;
    if (a->head->series_number != b->head->series_number)
        return a->head->series_number < b->head->series_number ? -1 : 1;
    return 0;
}

/* The series [first, last) of one study and one name: keeps the winner. */
static int64_t choose(rp_plan *p, const int64_t order[], int64_t first, int64_t last)
{
    int64_t best = order[first];
    bool tie = false;
    for (int64_t i = first + 1; i < last; i++) {
        const int c = better(&p->series[order[i]], &p->series[best]);
        tie = c == 0 || (tie && c > 0);
        if (c < 0) best = order[i];
    }
    for (int64_t i = first; i < last; i++) {
        rp_series *s = &p->series[order[i]];
        if (!tie && order[i] == best) continue;
        (void)snprintf(s->reason, sizeof s->reason, "%s",
                       tie ? "several series for one volume" : "another series was chosen");
        (void)snprintf(s->detail, sizeof s->detail,
                       "%" PRId64 " candidates for %s; series number %" PRId64, last - first,
                       s->name, s->head->series_number);
    }
    return tie ? -1 : best;
}

static void start_case(rp_plan *p, const rp_file_head *h, const rp_naming *naming)
{
    RP_ASSERT(p->cases_list != NULL);
    rp_case_plan *c = &p->cases_list[p->cases++];
    *c = (rp_case_plan){.head = h, .days = -1};
    rp_naming_patient(naming, h->patient, c->patient);
}

/* Cases of one patient stand side by side, in time: PATIENT, or PATIENT-dDAYS when there are
 * several. */
static void name_cases(rp_plan *p)
{
    for (int64_t i = 0, j; i < p->cases; i = j) {
        rp_case_plan *c = p->cases_list;
        for (j = i + 1; j < p->cases && strcmp(c[j].head->patient, c[i].head->patient) == 0;) j++;
        int64_t first, day;
        const bool dated = day_of(c[i].head->date, &first);
        for (int64_t k = i; k < j; k++) {
            if (dated && day_of(c[k].head->date, &day)) c[k].days = day - first;
            const bool again = k > i && c[k].days == c[k - 1].days;
            char name[160];
            (void)snprintf(name, sizeof name, "%s", c[k].patient);
            const size_t n = strlen(name);
            if (j - i > 1 && c[k].days >= 0)
                (void)snprintf(name + n, sizeof name - n, "-d%" PRId64 "%s", c[k].days,
                               again ? "-" : "");
            /* two studies of one day, or none dated: told apart by their number in time */
            const size_t m = strlen(name);
            if (j - i > 1 && (again || c[k].days < 0))
                (void)snprintf(name + m, sizeof name - m, "s%" PRId64, k - i + 1);
            rp_text_fit(c[k].name, sizeof c[k].name, name);
        }
    }
}

static rp_status make_cases(const rp_naming *naming, rp_plan *p)
{
    RP_AUTOFREE int64_t *order = NULL;
    int64_t n = 0;
    RP_TRY(rp_alloc(p->series_count, sizeof *order, &order));
    RP_TRY(rp_alloc(p->series_count, sizeof *p->cases_list, &p->cases_list));
    for (int64_t i = 0; i < p->series_count; i++)
        if (!p->series[i].reason[0]) order[n++] = i;
    qsort_r(order, (size_t)n, sizeof *order, by_study, p);
    for (int64_t i = 0, j; i < n; i = j) {
        const rp_series *s = &p->series[order[i]];
        for (j = i + 1; j < n && strcmp(p->series[order[j]].name, s->name) == 0 &&
                        strcmp(p->series[order[j]].head->patient, s->head->patient) == 0 &&
                        strcmp(p->series[order[j]].head->study, s->head->study) == 0;)
            j++;
        const int64_t best = choose(p, order, i, j);
        if (best < 0) continue;
        rp_case_plan *c = p->cases ? &p->cases_list[p->cases - 1] : NULL;
        if (!c || strcmp(c->head->patient, s->head->patient) != 0 ||
            strcmp(c->head->study, s->head->study) != 0) {
            start_case(p, s->head, naming);
            c = &p->cases_list[p->cases - 1];
        }
        if (c->volumes == RP_CASE_VOLUMES) {
            (void)snprintf(p->series[best].reason, sizeof p->series[best].reason,
                           "more than 12 volumes in a case");
            continue;
        }
        c->volume[c->volumes++] = best;
        c->bytes += p->series[best].bytes;
    }
    name_cases(p);
    return RP_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const rp_case_plan *)a)->name, ((const rp_case_plan *)b)->name);
}

/* Which case and volume an attachment belongs to; the case's index, or -1 with the reason. */
static int64_t owner_of(const rp_scan *scan, const rp_plan *p, rp_attachment *a)
{
    const rp_file_head *h = &scan->head[a->file];
    int64_t found = -1, matches = 0;
    a->volume = -1;
    for (int64_t c = 0; c < p->cases; c++) {
        const rp_case_plan *one = &p->cases_list[c];
        if (strcmp(one->head->patient, h->patient) != 0) continue;
        for (int v = 0; v < one->volumes; v++) {
            const rp_series *s = &p->series[one->volume[v]];
            const bool match = h->kind == RP_FILE_MASK ? v == 0
                               : a->series[0]
                                   ? strcmp(s->head->series, a->series) == 0
                                   : h->frame[0] && strcmp(s->head->frame, h->frame) == 0;
            if (!match) continue;
            matches++;
            found = c;
            a->volume = one->volume[v];
        }
    }
    if (matches == 1) return found;
    a->volume = -1;
    (void)snprintf(a->reason, sizeof a->reason, "%s",
                   matches ? "belongs to several volumes" : "refers to a series that is not there");
    return -1;
}

typedef struct owned {
    rp_attachment a;
    int64_t owner;
} owned;

static int by_owner(const void *a, const void *b)
{
    const owned *p = a, *q = b;
    if (p->owner != q->owner) return p->owner < q->owner ? -1 : 1;
    return (p->a.file > q->a.file) - (p->a.file < q->a.file);
}

static rp_status attach(const rp_scan *scan, const char (*reference)[68], rp_plan *p)
{
    RP_AUTOFREE owned *list = NULL;
    int64_t capacity = 0;
    for (int64_t i = 0; i < scan->files; i++) {
        const int kind = scan->head[i].kind;
        if (kind != RP_FILE_STRUCTS && kind != RP_FILE_SEG && kind != RP_FILE_MASK) continue;
        RP_TRY(rp_grow(p->attachments + 1, sizeof *list, &capacity, &list));
        owned *o = &list[p->attachments++];
        o->a.file = i;
        memcpy(o->a.series, reference[i], sizeof o->a.series);
        o->owner = owner_of(scan, p, &o->a);
    }
    if (list) qsort(list, (size_t)p->attachments, sizeof *list, by_owner);
    RP_TRY(rp_alloc(p->attachments, sizeof *p->attachment, &p->attachment));
    for (int64_t i = 0; list && i < p->attachments; i++) {
        p->attachment[i] = list[i].a;
        if (list[i].owner < 0) continue;
        rp_case_plan *c = &p->cases_list[list[i].owner];
        if (c->attachments == 0) c->first_attachment = i;
        c->attachments++;
        c->bytes += p->series[list[i].a.volume].bytes / 2; /* a mask has one byte a voxel */
    }
    return RP_OK;
}

static int by_patient(const void *a, const void *b)
{
    const rp_case_plan *const *p = a, *const *q = b;
    const int c = strcmp((*p)->patient, (*q)->patient);
    return c ? c : strcmp((*p)->head->patient, (*q)->head->patient);
}

/* Cleaning may make one name of two identifiers ("A 1", "A/1"): two patients would become one. */
static rp_status check_names(const rp_plan *p)
{
    RP_AUTOFREE const rp_case_plan **order = NULL;
    RP_TRY(rp_alloc(p->cases, sizeof *order, &order));
    for (int64_t i = 0; i < p->cases; i++) order[i] = &p->cases_list[i];
    if (p->cases) qsort(order, (size_t)p->cases, sizeof *order, by_patient);
    for (int64_t i = 1; i < p->cases; i++) {
        const rp_case_plan *a = order[i - 1], *b = order[i];
        const bool merges =
            strcmp(a->patient, b->patient) == 0 && strcmp(a->head->patient, b->head->patient) != 0;
        RP_NEED(!merges && strcmp(p->cases_list[i - 1].name, p->cases_list[i].name) != 0, RP_EDATA,
                "two patients of the source are both called '%s' once their identifiers are file "
                "names: ingest with keyed pseudonyms (without --ids keep), or rename one",
                merges ? b->patient : p->cases_list[i].name);
    }
    return RP_OK;
}

rp_status rp_plan_make(rp_scan *scan, const rp_naming *naming, const char (*reference)[68],
                       rp_plan **out)
{
    RP_AUTO(rp_plan) p = NULL;
    RP_TRY(rp_alloc(1, sizeof *p, &p));
    RP_TRY(rp_plan_series(scan, p));
    mark_referred(scan, reference, p);
    RP_TRY(make_cases(naming, p));
    qsort(p->cases_list, (size_t)p->cases, sizeof *p->cases_list, by_name);
    RP_TRY(check_names(p));
    RP_TRY(attach(scan, reference, p));
    *out = RP_TAKE(p);
    return RP_OK;
}
