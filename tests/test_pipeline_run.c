/* tests/test_pipeline_run.c - whole runs, as a user starts them: same bits, resume, kills, damage, locks. */
#include "tests/harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM build_path("radpipe")

/* Phantoms, their cohort and a small job, made once for all tests of this program. */
static const char *base(void)
{
    static const char *folder;
    if (folder) return folder;
    folder = build_path("scratch/runs");
    char out[4000];
    struct stat st;
    char job[1000];
    snprintf(job, sizeof job, "%s/job.yaml", folder);
    if (stat(job, &st) == 0) return folder;
    cr_assert_eq(run_command(60, out, sizeof out, "rm -rf %s && mkdir -p %s && %s phantom head-neck --patients 10 --out %s/dicom", folder, folder, PROGRAM, folder), 0, "%s", out);
    cr_assert_eq(run_command(60, out, sizeof out, "%s ingest %s/dicom --out %s/cohort --ids keep", PROGRAM, folder, folder), 0, "%s", out);
    char path[1000];
    snprintf(path, sizeof path, "%s/job.tmp", folder);
    FILE *f = fopen(path, "w");
    fprintf(f,
            "cohort: {path: %s/cohort}\ninputs: [CT]\nlabels: {tumour: GTVp, parotids: \"Parotid*\"}\nmerge: union\nsplit: %s/dicom/split.csv\n"
            "prepare: {spacing: [6, 6, 6]}\nmodel: {features: [4, 8]}\n"
            "train: {iterations: 20, batch: 6, patch: [16, 16, 16], seed: 3, checkpoint: 100}\nevaluate: {every: 8}\nchannel: {window: 2}\n",
            folder, folder);
    fclose(f);
    cr_assert_eq(rename(path, job), 0);
    return folder;
}

static const char *digest_of(const char *run)
{
    static char out[8][200];
    static int turn;
    char *to = out[turn++ % 8];
    cr_assert_eq(run_command(30, to, 200, "%s verify %s", PROGRAM, run), 0, "%s", to);
    cr_assert(strncmp(to, "weights-sha256 ", 15) == 0, "%s", to);
    return to;
}

/* Runs the job on n ranks with more options; returns the exit code. */
static int run_job(int n, const char *run, const char *options, char *out, size_t size)
{
    return run_command(120, out, size, "mpirun --bind-to none -n %d %s run %s/job.yaml --out %s/%s --quiet %s", n, PROGRAM, base(), base(), run, options);
}

static const char *fresh(const char *run)
{
    static char path[8][600];
    static int turn;
    char *to = path[turn++ % 8], out[200];
    snprintf(to, 600, "%s/%s", base(), run);
    run_command(20, out, sizeof out, "rm -rf %s", to);
    return to;
}

static void expect_same_bits(const char *batch, const char *const splits[][2], int count)
{
    char first[200] = "", out[4000], name[60], options[300];
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "bits-%s-%d", batch, i);
        const char *run = fresh(name);
        snprintf(options, sizeof options, "--set train.batch=%s %s", batch, splits[i][1]);
        cr_assert_eq(run_job(atoi(splits[i][0]), name, options, out, sizeof out), 0, "%s ranks, %s: %s", splits[i][0], splits[i][1], out);
        const char *digest = digest_of(run);
        if (i == 0) strcpy(first, digest);
        cr_expect_str_eq(digest, first, "%s ranks, %s", splits[i][0], splits[i][1]);
    }
}

#define SPLIT(l, a, t, e) "--set ranks.load=" #l " --set ranks.augment=" #a " --set ranks.train=" #t " --set ranks.evaluate=" #e

Test(run, weights_are_the_same_bits_for_every_split_of_ranks_with_batch_6, .timeout = 300)
{
    static const char *const splits[][2] = {{"1", ""}, {"2", ""}, {"3", ""}, {"4", SPLIT(1, 1, 1, 1)}, {"4", SPLIT(1, 1, 2, 0)},
                                            {"6", SPLIT(2, 1, 2, 1)}, {"7", SPLIT(1, 2, 3, 1)}, {"7", SPLIT(2, 1, 4, 0)}};
    expect_same_bits("6", splits, 8);
}

