/* pipeline/schema.c - the one table of the job file's keys. */
#include "pipeline/job.h"

#include "mpi/exchange.h"

#include <stddef.h>

#define AT(member) offsetof(rp_job, member)
#define AUGMENT(i) offsetof(rp_job, augment.probability) + (i) * sizeof(double)

/* A row a line, so that columns can be compared. */
/* clang-format off */
const rp_key rp_keys[] = {
    {"task", RP_KEY_CHOICE, AT(task), "segmentation", 0, 0, "segmentation", "", true, "what is learnt"},
    {"cohort.path", RP_KEY_TEXT, AT(cohort.path), NULL, 0, 0, NULL, "folder", false, "the cohort; made from cohort.source if it is not there"},
    {"cohort.source", RP_KEY_TEXTS, AT(cohort.source), "[]", 0, 0, NULL, "folders", false, "where the export lies: DICOM trees, NIfTI folders"},
    {"cohort.rules", RP_KEY_CHOICE, AT(cohort.rules), "default", 0, 0, "default", "", false, "which series become which volume"},
    {"cohort.ids", RP_KEY_CHOICE, AT(cohort.ids), "keyed", 0, 0, "keyed|keep", "", false, "pseudonyms of patients, or their names kept (public data only)"},
    {"cohort.key", RP_KEY_TEXT, AT(cohort.key), "''", 0, 0, NULL, "file", false, "key of the pseudonyms; '' makes one beside the cohort"},
    {"cohort.shard_size", RP_KEY_NUMBER, AT(cohort.shard_size), "2", 0.001, 1024, NULL, "GiB", false, "uncompressed size of a shard"},
    {"inputs", RP_KEY_TEXTS, AT(inputs), NULL, 0, 0, NULL, "volumes", true, "volume names; several are put on the first one's grid"},
    {"labels", RP_KEY_MAP, AT(labels), NULL, 0, 0, NULL, "patterns", true, "label: pattern of region names, drawn on the first input"},
    {"merge", RP_KEY_CHOICE, AT(merge), "none", 0, 0, "none|union", "", true, "what to do when several regions of a case match one label"},
    {"split", RP_KEY_TEXT, AT(split), NULL, 0, 0, NULL, "CSV", true, "the job's cases: case or patient, split (train, validate, test)"},
    {"prepare.spacing", RP_KEY_NUMBERS, AT(prepare.spacing), "auto", 0.01, 1000, "auto", "mm z,y,x", true, "target spacing; auto: median of the training cases"},
    {"prepare.dtype", RP_KEY_CHOICE, AT(prepare.dtype), "float32", 0, 0, "float32|float16", "", true, "precision of prepared images on disk"},
    {"prepare.crop", RP_KEY_CHOICE, AT(prepare.crop), "nonzero", 0, 0, "nonzero|none", "", true, "crop to the box where any input is not zero"},
    {"prepare.normalise", RP_KEY_TEXTS, AT(prepare.normalise), "[auto]", 0, 0, NULL, "", true, "a scheme an input: auto (by modality), ct, zscore, none"},
    {"model.name", RP_KEY_CHOICE, AT(model.name), "unet", 0, 0, "unet", "", true, "network"},
    {"model.features", RP_KEY_NUMBERS, AT(model.features), "[32, 64, 128, 256, 320]", 1, 4096, NULL, "channels", true, "channels a stage, finest first"},
    {"model.convs", RP_KEY_NUMBERS, AT(model.convs), "[2, 2]", 1, 8, NULL, "", true, "convolutions a stage: encoder, decoder"},
    {"model.deep_supervision", RP_KEY_SWITCH, AT(model.deep_supervision), "true", 0, 0, NULL, "", true, "losses at the coarser outputs too"},
    {"train.iterations", RP_KEY_INT, AT(train.iterations), "1000", 1, 1e9, NULL, "", true, "updates of the weights"},
    {"train.batch", RP_KEY_INT, AT(train.batch), "2", 1, RP_EXCHANGE_UNITS_MOST, NULL, "samples", true, "samples an iteration"},
    {"train.unit", RP_KEY_INT, AT(train.unit), "1", 1, 1, NULL, "samples", true, "samples of one forward and backward pass"},
    {"train.patch", RP_KEY_NUMBERS, AT(train.patch), NULL, 1, 4096, NULL, "voxels z,y,x", true, "size of a patch; z 1 gives a 2D network"},
    {"train.seed", RP_KEY_INT, AT(train.seed), "1", 0, 4294967295.0, NULL, "", true, "all random numbers follow from it"},
    {"train.threads", RP_KEY_INT, AT(train.threads), "auto", 1, 1024, "auto", "", false, "threads of a rank that computes"},
    {"train.kernels", RP_KEY_TEXT, AT(train.kernels), "auto", 0, 0, NULL, "", true, "row of the kernel table (radpipe help kernel), auto, or a file of 'radpipe plan --tune'"},
    {"train.optimiser", RP_KEY_TEXT, AT(train.optimiser), "sgd", 0, 0, NULL, "", true, "optimiser"},
    {"train.loss", RP_KEY_TEXT, AT(train.loss), "dice_ce", 0, 0, NULL, "", true, "loss"},
    {"train.rate", RP_KEY_NUMBER, AT(train.rate), "0.01", 1e-9, 10, NULL, "", true, "learning rate at the start; falls as (1 - k/K)^0.9"},
    {"train.momentum", RP_KEY_NUMBER, AT(train.momentum), "0.99", 0, 0.9999, NULL, "", true, "Nesterov momentum"},
    {"train.decay", RP_KEY_NUMBER, AT(train.decay), "3e-5", 0, 1, NULL, "", true, "weight decay"},
    {"train.clip", RP_KEY_NUMBER, AT(train.clip), "12", 0, 1e9, NULL, "", true, "largest global norm of the gradient; 0: none"},
    {"train.foreground", RP_KEY_NUMBER, AT(train.foreground), "0.33", 0, 1, NULL, "", true, "share of a batch whose patches are centred on a label"},
    {"train.checkpoint", RP_KEY_NUMBER, AT(train.checkpoint), "10", 0.001, 1e6, NULL, "minutes", false, "time between checkpoints"},
    {"train.keep", RP_KEY_INT, AT(train.keep), "2", 1, 100, NULL, "", false, "checkpoints kept, beside the best"},
    {"train.max_lost", RP_KEY_NUMBER, AT(train.max_lost), "0.05", 0, 1, NULL, "", false, "share of training cases that may drop out before the run stops"},
    {"augment.preset", RP_KEY_CHOICE, AT(augment.preset), "nnunet", 0, 0, "nnunet|mirror|none", "", true, "augmentation; the keys below override a transform's probability"},
    {"augment.rotation", RP_KEY_NUMBER, AUGMENT(0), "auto", 0, 1, "auto", "probability", true, "turn about each axis"},
    {"augment.scaling", RP_KEY_NUMBER, AUGMENT(1), "auto", 0, 1, "auto", "probability", true, "zoom 0.7 to 1.4"},
    {"augment.noise", RP_KEY_NUMBER, AUGMENT(2), "auto", 0, 1, "auto", "probability", true, "normal noise, sd to 0.1"},
    {"augment.blur", RP_KEY_NUMBER, AUGMENT(3), "auto", 0, 1, "auto", "probability", true, "Gaussian blur, sd 0.5 to 1 voxels"},
    {"augment.brightness", RP_KEY_NUMBER, AUGMENT(4), "auto", 0, 1, "auto", "probability", true, "factor 0.75 to 1.25"},
    {"augment.contrast", RP_KEY_NUMBER, AUGMENT(5), "auto", 0, 1, "auto", "probability", true, "spread about the mean, 0.75 to 1.25"},
    {"augment.lowres", RP_KEY_NUMBER, AUGMENT(6), "auto", 0, 1, "auto", "probability", true, "simulated low resolution, 0.5 to 1"},
    {"augment.gamma_inverted", RP_KEY_NUMBER, AUGMENT(7), "auto", 0, 1, "auto", "probability", true, "gamma of the negative, 0.7 to 1.5"},
    {"augment.gamma", RP_KEY_NUMBER, AUGMENT(8), "auto", 0, 1, "auto", "probability", true, "gamma 0.7 to 1.5"},
    {"augment.mirror", RP_KEY_NUMBER, AUGMENT(9), "auto", 0, 1, "auto", "probability", true, "flip, each axis alone"},
    {"ranks.load", RP_KEY_INT, AT(ranks.load), "auto", 0, 1e6, "auto", "ranks", false, "ranks that read patches"},
    {"ranks.augment", RP_KEY_INT, AT(ranks.augment), "auto", 0, 1e6, "auto", "ranks", false, "ranks that augment"},
    {"ranks.train", RP_KEY_INT, AT(ranks.train), "auto", 1, 1e6, "auto", "ranks", false, "ranks that train"},
    {"ranks.evaluate", RP_KEY_INT, AT(ranks.evaluate), "auto", 0, 1e6, "auto", "ranks", false, "ranks that score beside training"},
    {"channel.window", RP_KEY_INT, AT(channel.window), "4", 1, 1024, NULL, "samples", false, "samples that may wait between two roles, a receiving rank"},
    {"memory", RP_KEY_NUMBER, AT(memory), "auto", 0.001, 1e6, "auto", "GiB", false, "what the ranks of a node may take together; auto: what it has free"},
    {"io", RP_KEY_CHOICE, AT(io), "pread", 0, 0, "pread|mpio", "", false, "how patches are read: pread on workers, or parallel HDF5"},
    {"evaluate.every", RP_KEY_INT, AT(evaluate.every), "200", 1, 1e9, NULL, "iterations", false, "between two scorings of the validate cases"},
    {"predict.step", RP_KEY_NUMBER, AT(predict.step), "0.5", 0.05, 1, NULL, "patches", false, "step of the sliding window"},
    {"predict.mirror", RP_KEY_SWITCH, AT(predict.mirror), "false", 0, 0, NULL, "", false, "average over mirrored patches"},
    {"predict.largest", RP_KEY_SWITCH, AT(predict.largest), "false", 0, 0, NULL, "", false, "keep only the largest connected part (26 neighbours) of all labels"},
    {"predict.weights", RP_KEY_CHOICE, AT(predict.weights), "last", 0, 0, "last|best", "", false, "weights for the test cases"},
    {"radiomics.settings", RP_KEY_TEXT, AT(radiomics.settings), "''", 0, 0, NULL, "preset or file", false, "features of the cohort's regions with these settings ('radpipe help radiomics'); '': none"},
    {"report", RP_KEY_SWITCH, AT(report), "true", 0, 0, NULL, "", false, "write report.html when the run is done"},
};
/* clang-format on */
const int rp_keys_count = sizeof rp_keys / sizeof *rp_keys;
