/* io/dicom_values.c - attributes of DICOM as clean text and finite numbers. */
#include "io/dicom_priv.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Length of a valid UTF-8 sequence at the front of n bytes, 0 if it is none (RFC 3629). */
static size_t utf8_length(size_t n, const unsigned char *s)
{
    const size_t want = s[0] < 0x80                   ? 1
                        : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
                        : s[0] >= 0xE0 && s[0] < 0xF0 ? 3
                        : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                                      : 0;
    if (want == 0 || want > n) return 0;
    for (size_t i = 1; i < want; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    /* overlong forms, surrogates, beyond U+10FFFF */
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return want;
}

bool rp_dicom_clean(size_t n, const char bytes[], size_t size, char out[])
{
    size_t used = 0;
    while (n > 0 && (bytes[n - 1] == ' ' || bytes[n - 1] == 0)) n--;
    while (n > 0 && *bytes == ' ') bytes++, n--;
    for (size_t i = 0; i < n;) {
        const unsigned char *s = (const unsigned char *)bytes + i;
        const size_t length = utf8_length(n - i, s);
        const char *piece = length ? bytes + i : "\xEF\xBF\xBD";
        const size_t room = length ? length : 3;
        if (used + room >= size) {
            out[used] = 0;
            return false;
        }
        if (length == 1 && (*s < 0x20 || *s == 0x7F)) piece = "?";
        memcpy(out + used, piece, room);
        used += room;
        i += length ? length : 1;
    }
    out[used] = 0;
    return true;
}

bool rp_dicom_get_text(rp_shim_item *item, uint32_t tag, size_t size, char out[])
{
    const char *bytes;
    size_t n;
    *out = 0;
    return !rp_shim_text(item, tag, &bytes, &n) || rp_dicom_clean(n, bytes, size, out);
}

/* The number between start and end, blanks aside. */
static rp_status read_number(const char *start, const char *end, double *x)
{
    char text[64];
    while (start < end && *start == ' ') start++;
    while (start < end && (end[-1] == ' ' || end[-1] == 0)) end--;
    const size_t n =
        (size_t)(end - start) < sizeof text - 1 ? (size_t)(end - start) : sizeof text - 1;
    memcpy(text, start, n);
    text[n] = 0;
    double found = 0;
    if ((size_t)(end - start) != n || !rp_read_double(text, &found)) {
        char clean[64];
        (void)rp_dicom_clean(n, text, sizeof clean, clean);
        RP_FAIL(RP_EDATA, "'%s' is no number", clean);
    }
    *x = found;
    return RP_OK;
}

rp_status rp_dicom_get_numbers(rp_shim_item *item, uint32_t tag, int max, double out[], int *count)
{
    const long binary = rp_shim_numbers(item, tag, max, out);
    const char *bytes;
    size_t n;
    *count = 0;
    if (binary == -1) return RP_OK;
    RP_NEED(binary <= max, RP_EDATA, "%ld numbers where %d may be", binary, max);
    for (long i = 0; i < binary; i++)
        RP_NEED(isfinite(out[i]), RP_EDATA, "%g is no number", out[i]);
    if (binary > 0) *count = (int)binary;
    if (binary != -2) return RP_OK;
    RP_NEED(rp_shim_text(item, tag, &bytes, &n), RP_EDATA,
            "a value that is neither text nor number");
    while (n > 0 && (bytes[n - 1] == ' ' || bytes[n - 1] == 0)) n--;
    if (n == 0) return RP_OK;
    int found = 0;
    for (const char *at = bytes, *end = bytes + n; at <= end; found++) {
        const char *cut = memchr(at, '\\', (size_t)(end - at));
        RP_NEED(found < max, RP_EDATA, "more than %d numbers", max);
        RP_TRY(read_number(at, cut ? cut : end, &out[found]));
        at = (cut ? cut : end) + 1;
    }
    *count = found;
    return RP_OK;
}

rp_status rp_dicom_get_reals(rp_shim_item *item, uint32_t tag, int size, rp_dicom_reals *out)
{
    rp_dicom_reals found = {0};
    RP_TRY(rp_dicom_get_numbers(item, tag, size, found.value, &found.count));
    RP_NEED(found.count == 0 || found.count == size, RP_EDATA, "%d numbers where %d must be",
            found.count, size);
    *out = found;
    return RP_OK;
}

rp_status rp_dicom_get_whole(rp_shim_item *item, uint32_t tag, rp_dicom_whole *out)
{
    double x = 0;
    int count;
    RP_TRY(rp_dicom_get_numbers(item, tag, 1, &x, &count));
    RP_NEED(count == 0 || (floor(x) == x && fabs(x) < 1e15), RP_EDATA, "%g is no whole number", x);
    *out = (rp_dicom_whole){.is_set = count == 1, .value = count ? (int64_t)x : 0};
    return RP_OK;
}

rp_status rp_dicom_get_many(rp_shim_item *item, uint32_t tag, int64_t *count, double **out)
{
    RP_AUTOFREE double *found = NULL;
    const char *bytes;
    size_t n;
    *count = 0;
    if (!rp_shim_text(item, tag, &bytes, &n)) return RP_OK;
    while (n > 0 && (bytes[n - 1] == ' ' || bytes[n - 1] == 0)) n--;
    if (n == 0) return RP_OK;
    int64_t parts = 1, used = 0;
    for (size_t i = 0; i < n; i++) parts += bytes[i] == '\\';
    RP_TRY(rp_alloc_raw(parts, sizeof *found, &found));
    for (const char *at = bytes, *end = bytes + n; at <= end; used++) {
        const char *cut = memchr(at, '\\', (size_t)(end - at));
        RP_TRY(read_number(at, cut ? cut : end, &found[used]));
        at = (cut ? cut : end) + 1;
    }
    *count = used;
    *out = RP_TAKE(found);
    return RP_OK;
}
