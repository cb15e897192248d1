//===- FramesTest.cpp - images whose frame their reader makes -------------===//
//
// Convolutions of padded images against a plain loop in f64, by sums of
// products, by windows of single channels and by Winograd: frames of all
// widths, sizes with tiles on the edge, blocks of rows and of images, images
// that an op computes inside the frame; the same bits by any number of threads.
// And which padded arrays are cut into pieces.
//
//===----------------------------------------------------------------------===//
#include "Compiled.h"
#include "codegen/buffers/PaddedArray.h"

#include <cmath>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

struct Conv {
  int64_t images, channels, results; // 0 results: each channel its own
  int64_t height, width;
  int64_t window = 3, step = 1, dilation = 1;
  /// Of the frame: above, left, below, right.
  int64_t frame[4] = {1, 1, 1, 1};
  /// The image is the largest of x and 0, computed inside the frame.
  bool computed = false;

  int64_t rows() const { return height + frame[0] + frame[2]; }
  int64_t columns() const { return width + frame[1] + frame[3]; }
  int64_t along(int64_t extent) const {
    return (extent - (window - 1) * dilation - 1) / step + 1;
  }
  int64_t outputs() const { return results ? results : channels; }
};

std::string tensor(std::vector<int64_t> shape) {
  std::string text = "tensor<";
  for (int64_t extent : shape)
    text += std::to_string(extent) + "x";
  return text + "f32>";
}

std::string sizes(std::vector<int64_t> list) {
  std::string text;
  for (int64_t size : list)
    text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "[" + text + "]";
}

std::string loops(const std::string &indices, bool isDeep) {
  return "affine_map<(d0, d1, d2, d3, d4, d5" +
         std::string(isDeep ? ", d6" : "") + ") -> (" + indices + ")>";
}

/// y = max(conv(x inside a frame, w), 0), the last in the convolution's kernel.
std::string program(const Conv &c) {
  const bool isDeep = c.results;
  const std::string x = tensor({c.images, c.channels, c.height, c.width}),
                    p = tensor({c.images, c.channels, c.rows(), c.columns()}),
                    w = isDeep ? tensor({c.results, c.channels, c.window,
                                         c.window})
                               : tensor({c.channels, c.window, c.window}),
                    y = tensor({c.images, c.outputs(), c.along(c.rows()),
                                c.along(c.columns())});
  const std::string h = isDeep ? "d5" : "d4", v = isDeep ? "d6" : "d5";
  auto at = [&](const std::string &out, const std::string &tap) {
    return out + " * " + std::to_string(c.step) + " + " + tap + " * " +
           std::to_string(c.dilation);
  };
  auto argument = [](const std::string &name, const std::string &type) {
    return "%" + name + ": " + type + " {mg.dtype = \"f32\", mg.name = \"" +
           name + "\"}";
  };
  const std::string kernel = "mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1, "
                             "2, 3>",
                    rows = "\"parallel\", \"parallel\", \"parallel\", "
                           "\"parallel\"",
                    same = "affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>";
  auto largest = [&](const std::string &of, const std::string &type,
                     const std::string &attributes) {
    return "linalg.generic {indexing_maps = [" + same + ", " + same +
           "], iterator_types = [" + rows + "]} ins(" + of + " : " + type +
           ") outs(" + of + "e : " + type + ")" + attributes +
           " {\n^bb0(%p: f32, %o: f32):\n%m = arith.maximumf %p, %zero : "
           "f32\nlinalg.yield %m : f32\n} -> " +
           type + "\n";
  };
  std::string text =
      "module attributes {mg.name = \"k\"} {\nfunc.func @f(" +
      argument("x", x) + ", " + argument("w", w) + ") -> (" + y +
      " {mg.dtype = \"f32\", mg.name = \"y\"}) attributes {mg.entry} {\n"
      "%zero = arith.constant 0.0 : f32\n%pe = tensor.empty() : " +
      p + "\n%pz = linalg.fill ins(%zero : f32) outs(%pe : " + p + ") -> " + p +
      "\n";
  if (c.computed)
    text += "%xe = tensor.empty() : " + x + "\n%i = " + largest("%x", x, "");
  text +=
      "%padded = tensor.insert_slice " + std::string(c.computed ? "%i" : "%x") +
      " into %pz" + sizes({0, 0, c.frame[0], c.frame[1]}) +
      sizes({c.images, c.channels, c.height, c.width}) + sizes({1, 1, 1, 1}) +
      " : " + x + " into " + p + "\n%e = tensor.empty() : " + y +
      "\n%z = linalg.fill {" + kernel + "} ins(%zero : f32) outs(%e : " + y +
      ") -> " + y + "\n%c = linalg.generic {indexing_maps = [" +
      loops((isDeep ? "d0, d4, " : "d0, d1, ") + at("d2", h) + ", " +
                at("d3", v),
            isDeep) +
      ", " + loops((isDeep ? "d1, d4, " : "d1, ") + h + ", " + v, isDeep) +
      ", " + loops("d0, d1, d2, d3", isDeep) + "], iterator_types = [" + rows +
      (isDeep ? ", \"reduction\"" : "") +
      ", \"reduction\", \"reduction\"]} ins(%padded, %w : " + p + ", " + w +
      ") outs(%z : " + y + ") attrs = {mg.contraction, " + kernel +
      "} {\n^bb0(%p0: f32, %q: f32, %s: f32):\n%m = arith.mulf %p0, %q : "
      "f32\n%a = arith.addf %s, %m : f32\nlinalg.yield %a : f32\n} -> " +
      y + "\n%ce = tensor.empty() : " + y +
      "\n%n = " + largest("%c", y, " attrs = {" + kernel + "}") +
      "return %n : " + y + "\n}\n}\n";
  return text;
}

