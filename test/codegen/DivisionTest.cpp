// Rows divided by one number each, and columns by one number each, against the
// machine's division, in every bit: dividends whose quotients are nearest to a
// midpoint of two floats, where a wrong rounding would show first, and all that
// the short way does not take.
#include "Kernel.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

class Division : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Codegen, Division, testing::ValuesIn(levelsHere()),
                         levelTestName);

constexpr int64_t columns = 77;

/// x[i, :] / d[i], where rows of x follow each other.
std::vector<float> divide(const std::string &level, const std::vector<float> &x,
                          const std::vector<float> &d) {
  const int64_t rows = d.size();
  const Kernel kernel{.inputs = {{{rows, columns}, "d0, d1"}, {{rows}, "d0"}},
                      .output = {{rows, columns}, "d0, d1"},
                      .loops = "pp",
                      .body = "%q = arith.divf %a0, %a1 : f32\n"
                              "linalg.yield %q : f32"};
  const Compiled compiled(kernel.text(), {.levels = {level}});
  std::vector<float> y(rows * columns, 99);
  EXPECT_TRUE(compiled);
  if (compiled)
    EXPECT_EQ(compiled.call({x.data(), d.data()}, {y.data()}), 0);
  return y;
}

/// The same of the transposes of x and y, by 32 divisors at a time: each lane
/// has its own, which many vectors share.
std::vector<float> divideTurned(const std::string &level,
                                const std::vector<float> &x,
                                const std::vector<float> &d) {
  const int64_t width = 32, rows = d.size();
  const Kernel kernel{.inputs = {{{columns, width}, "d0, d1"}, {{width}, "d1"}},
                      .output = {{columns, width}, "d0, d1"},
                      .loops = "pp",
                      .body = "%q = arith.divf %a0, %a1 : f32\n"
                              "linalg.yield %q : f32"};
  const Compiled compiled(kernel.text(), {.levels = {level}});
  EXPECT_TRUE(compiled);
  std::vector<float> y(rows * columns, 99);
  for (int64_t first = 0; first < rows && compiled; first += width) {
    std::vector<float> dividends(columns * width, 1), divisors(width, 1),
        quotients(columns * width);
    const int64_t count = std::min(width, rows - first);
    for (int64_t i = 0; i < count; ++i) {
      divisors[i] = d[first + i];
      for (int64_t j = 0; j < columns; ++j)
        dividends[j * width + i] = x[(first + i) * columns + j];
    }
    EXPECT_EQ(
        compiled.call({dividends.data(), divisors.data()}, {quotients.data()}),
        0);
    for (int64_t i = 0; i < count; ++i)
      for (int64_t j = 0; j < columns; ++j)
        y[(first + i) * columns + j] = quotients[j * width + i];
  }
  return y;
}

void expectQuotients(const std::vector<float> &y, const std::vector<float> &x,
                     const std::vector<float> &d) {
  for (size_t i = 0; i < y.size(); ++i) {
    const float want = x[i] / d[i / columns];
    if (std::isnan(want))
      ASSERT_TRUE(std::isnan(y[i])) << x[i] << " / " << d[i / columns];
    else
      ASSERT_FALSE(std::memcmp(&want, &y[i], sizeof want))
          << std::hexfloat << x[i] << " / " << d[i / columns] << " is " << want
          << ", not " << y[i];
  }
}

/// A of 24 bits, for which 2^k A / D is n / D away from a whole number; -1:
/// none. D is odd, so (D + 1) / 2 is the inverse of 2.
int64_t hardDividend(int64_t D, int k, int64_t n) {
  int64_t A = (n % D + D) % D;
  for (int i = 0; i < k; ++i)
    A = A * ((D + 1) / 2) % D;
  if (A < 1 << 23)
    A += D;
  return A < 1 << 24 ? A : -1;
}

TEST_P(Division, NearMidpoints) {
  std::mt19937 engine(1);
  std::vector<float> x, d;
  for (int row = 0; row < 2000; ++row) {
    const int64_t D = row < 200   ? (1 << 24) - 1 - 2 * row
                      : row < 400 ? (1 << 23) + 1 + 2 * (row - 200)
                                  : (1 << 23) | (engine() >> 9) | 1;
    d.push_back(std::ldexp(float(D), -23 + int(engine() % 60) - 30));
    while (x.size() < d.size() * columns) {
      // Quotients from 1 to 2 in halves of a unit are 2^24 A / D, smaller ones
      // 2^25 A / D.
      const int64_t A =
          hardDividend(D, 24 + engine() % 2, int64_t(engine() % 15) - 7);
      const float sign = engine() % 2 ? -1 : 1;
      const float a = A < 0 ? float(1 << 23 | engine() >> 9) : float(A);
      x.push_back(std::ldexp(sign * a, -23 + int(engine() % 120) - 60));
    }
  }
  expectQuotients(divide(GetParam(), x, d), x, d);
  expectQuotients(divideTurned(GetParam(), x, d), x, d);
}

TEST_P(Division, AnythingByAnything) {
  std::vector<float> values;
  for (float v : {0.0f,
                  1.0f,
                  3.0f,
                  0x1p-149f,
                  0x1.8p-140f,
                  0x1p-126f,
                  0x1p-64f,
                  0x1.fffffep-64f,
                  0x1p-63f,
                  0x1.fffffep-32f,
                  0x1p-31f,
                  1e-5f,
                  0x1.fffffep32f,
                  0x1p33f,
                  0x1.fffffep64f,
                  0x1p65f,
                  1e30f,
                  std::numeric_limits<float>::max(),
                  std::numeric_limits<float>::infinity(),
                  std::numeric_limits<float>::quiet_NaN()})
    values.insert(values.end(), {v, -v});
  std::vector<float> x, d;
  // One unusual dividend among usual ones, and rows of such ones alone.
  for (float divisor : values)
    for (float dividend : values) {
      d.insert(d.end(), 2, divisor);
      for (int64_t i = 0; i < columns; ++i)
        x.push_back(i == 20 || i == 76 ? dividend : float(i) + 0.3f);
      x.insert(x.end(), columns, dividend);
    }
  expectQuotients(divide(GetParam(), x, d), x, d);
  expectQuotients(divideTurned(GetParam(), x, d), x, d);
}

} // namespace
