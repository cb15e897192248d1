// Vector code against plain loops: lengths around the vector's, transposed,
// reversed and broadcast operands, every level; sums with the same bits for all
// levels and threads, and within the promised error.
#include "HotBlocks.h"
#include "Kernel.h"

#include <cmath>
#include <random>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

class Vectorize : public testing::TestWithParam<std::string> {
protected:
  Options options() const { return {.levels = {GetParam()}}; }
};
INSTANTIATE_TEST_SUITE_P(Codegen, Vectorize, testing::ValuesIn(levelsHere()),
                         levelTestName);

/// 3 * 16 + 1 is the longest odd tail of the widest level.
const int64_t lengths[] = {0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 49, 64, 65};

std::vector<float> noise(int64_t n, uint32_t seed = 1) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> values(-1, 1);
  std::vector<float> x(n);
  for (float &v : x)
    v = values(engine);
  return x;
}

template <class T>
std::vector<T> run(const Kernel &kernel, const Options &options,
                   std::vector<const void *> inputs, mg_pool *pool = nullptr) {
  const Compiled compiled(kernel.text(), options);
  std::vector<T> y(kernel.output.count(), T(99));
  EXPECT_TRUE(compiled) << kernel.text();
  if (compiled)
    EXPECT_EQ(compiled.call(inputs, {y.data()}, {}, 0, pool), 0);
  return y;
}

constexpr const char *scaleAdd = R"(
  %p = arith.mulf %a0, %a1 : f32
  %s = arith.addf %p, %a2 : f32
  linalg.yield %s : f32)";

TEST_P(Vectorize, TransposedReversedAndBroadcast) {
  for (int64_t m : {1, 3, 17})
    for (int64_t n : lengths) {
      if (n == 0)
        continue; // a reversed map of no element is refused by linalg
      const Kernel kernel{
          .inputs = {{{n, m}, "d1, d0"},
                     {{m, n}, "d0, -d1 + " + std::to_string(n - 1)},
                     {{n}, "d1"}},
          .output = {{m, n}, "d0, d1"},
          .loops = "pp",
          .body = scaleAdd};
      const auto a = noise(m * n), b = noise(m * n, 2), c = noise(n, 3);
      const auto y =
          run<float>(kernel, options(), {a.data(), b.data(), c.data()});
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j)
          ASSERT_EQ(y[i * n + j], a[j * m + i] * b[i * n + n - 1 - j] + c[j])
              << m << "x" << n << " at " << i << "," << j;
    }
}

/// As the phases of a transposed convolution are: rows of one operand are
/// neighbours in the output, which is written by whole vectors where they are
/// two or four.
TEST_P(Vectorize, InterleavedRows) {
  for (int64_t phases : {2, 3, 4, 8})
    for (int64_t n : lengths) {
      const Operand rows{{5, phases, n}, "d0, d1, d2"};
      const Kernel kernel{.inputs = {rows, {{phases}, "d1"}},
                          .output = {{5, n, phases}, "d0, d2, d1"},
                          .loops = "ppp",
                          .body = R"(
  %s = arith.addf %a0, %a1 : f32
  linalg.yield %s : f32)"};
      const auto x = noise(rows.count()), each = noise(phases, 2);
      const auto y = run<float>(kernel, options(), {x.data(), each.data()});
      for (int64_t i = 0, e = y.size(); i < e; ++i) {
        const int64_t phase = i % phases, column = i / phases % n,
                      row = i / phases / n;
        ASSERT_EQ(y[i], x[(row * phases + phase) * n + column] + each[phase])
            << phases << " phases of " << n << " at " << i;
      }
    }
}

TEST_P(Vectorize, InterleavedBytes) {
  for (int64_t n : lengths) {
    const Kernel kernel{.inputs = {{{4, n}, "d0, d1", "i8"}},
                        .output = {{n, 4}, "d1, d0", "i8"},
                        .loops = "pp",
                        .body = "\nlinalg.yield %a0 : i8",
                        .init = "0"};
    std::vector<int8_t> x(4 * n);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = i * 7;
    const auto y = run<int8_t>(kernel, options(), {x.data()});
    for (int64_t i = 0; i < 4 * n; ++i)
      ASSERT_EQ(y[i], x[i % 4 * n + i / 4]) << n << " at " << i;
  }
}

