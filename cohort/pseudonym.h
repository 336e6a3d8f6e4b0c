/* cohort/pseudonym.h - names that stand for patients, and texts that must not name them.
 *
 * A pseudonym is P and 12 hexadecimal digits of BLAKE2b-256(key, "patient:" + identifier), the
 * identifier without blanks at its ends.  The same key gives the same names; without the key they
 * cannot be turned back or enumerated.  Source: RFC 7693; reference/curation.md section 7. */
#pragma once
#include "lib/base/digest.h"
#include "lib/base/text.h"

enum { RP_NAME_SIZE = 68 };

typedef struct rp_naming {
    bool keep; /* identifiers are public and stay */
    uint8_t key[RP_KEY_BYTES];
} rp_naming;

/* Reads the key file (64 hexadecimal digits), or makes one (mode 0600) if make is true and there is
 * none.  Errors: RP_ENONE, RP_EDATA (not a key), RP_EIO. */
RP_MUST rp_status rp_naming_key(const char *path, bool make, uint8_t key[RP_KEY_BYTES]);
/* Name of a patient.  Kept identifiers are cleaned by rp_clean_name. */
void rp_naming_patient(const rp_naming *n, const char *identifier, char out[RP_NAME_SIZE]);

/* Letters, digits and . _ + - stay, others become '_'; at most 60 of them; "" becomes "unnamed". */
void rp_clean_name(const char *text, char out[RP_NAME_SIZE]);
/* True if text holds an identifier: the whole of it, or a part of at least 3 letters or digits
 * (names are cut at blanks, carets, commas), letters of any case. */
bool rp_holds_identifier(const char *text, const char *identifier);