/// The image, and zeros beyond it.
struct Image {
  const Conv &c;
  const std::vector<float> &x;

  double at(int64_t n, int64_t k, int64_t i, int64_t j) const {
    i -= c.frame[0];
    j -= c.frame[1];
    if (i < 0 || j < 0 || i >= c.height || j >= c.width)
      return 0;
    const double value = x[((n * c.channels + k) * c.height + i) * c.width + j];
    return c.computed ? std::max(value, 0.0) : value;
  }
};

class Frames : public testing::TestWithParam<std::string> {
protected:
  void check(const Conv &c, int threads = 3);
};

/// The bound is that of Winograd's tiles, which is the wider one.
void compare(const Conv &c, const std::vector<float> &x,
             const std::vector<float> &w, const std::vector<float> &y) {
  const Image image{c, x};
  const int64_t height = c.along(c.rows()), width = c.along(c.columns()),
                taps = c.window * c.window, depth = c.results ? c.channels : 1;
  for (int64_t place = 0; place < int64_t(y.size()); ++place) {
    const int64_t j = place % width, i = place / width % height,
                  k = place / width / height % c.outputs(),
                  n = place / width / height / c.outputs();
    double want = 0, size = 0;
    for (int64_t d = 0; d < depth; ++d)
      for (int64_t l = 0; l < taps; ++l) {
        const double product = double(w[(k * depth + d) * taps + l]) *
                               image.at(n, c.results ? d : k,
                                        i * c.step + l / c.window * c.dilation,
                                        j * c.step + l % c.window * c.dilation);
        want += product;
        size += std::abs(product);
      }
    ASSERT_LE(std::abs(y[place] - std::max(want, 0.0)),
              (9 * depth + 8) * 0x1p-24 * (size + 4))
        << "at " << n << " " << k << " " << i << " " << j;
  }
}

