// What tools/bench cannot say in Python, as functions of C: a loop of direct
// calls of a compiled entry, and this machine's own bounds, to be measured
// between the rounds of a row.
#include "frontend/driver/MachineProbe.h"
#include "minigrad/model.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

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
