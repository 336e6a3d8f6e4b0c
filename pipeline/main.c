/* pipeline/main.c - the program: finds the verb, runs it, turns its status into an exit code. */
#include "cohort/work.h"
#include "lib/base/log.h"
#include "mpi/world.h"
#include "pipeline/help.h"
#include "pipeline/program.h"
#include "pipeline/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* OpenMP reads its wait policy when its library is loaded, before main: with waiting threads that
 * spin, ranks on shared cores starve each other.  So the program starts itself once more with it
 * set. */
static void start_again(char **argv)
{
    if (getenv("RADPIPE_STARTED")) return;
    char self[4096];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return;
    self[n] = 0;
    (void)setenv("RADPIPE_STARTED", "1", 1);
    (void)setenv("OMP_WAIT_POLICY", "passive", 0);
    (void)setenv("OMP_PROC_BIND", "false", 0);
    (void)setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
    (void)setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
    (void)execv(self, argv);
}

static const rp_verb *find_verb(const char *name)
{
    for (const rp_verb *v = rp_verbs; v->name; v++)
        if (strcmp(v->name, name) == 0) return v;
    return NULL;
}

static int fail(rp_status st)
{
    rp_progress_end();
    rp_log(RP_LOG_ERROR, NULL, NULL, "%s", rp_error_message());
    if (getenv("RADPIPE_TRAIL")) rp_log(RP_LOG_ERROR, NULL, NULL, "trail: %s", rp_error_trail());
    return rp_status_exit(st);
}

static rp_status no_such_verb(const char *name)
{
    const char *best = "help";
    int least = 1000;
    for (const rp_verb *v = rp_verbs; v->name; v++) {
        const int d = rp_text_distance(name, v->name);
        if (d < least) {
            least = d;
            best = v->name;
        }
    }
    RP_FAIL(RP_EUSE, "unknown verb '%s'; did you mean '%s'? 'radpipe help' lists them", name, best);
}

/* Started by mpirun or srun as one of several ranks? */
static bool is_one_of_several(void)
{
    const char *size = getenv("OMPI_COMM_WORLD_SIZE");
    if (!size && getenv("PMIX_NAMESPACE")) size = getenv("SLURM_STEP_NUM_TASKS");
    return size && strcmp(size, "1") != 0;
}

/* Verbs that compute the same on all ranks: what fails on one fails on all, rank 0 tells it, and
 * every exit code is the same.  Own failures come before those that are another rank's. */
static rp_status one_failure(rp_status st)
{
    const int rank = rp_comm_rank(rp_comm_world());
    st = rp_comm_first(rp_comm_world(), st, st == RP_EPEER ? INT64_MAX - 1 : rank);
    if (st != RP_OK && rank != 0) rp_log_show(RP_LOG_NOTHING, rank);
    return st;
}

static int run_verb(const rp_verb *v, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            (void)fputs(v->usage, stdout);
            return 0;
        }
    const bool several = is_one_of_several();
    if (v->ranks == RP_RANKS_alone || (v->ranks == RP_RANKS_either && !several)) {
        if (several) {
            (void)rp_error_set(RP_EUSE, __FILE__, __LINE__, __func__,
                               "'%s' works on one rank: start it without mpirun", v->name);
            return fail(RP_EUSE);
        }
        const rp_status st = v->run(argc, argv);
        return st == RP_OK ? 0 : fail(st);
    }
    rp_status st = rp_world_start(&argc, &argv);
    if (st != RP_OK) return fail(st);
    rp_work_show(rp_progress_tasks);
    const int ranks = rp_comm_size(rp_comm_world());
    rp_log_show(RP_LOG_RUN, ranks > 1 ? rp_comm_rank(rp_comm_world()) : -1);
    st = v->run(argc, argv);
    rp_progress_end();
    if (v->ranks == RP_RANKS_either) st = one_failure(st);
    /* Ranks that failed because another did stay silent: one line says why. */
    const int code = st == RP_OK ? 0 : st == RP_EPEER ? rp_status_exit(st) : fail(st);
    rp_world_end();
    return code;
}

int main(int argc, char **argv)
{
    start_again(argv);
    if (argc < 2) {
        rp_help_overview(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("%s\n", rp_program_version());
        return 0;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0) {
        const rp_status st = rp_help(argc - 1, argv + 1);
        return st == RP_OK ? 0 : fail(st);
    }
    const rp_verb *v = find_verb(argv[1]);
    return v ? run_verb(v, argc - 1, argv + 1) : fail(no_such_verb(argv[1]));
}
