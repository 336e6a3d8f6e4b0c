/* tests/ranks/post_ranks.c - letters: whole, in order a sender, whatever else is under way.
 *
 * usage: post_ranks [LETTERS]
 * Every rank posts LETTERS letters to every rank, itself too, of 0 bytes to 3 MB, all at once, and
 * takes what comes; each third letter is held for some turns first, in which others pile up.
 * Then rank 0 posts one letter that the others answer: the way weights and scores travel. */
#include "mpi/post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 3000000 };

static int64_t size_of(int from, int to, int64_t number)
{
    static const int64_t size[] = {0, 1, 4096, 70000, 0, 65537, MOST, 12};
    return size[(from * 3 + to * 5 + number) % 8];
}

static unsigned char byte_of(int from, int to, int64_t number, int64_t i)
{
    return (unsigned char)(from * 101 + to * 59 + number * 31 + i * 7 + (i >> 8));
}

static bool is_right(int from, int to, int64_t number, int64_t n, const void *bytes)
{
    const unsigned char *p = bytes;
    if (n != size_of(from, to, number)) return false;
    for (int64_t i = 0; i < n; i++)
        if (p[i] != byte_of(from, to, number, i)) return false;
    return true;
}

static rp_status send_all(rp_post *post, int rank, int ranks, int letters, unsigned char *bytes)
{
    for (int64_t k = 0; k < letters; k++)
        for (int to = 0; to < ranks; to++) {
            const int64_t n = size_of(rank, to, k);
            for (int64_t i = 0; i < n; i++) bytes[i] = byte_of(rank, to, k, i);
            RP_TRY(rp_post_send(post, to, k, n, bytes));
        }
    memset(bytes, 0, MOST); /* bytes were copied */
    return RP_OK;
}

/* Takes letters until each sender's last has come and all of ours have left; right and wrong ones. */
static rp_status take_all(rp_post *post, int rank, int ranks, int letters, int64_t next[], int64_t *wrong)
{
    int64_t left = (int64_t)letters * ranks;
    rp_backoff wait = {0};
    for (int held = 0; left > 0 || !rp_post_is_idle(post);) {
        bool progress = false;
        int from;
        int64_t number, n;
        const void *bytes;
        RP_TRY(rp_post_step(post, &progress));
        if (rp_post_peek(post, &from, &number, &n, &bytes) && (number % 3 || held++ == 20)) {
            *wrong += number != next[from] || !is_right(from, rank, number, n, bytes);
            next[from]++;
            held = 0;
            left--;
            RP_TRY(rp_post_release(post));
        }
        if (!progress) rp_backoff_wait(&wait);
    }
    return RP_OK;
}

static rp_status await(rp_post *post, int *from, int64_t *number)
{
    int64_t n;
    const void *bytes;
    rp_backoff wait = {0};
    for (bool progress; !rp_post_peek(post, from, number, &n, &bytes); rp_backoff_wait(&wait))
        RP_TRY(rp_post_step(post, &progress));
    return rp_post_release(post);
}

static rp_status question_and_answers(rp_post *post, int rank, int ranks, int64_t *sum)
{
    int from;
    int64_t number;
    rp_backoff wait = {0};
    *sum = 0;
    if (rank == 0) {
        for (int to = 1; to < ranks; to++) RP_TRY(rp_post_send(post, to, 1000, 0, NULL));
        for (int i = 1; i < ranks; i++) {
            RP_TRY(await(post, &from, &number));
            *sum += number == 1000 + from ? from : 1000000;
        }
    } else {
        RP_TRY(await(post, &from, &number));
        RP_TRY(rp_post_send(post, from, number + rank, 0, NULL));
    }
    for (bool progress; !rp_post_is_idle(post); rp_backoff_wait(&wait)) RP_TRY(rp_post_step(post, &progress));
    return RP_OK;
}

int main(int argc, char **argv)
{
    static unsigned char bytes[MOST];
    int64_t next[64] = {0}, wrong = 0, sum = 0;
    rp_post *post;
    if (rp_world_start(&argc, &argv) != RP_OK) return 9;
    const rp_comm *world = rp_comm_world();
    const int rank = rp_comm_rank(world), ranks = rp_comm_size(world), letters = argc > 1 ? atoi(argv[1]) : 16;
    if (ranks > 64 || rp_post_new(world, &post) != RP_OK) return 9;
    rp_status st = rp_post_send(post, ranks, 0, 0, NULL);
    if (st != RP_EARG) return 8;
    st = send_all(post, rank, ranks, letters, bytes);
    if (st == RP_OK) st = take_all(post, rank, ranks, letters, next, &wrong);
    if (rp_comm_agree(world, st) == RP_OK) st = question_and_answers(post, rank, ranks, &sum);
    if (rp_comm_agree(world, st) != RP_OK) {
        printf("rank %d: %s\n", rank, rp_error_message());
        rp_world_abort(9);
    }
    int64_t taken = 0;
    for (int r = 0; r < ranks; r++) taken += next[r];
    printf("rank %d took %lld letters, %lld wrong; answers add up to %lld\n", rank, (long long)taken,
           (long long)wrong, (long long)sum);
    rp_post_drop(&post);
    rp_world_end();
    return 0;
}
