// f16 and bf16 conversions at every level, against definitions in C++.
#include "Compiled.h"
#include "minigrad/status.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

/// y[i] = convert(x[i]) for `n` elements.
std::string conversion(const char *op, const char *from, const char *to,
                       size_t n) {
  const std::string in = "tensor<" + std::to_string(n) + "x" + from + ">";
  const std::string out = "tensor<" + std::to_string(n) + "x" + to + ">";
  return "#id = affine_map<(i) -> (i)>\n"
         "module attributes {mg.name = \"convert\"} {\n"
         "func.func @run(%x: " +
         in + " {mg.dtype = \"" + from + "\"}) -> (" + out + " {mg.dtype = \"" +
         to +
         "\"}) attributes {mg.entry} {\n"
         "%e = tensor.empty() : " +
         out +
         "\n"
         "%y = linalg.generic {indexing_maps = [#id, #id], iterator_types = "
         "[\"parallel\"]} ins(%x : " +
         in + ") outs(%e : " + out +
         ") {\n"
         "^bb0(%p: " +
         from + ", %o: " + to +
         "):\n"
         "%s = arith." +
         op + " %p : " + from + " to " + to +
         "\n"
         "linalg.yield %s : " +
         to + "\n} -> " + out +
         "\n"
         "return %y : " +
         out + "\n}}\n";
}

template <class To, class From>
std::vector<To> run(const std::string &level, const char *op, const char *from,
                    const char *to, const std::vector<From> &x,
                    bool fastMath = false) {
  const Compiled compiled(conversion(op, from, to, x.size()),
                          {.levels = {level}, .fastMath = fastMath});
  std::vector<To> y(x.size());
  if (compiled)
    EXPECT_EQ(compiled.call({x.data()}, {y.data()}), MG_OK);
  return y;
}

/// The value of a 16-bit float with so many exponent bits.
double valueOf(uint16_t bits, int exponentBits) {
  const int mantissaBits = 15 - exponentBits;
  const int bias = (1 << (exponentBits - 1)) - 1;
  const int exponent = (bits & 0x7fff) >> mantissaBits;
  const int mantissa = bits & ((1 << mantissaBits) - 1);
  double value = exponent == 0 ? std::ldexp(mantissa, 1 - bias - mantissaBits)
                               : std::ldexp(mantissa + (1 << mantissaBits),
                                            exponent - bias - mantissaBits);
  if (exponent == 2 * bias + 1)
    value = mantissa ? NAN : INFINITY;
  return bits & 0x8000 ? -value : value;
}

/// Whether `bits` is `x` rounded to nearest, ties to even.
bool isNearest(uint16_t bits, double x, int exponentBits) {
  const double y = valueOf(bits, exponentBits);
  if (std::isnan(x) || std::isnan(y))
    return std::isnan(x) && std::isnan(y);
  if (std::signbit(x) != std::signbit(y))
    return false;
  if (x == y)
    return true;
  // The halfway points to the neighbours; beyond the largest number as if
  // there were one more.
  const uint16_t largest =
      valueOf(0x7bff, 5) == 65504 && exponentBits == 5 ? 0x7bff : 0x7f7f;
  const auto magnitude = [&](int code) {
    return code == largest + 1 ? 2 * valueOf(largest, exponentBits) -
                                     valueOf(largest - 1, exponentBits)
                               : valueOf(code, exponentBits);
  };
  const int code = bits & 0x7fff;
  const bool even = (code & 1) == 0;
  const double a = std::abs(x);
  if (code > 0) {
    const double low = (magnitude(code) + magnitude(code - 1)) / 2;
    if (a < low || (a == low && !even))
      return false;
  }
  if (code <= largest) {
    const double high = (magnitude(code) + magnitude(code + 1)) / 2;
    if (a > high || (a == high && !even))
      return false;
  }
  return true;
}

class Halves : public testing::TestWithParam<std::string> {};

TEST_P(Halves, EveryHalfWidens) {
  std::vector<uint16_t> all(65536);
  for (int i = 0; i < 65536; ++i)
    all[i] = i;
  for (auto [name, exponentBits] :
       {std::pair("f16", 5), std::pair("bf16", 8)}) {
    const auto single = run<float>(GetParam(), "extf", name, "f32", all);
    const auto twice = run<double>(GetParam(), "extf", name, "f64", all);
    for (int i = 0; i < 65536; ++i) {
      const double want = valueOf(i, exponentBits);
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(single[i]) && std::isnan(twice[i])) << i;
        continue;
      }
      EXPECT_EQ(single[i], want) << name << i;
      EXPECT_EQ(std::signbit(single[i]), std::signbit(want)) << name << i;
      EXPECT_EQ(twice[i], want) << name << i;
    }
  }
}

