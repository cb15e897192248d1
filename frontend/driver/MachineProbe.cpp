//===- MachineProbe.cpp - what this machine can do, measured now ----------===//
//
// The loops are written once, for a vector of any width, and compiled for three
// by functions that allow the CPU's features; `asm volatile` keeps the compiler
// from seeing through them (a copy would become a memcpy).
//
//===----------------------------------------------------------------------===//
#include "frontend/driver/MachineProbe.h"

#include "frontend/eager/Memory.h"
#include "minigrad/cpu.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <thread>

namespace mg::driver {

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Enough to hide the latency of a multiply-add on any CPU of today.
constexpr int chains = 12;
/// Vectors per step of the loops over memory.
constexpr std::size_t unroll = 8;

template <int bytes> using Floats __attribute__((vector_size(bytes))) = float;
template <int bytes>
using Words __attribute__((vector_size(bytes))) = std::int32_t;

/// `steps` multiply-adds of each chain.
template <int bytes, bool fused>
[[gnu::always_inline]] inline void multiplyAdd(std::int64_t steps) {
  volatile float factor = 0.999f, term = 0.001f, sink;
  Floats<bytes> x[chains] = {}, a = Floats<bytes>{} + factor,
                b = Floats<bytes>{} + term;
  for (std::int64_t i = 0; i < steps; ++i)
#pragma clang loop unroll(full)
    for (int c = 0; c < chains; ++c)
      if constexpr (fused)
        x[c] = __builtin_elementwise_fma(x[c], a, b);
      else
        x[c] = x[c] * a + b;
  for (int c = 1; c < chains; ++c)
    x[0] += x[c];
  sink = x[0][0];
  static_cast<void>(sink);
}

template <int bytes>
[[gnu::always_inline]] inline void read(const char *from, std::size_t size) {
  using Vector = Words<bytes>;
  Vector any[unroll] = {};
  for (std::size_t i = 0; i < size; i += unroll * bytes) {
#pragma clang loop unroll(full)
    for (std::size_t u = 0; u < unroll; ++u)
      any[u] |= *reinterpret_cast<const Vector *>(from + i + u * bytes);
  }
  for (std::size_t u = 1; u < unroll; ++u)
    any[0] |= any[u];
  volatile std::int32_t sink = any[0][0];
  static_cast<void>(sink);
}

template <int bytes, bool stream, class Value>
[[gnu::always_inline]] inline void store(char *to, std::size_t size,
                                         Value &&value) {
  using Vector = Words<bytes>;
  for (std::size_t i = 0; i < size; i += unroll * bytes) {
    Vector line[unroll];
#pragma clang loop unroll(full)
    for (std::size_t u = 0; u < unroll; ++u)
      value(line[u], i + u * bytes);
#pragma clang loop unroll(full)
    for (std::size_t u = 0; u < unroll; ++u) {
      auto *place = reinterpret_cast<Vector *>(to + i + u * bytes);
      if constexpr (stream)
        __builtin_nontemporal_store(line[u], place);
      else
        *place = line[u];
    }
    asm volatile("" ::: "memory");
  }
  if constexpr (stream)
    __builtin_ia32_sfence();
}

/// One pass over `size` bytes, of which a copy's two halves are one each.
template <int bytes>
[[gnu::always_inline]] inline void pass(Traffic traffic, char *at,
                                        std::size_t size) {
  using Vector = Words<bytes>;
  const std::size_t half = size / 2;
  const char *from = at + half;
  const auto zero = [](Vector &line, std::size_t)
                        __attribute__((always_inline)) { line = Vector{}; };
  const auto loaded = [from](Vector &line, std::size_t i)
                          __attribute__((always_inline)) {
                            line = *reinterpret_cast<const Vector *>(from + i);
                          };
  switch (traffic) {
  case Traffic::Read:
    return read<bytes>(at, size);
  case Traffic::Write:
    return store<bytes, false>(at, size, zero);
  case Traffic::StreamWrite:
    return store<bytes, true>(at, size, zero);
  case Traffic::Copy:
    return store<bytes, false>(at, half, loaded);
  case Traffic::StreamCopy:
    return store<bytes, true>(at, half, loaded);
  }
}

struct Level {
  /// f32 lanes.
  int lanes;
  void (*multiplyAdd)(std::int64_t steps);
  void (*pass)(Traffic traffic, char *at, std::size_t size);
};

[[gnu::target("avx512f")]] void multiplyAdd512(std::int64_t steps) {
  multiplyAdd<64, true>(steps);
}
[[gnu::target("avx512f")]] void pass512(Traffic traffic, char *at,
                                        std::size_t size) {
  pass<64>(traffic, at, size);
}
[[gnu::target("avx2,fma")]] void multiplyAdd256(std::int64_t steps) {
  multiplyAdd<32, true>(steps);
}
[[gnu::target("avx2,fma")]] void pass256(Traffic traffic, char *at,
                                         std::size_t size) {
  pass<32>(traffic, at, size);
}
void multiplyAdd128(std::int64_t steps) { multiplyAdd<16, false>(steps); }
void pass128(Traffic traffic, char *at, std::size_t size) {
  pass<16>(traffic, at, size);
}

Level nativeLevel() {
  const std::uint64_t features = mg_cpu_features();
  if ((features & MG_CPU_V4) == MG_CPU_V4)
    return {16, multiplyAdd512, pass512};
  if ((features & MG_CPU_V3) == MG_CPU_V3)
    return {8, multiplyAdd256, pass256};
  return {4, multiplyAdd128, pass128};
}

/// Calls `work(t)` once on each of the pool's threads; returns the seconds.
template <class F>
double onAll(const Pool &pool, std::size_t count, const F &work) {
  const auto task = [](void *context, std::int64_t t) {
    (*static_cast<const F *>(context))(static_cast<std::size_t>(t));
  };
  const auto start = Clock::now();
  mg_parallel_for(pool.get(), task, const_cast<F *>(&work),
                  static_cast<std::int64_t>(count));
  return secondsSince(start);
}

} // namespace

