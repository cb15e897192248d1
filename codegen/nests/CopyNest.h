//===- CopyNest.h - the nest that copies an array ---------------*- C++ -*-===//
#ifndef MG_CODEGEN_NESTS_COPYNEST_H
#define MG_CODEGEN_NESTS_COPYNEST_H

#include "codegen/nests/LoopNest.h"

#include "mlir/IR/Builders.h"

#include <memory>

namespace mg::codegen {

/// The body of a copy: yields the first of two elements.
std::unique_ptr<mlir::Block>
createCopyBody(mlir::OpBuilder &b, mlir::Location loc, mlir::Type element);

/// Copies `from` to `to`, both over the loops of `nest`, of which the copy has
/// those that move one of them. `body` is of createCopyBody and stays the
/// caller's.
LoopNest buildCopy(const LoopNest &nest, const Access &from, const Access &to,
                   mlir::Block *body);

} // namespace mg::codegen

#endif // MG_CODEGEN_NESTS_COPYNEST_H
