//===- IndexingCases.cpp - cases of ops that move elements ----------------===//
#include "Cases.h"

using namespace mg::test;

static void addPadCases(Cases &cases) {
  auto pad = [&](std::string type, std::string lo, std::string hi,
                 std::string interior) {
    cases.push_back({"pad",
                     {{type}, {"f64"}},
                     "lo = array<i64: " + lo + ">, hi = array<i64: " + hi +
                         ">, interior = array<i64: " + interior + ">"});
  };
  pad("2x3xf64", "1, 0", "1, 2", "0, 1");
  pad("5x4xf64", "-1, 2", "-2, -1", "0, 2"); // cuts
  pad("3xf64", "-4", "1", "3");              // cuts what it put in
  pad("2xf64", "5", "-4", "0");              // nothing of x is left
  pad("0x2xf64", "1, 0", "1, 0", "3, 0");
}

static void addJoinCases(Cases &cases) {
  cases.insert(
      cases.end(),
      {
          {"concat", {{"2x3xf64"}, {"1x3xf64"}}, "dim = 0 : i64"},
          {"concat", {{"2x1xf64"}, {"2x0xf64"}, {"2x3xf64"}}, "dim = 1 : i64"},
          {"fold",
           {{"2x3x3xf64"}},
           "dims = array<i64: 1>, size = array<i64: 3>, "
           "stride = array<i64: 2>, dilation = array<i64: 1>",
           {"2x7xf64"}},
          {"fold",
           {{"2x2x2x2x3xf64"}},
           "dims = array<i64: 2, 0>, size = array<i64: 2, 3>, "
           "stride = array<i64: 3, 1>, dilation = array<i64: 2, 2>",
           {"6x2x7xf64"}},
      });
}

/// Starts lie outside as well: they are clamped.
static void addDynamicCases(Cases &cases) {
  const Operand start = {"2xi32", -2, 6}, far = {"3xi64", -2, 6};
  cases.insert(
      cases.end(),
      {
          {"dynamic_slice", {{"4x3xf64"}, start}, "size = array<i64: 2, 2>"},
          {"dynamic_slice", {{"4x3xf64"}, start}, "size = array<i64: 1, 3>"},
          {"dynamic_slice", {{"4x3xf64"}, start}, "size = array<i64: 4, 3>"},
          {"dynamic_slice", {{"4x3xf64"}, start}, "size = array<i64: 0, 3>"},
          {"dynamic_slice", {{"4x3x5xf64"}, far}, "size = array<i64: 4, 2, 3>"},
          {"dynamic_update_slice", {{"4x3xf64"}, {"2x2xf64"}, start}},
          {"dynamic_update_slice", {{"4x3xf64"}, {"4x1xf64"}, start}},
          {"dynamic_update_slice", {{"4x3xf64"}, {"4x3xf64"}, start}},
          {"dynamic_update_slice", {{"4x3x5xf64"}, {"2x3x4xf64"}, far}},
      });
}

static std::string places(std::string dims, int batchDims) {
  return "dims = array<i64" + (dims.empty() ? "" : ": " + dims) +
         ">, batch_dims = " + std::to_string(batchDims) + " : i64";
}

static void addGatherCases(Cases &cases) {
  cases.insert(
      cases.end(),
      {
          {"gather", {{"9x3xf64"}, {"4x1xi32", 0, 9}}, places("0", 0)},
          {"gather", {{"4x2x5xf64"}, {"2x3x2xi64", 0, 4}}, places("2, 0", 0)},
          {"gather", {{"3xf64"}, {"4x0xi32", 0, 1}}, places("", 0)},
          {"gather", {{"3x4xf64"}, {"0x1xi32", 0, 1}}, places("1", 0)},
          {"gather", {{"2x5x3xf64"}, {"2x4x1xi32", 0, 5}}, places("1", 1)},
          {"gather", {{"2x5x3xf64"}, {"2x4x1xi64", 0, 3}}, places("2", 1)},
      });
}

/// Few places and many updates: most elements are updated more than once.
/// Then each at most once.
static void addScatterCases(Cases &cases) {
  for (std::string name : {"set", "add", "mul", "min", "max"}) {
    const std::string mode = "mode = #mg<scatter_mode " + name + ">, ";
    const std::string unique = mode + "unique, ";
    cases.insert(cases.end(),
                 {
                     {"scatter",
                      {{"3x2xf64"}, {"5x1xi32", 0, 3}, {"5x2xf64"}},
                      mode + places("0", 0)},
                     {"scatter",
                      {{"2x3x2xf64"}, {"3x4x2xi64", 0, 2}, {"3x4x3xf64"}},
                      mode + places("2, 0", 0)},
                     {"scatter",
                      {{"2x4x3xf64"}, {"2x5x1xi32", 0, 3}, {"2x5x4xf64"}},
                      mode + places("2", 1)},
                     {"scatter",
                      {{"3xf64"}, {"0x1xi32", 0, 1}, {"0xf64"}},
                      mode + places("0", 0)},
                     {"scatter",
                      {{"4x3xf64"}, {"4x1xi32", 0, 4, true}, {"4x3xf64"}},
                      unique + places("0", 0)},
                 });
  }
}

void mg::test::addIndexingCases(Cases &cases) {
  addPadCases(cases);
  addJoinCases(cases);
  addDynamicCases(cases);
  addGatherCases(cases);
  addScatterCases(cases);
}
