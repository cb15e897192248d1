/* What the runtime needs of pthreadpool, with a thread made for each slice:
 * Debian has no pthreadpool for cross-compiling. */
#include <pthread.h>
#include <pthreadpool.h>
#include <stdlib.h>

struct pthreadpool {
  size_t count;
};

pthreadpool_t pthreadpool_create(size_t count) {
  pthreadpool_t pool = malloc(sizeof *pool);
  if (pool)
    pool->count = count ? count : 1;
  return pool;
}

size_t pthreadpool_get_threads_count(pthreadpool_t pool) {
  return pool ? pool->count : 1;
}

void pthreadpool_destroy(pthreadpool_t pool) { free(pool); }

struct slice {
  pthreadpool_task_1d_t task;
  void *context;
  size_t number;
};

static void *run(void *given) {
  const struct slice *slice = given;
  slice->task(slice->context, slice->number);
  return NULL;
}

void pthreadpool_parallelize_1d(pthreadpool_t pool, pthreadpool_task_1d_t task,
                                void *context, size_t range, uint32_t flags) {
  (void)pool;
  (void)flags;
  pthread_t *threads = calloc(range, sizeof *threads);
  struct slice *slices = calloc(range, sizeof *slices);
  if (!threads || !slices)
    abort();
  for (size_t i = 0; i < range; ++i) {
    slices[i] = (struct slice){task, context, i};
    if (pthread_create(&threads[i], NULL, run, &slices[i]))
      abort();
  }
  for (size_t i = 0; i < range; ++i)
    pthread_join(threads[i], NULL);
  free(slices);
  free(threads);
}
