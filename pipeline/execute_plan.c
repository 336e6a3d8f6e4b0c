/* pipeline/execute_plan.c - what a job needs, and settings of the rooms below from the job. */
#include "pipeline/execute.h"

#include "io/atomic.h"
#include "lib/net/kernel_list.h"
#include "lib/net/topology.h"
#include "pipeline/program.h"

#include <string.h>

void rp_execute_prepare_settings(const rp_job *job, rp_prepare *out)
{
    out->inputs = job->inputs.count;
    out->labels = job->labels.count;
    for (int i = 0; i < job->inputs.count; i++) {
        out->input[i] = job->inputs.item[i];
        out->scheme[i] = job->prepare.normalise.item[job->prepare.normalise.count == 1 ? 0 : i];
    }
    for (int i = 0; i < job->labels.count; i++) {
        out->label[i] = job->labels.key[i];
        out->pattern[i] = job->labels.value[i];
    }
    out->merge_union = strcmp(job->merge, "union") == 0;
    for (int a = 0; a < 3; a++)
        out->spacing[a] = job->prepare.spacing.count == 3 ? job->prepare.spacing.item[a] : 0;
    out->crop_nonzero = strcmp(job->prepare.crop, "nonzero") == 0;
    out->dtype = strcmp(job->prepare.dtype, "float16") == 0 ? RP_F16 : RP_F32;
    out->seed = 1; /* samples of coordinates are part of the prepared cases, which runs share */
}

rp_status rp_execute_unet(const rp_job *job, const double spacing[3], int inputs, int labels,
                          rp_unet_settings *out)
{
    rp_unet_settings u = {.channels = inputs,
                          .classes = labels + 1,
                          .stages = job->model.features.count,
                          .convs_encoder = (int)job->model.convs.item[0],
                          .convs_decoder = (int)job->model.convs.item[1],
                          .deep_supervision = job->model.deep_supervision};
    int64_t patch[3];
    for (int s = 0; s < u.stages; s++) u.features[s] = (int)job->model.features.item[s];
    for (int a = 0; a < 3; a++) patch[a] = (int64_t)job->train.patch.item[a];
    RP_TRY(rp_unet_topology(patch, spacing, &u));
    *out = u;
    return RP_OK;
}

rp_status rp_execute_kernels(const rp_job *job, const char *run, rp_text *out)
{
    RP_AUTO(rp_kernel_list) list = NULL;
    RP_AUTOFREE char *path = NULL;
    RP_TEXT_AUTO rows = {0};
    rp_path_info info;
    const char *kernels = job->train.kernels;
    if (rp_kernels_are_named(kernels)) {
        rp_text_add(out, "%s", kernels);
        return rp_text_status(out);
    }
    if (run) RP_TRY(rp_path_join(run, "kernels.yaml", &path));
    const char *file = run ? path : kernels;
    RP_TRY(rp_path_look(file, true, &info));
    rp_kernel_names(&rows);
    RP_NEED(info.kind == RP_PATH_FILE, RP_EUSE,
            "train.kernels '%s': neither a row of the kernel table (auto, %s) nor a file%s%s",
            kernels, rp_text_get(&rows), run ? " whose copy is " : "", run ? path : "");
    RP_TRY(rp_file_read(file, 1 << 20, out));
    return rp_kernel_list_read(file, rp_text_get(out), &list);
}

rp_status rp_execute_augment(const rp_job *job, rp_augment_settings *out)
{
    int64_t patch[3];
    for (int a = 0; a < 3; a++) patch[a] = (int64_t)job->train.patch.item[a];
    RP_TRY(rp_augment_preset(job->augment.preset, patch, out));
    for (int i = 0; i < RP_AUG_COUNT; i++)
        if (job->augment.probability[i] != RP_AUTO_VALUE)
            out->probability[i] = job->augment.probability[i];
    return RP_OK;
}

rp_status rp_execute_threads(const rp_job *job, const rp_comm *comm, int *threads, int *workers)
{
    RP_AUTOFREE int *node = NULL;
    int mine, nodes, here = 0;
    RP_TRY(rp_alloc(rp_comm_size(comm), sizeof *node, &node));
    RP_TRY(rp_comm_node(comm, &mine, &nodes));
    RP_TRY(rp_comm_node_list(comm, node));
    for (int i = 0; i < rp_comm_size(comm); i++) here += node[i] == mine;
    RP_ASSERT(here > 0); /* this rank at least */
    const int share = rp_program_cores() / here > 0 ? rp_program_cores() / here : 1;
    int64_t least = -share; /* the smallest share: threads may belong to the identity */
    RP_TRY(rp_comm_max_i64(comm, 1, &least));
    *threads = job->train.threads == RP_AUTO_VALUE ? (int)-least : (int)job->train.threads;
    *workers = share;
    return RP_OK;
}
