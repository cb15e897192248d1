// Weights of bytes, in panels of words: the sums that integers have, for all
// levels alone and together, signed and unsigned, whatever does not divide.
#include "Kernel.h"
#include "Prepared.h"
#include "minigrad/status.h"

#include <random>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

/// y[m,n] = sum of x[m,k] * w[n,k], or a convolution of images whose channels
/// are innermost.
struct Bytes {
  int64_t m, n, k;
  bool isLeftSigned = true, isRightSigned = true;
  /// Sides of the image and of the window; 0: no convolution.
  int64_t side = 0, window = 0;

  Operand left() const {
    return side ? Operand{{m, side, side, k}, "b, h + i, w + j, c", "i8"}
                : Operand{{m, k}, "m, k", "i8"};
  }
  Operand right() const {
    return side ? Operand{{n, window, window, k}, "o, i, j, c", "i8"}
                : Operand{{n, k}, "n, k", "i8"};
  }
  Operand result() const {
    const int64_t out = side - window + 1;
    return side ? Operand{{m, out, out, n}, "b, h, w, o", "i32"}
                : Operand{{m, n}, "m, n", "i32"};
  }
  std::string text() const;
  std::vector<int32_t> expected(const std::vector<uint8_t> &x,
                                const std::vector<uint8_t> &w) const;
};

std::string Bytes::text() const {
  const auto map = [&](const Operand &operand) {
    return "affine_map<(" +
           std::string(side ? "b, h, w, o, i, j, c" : "m, n, k") + ") -> (" +
           operand.map + ")>";
  };
  const auto extend = [](bool isSigned) {
    return isSigned ? "arith.extsi" : "arith.extui";
  };
  const Operand x = left(), w = right(), y = result();
  const std::string p = "\"parallel\"", r = "\"reduction\"";
  return moduleOf(R"(
  func.func @run(%x: )" +
                  x.tensor() + R"( {mg.name = "x", mg.dtype = "i8"},
                 %w: )" +
                  w.tensor() +
                  R"( {mg.name = "w", mg.dtype = "i8", mg.weight})
      -> ()" + y.tensor() +
                  R"( {mg.name = "y", mg.dtype = "i32"}) attributes {mg.entry} {
    %zero = arith.constant 0 : i32
    %empty = tensor.empty() : )" +
                  y.tensor() +
                  "\n    %init = linalg.fill ins(%zero : i32) outs(%empty : " +
                  y.tensor() + ") -> " + y.tensor() +
                  "\n    %y = linalg.generic {indexing_maps = [" + map(x) +
                  ", " + map(w) + ", " + map(y) + "], iterator_types = [" +
                  (side ? p + ", " + p + ", " + p + ", " + p + ", " + r + ", " +
                              r + ", " + r
                        : p + ", " + p + ", " + r) +
                  R"(], mg.contraction}
        ins(%x, %w : )" +
                  x.tensor() + ", " + w.tensor() +
                  ") outs(%init : " + y.tensor() + R"() {
    ^bb0(%a: i8, %b: i8, %s: i32):
      %wa = )" + extend(isLeftSigned) +
                  R"( %a : i8 to i32
      %wb = )" + extend(isRightSigned) +
                  R"( %b : i8 to i32
      %p = arith.muli %wa, %wb : i32
      %t = arith.addi %s, %p : i32
      linalg.yield %t : i32
    } -> )" + y.tensor() +
                  "\n    return %y : " + y.tensor() + "\n  }\n");
}

/// Sums modulo 2^32, element by element.
std::vector<int32_t> Bytes::expected(const std::vector<uint8_t> &x,
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
            sum += value(x[((b * sides + row) * sides + column) * k + c],
                         isLeftSigned) *
                   value(w[(o * taps * taps + tap) * k + c], isRightSigned);
        }
        y.push_back(int32_t(sum));
      }
  return y;
}

/// All bytes, the extremes more often than others.
std::vector<uint8_t> draw(int64_t count, int seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> bytes(count);
  for (uint8_t &byte : bytes) {
    const uint32_t bits = random();
    byte = bits >> 29 == 0 ? 0x80 : bits >> 29 == 1 ? 0xff : uint8_t(bits);
  }
  return bytes;
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

void check(const Bytes &bytes, const std::vector<std::string> &levels,
           int64_t word) {
  SCOPED_TRACE(testing::Message()
               << bytes.m << 'x' << bytes.n << 'x' << bytes.k << " signed "
               << bytes.isLeftSigned << bytes.isRightSigned);
  Options options;
  options.levels = levels;
  Prepared prepared(bytes.text(), levels);
  ASSERT_EQ(wordOf(prepared), word);
  if (!word)
    return;
  const Compiled panels(Prepared::textOf(*prepared.module), options),
      layOut(Prepared::textOf(*prepared.layOut), options);
  ASSERT_TRUE(panels && layOut);
  const auto x = draw(bytes.left().count(), 1),
             w = draw(bytes.right().count(), 2);
  std::vector<uint8_t> p(sizeOf(panels.model->weights[0]));
  std::vector<int32_t> y(bytes.result().count(), 77);
  ASSERT_EQ(layOut.call({w.data()}, {p.data()}), MG_OK);
  ASSERT_EQ(panels.call({x.data()}, {y.data()}, {p.data()}), MG_OK);
  EXPECT_EQ(y, bytes.expected(x, w));
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
  const Bytes bytes{7, 70, 64};
  check(bytes, levelsHere(), 2);
  Prepared quads(bytes.text(), {"icelake-server", "znver4"}),
      mixed(bytes.text(), {"x86-64-v4", "icelake-server"}),
      other(bytes.text(), {"x86-64-v4", "aarch64"}), none(bytes.text());
  EXPECT_EQ(wordOf(quads), 4);
  EXPECT_EQ(wordOf(mixed), 2);
  EXPECT_EQ(wordOf(other), 0);
  EXPECT_EQ(wordOf(none), 0);
}

/// One that all levels read, but not as words.
TEST(PreparedWordsOfLevels, AreReadByOtherLevels) {
  const Bytes bytes{7, 70, 64};
  Prepared prepared(bytes.text(), {"icelake-server"});
  ASSERT_EQ(wordOf(prepared), 4);
  const Compiled layOut(Prepared::textOf(*prepared.layOut));
  const auto x = draw(bytes.left().count(), 1),
             w = draw(bytes.right().count(), 2);
  for (const std::string &level : levelsHere()) {
    Options options;
    options.levels = {level};
    const Compiled panels(Prepared::textOf(*prepared.module), options);
    std::vector<uint8_t> p(sizeOf(panels.model->weights[0]));
    std::vector<int32_t> y(bytes.result().count(), 77);
    ASSERT_EQ(layOut.call({w.data()}, {p.data()}), MG_OK);
    ASSERT_EQ(panels.call({x.data()}, {y.data()}, {p.data()}), MG_OK);
    EXPECT_EQ(y, bytes.expected(x, w)) << level;
  }
}

} // namespace