TEST_P(Halves, NarrowingRoundsOnceToNearestEven) {
  std::vector<float> x = {
      0.0f,     -0.0f,    INFINITY,   -INFINITY, NAN,         65504,
      65519,    65520,    65536,      1e-45f,    3e38f,       -3.4e38f,
      0x1p-24f, 0x1p-25f, 0x1.8p-25f, 0x1p-14f,  0x1.ffcp-15f};
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    uint32_t bits = random();
    if (i % 3 == 0)
      bits &= 0xffffe000 | (random() % 4 ? 0x1000 : 0); // ties of f16
    if (i % 3 == 1) // exponents around f16's
      bits = (bits & 0x807fffff) | ((100 + random() % 45) << 23);
    float value;
    std::memcpy(&value, &bits, 4);
    x.push_back(value);
  }
  std::vector<double> wide;
  for (float value : x) {
    wide.push_back(value);
    wide.push_back(std::nextafter(double(value), 1e300)); // breaks the tie
    wide.push_back(std::nextafter(double(value), -1e300));
  }
  for (auto [name, exponentBits] :
       {std::pair("f16", 5), std::pair("bf16", 8)}) {
    const auto single = run<uint16_t>(GetParam(), "truncf", "f32", name, x);
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_TRUE(isNearest(single[i], x[i], exponentBits))
          << name << " of " << x[i] << " is " << single[i];
    const auto twice = run<uint16_t>(GetParam(), "truncf", "f64", name, wide);
    for (size_t i = 0; i < wide.size(); ++i)
      ASSERT_TRUE(isNearest(twice[i], wide[i], exponentBits))
          << name << " of " << wide[i] << " is " << twice[i];
  }
}

/// But that a number below 2^-126 may be zero.
TEST_P(Halves, FastMathRoundsToNearestEven) {
  std::vector<float> x;
  std::mt19937 random(5);
  for (int i = 0; i < 20003; ++i) {
    uint32_t bits = random();
    if (i % 2 == 0)
      bits &= 0xffff8000 | (random() % 4 ? 0 : 0x7fff); // ties
    x.push_back(std::bit_cast<float>(bits));
  }
  const auto y = run<uint16_t>(GetParam(), "truncf", "f32", "bf16", x,
                               /*fastMath=*/true);
  for (size_t i = 0; i < x.size(); ++i) {
    const bool isTiny = std::abs(x[i]) < 0x1p-126f;
    ASSERT_TRUE(isNearest(y[i], x[i], 8) || (isTiny && (y[i] & 0x7fff) == 0))
        << x[i] << " is " << y[i];
  }
}

/// max(x + 1, 0) - 1 is not x where a small x was rounded away; with fast math
/// it is.
TEST_P(Halves, FastMathKeepsWhatNobodyStores) {
  for (const std::string half : {"f16", "bf16"}) {
    std::string text = conversion("negf", half.c_str(), half.c_str(), 1003);
    const std::string op = "%s = arith.negf %p : " + half + " to " + half;
    const size_t at = text.find(op);
    ASSERT_NE(at, std::string::npos);
    const std::string from = " : " + half + " to f32\n",
                      to = " : f32 to " + half + "\n";
    text.replace(at, op.size(),
                 "%zero = arith.constant 0.0 : f32\n"
                 "%one = arith.constant 1.0 : f32\n"
                 "%w = arith.extf %p" +
                     from +
                     "%m = arith.addf %w, %one : f32\n"
                     "%n = arith.truncf %m" +
                     to + "%v = arith.extf %n" + from +
                     "%r = arith.maximumf %v, %zero : f32\n"
                     "%d = arith.subf %r, %one : f32\n"
                     "%s = arith.truncf %d" +
                     to);
    const uint16_t small = half == "f16" ? 0x0c00 : 0x3980; // 2^-12
    const std::vector<uint16_t> x(1003, small);
    for (bool fastMath : {false, true}) {
      const Compiled compiled(text,
                              {.levels = {GetParam()}, .fastMath = fastMath});
      std::vector<uint16_t> y(x.size(), 1);
      ASSERT_TRUE(compiled);
      ASSERT_EQ(compiled.call({x.data()}, {y.data()}), MG_OK);
      for (uint16_t bits : y)
        ASSERT_EQ(bits, fastMath ? small : 0) << half;
    }
  }
}

/// What is chosen of halves is one, what is chosen of other numbers is rounded.
TEST_P(Halves, ChoicesAreRoundedWhereTheyAreNoHalves) {
  std::vector<uint16_t> all(65536);
  for (int i = 0; i < 65536; ++i)
    all[i] = i;
  for (const std::string least : {"0.5", "0.1"}) { // a bf16, and none
    std::string text = conversion("negf", "bf16", "bf16", all.size());
    const std::string op = "%s = arith.negf %p : bf16 to bf16";
    const size_t at = text.find(op);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, op.size(),
                 "%c = arith.constant " + least +
                     " : f32\n%w = arith.extf %p : bf16 to f32\n"
                     "%m = arith.maximumf %w, %c : f32\n"
                     "%s = arith.truncf %m : f32 to bf16");
    const Compiled compiled(text, {.levels = {GetParam()}});
    std::vector<uint16_t> y(all.size());
    ASSERT_TRUE(compiled);
    ASSERT_EQ(compiled.call({all.data()}, {y.data()}), MG_OK);
    const float bound = std::stof(least);
    for (int i = 0; i < 65536; ++i) {
      const double x = valueOf(i, 8);
      const double want = std::isnan(x) ? x : std::max<double>(x, bound);
      ASSERT_TRUE(isNearest(y[i], want, 8)) << least << " " << i;
    }
  }
}

