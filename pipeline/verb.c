/* pipeline/verb.c - the table of verbs, and reading of their command lines. */
#include "pipeline/verb.h"

#include "io/atomic.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RP_VERB(name, ranks, summary)                                                              \
    rp_status rp_verb_##name(int argc, char **argv);                                               \
    extern const char rp_verb_##name##_usage[];
#include "pipeline/verbs.inc"
#undef RP_VERB

const rp_verb rp_verbs[] = {
#define RP_VERB(name, ranks, summary)                                                              \
    {#name, summary, rp_verb_##name##_usage, rp_verb_##name, RP_RANKS_##ranks},
#include "pipeline/verbs.inc"
#undef RP_VERB
    {0},
};

static rp_status unknown(const char *verb, const char *word, size_t n, int options,
                         const rp_option option[])
{
    char name[80];
    int least = 1000, best = -1;
    (void)snprintf(name, sizeof name, "%.*s", (int)(n < 79 ? n : 79), word);
    for (int i = 0; i < options; i++) {
        const int d = rp_text_distance(name, option[i].name);
        if (d < least) {
            least = d;
            best = i;
        }
    }
    if (best < 0)
        RP_FAIL(RP_EUSE, "%s: unknown option '%s'; 'radpipe help %s' shows the usage", verb, name,
                verb);
    RP_FAIL(RP_EUSE,
            "%s: unknown option '%s'; did you mean '%s'? 'radpipe help %s' shows the usage", verb,
            name, option[best].name, verb);
}

static rp_status take_option(const char *verb, int argc, char **argv, int *i, int options,
                             const rp_option option[])
{
    const char *word = argv[*i], *equals = strchr(word, '=');
    const size_t n = equals ? (size_t)(equals - word) : strlen(word);
    for (int k = 0; k < options; k++) {
        const rp_option *o = &option[k];
        if (strlen(o->name) != n || strncmp(o->name, word, n) != 0) continue;
        if (o->flag) {
            RP_NEED(!equals, RP_EUSE, "%s: %s takes no value", verb, o->name);
            *o->flag = true;
            return RP_OK;
        }
        RP_NEED(equals || *i + 1 < argc, RP_EUSE, "%s: %s needs a value", verb, o->name);
        const char *value = equals ? equals + 1 : argv[++*i];
        if (o->value) {
            RP_NEED(!*o->value, RP_EUSE, "%s: %s stands twice", verb, o->name);
            *o->value = value;
            return RP_OK;
        }
        RP_NEED(*o->many_count < o->many_max, RP_EUSE, "%s: more than %d times %s", verb,
                o->many_max, o->name);
        o->many[(*o->many_count)++] = value;
        return RP_OK;
    }
    return unknown(verb, word, n, options, option);
}

rp_status rp_options_read(int argc, char **argv, int options, const rp_option option[],
                          int words_max, const char *words[], int *word_count)
{
    bool plain = false;
    *word_count = 0;
    for (int i = 1; i < argc; i++) {
        if (!plain && strcmp(argv[i], "--") == 0) {
            plain = true;
        } else if (!plain && argv[i][0] == '-' && argv[i][1]) {
            RP_TRY(take_option(argv[0], argc, argv, &i, options, option));
        } else {
            RP_NEED(*word_count < words_max, RP_EUSE,
                    "%s: one word too many: '%s'; 'radpipe help %s' shows the usage", argv[0],
                    argv[i], argv[0]);
            words[(*word_count)++] = argv[i];
        }
    }
    return RP_OK;
}

rp_status rp_option_int(const char *name, const char *text, int64_t low, int64_t high, int64_t *out)
{
    int64_t x;
    RP_NEED(rp_read_int(text, &x) && x >= low && x <= high, RP_EUSE,
            "%s '%s': must be a whole number from %" PRId64 " to %" PRId64, name, text, low, high);
    *out = x;
    return RP_OK;
}

rp_status rp_option_number(const char *name, const char *text, double low, double high, double *out)
{
    double x;
    RP_NEED(rp_read_double(text, &x) && x >= low && x <= high, RP_EUSE,
            "%s '%s': must be a number from %g to %g", name, text, low, high);
    *out = x;
    return RP_OK;
}

rp_status rp_option_bad_rows(const char *text, bool *skip)
{
    *skip = text && strcmp(text, "skip") == 0;
    RP_NEED(!text || *skip || strcmp(text, "stop") == 0, RP_EUSE,
            "--bad-rows '%s': must be stop or skip", text);
    return RP_OK;
}

bool rp_option_piece(const char **at, char piece[64])
{
    if (!*at) return false;
    const size_t n = strcspn(*at, ",");
    (void)snprintf(piece, 64, "%.*s", (int)(n < 63 ? n : 63), *at);
    *at = (*at)[n] ? *at + n + 1 : NULL;
    return true;
}

rp_status rp_option_numbers(const char *name, const char *text, double low, double high, int max,
                            int *count, double out[])
{
    char piece[64];
    int n = 0;
    for (const char *at = text; rp_option_piece(&at, piece);) {
        RP_NEED(n < max, RP_EUSE, "%s: more than %d numbers", name, max);
        RP_TRY(rp_option_number(name, piece, low, high, &out[n++]));
    }
    *count = n;
    return RP_OK;
}

const char *rp_option_nearest(const char *word, int count, const char *const name[])
{
    int best = 0;
    for (int k = 1; k < count; k++)
        if (rp_text_distance(word, name[k]) < rp_text_distance(word, name[best])) best = k;
    return name[best];
}

rp_status rp_print(const char *out, const rp_text *text)
{
    RP_TRY(rp_text_status(text));
    if (out) return rp_atomic_write(out, text->length, rp_text_get(text));
    RP_NEED(fwrite(rp_text_get(text), 1, (size_t)text->length, stdout) == (size_t)text->length &&
                fflush(stdout) == 0,
            RP_EIO, "standard output cannot be written");
    return RP_OK;
}
