//===- StartValues.h - fills that are only where an output starts ---------===//
//
// A sum into `linalg.fill(0)` need not store zeros and load them again: the
// fill's value is where its accumulators start. That holds where the fill lies
// before the op, nothing between them touches the buffer, and the op writes
// every element of it:
//
//   linalg.fill ins(%zero) outs(%c)
//   linalg.generic ins(%a, %b) outs(%c) { c + a * b }
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_NESTS_STARTVALUES_H
#define MG_CODEGEN_NESTS_STARTVALUES_H

#include "codegen/nests/LoopNest.h"

namespace mg::codegen {

class StartValues {
public:
  /// Looks for such fills before each op.
  explicit StartValues(mlir::ArrayRef<mlir::linalg::LinalgOp> ops);

  /// What fills the output before its op; null where nothing does.
  mlir::Value at(mlir::OpOperand &init) const { return valueOf.lookup(&init); }
  /// Sets `initial` of the op's nest, which is not simplified yet.
  void apply(mlir::linalg::LinalgOp op, LoopNest &nest) const;
  /// Whether the op is such a fill: no one reads what it would write.
  bool isStart(mlir::Operation *op) const { return fills.contains(op); }

private:
  llvm::DenseMap<mlir::OpOperand *, mlir::Value> valueOf;
  llvm::DenseSet<mlir::Operation *> fills;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_NESTS_STARTVALUES_H
