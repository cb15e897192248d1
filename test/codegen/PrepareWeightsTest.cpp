// Weights as the kernels read them: the same results as from the weights as
// they are, at every CPU level, whatever does not divide.
#include "Compiled.h"
#include "Kernel.h"
#include "Prepared.h"
#include "minigrad/status.h"

#include "llvm/ADT/StringSet.h"

#include <cstring>
#include <numeric>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

/// y = x . w, `w` a weight, widened to f32 if need be, as an entry of `name`.
std::string product(const std::string &name, const Operand &x, const Operand &w,
                    const Operand &y, const std::string &loops,
                    const std::string &iterators) {
  const auto map = [&](const Operand &operand) {
    return "affine_map<(" + loops + ") -> (" + operand.map + ")>";
  };
  return R"mlir(
  func.func @)mlir" +
         name + "(%x: " + x.tensor() +
         R"mlir( {mg.name = "x", mg.dtype = "f32"},
                %w: )mlir" +
         w.tensor() + R"mlir( {mg.name = "w", mg.dtype = ")mlir" + w.type +
         R"mlir(", mg.weight})
      -> ()mlir" +
         y.tensor() + R"mlir( {mg.name = "y", mg.dtype = "f32"})
      attributes {mg.entry} {
    %zero = arith.constant 0.0 : f32
    %empty = tensor.empty() : )mlir" +
         y.tensor() +
         "\n    %init = linalg.fill ins(%zero : f32) outs(%empty : " +
         y.tensor() + ") -> " + y.tensor() + R"mlir(
    %y = linalg.generic {indexing_maps = [)mlir" +
         map(x) + ", " + map(w) + ", " + map(y) + "], iterator_types = [" +
         iterators + R"mlir(], mg.contraction}
        ins(%x, %w : )mlir" +
         x.tensor() + ", " + w.tensor() + ") outs(%init : " + y.tensor() +
         R"mlir() {
    ^bb0(%a: f32, )mlir" +
         (w.type == "f32"
              ? "%b: f32, %s: f32):"
              : "%v: " + w.type + ", %s: f32):\n" +
                    "      %b = arith.extf %v : " + w.type + " to f32") +
         R"mlir(
      %p = arith.mulf %a, %b : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
    } -> )mlir" +
         y.tensor() + "\n    return %y : " + y.tensor() + "\n  }\n";
}

std::string matrices(const std::string &name, int64_t m, int64_t n, int64_t k,
                     const std::string &weight = "f32") {
  return product(name, {{m, k}, "m, k"}, {{n, k}, "n, k", weight},
                 {{m, n}, "m, n"}, "m, n, k",
                 R"("parallel", "parallel", "reduction")");
}

/// Small integers, so that no order of additions rounds.
std::vector<float> numbers(int64_t count, unsigned seed) {
  std::vector<float> values(count);
  for (int64_t i = 0; i < count; ++i)
    values[i] = float((i * 7 + int64_t(seed)) % 13 - 6);
  return values;
}

/// The same in a narrower type.
std::vector<char> bytesOf(const std::vector<float> &values,
                          const std::string &type) {
  std::vector<char> bytes;
  const auto append = [&](const void *from, size_t size) {
    const char *first = static_cast<const char *>(from);
    bytes.insert(bytes.end(), first, first + size);
  };
  for (float value : values) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    const auto upper = uint16_t(bits >> 16);
    const auto half = _Float16(value);
    if (type == "f32")
      append(&value, 4);
    else if (type == "bf16")
      append(&upper, 2);
    else
      append(&half, 2);
  }
  return bytes;
}

class PrepareWeights : public testing::TestWithParam<std::string> {
protected:
  /// The result with prepared weights is that with the weights as they are.
  void expectEqual(const std::string &text, const std::string &type = "f32",
                   decltype(numbers) *values = numbers) {
    std::vector<float> expected, got;
    run(text, type, values, expected, got);
    EXPECT_EQ(got, expected);
  }

