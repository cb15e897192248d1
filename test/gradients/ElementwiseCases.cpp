//===- ElementwiseCases.cpp - cases of elementwise ops --------------------===//
#include "Cases.h"

using namespace mg::test;

static void addUnary(Cases &cases) {
  for (std::string op :
       {"exp", "expm1", "sin", "cos", "tanh", "atan", "erf", "logistic", "neg"})
    cases.push_back({op, {{"2x3xf64"}}});
  for (std::string op : {"log", "log1p", "sqrt", "rsqrt", "abs", "sign"})
    cases.push_back({op, {{"2x3xf64", 0.5, 2}}});
  for (std::string op : {"abs", "sign"})
    cases.push_back({op, {{"5xf64", -2, -0.5}}});
  for (std::string op : {"floor", "ceil", "trunc"})
    cases.push_back({op, {{"5xf64", 1.1, 1.9}}});
  cases.push_back({"round_even", {{"5xf64", 1.6, 2.4}}});
  cases.push_back({"tan", {{"5xf64", -1, 1}}});
  cases.push_back({"not", {{"5xi32", -9, 9}}});
}

static void addBinary(Cases &cases) {
  for (std::string op : {"add", "sub", "mul"})
    cases.push_back({op, {{"2x3xf64"}, {"2x3xf64"}}});
  cases.push_back({"div", {{"5xf64"}, {"5xf64", 0.5, 2}}});
  cases.push_back({"atan2", {{"5xf64"}, {"5xf64", 0.5, 2}}});
  cases.push_back({"pow", {{"5xf64", 0.5, 2}, {"5xf64"}}});
  // The quotient keeps its integer part.
  cases.push_back({"rem", {{"5xf64", 5.1, 5.9}, {"5xf64", 1.0, 1.02}}});
  cases.push_back({"rem", {{"5xf64", -2.9, -2.5}, {"5xf64", 1.0, 1.2}}});
  for (std::string op : {"max", "min"}) {
    cases.push_back({op, {{"5xf64", -1, 0}, {"5xf64", 0.1, 1}}});
    cases.push_back({op, {{"5xf64", 0.1, 1}, {"5xf64", -1, 0}}});
  }
  for (std::string op : {"and", "or", "xor", "shl", "shr_a", "shr_l"})
    cases.push_back({op, {{"5xi32", -99, 99}, {"5xi32", 0, 9}}});
}

void mg::test::addElementwiseCases(Cases &cases) {
  addUnary(cases);
  addBinary(cases);
  for (std::string direction : {"eq", "lt", "ge"})
    cases.push_back({"compare",
                     {{"2x4xi32", 0, 3}, {"2x4xi32", 0, 3}},
                     "direction = #mg<direction " + direction + ">"});
  cases.push_back({"select", {{"2x4xi1", 0, 2}, {"2x4xf64"}, {"2x4xf64"}}});
  cases.push_back({"bitcast", {{"3xi32", 0, 99}}, "", {"3xui32"}});
  const std::string mode = "mode = #mg<convert_mode truncate>";
  // Linear, but for the rounding to f32 in between.
  cases.push_back({"convert", {{"5xf64"}}, mode, {"5xf32"}, "", 0.25, 1e-5});
  cases.push_back({"convert", {{"5xf32"}}, mode, {"5xf64"}, "", 0.25, 1e-5});
  cases.push_back({"convert", {{"5xf64", 1.1, 1.9}}, mode, {"5xi32"}});
}