Test(run, weights_are_the_same_bits_for_splits_that_do_not_divide_batch_5, .timeout = 300)
{
    static const char *const splits[][2] = {{"1", ""}, {"2", ""}, {"3", SPLIT(1, 1, 1, 0)}, {"4", SPLIT(1, 1, 2, 0)}, {"6", SPLIT(1, 1, 3, 1)}, {"7", SPLIT(1, 1, 4, 1)}};
    expect_same_bits("5", splits, 6);
}

Test(run, parallel_hdf5_reads_the_same_bits_as_pread, .timeout = 120)
{
    static const char *const ways[][2] = {{"1", ""}, {"3", "--set io=mpio"}, {"1", "--set io=mpio"}};
    expect_same_bits("4", ways, 3);
}

Test(run, prepared_cases_equal_a_plain_reference_in_double, .timeout = 200)
{
    if (run_command(30, NULL, 0, "/usr/bin/python3 -c \"import h5py, scipy.ndimage\"") != 0) skip_test("python3-h5py or python3-scipy is not installed");
    char out[4000];
    const char *run = fresh("reference");
    cr_assert_eq(run_job(2, "reference", "--stop-after 1 --set \"prepare.spacing=[4, 5, 2.5]\"", out, sizeof out), 75, "%s", out);
    cr_expect_eq(run_command(120, out, sizeof out, "HDF5_PLUGIN_PATH=%s /usr/bin/python3 tests/reference_prepare.py %s/cohort %s/prepared/*", build_path("plugin"), base(), run), 0, "%s", out);
    cr_expect(strstr(out, "10 cases equal") != NULL, "%s", out);
}

Test(run, a_job_that_memory_cannot_hold_is_refused_with_what_to_change, .timeout = 60)
{
    char out[4000];
    fresh("huge");
    cr_expect_eq(run_job(1, "huge", "--set \"train.patch=[1024, 1024, 1024]\" --set augment.preset=none", out, sizeof out), 2, "%s", out);
    cr_expect(strstr(out, "train.patch") != NULL, "%s", out);
}

/* A number of plan.yaml. */
static double planned(const char *run, const char *key)
{
    char out[200];
    cr_assert_eq(run_command(10, out, sizeof out, "grep \"  %s: \" %s/plan.yaml | cut -d: -f2", key, run), 0, "%s: %s", key, out);
    return atof(out);
}

Test(run, a_budget_that_training_alone_would_fit_is_refused_for_what_predicts, .timeout = 120)
{
    /* wide: what scores beside training decides; narrow: the test cases after it do */
    static const char *const features[] = {"--set \"model.features=[8, 64]\"", "--set \"model.features=[2, 4]\" --set channel.window=1"};
    char out[4000], set[400];
    for (int i = 0; i < 2; i++) {
        const char *run = fresh("budget");
        snprintf(set, sizeof set, "--stop-after 1 %s", features[i]);
        cr_assert_eq(run_job(1, "budget", set, out, sizeof out), 75, "%s", out);
        const double training = planned(run, "engine") + planned(run, "weights") + planned(run, "exchange") + planned(run, "channels");
        const double validate = planned(run, "validate"), predict = planned(run, "predict"), total = planned(run, "total");
        /* the window of the largest case alone holds 3 classes in a ring of 16 planes of some 40 x 40 voxels */
        cr_expect(validate > 3 * 16 * 40 * 40 * 4 / 1048576.0, "%g", validate);
        cr_expect(i == 0 ? training + validate > predict + 1 : predict > training + validate, "%g, %g, %g", training, validate, predict);
        fresh("budget-less");
        snprintf(set, sizeof set, "--stop-after 1 --set memory=%.9g %s", (i == 0 ? training + validate / 2 : predict - 0.1) / 1024, features[i]);
        cr_expect_eq(run_job(1, "budget-less", set, out, sizeof out), 2, "%s", out);
        cr_expect(strstr(out, "1 ranks on this node need about") && strstr(out, "'memory' allows") && strstr(out, "train.patch"), "%s", out);
        fresh("budget-less");
        snprintf(set, sizeof set, "--stop-after 1 --set memory=%.9g %s", (total + 1) / 1024, features[i]);
        cr_expect_eq(run_job(1, "budget-less", set, out, sizeof out), 75, "%s", out);
    }
    /* 'plan' counts with cases of one patch */
    cr_expect_eq(run_command(20, out, sizeof out, "%s plan %s/job.yaml --set memory=0.001", PROGRAM, base()), 2, "%s", out);
    cr_expect(strstr(out, "'memory' allows 0.00 GiB"), "%s", out);
}

