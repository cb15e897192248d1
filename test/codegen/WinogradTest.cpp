//===- WinogradTest.cpp - 3x3 convolutions by transforms ------------------===//
//
// Values against a plain loop in f64, within the bound of docs/accuracy.md:
// over sizes with tiles on the edge, blocks of rows and of images, another
// layout of the operands, with and without what follows in the kernel.
//
//===----------------------------------------------------------------------===//
#include "Kernel.h"

#include <cmath>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

struct Shape {
  int64_t images, channels, results, height, width;
  /// Weights are channels x results and read from the last to the first, as by
  /// a gradient with respect to images.
  bool turned = false;
};

std::string tensor(std::vector<int64_t> shape) {
  return Operand{std::move(shape), ""}.tensor();
}

/// An entry: the convolution, and with `follows` a bias, a residual and ReLU in
/// its kernel. `last`: channels are the last dimension of images and results.
std::string program(const Shape &s, bool follows, bool last = false) {
  auto image = [&](int64_t c, int64_t h, int64_t w) {
    return last ? tensor({s.images, h, w, c}) : tensor({s.images, c, h, w});
  };
  const std::string x = image(s.channels, s.height + 2, s.width + 2),
                    w = s.turned ? tensor({s.channels, s.results, 3, 3})
                                 : tensor({s.results, s.channels, 3, 3}),
                    y = image(s.results, s.height, s.width),
                    bias = tensor({s.results});
  const std::string xAt = last ? "d0, d2 + d5, d3 + d6, d4"
                               : "d0, d4, d2 + d5, d3 + d6",
                    wAt = s.turned ? "d4, d1, -d5 + 2, -d6 + 2"
                                   : "d1, d4, d5, d6",
                    yAt = last ? "d0, d2, d3, d1" : "d0, d1, d2, d3";
  const std::string loops = "affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (";
  auto argument = [](const std::string &name, const std::string &type) {
    return "%" + name + ": " + type + " {mg.dtype = \"f32\", mg.name = \"" +
           name + "\"}";
  };
  std::string text =
      "module attributes {mg.name = \"k\"} {\nfunc.func @f(" +
      argument("x", x) + ", " + argument("w", w) + ", " + argument("b", bias) +
      ", " + argument("r", y) + ") -> (" + y +
      " {mg.dtype = \"f32\", mg.name = \"y\"}) attributes {mg.entry} {\n"
      "%zero = arith.constant 0.0 : f32\n%e = tensor.empty() : " +
      y +
      "\n%z = linalg.fill {mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1, "
      "2, 3>} ins(%zero : f32) outs(%e : " +
      y + ") -> " + y +
      "\n%window = tensor.empty() : tensor<3x3xf32>"
      "\n%c = linalg.generic {indexing_maps = [" +
      loops + xAt + ")>, " + loops + wAt + ")>, " +
      (s.turned ? loops + "d5, d6)>, " : "") + loops + yAt +
      ")>], iterator_types = [\"parallel\", \"parallel\", \"parallel\", "
      "\"parallel\", \"reduction\", \"reduction\", \"reduction\"]} ins(%x, %w" +
      (s.turned ? ", %window : " : " : ") + x + ", " + w +
      (s.turned ? ", tensor<3x3xf32>" : "") + ") outs(%z : " + y +
      ") attrs = {mg.contraction, mg.kernel = 0 : i64, mg.rows = array<i64: 0, "
      "1, 2, 3>} {\n^bb0(%p: f32, %q: f32, " +
      (s.turned ? "%unread: f32, " : "") +
      "%s: f32):\n%m = arith.mulf %p, %q "
      ": f32\n%a = arith.addf %s, %m : f32\nlinalg.yield %a : f32\n} -> " +
      y + "\n";
  if (!follows)
    return text + "return %c : " + y + "\n}\n}\n";
  const std::string at = "affine_map<(d0, d1, d2, d3) -> (" + yAt + ")>";
  return text + "%e1 = tensor.empty() : " + y +
         "\n%n = linalg.generic {indexing_maps = [" + at +
         ", affine_map<(d0, d1, d2, d3) -> (d1)>, " + at + ", " + at +
         "], iterator_types = [\"parallel\", \"parallel\", \"parallel\", "
         "\"parallel\"]} ins(%c, %b, %r : " +
         y + ", " + bias + ", " + y + ") outs(%e1 : " + y +
         ") attrs = {mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1, 2, 3>} "
         "{\n^bb0(%p: f32, %q: f32, %r1: f32, %o: f32):\n%m = arith.addf %p, "
         "%q : f32\n%a = arith.addf %m, %r1 : f32\n%t = arith.maximumf %a, "
         "%zero : f32\nlinalg.yield %t : f32\n} -> " +
         y + "\nreturn %n : " + y + "\n}\n}\n";
}

