/* pipeline/verb_plan.c - radpipe plan. */
#include "io/atomic.h"
#include "lib/net/kernel_tune.h"
#include "lib/net/topology.h"
#include "mpi/exchange.h"
#include "pipeline/execute.h"
#include "pipeline/program.h"
#include "pipeline/verb.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

const char rp_verb_plan_usage[] =
    "usage: radpipe plan JOB [--ranks N] [--tune FILE] [--set KEY=VALUE]...\n"
    "\n"
    "Says what a job needs before it starts: the network, operations and memory a rank, how N "
    "ranks would be\n"
    "split into roles, and about how long it takes.  Exit 2 if it does not fit, with what to "
    "change.\n"
    "\n"
    "  --ranks N      as if N ranks shared this machine\n"
    "  --tune FILE    instead: times the rows of the kernel table on each layer on this machine "
    "and writes the\n"
    "                 fastest to FILE, for 'train.kernels: FILE'.  Kernels differ in bits: one "
    "FILE a study\n"
    "\n"
    "examples: radpipe plan jobs/sts-pet.yaml --ranks 4\n"
    "          radpipe plan jobs/sts-pet.yaml --tune build/kernels.yaml\n";

static int threads_of(const rp_job *job, int ranks)
{
    const int share = rp_program_cores() / ranks > 0 ? rp_program_cores() / ranks : 1;
    return job->train.threads == RP_AUTO_VALUE ? share : (int)job->train.threads;
}

/* The network, for voxels that are as long as wide where the job leaves the spacing open. */
static rp_status network_of(const rp_job *job, rp_unet_settings *u)
{
    const double spacing[3] = {job->prepare.spacing.count ? job->prepare.spacing.item[0] : 1,
                               job->prepare.spacing.count ? job->prepare.spacing.item[1] : 1,
                               job->prepare.spacing.count ? job->prepare.spacing.item[2] : 1};
    return rp_execute_unet(job, spacing, job->inputs.count, job->labels.count, u);
}

static void show_tuned(void *arg, int done, int all, const char *layer, rp_op op,
                       const rp_kernel_row *row, double seconds)
{
    (void)arg;
    char detail[160];
    (void)snprintf(detail, sizeof detail, "%s, %s: %s, %.4f s", layer, rp_op_name(op), row->name,
                   seconds);
    rp_progress_line("tuning", detail, (double)done / all, -1);
}

static rp_status tune(const rp_job *job, int ranks, const char *file)
{
    RP_AUTO(rp_network) net = NULL;
    RP_AUTO(rp_kernel_list) list = NULL;
    RP_TEXT_AUTO text = {0};
    rp_unet_settings u;
    RP_NEED(job->prepare.spacing.count == 3, RP_EUSE,
            "plan --tune: prepare.spacing is auto, but kernels and strides of the network follow "
            "from it: give the numbers (recipe.json of a run has them)");
    RP_TRY(network_of(job, &u));
    RP_TRY(rp_unet_build(&u, &net));
    rp_engine_settings e = {.net = net,
                            .train = true,
                            .threads = threads_of(job, ranks),
                            .loss = rp_loss_find(job->train.loss)};
    RP_NEED(e.loss, RP_EUSE, "train.loss '%s': 'radpipe help loss' lists them", job->train.loss);
    for (int a = 0; a < 3; a++) e.patch[a] = (int64_t)job->train.patch.item[a];
    const rp_status st = rp_kernel_tune(&e, show_tuned, NULL, &list);
    rp_progress_end();
    RP_TRY(st);
    rp_text_add(&text,
                "# Kernel rows that were fastest on %d threads of a processor with %s; seconds of "
                "conv, transposed,\n# weights.  For 'train.kernels: FILE'.\n",
                e.threads, rp_isa_name(rp_isa_here()));
    RP_TRY(rp_kernel_list_write(list, &text));
    RP_TRY(rp_atomic_write(file, text.length, rp_text_get(&text)));
    (void)printf("%s: rows for %" PRId64 " shapes of layers\n", file, list->count);
    return RP_OK;
}

static double mib(size_t bytes) { return (double)bytes / 1048576; }

