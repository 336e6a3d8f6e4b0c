/* cohort/pseudonym.c - names that stand for patients. */
#include "cohort/pseudonym.h"

#include "io/atomic.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

rp_status rp_naming_key(const char *path, bool make, uint8_t key[RP_KEY_BYTES])
{
    rp_path_info info;
    RP_TRY(rp_path_look(path, true, &info));
    if (info.kind == RP_PATH_NONE) {
        RP_NEED(make, RP_ENONE, "key file '%s' is not there", path);
        uint8_t fresh[RP_KEY_BYTES];
        char text[2 * RP_KEY_BYTES + 2];
        rp_key_make(fresh);
        rp_hex(sizeof fresh, fresh, text);
        text[2 * RP_KEY_BYTES] = '\n';
        RP_TRY(rp_atomic_write_private(path, 2 * RP_KEY_BYTES + 1, text));
        memcpy(key, fresh, sizeof fresh);
        return RP_OK;
    }
    RP_TEXT_AUTO text = {0};
    RP_TRY(rp_file_read(path, 4096, &text));
    while (text.length && isspace((unsigned char)text.at[text.length - 1]))
        text.at[--text.length] = 0;
    RP_NEED(rp_hex_read(rp_text_get(&text), RP_KEY_BYTES, key), RP_EDATA,
            "key file '%s' must hold 64 hexadecimal digits", path);
    return RP_OK;
}

void rp_clean_name(const char *text, char out[RP_NAME_SIZE])
{
    size_t n = 0;
    while (*text == ' ') text++;
    for (; *text && n < 60; text++) {
        const unsigned char c = (unsigned char)*text;
        const bool fine = c < 0x80 && (isalnum(c) || strchr("._+-", c));
        out[n] = fine ? (char)c : '_';
        n++;
    }
    while (n && out[n - 1] == '_' && text[-1] == ' ') n--;
    out[n] = 0;
    if (n == 0 || strcmp(out, ".") == 0 || strcmp(out, "..") == 0)
        (void)snprintf(out, RP_NAME_SIZE, "unnamed");
}

void rp_naming_patient(const rp_naming *n, const char *identifier, char out[RP_NAME_SIZE])
{
    if (n->keep) {
        rp_clean_name(identifier, out);
        return;
    }
    while (*identifier == ' ') identifier++;
    size_t length = strlen(identifier);
    while (length && identifier[length - 1] == ' ') length--;
    char text[1200];
    uint8_t d[RP_DIGEST_BYTES];
    char hex[RP_DIGEST_TEXT];
    const int used = snprintf(text, sizeof text, "patient:%.*s",
                              (int)(length < 1024 ? length : 1024), identifier);
    rp_digest_bytes(n->key, (size_t)used, text, d);
    rp_hex(sizeof d, d, hex);
    (void)snprintf(out, RP_NAME_SIZE, "P%.12s", hex);
}

static bool holds(const char *text, size_t n, const char *part)
{
    for (; *text; text++)
        if (strncasecmp(text, part, n) == 0) return true;
    return false;
}

bool rp_holds_identifier(const char *text, const char *identifier)
{
    static const char *const cuts = " ^,;=/\\\t";
    if (strlen(identifier) >= 3 && holds(text, strlen(identifier), identifier)) return true;
    for (const char *p = identifier; *p;) {
        const size_t n = strcspn(p, cuts);
        if (n >= 3 && holds(text, n, p)) return true;
        p += n;
        p += strspn(p, cuts);
    }
    return false;
}
