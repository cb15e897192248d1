// The kernels of the CPU level that this machine has (or that mg_cpu_limit
// leaves it), and what every op checks first.
#ifndef MG_RUNTIME_EAGER_LEVEL_H
#define MG_RUNTIME_EAGER_LEVEL_H
#include "minigrad/array.h"
#include "runtime/kernels/loop.h"

namespace mg::runtime {

// Null on a CPU below the lowest level.
const mg_loops *loops();

// A known dtype, a rank and sizes within the limits, data where there are
// elements.
bool valid(const mg_array *view);
// Valid and row-major.
bool valid_result(const mg_array *out);
bool same_shape(const mg_array &a, const mg_array &b);

} // namespace mg::runtime

// Leaves the function with `status` unless `condition`.
#define MG_CHECK(condition, status)                                            \
  do                                                                           \
    if (!(condition))                                                          \
      return status;                                                           \
  while (false)

#endif
