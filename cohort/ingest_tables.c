/* cohort/ingest_tables.c - what ingest tells: tables, flow, quarantine, cohort.json; and, apart
 * from the cohort, the inventory and the map of names. */
#include "cohort/ingest_priv.h"

#include "io/csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Counts by (level, reason), for the flow. */
typedef struct tally {
    struct {
        char level[12], reason[80];
        int64_t count;
    } row[128];
    int rows;
} tally;

static void count_reason(tally *t, const char *level, const char *reason, int64_t n)
{
    for (int i = 0; i < t->rows; i++)
        if (strcmp(t->row[i].level, level) == 0 && strcmp(t->row[i].reason, reason) == 0) {
            t->row[i].count += n;
            return;
        }
    RP_ASSERT(t->rows < 128); /* reasons of these levels are fixed words */
    (void)snprintf(t->row[t->rows].level, sizeof t->row[0].level, "%s", level);
    (void)snprintf(t->row[t->rows].reason, sizeof t->row[0].reason, "%s", reason);
    t->row[t->rows++].count = n;
}

typedef struct tables {
    const rp_ingest *s;
    rp_ingest_making *m;
    tally tally;
    rp_text quarantine, cases, volumes, regions, files; /* files: JSON lines of digests */
    int64_t slices_used, series_kept, cases_kept, attachments_kept;
} tables;

static void clear(tables *t)
{
    rp_text *const all[] = {&t->quarantine, &t->cases, &t->volumes, &t->regions, &t->files};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) rp_text_clear(all[i]);
}

static void quarantine(tables *t, const char *level, int64_t source, const char *case_name,
                       const char *what, const char *reason, const char *detail)
{
    /* What flow.csv has no row for is not counted: reasons of regions hold numbers. */
    if (strncmp(level, "region", 6) != 0) count_reason(&t->tally, level, reason, 1);
    rp_csv_put(&t->quarantine, level);
    if (source >= 0)
        rp_csv_put_int(&t->quarantine, source + 1);
    else
        rp_csv_put(&t->quarantine, "");
    rp_csv_put(&t->quarantine, case_name);
    rp_csv_put(&t->quarantine, what);
    rp_csv_put(&t->quarantine, reason);
    rp_csv_put(&t->quarantine, detail);
    rp_csv_end(&t->quarantine);
    t->m->counts.quarantined++;
}

/* Files and series that were left out before anything was read. */
static void tell_plan(tables *t)
{
    const rp_scan *scan = t->m->scan;
    const rp_plan *p = t->m->plan;
    for (int64_t i = 0; i < scan->files; i++)
        if (scan->head[i].kind == RP_FILE_SKIPPED)
            quarantine(t, "file", i, "", "", scan->head[i].reason, "");
    for (int64_t i = 0; i < p->series_count; i++) {
        const rp_series *s = &p->series[i];
        if (s->reason[0]) {
            quarantine(t, "series", p->slice[s->first].file, "", s->head->modality, s->reason,
                       s->detail);
            count_reason(&t->tally, "files", s->reason, s->count);
        } else {
            t->series_kept++;
            t->slices_used += s->count;
        }
    }
    for (int64_t i = 0; i < p->attachments; i++) {
        const rp_attachment *a = &p->attachment[i];
        if (a->volume < 0) {
            quarantine(t, "regions", a->file, "", "", a->reason, "");
            count_reason(&t->tally, "files", a->reason, 1);
        } else
            t->attachments_kept++;
    }
    t->m->counts.files = scan->files;
    t->m->counts.series = p->series_count;
    t->m->counts.slices = t->slices_used;
}

/* A told line: prefix "V,", "R," or "Q,"; rows go behind the case's name. */
static void take_line(tables *t, const rp_case_plan *k, const char *shard, const char *line,
                      size_t n)
{
    rp_text *to = line[0] == 'V' ? &t->volumes : line[0] == 'R' ? &t->regions : NULL;
    if (!to) {
        RP_TEXT_AUTO row = {0};
        RP_AUTO(rp_csv) csv = NULL;
        rp_text_add(&row, "what,reason,detail\n%.*s\n", (int)n - 2, line + 2);
        if (rp_csv_parse("told", ',', row.length, rp_text_get(&row), &csv) == RP_OK)
            quarantine(t, "region", -1, k->name, rp_csv_text(csv, 0, 0), rp_csv_text(csv, 0, 1),
                       rp_csv_text(csv, 0, 2));
        return;
    }
    rp_text_add(to, "%s,", k->name);
    if (line[0] == 'V') rp_text_add(to, "%s,", shard);
    rp_text_add(to, "%.*s\n", (int)n - 2, line + 2);
    if (line[0] == 'V')
        t->m->counts.volumes++;
    else
        t->m->counts.regions++;
}

