/* lib/base/pool.c - worker threads.
 *
 * 1. One mutex guards the queue and every task's state; work itself runs outside it.
 * 2. A task is on the queue, running, or finished; its handle is freed by its owner alone.
 */
#include "lib/base/pool.h"

#include <pthread.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

struct rp_task {
    rp_task *next;
    rp_pool *pool;
    rp_task_fn *fn;
    void *arg;
    bool finished;
    rp_error error;
};

struct rp_pool {
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    rp_task *head, *tail;
    bool closing;
    int threads, started;
    pthread_t *thread;
};

void rp_thread_flush_denormals(void)
{
#if defined(__SSE2__)
    _mm_setcsr(_mm_getcsr() | 0x8040u);
#endif
}

static void *worker(void *arg)
{
    rp_pool *pool = arg;
    rp_thread_flush_denormals();
    (void)pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->head && !pool->closing) (void)pthread_cond_wait(&pool->work, &pool->lock);
        rp_task *t = pool->head;
        if (!t) break;
        pool->head = t->next;
        if (!pool->head) pool->tail = NULL;
        (void)pthread_mutex_unlock(&pool->lock);
        rp_error error = {.status = RP_OK};
        const rp_status st = t->fn(t->arg);
        if (st != RP_OK) rp_error_take(st, &error);
        (void)pthread_mutex_lock(&pool->lock);
        t->error = error;
        t->finished = true;
        (void)pthread_cond_broadcast(&pool->done);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return NULL;
}

rp_status rp_pool_new(int threads, rp_pool **out)
{
    RP_NEED(threads >= 1, RP_EARG, "a pool of %d threads", threads);
    RP_AUTO(rp_pool) pool = NULL;
    RP_TRY(rp_alloc(1, sizeof *pool, &pool));
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->work, NULL);
    (void)pthread_cond_init(&pool->done, NULL);
    RP_TRY(rp_alloc(threads, sizeof(pthread_t), &pool->thread));
    pool->threads = threads;
    for (int i = 0; i < threads; i++) {
        RP_NEED(pthread_create(&pool->thread[i], NULL, worker, pool) == 0, RP_EMEM,
                "thread %d of %d does not start", i + 1, threads);
        pool->started++;
    }
    *out = RP_TAKE(pool);
    return RP_OK;
}

void rp_pool_drop(rp_pool **pool)
{
    rp_pool *p = *pool;
    if (!p) return;
    (void)pthread_mutex_lock(&p->lock);
    p->closing = true;
    (void)pthread_cond_broadcast(&p->work);
    (void)pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->started; i++) (void)pthread_join(p->thread[i], NULL);
    (void)pthread_mutex_destroy(&p->lock);
    (void)pthread_cond_destroy(&p->work);
    (void)pthread_cond_destroy(&p->done);
    rp_free(p->thread);
    rp_free(p);
    *pool = NULL;
}

int rp_pool_threads(const rp_pool *pool) { return pool->threads; }

rp_status rp_pool_submit(rp_pool *pool, rp_task_fn *fn, void *arg, rp_task **out)
{
    rp_task *t;
    RP_TRY(rp_alloc(1, sizeof *t, &t));
    t->pool = pool;
    t->fn = fn;
    t->arg = arg;
    (void)pthread_mutex_lock(&pool->lock);
    if (pool->tail)
        pool->tail->next = t;
    else
        pool->head = t;
    pool->tail = t;
    (void)pthread_cond_signal(&pool->work);
    (void)pthread_mutex_unlock(&pool->lock);
    *out = t;
    return RP_OK;
}

static rp_status finish(rp_task **task)
{
    const rp_status st = (*task)->error.status;
    if (st != RP_OK) (void)rp_error_put(&(*task)->error);
    rp_free(*task);
    *task = NULL;
    return st;
}

bool rp_task_done(rp_task **task, rp_status *result)
{
    (void)pthread_mutex_lock(&(*task)->pool->lock);
    const bool finished = (*task)->finished;
    (void)pthread_mutex_unlock(&(*task)->pool->lock);
    if (finished) *result = finish(task);
    return finished;
}

rp_status rp_task_wait(rp_task **task)
{
    rp_pool *pool = (*task)->pool;
    (void)pthread_mutex_lock(&pool->lock);
    while (!(*task)->finished) (void)pthread_cond_wait(&pool->done, &pool->lock);
    (void)pthread_mutex_unlock(&pool->lock);
    return finish(task);
}

/* A loop: whoever has time takes the next block. */
typedef struct loop {
    pthread_mutex_t lock;
    int64_t next, blocks, failed;
    rp_block_fn *fn;
    void *arg;
    rp_error error;
} loop;

static rp_status run_blocks(void *arg)
{
    loop *l = arg;
    for (;;) {
        (void)pthread_mutex_lock(&l->lock);
        const int64_t block = l->next < l->blocks ? l->next++ : -1;
        (void)pthread_mutex_unlock(&l->lock);
        if (block < 0) return RP_OK;
        const rp_status st = l->fn(l->arg, block);
        if (st == RP_OK) continue;
        (void)pthread_mutex_lock(&l->lock);
        if (l->failed < 0 || block < l->failed) {
            l->failed = block;
            rp_error_take(st, &l->error);
        }
        (void)pthread_mutex_unlock(&l->lock);
    }
}

rp_status rp_pool_for(rp_pool *pool, int64_t blocks, rp_block_fn *fn, void *arg)
{
    loop l = {.blocks = blocks, .failed = -1, .fn = fn, .arg = arg};
    rp_task *helper[64];
    int helpers = 0;
    (void)pthread_mutex_init(&l.lock, NULL);
    const int64_t want = pool && blocks > 1 ? blocks - 1 : 0;
    const int most = pool && pool->threads < 64 ? pool->threads : 64;
    while (helpers < most && helpers < want) { /* a helper less is no failure: the caller does it */
        if (rp_pool_submit(pool, run_blocks, &l, &helper[helpers]) != RP_OK) break;
        helpers++;
    }
    (void)run_blocks(&l); /* failures are kept in the loop */
    for (int i = 0; i < helpers; i++) (void)!rp_task_wait(&helper[i]);
    (void)pthread_mutex_destroy(&l.lock);
    return l.failed < 0 ? RP_OK : rp_error_put(&l.error);
}