void Frames::check(const Conv &c, int threads) {
  const Compiled compiled(program(c), Options{.levels = {GetParam()}});
  ASSERT_TRUE(compiled);
  const auto x = normal(c.images * c.channels * c.height * c.width, 1),
             w = normal(c.outputs() * (c.results ? c.channels : 1) * c.window *
                            c.window,
                        2);
  const size_t count =
      c.images * c.outputs() * c.along(c.rows()) * c.along(c.columns());
  std::vector<float> alone(count, NAN), shared(count, NAN);
  EXPECT_EQ(compiled.call({x.data(), w.data()}, {alone.data()}), 0);
  compare(c, x, w, alone);
  mg_pool *pool = mg_pool_create(threads);
  EXPECT_EQ(compiled.call({x.data(), w.data()}, {shared.data()}, {}, 0, pool),
            0);
  mg_pool_destroy(pool);
  EXPECT_EQ(alone, shared) << "by " << threads << " threads";
}

TEST_P(Frames, Winograd) {
  check({1, 32, 40, 56, 56});
  check({3, 64, 64, 12, 14});
  check({1, 64, 64, 29, 31});
  check({4, 48, 64, 13, 10});
}

/// More than have memory of their own.
TEST_P(Frames, ManyThreads) { check({20, 32, 32, 12, 14}, 20); }

TEST_P(Frames, WinogradWithWideFrames) {
  check({1, 64, 64, 24, 20, 3, 1, 1, {5, 0, 3, 4}});
  check({2, 64, 64, 25, 19, 3, 1, 1, {0, 2, 11, 0}});
  check({1, 64, 64, 3, 5, 3, 1, 1, {40, 1, 40, 1}});
}

TEST_P(Frames, ComputedImages) {
  check({1, 64, 64, 28, 28, 3, 1, 1, {1, 1, 1, 1}, true});
  check({1, 160, 0, 30, 17, 3, 1, 1, {1, 1, 1, 1}, true});
  check({1, 40, 48, 30, 28, 3, 2, 1, {1, 1, 1, 1}, true});
}

TEST_P(Frames, SingleChannels) {
  check({2, 48, 0, 33, 40});
  check({1, 70, 0, 56, 56, 3, 2, 1, {0, 0, 1, 1}});
  check({1, 70, 0, 40, 41, 5, 1, 1, {2, 2, 2, 2}});
}

/// Channels that the first cache does not hold, in blocks of rows.
TEST_P(Frames, RowsOfSingleChannels) {
  check({1, 4, 0, 112, 112});
  check({2, 3, 0, 96, 120, 3, 2, 1, {0, 0, 1, 1}});
  check({1, 3, 0, 80, 130, 5, 1, 1, {2, 2, 2, 2}});
  check({1, 3, 0, 90, 90, 3, 1, 2, {2, 2, 2, 2}});
  check({1, 3, 0, 64, 150, 3, 1, 1, {7, 1, 9, 3}});
  check({1, 4, 0, 112, 110, 3, 1, 1, {1, 1, 1, 1}, true});
}

TEST_P(Frames, StepsAndDilation) {
  check({1, 64, 48, 28, 28, 3, 1, 2, {2, 2, 2, 2}});
  check({2, 40, 64, 56, 56, 3, 2});
  check({1, 40, 33, 57, 55, 3, 2, 1, {0, 1, 0, 1}});
  check({1, 24, 40, 61, 40, 5, 3, 1, {2, 2, 2, 2}});
}

INSTANTIATE_TEST_SUITE_P(Levels, Frames, testing::ValuesIn(levelsHere()),
                         levelTestName);

