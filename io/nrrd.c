/* io/nrrd.c - NRRD files, reading. */
#include "io/nrrd.h"
#include "io/atomic.h"
#include "io/gzip_priv.h"
#include "io/voxels_priv.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEADER_MOST = 10 << 20, VALUE = 4096 };

typedef enum encoding { RAW, GZIP, TEXT } encoding;

typedef struct header {
    const char *path;
    bool has_type, has_sizes, has_space, has_directions, has_origin, has_endian, is_big;
    int64_t dimension;
    rp_foreign type;
    encoding encoding;
    bool has_encoding;
    int64_t n[3], line_skip, byte_skip;
    double flip[3]; /* signs that turn the space to LPS */
    double column[3][3], origin[3];
    char file[VALUE];
} header;

static const struct {
    const char *name;
    rp_foreign type;
} types[] = {
    {"signed char", RP_FOREIGN_I8},
    {"int8", RP_FOREIGN_I8},
    {"int8_t", RP_FOREIGN_I8},
    {"uchar", RP_FOREIGN_U8},
    {"unsigned char", RP_FOREIGN_U8},
    {"uint8", RP_FOREIGN_U8},
    {"uint8_t", RP_FOREIGN_U8},
    {"short", RP_FOREIGN_I16},
    {"short int", RP_FOREIGN_I16},
    {"signed short", RP_FOREIGN_I16},
    {"signed short int", RP_FOREIGN_I16},
    {"int16", RP_FOREIGN_I16},
    {"int16_t", RP_FOREIGN_I16},
    {"ushort", RP_FOREIGN_U16},
    {"unsigned short", RP_FOREIGN_U16},
    {"unsigned short int", RP_FOREIGN_U16},
    {"uint16", RP_FOREIGN_U16},
    {"uint16_t", RP_FOREIGN_U16},
    {"int", RP_FOREIGN_I32},
    {"signed int", RP_FOREIGN_I32},
    {"int32", RP_FOREIGN_I32},
    {"int32_t", RP_FOREIGN_I32},
    {"uint", RP_FOREIGN_U32},
    {"unsigned int", RP_FOREIGN_U32},
    {"uint32", RP_FOREIGN_U32},
    {"uint32_t", RP_FOREIGN_U32},
    {"long long", RP_FOREIGN_I64},
    {"int64", RP_FOREIGN_I64},
    {"int64_t", RP_FOREIGN_I64},
    {"unsigned long long", RP_FOREIGN_U64},
    {"uint64", RP_FOREIGN_U64},
    {"uint64_t", RP_FOREIGN_U64},
    {"float", RP_FOREIGN_F32},
    {"double", RP_FOREIGN_F64},
};

static const struct {
    const char *name;
    encoding encoding;
} encodings[] = {{"raw", RAW},    {"gzip", GZIP}, {"gz", GZIP},
                 {"ascii", TEXT}, {"text", TEXT}, {"txt", TEXT}};

static const struct {
    const char *name, *letters;
    double flip[3];
} spaces[] = {
    {"left-posterior-superior", "lps", {1, 1, 1}},
    {"right-anterior-superior", "ras", {-1, -1, 1}},
    {"left-anterior-superior", "las", {1, -1, 1}},
};

static rp_status read_type(header *h, const char *value)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(value, types[i].name) == 0) {
            h->type = types[i].type;
            h->has_type = true;
            return RP_OK;
        }
    RP_FAIL(RP_EUNSUP, "type '%.40s'", value);
}

static rp_status read_encoding(header *h, const char *value)
{
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        if (strcasecmp(value, encodings[i].name) == 0) {
            h->encoding = encodings[i].encoding;
            h->has_encoding = true;
            return RP_OK;
        }
    RP_FAIL(RP_EUNSUP, "encoding '%.40s'", value);
}

static rp_status read_space(header *h, const char *value)
{
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        if (strcasecmp(value, spaces[i].name) == 0 || strcasecmp(value, spaces[i].letters) == 0) {
            memcpy(h->flip, spaces[i].flip, sizeof h->flip);
            h->has_space = true;
            return RP_OK;
        }
    RP_FAIL(RP_EUNSUP, "space '%.60s'", value);
}

static rp_status read_whole(const char *value, int64_t *out)
{
    RP_NEED(rp_read_int(value, out), RP_EDATA, "'%.40s' is no whole number", value);
    return RP_OK;
}