static rp_status tell_cases(tables *t)
{
    const rp_plan *p = t->m->plan;
    const rp_store_result *r = t->m->result;
    for (int64_t i = 0; i < p->cases; i++) {
        const rp_case_plan *k = &p->cases_list[i];
        if (r->status[i] != RP_OK) {
            quarantine(t, "case", p->slice[p->series[k->volume[0]].first].file, k->name, "",
                       "case that cannot be used", rp_status_text(r->status[i]));
            t->m->counts.lost++;
            continue;
        }
        t->cases_kept++;
        RP_AUTOFREE char *shard = NULL;
        RP_TRY(rp_store_shard_name(r->shard[i], &shard));
        rp_csv_put(&t->cases, k->name);
        rp_csv_put(&t->cases, k->patient);
        if (k->days >= 0)
            rp_csv_put_int(&t->cases, k->days);
        else
            rp_csv_put(&t->cases, "");
        rp_csv_put(&t->cases, shard);
        rp_csv_end(&t->cases);
        for (const char *line = r->told[i]; *line;) {
            const size_t n = strcspn(line, "\n");
            take_line(t, k, shard, line, n);
            line += n + (line[n] == '\n');
        }
    }
    t->m->counts.cases = t->cases_kept;
    return RP_OK;
}

/* Writes one file of the cohort and notes its digest. */
static rp_status publish(tables *t, const char *name, const rp_text *text)
{
    RP_TRY(rp_atomic_publish(t->s->out, name, text));
    uint8_t d[RP_DIGEST_BYTES];
    char hex[RP_DIGEST_TEXT];
    rp_digest_bytes(NULL, (size_t)text->length, rp_text_get(text), d);
    rp_hex(sizeof d, d, hex);
    rp_text_add(&t->files, "%s\n    \"%s\": \"%s\"", t->files.length ? "," : "", name, hex);
    return RP_OK;
}

static int by_level(const void *a, const void *b)
{
    const int c = strcmp(a, b); /* level stands first in a row */
    return c ? c : strcmp((const char *)a + 12, (const char *)b + 12);
}

static void flow_row(rp_text *f, const char *level, const char *what, int64_t count,
                     const char *reason)
{
    rp_csv_put(f, level);
    rp_csv_put(f, what);
    rp_csv_put_int(f, count);
    rp_csv_put(f, reason);
    rp_csv_end(f);
}

/* found = left out (a row a reason) + kept, for files, series and cases. */
static rp_status write_flow(tables *t)
{
    RP_TEXT_AUTO f = {0};
    const rp_ingest_making *m = t->m;
    rp_text_add(&f, "level,what,count,reason\n");
    qsort(t->tally.row, (size_t)t->tally.rows, sizeof t->tally.row[0], by_level);
    flow_row(&f, "files", "found", m->scan->files, "");
    for (int i = 0; i < t->tally.rows; i++)
        if (strncmp(t->tally.row[i].level, "file", 4) == 0)
            flow_row(&f, "files", "left out", t->tally.row[i].count, t->tally.row[i].reason);
    flow_row(&f, "files", "kept", t->slices_used + t->attachments_kept, "");
    flow_row(&f, "series", "found", m->plan->series_count, "");
    for (int i = 0; i < t->tally.rows; i++)
        if (strcmp(t->tally.row[i].level, "series") == 0)
            flow_row(&f, "series", "left out", t->tally.row[i].count, t->tally.row[i].reason);
    flow_row(&f, "series", "kept", t->series_kept, "");
    flow_row(&f, "cases", "found", m->plan->cases, "");
    for (int i = 0; i < t->tally.rows; i++)
        if (strcmp(t->tally.row[i].level, "case") == 0)
            flow_row(&f, "cases", "left out", t->tally.row[i].count, t->tally.row[i].reason);
    flow_row(&f, "cases", "kept", t->s->dry_run ? m->plan->cases : t->cases_kept, "");
    return publish(t, "flow.csv", &f);
}

/* Age in years of DICOM's 059Y; 90 for all over 89; -1 unknown. */
static int64_t age_of(const char *age)
{
    int64_t years;
    char digits[4] = "";
    if (strlen(age) != 4 || age[3] != 'Y') return -1;
    memcpy(digits, age, 3);
    if (!rp_read_int(digits, &years)) return -1;
    return years > 89 ? 90 : years;
}

static rp_status write_patients(tables *t)
{
    const rp_plan *p = t->m->plan;
    RP_TEXT_AUTO table = {0}, words = {0};
    rp_text_add(&table, "patient,sex,age_years\n");
    const char *last = "";
    for (int64_t i = 0; i < p->cases; i++) {
        const rp_case_plan *k = &p->cases_list[i];
        if (t->m->result->status[i] != RP_OK || strcmp(k->patient, last) == 0) continue;
        last = k->patient;
        const int64_t age = age_of(k->head->age);
        rp_csv_put(&table, k->patient);
        rp_csv_put(&table, strcmp(k->head->sex, "M") == 0 || strcmp(k->head->sex, "F") == 0
                               ? k->head->sex
                               : "");
        if (age >= 0)
            rp_csv_put_int(&table, age);
        else
            rp_csv_put(&table, "");
        rp_csv_end(&table);
    }
    RP_TRY(publish(t, "table.csv", &table));
    rp_text_add(
        &words,
        "version: 1\ncolumns:\n"
        "  patient: {level: patient, type: name, role: key}\n"
        "  sex: {level: patient, type: choice, levels: [F, M], missing: [''], role: covariate}\n"
        "  age_years: {level: patient, type: number, unit: years, missing: [''], role: covariate, "
        "note: 'at the first imaging; 90 means over 89'}\n");
    return publish(t, "dictionary.yaml", &words);
}

