//===- Lowering.h - The parts of mg to linalg -------------------*- C++ -*-===//
//
// One file per family of ops fills the pattern set of LowerToLinalg.cpp. All of
// them share the forms an element has: as it is stored in a tensor, as bodies
// compute with it, and as reductions accumulate it.
//
//   mg element   stored   computed   accumulated
//   i1           i8       i1         i8             0 or 1 in a byte
//   ui8 .. ui64  i8 ..    i8 ..      i8 ..          the op knows the sign
//   f16, bf16    f16 ..   f32        f32            rounded once per op
//   others       the same
//
//===----------------------------------------------------------------------===//

#ifndef MG_PASSES_LOWERING_H
#define MG_PASSES_LOWERING_H

#include "passes/Loops.h"

#include "ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Transforms/DialectConversion.h"

namespace mlir::mg {

/// The type of a stored element, and of an element in a body.
Type storedType(Type element);
Type computedType(Type element);
/// From the stored to the computed form of `element`, and back.
Value loadElement(OpBuilder &builder, Location loc, Value stored, Type element);
Value storeElement(OpBuilder &builder, Location loc, Value computed,
                   Type element);

Type accumulatorType(Type element);
Value loadAccumulator(OpBuilder &builder, Location loc, Value stored,
                      Type element);
Value storeAccumulator(OpBuilder &builder, Location loc, Value value,
                       Type element);
/// A tensor of accumulators as the tensor of elements that they round to.
Value roundAccumulated(OpBuilder &builder, Location loc, Value accumulated,
                       Type element);

/// The stored form of a tensor of `type`.
RankedTensorType storedTensor(Type type);

/// `result[i, ..] = body(elements of the inputs at (i, ..))`, on stored forms.
Value createElementwise(OpBuilder &builder, Location loc,
                        RankedTensorType result, ArrayRef<Access> inputs,
                        function_ref<Value(OpBuilder &, ValueRange)> body);

/// A tensor of `type` with `value` everywhere.
Value createFilled(OpBuilder &builder, Location loc, RankedTensorType type,
                   Value value);
Value createFilled(OpBuilder &builder, Location loc, RankedTensorType type,
                   TypedAttr value);

/// The op that combines two accumulated `element`s, as arith names it.
arith::AtomicRMWKind combiner(Reduction kind, Type element);

/// `tensor` inside `background`: along each dimension, element i goes to
/// lo + i * (interior + 1), or nowhere where that is outside.
Value createPadded(OpBuilder &builder, Location loc, Value tensor,
                   Value background, ArrayRef<int64_t> lo,
                   ArrayRef<int64_t> interior);

/// An integer as an index, moved into [0, last].
Value clampIndex(OpBuilder &builder, Location loc, Value index, int64_t last);

/// Tensors to their stored form.
struct TensorLowering : TypeConverter {
  TensorLowering();
};

void populateSources(RewritePatternSet &patterns, const TensorLowering &types);
void populateElementwise(RewritePatternSet &patterns,
                         const TensorLowering &types);
void populateViews(RewritePatternSet &patterns, const TensorLowering &types);
void populateCopies(RewritePatternSet &patterns, const TensorLowering &types);
void populateReductions(RewritePatternSet &patterns,
                        const TensorLowering &types);
void populateContractions(RewritePatternSet &patterns,
                          const TensorLowering &types);
/// Convolutions of dilated images as those of what is not dilated, in mg.
void populateDilations(RewritePatternSet &patterns);
void populateIndexing(RewritePatternSet &patterns, const TensorLowering &types);
void populateSorting(RewritePatternSet &patterns, const TensorLowering &types);

} // namespace mlir::mg

#endif // MG_PASSES_LOWERING_H