static rp_status read_sizes(header *h, const char *value)
{
    char copy[VALUE], *rest;
    int n = 0;
    (void)snprintf(copy, sizeof copy, "%s", value);
    for (char *word = strtok_r(copy, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        RP_NEED(n < 3, RP_EUNSUP, "sizes '%.60s': more than three", value);
        RP_TRY(read_whole(word, &h->n[n]));
        RP_NEED(h->n[n] >= 1 && h->n[n] < (int64_t)1 << 31, RP_EDATA, "size %" PRId64, h->n[n]);
        n++;
    }
    RP_NEED(n == 3, RP_EUNSUP, "sizes '%.60s': fewer than three", value);
    h->has_sizes = true;
    return RP_OK;
}

/* "(x,y,z)" at *at, which is moved behind it. */
static rp_status read_vector(const char **at, double out[3])
{
    const char *p = *at;
    while (isspace((unsigned char)*p)) p++;
    RP_NEED(*p == '(', RP_EDATA, "'%.40s' is no vector", p);
    for (int i = 0; i < 3; i++) {
        char number[64];
        const size_t n = strcspn(++p, ",)");
        RP_NEED(n < sizeof number && p[n] == (i < 2 ? ',' : ')'), RP_EDATA,
                "'%.40s' is no vector of three", *at);
        while (isspace((unsigned char)*p)) p++;
        const size_t length = strcspn(p, ",) \t");
        if (length >= sizeof number) RP_FAIL(RP_EDATA, "'%.40s' is no number", p);
        memcpy(number, p, length);
        number[length] = 0;
        RP_NEED(rp_read_double(number, &out[i]), RP_EDATA, "'%.40s' is no number", number);
        p += strcspn(p, ",)");
    }
    *at = p + 1;
    return RP_OK;
}

static rp_status read_directions(header *h, const char *value)
{
    /* Axis 0 is fastest: our x, the third of (z, y, x). */
    for (int axis = 0; axis < 3; axis++) RP_TRY(read_vector(&value, h->column[2 - axis]));
    h->has_directions = true;
    return RP_OK;
}

static rp_status read_field(header *h, const char *field, const char *value)
{
    if (strcmp(field, "type") == 0) return read_type(h, value);
    if (strcmp(field, "dimension") == 0) return read_whole(value, &h->dimension);
    if (strcmp(field, "sizes") == 0) return read_sizes(h, value);
    if (strcmp(field, "encoding") == 0) return read_encoding(h, value);
    if (strcmp(field, "space") == 0) return read_space(h, value);
    if (strcmp(field, "space directions") == 0) return read_directions(h, value);
    if (strcmp(field, "line skip") == 0 || strcmp(field, "lineskip") == 0)
        return read_whole(value, &h->line_skip);
    if (strcmp(field, "byte skip") == 0 || strcmp(field, "byteskip") == 0)
        return read_whole(value, &h->byte_skip);
    if (strcmp(field, "space origin") == 0) {
        h->has_origin = true;
        return read_vector(&value, h->origin);
    }
    if (strcmp(field, "endian") == 0) {
        h->has_endian = true;
        h->is_big = strcasecmp(value, "big") == 0;
        RP_NEED(h->is_big || strcasecmp(value, "little") == 0, RP_EDATA, "endian '%.20s'", value);
    }
    if (strcmp(field, "data file") == 0 || strcmp(field, "datafile") == 0)
        (void)snprintf(h->file, sizeof h->file, "%s", value);
    return RP_OK; /* other fields bear on display only */
}

/* One line "field: value"; "key:=value" and comments are passed over. */
static rp_status read_line(header *h, char *line)
{
    char *colon = strchr(line, ':');
    if (*line == '#') return RP_OK;
    RP_NEED(colon, RP_EDATA, "'%.40s' is no field", line);
    if (colon[1] == '=') return RP_OK;
    *colon = 0;
    char *value = colon + 1;
    while (isspace((unsigned char)*value)) value++;
    for (size_t n = strlen(value); n > 0 && isspace((unsigned char)value[n - 1]); n--)
        value[n - 1] = 0;
    RP_TRY_IN(read_field(h, line, value), "field '%.40s'", line);
    return RP_OK;
}

/* Reads up to the empty line, or the end of a detached header; front: where the data start. */
static rp_status read_header(const rp_text *file, header *h, int64_t *front)
{
    const int64_t most = file->length < HEADER_MOST ? file->length : HEADER_MOST;
    RP_NEED(most >= 8 && memcmp(file->at, "NRRD000", 7) == 0 && file->at[7] >= '1' &&
                file->at[7] <= '5',
            RP_EDATA, "not NRRD");
    bool is_first = true;
    for (int64_t at = 0; at < most; is_first = false) {
        char line[VALUE];
        const char *end = memchr(file->at + at, '\n', (size_t)(most - at));
        int64_t n = (end ? end - file->at : most) - at;
        const int64_t next = at + n + (end != NULL);
        if (n > 0 && file->at[at + n - 1] == '\r') n--;
        RP_NEED(n < VALUE, RP_EDATA, "a header line of %" PRId64 " bytes", n);
        memcpy(line, file->at + at, (size_t)n);
        line[n] = 0;
        at = next;
        if (n == 0) {
            *front = next;
            return RP_OK;
        }
        if (!is_first) RP_TRY(read_line(h, line));
    }
    RP_NEED(*h->file, RP_EDATA, "a header without an end");
    *front = file->length;
    return RP_OK;
}

static rp_status check_header(const header *h)
{
    RP_NEED(h->dimension == 3, RP_EUNSUP, "%" PRId64 " dimensions", h->dimension);
    RP_NEED(h->has_type && h->has_sizes && h->has_encoding, RP_EDATA, "no type, sizes or encoding");
    RP_NEED(h->has_space && h->has_directions && h->has_origin, RP_EDATA,
            "no space, space directions or space origin: its place is unknown");
    RP_NEED(h->has_endian || h->encoding == TEXT || rp_foreign_size(h->type) == 1, RP_EDATA,
            "no endian");
    RP_NEED(h->line_skip >= 0 && h->byte_skip >= -1 && (h->byte_skip >= 0 || h->encoding == RAW),
            RP_EDATA, "line skip %" PRId64 ", byte skip %" PRId64, h->line_skip, h->byte_skip);
    return RP_OK;
}

/* The file that holds the data, if it is another one: a plain name beside the header. */
static rp_status load_data(const header *h, rp_text *data)
{
    RP_AUTOFREE char *folder = NULL;
    RP_AUTOFREE char *path = NULL;
    const char *name = strncmp(h->file, "./", 2) == 0 ? h->file + 2 : h->file;
    RP_NEED(!strpbrk(name, "%") && strncmp(name, "LIST", 4) != 0, RP_EUNSUP,
            "data in several files");
    RP_NEED(*name && *name != '/' && !strstr(name, ".."), RP_EDATA,
            "data file '%.80s' is not beside it", name);
    RP_TRY(rp_copy_text(h->path, &folder));
    char *cut = strrchr(folder, '/');
    folder[cut ? cut - folder + 1 : 0] = 0;
    RP_TRY(rp_path_join(folder, name, &path));
    const rp_status st = rp_file_read(path, INT64_MAX, data);
    RP_NEED(st != RP_EARG, RP_EDATA, "data file '%.80s' is not a regular file", name);
    return st;
}

static rp_status skip_front(const header *h, int64_t bytes, int64_t n, const char **at,
                            int64_t *left)
{
    for (int64_t i = 0; i < h->line_skip; i++) {
        const char *end = memchr(*at, '\n', (size_t)*left);
        RP_NEED(end, RP_EDATA, "%" PRId64 " lines to skip, %" PRId64 " are there", h->line_skip, i);
        *left -= end + 1 - *at;
        *at = end + 1;
    }
    const int64_t skip = h->byte_skip >= 0 ? h->byte_skip : *left - bytes;
    RP_NEED(skip >= 0 && skip <= *left, RP_EDATA,
            "%" PRId64 " bytes of voxels announced, %" PRId64 " are there", bytes, n);
    *at += skip;
    *left -= skip;
    return RP_OK;
}

static void store(rp_foreign type, int64_t i, double x, void *out)
{
    switch (type) {
    case RP_FOREIGN_U8: ((uint8_t *)out)[i] = (uint8_t)x; break;
    case RP_FOREIGN_I8: ((int8_t *)out)[i] = (int8_t)x; break;
    case RP_FOREIGN_U16: ((uint16_t *)out)[i] = (uint16_t)x; break;
    case RP_FOREIGN_I16: ((int16_t *)out)[i] = (int16_t)x; break;
    case RP_FOREIGN_U32: ((uint32_t *)out)[i] = (uint32_t)x; break;
    case RP_FOREIGN_I32: ((int32_t *)out)[i] = (int32_t)x; break;
    case RP_FOREIGN_U64: ((uint64_t *)out)[i] = (uint64_t)x; break;
    case RP_FOREIGN_I64: ((int64_t *)out)[i] = (int64_t)x; break;
    case RP_FOREIGN_F32: ((float *)out)[i] = (float)x; break;
    case RP_FOREIGN_F64: ((double *)out)[i] = x; break;
    }
}

static bool fits(rp_foreign type, double x)
{
    static const struct {
        double low, high;
    } range[] = {
        [RP_FOREIGN_U8] = {0, 255},           [RP_FOREIGN_I8] = {-128, 127},
        [RP_FOREIGN_U16] = {0, 65535},        [RP_FOREIGN_I16] = {-32768, 32767},
        [RP_FOREIGN_U32] = {0, 4294967295.0}, [RP_FOREIGN_I32] = {-2147483648.0, 2147483647},
        [RP_FOREIGN_U64] = {0, 0x1p53},       [RP_FOREIGN_I64] = {-0x1p53, 0x1p53}};
    if (rp_foreign_is_float(type)) return true;
    return x >= range[type].low && x <= range[type].high && x == (double)(int64_t)x;
}

static rp_status read_text(const header *h, int64_t left, const char *at, int64_t voxels, void *out)
{
    for (int64_t i = 0; i < voxels; i++) {
        char word[64];
        double x;
        while (left > 0 && (isspace((unsigned char)*at) || *at == ',')) at++, left--;
        int64_t n = 0;
        while (n < left && !isspace((unsigned char)at[n]) && at[n] != ',') n++;
        RP_NEED(n > 0, RP_EDATA, "%" PRId64 " voxels announced, %" PRId64 " read", voxels, i);
        const size_t length = n < 63 ? (size_t)n : 63;
        memcpy(word, at, length);
        word[length] = 0;
        RP_NEED(rp_read_double(word, &x) && fits(h->type, x), RP_EDATA, "voxel %" PRId64 " is '%s'",
                i, word);
        store(h->type, i, x, out);
        at += n;
        left -= n;
    }
    return RP_OK;
}

static rp_status read_voxels(const header *h, const rp_text *data, int64_t front, int64_t voxels,
                             void *out)
{
    const int64_t bytes = voxels * (int64_t)rp_foreign_size(h->type), n = data->length - front;
    const char *at = data->at + front;
    int64_t left = n, got;
    RP_TRY(skip_front(h, bytes, n, &at, &left));
    if (h->encoding == TEXT) return read_text(h, left, at, voxels, out);
    if (h->encoding == GZIP) {
        RP_TRY(rp_gunzip(h->path, left, at, true, bytes, out, &got));
    } else {
        got = left < bytes ? left : bytes;
        if (got > 0) memcpy(out, at, (size_t)got);
    }
    RP_NEED(got == bytes, RP_EDATA, "%" PRId64 " bytes of voxels announced, %" PRId64 " read",
            bytes, got);
    if (h->is_big) rp_swap(voxels, rp_foreign_size(h->type), out);
    return RP_OK;
}

static rp_status make_grid(header *h, rp_grid *grid)
{
    for (int a = 0; a < 3; a++) {
        grid->n[a] = h->n[2 - a];
        grid->origin[a] = h->flip[a] * h->origin[a] + 0.0;
        for (int k = 0; k < 3; k++) h->column[a][k] *= h->flip[k];
    }
    return rp_grid_from_columns(h->path, h->column, grid);
}

static rp_status read_all(header *h, rp_text *file, rp_volume **out, rp_nrrd_info *info)
{
    RP_TEXT_AUTO other = {0};
    RP_AUTOFREE char *voxels = NULL;
    rp_grid grid = {0};
    int64_t front, count;
    RP_TRY(read_header(file, h, &front));
    RP_TRY(check_header(h));
    RP_TRY(make_grid(h, &grid));
    const rp_text *data = file;
    if (*h->file) {
        RP_TRY(load_data(h, &other));
        data = &other;
        front = 0;
    }
    RP_NEED(rp_product(3, grid.n, &count) == RP_OK, RP_EDATA, "more voxels announced than can be");
    /* Deflate packs a thousandfold at most, raw not at all: more is a lie, found before memory is
     * taken for it. */
    const int64_t most =
        h->encoding == RAW ? data->length / (int64_t)rp_foreign_size(h->type) : data->length;
    RP_NEED((h->encoding == RAW ? count : count / 1100) <= most, RP_EDATA,
            "%" PRId64 " voxels announced in %" PRId64 " bytes", count, data->length);
    RP_TRY(rp_alloc(count, rp_foreign_size(h->type), &voxels));
    RP_TRY(read_voxels(h, data, front, count, voxels));
    rp_nrrd_info found = {.was_float = rp_foreign_is_float(h->type)};
    RP_TRY(rp_volume_from_foreign(h->path, &grid, h->type, voxels, &found.not_finite, out));
    if (info) *info = found;
    return RP_OK;
}

rp_status rp_nrrd_read(const char *path, rp_volume **out, rp_nrrd_info *info)
{
    RP_TEXT_AUTO file = {0};
    RP_AUTOFREE header *h = NULL;
    RP_TRY(rp_alloc(1, sizeof *h, &h));
    h->path = path;
    RP_TRY(rp_file_read(path, INT64_MAX, &file));
    RP_TRY_IN(read_all(h, &file, out, info), "'%s'", path);
    return RP_OK;
}
