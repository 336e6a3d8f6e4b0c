/* tests/test_pipeline_slurm.c - a job on a real Slurm of two nodes, started on this machine. */
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM build_path("radpipe")

Test(submit, dry_run_prints_a_script_that_bash_can_read, .timeout = 60)
{
    char out[9000];
    const char *folder = scratch_folder("submit");
    cr_assert_eq(run_command(20, out, sizeof out, "%s submit jobs/demo.yaml --out %s/run --dry-run --nodes 2 --ntasks 6 --partition gpu --set \"train.patch=[32, 32, 32]\" > %s/s.sh && bash -n %s/s.sh && cat %s/s.sh",
                             PROGRAM, folder, folder, folder, folder), 0, "%s", out);
    static const char *const lines[] = {"#SBATCH --nodes=2\n", "#SBATCH --ntasks=6\n", "#SBATCH --partition=gpu\n", "#SBATCH --signal=B:USR1@120\n", "#SBATCH --requeue\n", "srun --mpi=pmix"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) cr_expect(strstr(out, lines[i]) != NULL, "%s", lines[i]);
    cr_expect_eq(run_command(20, NULL, 0, "grep -E '@[A-Z]+@' %s/s.sh", folder), 1, "a placeholder is left");
    /* the words that a fold's split arrives as, whatever stands in the path */
    cr_assert_eq(run_command(20, out, sizeof out, "%s submit jobs/demo.yaml --out %s/run --dry-run --array 3 --splits \"a b/\\$(id);f%%a.csv\" > %s/a.sh && grep -q array=0-2 %s/a.sh && grep -o -e \"--set split=.*csv.\" %s/a.sh > %s/words", PROGRAM, folder, folder, folder, folder, folder), 0, "%s", out);
    cr_assert_eq(run_command(20, out, sizeof out, "export SLURM_ARRAY_TASK_ID=2; (echo -n \"printf \\\"<%%s>\\\" \"; cat %s/words) | bash", folder), 0, "%s", out);
    cr_expect_str_eq(out, "<--set><split=a b/$(id);f2.csv>");
    cr_expect_eq(run_command(20, out, sizeof out, "%s submit jobs/demo.yaml --out %s/run --dry-run --set train.bach=2", PROGRAM, folder), 2, "%s", out);
}

static int in_cluster(const char *cluster, int limit, char *out, size_t size, const char *command)
{
    return run_command(limit, out, size, "export SLURM_CONF=%s/slurm.conf; %s", cluster, command);
}

Test(slurm, job_that_is_requeued_in_the_middle_ends_with_the_weights_of_an_undisturbed_run, .timeout = 300)
{
    if (geteuid() != 0) skip_test("starting a Slurm of our own needs root");
    if (run_command(10, NULL, 0, "command -v slurmctld && command -v slurmd && command -v munged") != 0) skip_test("Slurm or munge is not installed");
    const char *folder = scratch_folder("slurm");
    char out[9000], cluster[600], command[3000], whole[200];
    snprintf(cluster, sizeof cluster, "/tmp/radpipe-slurm-%d", (int)getpid());
    char options[2000];
    snprintf(options, sizeof options, "--set train.iterations=300 --set train.checkpoint=0.01 --set cohort.path=%s/cohort --set cohort.source=[%s/dicom] --set split=%s/dicom/split.csv "
                      "--set \"model.features=[4, 8]\" --set \"prepare.spacing=[6, 6, 6]\" --set \"train.patch=[16, 16, 16]\"", folder, folder, folder);
    cr_assert_eq(run_command(60, out, sizeof out, "%s phantom head-neck --patients 8 --out %s/dicom", PROGRAM, folder), 0, "%s", out);
    cr_assert_eq(run_command(100, out, sizeof out, "%s run jobs/demo.yaml --out %s/whole --quiet %s && %s verify %s/whole", PROGRAM, folder, options, PROGRAM, folder), 0, "%s", out);
    const char *digest = strstr(out, "weights-sha256");
    cr_assert(digest != NULL, "%s", out);
    snprintf(whole, sizeof whole, "%.79s", digest);
    if (run_command(60, out, sizeof out, "tests/slurm_cluster.sh start %s", cluster) != 0) {
        run_command(30, NULL, 0, "tests/slurm_cluster.sh stop %s", cluster);
        cr_assert_fail("the cluster does not start: %s", out);
    }
    snprintf(command, sizeof command, "%s submit jobs/demo.yaml --out %s/run --nodes 2 --ntasks 4 --time 00:30:00 --wrapper %s/wrapper.sh %s", PROGRAM, folder, cluster, options);
    const int submitted = in_cluster(cluster, 60, out, sizeof out, command);
    char said[300];
    snprintf(said, sizeof said, "%.299s", out);
    /* in the middle: at least 40 iterations are done, at least 100 are not */
    snprintf(command, sizeof command, "for i in $(seq 400); do n=$(cat %s/run/progress.csv 2>/dev/null | wc -l); [ $n -gt 40 ] && break; sleep 0.1; done; echo $n; scontrol requeue $(squeue -h -o %%A | head -1)", folder);
    const int requeued = in_cluster(cluster, 60, out, sizeof out, command);
    const int at = atoi(out);
    snprintf(command, sizeof command, "for i in $(seq 600); do grep -q \"exit 0\" %s/run/slurm-*.log 2>/dev/null && exit 0; sleep 0.2; done; cat %s/run/slurm-*.log; squeue; exit 1", folder, folder);
    const int ended = in_cluster(cluster, 150, out, sizeof out, command);
    /* a verb that starts MPI only where there are several ranks */
    put_file(folder, "exams.csv", "woman,arm,recall\na,AI,1\nb,control,0\na,AI,0\nc,control,1\nd,AI,0\n");
    snprintf(command, sizeof command, "%s trial --table %s/exams.csv > %s/alone.txt && srun -N 2 -n 2 --mpi=pmix %s/wrapper.sh %s trial --table %s/exams.csv > %s/ranks.txt && cmp %s/alone.txt %s/ranks.txt",
             PROGRAM, folder, folder, cluster, PROGRAM, folder, folder, folder, folder);
    char trial[2000];
    const int divided = in_cluster(cluster, 60, trial, sizeof trial, command);
    run_command(30, NULL, 0, "tests/slurm_cluster.sh stop %s; rm -rf %s", cluster, cluster);
    cr_expect_eq(divided, 0, "%s", trial);
    cr_expect_eq(submitted, 0, "%s", said);
    cr_expect_eq(requeued, 0);
    cr_expect(at > 40 && at < 290, "requeued at iteration %d", at);
    cr_assert_eq(ended, 0, "%s", out);
    cr_expect_eq(run_command(30, out, sizeof out, "grep -c \"goes on after iteration\" %s/run/slurm-*.log", folder), 0, "%s", out);
    cr_expect_eq(run_command(30, out, sizeof out, "%s verify %s/run", PROGRAM, folder), 0, "%s", out);
    out[79] = 0;
    whole[79] = 0;
    cr_expect_str_eq(out, whole);
}