static rp_status write_private(const tables *t)
{
    const rp_scan *scan = t->m->scan;
    const rp_plan *p = t->m->plan;
    RP_TEXT_AUTO inventory = {0}, map = {0};
    RP_AUTOFREE char *a = NULL, *b = NULL;
    static const char *const kind[] = {"left out", "slice", "RTSTRUCT", "SEG", "volume", "mask"};
    rp_text_add(&inventory, "source,path,kind,modality,series,reason\n");
    for (int64_t i = 0; i < scan->files; i++) {
        const rp_file_head *h = &scan->head[i];
        rp_csv_put_int(&inventory, i + 1);
        rp_csv_put(&inventory, scan->path[i]);
        rp_csv_put(&inventory, kind[h->kind]);
        rp_csv_put(&inventory, h->modality);
        rp_csv_put(&inventory, h->series);
        rp_csv_put(&inventory, h->reason);
        rp_csv_end(&inventory);
    }
    rp_text_add(&map, "case,patient,source_patient\n");
    for (int64_t i = 0; i < p->cases; i++) {
        rp_csv_put(&map, p->cases_list[i].name);
        rp_csv_put(&map, p->cases_list[i].patient);
        rp_csv_put(&map, p->cases_list[i].head->patient);
        rp_csv_end(&map);
    }
    RP_TRY(rp_path_join(t->m->private_folder, "inventory.csv", &a));
    RP_TRY(rp_path_join(t->m->private_folder, "map.csv", &b));
    RP_TRY(rp_text_status(&inventory));
    RP_TRY(rp_text_status(&map));
    RP_TRY(rp_atomic_write_private(a, inventory.length, rp_text_get(&inventory)));
    return rp_atomic_write_private(b, map.length, rp_text_get(&map));
}

static rp_status write_json(tables *t)
{
    const rp_ingest_counts *c = &t->m->counts;
    RP_TEXT_AUTO j = {0};
    for (int64_t i = 0; i < t->m->result->shards; i++)
        rp_text_add(&t->files, ",\n    \"shards/%05" PRId64 ".h5\": \"%s\"", i,
                    t->m->result->shard_digest[i]);
    rp_text_add(&j,
                "{\n  \"version\": 1,\n  \"program\": \"%s\",\n  \"rules\": \"default\",\n  "
                "\"ids\": \"%s\",\n",
                t->s->program, t->s->keep_ids ? "keep" : "keyed");
    rp_text_add(&j,
                "  \"counts\": {\"cases\": %" PRId64 ", \"volumes\": %" PRId64
                ", \"regions\": %" PRId64 ", \"quarantined\": %" PRId64 ", \"shards\": %" PRId64
                "},\n",
                c->cases, c->volumes, c->regions, c->quarantined, t->m->result->shards);
    rp_text_add(&j, "  \"files\": {%s\n  }\n}\n", rp_text_get(&t->files));
    RP_TRY(rp_text_status(&j));
    RP_AUTOFREE char *path = NULL;
    RP_TRY(rp_path_join(t->s->out, "cohort.json", &path));
    return rp_atomic_write(path, j.length, rp_text_get(&j));
}

static rp_status write_all(tables *t)
{
    rp_text_add(&t->quarantine, "level,source,case,what,reason,detail\n");
    rp_text_add(&t->cases, "case,patient,days,shard\n");
    rp_text_add(
        &t->volumes,
        "case,shard,name,modality,dataset,shape,spacing_mm,origin_mm,direction,unit,dtype,digest,"
        "manufacturer,model,kernel,kvp,slice_thickness_mm,warning\n");
    rp_text_add(&t->regions, "case,region,volume,voxels,volume_mm3,warning,dataset,digest\n");
    tell_plan(t);
    RP_TRY(write_private(t));
    if (t->s->dry_run) {
        t->m->counts.cases = t->m->plan->cases;
        RP_TRY(publish(t, "quarantine.csv", &t->quarantine));
        return write_flow(t);
    }
    RP_TRY(tell_cases(t));
    RP_TRY(publish(t, "cases.csv", &t->cases));
    RP_TRY(publish(t, "volumes.csv", &t->volumes));
    RP_TRY(publish(t, "regions.csv", &t->regions));
    RP_TRY(publish(t, "quarantine.csv", &t->quarantine));
    RP_TRY(write_flow(t));
    RP_TRY(write_patients(t));
    return write_json(t);
}

rp_status rp_ingest_tables(const rp_ingest *s, rp_ingest_making *m)
{
    tables t = {.s = s, .m = m};
    const rp_status st = write_all(&t);
    clear(&t);
    return st;
}

rp_status rp_ingest_inventory(const rp_ingest *s, rp_ingest_making *m)
{
    RP_TRY(rp_path_make_folder(s->out));
    return rp_ingest_tables(s, m);
}