TEST_P(Vectorize, EmptyLoopsKeepTheFill) {
  const Kernel sum{.inputs = {{{5, 0}, "d0, d1"}},
                   .output = {{5}, "d0"},
                   .loops = "pr",
                   .body = "%s = arith.addf %acc, %a0 : f32\n"
                           "linalg.yield %s : f32",
                   .init = "7.0"};
  const float none = 0;
  EXPECT_EQ(run<float>(sum, options(), {&none}), std::vector<float>(5, 7));
}

TEST_P(Vectorize, IndicesAndGathers) {
  for (int64_t n : {1, 5, 16, 37}) {
    const Kernel kernel{.inputs = {{{n}, "d0", "i32"}},
                        .output = {{n}, "d0", "i64"},
                        .loops = "p",
                        .body = R"(
      %d = linalg.index 0 : index
      %i = arith.index_cast %d : index to i64
      %v = tensor.extract %x0[%d] : tensor<)" +
                                std::to_string(n) + R"(xi32>
      %w = arith.extsi %v : i32 to i64
      %k = arith.extsi %a0 : i32 to i64
      %s = arith.muli %i, %w : i64
      %t = arith.addi %s, %k : i64
      linalg.yield %t : i64)",
                        .init = "0"};
    std::vector<int32_t> x(n);
    for (int64_t i = 0; i < n; ++i)
      x[i] = int32_t(i * i - 7);
    const auto y = run<int64_t>(kernel, options(), {x.data()});
    for (int64_t i = 0; i < n; ++i)
      ASSERT_EQ(y[i], i * x[i] + x[i]) << n;
  }
}

TEST_P(Vectorize, BytesUseWholeVectors) {
  for (int64_t n : {1, 63, 64, 65, 200}) {
    const Kernel kernel{.inputs = {{{n}, "d0", "i8"}, {{n}, "d0", "i8"}},
                        .output = {{n}, "d0", "i8"},
                        .loops = "p",
                        .body = R"(
      %s = arith.addi %a0, %a1 : i8
      %m = arith.maxsi %s, %a0 : i8
      linalg.yield %m : i8)",
                        .init = "0"};
    std::vector<int8_t> a(n), b(n);
    for (int64_t i = 0; i < n; ++i) {
      a[i] = int8_t(i * 3);
      b[i] = int8_t(i * 5);
    }
    const auto y = run<int8_t>(kernel, options(), {a.data(), b.data()});
    for (int64_t i = 0; i < n; ++i)
      ASSERT_EQ(y[i], std::max(int8_t(a[i] + b[i]), a[i])) << n;
  }
}

