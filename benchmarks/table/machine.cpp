// What tools/bench cannot say in Python, as functions of C: a loop of direct
// calls of a compiled entry, and this machine's own bounds, to be measured
// between the rounds of a row.
#include "frontend/driver/MachineProbe.h"
#include "minigrad/model.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

using mg::driver::MachineProbe;
using mg::driver::Traffic;

namespace {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
typedef float Vector __attribute__((vector_size(4 * lanes)));
typedef int32_t Ints __attribute__((vector_size(4 * lanes)));

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// e^x as 2^n * p(r): the least that a correct one takes.
Vector exponential(Vector x) {
  const Vector n = __builtin_elementwise_roundeven(x * 1.44269504f);
  const Vector r = x - n * 0.693359375f + n * 2.12194440e-4f;
  Vector p = r * 1.9875691e-4f + 1.3981999e-3f;
  p = p * r + 8.3334519e-3f;
  p = p * r + 4.1665795e-2f;
  p = p * r + 1.6666665e-1f;
  p = p * r + 0.5f;
  p = p * r * r + r + 1.0f;
  const Ints bits = __builtin_convertvector(n, Ints) << 23;
  return reinterpret_cast<Vector>(reinterpret_cast<Ints>(p) + bits);
}

constexpr long blocks = 3000, block = 32;

/// Loads, computes and stores vectors that stay in L1.
void exponentials(void *, int64_t) {
  Vector x[block];
  for (int i = 0; i < block; ++i)
    x[i] = Vector{} - 0.03f * static_cast<float>(i);
  for (long b = 0; b < blocks; ++b) {
    asm volatile("" : "+m"(x));
    for (int i = 0; i < block; ++i)
      x[i] = exponential(x[i]) - 1.0f;
  }
  asm volatile("" : "+m"(x));
}

/// What sums products of other types, the best instruction of each: of f64; of
/// int8, into int32; of bf16, into f32.
enum class Product { F64, Int8, BF16 };

typedef double Doubles __attribute__((vector_size(4 * lanes)));
/// Two begin in a cycle and take up to six, of bf16 more.
constexpr int chains = 24;
constexpr long steps = 20000;

/// acc + x * y in each chain; `add` does not know what it adds to.
template <class T, class Add> void sumProducts(T x, Add add) {
  T sums[chains] = {};
  for (long i = 0; i < steps; ++i) {
#pragma clang loop unroll(full)
    for (int c = 0; c < chains; ++c)
      sums[c] = add(sums[c], x);
    asm volatile("" : "+v"(sums[0]));
  }
  for (T &sum : sums)
    asm volatile("" : : "v"(sum));
}

void productsOfF64(void *, int64_t) {
  sumProducts(Doubles{} + 0.5, [](Doubles sum, Doubles x) {
    return __builtin_elementwise_fma(x, x, sum);
  });
}

#if defined(__AVX512VNNI__)
constexpr int bytesAtOnce = 4;
void productsOfInt8(void *, int64_t) {
  sumProducts(Ints{} + 0x01010101, [](Ints sum, Ints x) {
    return Ints(_mm512_dpbusd_epi32(__m512i(sum), __m512i(x), __m512i(x)));
  });
}
#elif defined(__AVX512BW__)
constexpr int bytesAtOnce = 2;
void productsOfInt8(void *, int64_t) {
  sumProducts(Ints{} + 0x00010001, [](Ints sum, Ints x) {
    return sum + Ints(_mm512_madd_epi16(__m512i(sum), __m512i(x)));
  });
}
#else
constexpr int bytesAtOnce = 1;
void productsOfInt8(void *, int64_t) {
  sumProducts(Ints{} + 1, [](Ints sum, Ints x) { return sum + sum * x; });
}
#endif

#if defined(__AVX512BF16__)
constexpr int halvesAtOnce = 2;
void productsOfBF16(void *, int64_t) {
  sumProducts(Vector{} + 1.0f, [](Vector sum, Vector x) {
    return Vector(_mm512_dpbf16_ps(__m512(sum), __m512bh(x), __m512bh(x)));
  });
}
#else
constexpr int halvesAtOnce = 1;
void productsOfBF16(void *, int64_t) {
  sumProducts(Vector{} + 0.5f, [](Vector sum, Vector x) {
    return __builtin_elementwise_fma(x, x, sum);
  });
}
#endif

} // namespace

extern "C" {

mg_pool *mgb_pool(size_t threads) {
  return threads == 1 ? nullptr : mg_pool_create(threads);
}

/// The seconds of one call, over `repeat` of them; -status where one fails.
double mgb_call(mg_entry_function call, const void *const *weights,
                const void *const *inputs, void *const *outputs,
                void *workspace, mg_pool *pool, int64_t repeat) {
  const auto start = Clock::now();
  for (int64_t i = 0; i < repeat; ++i)
    if (int status = call(weights, inputs, outputs, workspace, pool))
      return -status;
  return since(start) / static_cast<double>(repeat);
}

MachineProbe *mgb_probe(size_t threads) { return new MachineProbe(threads); }

double mgb_flops(MachineProbe *probe) { return probe->flops(); }

/// Traffic by its number, in the order of the enum.
double mgb_bandwidth(MachineProbe *probe, int traffic, size_t footprint) {
  return probe->bandwidth(static_cast<Traffic>(traffic), footprint);
}

double mgb_ping_pong(MachineProbe *probe) { return probe->pingPong(); }

/// Operations per second (a multiply-add is two) by all threads of the pool.
double mgb_products(mg_pool *pool, int product) {
  const auto threads = static_cast<int64_t>(mg_pool_threads(pool));
  const auto kind = static_cast<Product>(product);
  const auto task = kind == Product::F64    ? productsOfF64
                    : kind == Product::Int8 ? productsOfInt8
                                            : productsOfBF16;
  const double each = kind == Product::F64    ? 0.5
                      : kind == Product::Int8 ? bytesAtOnce
                                              : halvesAtOnce;
  double best = 1;
  for (int burst = 0; burst < 5; ++burst) {
    const auto start = Clock::now();
    mg_parallel_for(pool, task, nullptr, threads);
    best = std::min(best, since(start));
  }
  return 2.0 * each * lanes * chains * steps * static_cast<double>(threads) /
         best;
}

/// Exponentials per second, by all threads of the pool.
double mgb_exponentials(mg_pool *pool) {
  const auto threads = static_cast<int64_t>(mg_pool_threads(pool));
  double best = 1;
  for (int burst = 0; burst < 3; ++burst) {
    const auto start = Clock::now();
    mg_parallel_for(pool, exponentials, nullptr, threads);
    best = std::min(best, since(start));
  }
  return static_cast<double>(blocks * block * lanes * threads) / best;
}
}
