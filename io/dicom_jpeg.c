/* io/dicom_jpeg.c - the frame header of a JPEG or JPEG-LS stream.
 * Source: ITU-T T.81 annex B, T.87 annex C. */
#include "io/dicom_priv.h"

#include <inttypes.h>

enum { SOI = 0xD8, EOI = 0xD9, SOS = 0xDA, JLS_FRAME = 0xF7 };

static bool is_frame(int marker)
{
    /* C0..CF but the tables of Huffman (C4), arithmetic coding (CC) and JPG (C8). */
    return marker == JLS_FRAME ||
           (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC);
}

/* The stream must end in EOI; DICOM pads it to an even length with zeros, some with FF. */
static bool has_end(int64_t n, const uint8_t bytes[])
{
    while (n > 2 && (bytes[n - 1] == 0 || (bytes[n - 1] == 0xFF && bytes[n - 2] == EOI))) n--;
    return n >= 2 && bytes[n - 2] == 0xFF && bytes[n - 1] == EOI;
}

rp_status rp_jpeg_look(const char *path, int64_t n, const uint8_t bytes[], rp_jpeg_size *out)
{
    RP_NEED(n >= 4 && bytes[0] == 0xFF && bytes[1] == SOI, RP_EDATA,
            "'%s': pixels are no JPEG stream", path);
    RP_NEED(has_end(n, bytes), RP_EDATA, "'%s': JPEG stream without an end", path);
    for (int64_t at = 2; at + 4 <= n;) {
        RP_NEED(bytes[at] == 0xFF, RP_EDATA,
                "'%s': byte %" PRId64 " of the JPEG stream is no marker", path, at);
        const int marker = bytes[at + 1];
        if (marker == 0xFF) { /* fill */
            at++;
            continue;
        }
        const int64_t length = bytes[at + 2] << 8 | bytes[at + 3];
        if (is_frame(marker) && at + 10 <= n) {
            *out = (rp_jpeg_size){.precision = bytes[at + 4],
                                  .rows = bytes[at + 5] << 8 | bytes[at + 6],
                                  .columns = bytes[at + 7] << 8 | bytes[at + 8],
                                  .components = bytes[at + 9]};
            return RP_OK;
        }
        if (marker == SOS) break;
        at += 2 + length;
    }
    RP_FAIL(RP_EDATA, "'%s': JPEG stream without a frame header", path);
}
