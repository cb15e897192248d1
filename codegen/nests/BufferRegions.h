//===- BufferRegions.h - which elements of memory two accesses share ------===//
//
// Before ops are computed piece by piece, interleaved, one asks of every pair
// of their accesses, one of which writes: is it other memory, or the very same
// element in each iteration? Views are followed to the memory they name;
// arguments of an entry are memory of their own (the ABI promises it).
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_NESTS_BUFFERREGIONS_H
#define MG_CODEGEN_NESTS_BUFFERREGIONS_H

#include "codegen/nests/LoopNest.h"

namespace mg::codegen {

/// The memory that a memref is a view of.
mlir::Value rootOf(mlir::Value buffer);

/// Whether two memrefs can name the same byte.
bool mayOverlap(mlir::Value a, mlir::Value b);

/// Whether `op` leaves the buffer alone, so that a fill of it may pass.
bool avoids(mlir::Operation *op, mlir::Value buffer);

/// Where the access's first element is, from that of the root; none where only
/// the run knows, or the root has other elements.
std::optional<int64_t> offsetInRoot(const Access &access);

/// Whether both accesses of one nest reach the same element in every
/// iteration.
bool isSameElement(const Access &a, const Access &b);

/// Whether no two iterations of the nest's parallel loops reach the same
/// element.
bool isOwnElement(const LoopNest &nest, const Access &access);

/// Whether the nest reaches every element of the access's memref.
bool coversBuffer(const LoopNest &nest, const Access &access);

} // namespace mg::codegen

#endif // MG_CODEGEN_NESTS_BUFFERREGIONS_H
