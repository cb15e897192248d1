//===- Elementwise.cpp - compare, select and changes of type --------------===//
#include "ir/Ops.h"
#include "ir/ScalarBuilder.h"

using namespace mlir;
using namespace mlir::mg;

LogicalResult CompareOp::infer(Inference &in) {
  DirectionAttr direction;
  if (failed(in.expectOperands(2)) || failed(in.read("direction", direction)) ||
      failed(in.expectEqualTypes(0, 1))) // C1
    return failure();
  return in.result(in.shape(0), IntegerType::get(in.getContext(), 1));
}

LogicalResult SelectOp::infer(Inference &in) {
  if (failed(in.expectOperands(3)) || failed(in.expectEqualTypes(1, 2))) // C1
    return failure();
  if (!in.element(0).isInteger(1) || in.shape(0) != in.shape(1)) // C2
    return in.error() << "the condition " << describe(in.operand(0))
                      << " is no bool tensor of the shape of "
                      << describe(in.operand(1));
  return in.result(in.operand(1));
}

/// C1 of both changes of type.
static LogicalResult expectOperandShape(Inference &in, RankedTensorType type) {
  if (in.shape(0) == shapeOf(type))
    return success();
  return in.error() << "shapes differ (" << describe(in.operand(0)) << " and "
                    << describe(type) << ")";
}

LogicalResult ConvertOp::infer(Inference &in) {
  ConvertModeAttr mode;
  FailureOr<RankedTensorType> type = in.required();
  if (failed(type) || failed(in.expectOperands(1)) ||
      failed(in.read("mode", mode)) || failed(expectOperandShape(in, *type)))
    return failure();
  return in.result(*type);
}

Value ConvertOp::buildScalar(OpBuilder &builder, Location loc,
                             ValueRange scalars) {
  ScalarBuilder r(builder, loc, getX().getType());
  return r.convert(scalars[0], getResult().getType().getElementType(),
                   getMode());
}

LogicalResult BitcastOp::infer(Inference &in) {
  FailureOr<RankedTensorType> type = in.required();
  if (failed(type) || failed(in.expectOperands(1)) ||
      failed(expectOperandShape(in, *type)))
    return failure();
  Type from = in.element(0), to = type->getElementType();
  if (from.getIntOrFloatBitWidth() != to.getIntOrFloatBitWidth() ||
      from.isInteger(1)) // C2
    return in.error() << describe(from) << " and " << describe(to)
                      << " are not of one width of at least 8 bits";
  return in.result(*type);
}

bool BitcastOp::takesStorageScalars() { return true; }

Value BitcastOp::buildScalar(OpBuilder &builder, Location loc,
                             ValueRange scalars) {
  Type to = getResult().getType().getElementType();
  if (isa<IntegerType>(to))
    to = builder.getIntegerType(to.getIntOrFloatBitWidth());
  if (scalars[0].getType() == to)
    return scalars[0];
  return builder.create<arith::BitcastOp>(loc, to, scalars[0]);
}
