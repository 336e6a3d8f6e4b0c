/* pipeline/verb_phantom.c - radpipe phantom. */
#include "cohort/phantom.h"
#include "io/dicom.h"
#include "lib/base/log.h"
#include "pipeline/program.h"
#include "pipeline/verb.h"

const char rp_verb_phantom_usage[] =
    "usage: radpipe phantom KIND --out DIR [--patients N] [--seed S]\n"
    "\n"
    "Writes synthetic patients as DICOM (CT and RTSTRUCT) and a split.csv beside them.  The same\n"
    "settings give the same bytes.\n"
    "\n"
    "  --out DIR       folder to write to\n"
    "  --patients N    how many (default: the kind's)\n"
    "  --seed S        default 1\n"
    "\n"
    "example: radpipe phantom head-neck --out build/phantom --patients 12\n"
    "\n"
    "kinds:\n";

rp_status rp_verb_phantom(int argc, char **argv)
{
    const char *out = NULL, *patients = NULL, *seed = NULL, *word[1];
    int words;
    int64_t n = 0, s = 1;
    const rp_option option[] = {{.name = "--out", .value = &out},
                                {.name = "--patients", .value = &patients},
                                {.name = "--seed", .value = &seed}};
    RP_TRY(rp_options_read(argc, argv, 3, option, 1, word, &words));
    RP_NEED(words == 1 && out, RP_EUSE,
            "phantom: a kind and --out DIR are needed; 'radpipe help phantom' lists the kinds");
    if (patients) RP_TRY(rp_option_int("--patients", patients, 1, 100000, &n));
    if (seed) RP_TRY(rp_option_int("--seed", seed, 0, 4294967295, &s));
    RP_AUTO(rp_pool) pool = NULL;
    RP_TRY(rp_dicom_start());
    RP_TRY(rp_pool_new(rp_program_cores(), &pool));
    const rp_phantom p = {.kind = word[0], .out = out, .patients = (int)n, .seed = (uint64_t)s};
    const rp_status st = rp_phantom_write(&p, pool);
    rp_dicom_end();
    RP_TRY(st);
    rp_log(RP_LOG_RUN, "phantom", NULL,
           "phantoms written to '%s'; a split of them is '%s/split.csv'", out, out);
    return RP_OK;
}
