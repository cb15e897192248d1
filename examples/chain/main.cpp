// chain [THREADS]: ten elementwise ops over 16 Mi floats, one at a time and as
// one compiled loop, beside a plain copy of the same array in the same minute.
// Interleaved rounds; medians.
#include <mg/mg.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

static mg::Tensor chain(mg::Tensor x) {
  mg::Tensor a = x * 0.5f + 2.0f;
  mg::Tensor b = sqrt(abs(a)) - x;
  mg::Tensor c = minimum(maximum(-b, 0.5f), 2.0f);
  return c * x + 0.5f;
}

template <class F> static double milliseconds(F f) {
  auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now() - start)
      .count();
}

struct Times {
  const char *name;
  double traffic; // bytes that a perfect cache would have to move
  std::vector<double> ms = {};
};

int main(int argc, char **argv) {
  mg::set_num_threads(argc > 1 ? std::atoi(argv[1]) : 1);
  const std::int64_t n = 1 << 24;
  const double bytes = 4.0 * n;
  mg::Tensor x = mg::linspace(-3, 3, n);
  auto compiled = mg::jit(chain);
  std::vector<float> from(n, 1.0f), to(n);
  const bool equal = mg::all(chain(x) == compiled(x)).item<bool>();

  volatile float sink = 0; // or the copy would be optimized away
  Times times[] = {
      {"copy", 2 * bytes}, {"eager", 20 * bytes}, {"jit", 2 * bytes}};
  for (int round = 0; round < 9; ++round) {
    times[0].ms.push_back(milliseconds([&] {
      std::memcpy(to.data(), from.data(), 4 * n);
      sink = to[round];
    }));
    times[1].ms.push_back(milliseconds([&] { chain(x); }));
    times[2].ms.push_back(milliseconds([&] { compiled(x); }));
  }
  for (Times &t : times) {
    std::sort(t.ms.begin(), t.ms.end());
    const double median = t.ms[t.ms.size() / 2];
    std::printf("%-6s %7.1f ms (%.1f to %.1f), %5.1f GB/s\n", t.name, median,
                t.ms.front(), t.ms.back(), t.traffic / median / 1e6);
  }
  std::printf("%s bits\n", equal ? "equal" : "other");
  return !equal;
}
