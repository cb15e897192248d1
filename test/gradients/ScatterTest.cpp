//===- ScatterTest.cpp - what scatter's updates owe to a shared element ---===//
//
// Derivatives where central differences see none: zeros among factors, equal
// elements, and updates that a later one hides.
//
//===----------------------------------------------------------------------===//
#include "CaseModule.h"

#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mg;
using namespace mg::test;

namespace {

using Row = std::vector<double>;

/// The gradients of the sum of `scatter mode x, indices, updates`.
void expectGradients(const std::string &mode, const Row &x, const Row &indices,
                     const Row &updates, const Row &ofX, const Row &ofUpdates) {
  SCOPED_TRACE(mode);
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  auto sized = [](const Row &row, std::string rest) {
    return std::to_string(row.size()) + rest;
  };
  const Case testCase{"scatter",
                      {{sized(x, "xf64")},
                       {sized(indices, "x1xi32")},
                       {sized(updates, "xf64")}},
                      "mode = #mg<scatter_mode " + mode +
                          ">, dims = array<i64: 0>, batch_dims = 0 : i64"};
  CaseModule module(context, testCase);
  ASSERT_TRUE(bool(module));
  const auto &types = module.operands();
  const Arrays inputs = {arrayOf(types[0], x), arrayOf(types[1], indices),
                         arrayOf(types[2], updates)};
  auto with = [&](Arrays more) {
    more.insert(more.begin(), inputs.begin(), inputs.end());
    return more;
  };
  const eager::Array ones = arrayOf(types[0], Row(x.size(), 1));
  const Arrays gradients = module.run("reverse", with({ones}));
  EXPECT_EQ(difference(numbers(gradients[0]), ofX, 1e-15), "");
  EXPECT_EQ(difference(numbers(gradients[1]), ofUpdates, 1e-15), "");
  // Forward mode has the same: one update at a time.
  for (size_t i = 0; i < updates.size(); ++i) {
    Row unit(updates.size());
    unit[i] = 1;
    const Arrays tangents = module.run(
        "forward",
        with({arrayOf(types[0], Row(x.size(), 0)), arrayOf(types[2], unit)}));
    EXPECT_NEAR(dot(tangents, {ones}), ofUpdates[i], 1e-15);
  }
}

const double third = 1.0 / 3;

TEST(Scatter, ProductsWithZerosHaveADerivative) {
  expectGradients("mul", {2, 3}, {0, 0, 0, 1}, {0, 5, 7, 0}, {0, 0},
                  {70, 0, 0, 3});
  expectGradients("mul", {2, 3}, {0, 0, 0}, {0, 5, 0}, {0, 1}, {0, 0, 0});
  expectGradients("mul", {0, 3}, {0, 0, 1}, {4, 5, 0}, {20, 0}, {0, 0, 3});
}

TEST(Scatter, EqualElementsShareACotangent) {
  expectGradients("max", {4, 1}, {0, 0, 0}, {4, 4, 2}, {third, 1},
                  {third, third, 0});
  expectGradients("min", {4, 1}, {0, 1, 0}, {2, 1, 2}, {0, 0.5},
                  {0.5, 0.5, 0.5});
}

TEST(Scatter, TheLastWriterHasTheCotangent) {
  expectGradients("set", {4, 1, 5}, {2, 0, 2, 0}, {6, 7, 8, 9}, {0, 1, 0},
                  {0, 0, 1, 1});
}

} // namespace
