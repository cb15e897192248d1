//===- io-driver-test.cpp - values, comparisons and names of the driver ---===//
#include "frontend/driver/Command.h"
#include "frontend/driver/Compare.h"
#include "frontend/driver/Failure.h"
#include "frontend/driver/ReadModel.h"
#include "frontend/driver/Supervise.h"
#include "frontend/driver/Values.h"

#include "test/frontend/io-files.h"

#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <limits>

using namespace mg::driver;
using mg::io::test::array;

namespace {

constexpr std::int64_t twoByTwo[] = {2, 2};
constexpr mg_argument wanted{"x", MG_F32, 2, twoByTwo};

std::string readBack(const std::string &text) {
  return formatValue(parseValue(text, wanted));
}

TEST(Values, ReadBackWhatIsPrinted) {
  for (const char *text :
       {"f32[2,2]:1,nan,-inf,3e-05", "f32[]:0.1", "f64[1]:0.1",
        "bool[2]:true,false", "i8[2]:-128,127", "u64[1]:18446744073709551615",
        "i64[1]:-9223372036854775808", "f16[1]:65504", "bf16[1]:1.0078125",
        "i32[0]:", "f32[2,0]:"})
    EXPECT_EQ(readBack(text), text);
  EXPECT_EQ(readBack("zeros"), "f32[2,2]:0,0,0,0");
  EXPECT_EQ(readBack("bool[2]:1,0"), "bool[2]:true,false");
}

TEST(Values, HalfTypesRoundToNearestEven) {
  EXPECT_EQ(readBack("bf16[2]:1.00390625,1.01171875"), "bf16[2]:1,1.015625");
  EXPECT_EQ(readBack("f16[1]:1e9"), "f16[1]:inf");
}

TEST(Values, RefusesWhatIsNone) {
  for (const char *text :
       {"", "x", "f32", "f32[2]", "f32[2]:1", "f32[2]:1,2,3", "f32[2]:1,x",
        "f99[1]:1", "i8[1]:300", "u8[1]:-1", "i32[1]:1.5", "bool[1]:2",
        "f32[-1]:", "f32[9223372036854775807,9]:", "f32[1,]:1:2",
        "f32[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]:1", "random:", "random:x"}) {
    try {
      parseValue(text, wanted);
      ADD_FAILURE() << text;
    } catch (const Failure &failure) {
      EXPECT_EQ(failure.status, Exit::Usage) << text;
    }
  }
}

TEST(Values, RandomIsAFunctionOfTheSeed) {
  EXPECT_EQ(readBack("random:7"), readBack("random:7"));
  EXPECT_NE(readBack("random:7"), readBack("random:8"));
  const std::int64_t many[] = {1000};
  double sum = 0;
  for (float x :
       mg::io::test::values<float>(randomArray({"x", MG_F32, 1, many}, 1))) {
    EXPECT_GE(x, -1);
    EXPECT_LT(x, 1);
    sum += x;
  }
  EXPECT_LT(std::abs(sum / 1000), 0.1);
  for (auto x : mg::io::test::values<std::int32_t>(
           randomArray({"x", MG_I32, 1, many}, 1))) {
    EXPECT_GE(x, 0);
    EXPECT_LT(x, 10);
  }
}

Difference floats(float got, float expected, const Tolerance &tolerance) {
  return compare(array<float>(MG_F32, {1}, {got}),
                 array<float>(MG_F32, {1}, {expected}), tolerance);
}

TEST(Compare, CountsUlpsAcrossZero) {
  float tiny = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(floats(tiny, -tiny, {}).worstUlps, 2);
  EXPECT_EQ(floats(1.0f, std::nextafter(1.0f, 2.0f), {}).worstUlps, 1);
  EXPECT_TRUE(floats(1.0f, std::nextafter(1.0f, 2.0f), {0, 0, 1}).fits());
  EXPECT_FALSE(floats(1.0f, 1.1f, {0, 0, 1}).fits());
}

TEST(Compare, ToleranceIsAbsolutePlusRelative) {
  EXPECT_TRUE(floats(100.5f, 100, {0.1, 0.005}).fits());
  EXPECT_FALSE(floats(100.7f, 100, {0.1, 0.005}).fits());
}

TEST(Compare, NanAndInfinityFitThemselvesOnly) {
  float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  Tolerance wide{1e30, 1e30, 1e30};
  EXPECT_TRUE(floats(nan, nan, {0, 0, 0, true}).fits());
  EXPECT_TRUE(floats(inf, inf, {}).fits());
  for (auto [a, b] : {std::pair{nan, 1.0f},
                      {1.0f, nan},
                      {inf, 1.0f},
                      {inf, -inf},
                      {inf, nan}})
    EXPECT_FALSE(floats(a, b, wide).fits()) << a << " " << b;
}

TEST(Compare, ExactSeesTheSignOfZero) {
  EXPECT_TRUE(floats(0.0f, -0.0f, {}).fits());
  EXPECT_FALSE(floats(0.0f, -0.0f, {0, 0, 0, true}).fits());
}

TEST(Compare, IntegersHaveNoTolerance) {
  auto one = array<std::int64_t>(MG_I64, {1}, {(1ll << 60) + 1});
  auto other = array<std::int64_t>(MG_I64, {1}, {1ll << 60});
  EXPECT_FALSE(compare(one, other, {10, 10, 10}).fits());
  EXPECT_TRUE(compare(one, one, {}).fits());
}

TEST(Compare, OtherTypesDoNotCompare) {
  auto x = array<float>(MG_F32, {2}, {1, 2}),
       y = array<float>(MG_F32, {2, 1}, {1, 2}),
       z = array<int>(MG_I32, {2}, {1, 2});
  EXPECT_FALSE(compare(x, y, {1, 1, 1}).fits());
  EXPECT_FALSE(compare(x, z, {1, 1, 1}).fits());
}

TEST(Compare, NamesTheWorstElement) {
  auto got = array<float>(MG_F32, {2, 2}, {1, 2, 3, 4.5}),
       expected = array<float>(MG_F32, {2, 2}, {1, 2, 3.1f, 4});
  Difference difference = compare(got, expected, {0, 0.1});
  EXPECT_EQ(difference.misfits, 1);
  EXPECT_EQ(describe("y", difference, got, expected),
            "y: differs in 1 of 4 elements: worst error 0.5 absolute, 0.125 "
            "relative, 1048576 ulp; at [1,1] 4.5 where 4 is expected");
}

TEST(ReadModel, CountsBracketsOutsideOfTextAndComments) {
  EXPECT_EQ(nestingOf(""), 0);
  EXPECT_EQ(nestingOf("f(x) -> ([{}])"), 3);
  EXPECT_EQ(nestingOf("\"((((\" // ((((\n ()"), 1);
  EXPECT_EQ(nestingOf("\"\\\"((\" (("), 2);
  EXPECT_EQ(nestingOf("(a >= b, c <= d) -> <<>>"), 2);
  EXPECT_EQ(nestingOf("\"never closed ("), 0);
  EXPECT_EQ(nestingOf(std::string(1000, '[')), 1000);
  EXPECT_EQ(nestingOf("))))(("), 2);
}

TEST(ReadModel, NamesAreThoseOfC) {
  EXPECT_EQ(modelName("a/b/my-model.v2.mlir"), "my_model");
  EXPECT_EQ(modelName("3d.mlir"), "_3d");
  EXPECT_EQ(modelName("<stdin>"), "model");
}

/// What withModel answers when the work on a model ends in `work`, and the
/// files it leaves.
struct Answer {
  int status;
  std::vector<std::string> files;
};

Answer answer(const std::function<Exit()> &work) {
  mg::io::test::Folder folder;
  std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path);
  mg::io::test::write("model.mlir", "module {}");
  Options options;
  options.model = "model.mlir";
  Answer result{withModel(options, {"mgc", "compile", "model.mlir"},
                          [&](const ModelSource &) { return work(); }),
                {}};
  for (const auto &file : std::filesystem::directory_iterator("."))
    if (file.path().filename() != "model.mlir")
      result.files.push_back(mg::io::test::read(file.path()));
  std::filesystem::current_path(before);
  return result;
}