/// A recurrence: a reduction whose steps cannot be
/// reordered.
TEST_P(Vectorize, ReductionInOrder) {
  const int64_t m = 19, n = 33;
  const Kernel kernel{.inputs = {{{m, n}, "d0, d1"}},
                      .output = {{m}, "d0"},
                      .loops = "pr",
                      .body = R"(
    %half = arith.constant 0.5 : f32
    %h = arith.mulf %acc, %half : f32
    %s = arith.addf %h, %a0 : f32
    linalg.yield %s : f32)"};
  const auto x = noise(m * n);
  const auto y = run<float>(kernel, options(), {x.data()});
  for (int64_t i = 0; i < m; ++i) {
    float want = 0;
    for (int64_t j = 0; j < n; ++j)
      want = want * 0.5f + x[i * n + j];
    ASSERT_EQ(y[i], want) << i;
  }
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

constexpr const char *add = "%s = arith.addf %acc, %a0 : f32\n"
                            "linalg.yield %s : f32";

struct Sum {
  std::vector<int64_t> shape;
  std::string loops;
};

/// Loops named p stay.
Kernel sumOf(const Sum &sum, const char *body = add) {
  Kernel kernel{.inputs = {{sum.shape, ""}}, .loops = sum.loops, .body = body};
  for (size_t d = 0; d < sum.shape.size(); ++d) {
    const std::string dim = "d" + std::to_string(d);
    kernel.inputs[0].map += (d ? ", " : "") + dim;
    if (sum.loops[d] == 'p') {
      kernel.output.map += (kernel.output.map.empty() ? "" : ", ") + dim;
      kernel.output.shape.push_back(sum.shape[d]);
    }
  }
  return kernel;
}

/// The sums of x and of its absolute values, in double.
void plainSums(const Sum &sum, const std::vector<float> &x,
               std::vector<double> &sums, std::vector<double> &sizes) {
  for (size_t i = 0; i < x.size(); ++i) {
    size_t at = 0, rest = i, scale = 1;
    for (size_t d = sum.shape.size(); d-- > 0; rest /= sum.shape[d])
      if (sum.loops[d] == 'p') {
        at += rest % sum.shape[d] * scale;
        scale *= sum.shape[d];
      }
    sums[at] += x[i];
    sizes[at] += std::abs(x[i]);
  }
}

const Sum sums[] = {{{1}, "r"},
                    {{17}, "r"},
                    {{65}, "r"},
                    {{513}, "r"},
                    {{1000003}, "r"},
                    {{7, 1100}, "pr"},
                    {{1100, 7}, "rp"},
                    {{3000, 130}, "rp"},
                    {{40, 30, 50}, "rpr"},
                    {{40, 30, 50}, "prp"},
                    {{6, 9, 5, 7}, "rprp"},
                    {{2, 200000}, "pr"},
                    {{200001, 2}, "rp"},
                    {{9, 3, 3}, "prr"}};

TEST(Sums, WithinTheBoundWithTheSameBitsEverywhere) {
  std::unique_ptr<mg_pool, void (*)(mg_pool *)> pool(mg_pool_create(3),
                                                     mg_pool_destroy);
  for (const Sum &sum : sums) {
    const Kernel kernel = sumOf(sum);
    const auto x = noise(kernel.inputs[0].count());
    const int64_t results = kernel.output.count();
    std::vector<double> want(results), sizes(results);
    plainSums(sum, x, want, sizes);
    const double n = double(x.size()) / double(results);

    std::vector<float> first;
    for (const std::string &level : levelsHere())
      for (mg_pool *threads : {(mg_pool *)nullptr, pool.get()}) {
        const auto y =
            run<float>(kernel, {.levels = {level}}, {x.data()}, threads);
        for (int64_t i = 0; i < results; ++i)
          ASSERT_LE(std::abs(y[i] - want[i]),
                    (std::ceil(std::log2(n)) + 8) * 0x1p-24 * sizes[i])
              << kernel.text() << level;
        if (first.empty())
          first = y;
        ASSERT_EQ(0, memcmp(first.data(), y.data(), y.size() * 4))
            << kernel.text() << level;
      }
  }
}

/// All of one sign and size: an order that drifts is seen at once.
TEST(Sums, ManyEqualNumbersStayExact) {
  const int64_t n = 1 << 22;
  const std::vector<float> x(n, 0.1f);
  const auto y = run<float>(sumOf({{n}, "r"}), {}, {x.data()});
  EXPECT_NEAR(y[0], double(0.1f) * n, 30 * 0x1p-24 * double(0.1f) * n);
}

TEST_P(Vectorize, MaximumKeepsNaN) {
  Kernel kernel = sumOf({{5, 77}, "pr"}, "%s = arith.maximumf %acc, %a0 : f32\n"
                                         "linalg.yield %s : f32");
  kernel.init = "0xFF800000";
  auto x = noise(5 * 77);
  x[2 * 77 + 76] = NAN;
  const auto y = run<float>(kernel, options(), {x.data()});
  for (int64_t i = 0; i < 5; ++i) {
    const auto row = x.begin() + i * 77;
    if (i == 2)
      EXPECT_TRUE(std::isnan(y[i]));
    else
      EXPECT_EQ(y[i], *std::max_element(row, row + 77));
  }
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

constexpr const char *multiplyAdd = R"(
  %p = arith.mulf %a0, %a1 : f32
  %s = arith.addf %acc, %p : f32
  linalg.yield %s : f32)";

struct Dot {
  int64_t m, n, k;
  bool lhsTransposed, rhsTransposed;
};

void checkDot(const Dot &dot, const Options &options) {
  const auto [m, n, k, ta, tb] = dot;
  const Kernel kernel{.inputs = {{ta ? std::vector{k, m} : std::vector{m, k},
                                  ta ? "d2, d0" : "d0, d2"},
                                 {tb ? std::vector{n, k} : std::vector{k, n},
                                  tb ? "d1, d2" : "d2, d1"}},
                      .output = {{m, n}, "d0, d1"},
                      .loops = "ppr",
                      .body = multiplyAdd,
                      .attributes = "mg.contraction"};
  const auto a = noise(m * k), b = noise(k * n, 2);
  const auto y = run<float>(kernel, options, {a.data(), b.data()});
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double want = 0, size = 0;
      for (int64_t l = 0; l < k; ++l) {
        const double product = double(a[ta ? l * m + i : i * k + l]) *
                               b[tb ? j * k + l : l * n + j];
        want += product;
        size += std::abs(product);
      }
      ASSERT_LE(std::abs(y[i * n + j] - want), (k + 8) * 0x1p-24 * size)
          << m << "x" << n << "x" << k << (ta ? "t" : "") << (tb ? " t" : "");
    }
}

