//===- WinogradTransforms.h - the linear maps around the products ---------===//
//
// What Winograd.h calls B' x B, G w G' and A' m A: of a square of values, first
// along its columns and then along its rows. Always in the same order, so that
// whoever transforms weights gets the same bits.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_BUFFERS_WINOGRADTRANSFORMS_H
#define MG_CODEGEN_BUFFERS_WINOGRADTRANSFORMS_H

#include "mlir/IR/Builders.h"

namespace mg::codegen {

/// Squares, row by row.
using Square = llvm::SmallVector<mlir::Value>;
using SquareTransform = Square (*)(mlir::OpBuilder &, mlir::Location,
                                   llvm::ArrayRef<mlir::Value>);

/// 4 x 4 of 4 x 4 inputs.
Square transformInputs(mlir::OpBuilder &b, mlir::Location loc,
                       llvm::ArrayRef<mlir::Value> square);
/// 4 x 4 of 3 x 3 weights.
Square transformWeights(mlir::OpBuilder &b, mlir::Location loc,
                        llvm::ArrayRef<mlir::Value> square);
/// 2 x 2 results of 4 x 4 products.
Square transformBack(mlir::OpBuilder &b, mlir::Location loc,
                     llvm::ArrayRef<mlir::Value> square);

/// The dimensions of a convolution's weights, and which sides of the window are
/// read from their ends.
struct WeightDims {
  int64_t results, channels, tapRows, tapColumns;
  bool areRowsTurned = false, areColumnsTurned = false;

  bool operator==(const WeightDims &) const = default;
};

/// The tensor [16][results][channels] of a tensor of weights.
mlir::Value createWeightPlanes(mlir::OpBuilder &b, mlir::Location loc,
                               mlir::Value weights, const WeightDims &dims);

} // namespace mg::codegen

#endif // MG_CODEGEN_BUFFERS_WINOGRADTRANSFORMS_H