  /// The results of both.
  void run(const std::string &text, const std::string &type,
           decltype(numbers) *values, std::vector<float> &expected,
           std::vector<float> &got) {
    Options options;
    options.levels = {GetParam()};
    const Compiled plain(text, options);
    ASSERT_TRUE(plain);
    Prepared prepared(text, options.levels);
    ASSERT_TRUE(prepared.layOut);
    const Compiled panels(Prepared::textOf(*prepared.module), options),
        layOut(Prepared::textOf(*prepared.layOut), options);
    ASSERT_TRUE(panels && layOut);

    const mg_entry &entry = plain.model->entries[0];
    const auto x = values(sizeOf(entry.inputs[0]), 1);
    const auto w = bytesOf(values(sizeOf(plain.model->weights[0]), 2), type);
    got = expected = std::vector<float>(sizeOf(entry.outputs[0]), NAN);
    ASSERT_EQ(plain.call({x.data()}, {expected.data()}, {w.data()}), MG_OK);

    ASSERT_EQ(panels.model->weight_count, 1u);
    const mg_argument &laidOut = panels.model->weights[0];
    EXPECT_STREQ(laidOut.name, layOut.model->entries[0].outputs[0].name);
    auto p = bytesOf(std::vector<float>(sizeOf(laidOut), NAN), type);
    ASSERT_EQ(layOut.call({w.data()}, {p.data()}), MG_OK);
    ASSERT_EQ(panels.call({x.data()}, {got.data()}, {p.data()}), MG_OK);
    panels.expectThreadsChangeNoBit({x.data()}, {p.data()}, got);
  }
};

TEST_P(PrepareWeights, OfAProduct) {
  expectEqual(moduleOf(matrices("run", 8, 96, 40)));
}

TEST_P(PrepareWeights, OfSizesThatNothingDivides) {
  for (int64_t m : {2, 7, 33})
    for (int64_t n : {17, 97, 131})
      for (int64_t k : {3, 70}) {
        SCOPED_TRACE(testing::Message() << m << ' ' << n << ' ' << k);
        expectEqual(moduleOf(matrices("run", m, n, k)));
      }
}

/// A vector by a large matrix, of which every element is read once.
std::string vectorByMatrix(int64_t n, int64_t k) {
  return moduleOf(product("run", {{1, k}, "m, k"}, {{k, n}, "k, n"},
                          {{1, n}, "m, n"}, "m, n, k",
                          R"("parallel", "parallel", "reduction")"));
}

TEST_P(PrepareWeights, OfAVector) {
  for (int64_t n : {64, 320, 600, 1031})
    expectEqual(vectorByMatrix(n, 500));
}

/// Large ones that few rows read: a tile takes several panels.
TEST_P(PrepareWeights, OfStreams) {
  for (int64_t m : {2, 3, 4, 5, 8, 9, 16}) {
    SCOPED_TRACE(m);
    expectEqual(moduleOf(matrices("run", m, 1031, 260)));
  }
  expectEqual(moduleOf(matrices("run", 2, 1031, 520, "bf16")), "bf16");
}

TEST_P(PrepareWeights, OfALongSum) {
  expectEqual(moduleOf(matrices("run", 40, 100, 5000)));
}

/// Work for several threads, and numbers that round.
TEST_P(PrepareWeights, OfSharedWork) {
  for (const char *type : {"f32", "bf16"})
    expectEqual(moduleOf(matrices("run", 130, 700, 520, type)), type, normal);
}

TEST_P(PrepareWeights, OfBatches) {
  expectEqual(moduleOf(
      product("run", {{3, 20, 30}, "b, m, k"}, {{3, 70, 30}, "b, n, k"},
              {{3, 20, 70}, "b, m, n"}, "b, m, n, k",
              R"("parallel", "parallel", "parallel", "reduction")")));
}

TEST_P(PrepareWeights, OfAConvolution) {
  expectEqual(moduleOf(product(
      "run", {{2, 20, 9, 9}, "b, c, h + i, w + j"},
      {{50, 20, 3, 3}, "o, c, i, j"}, {{2, 50, 7, 7}, "b, o, h, w"},
      "b, o, h, w, c, i, j",
      R"("parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction")")));
}

