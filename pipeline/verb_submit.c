/* pipeline/verb_submit.c - radpipe submit. */
#include "io/atomic.h"
#include "lib/base/log.h"
#include "pipeline/job.h"
#include "pipeline/verb.h"

#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

const char rp_verb_submit_usage[] =
    "usage: radpipe submit JOB --out RUN [--nodes N] [--ntasks N] [--cpus N] [--time LIMIT] "
    "[--partition P]\n"
    "                      [--account A] [--array K --splits PATTERN] [--set KEY=VALUE]... "
    "[--dry-run]\n"
    "\n"
    "Writes RUN/run.sbatch and submits it.  The job stops with a checkpoint before its time limit, "
    "goes back\n"
    "into the queue and goes on, until it is finished; the weights are those of an undisturbed "
    "run.\n"
    "\n"
    "  --nodes, --ntasks     nodes (default 1) and ranks (default 4)\n"
    "  --cpus N              cores a rank (default 1)\n"
    "  --time LIMIT          as sbatch takes it (default 24:00:00)\n"
    "  --partition, --account  as for sbatch\n"
    "  --array K             K runs, RUN/0 to RUN/K-1; %a in --splits is the number\n"
    "  --splits PATTERN      split file of each run of an array: folds/fold%a.csv\n"
    "  --wrapper COMMAND     put before the program on every rank\n"
    "  --dry-run             print the script, submit nothing\n"
    "\n"
    "example: radpipe submit jobs/sts-pet.yaml --out runs/sts --nodes 2 --ntasks 8 --time "
    "04:00:00\n";

/* The pattern, as it stands in slurm/run.sbatch. */
__asm__(".section .rodata\n"
        ".global rp_batch_pattern\n"
        "rp_batch_pattern:\n"
        ".incbin \"slurm/run.sbatch\"\n"
        ".byte 0\n"
        ".previous\n");
extern const char rp_batch_pattern[];

typedef struct word {
    const char *name, *value;
} word;

/* Replaces each @NAME@ that is known; '@120' and the like are left alone. */
static rp_status fill(const word list[], int words, rp_text *out)
{
    for (const char *p = rp_batch_pattern; *p;) {
        const char *at = strchr(p, '@');
        if (!at) {
            rp_text_add(out, "%s", p);
            break;
        }
        rp_text_add_bytes(out, at - p, p);
        const char *end = strchr(at + 1, '@');
        bool found = false;
        for (int i = 0; i < words && end && !found; i++) {
            const size_t n = (size_t)(end - at - 1);
            if (strlen(list[i].name) != n || strncmp(list[i].name, at + 1, n) != 0) continue;
            rp_text_add(out, "%s", list[i].value);
            found = true;
        }
        if (!found) rp_text_add(out, "@");
        p = found ? end + 1 : at + 1;
    }
    return rp_text_status(out);
}

/* A word of a shell line. */
static void add_quoted(rp_text *t, const char *s)
{
    rp_text_add(t, "'");
    for (; *s; s++) {
        if (*s == '\'')
            rp_text_add(t, "'\\''");
        else
            rp_text_add_bytes(t, 1, s);
    }
    rp_text_add(t, "'");
}

static rp_status absolute(const char *path, char **out)
{
    char here[4096];
    RP_NEED(getcwd(here, sizeof here), RP_EIO, "the current folder is not known");
    return rp_path_join(here, path, out);
}

static rp_status submit(const char *script)
{
    char *const argv[] = {(char *)(uintptr_t) "sbatch", (char *)(uintptr_t)script, NULL};
    pid_t child;
    int status;
    RP_NEED(posix_spawnp(&child, "sbatch", NULL, NULL, argv, environ) == 0, RP_ENONE,
            "sbatch is not to be found: is Slurm installed here?  --dry-run prints the script");
    RP_NEED(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0,
            RP_EIO, "sbatch refused '%s'", script);
    return RP_OK;
}

typedef struct asked {
    const char *out, *nodes, *ntasks, *cpus, *time, *partition, *account, *array, *splits, *wrapper,
        *set[64];
    int sets;
    bool dry;
} asked;

