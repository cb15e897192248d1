// The loops of the math library: every length, in place, and that a value's
// result does not depend on its neighbours. How exact it is: accuracy.
#include "minigrad/cpu.h"
#include "runtime/kernels/table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace {

#define MG_NAME(name, Name) #name,
const char *const unary_names[] = {MG_MATH_UNARY(MG_NAME)};
const char *const binary_names[] = {MG_MATH_BINARY(MG_NAME)};

constexpr uint64_t masks[] = {MG_CPU_V2, MG_CPU_V3, MG_CPU_V4, MG_CPU_ZNVER4};

// Calls check(kernels) for every level of this CPU.
template <class Check> void at_every_level(Check check) {
  mg_cpu_limit(~uint64_t(0));
  const uint64_t all = mg_cpu_features();
  for (uint64_t mask : masks) {
    if ((all & mask) != mask)
      break;
    mg_cpu_limit(mask);
    SCOPED_TRACE(mask);
    check(*mg_kernels()->math);
  }
  mg_cpu_limit(~uint64_t(0));
}

template <class T> mg_unary_loop unary(const mg_math_loops &math, int i) {
  return sizeof(T) == 4 ? math.unary_f32[i] : math.unary_f64[i];
}
template <class T> mg_binary_loop binary(const mg_math_loops &math, int i) {
  return sizeof(T) == 4 ? math.binary_f32[i] : math.binary_f64[i];
}

template <class T> bool same_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

// Neighbours that take every branch: huge angles, long divisions, denormals.
template <class T> std::vector<T> values() {
  using Limits = std::numeric_limits<T>;
  return {T(0.3),
          -0.0,
          T(1e30),
          T(-7),
          Limits::infinity(),
          T(2.5),
          T(1e-30),
          Limits::max(),
          T(-1e6),
          Limits::quiet_NaN(),
          T(0.9),
          T(-0.4),
          Limits::denorm_min(),
          T(88.7),
          T(3),
          T(1e10),
          T(-1.5),
          T(20)};
}

template <class T> class Math : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Math, Types);

TYPED_TEST(Math, UnaryResultIsTheLanesOwn) {
  using T = TypeParam;
  const std::vector<T> all = values<T>();
  const size_t longest = 3 * (64 / sizeof(T)) + 1;
  at_every_level([&](const mg_math_loops &math) {
    for (int op = 0; op < MG_MATH_UNARY_COUNT; ++op) {
      SCOPED_TRACE(unary_names[op]);
      std::vector<T> alone(all.size());
      for (size_t i = 0; i < all.size(); ++i)
        unary<T>(math, op)(&all[i], &alone[i], 1);
      for (size_t count = 0; count <= longest; ++count) {
        std::vector<T> x(count + 1), out(count + 1, T(42));
        for (size_t i = 0; i <= count; ++i)
          x[i] = all[(i + count) % all.size()];
        unary<T>(math, op)(x.data(), out.data(), count);
        EXPECT_EQ(out[count], T(42)) << "past the end of " << count;
        for (size_t i = 0; i < count; ++i)
          EXPECT_TRUE(same_bits(out[i], alone[(i + count) % all.size()]))
              << x[i] << " at " << i << " of " << count;
        unary<T>(math, op)(x.data(), x.data(), count);
        EXPECT_EQ(std::memcmp(x.data(), out.data(), count * sizeof(T)), 0);
      }
    }
  });
}

TYPED_TEST(Math, BinaryResultIsTheLanesOwn) {
  using T = TypeParam;
  const std::vector<T> all = values<T>();
  const size_t n = all.size();
  at_every_level([&](const mg_math_loops &math) {
    for (int op = 0; op < MG_MATH_BINARY_COUNT; ++op) {
      SCOPED_TRACE(binary_names[op]);
      std::vector<T> a(n * n), b(n * n), alone(n * n);
      for (size_t i = 0; i < n * n; ++i) {
        a[i] = all[i % n];
        b[i] = all[i / n];
        binary<T>(math, op)(&a[i], &b[i], &alone[i], 1);
      }
      for (size_t count = 0; count <= n * n; count = count * 2 + 1) {
        std::vector<T> out(count + 1, T(42));
        binary<T>(math, op)(a.data(), b.data(), out.data(), count);
        EXPECT_EQ(out[count], T(42));
        EXPECT_EQ(std::memcmp(out.data(), alone.data(), count * sizeof(T)), 0);
      }
      std::vector<T> in_place = b;
      binary<T>(math, op)(a.data(), in_place.data(), in_place.data(), n * n);
      EXPECT_EQ(std::memcmp(in_place.data(), alone.data(), n * n * sizeof(T)),
                0);
    }
  });
}

} // namespace
