/* pipeline/help.c - 'radpipe help': every family prints its own table. */
#include "pipeline/help.h"

#include "cohort/phantom.h"
#include "lib/image/augment.h"
#include "lib/net/kernels.h"
#include "lib/net/loss.h"
#include "lib/net/optimiser.h"
#include "pipeline/job.h"
#include "pipeline/program.h"
#include "pipeline/stats_request.h"
#include "pipeline/trial_policy.h"
#include "pipeline/verb.h"
#include "stages/stage.h"

#include <string.h>

void rp_help_overview(FILE *to)
{
    (void)fprintf(to,
                  "%s: from a hospital's imaging export to a trained model, its scores and a "
                  "report\n\nusage: radpipe VERB ...\n\n",
                  rp_program_version());
    for (const rp_verb *v = rp_verbs; v->name; v++)
        (void)fprintf(to, "  %-10s %s%s\n", v->name, v->summary,
                      v->ranks != RP_RANKS_alone ? " (alone, under mpirun or srun)" : "");
    (void)fprintf(to,
                  "\n  radpipe help VERB     usage, options, examples\n"
                  "  radpipe help job      every key of a job file\n"
                  "  radpipe help FAMILY   phantom, augment, kernel, loss, optimiser, stage, sap,\n"
                  "                        policy, planning\n"
                  "  radpipe --version\n\n"
                  "exit codes: 0 done; 75 stopped early, start me again; 2 wrong use; 3 "
                  "damaged or unsupported data;\n"
                  "            4 not there; 5 not finite; 70 hang; 71 memory; 73 disk full; 74 "
                  "input or output; 76 another rank failed\n");
}

static void help_phantom(void)
{
    for (const rp_phantom_kind *k = rp_phantoms; k->name; k++)
        (void)printf("  %-18s %s; %d patients\n", k->name, k->meaning, k->patients);
}

static void help_augment(void)
{
    (void)printf("  %-16s %11s  %-14s %s\n", "transform", "probability", "range", "");
    for (int i = 0; i < RP_AUG_COUNT; i++) {
        const rp_augment_row *r = &rp_augment_rows[i];
        (void)printf("  %-16s %11g  %g to %g %s: %s\n", r->name, r->probability, r->low, r->high,
                     r->unit, r->meaning);
    }
}

static void help_kernel(void)
{
    for (const rp_kernel_row *r = rp_kernel_rows; r->name; r++)
        (void)printf("  %-14s %s (needs %s)\n", r->name, r->meaning, rp_isa_name(r->needs));
}

static void help_loss(void)
{
    for (const rp_loss *r = rp_losses; r->name; r++)
        (void)printf("  %-12s %s\n", r->name, r->meaning);
}

static void help_optimiser(void)
{
    for (const rp_optimiser *r = rp_optimisers; r->name; r++)
        (void)printf("  %-12s %s\n", r->name, r->meaning);
}

static void help_stage(void)
{
    for (int i = 0; i < rp_stages_count; i++)
        (void)printf("  %-10s takes %s, gives %s\n", rp_stages[i].name, rp_stages[i].takes,
                     rp_stages[i].gives);
}

static void help_sap(void)
{
    RP_TEXT_AUTO t = {0};
    rp_trial_plan_help(&t);
    (void)fputs(rp_text_get(&t), stdout);
}

static void help_planning(void) { (void)fputs(rp_plan_help, stdout); }

static void help_policy(void)
{
    RP_TEXT_AUTO t = {0};
    rp_policy_help(&t);
    (void)fputs(rp_text_get(&t), stdout);
}

static const struct {
    const char *name;
    void (*print)(void);
} families[] = {
    {"phantom", help_phantom}, {"augment", help_augment},     {"kernel", help_kernel},
    {"loss", help_loss},       {"optimiser", help_optimiser}, {"stage", help_stage},
    {"sap", help_sap},         {"policy", help_policy},       {"planning", help_planning}};

rp_status rp_help(int argc, char **argv)
{
    if (argc < 2) {
        rp_help_overview(stdout);
        return RP_OK;
    }
    if (strcmp(argv[1], "job") == 0) {
        RP_TEXT_AUTO t = {0};
        rp_job_help(&t);
        return rp_print(NULL, &t);
    }
    for (const rp_verb *v = rp_verbs; v->name; v++)
        if (strcmp(v->name, argv[1]) == 0) {
            (void)fputs(v->usage, stdout);
            for (size_t i = 0; i < sizeof families / sizeof *families; i++)
                if (strcmp(families[i].name, argv[1]) == 0) families[i].print();
            return RP_OK;
        }
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strcmp(families[i].name, argv[1]) == 0) {
            families[i].print();
            return RP_OK;
        }
    RP_FAIL(RP_EUSE, "nothing is known of '%s': 'radpipe help' lists verbs and families", argv[1]);
}