static rp_status make_script(const asked *a, const char *job, rp_text *script)
{
    RP_AUTOFREE char *job_path = NULL, *run = NULL, *log = NULL, *target = NULL;
    RP_TEXT_AUTO more = {0}, options = {0}, wrapper = {0};
    char self[4096];
    int64_t folds = 0;
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    RP_NEED(n > 0, RP_EIO, "the program's own path is not known");
    self[n] = 0;
    RP_TRY(absolute(job, &job_path));
    RP_TRY(absolute(a->out, &run));
    if (a->array) RP_TRY(rp_option_int("--array", a->array, 1, 10000, &folds));
    RP_NEED(!a->array == !a->splits, RP_EUSE, "submit: --array and --splits belong together");
    if (a->partition) rp_text_add(&more, "#SBATCH --partition=%s\n", a->partition);
    if (a->account) rp_text_add(&more, "#SBATCH --account=%s\n", a->account);
    if (a->array) rp_text_add(&more, "#SBATCH --array=0-%" PRId64 "\n", folds - 1);
    for (int i = 0; i < a->sets; i++) {
        rp_text_add(&options, "--set ");
        add_quoted(&options, a->set[i]);
        rp_text_add(&options, " ");
    }
    if (a->array) {
        const char *percent = strstr(a->splits, "%a");
        RP_NEED(percent, RP_EUSE, "--splits '%s': must hold %%a, the number of the fold",
                a->splits);
        RP_AUTOFREE char *front = NULL;
        RP_TRY(rp_format(&front, "%.*s", (int)(percent - a->splits), a->splits));
        rp_text_add(&options, "--set split=");
        add_quoted(&options, front);
        rp_text_add(&options, "\"$SLURM_ARRAY_TASK_ID\"");
        add_quoted(&options, percent + 2);
    }
    if (a->wrapper) rp_text_add(&wrapper, "%s ", a->wrapper);
    RP_TRY(rp_format(&log, "%s/slurm-%%%s.log", run, a->array ? "A-%a" : "j"));
    RP_TRY(rp_format(&target, "%s%s", run, a->array ? "/$SLURM_ARRAY_TASK_ID" : ""));
    const char *base = strrchr(job_path, '/') + 1;
    const word list[] = {{"NAME", base},
                         {"NODES", a->nodes ? a->nodes : "1"},
                         {"NTASKS", a->ntasks ? a->ntasks : "4"},
                         {"CPUS", a->cpus ? a->cpus : "1"},
                         {"TIME", a->time ? a->time : "24:00:00"},
                         {"LOG", log},
                         {"MORE", rp_text_get(&more)},
                         {"PROGRAM", self},
                         {"JOB", job_path},
                         {"RUN", target},
                         {"OPTIONS", rp_text_get(&options)},
                         {"WRAPPER", rp_text_get(&wrapper)},
                         {"RESTARTS", "200"}};
    return fill(list, sizeof list / sizeof *list, script);
}

rp_status rp_verb_submit(int argc, char **argv)
{
    asked a = {0};
    const char *plain[1];
    int words;
    const rp_option option[] = {
        {.name = "--out", .value = &a.out},
        {.name = "--nodes", .value = &a.nodes},
        {.name = "--ntasks", .value = &a.ntasks},
        {.name = "--cpus", .value = &a.cpus},
        {.name = "--time", .value = &a.time},
        {.name = "--partition", .value = &a.partition},
        {.name = "--account", .value = &a.account},
        {.name = "--array", .value = &a.array},
        {.name = "--splits", .value = &a.splits},
        {.name = "--wrapper", .value = &a.wrapper},
        {.name = "--dry-run", .flag = &a.dry},
        {.name = "--set", .many = a.set, .many_max = 64, .many_count = &a.sets}};
    RP_TRY(rp_options_read(argc, argv, sizeof option / sizeof *option, option, 1, plain, &words));
    RP_NEED(words == 1 && a.out, RP_EUSE,
            "submit: a job file and --out RUN are needed; 'radpipe help submit' shows the usage");
    RP_AUTOFREE rp_job *job = NULL;
    RP_AUTOFREE char *path = NULL;
    RP_TEXT_AUTO script = {0};
    RP_TRY(rp_alloc(1, sizeof *job, &job));
    RP_TRY(
        rp_job_read(plain[0], a.sets, a.set, job)); /* mistakes are found now, not in the queue */
    RP_TRY(make_script(&a, plain[0], &script));
    if (a.dry) return rp_print(NULL, &script);
    RP_TRY(rp_path_make_folder(a.out));
    RP_TRY(rp_path_join(a.out, "run.sbatch", &path));
    RP_TRY(rp_atomic_write(path, script.length, rp_text_get(&script)));
    return submit(path);
}