/// Compares with sums in f64. The bound is that of a sum of products, with all
/// sixteen inputs of a tile in place of a result's nine.
class Winograd : public testing::TestWithParam<std::string> {
protected:
  void check(const Shape &s, bool follows, bool last = false) {
    const Options options{.levels = {GetParam()}};
    const Compiled compiled(program(s, follows, last), options);
    ASSERT_TRUE(compiled);
    const int64_t count = s.images * s.results * s.height * s.width;
    const auto x = normal(
                   s.images * s.channels * (s.height + 2) * (s.width + 2), 1),
               w = normal(s.results * s.channels * 9, 2),
               bias = normal(s.results, 3), residual = normal(count, 4);
    std::vector<float> y(count, NAN);
    ASSERT_EQ(compiled.call({x.data(), w.data(), bias.data(), residual.data()},
                            {y.data()}),
              0);
    auto at = [&](int64_t n, int64_t c, int64_t i, int64_t j, int64_t channels,
                  int64_t height, int64_t width) {
      return last ? ((n * height + i) * width + j) * channels + c
                  : ((n * channels + c) * height + i) * width + j;
    };
    for (int64_t n = 0; n < s.images; ++n)
      for (int64_t k = 0; k < s.results; ++k)
        for (int64_t i = 0; i < s.height; ++i)
          for (int64_t j = 0; j < s.width; ++j) {
            double want = 0, size = 0;
            for (int64_t c = 0; c < s.channels; ++c)
              for (int64_t l = 0; l < 9; ++l) {
                const int64_t weight = s.turned
                                           ? (c * s.results + k) * 9 + 8 - l
                                           : (k * s.channels + c) * 9 + l;
                const double product =
                    double(w[weight]) *
                    x[at(n, c, i + l / 3, j + l % 3, s.channels, s.height + 2,
                         s.width + 2)];
                want += product;
                size += std::abs(product);
              }
            const int64_t place = at(n, k, i, j, s.results, s.height, s.width);
            if (follows)
              want = std::max(0.0, want + bias[k] + residual[place]);
            ASSERT_LE(std::abs(y[place] - want),
                      (9 * s.channels + 8) * 0x1p-24 * (size + 4))
                << "at " << n << " " << k << " " << i << " " << j;
          }
  }
};

TEST_P(Winograd, Values) {
  check({1, 64, 64, 12, 12}, true);
  check({2, 64, 65, 13, 9}, false);
  check({2, 64, 80, 7, 30}, true);
}

TEST_P(Winograd, ChannelsLast) { check({2, 64, 72, 10, 14}, true, true); }

TEST_P(Winograd, TurnedWeights) {
  check({1, 64, 72, 12, 12, true}, true);
  check({2, 72, 64, 13, 10, true}, false);
}

/// Too few channels, and a size of one.
TEST_P(Winograd, SumsOfProducts) {
  check({2, 3, 8, 9, 10}, true);
  check({1, 64, 64, 1, 1}, true);
}

INSTANTIATE_TEST_SUITE_P(Levels, Winograd, testing::ValuesIn(levelsHere()),
                         levelTestName);

/// Products on the way to a level, as text.
std::string vectorsOf(const Shape &shape, bool winograd) {
  Options options{.levels = {"x86-64-v4"}};
  options.emit = Emit::Assembly;
  options.winograd = winograd;
  auto artefact = compileText(program(shape, true), options);
  EXPECT_TRUE(mlir::succeeded(artefact));
  return {artefact->bytes.begin(), artefact->bytes.end()};
}

/// It is chosen where channels are many, and by no one who does not want it.
TEST(WinogradChoice, ManyChannels) {
  const Shape many{1, 64, 64, 28, 28}, few{1, 8, 8, 28, 28},
      tiny{1, 512, 512, 2, 2};
  EXPECT_NE(vectorsOf(many, true), vectorsOf(many, false));
  Shape turned = many;
  turned.turned = true;
  EXPECT_NE(vectorsOf(turned, true), vectorsOf(turned, false));
  EXPECT_EQ(vectorsOf(few, true), vectorsOf(few, false));
  EXPECT_EQ(vectorsOf(tiny, true), vectorsOf(tiny, false));
}

} // namespace
