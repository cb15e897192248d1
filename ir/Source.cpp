//===- Source.cpp - types of ops that read no tensor ----------------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

bool ConstantOp::isSmall(ElementsAttr value) {
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense)
    return false;
  std::optional<int64_t> bytes =
      checkedProduct(shapeOf(cast<RankedTensorType>(dense.getType())),
                     elementBytes(dense.getElementType()));
  return bytes && (dense.isSplat() || *bytes <= 64);
}

LogicalResult ConstantOp::infer(Inference &in) {
  ElementsAttr value;
  if (failed(in.expectOperands(0)) || failed(in.read("value", value)))
    return failure();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return in.error() << "the value is no ranked tensor";
  if (failed(in.result(type)))
    return failure();
  if (!isSmall(value)) // C1
    return in.error() << "neither a splat nor within 64 bytes: make "
                      << describe(type) << " a weight";
  return success();
}

LogicalResult WeightOp::infer(Inference &in) {
  StringAttr name;
  FailureOr<RankedTensorType> type = in.required();
  if (failed(type) || failed(in.expectOperands(0)) ||
      failed(in.read("name", name)))
    return failure();
  if (name.empty()) // C1
    return in.error() << "the name is empty";
  if (!type->hasStaticShape()) // C2
    return in.error() << "the type " << describe(*type) << " is not static";
  return in.result(*type);
}

LogicalResult IotaOp::infer(Inference &in) {
  int64_t dim;
  FailureOr<RankedTensorType> type = in.required();
  if (failed(type) || failed(in.expectOperands(0)) ||
      failed(in.readDim("dim", type->getRank(), dim)) ||             // C1
      failed(in.expectClass(type->getElementType(), numberClasses))) // C2
    return failure();
  return in.result(*type);
}

LogicalResult RngBitsOp::infer(Inference &in) {
  FailureOr<RankedTensorType> type = in.required();
  if (failed(type) || failed(in.expectOperands(1)))
    return failure();
  auto isKey = [&](int64_t count, unsigned width) {
    return in.shape(0) == Shape{count} &&
           in.element(0).isUnsignedInteger(width);
  };
  if (!isKey(2, 64) && !isKey(4, 32)) // C1
    return in.error() << "the key is ui64[2] or ui32[4], not "
                      << describe(in.operand(0));
  Type element = type->getElementType();
  if (!element.isUnsignedInteger(32) && !element.isUnsignedInteger(64)) // C2
    return in.error() << "gives ui32 or ui64, not " << describe(element);
  return in.result(*type);
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

/// A loop over the keys.
FailureOr<SmallVector<Mapped>> RngBitsOp::batch(RuleBuilder &r,
                                                ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}
