// Contractions of narrow elements, which are widened or gathered in words
// before they are multiplied, against plain loops.
#include "HotBlocks.h"
#include "Kernel.h"
#include "minigrad/status.h"

#include <cmath>
#include <cstring>
#include <random>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

class Factors : public testing::TestWithParam<std::string> {
protected:
  Options options() const { return {.levels = {GetParam()}}; }
};
INSTANTIATE_TEST_SUITE_P(Codegen, Factors, testing::ValuesIn(levelsHere()),
                         levelTestName);

/// An element type: its name, how it is widened and summed, and its values.
struct Type {
  std::string name, widening, sum;
  bool isFloat() const { return sum[0] == 'f'; }
  size_t bytes() const {
    return name == "f64" ? 8 : name == "i8" ? 1 : name == "i32" ? 4 : 2;
  }
};
const Type bf16{"bf16", "extf", "f32"}, f16{"f16", "extf", "f32"},
    f64{"f64", "", "f64"}, i8{"i8", "extsi", "i32"}, u8{"i8", "extui", "i32"},
    i16{"i16", "extsi", "i32"}, u16{"i16", "extui", "i32"};

double halfValue(uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double value = exponent ? std::ldexp(1024 + mantissa, exponent - 25)
                                : std::ldexp(mantissa, -24);
  return bits & 0x8000 ? -value : value;
}

/// Elements in memory, and what they are.
struct Array {
  std::vector<char> bytes;
  std::vector<double> values;
};

uint64_t randomBits(const Type &type, std::mt19937_64 &random) {
  uint64_t bits = random();
  if (type.name == "bf16") // 2^-3 .. 2
    return (bits & 0x807f) | (124 + (bits >> 20) % 5) << 7;
  if (type.name == "f16") // also denormals
    return (bits & 0x83ff) | (bits >> 20) % 17 << 10;
  if (type.name == "f64")
    return (bits & 0x800fffffffffffff) | uint64_t(1022) << 52;
  // The extremes more often than others.
  return (bits >> 60) == 0   ? uint64_t(1) << (8 * type.bytes() - 1)
         : (bits >> 60) == 1 ? ~uint64_t(0)
                             : bits;
}

double valueOf(const Type &type, uint64_t bits) {
  if (type.name == "bf16") {
    const uint32_t wide = uint32_t(bits) << 16;
    float value;
    std::memcpy(&value, &wide, 4);
    return value;
  }
  if (type.name == "f16")
    return halfValue(bits);
  if (type.name == "f64") {
    double value;
    std::memcpy(&value, &bits, 8);
    return value;
  }
  const bool isSigned = type.widening == "extsi";
  if (type.bytes() == 1)
    return isSigned ? double(int8_t(bits)) : double(uint8_t(bits));
  return isSigned ? double(int16_t(bits)) : double(uint16_t(bits));
}

Array draw(const Type &type, int64_t count, int seed) {
  std::mt19937_64 random(seed);
  Array array{std::vector<char>(count * type.bytes()), {}};
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t bits = randomBits(type, random);
    std::memcpy(array.bytes.data() + i * type.bytes(), &bits, type.bytes());
    array.values.push_back(valueOf(type, bits));
  }
  return array;
}

/// acc + widen(a) * widen(b)
std::string bodyOf(const Type &a, const Type &b) {
  const auto widen = [](const Type &type, const std::string &name) {
    return type.widening.empty()
               ? ""
               : "  %w" + name + " = arith." + type.widening + " %" + name +
                     " : " + type.name + " to " + type.sum + "\n";
  };
  const auto name = [](const Type &type, const std::string &name) {
    return (type.widening.empty() ? "%" : "%w") + name;
  };
  const std::string f = a.isFloat() ? "f" : "i", to = " : " + a.sum + "\n";
  return widen(a, "a0") + widen(b, "a1") + "  %p = arith.mul" + f + " " +
         name(a, "a0") + ", " + name(b, "a1") + to + "  %s = arith.add" + f +
         " %acc, %p" + to + "  linalg.yield %s" + to;
}

