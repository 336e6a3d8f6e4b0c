/* io/dicom_shim.h - DCMTK behind plain C functions: files, items, values, fragments.
 *
 * 1. No exception and no type of DCMTK crosses this header; C and C++ read it.
 * 2. What a DICOM file means is known on the other side (io/dicom*.c).
 * 3. Tags are (group << 16 | element).  Pointers are lent until the file is freed. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rp_shim rp_shim;
typedef struct rp_shim_item rp_shim_item;

enum { RP_SHIM_WHY = 200 };

/* False if the data dictionary is not there. */
bool rp_shim_start(void);
void rp_shim_end(void);

typedef enum rp_shim_depth {
    RP_SHIM_HEADER, /* stops in front of the pixels */
    RP_SHIM_PIXELS, /* all, long values left in the file until asked for */
    RP_SHIM_WHOLE,  /* all, for sequences with many values */
} rp_shim_depth;
/* An open file; NULL and why on failure.  A file that was read with an error, but has attributes,
 * is given with why set. */
rp_shim *rp_shim_load(const char *path, rp_shim_depth depth, char why[RP_SHIM_WHY]);
/* An empty one, for writing. */
rp_shim *rp_shim_new(void);
void rp_shim_free(rp_shim *f);
rp_shim_item *rp_shim_top(rp_shim *f);
/* UID and name of the transfer syntax of the file. */
const char *rp_shim_syntax(rp_shim *f);
const char *rp_shim_syntax_name(rp_shim *f);

/* Items of a sequence, -1 if it is absent; one of them. */
long rp_shim_items(rp_shim_item *item, uint32_t tag);
rp_shim_item *rp_shim_item_at(rp_shim_item *item, uint32_t tag, long i);
/* Tag of an element of a private block, 0 if the block is not there. */
uint32_t rp_shim_private(rp_shim_item *item, uint16_t group, const char *creator, uint8_t element);
bool rp_shim_has(rp_shim_item *item, uint32_t tag);
/* Bytes of a value that is text; false if absent, empty or no text. */
bool rp_shim_text(rp_shim_item *item, uint32_t tag, const char **bytes, size_t *n);
/* Numbers of a binary value: how many (at most max are stored), -1 if absent or empty, -2 if it is
 * no binary number. */
long rp_shim_numbers(rp_shim_item *item, uint32_t tag, long max, double out[]);

/* Bytes of native pixels; -1: encapsulated, -2: absent. */
int64_t rp_shim_pixel_bytes(rp_shim *f);
bool rp_shim_pixel_part(rp_shim *f, int64_t offset, int64_t n, void *out, char why[RP_SHIM_WHY]);
/* Fragments of encapsulated pixels; the first is the offset table. */
long rp_shim_fragments(rp_shim *f);
bool rp_shim_fragment(rp_shim *f, long i, const uint8_t **bytes, size_t *n);
/* Decodes a frame whose stream starts in fragment first, by the codecs of DCMTK.  n is even. */
bool rp_shim_decode(rp_shim *f, long frame, long first, size_t n, void *out, char why[RP_SHIM_WHY]);

/* Writing.  vr: two letters, or NULL for the dictionary's. */
bool rp_shim_put_text(rp_shim_item *item, uint32_t tag, const char *vr, const char *value);
rp_shim_item *rp_shim_add_item(rp_shim_item *item, uint32_t tag);
bool rp_shim_put_pixels8(rp_shim_item *item, size_t n, const uint8_t bytes[]);
bool rp_shim_put_pixels16(rp_shim_item *item, size_t n, const uint16_t words[]);
/* Explicit little endian. */
bool rp_shim_save(rp_shim *f, const char *path, char why[RP_SHIM_WHY]);

#ifdef __cplusplus
}
#endif
