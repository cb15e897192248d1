//===- WordProducts.h - instructions that sum products of words -----------===//
//
// The CPU's own sums of products of narrow elements, which lie in words:
// vpmaddwd, vpdpwssd, vpdpbusd, vdpbf16ps. Which elements make a word says
// Factors.h.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_TILES_WORDPRODUCTS_H
#define MG_CODEGEN_TILES_WORDPRODUCTS_H

#include "codegen/nests/LoopNest.h"

#include "mlir/IR/Builders.h"

namespace mg::codegen {

/// acc + the sum of x * y over the elements of the words.
mlir::Value addProducts(mlir::OpBuilder &b, mlir::Location loc,
                        Products products, mlir::Value x, mlir::Value y,
                        mlir::Value acc);

} // namespace mg::codegen

#endif // MG_CODEGEN_TILES_WORDPRODUCTS_H