/// Widened as they are read, or, for many rows, once per call.
TEST_P(PrepareWeights, OfNarrowFloats) {
  for (const char *type : {"bf16", "f16"})
    for (int64_t m : {2, 9, 70})
      for (int64_t n : {17, 131})
        for (int64_t k : {3, 70, 5000}) {
          SCOPED_TRACE(testing::Message()
                       << type << ' ' << m << ' ' << n << ' ' << k);
          expectEqual(moduleOf(matrices("run", m, n, k, type)), type);
        }
}

TEST_P(PrepareWeights, OfANarrowConvolution) {
  expectEqual(
      moduleOf(product(
          "run", {{2, 20, 9, 9}, "b, c, h + i, w + j"},
          {{50, 20, 3, 3}, "o, c, i, j", "bf16"}, {{2, 50, 7, 7}, "b, o, h, w"},
          "b, o, h, w, c, i, j",
          R"("parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction")")),
      "bf16");
}

/// A 3x3 convolution that is worth Winograd's transforms; `w` as it lies.
std::string transformed(int64_t images, int64_t results, int64_t size,
                        const Operand &w) {
  const int64_t channels = 64, padded = size + 2;
  return moduleOf(product(
      "run", {{images, channels, padded, padded}, "b, c, h + i, w + j"}, w,
      {{images, results, size, size}, "b, o, h, w"}, "b, o, h, w, c, i, j",
      R"("parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction")"));
}

std::string transformed(int64_t images, int64_t results, int64_t size) {
  return transformed(images, results, size,
                     {{results, 64, 3, 3}, "o, c, i, j"});
}

/// Whoever transforms the weights, it is the same formula: the same bits, where
/// it is Winograd with both.
TEST_P(PrepareWeights, OfATransformedConvolution) {
  expectEqual(transformed(1, 72, 24), "f32", normal);
  expectEqual(transformed(1, 80, 31), "f32", normal);
  // As a gradient reads them.
  expectEqual(transformed(1, 72, 24, {{64, 72, 3, 3}, "c, o, i, j"}), "f32",
              normal);
}

/// Sums that start from something: what is not prepared is no Winograd then.
TEST_P(PrepareWeights, OfATransformedConvolutionThatIsAdded) {
  std::string text = transformed(1, 72, 16);
  const std::string zero = "constant 0.0";
  text.replace(text.find(zero), zero.size(), "constant 2.5");
  std::vector<float> expected, got;
  run(text, "f32", normal, expected, got);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_NEAR(got[i], expected[i], 1e-3) << "at " << i;
}

INSTANTIATE_TEST_SUITE_P(Levels, PrepareWeights,
                         testing::ValuesIn(levelsHere()), levelTestName);

/// The weight of the first entry, as the entry reads it.
mlir::RankedTensorType weightOf(Prepared &prepared) {
  auto entry = *prepared.module->getOps<mlir::func::FuncOp>().begin();
  return mlir::cast<mlir::RankedTensorType>(entry.getArgumentTypes()[1]);
}

TEST(PreparedWeights, AreReadInPanels) {
  Prepared prepared(moduleOf(matrices("run", 64, 96, 40)));
  ASSERT_TRUE(prepared.layOut);
  const mlir::RankedTensorType type = weightOf(prepared);
  // Panels, steps, columns: as many as there are, or a few more.
  ASSERT_EQ(type.getRank(), 3);
  EXPECT_EQ(type.getDimSize(1), 40);
  EXPECT_GE(type.getDimSize(0) * type.getDimSize(2), 96);
  EXPECT_LT((type.getDimSize(0) - 1) * type.getDimSize(2), 96);
}

/// Where memory is what a tile waits for, it reads several panels at a time.
TEST(PreparedWeights, AreStreamsWhereFewRowsReadThem) {
  const auto widthOf = [](int64_t rows, int64_t steps) {
    Prepared prepared(moduleOf(matrices("run", rows, 1024, steps)));
    return prepared.layOut ? weightOf(prepared).getDimSize(2) : 0;
  };
  EXPECT_GT(widthOf(8, 300), 0);
  EXPECT_LT(widthOf(8, 300), widthOf(8, 30));
  EXPECT_LT(widthOf(8, 300), widthOf(80, 300));
}

