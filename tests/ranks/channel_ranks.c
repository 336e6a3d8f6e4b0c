/* tests/ranks/channel_ranks.c - the sample stream through load, augment and train, for every split.
 *
 * usage: channel_ranks WINDOW...     on N ranks: all splits of 1 to N ranks into the three roles
 *        channel_ranks damage        on 1 or 2 ranks: a payload changes on its way
 *
 * Stages hold one buffer each, the worst case for a stall; credits and sends are put off at random.
 * Prints a line a split, with the digest of what the train ranks saw, in sample order. */
#include "lib/base/checksum.h"
#include "lib/base/clock.h"
#include "lib/base/random.h"
#include "mpi/channel.h"
#include "mpi/layout.h"
#include "mpi/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 5, PAYLOAD = 100000 };

typedef struct job {
    const rp_comm *comm;
    const rp_layout *layout;
    rp_channel *upper, *lower;
    int64_t first, last;
    int end_mode; /* 0: the end is known from the start; 1: said when the last sample is trained */
    rp_random delay;
    bool loading, augmenting; /* the stage's one buffer is in use */
    bool damage;              /* change a byte of sample 19 behind the channel's back */
    bool told_up, told;       /* the end was said on the upper and on the lower edge */
    unsigned char load_buffer[PAYLOAD], augment_buffer[PAYLOAD];
    int64_t trained, samples;
    uint64_t seen[200];
} job;

static void must(rp_status st, const char *what)
{
    if (st == RP_OK) return;
    printf("%s: %s: %s (%s)\n", what, rp_status_text(st), rp_error_message(), rp_error_trail());
    fflush(stdout);
    rp_world_abort(9);
}

static int load_rank(void *arg, int64_t s)
{
    return rp_layout_stage_rank(((job *)arg)->layout, RP_ROLE_LOAD, s, BATCH, 1);
}
static int augment_rank(void *arg, int64_t s)
{
    return rp_layout_stage_rank(((job *)arg)->layout, RP_ROLE_AUGMENT, s, BATCH, 1);
}
static int train_rank(void *arg, int64_t s)
{
    return rp_layout_train_rank(((job *)arg)->layout, s, BATCH, 1);
}
static bool hold(void *arg, int64_t sample)
{
    (void)sample;
    return rp_random_unit(&((job *)arg)->delay) < 0.6;
}

/* Sizes on both sides of 4 KiB and 32 KiB, and none at all. */
static int64_t size_of(int64_t s)
{
    static const int64_t size[] = {100, 4095, 0, 4097, 32768, 33000, 1, PAYLOAD, 5000};
    return size[s % 9];
}
static bool is_void(int64_t s)
{
    return s % 7 == 3;
}
static void fill(int64_t s, unsigned char *p)
{
    for (int64_t i = 0; i < size_of(s); i++) p[i] = (unsigned char)(s * 31 + i * 7);
}

static void step_load(job *j)
{
    int64_t s;
    const void *back;
    if (rp_channel_sent(j->upper, &s, &back)) j->loading = false;
    if (j->loading || !rp_channel_wanted(j->upper, &s)) return;
    if (!rp_channel_take(j->upper, s)) must(RP_EBUG, "take");
    rp_sample_header h = {.sample = s, .case_index = (int32_t)(s % 3), .spacing = {3, 2, 1}};
    fill(s, j->load_buffer);
    h.bytes = is_void(s) ? 0 : size_of(s);
    if (is_void(s)) {
        h.state = RP_SAMPLE_VOID;
        snprintf(h.reason, sizeof h.reason, "chunk of sample %" PRId64, s);
    }
    must(rp_channel_send(j->upper, &h, j->load_buffer), "load sends");
    if (j->damage && s == 19) j->load_buffer[4000] ^= 1;
    j->loading = true;
}

static void step_augment(job *j)
{
    int64_t s;
    const rp_sample_header *h;
    const void *p;
    if (rp_channel_sent(j->lower, &s, &p)) j->augmenting = false;
    if (rp_channel_last(j->lower, &s) && !j->told_up) {
        must(rp_channel_end(j->upper, s), "end");
        j->told_up = true;
    }
    if (j->augmenting || !rp_channel_peek(j->upper, &h, &p) || !rp_channel_take(j->lower, h->sample))
        return;
    rp_sample_header out = *h;
    for (int64_t i = 0; i < h->bytes; i++)
        j->augment_buffer[i] = (unsigned char)(((const unsigned char *)p)[i] + 1);
    out.free[0] = 42;
    must(rp_channel_send(j->lower, &out, j->augment_buffer), "augment sends");
    must(rp_channel_release(j->upper), "augment releases");
    j->augmenting = true;
}

static void check_header(const rp_sample_header *h)
{
    char want[96] = "";
    if (is_void(h->sample)) snprintf(want, sizeof want, "chunk of sample %" PRId64, h->sample);
    if (h->case_index != h->sample % 3 || h->spacing[1] != 2 || h->free[0] != 42 ||
        strcmp(h->reason, want) != 0 || (h->state == RP_SAMPLE_VOID) != is_void(h->sample))
        must(RP_EBUG, "header");
}

static void step_train(job *j)
{
    const rp_sample_header *h;
    const void *p;
    if (!j->told && j->trained >= (j->end_mode ? j->samples : 0)) {
        must(rp_channel_end(j->lower, j->last), "end");
        j->told = true;
    }
    if (!rp_channel_peek(j->lower, &h, &p) || h->sample > j->last) return;
    check_header(h);
    j->seen[h->sample - j->first] = rp_checksum((size_t)h->bytes, p) | 1;
    must(rp_channel_release(j->lower), "train releases");
    j->trained++;
}

