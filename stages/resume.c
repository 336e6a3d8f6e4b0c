/* stages/resume.c - checkpoints of a run, and weights for other programs. */
#include "stages/resume.h"

#include "io/atomic.h"
#include "io/h5_mpio.h"
#include "io/safetensors.h"
#include "lib/base/digest.h"
#include "lib/base/log.h"

#include <inttypes.h>
#include <string.h>

enum { STATE_WORDS = 10 };

static void pack_state(const rp_progress_state *s, int64_t words[STATE_WORDS])
{
    const int64_t w[] = {s->iteration,
                         s->not_finite,
                         s->not_finite_row,
                         s->only_void,
                         s->void_samples,
                         s->scored,
                         0,
                         s->best_iteration,
                         s->open[0],
                         s->open[1]};
    memcpy(words, w, sizeof w);
    memcpy(&words[6], &s->best, sizeof s->best);
}

static void unpack_state(const int64_t w[STATE_WORDS], rp_progress_state *s)
{
    *s = (rp_progress_state){.iteration = w[0],
                             .not_finite = w[1],
                             .not_finite_row = w[2],
                             .only_void = w[3],
                             .void_samples = w[4],
                             .scored = w[5],
                             .best_iteration = w[7],
                             .open = {w[8], w[9]}};
    memcpy(&s->best, &w[6], sizeof s->best);
}

/* Lines that stand in one text and not in the other, for the refusal. */
static void add_difference(rp_text *t, const char *a, const char *b)
{
    for (const char *line = a; *line;) {
        const size_t n = strcspn(line, "\n");
        bool found = false;
        for (const char *other = b; *other && !found;) {
            const size_t m = strcspn(other, "\n");
            found = n == m && memcmp(line, other, n) == 0;
            other += m + (other[m] == '\n');
        }
        if (!found)
            rp_text_add(t, "%s'%.*s'", t->length ? "; " : "", (int)(n < 160 ? n : 160), line);
        line += n + (line[n] == '\n');
    }
}

static rp_status check_identity(const rp_checkpoint *c, const char *path, const char *identity,
                                bool accept)
{
    const rp_checkpoint_entry *e;
    RP_TRY(rp_checkpoint_get(c, "identity", RP_ARRAY_U8, &e));
    if (e->count == (int64_t)strlen(identity) && memcmp(e->data, identity, (size_t)e->count) == 0)
        return RP_OK;
    RP_TEXT_AUTO was = {0}, before = {0}, now = {0};
    rp_text_add_bytes(&was, e->count, e->data);
    add_difference(&before, rp_text_get(&was), identity);
    add_difference(&now, identity, rp_text_get(&was));
    if (accept) {
        rp_log(RP_LOG_RUN, "train", NULL, "goes on with other bits: was %s; now %s",
               rp_text_get(&before), rp_text_get(&now));
        return RP_OK;
    }
    RP_FAIL(RP_EUSE,
            "checkpoint '%s' belongs to another job: was %s; now %s (--accept-different-bits goes "
            "on all the same)",
            path, rp_text_get(&before), rp_text_get(&now));
}

int rp_progress_open(const rp_progress_state *s) { return (s->open[0] >= 0) + (s->open[1] >= 0); }

rp_status rp_checkpoint_newest(const char *folder, const char *identity, bool accept,
                               rp_checkpoint **out, rp_progress_state *state)
{
    RP_AUTOFREE char *under = NULL;
    RP_AUTO(rp_names) names = NULL;
    rp_path_info info;
    *out = NULL;
    *state = (rp_progress_state){.best = -1, .open = {-1, -1}};
    RP_TRY(rp_path_join(folder, "checkpoints", &under));
    RP_TRY(rp_path_look(under, true, &info));
    if (info.kind != RP_PATH_FOLDER) return RP_OK;
    RP_TRY(rp_path_list(under, &names));
    for (int64_t i = names->count - 1; i >= 0; i--) {
        RP_AUTOFREE char *file = NULL;
        RP_AUTO(rp_checkpoint) c = NULL;
        const rp_checkpoint_entry *e;
        if (!rp_text_match("k?????????.h5", names->name[i])) continue;
        RP_TRY(rp_path_join(under, names->name[i], &file));
        rp_status st = rp_checkpoint_read(file, &c);
        if (st == RP_OK) st = rp_checkpoint_get(c, "state", RP_ARRAY_I64, &e);
        if (st == RP_EDATA) {
            rp_log(RP_LOG_RUN, "train", NULL, "checkpoint passed over: %s", rp_error_message());
            continue;
        }
        RP_TRY(st);
        RP_NEED(e->count == STATE_WORDS, RP_EDATA, "checkpoint '%s' has another layout", file);
        RP_TRY(check_identity(c, file, identity, accept));
        unpack_state(e->data, state);
        *out = RP_TAKE(c);
        return RP_OK;
    }
    return RP_OK;
}

