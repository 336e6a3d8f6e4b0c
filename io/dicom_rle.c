/* io/dicom_rle.c - RLE of DICOM: byte planes in segments, packed runs.
 * Source: DICOM PS3.5 annex G. */
#include "io/dicom_priv.h"

#include <inttypes.h>
#include <string.h>

enum { HEADER = 64, MAX_SEGMENTS = 15 };

/* Unpacks one segment to every size-th byte of out; made: how many. */
static int64_t unpack(int64_t n, const uint8_t *in, int64_t pixels, int size, uint8_t *out)
{
    int64_t made = 0;
    for (int64_t at = 0; at < n && made < pixels;) {
        const int control = in[at++];
        if (control == 128) continue;
        const bool is_run = control > 128;
        int64_t length = is_run ? 257 - control : control + 1;
        if (at + (is_run ? 1 : length) > n) break;
        for (; length > 0 && made < pixels; length--, made++)
            out[made * size] = is_run ? in[at] : in[at++];
        if (is_run) at++;
    }
    return made;
}

rp_status rp_rle_decode(const char *path, int64_t n, const uint8_t bytes[], int64_t pixels,
                        int size, uint8_t out[])
{
    uint32_t header[1 + MAX_SEGMENTS];
    RP_NEED(n >= HEADER, RP_EDATA, "'%s': RLE frame of %" PRId64 " bytes", path, n);
    memcpy(header, bytes, sizeof header);
    RP_NEED(header[0] == (uint32_t)size, RP_EDATA,
            "'%s': RLE frame of %u segments, pixels have %d bytes", path, header[0], size);
    for (int s = 0; s < size; s++) {
        const int64_t start = header[s + 1], end = s + 1 < size ? header[s + 2] : n;
        RP_NEED(start >= HEADER && start <= end && end <= n, RP_EDATA,
                "'%s': RLE segment %d lies outside its frame", path, s);
        /* The first segment holds the highest byte. */
        const int64_t made = unpack(end - start, bytes + start, pixels, size, out + (size - 1 - s));
        RP_NEED(made == pixels, RP_EDATA,
                "'%s': RLE segment %d has %" PRId64 " bytes, the frame %" PRId64 " pixels", path, s,
                made, pixels);
    }
    return RP_OK;
}
