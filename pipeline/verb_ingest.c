/* pipeline/verb_ingest.c - radpipe ingest. */
#include "cohort/ingest.h"
#include "io/dicom.h"
#include "lib/base/log.h"
#include "pipeline/program.h"
#include "pipeline/verb.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char rp_verb_ingest_usage[] =
    "usage: radpipe ingest SOURCE... --out COHORT [--key FILE | --ids keep] [--dry-run] "
    "[--shard-size GIB]\n"
    "       mpirun -n N radpipe ingest ...\n"
    "\n"
    "Makes a cohort (HDF5 shards and tables) of folders of DICOM, NIfTI or NRRD files.  What was "
    "left out\n"
    "stands in COHORT/quarantine.csv and flow.csv with its reason.  Names, dates and identifiers "
    "do not\n"
    "enter the cohort: patients become keyed pseudonyms; key and map lie in COHORT.private.\n"
    "\n"
    "  --out COHORT       folder of the cohort\n"
    "  --key FILE         key of the pseudonyms (64 hexadecimal digits); made if absent\n"
    "  --ids keep         keep the patient identifiers: for data that are public already\n"
    "  --dry-run          inventory, quarantine and flow only\n"
    "  --shard-size GIB   uncompressed size of a shard (default 2)\n"
    "\n"
    "A start that was cut off goes on where it was.\n"
    "examples: radpipe ingest export/ --out cohort\n"
    "          mpirun -n 4 radpipe ingest a/ b/ --out cohort --key hospital.key\n"
    "exit codes: 0 done, 75 stopped early, start me again, others: see 'radpipe help'\n";

static void say(const rp_ingest *s, const rp_ingest_counts *c)
{
    (void)printf("files      %8" PRId64 "\nseries     %8" PRId64 "\ncases      %8" PRId64 "\n",
                 c->files, c->series, c->cases);
    if (!s->dry_run)
        (void)printf("volumes    %8" PRId64 "\nregions    %8" PRId64 "\n", c->volumes, c->regions);
    (void)printf("left out   %8" PRId64 "   (%s/quarantine.csv, %s/flow.csv)\n", c->quarantined,
                 s->out, s->out);
    if (c->lost) (void)printf("cases lost %8" PRId64 "\n", c->lost);
    (void)printf("private    %s.private (inventory%s)\n", s->out,
                 s->keep_ids ? "" : ", key, map of names");
}

rp_status rp_verb_ingest(int argc, char **argv)
{
    const char *out = NULL, *key = NULL, *ids = NULL, *shard = NULL, *word[64];
    bool dry = false, quiet = false;
    int words;
    double gib = 2;
    const rp_option option[] = {
        {.name = "--out", .value = &out},    {.name = "--key", .value = &key},
        {.name = "--ids", .value = &ids},    {.name = "--shard-size", .value = &shard},
        {.name = "--dry-run", .flag = &dry}, {.name = "--quiet", .flag = &quiet}};
    RP_TRY(rp_options_read(argc, argv, 6, option, 64, word, &words));
    RP_NEED(words >= 1 && out, RP_EUSE,
            "ingest: a source and --out COHORT are needed; 'radpipe help ingest' shows the usage");
    RP_NEED(!ids || strcmp(ids, "keep") == 0 || strcmp(ids, "keyed") == 0, RP_EUSE,
            "--ids '%s': must be keyed or keep", ids);
    RP_NEED(!(key && ids && strcmp(ids, "keep") == 0), RP_EUSE,
            "ingest: --key and --ids keep exclude each other");
    if (shard) RP_TRY(rp_option_number("--shard-size", shard, 0.001, 1024, &gib));
    if (quiet) rp_progress_show(RP_SHOW_QUIET);
    RP_AUTO(rp_pool) pool = NULL;
    rp_signals_watch();
    RP_TRY(rp_dicom_start());
    RP_TRY(rp_pool_new(rp_program_cores(), &pool));
    const rp_ingest s = {.comm = rp_comm_world(),
                         .pool = pool,
                         .sources = words,
                         .source = word,
                         .out = out,
                         .key = key,
                         .keep_ids = ids && strcmp(ids, "keep") == 0,
                         .dry_run = dry,
                         .shard_bytes = gib * (1 << 30),
                         .program = rp_program_version(),
                         .stop = rp_signals_stop};
    rp_ingest_counts c;
    const rp_status st = rp_ingest_run(&s, &c);
    rp_progress_end();
    rp_pool_drop(&pool);
    rp_dicom_end();
    RP_TRY(st);
    if (rp_comm_rank(rp_comm_world()) != 0) return RP_OK;
    if (c.was_there)
        (void)printf("cohort '%s' is complete already\n", out);
    else
        say(&s, &c);
    return RP_OK;
}