template <class Sum>
std::vector<Sum> run(const Kernel &kernel, const Options &options,
                     const Array &a, const Array &b) {
  const Compiled compiled(kernel.text(), options);
  std::vector<Sum> y(kernel.output.count(), Sum(77));
  if (compiled)
    EXPECT_EQ(compiled.call({a.bytes.data(), b.bytes.data()}, {y.data()}),
              MG_OK);
  return y;
}

/// The results as doubles, each exact.
std::vector<double> results(const Kernel &kernel, const Options &options,
                            const Array &a, const Array &b) {
  const auto widen = [](const auto &list) {
    return std::vector<double>(list.begin(), list.end());
  };
  if (kernel.output.type == "f64")
    return run<double>(kernel, options, a, b);
  if (kernel.output.type == "f32")
    return widen(run<float>(kernel, options, a, b));
  return widen(run<int32_t>(kernel, options, a, b));
}

/// Whether `got` is the sum of `terms` products, whose absolute values sum up
/// to `size`: exactly, modulo 2^32, for integers.
bool isSum(const Type &type, double got, double want, double size,
           int64_t terms) {
  if (!type.isFloat())
    return got == double(int32_t(uint32_t(int64_t(want))));
  const double unit = type.sum == "f64" ? 0x1p-53 : 0x1p-24;
  return std::abs(got - want) <= (terms + 8) * unit * size;
}

struct Dot {
  int64_t m, n, k;
  bool lhsTransposed = false, rhsTransposed = false;
};

Kernel kernelOf(const Dot &dot, const Type &left, const Type &right) {
  const auto [m, n, k, ta, tb] = dot;
  return {.inputs = {{ta ? std::vector{k, m} : std::vector{m, k},
                      ta ? "d2, d0" : "d0, d2", left.name},
                     {tb ? std::vector{n, k} : std::vector{k, n},
                      tb ? "d1, d2" : "d2, d1", right.name}},
          .output = {{m, n}, "d0, d1", left.sum},
          .loops = "ppr",
          .body = bodyOf(left, right),
          .init = left.isFloat() ? "0.0" : "5",
          .attributes = "mg.contraction"};
}

void check(const Dot &dot, const Type &left, const Type &right,
           const Options &options) {
  const auto [m, n, k, ta, tb] = dot;
  const Array a = draw(left, m * k, 1), b = draw(right, k * n, 2);
  const auto y = results(kernelOf(dot, left, right), options, a, b);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double want = left.isFloat() ? 0 : 5, size = 0;
      for (int64_t l = 0; l < k; ++l) {
        const double product = a.values[ta ? l * m + i : i * k + l] *
                               b.values[tb ? j * k + l : l * n + j];
        want += product;
        size += std::abs(product);
      }
      ASSERT_TRUE(isSum(left, y[i * n + j], want, size, k))
          << y[i * n + j] << " is not " << want << " at " << i << ", " << j
          << ": " << m << "x" << n << "x" << k << (ta ? "t" : "")
          << (tb ? " t " : " ") << left.name << " " << left.widening;
    }
}

const Type all[] = {bf16, f16, f64, i8, u8, i16, u16};

TEST_P(Factors, Dots) {
  for (const Type &type : all)
    for (bool ta : {false, true})
      for (bool tb : {false, true})
        for (const auto &[m, n, k] : {std::tuple{1, 1, 1},
                                      {1, 100, 34},
                                      {33, 130, 65},
                                      {40, 19, 2},
                                      {35, 16, 1},
                                      {5, 7, 0}})
          check({m, n, k, ta, tb}, type, type, options());
}

TEST_P(Factors, VectorsByMatrices) {
  for (const Type &type : all)
    for (int64_t m : {1, 7})
      for (bool tb : {false, true})
        for (int64_t k : {130, 256, 301})
          check({m, 90, k, false, tb}, type, type, options());
}

TEST_P(Factors, TwoSignednesses) {
  for (bool tb : {false, true}) {
    check({2, 300, 128, false, tb}, u8, i8, options());
    check({300, 2, 128, false, tb}, u8, i8, options());
    check({40, 70, 67, false, tb}, u8, i8, options());
    check({40, 70, 68, false, tb}, i8, u8, options());
    check({3, 70, 66, false, tb}, i8, u8, options());
    check({40, 70, 67, false, tb}, i8, i16, options());
  }
}

