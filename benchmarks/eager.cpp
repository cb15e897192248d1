// bench-eager: is eager mode a fair opponent? Its matmul against this machine's
// multiply-add peak and its elementwise kernels against a copy, on one thread.
// Rounds are interleaved with their bound; medians.
#include "frontend/driver/MachineProbe.h"
#include "frontend/driver/Roofline.h"
#include "minigrad/kernels.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

namespace {

using mg::driver::median;

double seconds(const std::function<void()> &f, int repeat) {
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < repeat; ++i)
    f();
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return took.count() / repeat;
}

mg_array array(std::vector<float> &data, std::vector<int64_t> shape) {
  mg_array a = {};
  a.data = data.data();
  a.dtype = MG_F32;
  a.rank = static_cast<int32_t>(shape.size());
  int64_t stride = 1;
  for (int i = a.rank - 1; i >= 0; stride *= shape[i--])
    a.shape[i] = shape[i], a.strides[i] = stride;
  return a;
}

void matmul(int64_t n) {
  std::vector<float> a(n * n, 0.5f), b(n * n, 0.25f), c(n * n);
  const mg_array x = array(a, {n, n}), y = array(b, {n, n}),
                 z = array(c, {n, n});
  const int64_t one = 1, zero = 0;
  const mg_dot_dims dims = {nullptr, nullptr, &one, &zero, 0, 1};
  const int repeat =
      static_cast<int>(std::max<int64_t>(1, 100'000'000 / (n * n * n)));
  mg::driver::MachineProbe probe(1);
  std::vector<double> share, rate;
  for (int round = 0; round < 9; ++round) {
    const double peak = probe.flops();
    const double flops =
        2.0 * n * n * n /
        seconds([&] { mg_dot(&x, &y, &dims, &z, nullptr); }, repeat);
    rate.push_back(flops), share.push_back(flops / peak);
  }
  if (c[0] != 0.125f * n)
    std::abort();
  std::printf("matmul %4ld^3 %8.1f GF/s  %5.1f %% of the peak\n",
              static_cast<long>(n), median(rate) / 1e9, 100 * median(share));
}

void elementwise(const char *name, int64_t n) {
  std::vector<float> a(n, 0.5f), b(n, 0.25f), c(n);
  const mg_array x = array(a, {n}), y = array(b, {n}), z = array(c, {n});
  const int unary = mg_unary_op(name), binary = mg_binary_op(name);
  const int repeat = static_cast<int>(std::max<int64_t>(1, 20'000'000 / n));
  std::vector<double> rate, copy;
  volatile float sink = 0;
  for (int round = 0; round < 9; ++round) {
    copy.push_back(8.0 * n /
                   seconds(
                       [&] {
                         std::memcpy(c.data(), a.data(), 4 * n);
                         sink = c[n / 2];
                       },
                       repeat));
    rate.push_back((unary >= 0 ? 8.0 : 12.0) * n /
                   seconds(
                       [&] {
                         unary >= 0 ? mg_unary(unary, &x, &z, nullptr)
                                    : mg_binary(binary, &x, &y, &z, nullptr);
                       },
                       repeat));
  }
  std::printf("%-6s %9ld floats %7.1f GB/s (a copy: %.1f)\n", name,
              static_cast<long>(n), median(rate) / 1e9, median(copy) / 1e9);
}

} // namespace

int main() {
  for (int64_t n : {64, 128, 256, 512, 1024})
    matmul(n);
  for (int64_t n : {16 << 10, 1 << 20, 32 << 20})
    for (const char *name : {"neg", "add", "exp"})
      elementwise(name, n);
}