TEST_P(Vectorize, Dots) {
  for (bool ta : {false, true})
    for (bool tb : {false, true})
      for (const auto &[m, n, k] : {std::tuple{1, 1, 1},
                                    {1, 100, 33},
                                    {9, 17, 1},
                                    {13, 50, 70},
                                    {33, 130, 65},
                                    {70, 3, 40},
                                    {130, 64, 128},
                                    {5, 7, 0}})
        checkDot({m, n, k, ta, tb}, options());
}

/// Sums in parts side by side, with steps left over, of rows and columns that
/// fill no tile.
TEST_P(Vectorize, DotsOfFewResults) {
  for (const auto &[m, n, k] : {std::tuple{1, 8, 1031},
                                {1, 10, 77},
                                {1, 64, 19},
                                {2, 17, 39},
                                {3, 16, 100},
                                {4, 10, 8191}})
    checkDot({m, n, k, false, false}, options());
}

/// Large enough for panels of the right operand, a transposed one always has.
TEST_P(Vectorize, PackedDots) {
  checkDot({40, 600, 130, false, false}, options());
  checkDot({50, 130, 300, true, true}, options());
}

/// Tiles of a panel copy the next one, as threads do with panels of their own:
/// steps that are more, fewer, and no multiple of what all tiles have pieces.
/// The sums are those of any number of threads, to the bit.
TEST_P(Vectorize, DotsThatCopyAhead) {
  std::unique_ptr<mg_pool, void (*)(mg_pool *)> pool(mg_pool_create(3),
                                                     mg_pool_destroy);
  for (const auto &[m, n, k] :
       {std::tuple{301, 1999, 140}, {290, 515, 601}, {523, 1100, 257}}) {
    checkDot({m, n, k, false, false}, options());
    const auto a = noise(m * k), b = noise(k * n, 2);
    const Kernel kernel{.inputs = {{{m, k}, "d0, d2"}, {{k, n}, "d2, d1"}},
                        .output = {{m, n}, "d0, d1"},
                        .loops = "ppr",
                        .body = multiplyAdd,
                        .attributes = "mg.contraction"};
    EXPECT_EQ(run<float>(kernel, options(), {a.data(), b.data()}),
              run<float>(kernel, options(), {a.data(), b.data()}, pool.get()));
  }
}

/// A right operand that no cache holds is read where it lies by few tiles; the
/// left one's next rows are asked for where it is large. Neither is a whole
/// number of tiles.
TEST_P(Vectorize, DotsThatReadAhead) {
  checkDot({50, 3001, 130, false, false}, options());
  checkDot({5, 9000, 70, false, false}, options());
  checkDot({333, 207, 500, false, false}, options());
  checkDot({35, 1000, 300, false, true}, options());
}

/// Short sums into a result that no cache holds: its tiles follow each other
/// along the rows. Neither rows nor columns fill them.
TEST_P(Vectorize, DotsAlongRows) {
  checkDot({101, 4001, 20, false, false}, options());
  checkDot({403, 1003, 17, true, false}, options());
}

/// A transposed left operand whose rows are a page apart is copied into tiles;
/// the last rows fill none. The sums are those of its transpose, to the bit.
TEST_P(Vectorize, RowsInTiles) {
  for (const auto &[m, n, k] : {std::tuple{1031, 300, 70}, {1040, 514, 131}}) {
    checkDot({m, n, k, true, false}, options());
    const auto a = noise(m * k), b = noise(k * n, 2);
    std::vector<float> turned(m * k);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t l = 0; l < k; ++l)
        turned[i * k + l] = a[l * m + i];
    Kernel kernel{.inputs = {{{k, m}, "d2, d0"}, {{k, n}, "d2, d1"}},
                  .output = {{m, n}, "d0, d1"},
                  .loops = "ppr",
                  .body = multiplyAdd,
                  .attributes = "mg.contraction"};
    const auto y = run<float>(kernel, options(), {a.data(), b.data()});
    kernel.inputs[0] = {{m, k}, "d0, d2"};
    EXPECT_EQ(y, run<float>(kernel, options(), {turned.data(), b.data()}));
  }
}

