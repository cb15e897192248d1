//===- RulesTest.cpp - the rules of every op against numbers --------------===//
//
// One test per op that has a rule, found by asking the dialect: an op without a
// case fails. Each case, with several draws: derivatives of first and second
// order against central differences, forward against reverse mode by
// <J t, c> = <t, J' c>, batched forms against a loop, and all of it compiled
// against eager.
//
//===----------------------------------------------------------------------===//
#include "CaseModule.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <cmath>
#include <fstream>
#include <functional>

using namespace mg;
using namespace mg::test;

namespace {

mlir::MLIRContext &theContext() {
  static mlir::MLIRContext *context = [] {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    auto *made =
        new mlir::MLIRContext(registry, mlir::MLIRContext::Threading::DISABLED);
    made->loadAllAvailableDialects();
    return made;
  }();
  return *context;
}

/// What is checked of one case with one draw of its inputs.
class Check {
public:
  Check(CaseModule &module, const Case &testCase, unsigned seed)
      : module(module), testCase(testCase), random(seed) {
    for (size_t i = 0; i < module.operands().size(); ++i)
      xs.push_back(drawOperand(i));
    for (size_t i : module.floatOperands()) {
      tangents.push_back(drawWeights(module.operands()[i], random));
      weights.push_back(drawWeights(module.operands()[i], random));
    }
    for (size_t i : module.floatResults()) {
      cotangents.push_back(drawWeights(module.results()[i], random));
      moreTangents.push_back(drawWeights(module.results()[i], random));
    }
  }

  void derivatives();
  void batches();
  void compiled();

private:
  using Function = std::function<Arrays(const Arrays &)>;

  eager::Array drawOperand(size_t i) {
    return draw(testCase.operands[i], module.operands()[i], random);
  }
  Arrays floatsOf(const Arrays &results) const;
  /// The sum of weights times `function` changes with each element of inputs
  /// `wrt` as `gradients` say.
  void expectGradients(const Function &function, const Arrays &inputs,
                       const std::vector<size_t> &wrt, const Arrays &weights,
                       const Arrays &gradients);
  void expectTangents();
  void expectZeros();
  void expectMapped(const std::string &entry, const std::string &callee,
                    unsigned mask, const std::function<Arrays()> &drawRow);
  void expectEqual(double got, double want, const char *what);

