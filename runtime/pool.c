/* Threads, over pthreadpool: a job is cut into one slice per thread, slice t of
 * n being [count * t / n, count * (t + 1) / n), so that the slices' lengths
 * differ by at most one. */
#define _GNU_SOURCE
#include "minigrad/pool.h"

#include <pthreadpool.h>
#include <sched.h>
#include <stdlib.h>

struct mg_pool {
  pthreadpool_t threads;
  size_t count;
};

/* True while this thread runs a slice. pthreadpool would wait for itself. */
static _Thread_local int inside;

/* pthreadpool is not built with ThreadSanitizer, which therefore misses what
 * its fork and join order. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MG_TSAN 1
#endif
#endif
#ifdef MG_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define SEES(address) __tsan_acquire(address)
#define SHOWS(address) __tsan_release(address)
#else
#define SEES(address) ((void)(address))
#define SHOWS(address) ((void)(address))
#endif

static size_t usable_cpus(void) {
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof cpus, &cpus) != 0)
    return 0; /* more CPUs than the set holds: pthreadpool counts them */
  return (size_t)CPU_COUNT(&cpus);
}

mg_pool *mg_pool_create(size_t threads) {
  mg_pool *pool = malloc(sizeof *pool);
  if (!pool)
    return NULL;
  pool->threads = pthreadpool_create(threads ? threads : usable_cpus());
  if (!pool->threads) {
    free(pool);
    return NULL;
  }
  pool->count = pthreadpool_get_threads_count(pool->threads);
  return pool;
}

void mg_pool_destroy(mg_pool *pool) {
  if (!pool)
    return;
  pthreadpool_destroy(pool->threads);
  free(pool);
}

size_t mg_pool_threads(const mg_pool *pool) { return pool ? pool->count : 1; }

typedef struct job {
  mg_task task;
  void *context;
  int64_t count, slices;
} job;

/* floor(count * slice / slices), without the overflow of the product. */
static int64_t slice_begin(const job *job, int64_t slice) {
  const int64_t quotient = job->count / job->slices;
  const int64_t rest = job->count % job->slices;
  return quotient * slice + rest * slice / job->slices;
}

static void run_slice(void *context, size_t slice) {
  job *job = context;
  SEES(job);
  const int outer = inside;
  inside = 1;
  const int64_t end = slice_begin(job, (int64_t)slice + 1);
  for (int64_t i = slice_begin(job, (int64_t)slice); i < end; ++i)
    job->task(job->context, i);
  inside = outer;
  SHOWS(job);
}

void mg_parallel_for(mg_pool *pool, mg_task task, void *context,
                     int64_t count) {
  if (count <= 0)
    return;
  int64_t slices = (int64_t)mg_pool_threads(pool);
  if (slices > count)
    slices = count;
  if (inside)
    slices = 1;
  job job = {task, context, count, slices};
  if (slices == 1) {
    for (int64_t i = 0; i < count; ++i)
      task(context, i);
    return;
  }
  SHOWS(&job);
  pthreadpool_parallelize_1d(pool->threads, run_slice, &job, (size_t)slices, 0);
  SEES(&job);
}
