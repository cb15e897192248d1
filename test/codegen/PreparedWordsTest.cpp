// Weights of bytes and halves, in panels of words: the sums that integers have,
// for all levels alone and together, signed and unsigned, whatever does not
// divide.
#include "Kernel.h"
#include "Prepared.h"
#include "minigrad/status.h"

#include <cstring>
#include <random>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

/// y[m,n] = sum of x[m,k] * w[n,k], or a convolution of images whose channels
/// are innermost.
struct Sums {
  int64_t m, n, k;
  bool isLeftSigned = true, isRightSigned = true;
  /// Sides of the image and of the window; 0: no convolution.
  int64_t side = 0, window = 0;
  /// Of bf16 in place of bytes, which are whole numbers of few bits here, so
  /// that sums are exact, too.
  bool areHalves = false;
  /// w[k,n]; of no convolution.
  bool isTurned = false;

  std::string element() const { return areHalves ? "bf16" : "i8"; }
  std::string sum() const { return areHalves ? "f32" : "i32"; }
  size_t size() const { return areHalves ? 2 : 1; }

  Operand left() const {
    return side ? Operand{{m, side, side, k}, "b, h + i, w + j, c", element()}
                : Operand{{m, k}, "m, k", element()};
  }
  Operand right() const {
    return side       ? Operand{{n, window, window, k}, "o, i, j, c", element()}
           : isTurned ? Operand{{k, n}, "k, n", element()}
                      : Operand{{n, k}, "n, k", element()};
  }
  Operand result() const {
    const int64_t out = side - window + 1;
    return side ? Operand{{m, out, out, n}, "b, h, w, o", sum()}
                : Operand{{m, n}, "m, n", sum()};
  }
  std::string text() const;
  std::vector<int32_t> expected(const std::vector<uint8_t> &x,
                                const std::vector<uint8_t> &w) const;
};

std::string Sums::text() const {
  const auto map = [&](const Operand &operand) {
    return "affine_map<(" +
           std::string(side ? "b, h, w, o, i, j, c" : "m, n, k") + ") -> (" +
           operand.map + ")>";
  };
  const auto extend = [&](bool isSigned) {
    return std::string("arith.") + (areHalves  ? "extf"
                                    : isSigned ? "extsi"
                                               : "extui");
  };
  const std::string narrow = element(), wide = sum(), f = areHalves ? "f" : "i";
  const Operand x = left(), w = right(), y = result();
  const std::string p = "\"parallel\"", r = "\"reduction\"";
  return moduleOf(
      R"(
  func.func @run(%x: )" +
      x.tensor() + R"( {mg.name = "x", mg.dtype = ")" + narrow + R"("},
                 %w: )" +
      w.tensor() + R"( {mg.name = "w", mg.dtype = ")" + narrow +
      R"(", mg.weight})
      -> ()" +
      y.tensor() + R"( {mg.name = "y", mg.dtype = ")" + wide +
      R"("}) attributes {mg.entry} {
    %zero = arith.constant )" +
      (areHalves ? "0.0" : "0") + " : " + wide + R"(
    %empty = tensor.empty() : )" +
      y.tensor() + "\n    %init = linalg.fill ins(%zero : " + wide +
      ") outs(%empty : " + y.tensor() + ") -> " + y.tensor() +
      "\n    %y = linalg.generic {indexing_maps = [" + map(x) + ", " + map(w) +
      ", " + map(y) + "], iterator_types = [" +
      (side
           ? p + ", " + p + ", " + p + ", " + p + ", " + r + ", " + r + ", " + r
           : p + ", " + p + ", " + r) +
      R"(], mg.contraction}
        ins(%x, %w : )" +
      x.tensor() + ", " + w.tensor() + ") outs(%init : " + y.tensor() + R"() {
    ^bb0(%a: )" +
      narrow + ", %b: " + narrow + ", %s: " + wide + R"():
      %wa = )" +
      extend(isLeftSigned) + " %a : " + narrow + " to " + wide + R"(
      %wb = )" +
      extend(isRightSigned) + " %b : " + narrow + " to " + wide + R"(
      %p = arith.mul)" +
      f + " %wa, %wb : " + wide + R"(
      %t = arith.add)" +
      f + " %s, %p : " + wide + R"(
      linalg.yield %t : )" +
      wide + R"(
    } -> )" +
      y.tensor() + "\n    return %y : " + y.tensor() + "\n  }\n");
}