static rp_status show(const rp_job *job, int ranks)
{
    const int threads = threads_of(job, ranks);
    rp_unet_settings u;
    rp_augment_settings augment;
    RP_TEXT_AUTO kernels = {0};
    rp_execute_cost c;
    int64_t patch[3], voxels = 1;
    RP_TRY(rp_execute_kernels(job, NULL, &kernels));
    RP_TRY(network_of(job, &u));
    RP_TRY(rp_execute_augment(job, &augment));
    for (int a = 0; a < 3; a++) voxels *= patch[a] = (int64_t)job->train.patch.item[a];
    const size_t sample = (size_t)(voxels * (4 * job->inputs.count + 1));
    const size_t box =
        (size_t)(rp_augment_box_bound(&augment, patch) * (4 * job->inputs.count + 1));
    const rp_execute_asked asked = {.job = job,
                                    .kernels = rp_text_get(&kernels),
                                    .unet = &u,
                                    .threads = threads,
                                    .ranks = ranks,
                                    .patch_payload = box,
                                    .sample_payload = sample};
    RP_TRY(rp_execute_cost_of(&asked, &c));
    (void)printf("network      %s %dD, %d stages\n", job->model.name, u.dims, u.stages);
    for (int s = 0; s < u.stages; s++)
        (void)printf("  stage %d    %4d features, stride %" PRId64 " %" PRId64 " %" PRId64
                     ", kernel %" PRId64 " %" PRId64 " %" PRId64 "\n",
                     s, u.features[s], u.stride[s][0], u.stride[s][1], u.stride[s][2],
                     u.kernel[s][0], u.kernel[s][1], u.kernel[s][2]);
    (void)printf("operations   %.1f GFLOP a sample, %.0f an iteration\n", c.flops_per_sample / 1e9,
                 c.flops_per_sample / 1e9 * job->train.batch);
    (void)printf("memory (MiB) engine %.0f, weights and optimiser %.0f, exchange %.0f, channels at "
                 "most %.0f, scoring beside\n"
                 "             training %.0f: %.0f a rank that holds all roles; test cases %.0f, "
                 "after it (cases of one patch: 'run'\n"
                 "             knows their size)\n",
                 mib(c.engine), mib(c.weights), mib(c.exchange), mib(c.channels), mib(c.validate),
                 mib(c.total), mib(c.predict));
    rp_layout_settings l = {.size = ranks};
    const int wanted[RP_ROLE_COUNT] = {(int)job->ranks.load, (int)job->ranks.augment,
                                       (int)job->ranks.train, (int)job->ranks.evaluate};
    if (job->ranks.load != RP_AUTO_VALUE) l.wanted = wanted;
    for (int r = 0; r < RP_ROLE_COUNT; r++) l.cost[r] = c.seconds[r];
    l.most[RP_ROLE_TRAIN] = rp_layout_units((int)job->train.batch, (int)job->train.unit);
    RP_AUTO(rp_layout) layout = NULL;
    RP_TRY(rp_layout_make(&l, &layout));
    (void)printf("roles on %d   ", ranks);
    for (int r = 0; r < RP_ROLE_COUNT; r++)
        (void)printf("%s %d%s%s", rp_role_name((rp_role)r), layout->count[r],
                     layout->folded[r] ? " (shared)" : "", r + 1 < RP_ROLE_COUNT ? ", " : "\n");
    const double per =
        c.seconds[RP_ROLE_TRAIN] * ceil(job->train.batch / layout->count[RP_ROLE_TRAIN]) / threads;
    (void)printf("time         about %.2f s an iteration, %.0f min for %.0f (60 GFLOP/s a core are "
                 "assumed)\n",
                 per, per * job->train.iterations / 60, job->train.iterations);
    return rp_execute_fits(job, &c, ranks);
}

rp_status rp_verb_plan(int argc, char **argv)
{
    const char *ranks = NULL, *file = NULL, *set[64], *word[1];
    int words, sets = 0;
    int64_t n = 1;
    const rp_option option[] = {
        {.name = "--ranks", .value = &ranks},
        {.name = "--tune", .value = &file},
        {.name = "--set", .many = set, .many_max = 64, .many_count = &sets}};
    RP_TRY(rp_options_read(argc, argv, 3, option, 1, word, &words));
    RP_NEED(words == 1, RP_EUSE, "plan: a job file is needed");
    if (ranks) RP_TRY(rp_option_int("--ranks", ranks, 1, 1000000, &n));
    RP_AUTOFREE rp_job *job = NULL;
    RP_TRY(rp_alloc(1, sizeof *job, &job));
    RP_TRY(rp_job_read(word[0], sets, set, job));
    return file ? tune(job, (int)n, file) : show(job, (int)n);
}