Test(run, other_seed_gives_other_bits, .timeout = 120)
{
    char out[4000], a[200];
    const char *one = fresh("seed-3"), *two = fresh("seed-4");
    cr_assert_eq(run_job(1, "seed-3", "", out, sizeof out), 0, "%s", out);
    cr_assert_eq(run_job(1, "seed-4", "--set train.seed=4", out, sizeof out), 0, "%s", out);
    strcpy(a, digest_of(one));
    cr_expect_str_neq(a, digest_of(two));
}

Test(run, stop_and_resume_on_other_ranks_gives_the_same_bits_and_scores, .timeout = 200)
{
    char out[4000], a[200];
    const char *whole = fresh("whole"), *parts = fresh("parts");
    cr_assert_eq(run_job(1, "whole", "", out, sizeof out), 0, "%s", out);
    strcpy(a, digest_of(whole));
    cr_expect_eq(run_job(3, "parts", "--stop-after 5", out, sizeof out), 75, "%s", out);
    cr_expect(strstr(out, "stopped after iteration 5 of 20") != NULL, "%s", out);
    cr_expect_eq(run_job(4, "parts", "--stop-after 10", out, sizeof out), 75, "%s", out);
    cr_expect_eq(run_job(2, "parts", "", out, sizeof out), 0, "%s", out);
    cr_expect_str_eq(digest_of(parts), a);
    /* rows of progress.csv: each iteration once, in order; validation and scores as in the undisturbed run */
    cr_expect_eq(run_command(20, out, sizeof out, "cut -d, -f1 %s/progress.csv | tail -n +2 | tr \"\\n\" \" \"", parts), 0);
    cr_expect_str_eq(out, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 ");
    cr_expect_eq(run_command(20, out, sizeof out, "cmp %s/validation.csv %s/validation.csv", whole, parts), 0, "%s", out);
    cr_expect_eq(run_command(20, out, sizeof out, "cmp %s/metrics-cases.csv %s/metrics-cases.csv", whole, parts), 0, "%s", out);
}

Test(run, resume_of_another_job_is_refused_with_both_values, .timeout = 120)
{
    char out[4000];
    fresh("other");
    cr_assert_eq(run_job(1, "other", "--stop-after 3", out, sizeof out), 75, "%s", out);
    cr_expect_eq(run_job(1, "other", "--set train.rate=0.5", out, sizeof out), 2, "%s", out);
    cr_expect(strstr(out, "train.rate: 0.01") && strstr(out, "train.rate: 0.5"), "%s", out);
}

/* Process ids of the ranks of a run, in order of their ranks. */
static int pids_of(const char *run, pid_t pid[], int most)
{
    char out[4000];
    run_command(10, out, sizeof out, "pgrep -f \"radpipe run .*--out %s \" | while read p; do r=$(tr \"\\\\0\" \"\\n\" < /proc/$p/environ 2>/dev/null | sed -n s/^OMPI_COMM_WORLD_RANK=//p); [ -n \"$r\" ] && echo $r $p; done | sort -n", run);
    int n = 0;
    for (char *p = out; *p && n < most;) {
        int rank, id;
        if (sscanf(p, "%d %d", &rank, &id) == 2) pid[n++] = id;
        p += strcspn(p, "\n");
        p += *p == '\n';
    }
    return n;
}

static long iterations_done(const char *run)
{
    char out[200];
    run_command(10, out, sizeof out, "cat %s/progress.csv 2>/dev/null | wc -l", run);
    return atol(out) - 1;
}

Test(run, kill_of_any_rank_ends_all_within_ten_seconds_and_the_next_start_resumes, .timeout = 400)
{
    char out[4000], a[200], command[2000];
    const char *options = "--set train.iterations=60 --set train.checkpoint=0.005 " SPLIT(1, 1, 2, 1);
    const char *whole = fresh("kill-whole");
    cr_assert_eq(run_job(5, "kill-whole", options, out, sizeof out), 0, "%s", out);
    strcpy(a, digest_of(whole));
    for (int victim = 0; victim < 5; victim++) {
        char name[30];
        snprintf(name, sizeof name, "kill-%d", victim);
        const char *run = fresh(name);
        snprintf(command, sizeof command, QUIET_LEAKS "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 exec mpirun --bind-to none -n 5 %s run %s/job.yaml --out %s --quiet %s >%s.out 2>&1",
                 PROGRAM, base(), run, options, run);
        const pid_t child = fork();
        if (child == 0) execl("/bin/bash", "bash", "-c", command, (char *)NULL);
        for (int i = 0; i < 600 && iterations_done(run) < 8 + 5 * victim; i++) usleep(50000);
        pid_t pid[8];
        const int n = pids_of(run, pid, 8);
        cr_assert_eq(n, 5, "%d ranks found", n);
        const time_t start = time(NULL);
        kill(pid[victim], SIGKILL);
        int status;
        waitpid(child, &status, 0);
        cr_expect_leq(time(NULL) - start, 10, "took %ld s", (long)(time(NULL) - start));
        cr_expect(!WIFEXITED(status) || WEXITSTATUS(status) != 0, "exit 0 although rank %d was killed", victim);
        usleep(300000);
        cr_expect_eq(pids_of(run, pid, 8), 0, "ranks are left");
        cr_expect_eq(run_job(victim % 3 + 1, name, "--set train.iterations=60 --set train.checkpoint=0.005", out, sizeof out), 0, "%s", out);
        cr_expect_str_eq(digest_of(run), a, "after rank %d was killed", victim);
    }
}

Test(run, signal_stops_with_a_checkpoint_and_exit_75, .timeout = 120)
{
    char out[4000], command[2000];
    const char *run = fresh("signal");
    snprintf(command, sizeof command, QUIET_LEAKS "exec %s run %s/job.yaml --out %s --quiet --set train.iterations=4000 >%s.out 2>&1", PROGRAM, base(), run, run);
    const pid_t child = fork();
    if (child == 0) execl("/bin/bash", "bash", "-c", command, (char *)NULL);
    for (int i = 0; i < 400 && iterations_done(run) < 5; i++) usleep(50000);
    kill(child, SIGUSR1);
    int status;
    waitpid(child, &status, 0);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 75, "status %d", status);
    cr_expect_eq(run_command(10, out, sizeof out, "ls %s/checkpoints/k*.h5", run), 0, "%s", out);
}

