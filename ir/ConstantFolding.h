//===- ConstantFolding.h - ops whose operands are all constants -----------===//
#ifndef MG_IR_CONSTANTFOLDING_H
#define MG_IR_CONSTANTFOLDING_H

#include "mlir/Interfaces/FoldInterfaces.h"

namespace mlir::mg {

/// Folds elementwise ops and views of constants, by their interfaces. An
/// elementwise op is folded by its own scalar definition, so there is no second
/// one here; only where that is exact: arith ops and roundings are, other math
/// ops are not (the kernels approximate them in their own way), and NaN is left
/// to the processor.
struct ConstantFolding : DialectFoldInterface {
  using DialectFoldInterface::DialectFoldInterface;
  LogicalResult fold(Operation *op, ArrayRef<Attribute> operands,
                     SmallVectorImpl<OpFoldResult> &results) const final;
};

} // namespace mlir::mg

#endif // MG_IR_CONSTANTFOLDING_H
