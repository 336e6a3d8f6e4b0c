/* io/png.c - PNG pictures, by libpng. */
#include "io/png.h"
#include "io/atomic.h"

#include <inttypes.h>
#include <png.h>
#include <setjmp.h>

enum { LEVEL = 6 };

static void add(png_structp png, png_bytep bytes, png_size_t n)
{
    rp_text_add_bytes(png_get_io_ptr(png), (int64_t)n, bytes);
}

static void flush(png_structp png) { (void)png; }

static void fail(png_structp png, png_const_charp why)
{
    (void)why;
    longjmp(png_jmpbuf(png), 1);
}

static void ignore(png_structp png, png_const_charp why)
{
    (void)png;
    (void)why;
}

/* False if libpng gave up.  Holds no memory of its own, since a failure jumps out of it. */
static bool encode(png_structp png, png_infop info, int64_t width, int64_t height, int channels,
                   const uint8_t *pixels)
{
    if (setjmp(png_jmpbuf(png))) return false;
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8,
                 channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, LEVEL);
    png_write_info(png, info);
    for (int64_t y = 0; y < height; y++) png_write_row(png, pixels + y * width * channels);
    png_write_end(png, NULL);
    return true;
}

rp_status rp_png_encode(int64_t width, int64_t height, int channels, const uint8_t pixels[],
                        rp_text *out)
{
    RP_NEED(width >= 1 && width <= 65535 && height >= 1 && height <= 65535 &&
                (channels == 1 || channels == 3),
            RP_EARG, "a picture of %" PRId64 "x%" PRId64 " pixels in %d channels", width, height,
            channels);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, fail, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool ok = false;
    if (info) {
        png_set_write_fn(png, out, add, flush);
        ok = encode(png, info, width, height, channels, pixels);
    }
    png_destroy_write_struct(&png, &info);
    RP_TRY(rp_text_status(out));
    RP_NEED(ok, RP_EMEM, "a picture of %" PRId64 "x%" PRId64 " pixels cannot be made", width,
            height);
    return RP_OK;
}

rp_status rp_png_write(const char *path, int64_t width, int64_t height, int channels,
                       const uint8_t pixels[])
{
    RP_TEXT_AUTO file = {0};
    RP_TRY_IN(rp_png_encode(width, height, channels, pixels, &file), "'%s'", path);
    return rp_atomic_write(path, file.length, file.at);
}