TEST(Command, AnswersWhatTheWorkAnswers) {
  EXPECT_EQ(answer([] { return Exit::Done; }).status, 0);
  EXPECT_EQ(answer([] { return Exit::Differs; }).status, 1);
  Answer failed =
      answer([]() -> Exit { throw Failure(Exit::Write, "x", "y"); });
  EXPECT_EQ(failed.status, 6);
  EXPECT_TRUE(failed.files.empty());
  EXPECT_EQ(answer([]() -> Exit { throw std::bad_alloc(); }).status, 8);
}

TEST(Command, ACrashWhileReadingIsAMalformedFile) {
  Answer crashed = answer([] {
    enterStage(Stage::Reading);
    raise(SIGSEGV);
    return Exit::Done;
  });
  EXPECT_EQ(crashed.status, 3);
  EXPECT_TRUE(crashed.files.empty());
}

TEST(Command, ACrashLaterIsInternalAndLeavesAReproducer) {
  Answer crashed = answer([] {
    enterStage(Stage::Compiling);
    std::abort();
    return Exit::Done;
  });
  EXPECT_EQ(crashed.status, 70);
  ASSERT_EQ(crashed.files.size(), 1u);
  EXPECT_EQ(crashed.files[0], "// mgc compile model.mlir\nmodule {}");
}

TEST(Command, AKillIsALimit) {
  EXPECT_EQ(answer([] {
              raise(SIGKILL);
              return Exit::Done;
            }).status,
            8);
}

} // namespace
