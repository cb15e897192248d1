/* The workspace is used to its last line and no further, and nothing is
 * allocated: malloc and its kin are ours and count. C99. */
#include PEAK_HEADER
#include "minigrad/pool.h"

#include <stdio.h>
#include <string.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
static volatile int calls;
void *malloc(size_t n) {
  ++calls;
  return __libc_malloc(n);
}
void *calloc(size_t n, size_t size) {
  ++calls;
  return __libc_calloc(n, size);
}
void *realloc(void *p, size_t n) {
  ++calls;
  return __libc_realloc(p, n);
}
void *aligned_alloc(size_t alignment, size_t n) {
  ++calls;
  return __libc_memalign(alignment, n);
}
int posix_memalign(void **p, size_t alignment, size_t n) {
  ++calls;
  *p = __libc_memalign(alignment, n);
  return *p == NULL;
}

#define SPACE (PEAK_RUN_WORKSPACE_BYTES + 4096)
static float a[48 * 40], b[40 * 40], h[1000], y[48 * 40];

/* One past the last byte that a run changes. */
static size_t used(unsigned char *space, int poison, struct mg_pool *pool) {
  size_t end = SPACE;
  int before;
  memset(space, poison, SPACE);
  before = calls;
  if (peak_run(a, b, h, y, space, pool) != 0)
    return 0;
  if (calls != before) {
    printf("%d allocations\n", calls - before);
    return 0;
  }
  while (end > 0 && space[end - 1] == poison)
    --end;
  return end;
}

int main(void) {
  unsigned char *block = malloc(SPACE + PEAK_ALIGN);
  struct mg_pool *pool = mg_pool_create(3);
  int i, ok = calls > 0;
  block += PEAK_ALIGN - (size_t)block % PEAK_ALIGN;
  for (i = 0; i < 48 * 40; ++i)
    a[i] = 0.3f + (float)(i % 13);
  for (i = 0; i < 40 * 40; ++i)
    b[i] = 0.7f + (float)(i % 7);
  for (i = 0; i < 1000; ++i)
    h[i] = 1.7f + (float)i;
  for (i = 0; i < 2; ++i) {
    size_t one = used(block, 0xa5, i ? pool : NULL);
    size_t two = used(block, 0x5a, i ? pool : NULL);
    size_t most = one > two ? one : two;
    printf("planned %u, measured %u\n", (unsigned)PEAK_RUN_WORKSPACE_BYTES,
           (unsigned)((most + 63) / 64 * 64));
    ok = ok && (most + 63) / 64 * 64 == PEAK_RUN_WORKSPACE_BYTES;
  }
  mg_pool_destroy(pool);
  printf(ok ? "as planned\n" : "not as planned\n");
  return !ok;
}
