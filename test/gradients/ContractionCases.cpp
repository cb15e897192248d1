//===- ContractionCases.cpp - cases of dot and conv -----------------------===//
#include "Cases.h"

#include <random>

using namespace mg::test;

static std::string list(const std::string &key,
                        const std::vector<long> &values) {
  std::string text = key + " = array<i64";
  for (size_t i = 0; i < values.size(); ++i)
    text += (i ? ", " : ": ") + std::to_string(values[i]);
  return text + ">";
}

static void addDot(Cases &cases) {
  using List = std::vector<long>;
  auto add = [&](std::string lhs, std::string rhs, List lhsContract,
                 List rhsContract, List lhsBatch = {}, List rhsBatch = {}) {
    cases.push_back({"dot",
                     {{lhs + "xf64"}, {rhs + "xf64"}},
                     list("lhs_contract", lhsContract) + ", " +
                         list("rhs_contract", rhsContract) + ", " +
                         list("lhs_batch", lhsBatch) + ", " +
                         list("rhs_batch", rhsBatch)});
  };
  add("4x3", "3x5", {1}, {0});
  add("3x4", "5x3", {0}, {1});
  add("3", "3", {0}, {0});
  add("2", "3", {}, {});
  add("2x4x3", "2x5x3", {2}, {2}, {0}, {0});
  // Several contracted dimensions that cross, batches in the middle.
  add("2x3x4x5", "4x2x6x3", {1, 2}, {3, 0}, {0}, {1});
  add("3x2x4x2", "4x3x2x2", {0}, {1}, {3, 1}, {2, 3});
  add("2x3", "3x2", {1, 0}, {0, 1});
  add("2x0", "0x3", {1}, {0});
  add("0x3", "3x2", {1}, {0});
}

/// Halves that give halves, or the f32 they are summed in. Whole numbers: a
/// step of 1 is exact, weights and cotangents are what rounds.
static void addNarrow(Cases &cases) {
  const Operand a{"4x3xf16", -3, 4, false, /*isWhole=*/true},
      b{"3x5xf16", -3, 4, false, true}, x{"2x4x6xf16", -3, 4, false, true},
      w{"2x2x3xf16", -3, 4, false, true};
  const std::string product = list("lhs_contract", {1}) + ", " +
                              list("rhs_contract", {0}),
                    strided = "strides = array<i64: 2>, lo = array<i64: 1>, "
                              "hi = array<i64: 0>, lhs_dilation = array<i64: "
                              "1>, rhs_dilation = array<i64: 1>, "
                              "groups = 2 : i64";
  for (std::string element : {"f16", "f32"}) {
    cases.push_back({"dot", {a, b}, product, {"4x5x" + element}, "", 1, 5e-3});
    cases.push_back(
        {"conv", {x, w}, strided, {"2x2x3x" + element}, "", 1, 5e-3});
  }
}

/// The spatial attributes of a convolution of 1 or 2 dimensions, or of 3 small
/// ones, drawn so that a window fits.
static Case randomConv(unsigned seed, bool is3D = false) {
  std::mt19937 random(seed);
  auto draw = [&](long low, long high) {
    return low + static_cast<long>(random() % (high - low + 1));
  };
  const long most = is3D ? 2 : 3;
  const long spatial = is3D ? 3 : draw(1, 2), groups = draw(1, most);
  std::vector<long> strides, lo, hi, lhsDilation, rhsDilation;
  std::string x = std::to_string(draw(1, 2)) + "x" +
                  std::to_string(groups * draw(1, 2)),
              w = std::to_string(groups * draw(1, 2)) + "x";
  w += std::to_string(std::stol(x.substr(x.find('x') + 1)) / groups);
  for (long i = 0; i < spatial; ++i) {
    const long k = draw(1, most);
    strides.push_back(draw(1, most));
    lhsDilation.push_back(draw(1, 2));
    rhsDilation.push_back(draw(1, 2));
    lo.push_back(draw(-1, is3D ? 1 : 3));
    hi.push_back(draw(-1, is3D ? 1 : 3));
    // Dilated and cut, one window at least is left.
    const long least = (k - 1) * rhsDilation[i] + 1 - lo[i] - hi[i];
    const long n =
        std::max(most, (least - 1) / lhsDilation[i] + 2) + draw(0, 1);
    x += "x" + std::to_string(n);
    w += "x" + std::to_string(k);
  }
  return {"conv",
          {{x + "xf64"}, {w + "xf64"}},
          list("strides", strides) + ", " + list("lo", lo) + ", " +
              list("hi", hi) + ", " + list("lhs_dilation", lhsDilation) + ", " +
              list("rhs_dilation", rhsDilation) +
              ", groups = " + std::to_string(groups) + " : i64"};
}

static void addConv(Cases &cases) {
  for (unsigned seed = 1; seed <= 24; ++seed)
    cases.push_back(randomConv(seed));
  for (unsigned seed = 25; seed <= 30; ++seed)
    cases.push_back(randomConv(seed, /*is3D=*/true));
  const std::string plain = "strides = array<i64: 1>, lo = array<i64: 0>, "
                            "hi = array<i64: 0>, lhs_dilation = array<i64: 1>, "
                            "rhs_dilation = array<i64: 1>";
  cases.push_back({"conv", {{"0x2x5xf64"}, {"3x2x3xf64"}}, plain});
  cases.push_back({"conv", {{"2x0x5xf64"}, {"3x0x3xf64"}}, plain});
  // No window but the last touches x.
  cases.push_back({"conv",
                   {{"1x1x1xf64"}, {"1x1x1xf64"}},
                   "strides = array<i64: 3>, lo = array<i64: 6>, "
                   "hi = array<i64: 0>, lhs_dilation = array<i64: 1>, "
                   "rhs_dilation = array<i64: 1>"});
  // None does.
  cases.push_back({"conv",
                   {{"1x1x1xf64"}, {"1x1x1xf64"}},
                   "strides = array<i64: 3>, lo = array<i64: 5>, "
                   "hi = array<i64: 0>, lhs_dilation = array<i64: 1>, "
                   "rhs_dilation = array<i64: 1>"});
  // No spatial dimension: a matrix product.
  cases.push_back({"conv",
                   {{"2x3xf64"}, {"4x3xf64"}},
                   "strides = array<i64>, lo = array<i64>, hi = array<i64>, "
                   "lhs_dilation = array<i64>, rhs_dilation = array<i64>"});
}

void mg::test::addContractionCases(Cases &cases) {
  addDot(cases);
  addConv(cases);
  addNarrow(cases);
}
