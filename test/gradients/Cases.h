//===- Cases.h - what the rules of each op are tested on ------------------===//
//
// A case is an op with its attributes, and how its operands are drawn: away
// from kinks, so that central differences see the derivative. Each family of
// ops has its file.
//
//===----------------------------------------------------------------------===//
#ifndef MG_TEST_GRADIENTS_CASES_H
#define MG_TEST_GRADIENTS_CASES_H

#include <string>
#include <vector>

namespace mlir {
class MLIRContext;
}

namespace mg::test {

/// A type, as "2x3xf64", and where its elements lie: low <= x < high.
struct Operand {
  std::string type;
  double low = -1.5, high = 1.5;
  /// No two elements are close: they may be compared, or sorted.
  bool isApart = false;
  /// Whole numbers, zeros among them.
  bool isWhole = false;
};

struct Case {
  /// Without "mg.".
  std::string op;
  std::vector<Operand> operands;
  /// As in "dims = array<i64: 1>, kind = #mg<reduction sum>".
  std::string attributes = "";
  /// Types of results that the operands do not tell, as "2x3xf64".
  std::vector<std::string> wanted = {};
  /// Functions that the attributes name.
  std::string functions = "";
  /// Of central differences: the step, and the relative error.
  double step = 1e-3, tolerance = 1e-6;
  /// All derivatives are zero by definition, whatever the differences.
  bool isOpaque = false;
};

using Cases = std::vector<Case>;

void addCallCases(Cases &cases);
void addContractionCases(Cases &cases);
void addControlCases(Cases &cases);
void addElementwiseCases(Cases &cases);
void addIndexingCases(Cases &cases);
void addReductionCases(Cases &cases);
void addSortingCases(Cases &cases);
void addSourceCases(Cases &cases);
void addViewCases(Cases &cases);

/// Of all families.
const Cases &allCases();

/// The ops that are differentiable, or batchable, in alphabetical order.
std::vector<std::string> opsWithRules(mlir::MLIRContext &context);
/// docs/gradients.md.
std::string coveragePage(mlir::MLIRContext &context);

} // namespace mg::test

#endif // MG_TEST_GRADIENTS_CASES_H
