/* pipeline/verb_run.c - radpipe run. */
#include "cohort/work.h"
#include "io/atomic.h"
#include "io/dicom.h"
#include "lib/base/log.h"
#include "mpi/world.h"
#include "pipeline/execute.h"
#include "pipeline/program.h"
#include "pipeline/report_run.h"
#include "pipeline/show_table.h"
#include "pipeline/verb.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char rp_verb_run_usage[] =
    "usage: radpipe run JOB --out RUN [--set KEY=VALUE]... [--stop-after K] [--quiet | --json]\n"
    "       mpirun -n N radpipe run JOB --out RUN ...\n"
    "\n"
    "Walks a job: makes the cohort if it is not there, prepares the cases, trains, predicts,\n"
    "scores the test cases and writes a report.  Skips what is done and goes on where it was cut\n"
    "off: start it again with the same RUN.\n"
    "The weights are the same bits on any number of ranks.\n"
    "\n"
    "  --out RUN                  the run directory\n"
    "  --set KEY=VALUE            overrides a key of the job file: --set train.batch=4\n"
    "  --stop-after K             checkpoint after K iterations and exit 75\n"
    "  --time SECONDS             checkpoint and exit 75 after that time\n"
    "  --accept-different-bits    go on with a checkpoint of another identity\n"
    "  --quiet, --json            no progress; progress as lines of JSON\n"
    "\n"
    "examples: radpipe run jobs/demo.yaml --out build/run\n"
    "          mpirun -n 4 radpipe run jobs/demo.yaml --out build/run --set train.seed=2\n"
    "exit codes: 0 finished, 75 stopped early: start me again, others: see 'radpipe help'\n";

/* The page of the run.  What it cannot show, or cannot be written, is said and does not undo the
 * run. */
static void report(const char *out)
{
    RP_AUTOFREE char *path = NULL;
    int64_t problems = 0;
    rp_status st = rp_path_join(out, "report.html", &path);
    if (st == RP_OK) st = rp_report_run(out, path, &problems);
    if (st != RP_OK)
        rp_log(RP_LOG_RUN, "report", NULL, "no report: %s; 'radpipe report %s' tries again",
               rp_error_message(), out);
    else if (problems)
        rp_log(RP_LOG_RUN, "report", NULL,
               "'%s' names %" PRId64 " sections or pictures that could not be made", path,
               problems);
}

static rp_status finish(const char *out, const rp_job *job, const rp_text *summary)
{
    if (rp_comm_rank(rp_comm_world()) != 0) return RP_OK;
    if (job->report) report(out);
    if (summary->length) RP_TRY(rp_show_scores(summary));
    (void)printf("run directory: %s (job.yaml, plan.yaml, provenance.json, progress.csv, "
                 "weights.safetensors%s%s%s)\n",
                 out, summary->length ? ", predictions/, metrics.csv, metrics-cases.csv" : "",
                 job->radiomics.settings[0] ? ", features.csv" : "",
                 job->report ? ", report.html" : "");
    return RP_OK;
}

/* A common mistake: srun starts N programs that do not find each other, N worlds of one. */
static rp_status check_world(void)
{
    const char *tasks = getenv("SLURM_STEP_NUM_TASKS");
    int64_t n;
    if (!tasks || !rp_read_int(tasks, &n)) return RP_OK;
    RP_NEED(n == rp_comm_size(rp_comm_world()), RP_EUSE,
            "Slurm started %" PRId64
            " tasks, but this is a world of %d ranks: start with 'srun --mpi=pmix'",
            n, rp_comm_size(rp_comm_world()));
    return RP_OK;
}

rp_status rp_verb_run(int argc, char **argv)
{
    const char *out = NULL, *after = NULL, *limit = NULL, *set[64], *word[1];
    bool accept = false, quiet = false, json = false;
    int words, sets = 0;
    const rp_option option[] = {{.name = "--out", .value = &out},
                                {.name = "--stop-after", .value = &after},
                                {.name = "--time", .value = &limit},
                                {.name = "--set", .many = set, .many_max = 64, .many_count = &sets},
                                {.name = "--accept-different-bits", .flag = &accept},
                                {.name = "--quiet", .flag = &quiet},
                                {.name = "--json", .flag = &json}};
    RP_TRY(rp_options_read(argc, argv, 7, option, 1, word, &words));
    RP_NEED(words == 1 && out, RP_EUSE,
            "run: a job file and --out RUN are needed; 'radpipe help run' shows the usage");
    RP_AUTOFREE rp_job *job = NULL;
    RP_TEXT_AUTO summary = {0};
    rp_execute e = {.folder = out, .accept_other_identity = accept};
    double seconds = 0;
    if (after) RP_TRY(rp_option_int("--stop-after", after, 1, INT64_C(1000000000), &e.stop_after));
    if (limit) RP_TRY(rp_option_number("--time", limit, 1, 1e8, &seconds));
    if (quiet || json) rp_progress_show(quiet ? RP_SHOW_QUIET : RP_SHOW_JSON);
    RP_TRY(check_world());
    RP_TRY(rp_alloc(1, sizeof *job, &job));
    RP_TRY(rp_comm_agree(rp_comm_world(), rp_job_read(word[0], sets, set, job)));
    e.job = job;
    rp_signals_watch();
    rp_signals_deadline(seconds);
    RP_TRY(rp_comm_agree(rp_comm_world(), rp_dicom_start()));
    const rp_status st = rp_execute_job(&e, &summary);
    rp_progress_end();
    rp_dicom_end();
    RP_TRY(st);
    return finish(out, job, &summary);
}
