/* A C program with libmgrt alone: no C++ library comes with it. */
#include "minigrad/cpu.h"
#include "minigrad/kernels.h"
#include "minigrad/model.h"
#include "minigrad/weights.h"

#include <stdio.h>

static void add(void *sum, int64_t i) {
  __atomic_add_fetch((int64_t *)sum, i, __ATOMIC_RELAXED);
}

int main(void) {
  mg_pool *pool = mg_pool_create(2);
  int64_t sum = 0;
  mg_weights *weights;
  mg_parallel_for(pool, add, &sum, 100);
  mg_pool_destroy(pool);
  if (sum != 4950 || !(mg_cpu_features() & MG_CPU_KNOWN))
    return 1;
  if (mg_weights_open("/nowhere", &weights, NULL, 0) != MG_ERROR_FILE)
    return 2;
  puts(mg_status_text(MG_OK));
  return 0;
}
