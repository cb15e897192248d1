//===- Folds.cpp - algebra that keeps every bit ---------------------------===//
//
// The laws. A fold keeps the value of every element, bit by bit:
//
//   - x + 0 is not x for floats (-0 + 0 is +0), but x + -0 is, and x - +0 is.
//   - x * 0, x - x are 0 for integers only (NaN, inf, -0).
//   - x * 1, x / 1 are x for all types. NaN stays NaN; which NaN is not a law.
//   - an order of operations never changes, no two roundings become one.
//
// Commutative ops have their constant on the right (the trait sees to that).
// Constant operands everywhere are ConstantFolding's; ops that cancel
// themselves (`neg`, `not`) or repeat (`floor`, `max`) say so by traits.
//
//===----------------------------------------------------------------------===//
#include "ir/Ops.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::mg;

/// Every element of the constant has the bits of that number: -0.0 is another
/// one than 0.0; -1 has all bits of an integer set.
static bool isAll(Attribute attribute, double number) {
  auto value = dyn_cast_or_null<DenseElementsAttr>(attribute);
  if (!value || !value.isSplat())
    return false;
  Type type = value.getElementType();
  if (auto floatType = dyn_cast<FloatType>(type)) {
    auto wanted = cast<FloatAttr>(FloatAttr::get(floatType, number));
    return value.getSplatValue<APFloat>().bitwiseIsEqual(wanted.getValue());
  }
  APInt wanted(64, static_cast<int64_t>(number), /*isSigned=*/true);
  return value.getSplatValue<APInt>() ==
         wanted.trunc(type.getIntOrFloatBitWidth());
}

static bool isFloat(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

/// A splat of an integer or bool type; null where the shape is not static.
static Attribute splat(Type type, int64_t number) {
  auto tensor = cast<RankedTensorType>(type);
  if (!tensor.hasStaticShape())
    return {};
  APInt value(64, number, /*isSigned=*/true);
  unsigned width = tensor.getElementTypeBitWidth();
  return DenseElementsAttr::get(tensor, value.trunc(width));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  return isAll(adaptor.getRhs(), isFloat(getLhs()) ? -0.0 : 0) ? getLhs()
                                                               : Value();
}

OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  if (isAll(adaptor.getRhs(), 0))
    return getLhs();
  if (getLhs() == getRhs() && !isFloat(getLhs()))
    return splat(getType(), 0);
  return {};
}

OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  if (isAll(adaptor.getRhs(), 1))
    return getLhs();
  if (isAll(adaptor.getRhs(), 0) && !isFloat(getLhs()))
    return getRhs();
  return {};
}

OpFoldResult DivOp::fold(FoldAdaptor adaptor) {
  return isAll(adaptor.getRhs(), 1) ? getLhs() : Value();
}

OpFoldResult AndOp::fold(FoldAdaptor adaptor) {
  if (isAll(adaptor.getRhs(), -1))
    return getLhs();
  return isAll(adaptor.getRhs(), 0) ? getRhs() : Value();
}

OpFoldResult OrOp::fold(FoldAdaptor adaptor) {
  if (isAll(adaptor.getRhs(), 0))
    return getLhs();
  return isAll(adaptor.getRhs(), -1) ? getRhs() : Value();
}

OpFoldResult XorOp::fold(FoldAdaptor adaptor) {
  if (getLhs() == getRhs())
    return splat(getType(), 0);
  return isAll(adaptor.getRhs(), 0) ? getLhs() : Value();
}

template <typename ShiftOp>
static OpFoldResult foldShift(ShiftOp op, Attribute distance) {
  return isAll(distance, 0) ? op.getLhs() : Value();
}
OpFoldResult ShlOp::fold(FoldAdaptor adaptor) {
  return foldShift(*this, adaptor.getRhs());
}
OpFoldResult ShrLOp::fold(FoldAdaptor adaptor) {
  return foldShift(*this, adaptor.getRhs());
}
OpFoldResult ShrAOp::fold(FoldAdaptor adaptor) {
  return foldShift(*this, adaptor.getRhs());
}

//===----------------------------------------------------------------------===//
// Compare, select, change of type
//===----------------------------------------------------------------------===//

OpFoldResult CompareOp::fold(FoldAdaptor) {
  if (getLhs() != getRhs() || isFloat(getLhs()))
    return {};
  Direction direction = getDirection();
  return splat(getType(), direction == Direction::EQ ||
                              direction == Direction::LE ||
                              direction == Direction::GE);
}

OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  if (getOnTrue() == getOnFalse() || isAll(adaptor.getCondition(), 1))
    return getOnTrue();
  return isAll(adaptor.getCondition(), 0) ? getOnFalse() : Value();
}

OpFoldResult ConvertOp::fold(FoldAdaptor) {
  return getX().getType() == getType() ? getX() : Value();
}

OpFoldResult BitcastOp::fold(FoldAdaptor) {
  if (auto inner = getX().getDefiningOp<BitcastOp>()) {
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return getX().getType() == getType() ? getX() : Value();
}

//===----------------------------------------------------------------------===//
// Ops that do nothing
//===----------------------------------------------------------------------===//

static bool isZero(ArrayRef<int64_t> list) {
  return llvm::all_of(list, [](int64_t x) { return x == 0; });
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  bool isIdentity = getX().getType() == getType() && isZero(getLo()) &&
                    isZero(getHi()) && isZero(getInterior());
  return isIdentity ? getX() : Value();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getXs().size() == 1 ? getXs().front() : Value();
}

OpFoldResult DynamicSliceOp::fold(FoldAdaptor) {
  return getX().getType() == getType() ? getX() : Value();
}

OpFoldResult DynamicUpdateSliceOp::fold(FoldAdaptor) {
  return getUpdate().getType() == getType() ? getUpdate() : Value();
}

OpFoldResult ReduceOp::fold(FoldAdaptor) {
  return getDims().empty() ? getX() : Value();
}
