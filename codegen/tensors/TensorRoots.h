//===- TensorRoots.h - whose memory a tensor may name ---------------------===//
//
// Before bufferization, when a tensor is bound to memory, one asks: may this
// value still be the old contents of something that is overwritten first? The
// answer follows views, selects and what loops carry back to where values come
// from. Ops that compute into a destination end the walk (branches do, once
// they are bound): they are bufferization's business.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_TENSORS_TENSORROOTS_H
#define MG_CODEGEN_TENSORS_TENSORROOTS_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseSet.h"

namespace mg::codegen {

class TensorRoots {
public:
  /// Does not look behind the arguments of `home`.
  explicit TensorRoots(mlir::Value value, mlir::Block *home = nullptr)
      : home(home) {
    visit(value);
  }
  bool contains(mlir::Value value) const { return values.contains(value); }
  template <class F> bool any(F &&f) const {
    for (mlir::Value value : values)
      if (f(value))
        return true;
    return false;
  }
  /// Whether a view lies on one of the ways.
  bool throughView() const { return sawView; }

private:
  void visit(mlir::Value value);
  void visitResult(mlir::OpResult result);
  void visitArgument(mlir::BlockArgument argument);

  mlir::Block *home;
  llvm::SmallDenseSet<mlir::Value> values, seen;
  bool sawView = false;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_TENSORS_TENSORROOTS_H
