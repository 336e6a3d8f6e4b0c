/* io/gzip_priv.h - gzip streams in memory. */
#pragma once
#include "lib/base/text.h"

/* Inflates n bytes into out until want bytes are there or the stream ends; got: how many.  With
 * to_end the rest of the stream is inflated, too, and thrown away, so that its checksum is tested.
 * Errors: RP_EDATA (not gzip, broken, cut, more than a megabyte behind what is wanted), RP_EMEM. */
RP_MUST rp_status rp_gunzip(const char *name, int64_t n, const void *bytes, bool to_end,
                            int64_t want, void *out, int64_t *got);
/* Appends the gzip stream of n bytes; no name, no time: the same bytes each time. */
RP_MUST rp_status rp_gzip(int64_t n, const void *bytes, rp_text *out);