static void give_up_after(double start, const job *j)
{
    if (rp_clock_now() - start < 20) return;
    rp_text t = {0};
    rp_channel_describe(j->upper, &t);
    rp_channel_describe(j->lower, &t);
    printf("stalled: rank %d: %s\n", rp_comm_rank(j->comm), rp_text_get(&t));
    fflush(stdout);
    rp_world_abort(70);
}

static void stream(job *j, bool load, bool augment, bool train)
{
    rp_backoff wait = {0};
    const double start = rp_clock_now();
    while (!rp_channel_finished(j->upper) || !rp_channel_finished(j->lower)) {
        bool progress = false;
        must(rp_channel_step(j->upper, &progress), "upper");
        must(rp_channel_step(j->lower, &progress), "lower");
        if (load) step_load(j);
        if (augment) step_augment(j);
        if (train) step_train(j);
        if (progress) wait = (rp_backoff){0};
        else rp_backoff_wait(&wait);
        give_up_after(start, j);
    }
}

static void open_channels(job *j, int window, bool load, bool augment, bool train)
{
    rp_channel_settings s = {.comm = j->comm, .name = "load->augment", .window = window,
                             .payload_max = PAYLOAD, .first_sample = j->first,
                             .period = rp_layout_period(j->layout, RP_ROLE_AUGMENT, BATCH),
                             .sender_of = load_rank, .receiver_of = augment_rank, .arg = j,
                             .sends = load, .receives = augment, .hold = hold, .hold_arg = j};
    must(rp_channel_new(&s, &j->upper), "new");
    s.name = "augment->train";
    s.period = BATCH;
    s.sender_of = augment_rank;
    s.receiver_of = train_rank;
    s.sends = augment;
    s.receives = train;
    must(rp_channel_new(&s, &j->lower), "new");
}

static void report(const job *j, const char *what)
{
    rp_blocks all = {0};
    const int64_t n = j->last - j->first + 1;
    must(rp_comm_gather(j->comm, 0, n * 8, j->seen, &all), "gather");
    if (rp_comm_rank(j->comm) == 0) {
        uint64_t sum[200] = {0};
        int64_t once = 0;
        for (int64_t s = 0; s < n; s++) {
            int times = 0;
            for (int r = 0; r < all.count; r++) {
                uint64_t x;
                memcpy(&x, all.bytes + all.first[r] + 8 * s, 8);
                sum[s] += x;
                times += x != 0;
            }
            once += times == 1;
        }
        printf("%s: %" PRId64 " of %" PRId64 " once, %016" PRIx64 "\n", what, once, n,
               rp_checksum((size_t)n * 8, sum));
    }
    rp_blocks_clear(&all);
}

static void run(const rp_comm *comm, const int split[], int window, int end_mode, bool damage)
{
    static job j;
    int node[16];
    memset(&j, 0, sizeof j);
    const int size = rp_comm_size(comm), rank = rp_comm_rank(comm);
    for (int r = 0; r < size; r++) node[r] = r % 2;
    const int wanted[RP_ROLE_COUNT] = {split[0], split[1], split[2], 0};
    rp_layout_settings s = {.size = size, .wanted = split[0] ? wanted : NULL, .node_of_rank = node};
    rp_layout *layout;
    must(rp_layout_make(&s, &layout), "layout");
    j.comm = comm;
    j.layout = layout;
    j.end_mode = end_mode;
    j.damage = damage;
    j.first = 10;
    j.last = 10 + 23 + window; /* in the middle of a batch, too */
    rp_random_start((uint64_t)window, RP_RANDOM_DELAY, (uint64_t)rank, &j.delay);
    for (int64_t k = j.first; k <= j.last; k++) j.samples += train_rank(&j, k) == rank;
    const bool load = rp_layout_has(layout, RP_ROLE_LOAD, rank);
    const bool augment = rp_layout_has(layout, RP_ROLE_AUGMENT, rank);
    const bool train = rp_layout_has(layout, RP_ROLE_TRAIN, rank);
    open_channels(&j, window, load, augment, train);
    stream(&j, load, augment, train);
    char what[100];
    snprintf(what, sizeof what, "ranks %d split %d %d %d window %d end %d", size, split[0], split[1],
             split[2], window, end_mode);
    report(&j, what);
    rp_channel_drop(&j.upper);
    rp_channel_drop(&j.lower);
    rp_layout_drop(&layout);
}

static void run_splits(const rp_comm *comm, int window)
{
    const int n = rp_comm_size(comm);
    for (int end_mode = 0; end_mode < 2; end_mode++) {
        if (n < 3) run(comm, (int[3]){0}, window, end_mode, false);
        for (int l = 1; l <= n - 2; l++)
            for (int a = 1; a <= n - 1 - l; a++)
                run(comm, (int[3]){l, a, n - l - a}, window, end_mode, false);
    }
}

int main(int argc, char **argv)
{
    must(rp_world_start(&argc, &argv), "start");
    const rp_comm *world = rp_comm_world();
    const double start = rp_clock_now();
    if (argc > 1 && strcmp(argv[1], "damage") == 0) run(world, (int[3]){0}, 2, 0, true);
    for (int n = 1; n <= rp_comm_size(world); n++) {
        rp_comm *part;
        must(rp_comm_split(world, rp_comm_rank(world) < n ? 0 : -1, 0, &part), "split");
        for (int i = 1; part && i < argc; i++) run_splits(part, atoi(argv[i]));
        rp_comm_drop(&part);
        fflush(stdout);
        must(rp_comm_barrier(world), "barrier");
    }
    if (rp_comm_rank(world) == 0) printf("seconds %.1f\n", rp_clock_now() - start);
    rp_world_end();
    return 0;
}
