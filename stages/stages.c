/* stages/stages.c - the table of stages. */
#include "mpi/layout.h"
#include "stages/stage.h"

#define RP_STAGE(name, takes, gives, role) extern const rp_stage_ops rp_stage_##name;
#include "stages/stages.inc"
#undef RP_STAGE

const rp_stage rp_stages[] = {
#define RP_STAGE(name, takes, gives, role) {#name, takes, gives, role, &rp_stage_##name},
#include "stages/stages.inc"
#undef RP_STAGE
};
const int rp_stages_count = sizeof rp_stages / sizeof *rp_stages;
