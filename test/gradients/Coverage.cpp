//===- Coverage.cpp - which op has which rule, and which are tested -------===//
#include "CaseModule.h"

#include "ir/Dialect.h"

#include "mlir/IR/MLIRContext.h"

#include <algorithm>
#include <map>

namespace mg::test {

const Cases &allCases() {
  static const Cases cases = [] {
    Cases all;
    for (auto add : {addCallCases, addContractionCases, addControlCases,
                     addElementwiseCases, addIndexingCases, addReductionCases,
                     addSortingCases, addSourceCases, addViewCases})
      add(all);
    return all;
  }();
  return cases;
}

/// All ops of the dialect, in alphabetical order.
static std::vector<std::string> opsOf(mlir::MLIRContext &context) {
  std::vector<std::string> ops;
  for (mlir::RegisteredOperationName name : context.getRegisteredOperations())
    if (name.getDialectNamespace() == "mg")
      ops.push_back(name.stripDialect().str());
  std::sort(ops.begin(), ops.end());
  return ops;
}

std::vector<std::string> opsWithRules(mlir::MLIRContext &context) {
  std::vector<std::string> ops;
  for (const std::string &op : opsOf(context)) {
    const Abilities abilities = abilitiesOf(context, op);
    if (abilities.isDifferentiable || abilities.isBatchable)
      ops.push_back(op);
  }
  return ops;
}

std::string coveragePage(mlir::MLIRContext &context) {
  std::map<std::string, int> tested;
  for (const Case &testCase : allCases())
    ++tested[testCase.op];
  std::string page =
      "# Derivatives and batching of each op\n\n"
      "What the rules of [the ops](ops.md) say, asked from their interfaces "
      "(printed and compared by `gradients-test`).\n"
      "`vjp`: reverse mode. `jvp`: forward mode. `vmap`: a form for a whole "
      "batch. The last column counts the cases that\n"
      "prove them against central differences, first and second order, against "
      "each other, and against a loop.\n\n"
      "| op | vjp | jvp | vmap | cases |\n|---|---|---|---|---|\n";
  for (const std::string &op : opsOf(context)) {
    const Abilities abilities = abilitiesOf(context, op);
    const std::string derivative = abilities.isDifferentiable ? "yes" : "–";
    page += "| `" + op + "` | " + derivative + " | " + derivative + " | " +
            (abilities.isBatchable ? "yes" : "–") + " | " +
            (tested.count(op) ? std::to_string(tested[op]) : "–") + " |\n";
  }
  return page;
}

} // namespace mg::test