/// So long that all rows take a part of the reduction before the next one; the
/// last word is not full.
TEST_P(Factors, Passes) {
  for (const Type &type : {bf16, i8, f64}) {
    check({41, 70, 9001, false, false}, type, type, options());
    check({33, 19, 12345, true, true}, type, type, options());
    check({33, 19, 12346, false, true}, type, type, options());
  }
}

/// Images and their windows: the reduction has three loops.
TEST_P(Factors, Convolution) {
  const int64_t o = 37, h = 6, w = 35;
  for (const Type &type : {bf16, f16, i8, u8})
    for (int64_t c : {3, 8}) {
      const Kernel kernel{
          .inputs = {{{c, h + 2, w + 2}, "d3, d1 + d4, d2 + d5", type.name},
                     {{o, c, 3, 3}, "d0, d3, d4, d5", type.name}},
          .output = {{o, h, w}, "d0, d1, d2", type.sum},
          .loops = "ppprrr",
          .body = bodyOf(type, type),
          .init = type.isFloat() ? "0.0" : "0",
          .attributes = "mg.contraction"};
      const Array x = draw(type, c * (h + 2) * (w + 2), 1),
                  f = draw(type, o * c * 9, 2);
      const auto y = results(kernel, options(), x, f);
      for (int64_t i = 0; i < o * h * w; ++i) {
        double want = 0, size = 0;
        for (int64_t l = 0; l < c * 9; ++l) {
          const double product =
              f.values[i / (h * w) * c * 9 + l] *
              x.values[(l / 9 * (h + 2) + i / w % h + l / 3 % 3) * (w + 2) +
                       i % w + l % 3];
          want += product;
          size += std::abs(product);
        }
        ASSERT_TRUE(isSum(type, y[i], want, size, c * 9))
            << type.name << " " << c << " at " << i;
      }
    }
}

/// Windows of several images, two pixels apart, turned or not: words along the
/// channels, of which the last one is not full where they are odd.
TEST_P(Factors, StridedWindows) {
  const int64_t images = 2, o = 33, h = 5, w = 9, rows = 2 * h + 1,
                columns = 2 * w + 1;
  for (const Type &type : {bf16, i8})
    for (int64_t c : {6, 7})
      for (bool turned : {false, true}) {
        const std::string tap = turned ? "2 - d6" : "d6";
        const Kernel kernel{
            .inputs = {{{images, c, rows, columns},
                        "d0, d4, d2 * 2 + d5, d3 * 2 + " + tap,
                        type.name},
                       {{o, c, 3, 3}, "d1, d4, d5, d6", type.name}},
            .output = {{images, o, h, w}, "d0, d1, d2, d3", type.sum},
            .loops = "pppprrr",
            .body = bodyOf(type, type),
            .init = type.isFloat() ? "0.0" : "0",
            .attributes = "mg.contraction"};
        const Array x = draw(type, images * c * rows * columns, 1),
                    f = draw(type, o * c * 9, 2);
        const auto y = results(kernel, options(), x, f);
        for (int64_t i = 0; i < images * o * h * w; ++i) {
          const int64_t row = i / w % h, column = i % w, image = i / w / h / o;
          double want = 0, size = 0;
          for (int64_t l = 0; l < c * 9; ++l) {
            const int64_t at = turned ? 2 - l % 3 : l % 3;
            const double product =
                f.values[i / (h * w) % o * c * 9 + l] *
                x.values[((image * c + l / 9) * rows + 2 * row + l / 3 % 3) *
                             columns +
                         2 * column + at];
            want += product;
            size += std::abs(product);
          }
          ASSERT_TRUE(isSum(type, y[i], want, size, c * 9))
              << type.name << " " << c << " at " << i;
        }
      }
}

