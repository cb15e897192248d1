// The machine's own bound: f32 fused multiply-adds per second of one thread, by
// twelve independent chains of native vectors.
#include "peak.h"

#include <chrono>

namespace {
#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
typedef float Vector __attribute__((vector_size(4 * lanes)));
constexpr int chains = 12;
} // namespace

double peak_flops() {
  constexpr long steps = 20'000'000;
  Vector x[chains] = {}, a, b;
  for (int i = 0; i < lanes; ++i)
    a[i] = 0.999f, b[i] = 0.001f;
  asm volatile("" : "+x"(a), "+x"(b)); // not constants
  auto start = std::chrono::steady_clock::now();
  for (long i = 0; i < steps; ++i)
#pragma clang loop unroll(full)
    for (int c = 0; c < chains; ++c)
      x[c] = __builtin_elementwise_fma(x[c], a, b);
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  Vector total = {};
  for (int c = 0; c < chains; ++c)
    total += x[c];
  asm volatile("" : "+x"(total)); // used
  return 2.0 * lanes * chains * steps / took.count();
}