MachineProbe::MachineProbe(std::size_t threads)
    : pool(threads), count(mg_pool_threads(pool.get())) {}

/// The best of `bursts`: what disturbs only ever slows down.
template <class F> static double fastest(int bursts, const F &seconds) {
  double best = seconds();
  for (int i = 1; i < bursts; ++i)
    best = std::min(best, seconds());
  return best;
}

double MachineProbe::flops() {
  const Level level = nativeLevel();
  constexpr std::int64_t steps = 300'000;
  const double seconds = fastest(5, [&] {
    return onAll(pool, count, [&](std::size_t) { level.multiplyAdd(steps); });
  });
  return 2.0 * level.lanes * chains * steps * static_cast<double>(count) /
         seconds;
}

char *MachineProbe::memory(std::size_t bytes) {
  if (bytes > capacity) {
    block.reset();
    block = eager::takeMemory(bytes);
    capacity = bytes;
    std::memset(block.get(), 0, bytes);
  }
  return static_cast<char *>(block.get());
}

double MachineProbe::bandwidth(Traffic traffic, std::size_t footprint) {
  constexpr std::size_t unit = 2 * unroll * 64;
  constexpr std::size_t enough = std::size_t(64) << 20;
  const Level level = nativeLevel();
  const std::size_t share =
      std::max<std::size_t>(1, footprint / count / unit) * unit;
  const std::size_t passes = std::max<std::size_t>(1, enough / share);
  char *at = memory(share * count);
  const auto work = [&](std::size_t t) {
    for (std::size_t i = 0; i < passes; ++i)
      level.pass(traffic, at + t * share, share);
  };
  // Into the caches that hold it, and the threads awake.
  onAll(pool, count,
        [&](std::size_t t) { level.pass(traffic, at + t * share, share); });
  const double seconds =
      fastest(share < enough ? 3 : 1, [&] { return onAll(pool, count, work); });
  return static_cast<double>(share * passes * count) / seconds;
}

double MachineProbe::bestBandwidth(std::size_t footprint) {
  double best = 0;
  for (Traffic traffic : {Traffic::Read, Traffic::Copy, Traffic::StreamCopy})
    best = std::max(best, bandwidth(traffic, footprint));
  return best;
}

double MachineProbe::forkJoin() {
  constexpr int regions = 20;
  const auto nothing = [](std::size_t) {};
  return fastest(10,
                 [&] {
                   const auto start = Clock::now();
                   for (int i = 0; i < regions; ++i)
                     onAll(pool, count, nothing);
                   return secondsSince(start);
                 }) /
         regions;
}

double MachineProbe::pingPong() {
  if (count < 2)
    return 0;
  constexpr int batch = 200, batches = 15;
  struct alignas(128) Line {
    std::atomic<std::int64_t> value{0};
  } ping, pong;
  std::atomic<bool> stop{false};
  std::thread other([&] {
    std::int64_t seen = 0;
    while (!stop.load(std::memory_order_relaxed)) {
      const std::int64_t now = ping.value.load(std::memory_order_acquire);
      if (now != seen)
        pong.value.store(seen = now, std::memory_order_release);
    }
  });
  std::array<double, batches> times;
  times.fill(1);
  const auto begin = Clock::now();
  std::int64_t turn = 0;
  // Where the machine is busy, two spinning threads take turns: no more than
  // a moment of that.
  for (int b = 0; b < batches && secondsSince(begin) < 0.2; ++b) {
    const auto start = Clock::now();
    for (int i = 0; i < batch; ++i) {
      ping.value.store(++turn, std::memory_order_release);
      while (pong.value.load(std::memory_order_acquire) != turn) {
      }
    }
    times[static_cast<std::size_t>(b)] = secondsSince(start) / batch;
  }
  stop = true;
  other.join();
  return *std::min_element(times.begin(), times.end());
}

} // namespace mg::driver