/// Sums modulo 2^32, element by element.
std::vector<int32_t> Sums::expected(const std::vector<uint8_t> &x,
                                    const std::vector<uint8_t> &w) const {
  const auto value = [](uint8_t byte, bool isSigned) {
    return uint32_t(isSigned ? int32_t(int8_t(byte)) : int32_t(byte));
  };
  const int64_t sides = side ? side : 1, taps = side ? window : 1,
                out = sides - taps + 1;
  std::vector<int32_t> y;
  for (int64_t b = 0; b < m; ++b)
    for (int64_t place = 0; place < out * out; ++place)
      for (int64_t o = 0; o < n; ++o) {
        uint32_t sum = 0;
        for (int64_t tap = 0; tap < taps * taps; ++tap) {
          const int64_t row = place / out + tap / taps,
                        column = place % out + tap % taps;
          for (int64_t c = 0; c < k; ++c)
            sum +=
                value(x[((b * sides + row) * sides + column) * k + c],
                      isLeftSigned) *
                value(w[isTurned ? c * n + o : (o * taps * taps + tap) * k + c],
                      isRightSigned);
        }
        y.push_back(int32_t(sum));
      }
  return y;
}

/// All bytes, the extremes more often than others; of halves -8 to 7.
std::vector<uint8_t> draw(const Sums &sums, int64_t count, int seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> bytes(count);
  for (uint8_t &byte : bytes) {
    const uint32_t bits = random();
    byte = bits >> 29 == 0 ? 0x80 : bits >> 29 == 1 ? 0xff : uint8_t(bits);
    if (sums.areHalves)
      byte = uint8_t(int8_t(byte) >> 4);
  }
  return bytes;
}

/// The numbers as they lie in memory.
std::vector<uint8_t> stored(const Sums &sums,
                            const std::vector<uint8_t> &numbers) {
  if (!sums.areHalves)
    return numbers;
  std::vector<uint8_t> memory;
  for (uint8_t number : numbers) {
    const float value = int8_t(number);
    uint8_t bytes[4];
    std::memcpy(bytes, &value, 4);
    memory.insert(memory.end(), {bytes[2], bytes[3]});
  }
  return memory;
}

/// What the panels give, of weights that `layOut` lays out.
std::vector<int32_t> run(const Sums &sums, const Compiled &layOut,
                         const Compiled &panels, const std::vector<uint8_t> &x,
                         const std::vector<uint8_t> &w) {
  std::vector<uint8_t> p(sums.size() * sizeOf(panels.model->weights[0]));
  const size_t count = sums.result().count();
  std::vector<int32_t> y(count, 77);
  std::vector<float> reals(count, 77);
  void *result = y.data();
  if (sums.areHalves)
    result = reals.data();
  EXPECT_EQ(layOut.call({stored(sums, w).data()}, {p.data()}), MG_OK);
  const std::vector<uint8_t> input = stored(sums, x);
  EXPECT_EQ(panels.call({input.data()}, {result}, {p.data()}), MG_OK);
  if (sums.areHalves)
    panels.expectThreadsChangeNoBit({input.data()}, {p.data()}, reals);
  else
    panels.expectThreadsChangeNoBit({input.data()}, {p.data()}, y);
  return sums.areHalves ? std::vector<int32_t>(reals.begin(), reals.end()) : y;
}

/// Elements of a word; 0: the weight stays as it is.
int64_t wordOf(Prepared &prepared) {
  if (!prepared.layOut)
    return 0;
  auto entry = *prepared.module->getOps<mlir::func::FuncOp>().begin();
  return mlir::cast<mlir::RankedTensorType>(entry.getArgumentTypes()[1])
      .getShape()
      .back();
}

/// Of whatever layout the weight has.
void checkSums(const Sums &sums, const std::vector<std::string> &levels) {
  SCOPED_TRACE(testing::Message()
               << sums.m << 'x' << sums.n << 'x' << sums.k << " signed "
               << sums.isLeftSigned << sums.isRightSigned);
  Options options;
  options.levels = levels;
  Prepared prepared(sums.text(), levels);
  ASSERT_TRUE(prepared.layOut);
  const Compiled panels(Prepared::textOf(*prepared.module), options),
      layOut(Prepared::textOf(*prepared.layOut), options);
  ASSERT_TRUE(panels && layOut);
  const auto x = draw(sums, sums.left().count(), 1),
             w = draw(sums, sums.right().count(), 2);
  EXPECT_EQ(run(sums, layOut, panels, x, w), sums.expected(x, w));
}

void check(const Sums &sums, const std::vector<std::string> &levels,
           int64_t word) {
  Prepared prepared(sums.text(), levels);
  ASSERT_EQ(wordOf(prepared), word);
  if (word)
    checkSums(sums, levels);
}

bool hasQuads(const std::string &level) {
  return level == "icelake-server" || level == "znver4";
}

class PreparedWords : public testing::TestWithParam<std::string> {
protected:
  std::vector<std::string> levels() const { return {GetParam()}; }
  int64_t word() const { return hasQuads(GetParam()) ? 4 : 2; }
};

TEST_P(PreparedWords, OfAllSigns) {
  for (bool left : {true, false})
    for (bool right : {true, false})
      check({7, 70, 64, left, right}, levels(), word());
}

TEST_P(PreparedWords, OfSizesThatNothingDivides) {
  for (int64_t m : {3, 31})
    for (int64_t n : {17, 131}) {
      check({m, n, 68}, levels(), word());
      check({m, n, 70}, levels(), 2); // no words of four
      check({m, n, 71}, levels(), 0);
    }
}