/// Sixteen matrices, of all results and channels; not where no one wants them.
TEST(PreparedWeights, AreTransformed) {
  const auto shapeOf = [](Prepared &prepared) {
    return weightOf(prepared).getShape().vec();
  };
  Prepared prepared(transformed(1, 72, 16)),
      sums(transformed(1, 72, 16), {}, /*isKnown=*/true,
           /*winograd=*/false);
  ASSERT_TRUE(prepared.layOut);
  const std::vector<int64_t> planes = shapeOf(prepared);
  EXPECT_EQ(planes.front(), 16);
  EXPECT_GE(std::accumulate(planes.begin(), planes.end(), int64_t(1),
                            std::multiplies<>()),
            16 * 72 * 64);
  EXPECT_NE(shapeOf(sums).front(), 16);
}

TEST(PreparedWeights, StayWhereTheyAreReadOnce) {
  // In whole rows.
  EXPECT_FALSE(Prepared(moduleOf(matrices("run", 1, 600, 500))).layOut);
  EXPECT_FALSE(Prepared(moduleOf(matrices("run", 1, 96, 40))).layOut);
  // A panel would have more elements by a seventh.
  EXPECT_FALSE(Prepared(vectorByMatrix(100, 600)).layOut);
  EXPECT_TRUE(Prepared(vectorByMatrix(96, 600)).layOut);
}

/// Each of `count` products has a weight of its own.
TEST(PreparedWeights, ComeInGroups) {
  constexpr int count = 300;
  std::string entries;
  for (int i = 0; i < count; ++i) {
    std::string entry = matrices("run" + std::to_string(i), 8, 96, 40);
    const std::string name = "mg.name = \"w\"";
    const size_t at = entry.find(name);
    ASSERT_NE(at, std::string::npos) << entry;
    entry.insert(at + name.size() - 1, std::to_string(i));
    entries += entry;
  }
  Prepared prepared(moduleOf(entries));
  EXPECT_GT(prepared.groups.size(), 1u);
  llvm::StringSet<> read, made;
  for (auto &group : prepared.groups) {
    auto layOut = *group->getOps<mlir::func::FuncOp>().begin();
    EXPECT_LE(layOut.getNumArguments(), 128u);
    ASSERT_EQ(layOut.getNumArguments(), layOut.getNumResults());
    const auto name = [](mlir::DictionaryAttr attributes) {
      return attributes.getAs<mlir::StringAttr>("mg.name").getValue();
    };
    for (unsigned i = 0; i < layOut.getNumArguments(); ++i) {
      EXPECT_TRUE(read.insert(name(layOut.getArgAttrDict(i))).second);
      EXPECT_TRUE(made.insert(name(layOut.getResultAttrDict(i))).second);
    }
  }
  EXPECT_EQ(read.size(), size_t(count));
  for (auto entry : prepared.module->getOps<mlir::func::FuncOp>())
    EXPECT_TRUE(made.contains(
        entry.getArgAttrOfType<mlir::StringAttr>(1, "mg.name").getValue()));
}

TEST(PreparedWeights, StayWhereTheyAreNotKnown) {
  EXPECT_FALSE(Prepared(moduleOf(matrices("run", 64, 96, 40)), {},
                        /*isKnown=*/false)
                   .layOut);
}

TEST(PreparedWeights, StayWhereReadersDisagree) {
  // The second entry reads w across.
  const std::string across = product(
      "across", {{8, 96}, "m, k"}, {{96, 40}, "k, n"}, {{8, 40}, "m, n"},
      "m, n, k", R"("parallel", "parallel", "reduction")");
  EXPECT_FALSE(Prepared(moduleOf(matrices("run", 64, 96, 40) + across)).layOut);
  // One entry alone, and two that agree, are fine.
  EXPECT_TRUE(Prepared(moduleOf(across)).layOut);
  EXPECT_TRUE(Prepared(moduleOf(matrices("run", 64, 96, 40) +
                                matrices("again", 64, 96, 40)))
                  .layOut);
}

} // namespace