Test(run, second_start_on_a_running_directory_is_kept_out, .timeout = 120)
{
    char out[4000], command[2000];
    const char *run = fresh("locked");
    snprintf(command, sizeof command, QUIET_LEAKS "exec %s run %s/job.yaml --out %s --quiet --set train.iterations=4000 >%s.out 2>&1", PROGRAM, base(), run, run);
    const pid_t child = fork();
    if (child == 0) execl("/bin/bash", "bash", "-c", command, (char *)NULL);
    for (int i = 0; i < 400 && iterations_done(run) < 2; i++) usleep(50000);
    cr_expect_eq(run_job(1, "locked", "", out, sizeof out), 2, "%s", out);
    cr_expect(strstr(out, "lock") != NULL, "%s", out);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    cr_expect_eq(run_job(1, "locked", "--set train.iterations=4000 --stop-after 3", out, sizeof out), 75, "a kill frees the lock: %s", out);
}

Test(run, damaged_bytes_under_a_patch_lose_the_case_and_training_goes_on, .timeout = 200)
{
    char out[4000];
    const char *run = fresh("damage");
    cr_assert_eq(run_job(1, "damage", "--stop-after 1", out, sizeof out), 75, "%s", out);
    /* one byte in the middle of each of some stretches of the prepared shard */
    cr_assert_eq(run_command(20, out, sizeof out, "f=$(ls %s/prepared/*/shards/00000.h5); n=$(stat -c %%s $f); printf \"\\x55\" | dd of=$f bs=1 seek=$((n/2)) conv=notrunc status=none", run), 0, "%s", out);
    /* stopped on the way: what the first start found stands there once, and still does at the end */
    char lost[2000], first[2000];
    cr_assert_eq(run_job(3, "damage", "--stop-after 3", out, sizeof out), 75, "%s", out);
    run_command(10, first, sizeof first, "grep -c \"damaged bytes under sample\" %s/lost.csv", run);
    const int rc = run_job(3, "damage", "", out, sizeof out);
    cr_expect_eq(rc, 0, "%s", out);
    run_command(10, lost, sizeof lost, "grep \"damaged bytes under sample\" %s/lost.csv | cut -d, -f1 | sort | uniq -d", run);
    cr_expect_str_eq(lost, "", "a case stands twice");
    run_command(10, lost, sizeof lost, "grep -c \"damaged bytes under sample\" %s/lost.csv", run);
    cr_expect(atoi(first) >= 1 && atoi(lost) >= atoi(first), "%s then %s", first, lost);
    run_command(10, lost, sizeof lost, "cat %s/lost.csv", run);
    cr_expect(strstr(lost, "damaged bytes under sample") != NULL, "%s", lost);
    run_command(10, lost, sizeof lost, "cat %s/log/*.jsonl | grep -c \"void sample\"", run);
    cr_expect_gt(atoi(lost), 0);
    /* the same on another number of ranks: who loads a sample does not matter */
    char a[200];
    cr_expect_eq(run_command(20, out, sizeof out, "%s verify %s; true", PROGRAM, run), 0);
    strncpy(a, out, sizeof a - 1);
    a[79] = 0;
    cr_assert_eq(run_command(20, out, sizeof out, "rm -rf %s/checkpoints %s/journal %s/weights.safetensors", run, run, run), 0);
    cr_expect_eq(run_job(2, "damage", "", out, sizeof out), 0, "%s", out);
    cr_expect_eq(run_command(20, out, sizeof out, "%s verify %s; true", PROGRAM, run), 0);
    out[79] = 0;
    cr_expect_str_eq(out, a);
}

