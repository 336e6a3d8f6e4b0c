/* lib/base/pool.h - worker threads: tasks in the background, and loops over blocks.
 *
 * A task runs once on some worker.  Its failure stays in its handle until rp_task_done hands it
 * over.  Workers flush denormals to zero (FTZ, DAZ), as every thread that computes does. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

typedef struct rp_pool rp_pool;
typedef struct rp_task rp_task;
typedef rp_status rp_task_fn(void *arg);
typedef rp_status rp_block_fn(void *arg, int64_t block);

/* threads >= 1.  Owned by the caller. */
RP_MUST rp_status rp_pool_new(int threads, rp_pool **out);
/* Runs what was submitted to its end, then joins the threads. */
void rp_pool_drop(rp_pool **pool);
int rp_pool_threads(const rp_pool *pool);

/* Queues fn(arg), first in, first out.  arg is lent until the task is done.  The handle is owned by
 * the caller: rp_task_done or rp_task_wait frees it. */
RP_MUST rp_status rp_pool_submit(rp_pool *pool, rp_task_fn *fn, void *arg, rp_task **out);
/* True once it has run: frees the handle, sets *task NULL and *result to its status, whose message
 * is then this thread's. */
bool rp_task_done(rp_task **task, rp_status *result);
/* The same, waiting. */
RP_MUST rp_status rp_task_wait(rp_task **task);

/* fn(arg, 0) ... fn(arg, blocks - 1), in any order on the workers and the calling thread; returns
 * when all are done.  Fails with the failure of the lowest failing block.  pool NULL: in order, on
 * the caller.  Not to be called from a worker of the same pool. */
RP_MUST rp_status rp_pool_for(rp_pool *pool, int64_t blocks, rp_block_fn *fn, void *arg);

/* Flush-to-zero and denormals-are-zero for the calling thread (x86; else nothing).  Part of what
 * the bits of a result depend on: set in every thread that computes. */
void rp_thread_flush_denormals(void);