  CaseModule &module;
  const Case &testCase;
  Random random;
  Arrays xs, tangents, weights, cotangents, moreTangents;
};

Arrays joined(Arrays a, const Arrays &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Arrays Check::floatsOf(const Arrays &results) const {
  Arrays floats;
  for (size_t i : module.floatResults())
    floats.push_back(results[i]);
  return floats;
}

/// Fourth order: what a step along `at` of input `input` does to f, per step.
template <class F> double slope(F f, double step) {
  return (8 * (f(step) - f(-step)) - (f(2 * step) - f(-2 * step))) /
         (12 * step);
}

void Check::expectGradients(const Function &function, const Arrays &inputs,
                            const std::vector<size_t> &wrt,
                            const Arrays &weights, const Arrays &gradients) {
  for (size_t k = 0; k < wrt.size(); ++k) {
    const eager::Array &input = inputs[wrt[k]];
    std::vector<double> slopes;
    for (int64_t at = 0; at < input.size(); ++at)
      slopes.push_back(slope(
          [&](double change) {
            Arrays moved = inputs;
            moved[wrt[k]] = nudged(input, at, change);
            return dot(function(moved), weights);
          },
          testCase.step));
    EXPECT_EQ(difference(numbers(gradients[k]), slopes, testCase.tolerance), "")
        << "the gradient of operand " << wrt[k];
  }
}

void Check::expectTangents() {
  const Arrays got = module.run("forward", joined(xs, tangents));
  for (size_t k = 0; k < got.size(); ++k) {
    const size_t result = module.floatResults()[k];
    auto valuesAt = [&](double scale) {
      Arrays inputs = xs;
      for (size_t i = 0; i < tangents.size(); ++i) {
        eager::Array &x = inputs[module.floatOperands()[i]];
        x = moved(x, tangents[i], scale);
      }
      return numbers(module.run("value", inputs)[result]);
    };
    const double h = testCase.step;
    const auto a = valuesAt(h), b = valuesAt(-h), c = valuesAt(2 * h),
               d = valuesAt(-2 * h);
    std::vector<double> slopes;
    for (size_t i = 0; i < a.size(); ++i)
      slopes.push_back(std::isinf(a[i])
                           ? 0
                           : (8 * (a[i] - b[i]) - (c[i] - d[i])) / (12 * h));
    EXPECT_EQ(difference(numbers(got[k]), slopes, testCase.tolerance), "")
        << "the tangent of result " << result;
  }
}

void Check::expectZeros() {
  for (const eager::Array &gradient :
       joined(module.run("reverse", joined(xs, cotangents)),
              module.run("forward", joined(xs, tangents))))
    for (double element : numbers(gradient))
      EXPECT_EQ(element, 0);
}

void Check::expectEqual(double got, double want, const char *what) {
  const double tolerance =
      testCase.tolerance < 1e-5 ? 1e-10 : testCase.tolerance;
  EXPECT_EQ(difference({got}, {want}, tolerance), "") << what;
}

void Check::derivatives() {
  if (testCase.isOpaque)
    return expectZeros();
  expectTangents();
  const Arrays inputs = joined(xs, cotangents);
  const Arrays gradients = module.run("reverse", inputs);
  expectGradients(
      [&](const Arrays &at) { return floatsOf(module.run("value", at)); }, xs,
      module.floatOperands(), cotangents, gradients);
  expectEqual(dot(module.run("forward", joined(xs, tangents)), cotangents),
              dot(tangents, gradients), "<J t, c> and <t, J' c>");

  std::vector<size_t> wrt = module.floatOperands();
  for (size_t i = 0; i < cotangents.size(); ++i)
    wrt.push_back(xs.size() + i);
  const Arrays second = module.run("second", joined(inputs, weights));
  expectGradients([&](const Arrays &at) { return module.run("reverse", at); },
                  inputs, wrt, weights, second);
  const Arrays directions = joined(tangents, moreTangents);
  expectEqual(dot(module.run("mixed", joined(inputs, directions)), weights),
              dot(directions, second), "<H t, w> and <t, H' w>");
}

/// `entry` on rows, of which those inputs whose bit is set differ, against
/// `callee` on each row.
void Check::expectMapped(const std::string &entry, const std::string &callee,
                         unsigned mask,
                         const std::function<Arrays()> &drawRow) {
  std::vector<Arrays> rows;
  for (int64_t b = 0; b < batchSize; ++b) {
    rows.push_back(drawRow());
    for (size_t i = 0; i < rows[b].size(); ++i)
      if (!(mask >> i & 1))
        rows[b][i] = rows[0][i];
  }
  Arrays inputs = rows[0];
  for (size_t i = 0; i < inputs.size(); ++i)
    if (mask >> i & 1) {
      Arrays column;
      for (const Arrays &row : rows)
        column.push_back(row[i]);
      inputs[i] = stacked(column);
    }
  const Arrays got = module.run(entry, inputs);
  for (int64_t b = 0; b < batchSize; ++b) {
    const Arrays want = module.run(callee, rows[b]);
    for (size_t i = 0; i < want.size(); ++i)
      EXPECT_EQ(difference(numbers(row(got[i], b)), numbers(want[i]), 1e-12),
                "")
          << entry << ", row " << b << " of result " << i;
  }
}

void Check::batches() {
  auto drawOperands = [&] {
    Arrays drawn;
    for (size_t i = 0; i < xs.size(); ++i)
      drawn.push_back(drawOperand(i));
    return drawn;
  };
  for (unsigned mask : module.masks())
    expectMapped("mapped_" + std::to_string(mask), "value", mask, drawOperands);
  if (!module.isDifferentiable())
    return;
  expectMapped("mapped_reverse", "reverse", ~0u, [&] {
    Arrays drawn = drawOperands();
    for (size_t i : module.floatResults())
      drawn.push_back(drawWeights(module.results()[i], random));
    return drawn;
  });
}

void Check::compiled() {
  auto program = module.compile();
  auto expectSame = [&](const std::string &entry, const Arrays &inputs) {
    Arrays got;
    ASSERT_EQ(program->run(program->find(entry), inputs, got, nullptr), 0)
        << entry;
    const Arrays want = module.run(entry, inputs);
    for (size_t i = 0; i < want.size(); ++i)
      EXPECT_EQ(difference(numbers(got[i]), numbers(want[i]), 1e-12), "")
          << "compiled " << entry << ", result " << i;
  };
  expectSame("value", xs);
  if (!module.isDifferentiable())
    return;
  const Arrays inputs = joined(xs, cotangents);
  expectSame("reverse", inputs);
  expectSame("forward", joined(xs, tangents));
  expectSame("second", joined(inputs, weights));
}

//===----------------------------------------------------------------------===//
// One test per op
//===----------------------------------------------------------------------===//

class Rules : public testing::TestWithParam<std::string> {};

void check(const Case &testCase, bool isFirst) {
  SCOPED_TRACE("mg." + testCase.op + " {" + testCase.attributes + "} on " +
               (testCase.operands.empty() ? "" : testCase.operands[0].type));
  std::string errors;
  mlir::ScopedDiagnosticHandler handler(
      &theContext(),
      [&](mlir::Diagnostic &note) { errors += note.str() + "\n"; });
  CaseModule module(theContext(), testCase);
  ASSERT_TRUE(bool(module)) << errors << module.text();
  SCOPED_TRACE(module.text());
  try {
    for (unsigned seed = 1; seed <= 2; ++seed) {
      Check check(module, testCase, seed);
      if (module.isDifferentiable())
        check.derivatives();
      check.batches();
      if (seed == 1 && (isFirst || !testCase.functions.empty()))
        check.compiled();
    }
  } catch (const std::exception &problem) {
    ADD_FAILURE() << problem.what() << "\n" << errors;
  }
}

TEST_P(Rules, Hold) {
  unsigned count = 0;
  for (const Case &testCase : allCases())
    if (testCase.op == GetParam())
      check(testCase, count++ == 0);
  EXPECT_GT(count, 0u) << "no case of mg." << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Ops, Rules,
                         testing::ValuesIn(opsWithRules(theContext())),
                         [](const auto &info) { return info.param; });

/// The gradient of the sum of an extreme's results, where elements are equal.
void expectShares(const std::string &op, const std::string &attributes,
                  const std::vector<double> &x,
                  const std::vector<double> &shares) {
  SCOPED_TRACE(op + " {" + attributes + "}");
  const Case testCase{op, {{std::to_string(x.size()) + "xf64"}}, attributes};
  CaseModule module(theContext(), testCase);
  ASSERT_TRUE(bool(module));
  const auto type = module.operands()[0], resultType = module.results()[0];
  const eager::Array input = arrayOf(type, x);
  const eager::Array ones =
      arrayOf(resultType, std::vector<double>(resultType.getNumElements(), 1));
  const Arrays gradients = module.run("reverse", {input, ones});
  EXPECT_EQ(difference(numbers(gradients[0]), shares, 1e-15), "");
  // Forward mode has the same: one element at a time.
  for (size_t i = 0; i < x.size(); ++i) {
    std::vector<double> unit(x.size());
    unit[i] = 1;
    const Arrays tangent = module.run("forward", {input, arrayOf(type, unit)});
    EXPECT_NEAR(dot(tangent, {ones}), shares[i], 1e-15);
  }
}

TEST(Ties, EqualElementsShareACotangent) {
  const std::string max = "kind = #mg<reduction max>, ",
                    min = "kind = #mg<reduction min>, ";
  const double third = 1.0 / 3;
  expectShares("reduce", max + "dims = array<i64: 0>", {2, 1, 2, 2},
               {third, 0, third, third});
  expectShares("reduce", min + "dims = array<i64: 0>", {-1, -1, 0},
               {0.5, 0.5, 0});
  // 1 3 3 3 3 5: of one, one, two, two, three, one.
  expectShares("cumulative", max + "dim = 0 : i64", {1, 3, 3, 2, 3, 5},
               {1, 2 + third, 1 + third, 0, third, 1});
  // From the end, without the element itself: 0 0 1 2, and the highest.
  expectShares("cumulative", min + "dim = 0 : i64, exclusive, reverse",
               {7, 0, 0, 1, 2}, {0, 0.5, 1.5, 1, 1});
  expectShares("cumulative", max + "dim = 0 : i64", {0, 0, -0.0},
               {1 + 0.5 + third, 0.5 + third, third});
}

TEST(GradientsPage, IsWhatTheOpsSay) {
  const std::string page = coveragePage(theContext());
  std::ifstream file(MG_SOURCE_DIR "/docs/gradients.md");
  const std::string committed{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(committed, page)
      << "write it anew: GRADIENT_PAGE=docs/gradients.md gradients-test";
  if (const char *path = std::getenv("GRADIENT_PAGE"))
    std::ofstream(path) << page;
}

} // namespace
