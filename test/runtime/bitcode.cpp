// The math that generated code inlines has the bits of the eager kernels: the
// weakest level's bitcode, compiled here, against the table of that level.
#include "minigrad/cpu.h"
#include "runtime/kernels/table.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>

namespace {

typedef float F32s __attribute__((vector_size(16)));
typedef double F64s __attribute__((vector_size(16)));

uint64_t mix(uint64_t i) {
  i = (i + 1) * 0x9e3779b97f4a7c15;
  i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9;
  return i ^ (i >> 27);
}

// Lanes with any bits, every second one near 1.
template <class V> V random_lanes(uint64_t seed) {
  V v;
  for (size_t k = 0; k < sizeof(V) / sizeof v[0]; ++k) {
    const uint64_t bits = mix(seed * 4 + k);
    if constexpr (sizeof v[0] == 4)
      v[k] = bits & 1 ? std::bit_cast<float>(uint32_t(bits >> 32))
                      : float(int64_t(bits)) * 0x1p-60f;
    else
      v[k] = bits & 1 ? std::bit_cast<double>(mix(bits))
                      : double(int64_t(bits)) * 0x1p-60;
  }
  return v;
}

template <class V>
void same_unary(V (*inlined)(V), mg_unary_loop kernel, const char *name) {
  for (uint64_t i = 0; i < 20000; ++i) {
    const V x = random_lanes<V>(i), y = inlined(x);
    V z;
    kernel(&x, &z, sizeof x / sizeof x[0]);
    ASSERT_EQ(std::memcmp(&y, &z, sizeof y), 0) << name << " " << x[0];
  }
}

template <class V>
void same_binary(V (*inlined)(V, V), mg_binary_loop kernel, const char *name) {
  for (uint64_t i = 0; i < 20000; ++i) {
    const V a = random_lanes<V>(i), b = random_lanes<V>(~i);
    const V y = inlined(a, b);
    V z;
    kernel(&a, &b, &z, sizeof a / sizeof a[0]);
    ASSERT_EQ(std::memcmp(&y, &z, sizeof y), 0)
        << name << " " << a[0] << " " << b[0];
  }
}

#define MG_DECLARE_UNARY(name, Name)                                           \
  F32s mg_##name##_f32(F32s);                                                  \
  F64s mg_##name##_f64(F64s);
#define MG_DECLARE_BINARY(name, Name)                                          \
  F32s mg_##name##_f32(F32s, F32s);                                            \
  F64s mg_##name##_f64(F64s, F64s);
extern "C" {
MG_MATH_UNARY(MG_DECLARE_UNARY)
MG_MATH_BINARY(MG_DECLARE_BINARY)
}

TEST(Bitcode, HasTheBitsOfTheKernels) {
  mg_cpu_limit(MG_CPU_V2);
  const mg_math_loops *math = mg_kernels()->math;
#define MG_CHECK_UNARY(name, Name)                                             \
  same_unary<F32s>(mg_##name##_f32, math->unary_f32[MG_MATH_##name], #name);   \
  same_unary<F64s>(mg_##name##_f64, math->unary_f64[MG_MATH_##name], #name);
#define MG_CHECK_BINARY(name, Name)                                            \
  same_binary<F32s>(mg_##name##_f32, math->binary_f32[MG_MATH_##name], #name); \
  same_binary<F64s>(mg_##name##_f64, math->binary_f64[MG_MATH_##name], #name);
  MG_MATH_UNARY(MG_CHECK_UNARY)
  MG_MATH_BINARY(MG_CHECK_BINARY)
  mg_cpu_limit(~uint64_t(0));
}

} // namespace
