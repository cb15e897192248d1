//===- Measure.h - the largest error of a function at every CPU level -----===//
#ifndef MG_TOOLS_ACCURACY_MEASURE_H
#define MG_TOOLS_ACCURACY_MEASURE_H

#include "runtime/kernels/table.h"
#include "tools/accuracy/Functions.h"

#include "minigrad/pool.h"

#include <cstdint>
#include <string>

namespace mg::accuracy {

struct Level {
  std::string name;
  const mg_kernel_table *kernels;
};

/// Those of this CPU, weakest first. Lifts every limit on the CPU.
std::vector<Level> levels();

/// Errors are in ULP: units of the last place of a T of the exact value's
/// magnitude, of the smallest denormal at least.
struct Errors {
  double worst = 0;
  /// The operands where it is.
  double x = 0, y = 0;
  double sum = 0;
  uint64_t count = 0;
  /// Wrong NaN, infinity or zero, or the wrong sign of one.
  uint64_t wrongSpecials = 0;
  double wrongX = 0, wrongY = 0;

  void add(const Errors &other);
  bool operator==(const Errors &) const = default;
};

/// One float of every `step` (all 2^32 for 1) and the special values; of a
/// binary function as many random pairs and all pairs of special values. Errors
/// by level.
std::vector<Errors> measureF32(const Function &function,
                               const std::vector<Level> &levels, uint64_t step,
                               mg_pool *pool);

/// `count` random operands and the special values, against MPFR.
std::vector<Errors> measureF64(const Function &function,
                               const std::vector<Level> &levels, uint64_t count,
                               mg_pool *pool);

} // namespace mg::accuracy

#endif // MG_TOOLS_ACCURACY_MEASURE_H
