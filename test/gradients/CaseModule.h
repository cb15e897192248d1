//===- CaseModule.h - a case, its derivatives and its batched forms -------===//
//
// One module per case, expanded by `--mg-differentiate`, with the entries
//
//   value    (x..)          -> (y..)
//   reverse  (x.., ct..)    -> (gradients of the float x..)
//   forward  (x.., t..)     -> (tangents of the float y..)
//   second   (x.., ct.., w..) -> (gradients of the float x.. and of ct..)
//            of the sum of w times `reverse`
//   mixed    (x.., ct.., t.., u..) -> (tangents of `reverse`'s results)
//   mapped_M (x..)          -> (y..), all y with a batch in front, and those x
//            whose bit in M is set
//   mapped_reverse (x.., ct..)  all with a batch in front
//
// Where the op has no derivative, only `value` and `mapped`.
//
//===----------------------------------------------------------------------===//
#ifndef MG_TEST_GRADIENTS_CASEMODULE_H
#define MG_TEST_GRADIENTS_CASEMODULE_H

#include "Cases.h"
#include "Numbers.h"
#include "frontend/jit/Program.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace mg::test {

/// Size of the batch of `mapped`.
constexpr int64_t batchSize = 3;

/// What interfaces an op has.
struct Abilities {
  bool isDifferentiable, isBatchable;
};
Abilities abilitiesOf(mlir::MLIRContext &context, const std::string &op);

class CaseModule {
public:
  CaseModule(mlir::MLIRContext &context, const Case &testCase);

  /// False where the rules failed; the context knows why.
  explicit operator bool() const { return bool(module); }
  mlir::ModuleOp get() { return *module; }
  /// Before the expansion.
  const std::string &text() const { return source; }

  bool isDifferentiable() const { return differentiable; }
  const std::vector<mlir::RankedTensorType> &operands() const { return xs; }
  const std::vector<mlir::RankedTensorType> &results() const { return ys; }
  /// Numbers of the operands, and of the results, that are floats.
  const std::vector<size_t> &floatOperands() const { return floatXs; }
  const std::vector<size_t> &floatResults() const { return floatYs; }
  /// The subsets M of operands that `mapped_M` is there for.
  const std::vector<unsigned> &masks() const { return mappings; }

  /// Runs an entry op by op. Throws where that fails.
  Arrays run(const std::string &entry, const Arrays &inputs);
  /// Compiles all entries. Throws where that fails.
  std::shared_ptr<Program> compile();

private:
  void inferTypes(const Case &testCase);
  std::string entries(const Case &testCase) const;

  mlir::MLIRContext &context;
  std::string source;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  bool differentiable;
  std::vector<mlir::RankedTensorType> xs, ys;
  std::vector<size_t> floatXs, floatYs;
  std::vector<unsigned> mappings;
};

} // namespace mg::test

#endif // MG_TEST_GRADIENTS_CASEMODULE_H
