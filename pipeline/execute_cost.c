/* pipeline/execute_cost.c - what a job costs: operations, bytes a rank, and whether they fit.
 *
 * Memory is counted for a rank that holds all roles: two phases, of which the larger counts.
 * 1. Training: engine, weights, exchange, channels; beside it, if there are validate cases, what
 *    scores them.
 * 2. The test cases, when training has given back what it took. */
#include "pipeline/execute.h"

#include "io/atomic.h"
#include "lib/net/window.h"
#include "mpi/exchange.h"

#include <inttypes.h>
#include <string.h>

/* Sets of weights that scoring beside training holds: two of the train rank that are not scored
 * yet, two on their way, one as it arrives, one that is scored, one that waits (stages/validate.h).
 */
enum { VALIDATE_SETS = 7 };

static int64_t free_mib(void)
{
    RP_TEXT_AUTO info = {0};
    int64_t kib = 0;
    if (rp_file_read("/proc/meminfo", 1 << 16, &info) != RP_OK) return 0;
    const char *p = strstr(rp_text_get(&info), "MemAvailable:");
    char number[24] = "";
    if (!p) return 0;
    p += strcspn(p, "0123456789");
    const size_t digits = strspn(p, "0123456789");
    if (digits < sizeof number) memcpy(number, p, digits);
    return rp_read_int(number, &kib) ? kib / 1024 : 0;
}

rp_status rp_execute_fits(const rp_job *job, const rp_execute_cost *cost, int ranks)
{
    const int64_t have = job->memory == RP_AUTO_VALUE ? free_mib() : (int64_t)(job->memory * 1024);
    const double need = (double)cost->total * ranks / 1048576;
    RP_NEED(have == 0 || need <= (double)have, RP_EUSE,
            "%d ranks on this node need about %.2f GiB and %s %.2f GiB%s: take a smaller "
            "train.patch, fewer model.features or fewer ranks a node ('radpipe plan' tells)",
            ranks, need / 1024, job->memory == RP_AUTO_VALUE ? "it has" : "'memory' allows",
            (double)have / 1024, job->memory == RP_AUTO_VALUE ? " free" : "");
    return RP_OK;
}

/* What one case takes while it is predicted, beside the engine: the sliding window, the image,
 * labels; for a test case its logits too, which are resampled class by class to the source. */
static rp_status case_bytes(const rp_job *job, const rp_unet_settings *unet, const int64_t n[3],
                            const rp_provenance *from, bool is_test, size_t *bytes)
{
    static const float padding[RP_INPUTS_MAX];
    rp_window w = {.channels = unet->channels,
                   .classes = unet->classes,
                   .size = {n[0], n[1], n[2]},
                   .step = job->predict.step,
                   .padding = padding};
    for (int a = 0; a < 3; a++) w.patch[a] = (int64_t)job->train.patch.item[a];
    RP_TRY(rp_window_bytes(&w, bytes));
    const int64_t voxels = n[0] * n[1] * n[2];
    *bytes += (size_t)(voxels * (4 * unet->channels + 2));
    if (!is_test) return RP_OK;
    *bytes += (size_t)(voxels * 4 * unet->classes);
    if (from)
        *bytes += (size_t)(from->size[0] * from->size[1] * from->size[2] * 9 +
                           rp_grid_voxels(&from->source) * 4);
    return RP_OK;
}

/* The most that a case of a part takes; before there are cases: one of the size of a patch. */
static rp_status largest_case(const rp_job *job, const rp_unet_settings *unet,
                              const rp_prepared *prepared, rp_part part, size_t *most)
{
    size_t bytes = 0;
    int64_t patch[3];
    for (int a = 0; a < 3; a++) patch[a] = (int64_t)job->train.patch.item[a];
    if (!prepared) return case_bytes(job, unet, patch, NULL, part == RP_PART_TEST, most);
    *most = 0;
    for (int64_t i = 0; i < prepared->cases; i++) {
        const rp_prepared_case *k = &prepared->list[i];
        if (k->part != part) continue;
        RP_TRY(case_bytes(job, unet, k->from.n, &k->from, part == RP_PART_TEST, &bytes));
        if (bytes > *most) *most = bytes;
    }
    return RP_OK;
}

/* Engines, and what predictions add to them. */
static rp_status engine_bytes(const rp_execute_asked *a, const rp_network *net, rp_execute_cost *c)
{
    const rp_job *job = a->job;
    size_t infer, most;
    rp_engine_settings e = {.net = net,
                            .train = true,
                            .threads = a->threads,
                            .kernels = a->kernels,
                            .loss = rp_loss_find(job->train.loss)};
    RP_NEED(e.loss, RP_EUSE, "train.loss '%s': 'radpipe help loss' lists them", job->train.loss);
    for (int i = 0; i < 3; i++) e.patch[i] = (int64_t)job->train.patch.item[i];
    RP_TRY(rp_engine_bytes(&e, &c->engine));
    e.train = false;
    RP_TRY(rp_engine_bytes(&e, &infer));
    const size_t weights = (size_t)rp_network_weights(net) * sizeof(float);
    c->weights = 3 * weights;
    RP_TRY(largest_case(job, a->unet, a->prepared, RP_PART_VALIDATE, &most));
    c->validate = most > 0 ? infer + VALIDATE_SETS * weights + most : 0;
    RP_TRY(largest_case(job, a->unet, a->prepared, RP_PART_TEST, &most));
    c->predict = most > 0 ? infer + weights + most : 0;
    return RP_OK;
}

/* Constants of one core, for the split of ranks only: 60 GFLOP/s of convolution, 40 ns a voxel of
 * augmentation, 400 MB/s of reading and decoding.  They decide speed, never a result. */
rp_status rp_execute_cost_of(const rp_execute_asked *a, rp_execute_cost *out)
{
    const rp_job *job = a->job;
    rp_execute_cost c = {0};
    RP_AUTO(rp_network) net = NULL;
    int64_t patch[3], voxels = 1;
    double forward;
    RP_TRY(rp_unet_build(a->unet, &net));
    for (int i = 0; i < 3; i++) voxels *= patch[i] = (int64_t)job->train.patch.item[i];
    RP_TRY(rp_network_flops(net, patch, &forward, &c.flops_per_sample));
    RP_TRY(engine_bytes(a, net, &c));
    const int units = rp_layout_units((int)job->train.batch, (int)job->train.unit),
              window = (int)job->channel.window;
    RP_TRY(rp_exchange_bytes(rp_network_weights(net), units, 5, a->ranks, &c.exchange));
    c.channels = (a->patch_payload + a->sample_payload) * (size_t)(2 * window + 4);
    c.total = c.engine + c.weights + c.exchange + c.channels + c.validate;
    if (c.predict > c.total) c.total = c.predict;
    c.seconds[RP_ROLE_TRAIN] = c.flops_per_sample / 60e9;
    c.seconds[RP_ROLE_AUGMENT] = (double)voxels * a->unet->channels * 40e-9;
    c.seconds[RP_ROLE_LOAD] = (double)a->patch_payload / 400e6;
    *out = c;
    return RP_OK;
}
