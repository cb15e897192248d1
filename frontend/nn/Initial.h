//===- Initial.h - the numbers layers begin with --------------------------===//
#ifndef MG_FRONTEND_NN_INITIAL_H
#define MG_FRONTEND_NN_INITIAL_H

#include "frontend/dsl/Emit.h"
#include "mg/random.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mg::nn {

/// Uniform in +-bound.
inline Tensor within(const Key &key, const Shape &shape, double bound) {
  const auto b = static_cast<float>(bound);
  return uniform(key, shape, -b, b, detail::Scope::where());
}
/// +-1 / sqrt(fan in): PyTorch's Kaiming uniform with a = sqrt(5), and what it
/// takes for biases.
inline double boundOf(std::int64_t fanIn) {
  return 1 / std::sqrt(static_cast<double>(std::max<std::int64_t>(fanIn, 1)));
}
/// Sizes of a layer are positive.
inline void checkSizes(const Shape &sizes) {
  for (std::int64_t n : sizes)
    if (n < 1)
      detail::fail(fmt::format("a size of {}", n));
}

} // namespace mg::nn

#endif // MG_FRONTEND_NN_INITIAL_H