/// The dimensions along which an array inside a frame of 1 is cut for a sum of
/// products; none where it is not. `maps` are its image's, its other
/// factor's and its result's, over `loops`.
std::optional<std::vector<unsigned>>
walksOf(const std::string &loops, const std::string &kinds,
        std::vector<std::string> maps, std::vector<int64_t> image,
        std::vector<int64_t> factor, std::vector<int64_t> result) {
  std::vector<int64_t> middle = image;
  middle[2] -= 2, middle[3] -= 2;
  auto memory = [](const std::vector<int64_t> &shape) {
    return "memref" + tensor(shape).substr(6);
  };
  std::string iterators, places;
  for (char kind : kinds)
    iterators += std::string(iterators.empty() ? "" : ", ") +
                 (kind == 'p' ? "\"parallel\"" : "\"reduction\"");
  for (const std::string &map : maps)
    places += (places.empty() ? "" : ", ") + ("affine_map<(" + loops) +
              ") -> (" + map + ")>";
  const int64_t row = image[3], plane = image[2] * row;
  const std::string p = memory(image), w = memory(factor), y = memory(result),
                    x = memory(middle);
  const std::string part = x.substr(0, x.size() - 1) + ", strided<" +
                           sizes({image[1] * plane, plane, row, 1}) +
                           ", offset: " + std::to_string(row + 1) + ">>";
  const std::string text =
      "func.func @f(%x: " + x + ", %w: " + w + ", %y: " + y +
      ") {\n%zero = arith.constant 0.0 : f32\n%p = memref.alloc() : " + p +
      "\nlinalg.fill ins(%zero : f32) outs(%p : " + p +
      ")\n%m = memref.subview %p[0, 0, 1, 1] " + sizes(middle) +
      " [1, 1, 1, 1] : " + p + " to " + part + "\nmemref.copy %x, %m : " + x +
      " to " + part + "\nlinalg.generic {indexing_maps = [" + places +
      "], iterator_types = [" + iterators + "]} ins(%p, %w : " + p + ", " + w +
      ") outs(%y : " + y +
      ") attrs = {mg.contraction} {\n^bb0(%a: f32, %b: f32, %c: f32):\n%d = "
      "arith.mulf %a, %b : f32\n%e = arith.addf %c, %d : f32\nlinalg.yield %e "
      ": f32\n}\nreturn\n}\n";
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  std::optional<std::vector<unsigned>> dims;
  if (!module) {
    ADD_FAILURE() << text;
    return dims;
  }
  module->walk([&](mlir::memref::AllocOp alloc) {
    if (auto array = PaddedArray::match(alloc)) {
      dims.emplace();
      for (PaddedArray::Walk walk : array->walks)
        dims->push_back(walk.dim);
    }
  });
  return dims;
}

/// A window of each channel goes from channel to channel, and from image to
/// image where one is too large.
TEST(PaddedArray, Walks) {
  auto windows = [](int64_t images, int64_t channels, int64_t size) {
    return walksOf("d0, d1, d2, d3, d4, d5", "pppprr",
                   {"d0, d1, d2 + d4, d3 + d5", "d1, d4, d5", "d0, d1, d2, d3"},
                   {images, channels, size + 2, size + 2}, {channels, 3, 3},
                   {images, channels, size, size});
  };
  using Dims = std::vector<unsigned>;
  EXPECT_EQ(windows(1, 96, 110), Dims{1});
  EXPECT_EQ(windows(8, 4, 30), Dims{0});
  EXPECT_EQ(windows(8, 96, 110), (Dims{0, 1}));
  EXPECT_FALSE(windows(1, 4, 30)) << "small";
  EXPECT_FALSE(windows(1, 4, 300)) << "pieces that no cache holds";
}

/// The gradient of a window's weights: a channel is as many columns as the
/// window has taps, which is too few for tiles unless they are many.
TEST(PaddedArray, LeavesTiles) {
  auto gradient = [](int64_t taps) {
    const int64_t channels = 64, results = 32, size = 40;
    return walksOf(
        "d0, d1, d2, d3, d4, d5, d6", "pppprrr",
        {"d4, d1, d5 + d2, d6 + d3", "d4, d0, d5, d6", "d0, d1, d2, d3"},
        {1, channels, size + taps - 1, size + taps - 1},
        {1, results, size, size}, {results, channels, taps, taps});
  };
  EXPECT_FALSE(gradient(3));
  EXPECT_EQ(gradient(12), std::vector<unsigned>{1});
}

} // namespace