TEST_P(PreparedWords, OfALongSum) { check({20, 100, 8000}, levels(), word()); }

TEST_P(PreparedWords, OfAConvolution) {
  const int64_t quads = hasQuads(GetParam()) ? 4 : 0; // 2 x 25 rows
  check({2, 50, 20, true, true, 7, 3}, levels(), quads);
}

/// Two bytes are widened by each tile, four are not.
TEST_P(PreparedWords, OfManyRows) {
  check({70, 96, 64}, levels(), hasQuads(GetParam()) ? 4 : 0);
}

INSTANTIATE_TEST_SUITE_P(Levels, PreparedWords, testing::ValuesIn(levelsHere()),
                         levelTestName);

TEST(PreparedWordsOfLevels, AgreeOnTheirWords) {
  const Sums bytes{7, 70, 64};
  check(bytes, levelsHere(), 2);
  Prepared quads(bytes.text(), {"icelake-server", "znver4"}),
      mixed(bytes.text(), {"x86-64-v4", "icelake-server"}),
      other(bytes.text(), {"x86-64-v4", "aarch64"}), none(bytes.text());
  EXPECT_EQ(wordOf(quads), 4);
  EXPECT_EQ(wordOf(mixed), 2);
  EXPECT_EQ(wordOf(other), 0);
  EXPECT_EQ(wordOf(none), 0);
}

/// Where a level has no products of halves, they lie as for all others.
TEST(PreparedWordsOfLevels, OfHalvesAreOneLevels) {
  Sums halves{7, 70, 64};
  halves.areHalves = true;
  const std::string znver4 = "znver4", v4 = "x86-64-v4";
  const auto wordFor = [&](std::vector<std::string> levels) {
    Prepared prepared(halves.text(), levels);
    return wordOf(prepared);
  };
  EXPECT_EQ(wordFor({znver4}), 2);
  EXPECT_GT(wordFor({v4}), 2); // no word: the panel's width
  EXPECT_EQ(wordFor({v4, znver4}), wordFor({v4}));
}

/// Sums of odd length have no whole words: many rows let the kernel fill them
/// up in each call, few ones read panels of single halves.
TEST(PreparedWordsOfLevels, OfHalvesThatAreNotWhole) {
  const auto isLaidOut = [](Sums halves, std::vector<std::string> levels) {
    halves.areHalves = true;
    Prepared prepared(halves.text(), levels);
    return prepared.layOut.get() != nullptr;
  };
  const std::string znver4 = "znver4", v4 = "x86-64-v4";
  const Sums many{70, 70, 65}, few{7, 70, 65},
      image{1, 70, 3, true, true, 16, 7};
  EXPECT_FALSE(isLaidOut(many, {znver4}));
  EXPECT_FALSE(isLaidOut(image, {znver4}));
  EXPECT_TRUE(isLaidOut(few, {znver4}));
  for (const Sums &sums : {many, image}) {
    EXPECT_TRUE(isLaidOut(sums, {v4}));
    EXPECT_TRUE(isLaidOut(sums, {v4, znver4}));
  }
}

/// Few rows and many, sizes that nothing divides, a reduction in passes: in
/// pairs where the level multiplies these, else in panels of single halves.
TEST_P(PreparedWords, OfHalves) {
  const auto isRight = [&](Sums halves) {
    halves.areHalves = true;
    if (GetParam() == "znver4")
      check(halves, levels(), 2);
    else
      checkSums(halves, levels());
  };
  for (int64_t m : {3, 31, 130})
    for (int64_t n : {17, 131})
      isRight({m, n, 68});
  isRight({70, 100, 8002});
  isRight({2, 50, 20, true, true, 7, 3});
}

/// One row reads each word once, of few columns, too.
TEST_P(PreparedWords, OfAVector) {
  for (int64_t n : {20, 100, 330}) {
    Sums sums{1, n, 520};
    sums.isTurned = true;
    check(sums, levels(), word());
    sums.areHalves = true;
    if (GetParam() == "znver4")
      check(sums, levels(), 2);
    else if (n > 100) // single halves of fewer columns stay as they are
      checkSums(sums, levels());
  }
}

/// One that all levels read, but not as words.
TEST(PreparedWordsOfLevels, AreReadByOtherLevels) {
  const Sums bytes{7, 70, 64};
  Prepared prepared(bytes.text(), {"icelake-server"});
  ASSERT_EQ(wordOf(prepared), 4);
  const Compiled layOut(Prepared::textOf(*prepared.layOut));
  const auto x = draw(bytes, bytes.left().count(), 1),
             w = draw(bytes, bytes.right().count(), 2);
  for (const std::string &level : levelsHere()) {
    Options options;
    options.levels = {level};
    const Compiled panels(Prepared::textOf(*prepared.module), options);
    EXPECT_EQ(run(bytes, layOut, panels, x, w), bytes.expected(x, w)) << level;
  }
}

} // namespace