static rp_status take(const rp_checkpoint *c, const char *name, rp_array_type type, int64_t count,
                      void *out)
{
    const rp_checkpoint_entry *e;
    RP_TRY(rp_checkpoint_get(c, name, type, &e));
    RP_NEED(e->count == count, RP_EDATA,
            "checkpoint: '%s' has %" PRId64 " elements, %" PRId64 " are wanted", name, e->count,
            count);
    if (count) memcpy(out, e->data, (size_t)count * rp_array_size(type));
    return RP_OK;
}

rp_status rp_checkpoint_load(const rp_checkpoint *c, int64_t n, int states, float weights[],
                             float velocity[], int64_t cases, uint8_t lost[])
{
    RP_TRY(take(c, "weights", RP_ARRAY_F32, n, weights));
    for (int s = 0; s < states; s++) {
        char name[20] = "optimiser0";
        name[9] = (char)('0' + s);
        RP_TRY(take(c, name, RP_ARRAY_F32, n, velocity + s * n));
    }
    return take(c, "lost", RP_ARRAY_U8, cases, lost);
}

rp_status rp_checkpoint_open_set(const rp_checkpoint *c, int i, int64_t n, float weights[])
{
    return take(c, i ? "open1" : "open0", RP_ARRAY_F32, n, weights);
}

/* This rank's parts: its blocks of weights and optimiser state; train rank 0 gives the rest too. */
static rp_status list_parts(const rp_checkpoint_content *c, bool first_rank,
                            const rp_checkpoint_entry entry[], int fixed, rp_checkpoint_part **out,
                            int64_t *count)
{
    int64_t capacity = 0, first, n;
    float *gradient;
    *count = 0;
    for (int e = 0; e < fixed; e++) {
        if (!first_rank) break;
        RP_TRY(rp_grow(*count + 1, sizeof **out, &capacity, out));
        (*out)[(*count)++] = (rp_checkpoint_part){e, 0, entry[e].count, entry[e].data};
    }
    for (int s = -1; s < c->states; s++)
        for (int64_t b = 0; rp_exchange_owned(c->exchange, b, &first, &n, &gradient); b++) {
            RP_TRY(rp_grow(*count + 1, sizeof **out, &capacity, out));
            (*out)[(*count)++] = (rp_checkpoint_part){
                fixed + 1 + s, first, n, s < 0 ? c->weights + first : c->velocity[b] + s * n};
        }
    return RP_OK;
}

static rp_status remove_old(const rp_checkpoint_content *c, const char *under)
{
    RP_AUTO(rp_names) names = NULL;
    int kept = 0;
    RP_TRY(rp_path_list(under, &names));
    for (int64_t i = names->count - 1; i >= 0; i--) {
        RP_AUTOFREE char *file = NULL;
        if (!rp_text_match("k?????????.h5", names->name[i]) || ++kept <= c->keep) continue;
        RP_TRY(rp_path_join(under, names->name[i], &file));
        RP_TRY(rp_file_remove(file));
    }
    return RP_OK;
}

rp_status rp_checkpoint_save(const rp_checkpoint_content *c, const rp_comm *comm)
{
    enum { FIXED = 3 };
    RP_AUTOFREE char *under = NULL, *path = NULL;
    RP_AUTOFREE rp_checkpoint_part *part = NULL;
    int64_t words[STATE_WORDS], parts = 0;
    const bool first_rank = rp_comm_rank(comm) == 0;
    pack_state(&c->state, words);
    /* Only rank 0 knows which sets of weights wait for their scores; all must list the same
     * entries. */
    int64_t open[2] = {c->state.open[0] >= 0, c->state.open[1] >= 0};
    if (!first_rank) open[0] = open[1] = 0;
    RP_TRY(rp_comm_max_i64(comm, 2, open));
    rp_checkpoint_entry entry[FIXED + 3 + 9] = {
        {"identity", RP_ARRAY_U8, (int64_t)strlen(c->identity), c->identity},
        {"lost", RP_ARRAY_U8, c->cases, c->lost},
        {"state", RP_ARRAY_I64, STATE_WORDS, words},
    };
    int fixed = FIXED;
    for (int i = 0; i < 2; i++)
        if (open[i])
            entry[fixed++] =
                (rp_checkpoint_entry){i ? "open1" : "open0", RP_ARRAY_F32, c->n, c->open[i]};
    entry[fixed] = (rp_checkpoint_entry){"weights", RP_ARRAY_F32, c->n, NULL};
    static const char *const state_name[] = {"optimiser0", "optimiser1", "optimiser2",
                                             "optimiser3"};
    for (int s = 0; s < c->states && s < 4; s++)
        entry[fixed + 1 + s] = (rp_checkpoint_entry){state_name[s], RP_ARRAY_F32, c->n, NULL};
    rp_status st = rp_path_join(c->folder, "checkpoints", &under);
    if (st == RP_OK) st = rp_format(&path, "%s/k%09" PRId64 ".h5", under, c->state.iteration);
    if (st == RP_OK && first_rank) st = rp_path_make_folder(under);
    if (st == RP_OK && first_rank) st = rp_atomic_sweep(under);
    if (st == RP_OK) st = list_parts(c, first_rank, entry, fixed, &part, &parts);
    RP_TRY(rp_comm_agree(comm, st));
    RP_TRY(rp_checkpoint_write_parallel(path, rp_comm_fint(comm), fixed + 1 + c->states, entry,
                                        parts, part));
    return first_rank ? remove_old(c, under) : RP_OK;
}

