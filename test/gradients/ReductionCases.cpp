//===- ReductionCases.cpp - cases of reductions and scans -----------------===//
#include "Cases.h"

using namespace mg::test;

static std::string kindOf(const std::string &kind) {
  return "kind = #mg<reduction " + kind + ">";
}

static void addReduce(Cases &cases) {
  for (std::string kind : {"sum", "prod", "max", "min"})
    for (std::string dims : {"1", "0, 2", "2, 0, 1", ""})
      cases.push_back({"reduce",
                       {{"2x3x4xf64", -1.5, 1.5, /*isApart=*/true}},
                       kindOf(kind) + ", dims = array<i64" +
                           (dims.empty() ? "" : ": ") + dims + ">"});
  for (std::string kind : {"sum", "prod", "max", "min"})
    cases.push_back(
        {"reduce", {{"2x0x3xf64"}}, kindOf(kind) + ", dims = array<i64: 1>"});
  // A zero, or several, among the factors.
  cases.push_back({"reduce",
                   {{"5x4xf64", -1, 3, false, /*isWhole=*/true}},
                   kindOf("prod") + ", dims = array<i64: 1>"});
  for (std::string kind : {"and", "or"})
    cases.push_back({"reduce",
                     {{"2x3xi32", 0, 9}},
                     kindOf(kind) + ", dims = array<i64: 1>"});
}

static void addCumulative(Cases &cases) {
  for (std::string flags : {"", ", exclusive, reverse"})
    cases.push_back({"cumulative",
                     {{"3x6xf64", -1, 3, false, /*isWhole=*/true}},
                     kindOf("prod") + ", dim = 1 : i64" + flags});
  for (std::string kind : {"sum", "prod", "max", "min"}) {
    for (std::string flags :
         {"", ", exclusive", ", reverse", ", exclusive, reverse"})
      for (std::string dim : {"0", "1"})
        cases.push_back({"cumulative",
                         {{"4x5xf64", -1.5, 1.5, /*isApart=*/true}},
                         kindOf(kind) + ", dim = " + dim + " : i64" + flags});
    cases.push_back(
        {"cumulative", {{"3x0xf64"}}, kindOf(kind) + ", dim = 1 : i64"});
    cases.push_back({"cumulative",
                     {{"3x1xf64"}},
                     kindOf(kind) + ", dim = 1 : i64, exclusive"});
  }
}

void mg::test::addReductionCases(Cases &cases) {
  addReduce(cases);
  addCumulative(cases);
  for (std::string kind : {"max", "min"})
    for (std::string rest : {"0 : i64", "1 : i64, last"})
      cases.push_back({"arg_reduce",
                       {{"3x4xi32", 0, 3}},
                       kindOf(kind) + ", dim = " + rest});
  cases.push_back({"arg_reduce",
                   {{"3x4xf64"}},
                   kindOf("max") + ", dim = 1 : i64",
                   {"3xi64"}});
}