Test(job, mistakes_are_named_with_file_line_and_remedy, .timeout = 60)
{
    static const struct { const char *yaml, *says; } bad[] = {
        {"train: {bacth: 2, patch: [16, 16, 16]}\n", "unknown key 'train.bacth'; did you mean 'train.batch'?"},
        {"train: {batch: two, patch: [16, 16, 16]}\n", ":1:16: train.batch: must be a whole number from 1 to 64"},
        {"train: {batch: 65, patch: [16, 16, 16]}\n", ":1:16: train.batch: must be a whole number from 1 to 64"},
        {"inputs: [CT]\nlabels: {t: x}\nsplit: s\ntrain: {patch: [16, 16, 16]}\n", "key 'cohort.path' is missing"},
        {"cohort: {path: x}\ninputs: [CT]\nlabels: {t: x}\nsplit: s\ntrain: {patch: [16, 16]}\n", "train.patch: three numbers"},
        {"task: [\n", ":2:1:"},
    };
    char out[4000];
    const char *folder = scratch_folder("bad-jobs");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char path[1000];
        snprintf(path, sizeof path, "%s/job%d.yaml", folder, (int)i);
        FILE *f = fopen(path, "w");
        fputs(bad[i].yaml, f);
        fclose(f);
        const int rc = run_command(20, out, sizeof out, "%s run %s --out %s/run%d", PROGRAM, path, folder, (int)i);
        cr_expect(rc == 2 || rc == 3, "exit %d", rc);
        cr_expect(strstr(out, bad[i].says) != NULL, "%s", out);
        cr_expect(strstr(out, "radpipe: ") != NULL, "%s", out);
    }
    cr_expect_eq(run_command(20, out, sizeof out, "%s run %s/job.yaml --out %s/odd --set \"train.patch=[16, 18, 17]\"", PROGRAM, base(), folder), 2, "%s", out);
    cr_expect(strstr(out, "17 voxels along axis 2 are no multiple of 2") != NULL, "%s", out);
}