/* Lines of iterations beyond the checkpoint are of a start that was cut off: they are made again.
 */
rp_status rp_table_cut(const char *path, int64_t iteration, const char *header)
{
    RP_TEXT_AUTO old = {0}, kept = {0};
    rp_path_info info;
    RP_TRY(rp_path_look(path, true, &info));
    if (info.kind == RP_PATH_FILE) RP_TRY(rp_file_read(path, INT64_C(1) << 33, &old));
    rp_text_add(&kept, "%s\n", header);
    for (const char *p = rp_text_get(&old); *p;) {
        const size_t n = strcspn(p, "\n");
        char number[24] = "";
        const size_t digits = strspn(p, "0123456789");
        int64_t k;
        if (digits < sizeof number) memcpy(number, p, digits);
        if (p[n] == '\n' && rp_read_int(number, &k) && k <= iteration)
            rp_text_add_bytes(&kept, (int64_t)n + 1, p);
        p += n + (p[n] == '\n');
    }
    RP_TRY(rp_text_status(&kept));
    return rp_atomic_write(path, kept.length, rp_text_get(&kept));
}

rp_status rp_weights_save(const char *path, const rp_network *net, const float weights[],
                          int64_t iteration)
{
    RP_AUTOFREE rp_safetensor *t = NULL;
    const int n = rp_network_params(net);
    char number[24];
    RP_TRY(rp_alloc(n, sizeof *t, &t));
    for (int i = 0; i < n; i++) {
        const rp_param *p = rp_network_param(net, i);
        t[i].name = p->name;
        t[i].rank = p->dims;
        memcpy(t[i].n, p->shape, sizeof(int64_t) * (size_t)p->dims);
        t[i].data = weights + p->offset;
    }
    RP_TEXT_AUTO text = {0};
    rp_text_add(&text, "%" PRId64, iteration);
    RP_TRY(rp_text_status(&text));
    rp_text_fit(number, sizeof number, rp_text_get(&text));
    const rp_safetensors_note note[] = {
        {"format", "pt"}, {"iteration", number}, {"network", "PlainConvUNet"}};
    return rp_safetensors_write(path, n, t, 3, note);
}

rp_status rp_weights_load(const char *path, const rp_network *net, float weights[])
{
    RP_AUTO(rp_safetensors) s = NULL;
    RP_TRY(rp_safetensors_read(path, &s));
    for (int i = 0; i < rp_network_params(net); i++) {
        const rp_param *p = rp_network_param(net, i);
        const rp_safetensor *t = rp_safetensors_find(s, p->name);
        RP_NEED(t, RP_EDATA, "'%s' has no tensor '%s'", path, p->name);
        RP_NEED(t->rank == p->dims &&
                    memcmp(t->n, p->shape, sizeof(int64_t) * (size_t)p->dims) == 0,
                RP_EDATA, "'%s': tensor '%s' has another shape", path, p->name);
        memcpy(weights + p->offset, t->data, (size_t)p->count * sizeof *weights);
    }
    return RP_OK;
}

rp_status rp_weights_publish(const char *folder, const char *identity, bool accept,
                             const rp_network *net, int64_t iteration)
{
    RP_AUTOFREE char *out = NULL;
    RP_AUTO(rp_checkpoint) c = NULL;
    const rp_checkpoint_entry *e;
    rp_progress_state state;
    RP_TRY(rp_checkpoint_newest(folder, identity, accept, &c, &state));
    RP_NEED(c && state.iteration == iteration, RP_EDATA,
            "run '%s' has no good checkpoint of iteration %" PRId64, folder, iteration);
    RP_TRY(rp_checkpoint_get(c, "weights", RP_ARRAY_F32, &e));
    RP_NEED(e->count == rp_network_weights(net), RP_EDATA,
            "run '%s': its newest checkpoint is of another network", folder);
    RP_TRY(rp_path_join(folder, "weights.safetensors", &out));
    return rp_weights_save(out, net, e->data, iteration);
}

void rp_weights_digest(const rp_network *net, const float weights[], char hex[65])
{
    uint8_t d[RP_DIGEST_BYTES];
    rp_sha256((size_t)rp_network_weights(net) * sizeof *weights, weights, d);
    rp_hex(sizeof d, d, hex);
}
