/* Stands before the C library's functions and counts. For glibc, whose own are
 * reachable under other names. */
#include "count_malloc.h"

#include <errno.h>
#include <stddef.h>

long malloc_calls;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  ++malloc_calls;
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  ++malloc_calls;
  return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  ++malloc_calls;
  return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  ++malloc_calls;
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory == NULL ? ENOMEM : 0;
}