/// As above, in images: a batch, two loops of sums, and columns that two loops
/// count.
TEST_P(Vectorize, RowsInTilesOfABatch) {
  const int64_t images = 2, m = 40, n = 97, h = 11, w = 9, parts = 3;
  const Kernel kernel{
      .inputs = {{{images, h, w, 1, m * 32}, "d0, d4, d5, 0, d1"},
                 {{h, parts, w, n}, "d4, d2, d5, d3"}},
      .output = {{images, parts, m * 32, n}, "d0, d2, d1, d3"},
      .loops = "pppprr",
      .body = multiplyAdd,
      .attributes = "mg.contraction"};
  const int64_t rows = m * 32;
  const auto a = noise(images * h * w * rows), b = noise(h * parts * w * n, 2);
  const auto y = run<float>(kernel, options(), {a.data(), b.data()});
  for (int64_t i = 0; i < images * parts * rows * n; i += 7) {
    const int64_t column = i % n, row = i / n % rows,
                  part = i / n / rows % parts, image = i / n / rows / parts;
    double want = 0;
    for (int64_t l = 0; l < h * w; ++l)
      want += double(a[(image * h * w + l) * rows + row]) *
              b[((l / w * parts + part) * w + l % w) * n + column];
    ASSERT_NEAR(y[i], want, 2e-5) << "at " << i;
  }
}

/// Every second pixel of every second row, as the gradient of a convolution's
/// weights reads them: to the bit the sums of these pixels alone.
TEST_P(Vectorize, SparseRowsInTiles) {
  const int64_t images = 2, m = 130, n = 517, h = 28, w = 29;
  Kernel kernel{
      .inputs = {{{images, m, 2 * h, 2 * w}, "d2, d0, d3 * 2, d4 * 2"},
                 {{images, n, h, w}, "d2, d1, d3, d4"}},
      .output = {{n, m}, "d1, d0"},
      .loops = "pprrr",
      .body = multiplyAdd,
      .attributes = "mg.contraction"};
  const auto a = noise(images * m * 4 * h * w),
             b = noise(images * n * h * w, 2);
  std::vector<float> seen(images * m * h * w);
  for (int64_t i = 0; i < images * m * h * w; ++i)
    seen[i] = a[(i / w * 2) * 2 * w + i % w * 2];
  const auto y = run<float>(kernel, options(), {a.data(), b.data()});
  kernel.inputs[0] = {{images, m, h, w}, "d2, d0, d3, d4"};
  EXPECT_EQ(y, run<float>(kernel, options(), {seen.data(), b.data()}));
  for (int64_t i = 0; i < n * m; i += 97) {
    double want = 0;
    for (int64_t l = 0; l < images * h * w; ++l) {
      const int64_t image = l / (h * w), pixel = l % (h * w);
      want += double(seen[(image * m + i % m) * h * w + pixel]) *
              b[(image * n + i / m) * h * w + pixel];
    }
    ASSERT_NEAR(y[i], want, 1e-4) << "at " << i;
  }
}

/// Windows of images that no cache holds.
TEST_P(Vectorize, WindowsOfLargeImages) {
  const int64_t images = 3, c = 40, o = 70, h = 37, w = 41;
  const Kernel kernel{.inputs = {{{images, c, 2 * h + 1, 2 * w + 1},
                                  "d0, d4, d2 * 2 + d5, d3 * 2 + d6"},
                                 {{o, c, 3, 3}, "d1, d4, d5, d6"}},
                      .output = {{images, o, h, w}, "d0, d1, d2, d3"},
                      .loops = "pppprrr",
                      .body = multiplyAdd,
                      .attributes = "mg.contraction"};
  const int64_t rows = 2 * h + 1, columns = 2 * w + 1;
  const auto x = noise(images * c * rows * columns), f = noise(o * c * 9, 2);
  const auto y = run<float>(kernel, options(), {x.data(), f.data()});
  for (int64_t i = 0; i < images * o * h * w; i += 13) {
    const int64_t row = i / w % h, column = i % w, out = i / w / h % o,
                  image = i / w / h / o;
    double want = 0;
    for (int64_t l = 0; l < c * 9; ++l)
      want += double(f[out * c * 9 + l]) *
              x[((image * c + l / 9) * rows + 2 * row + l / 3 % 3) * columns +
                2 * column + l % 3];
    ASSERT_NEAR(y[i], want, 2e-5) << "at " << i;
  }
}

