//===- LowerElementwise.cpp - Elementwise ops and views to linalg ---------===//
//
// Both families are one pattern over an interface: an elementwise op writes its
// body, a view tells its map. A view becomes a linalg.generic that copies; the
// copy disappears when fusion puts the map into the users (ProducerPlan.h) or
// ResolveViews.cpp finds a tensor op that says the same.
//
//===----------------------------------------------------------------------===//

#include "passes/Lowering.h"

#include "ir/Interfaces.h"
#include "ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::mg;

/// Whether a body takes or gives `element` as it is stored.
static bool isRaw(Elementwise op, Type element) {
  return op.takesStorageScalars() && isa<FloatType>(element);
}

namespace {

struct LowerElementwise : OpInterfaceConversionPattern<Elementwise> {
  using OpInterfaceConversionPattern::OpInterfaceConversionPattern;
  LogicalResult
  matchAndRewrite(Elementwise op, ArrayRef<Value> operands,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op->getLoc();
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    llvm::SmallSetVector<Value, 3> distinct(operands.begin(), operands.end());
    SmallVector<Access> inputs;
    for (Value operand : distinct)
      inputs.push_back(
          {operand, rewriter.getMultiDimIdentityMap(type.getRank())});
    auto body = [&](OpBuilder &builder, ValueRange elements) {
      SmallVector<Value> scalars;
      for (auto [operand, original] : llvm::zip(operands, op->getOperands())) {
        auto place = llvm::find(distinct, operand) - distinct.begin();
        Type element = getElementTypeOrSelf(original);
        scalars.push_back(
            isRaw(op, element)
                ? elements[place]
                : loadElement(builder, loc, elements[place], element));
      }
      Value result = op.buildScalar(builder, loc, scalars);
      return isRaw(op, type.getElementType())
                 ? result
                 : storeElement(builder, loc, result, type.getElementType());
    };
    rewriter.replaceOp(
        op, createElementwise(rewriter, loc, storedTensor(type), inputs, body));
    return success();
  }
};

struct LowerView : OpInterfaceConversionPattern<View> {
  using OpInterfaceConversionPattern::OpInterfaceConversionPattern;
  LogicalResult
  matchAndRewrite(View op, ArrayRef<Value> operands,
                  ConversionPatternRewriter &rewriter) const override {
    AffineMap map = op.getViewMap();
    if (!map)
      return rewriter.notifyMatchFailure(op, "not an affine map");
    rewriter.replaceOp(
        op,
        createElementwise(
            rewriter, op->getLoc(), storedTensor(op->getResult(0).getType()),
            Access{operands[0], map},
            [](OpBuilder &, ValueRange elements) { return elements[0]; }));
    return success();
  }
};

/// Any other reshape: dimensions are merged to the largest groups that both
/// shapes consist of, then split.
struct LowerReshape : OpConversionPattern<ReshapeOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ReshapeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override;
};

} // namespace

/// Groups of consecutive dimensions of two shapes with equal products.
struct CommonGroups {
  SmallVector<int64_t> sizes;
  SmallVector<ReassociationIndices> from, to;
};

/// Appends dimensions of `shape` from `next` on until the group holds `size`.
static int64_t takeDims(ArrayRef<int64_t> shape, int64_t &next,
                        ReassociationIndices &group) {
  group.push_back(next);
  return shape[next++];
}

/// The groups of two shapes with as many elements, at least one.
static CommonGroups commonGroups(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  CommonGroups groups;
  int64_t i = 0, j = 0, rankFrom = from.size(), rankTo = to.size();
  while (i < rankFrom && j < rankTo) {
    ReassociationIndices a, b;
    int64_t sizeA = takeDims(from, i, a), sizeB = takeDims(to, j, b);
    while (sizeA != sizeB)
      if (sizeA < sizeB)
        sizeA *= takeDims(from, i, a);
      else
        sizeB *= takeDims(to, j, b);
    groups.sizes.push_back(sizeA);
    groups.from.push_back(a);
    groups.to.push_back(b);
  }
  // What is left has size 1.
  while (i < rankFrom && !groups.from.empty())
    takeDims(from, i, groups.from.back());
  while (j < rankTo && !groups.to.empty())
    takeDims(to, j, groups.to.back());
  return groups;
}

LogicalResult
LowerReshape::matchAndRewrite(ReshapeOp op, OpAdaptor adaptor,
                              ConversionPatternRewriter &rewriter) const {
  Location loc = op.getLoc();
  RankedTensorType result = storedTensor(op.getType());
  Value value = adaptor.getX();
  auto type = cast<RankedTensorType>(value.getType());
  if (result.getNumElements() == 0) {
    rewriter.replaceOpWithNewOp<tensor::EmptyOp>(op, result.getShape(),
                                                 result.getElementType());
    return success();
  }
  CommonGroups groups = commonGroups(type.getShape(), result.getShape());
  auto middle = RankedTensorType::get(groups.sizes, type.getElementType());
  if (middle.getRank() < type.getRank())
    value = rewriter.create<tensor::CollapseShapeOp>(loc, middle, value,
                                                     groups.from);
  if (middle.getRank() < result.getRank())
    value =
        rewriter.create<tensor::ExpandShapeOp>(loc, result, value, groups.to);
  rewriter.replaceOp(op, value);
  return success();
}

void mg::populateElementwise(RewritePatternSet &patterns,
                             const TensorLowering &types) {
  patterns.add<LowerElementwise, LowerView>(types, patterns.getContext());
  // Where a reshape is a map as well, the map wins: it fuses.
  patterns.add<LowerReshape>(types, patterns.getContext(), /*benefit=*/0);
}
