//===- ConstantFolding.cpp - elementwise ops and views of constants -------===//
#include "ir/ConstantFolding.h"
#include "ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::mg;

/// Elements that a constant which is no splat may have (64 bytes).
static bool isSmall(RankedTensorType type) {
  return type.getNumElements() * elementBytes(type.getElementType()) <= 64;
}

//===----------------------------------------------------------------------===//
// One scalar
//===----------------------------------------------------------------------===//

static APFloat converted(APFloat value, FloatType type) {
  bool losesInfo;
  value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value;
}

/// An element of a constant as `buildScalar` takes it.
static TypedAttr lower(Attribute element, bool asStored) {
  if (auto integer = dyn_cast<IntegerAttr>(element)) {
    auto type = IntegerType::get(element.getContext(),
                                 integer.getValue().getBitWidth());
    return IntegerAttr::get(type, integer.getValue());
  }
  auto number = cast<FloatAttr>(element);
  auto type = cast<FloatType>(number.getType());
  if (type.getWidth() == 16 && !asStored)
    type = Float32Type::get(type.getContext());
  return FloatAttr::get(type, converted(number.getValue(), type));
}

/// The way back; null for NaN.
static Attribute raise(Attribute scalar, Type element) {
  if (auto integer = dyn_cast<IntegerAttr>(scalar))
    return IntegerAttr::get(element, integer.getValue());
  auto type = cast<FloatType>(element);
  APFloat value = converted(cast<FloatAttr>(scalar).getValue(), type);
  return value.isNaN() ? Attribute() : FloatAttr::get(type, value);
}

/// The same on every processor, but for NaN.
static bool isExact(Operation &op) {
  return isa<arith::ArithDialect>(op.getDialect()) ||
         isa<math::AbsFOp, math::FloorOp, math::CeilOp, math::RoundEvenOp,
             math::TruncOp>(op);
}

/// Evaluates a block of exact ops; null where one does not fold.
static Attribute evaluate(Block &block, Value wanted) {
  DenseMap<Value, Attribute> known;
  for (Operation &op : block) {
    if (!isExact(op))
      return {};
    SmallVector<Attribute> operands;
    for (Value operand : op.getOperands())
      operands.push_back(known.lookup(operand));
    SmallVector<OpFoldResult> results;
    if (failed(op.fold(operands, results)) || results.size() != 1)
      return {};
    Attribute value = dyn_cast<Attribute>(results[0]);
    known[op.getResult(0)] =
        value ? value : known.lookup(cast<Value>(results[0]));
  }
  return known.lookup(wanted);
}

static Attribute evaluate(Elementwise op, ArrayRef<Attribute> elements) {
  Block block;
  OpBuilder builder(op.getContext());
  builder.setInsertionPointToEnd(&block);
  Location loc = op.getLoc();
  SmallVector<Value> scalars;
  for (Attribute element : elements)
    scalars.push_back(builder.create<arith::ConstantOp>(
        loc, lower(element, op.takesStorageScalars())));
  Value result = op.buildScalar(builder, loc, scalars);
  Attribute scalar = evaluate(block, result);
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  return scalar ? raise(scalar, type) : Attribute();
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

static DenseElementsAttr foldElementwise(Elementwise op,
                                         ArrayRef<DenseElementsAttr> operands,
                                         RankedTensorType type) {
  bool isSplat = llvm::all_of(
      operands, [](DenseElementsAttr value) { return value.isSplat(); });
  if (!isSplat && !isSmall(type))
    return {};
  SmallVector<Attribute> elements;
  for (int64_t i = 0, e = isSplat ? 1 : type.getNumElements(); i < e; ++i) {
    SmallVector<Attribute> scalars;
    for (DenseElementsAttr operand : operands)
      scalars.push_back(operand.getValues<Attribute>()[i]);
    elements.push_back(evaluate(op, scalars));
    if (!elements.back())
      return {};
  }
  return DenseElementsAttr::get(type, elements);
}

static DenseElementsAttr foldView(View op, DenseElementsAttr operand,
                                  RankedTensorType type) {
  auto values = operand.getValues<Attribute>();
  if (operand.isSplat())
    return DenseElementsAttr::get(type, ArrayRef<Attribute>(*values.begin()));
  if (!isSmall(type))
    return {};
  auto operandType = cast<RankedTensorType>(operand.getType());
  FailureOr<StridedView> view =
      op.viewOf(StridedView::rowMajor(operandType.getShape()), operandType,
                op->getAttrDictionary(), type);
  if (failed(view))
    return {};
  StridedView target = StridedView::rowMajor(type.getShape());
  SmallVector<Attribute> elements;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    int64_t offset = view->offset;
    for (size_t d = 0; d < target.sizes.size(); ++d)
      offset += i / target.strides[d] % target.sizes[d] * view->strides[d];
    elements.push_back(values[offset]);
  }
  return DenseElementsAttr::get(type, elements);
}

LogicalResult
ConstantFolding::fold(Operation *op, ArrayRef<Attribute> operands,
                      SmallVectorImpl<OpFoldResult> &results) const {
  if (op->getNumResults() != 1 || operands.empty())
    return failure();
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() == 0)
    return failure();
  SmallVector<DenseElementsAttr> constants;
  for (Attribute operand : operands) {
    constants.push_back(dyn_cast_or_null<DenseElementsAttr>(operand));
    if (!constants.back())
      return failure();
  }
  DenseElementsAttr folded;
  if (auto elementwise = dyn_cast<Elementwise>(op))
    folded = foldElementwise(elementwise, constants, type);
  else if (auto view = dyn_cast<View>(op))
    folded = foldView(view, constants[0], type);
  if (!folded)
    return failure();
  results.push_back(folded);
  return success();
}
