//===- SortingCases.cpp - cases of sort and topk --------------------------===//
#include "Cases.h"

using namespace mg::test;

void mg::test::addSortingCases(Cases &cases) {
  const Operand keys = {"3x4xf64", -1.5, 1.5, true};
  cases.insert(cases.end(),
               {
                   {"sort", {keys}, "dim = 1 : i64"},
                   {"sort", {keys, {"3x4xf64"}}, "dim = 0 : i64, descending"},
                   // Equal keys: their values keep their order.
                   {"sort", {{"6xi32", 0, 3}, {"6xf64"}}, "dim = 0 : i64"},
                   {"sort", {{"0x2xf64"}}, "dim = 0 : i64"},
                   {"topk",
                    {keys},
                    "dim = 1 : i64, k = 2 : i64, largest",
                    {"3x2xf64", "3x2xi32"}},
                   {"topk",
                    {keys},
                    "dim = 0 : i64, k = 2 : i64",
                    {"2x4xf64", "2x4xi64"}},
                   {"topk",
                    {keys},
                    "dim = 0 : i64, k = 0 : i64",
                    {"0x4xf64", "0x4xi32"}},
               });
}
