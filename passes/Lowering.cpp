//===- Lowering.cpp - What the lowerings of all families share ------------===//

#include "passes/Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::mg;

Type mg::storedType(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return element;
  unsigned width = integer.getWidth() == 1 ? 8 : integer.getWidth();
  return IntegerType::get(element.getContext(), width);
}

Type mg::computedType(Type element) {
  if (element.isInteger(1))
    return element;
  if (element.isF16() || element.isBF16())
    return Float32Type::get(element.getContext());
  return storedType(element);
}

Value mg::loadElement(OpBuilder &builder, Location loc, Value stored,
                      Type element) {
  Type computed = computedType(element);
  if (stored.getType() == computed)
    return stored;
  if (isa<FloatType>(computed))
    return builder.create<arith::ExtFOp>(loc, computed, stored);
  Value zero = builder.create<arith::ConstantOp>(
      loc, builder.getZeroAttr(stored.getType()));
  return builder.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, stored,
                                       zero);
}

Value mg::storeElement(OpBuilder &builder, Location loc, Value computed,
                       Type element) {
  Type stored = storedType(element);
  if (computed.getType() == stored)
    return computed;
  if (isa<FloatType>(stored))
    return builder.create<arith::TruncFOp>(loc, stored, computed);
  return builder.create<arith::ExtUIOp>(loc, stored, computed);
}

RankedTensorType mg::storedTensor(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(),
                               storedType(tensor.getElementType()));
}

Value mg::createElementwise(OpBuilder &builder, Location loc,
                            RankedTensorType result, ArrayRef<Access> inputs,
                            function_ref<Value(OpBuilder &, ValueRange)> body) {
  Value empty = builder.create<tensor::EmptyOp>(loc, result.getShape(),
                                                result.getElementType());
  AffineMap identity = builder.getMultiDimIdentityMap(result.getRank());
  return createGeneric(builder, loc, Loops::parallel(result.getShape()), inputs,
                       Access{empty, identity},
                       [&](OpBuilder &inside, ValueRange elements) {
                         return SmallVector<Value>{
                             body(inside, elements.drop_back())};
                       })
      .getResult(0);
}

Value mg::createFilled(OpBuilder &builder, Location loc, RankedTensorType type,
                       Value value) {
  Value empty = builder.create<tensor::EmptyOp>(loc, type.getShape(),
                                                type.getElementType());
  return builder.create<linalg::FillOp>(loc, value, empty).getResult(0);
}

Value mg::createFilled(OpBuilder &builder, Location loc, RankedTensorType type,
                       TypedAttr value) {
  return createFilled(builder, loc, type,
                      builder.create<arith::ConstantOp>(loc, value));
}

Type mg::accumulatorType(Type element) {
  return element.isInteger(1) ? storedType(element) : computedType(element);
}

Value mg::loadAccumulator(OpBuilder &builder, Location loc, Value stored,
                          Type element) {
  Value loaded = loadElement(builder, loc, stored, element);
  return element.isInteger(1) ? storeElement(builder, loc, loaded, element)
                              : loaded;
}

Value mg::storeAccumulator(OpBuilder &builder, Location loc, Value value,
                           Type element) {
  return element.isInteger(1) ? value
                              : storeElement(builder, loc, value, element);
}

Value mg::roundAccumulated(OpBuilder &builder, Location loc, Value accumulated,
                           Type element) {
  auto type = cast<RankedTensorType>(accumulated.getType());
  Type stored = storedType(element);
  if (type.getElementType() == stored)
    return accumulated;
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  return createElementwise(
      builder, loc, cast<RankedTensorType>(type.clone(stored)),
      Access{accumulated, identity}, [&](OpBuilder &body, ValueRange elements) {
        return storeElement(body, loc, elements[0], element);
      });
}

TensorLowering::TensorLowering() {
  addConversion([](Type type) { return type; });
  addConversion([](RankedTensorType type) { return storedTensor(type); });
  // Between ops that lower and ops that do not, so that the latter can all be
  // reported.
  auto cast = [](OpBuilder &builder, Type type, ValueRange inputs,
                 Location loc) -> Value {
    return builder.create<UnrealizedConversionCastOp>(loc, type, inputs)
        .getResult(0);
  };
  addSourceMaterialization(cast);
  addTargetMaterialization(cast);
  addArgumentMaterialization(cast);
}
