/* cohort/scan_priv.h - a header between the rank that reads it and all others. */
#pragma once
#include "cohort/scan.h"

/* Packs the heads of one block of files; a text that is the same as in the file before it takes one
 * byte. */
typedef struct rp_head_packer rp_head_packer;
RP_MUST rp_status rp_head_packer_new(rp_head_packer **out);
void rp_head_packer_drop(rp_head_packer **p);
/* Reads the header of path and adds it to result; reason: why it is not to be read (NULL: it is).
 * What cannot be used is a head with a reason.  Errors: RP_EIO, RP_EMEM. */
RP_MUST rp_status rp_head_pack(rp_head_packer *p, const char *path, const char *reason,
                               rp_text *result);
/* The heads of a block: [count] out, their texts kept in words.  Errors: RP_EDATA, RP_EMEM. */
RP_MUST rp_status rp_head_unpack(int64_t n, const char *bytes, int64_t count, rp_words *words,
                                 rp_file_head head[]);
/* Leaves a file out; reason: a literal.  Texts that are not known become "". */
void rp_head_refuse(rp_file_head *head, rp_status status, const char *reason);
