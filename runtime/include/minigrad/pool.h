/* Threads. A static partition: which thread does what never changes a result.
 */
#ifndef MINIGRAD_POOL_H
#define MINIGRAD_POOL_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mg_pool mg_pool;

/* A pool of `threads` threads, the caller's included; 0: one per CPU that the
 * process may use. NULL when out of memory or threads. */
mg_pool *mg_pool_create(size_t threads);
void mg_pool_destroy(mg_pool *pool);
/* 1 for NULL. */
size_t mg_pool_threads(const mg_pool *pool);

/* task(context, i) for each i in [0, count), on the pool's threads and the
 * caller's; returns when all are done. `pool` NULL: one after the other, here.
 * Every thread gets one run of neighbouring indices, all equally long. A pool
 * serves one caller at a time (a second waits its turn); a call from inside a
 * task runs one after the other, there. */
typedef void (*mg_task)(void *context, int64_t i);
void mg_parallel_for(mg_pool *pool, mg_task task, void *context, int64_t count);

#ifdef __cplusplus
}
#endif
#endif