/// Numbers of all classes, ties and signalling NaN among them; more than whole
/// vectors.
std::vector<float> ofAllClasses() {
  std::vector<float> x;
  for (uint32_t bits :
       {0x00000000u, 0x00000001u, 0x00008000u, 0x00018000u, 0x007fffffu,
        0x00800000u, 0x3f800000u, 0x3f808000u, 0x3f818000u, 0x7f7f7fffu,
        0x7f7f8000u, 0x7f7fffffu, 0x7f800000u, 0x7f800001u, 0x7fa12345u,
        0x7fc00000u, 0x7fffffffu})
    for (uint32_t sign : {0u, 0x80000000u})
      x.push_back(std::bit_cast<float>(bits | sign));
  std::mt19937 random(7);
  while (x.size() < 4099)
    x.push_back(std::bit_cast<float>(
        static_cast<uint32_t>(random() & (random() % 2 ? ~0u : 0xffff8000))));
  return x;
}

uint16_t quietUpperHalf(float x) {
  return (std::bit_cast<uint32_t>(x) >> 16) | 0x40;
}

TEST_P(Halves, NanKeepsSignAndPayload) {
  const std::vector<float> x = ofAllClasses();
  const auto y = run<uint16_t>(GetParam(), "truncf", "f32", "bf16", x);
  for (size_t i = 0; i < x.size(); ++i)
    if (std::isnan(x[i]))
      ASSERT_EQ(y[i], quietUpperHalf(x[i])) << std::bit_cast<uint32_t>(x[i]);
}

/// max(x, 0) is +0 for -0 and NaN for NaN, of the number itself and of what it
/// is rounded to.
TEST_P(Halves, ReluKnowsZeroAndNan) {
  const std::vector<float> x = ofAllClasses();
  const std::string rounded = "%n = arith.truncf %p : f32 to bf16\n"
                              "%v = arith.extf %n : bf16 to f32\n";
  const std::string zero = "%zero = arith.constant 0.0 : f32\n";
  const auto call = [&](const char *type, const std::string &body, void *y) {
    std::string text = conversion("negf", "f32", type, x.size());
    const std::string op = std::string("%s = arith.negf %p : f32 to ") + type;
    text.replace(text.find(op), op.size(), zero + body);
    const Compiled compiled(text, {.levels = {GetParam()}});
    ASSERT_TRUE(compiled);
    ASSERT_EQ(compiled.call({x.data()}, {y}), MG_OK);
  };
  const auto expectRelu = [](float x, uint32_t bits, uint32_t want) {
    ASSERT_TRUE(!std::isnan(x) || std::isnan(std::bit_cast<float>(bits)));
    if (!std::isnan(x)) {
      ASSERT_EQ(bits, x > 0 ? want : 0) << x;
    }
  };
  std::vector<float> y(x.size(), 1);
  call("f32", "%s = arith.maximumf %p, %zero : f32\n", y.data());
  for (size_t i = 0; i < x.size(); ++i)
    expectRelu(x[i], std::bit_cast<uint32_t>(y[i]),
               std::bit_cast<uint32_t>(x[i]));

  const auto plain = run<uint16_t>(GetParam(), "truncf", "f32", "bf16", x);
  std::vector<uint16_t> z(x.size(), 1);
  call("bf16",
       rounded + "%r = arith.maximumf %v, %zero : f32\n"
                 "%s = arith.truncf %r : f32 to bf16\n",
       z.data());
  for (size_t i = 0; i < x.size(); ++i)
    expectRelu(x[i], z[i] << 16, plain[i] << 16);

  // What is rounded has another use.
  call("bf16",
       rounded + "%r = arith.maximumf %v, %zero : f32\n"
                 "%d = arith.subf %r, %v : f32\n"
                 "%s = arith.truncf %d : f32 to bf16\n",
       z.data());
  for (size_t i = 0; i < x.size(); ++i)
    if (std::abs(x[i]) < 1e38f) { // is not rounded to infinity
      ASSERT_EQ(z[i], x[i] > 0 ? 0 : plain[i] & 0x7fff) << x[i];
    }
}

INSTANTIATE_TEST_SUITE_P(Codegen, Halves, testing::ValuesIn(levelsHere()),
                         levelTestName);

} // namespace