Test(job, written_job_reads_back_the_same, .timeout = 60)
{
    char out[4000];
    const char *run = fresh("roundtrip");
    cr_assert_eq(run_job(1, "roundtrip", "--stop-after 1", out, sizeof out), 75, "%s", out);
    cr_expect_eq(run_command(60, out, sizeof out, "cp %s/job.yaml %s/a.yaml && %s run %s/a.yaml --out %s --quiet --stop-after 2; cmp %s/job.yaml %s/a.yaml", run, run, PROGRAM, run, run, run, run), 0, "%s", out);
}

Test(predict, trained_run_predicts_other_patients_and_the_scores_are_those_of_the_run, .timeout = 200)
{
    char out[8000];
    const char *run = fresh("predict");
    cr_assert_eq(run_job(2, "predict", "--set train.iterations=150 --set train.rate=0.05 --set train.momentum=0.9 --set \"model.features=[8, 16]\"", out, sizeof out), 0, "%s", out);
    const char *to = fresh("predict-out");
    char cohort[700];
    snprintf(cohort, sizeof cohort, "%s.cohort", to);
    run_command(10, out, sizeof out, "rm -rf %s %s.private", cohort, cohort);
    cr_assert_eq(run_command(100, out, sizeof out, "mpirun --bind-to none -n 2 %s predict %s --source %s/dicom --out %s --ids keep --quiet", PROGRAM, run, base(), to), 0, "%s", out);
    /* the test case was predicted before by the run itself: the same file */
    cr_expect_eq(run_command(20, out, sizeof out, "for f in %s/predictions/*.nii.gz; do cmp $f %s/$(basename $f) || exit 1; done", run, to), 0, "%s", out);
    cr_expect_eq(run_command(60, out, sizeof out, "%s evaluate --prediction %s/predictions --reference %s/predictions --out %s/self.csv", PROGRAM, run, run, to), 0, "%s", out);
    cr_expect(strstr(out, "mean Dice 1.000") != NULL, "%s", out);
    /* a run against its cohort: the scores that the run itself wrote, and a summary for each scanner's maker */
    cr_expect_eq(run_command(60, out, sizeof out, "%s evaluate %s --by manufacturer --out %s/again.csv && cmp %s/again.csv %s/metrics-cases.csv", PROGRAM, run, to, to, run), 0, "%s", out);
    cr_expect(strstr(out, "manufacturer") && strstr(out, "radpipe_phantom"), "%s", out);
    cr_expect_eq(run_command(60, out, sizeof out, "%s evaluate %s --by maker --out %s/none.csv", PROGRAM, run, to), 3, "%s", out);
}

Test(predict, other_patients_get_the_weights_whose_scores_the_run_tells, .timeout = 200)
{
    char out[8000];
    const char *run = fresh("best");
    cr_assert_eq(run_job(2, "best", "--set train.iterations=20 --set evaluate.every=10 --set predict.weights=best", out, sizeof out), 0, "%s", out);
    /* the last weights are there, and of no use */
    cr_assert_eq(run_command(10, out, sizeof out, "ls %s/weights-best.safetensors && echo no weights > %s/weights.safetensors", run, run), 0, "%s", out);
    const char *to = fresh("best-out");
    run_command(10, out, sizeof out, "rm -rf %s.cohort %s.cohort.private", to, to);
    cr_assert_eq(run_command(100, out, sizeof out, "%s predict %s --source %s/dicom --out %s --ids keep --quiet", PROGRAM, run, base(), to), 0, "%s", out);
    cr_expect_eq(run_command(20, out, sizeof out, "for f in %s/predictions/*.nii.gz; do cmp $f %s/$(basename $f) || exit 1; done", run, to), 0, "%s", out);
}

