/* io/png.h - PNG pictures, 8 bits, grey or RGB, writing. */
#pragma once
#include "lib/base/text.h"

/* Appends the picture's file to out; no times, so the same pixels give the same bytes.
 *   channels  1 (grey) or 3 (RGB)
 *   pixels    [height][width][channels]
 * Errors: RP_EARG (sizes outside 1..65535, channels), RP_EMEM. */
RP_MUST rp_status rp_png_encode(int64_t width, int64_t height, int channels, const uint8_t pixels[],
                                rp_text *out);
/* The same into a file, atomically. */
RP_MUST rp_status rp_png_write(const char *path, int64_t width, int64_t height, int channels,
                               const uint8_t pixels[]);