/// A reduction that moves one factor only adds the other one as often.
TEST_P(Factors, OneFactorsReduction) {
  for (const Type &type : {i8, u8})
    for (bool isLeft : {false, true}) {
      const int64_t m = 37, n = 50, k = 9, j = 3;
      const std::string dims = isLeft ? "d2, d0, d3" : "d2, d1, d3",
                        plain = isLeft ? "d2, d1" : "d2, d0";
      const int64_t wide = isLeft ? m : n, narrow = isLeft ? n : m;
      const Kernel kernel{.inputs = {{{k, wide, j}, dims, type.name},
                                     {{k, narrow}, plain, type.name}},
                          .output = {{m, n}, "d0, d1", "i32"},
                          .loops = "pprr",
                          .body = bodyOf(type, type),
                          .init = "0",
                          .attributes = "mg.contraction"};
      const Array a = draw(type, k * wide * j, 1),
                  b = draw(type, k * narrow, 2);
      const auto y = results(kernel, options(), a, b);
      for (int64_t i = 0; i < m * n; ++i) {
        const int64_t at = isLeft ? i / n : i % n,
                      other = isLeft ? i % n : i / n;
        double want = 0;
        for (int64_t l = 0; l < k * j; ++l)
          want += a.values[(l / j * wide + at) * j + l % j] *
                  b.values[l / j * narrow + other];
        ASSERT_EQ(y[i], want) << type.widening << isLeft << " at " << i;
      }
    }
}

/// A bf16 below 2^-126 counts, but where the CPU's own products leave it out.
TEST_P(Factors, SmallHalves) {
  const auto of = [](uint16_t bits) {
    Array array{std::vector<char>(64 * 64 * 2), {}};
    for (size_t i = 0; i < array.bytes.size(); i += 2)
      std::memcpy(&array.bytes[i], &bits, 2);
    return array;
  };
  const auto y = results(kernelOf({64, 64, 64}, bf16, bf16), options(),
                         of(0x0040), of(0x7e80)); // 2^-127, 2^126
  for (double value : y)
    ASSERT_EQ(value, GetParam() == "znver4" ? 0 : 32);
}

/// Two products of the least i16 are 2^31, which is -2^31.
TEST_P(Factors, LargestSumsWrap) {
  const Array a{std::vector<char>(64 * 64 * 2, 0), {}};
  Array least = a;
  for (size_t i = 1; i < least.bytes.size(); i += 2)
    least.bytes[i] = char(0x80);
  const auto y =
      results(kernelOf({64, 64, 64}, i16, i16), options(), least, least);
  for (double value : y)
    ASSERT_EQ(value, 5);
}

/// Widened or gathered beforehand, the sums fill the registers, and no more.
TEST(FactorsAssembly, NoSpills) {
  const struct {
    const char *level;
    Type type;
    const char *multiply;
  } cases[] = {
      {"x86-64-v3", bf16, "vfmadd"},       {"x86-64-v3", f16, "vfmadd"},
      {"x86-64-v3", f64, "vfmadd"},        {"x86-64-v3", i8, "vpmaddwd"},
      {"x86-64-v4", bf16, "vfmadd"},       {"x86-64-v4", f16, "vfmadd"},
      {"x86-64-v4", f64, "vfmadd"},        {"x86-64-v4", i8, "vpmaddwd"},
      {"icelake-server", i8, "vpdpbusd"},  {"icelake-server", u8, "vpdpbusd"},
      {"icelake-server", i16, "vpdpwssd"}, {"icelake-server", bf16, "vfmadd"},
      {"znver4", i8, "vpdpbusd"},          {"znver4", bf16, "vdpbf16ps"}};
  for (const auto &[level, type, multiply] : cases)
    for (bool transposed : {false, true})
      for (int64_t n : {100, 1000}) {
        Options options{.levels = {level}};
        options.emit = Emit::Assembly;
        auto artefact = compileText(
            kernelOf({300, n, 400, false, transposed}, type, type).text(),
            options);
        ASSERT_TRUE(mlir::succeeded(artefact));
        const auto hot = hotBlocksOf(
            {artefact->bytes.data(), artefact->bytes.size()},
            level == std::string("x86-64-v3") ? "%ymm" : "%zmm", multiply);
        EXPECT_GT(hot.count, 0) << level << " " << type.name << " " << n;
        EXPECT_EQ(hot.spills, 0)
            << level << " " << type.name << " " << n << " " << transposed;
      }
}

} // namespace