Test(plan, kernels_of_a_tuned_file_are_the_identity_of_a_run_wherever_the_file_lies, .timeout = 300)
{
    char out[8000], set[900];
    const char *run = fresh("tuned"), *folder = scratch_folder("kernels");
    cr_assert_eq(run_command(100, out, sizeof out, "%s plan %s/job.yaml --tune %s/a.yaml", PROGRAM, base(), folder), 0, "%s", out);
    cr_expect_eq(run_command(10, out, sizeof out, "grep -c \"channels:.*conv: .*weights: .*seconds: \" %s/a.yaml", folder), 0, "%s", out);
    cr_expect(atoi(out) >= 4, "%s", out);
    snprintf(set, sizeof set, "--set train.kernels=%s/a.yaml --stop-after 3", folder);
    cr_assert_eq(run_job(2, "tuned", set, out, sizeof out), 75, "%s", out);
    run_command(10, out, sizeof out, "mv %s/a.yaml %s/b.yaml; sed \"s/conv: [a-z]*/conv: reference/\" %s/b.yaml > %s/c.yaml", folder, folder, folder, folder);
    snprintf(set, sizeof set, "--set train.kernels=%s/b.yaml --stop-after 6", folder);
    cr_expect_eq(run_job(1, "tuned", set, out, sizeof out), 75, "%s", out);
    snprintf(set, sizeof set, "--set train.kernels=%s/c.yaml", folder);
    cr_expect_eq(run_job(1, "tuned", set, out, sizeof out), 2, "%s", out);
    cr_expect(strstr(out, "belongs to another job: was"), "%s", out);
    /* the run's copy stands for a file that is gone; a refused start has not touched it */
    run_command(10, out, sizeof out, "rm %s/b.yaml", folder);
    snprintf(set, sizeof set, "--set train.kernels=%s/b.yaml", folder);
    cr_expect_eq(run_job(1, "tuned", set, out, sizeof out), 0, "%s", out);
    const char *to = fresh("tuned-out");
    run_command(10, out, sizeof out, "rm -rf %s.cohort %s.cohort.private", to, to);
    cr_expect_eq(run_command(100, out, sizeof out, "%s predict %s --source %s/dicom --out %s --ids keep --quiet", PROGRAM, run, base(), to), 0, "%s", out);
    cr_expect_eq(run_command(20, out, sizeof out, "for f in %s/predictions/*.nii.gz; do cmp $f %s/$(basename $f) || exit 1; done", run, to), 0, "%s", out);
}

Test(plan, files_of_kernels_that_do_not_fit_are_refused, .timeout = 120)
{
    char out[4000], set[900];
    const char *folder = scratch_folder("bad-kernels");
    fresh("untuned");
    cr_assert_eq(run_command(100, out, sizeof out, "%s plan %s/job.yaml --tune %s/good.yaml", PROGRAM, base(), folder), 0, "%s", out);
    run_command(10, out, sizeof out, "sed \"s/conv: [a-z]*/conv: fast/\" %s/good.yaml > %s/row.yaml; head -n -1 %s/good.yaml > %s/layer.yaml; echo \"layers: [\" > %s/torn.yaml", folder, folder, folder, folder, folder);
    static const struct { const char *file; int rc; const char *says; } bad[] = {
        {"none.yaml", 2, "neither a row of the kernel table"},
        {"row.yaml", 2, "no kernel row 'fast'; onednn, winograd"},
        {"layer.yaml", 2, "the list of kernels has no row for"},
        {"torn.yaml", 3, "torn.yaml:2:1"},
    };
    for (int i = 0; i < 4; i++) {
        snprintf(set, sizeof set, "--set train.kernels=%s/%s", folder, bad[i].file);
        cr_expect_eq(run_job(1, "untuned", set, out, sizeof out), bad[i].rc, "%s", out);
        cr_expect(strstr(out, bad[i].says), "%s: %s", bad[i].file, out);
    }
    cr_expect_eq(run_command(60, out, sizeof out, "%s plan %s/job.yaml --tune %s/x.yaml --set prepare.spacing=auto", PROGRAM, base(), folder), 2, "%s", out);
    cr_expect(strstr(out, "prepare.spacing"), "%s", out);
}
