/* The hooks of profiled code. */
#include "minigrad/profile.h"

#include <stddef.h>

static const mg_profile *current;

void mg_profile_set(const mg_profile *hooks) {
  __atomic_store_n(&current, hooks, __ATOMIC_RELEASE);
}

void mg_profile_begin(int64_t kernel) {
  const mg_profile *hooks = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
  if (hooks)
    hooks->begin(hooks->context, kernel);
}

void mg_profile_end(int64_t kernel) {
  const mg_profile *hooks = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
  if (hooks)
    hooks->end(hooks->context, kernel);
}