/// So long that all rows take a part of the reduction before the next one.
TEST_P(Vectorize, DotsInPasses) {
  checkDot({41, 70, 9001, false, false}, options());
  checkDot({33, 19, 12345, true, true}, options());
}

/// The gradient of a convolution's window, over three loops: the lanes run
/// across the result.
void checkWindowGradient(int64_t n, int64_t c, int64_t o, int64_t h, int64_t w,
                         const Options &options) {
  const Kernel kernel{
      .inputs = {{{n, o, h, w}, "d4, d0, d5, d6"},
                 {{n, c, h + 2, w + 2}, "d4, d1, d5 + d2, d6 + d3"}},
      .output = {{o, c, 3, 3}, "d0, d1, d2, d3"},
      .loops = "pppprrr",
      .body = multiplyAdd,
      .attributes = "mg.contraction"};
  const auto g = noise(n * o * h * w), x = noise(n * c * (h + 2) * (w + 2), 2);
  const auto y = run<float>(kernel, options, {g.data(), x.data()});
  for (int64_t i = 0; i < o * c * 9; ++i) {
    const int64_t in = i / 9 % c, out = i / 9 / c;
    double want = 0;
    for (int64_t l = 0; l < n * h * w; ++l) {
      const int64_t row = l / w % h, column = l % w, image = l / w / h;
      want += double(g[((image * o + out) * h + row) * w + column]) *
              x[((image * c + in) * (h + 2) + row + i / 3 % 3) * (w + 2) +
                column + i % 3];
    }
    ASSERT_NEAR(y[i], want, 2e-5) << "at " << i;
  }
}

/// Long sums; and short ones of many results, which are turned afterwards.
TEST_P(Vectorize, WindowGradient) {
  checkWindowGradient(9, 18, 37, 8, 6, options());
  checkWindowGradient(1, 41, 50, 7, 7, options());
  checkWindowGradient(2, 131, 35, 3, 5, options());
}

TEST_P(Vectorize, Convolution) {
  const int64_t c = 3, o = 5, h = 6;
  for (int64_t stride : {1, 2})
    for (int64_t w : {1, 7, 16, 35}) {
      const int64_t hin = h * stride + 2, win = w * stride + 2;
      const std::string s = std::to_string(stride);
      const Kernel kernel{
          .inputs = {{{c, hin, win},
                      "d3, d1 * " + s + " + d4, d2 * " + s + " + d5"},
                     {{o, c, 3, 3}, "d0, d3, d4, d5"}},
          .output = {{o, h, w}, "d0, d1, d2"},
          .loops = "ppprrr",
          .body = multiplyAdd,
          .attributes = "mg.contraction"};
      const auto x = noise(c * hin * win), f = noise(o * c * 9, 2);
      const auto y = run<float>(kernel, options(), {x.data(), f.data()});
      for (int64_t i = 0; i < o * h * w; ++i) {
        double want = 0;
        for (int64_t l = 0; l < c * 9; ++l)
          want += double(f[i / (h * w) * c * 9 + l]) *
                  x[(l / 9 * hin + i / w % h * stride + l / 3 % 3) * win +
                    i % w * stride + l % 3];
        ASSERT_NEAR(y[i], want, 4e-6) << w << " at " << i;
      }
    }
}

/// The accumulators of a product fill the registers, and no more.
TEST(Assembly, NoSpillsWhereProductsAreSummed) {
  for (const char *level : {"x86-64-v3", "x86-64-v4"})
    for (bool transposed : {false, true})
      for (int64_t n : {100, 256, 1000}) {
        const Kernel kernel{
            .inputs = {{{300, 400}, "d0, d2"},
                       {transposed ? std::vector{n, int64_t(400)}
                                   : std::vector{int64_t(400), n},
                        transposed ? "d1, d2" : "d2, d1"}},
            .output = {{300, n}, "d0, d1"},
            .loops = "ppr",
            .body = multiplyAdd,
            .attributes = "mg.contraction"};
        Options options{.levels = {level}};
        options.emit = Emit::Assembly;
        auto artefact = compileText(kernel.text(), options);
        ASSERT_TRUE(mlir::succeeded(artefact));
        const auto hot =
            hotBlocksOf({artefact->bytes.data(), artefact->bytes.size()},
                        level == std::string("x86-64-v4") ? "%zmm" : "%ymm");
        EXPECT_GT(hot.count, 0) << level << " " << n;
        EXPECT_EQ(hot.spills, 0) << level << " " << n << " " << transposed;
      }
}

} // namespace
