//===- ViewChains.cpp - Where the elements of a tensor come from ----------===//

#include "passes/ViewChains.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <numeric>

using namespace mlir;
using namespace mlir::mg;
using linalg::GenericOp;
using Form = DigitSpace::Form;

bool mg::isCopy(GenericOp op) {
  return op.hasPureTensorSemantics() && !op.hasDynamicShape() &&
         op.getNumDpsInputs() == 1 && op.getNumDpsInits() == 1 &&
         op.getNumLoops() == op.getNumParallelLoops() &&
         llvm::hasSingleElement(*op.getBody()) &&
         op.getBody()->getTerminator()->getOperand(0) ==
             op.getBody()->getArgument(0) &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity() &&
         isa<RankedTensorType>(op.getInputs()[0].getType());
}

static ArrayRef<int64_t> shapeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape();
}

//===----------------------------------------------------------------------===//
// Linear steps
//===----------------------------------------------------------------------===//

/// `expr` of the loops as a form, where it is linear.
static std::optional<Form> addExpr(DigitSpace &space, AffineExpr expr,
                                   ArrayRef<Form> loops) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return space.addConstant(constant.getValue());
  if (auto loop = dyn_cast<AffineDimExpr>(expr))
    return loops[loop.getPosition()];
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  auto lhs = addExpr(space, binary.getLHS(), loops);
  if (!lhs)
    return std::nullopt;
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (binary.getKind() == AffineExprKind::Mul && factor)
    return space.addSum(*lhs, factor.getValue());
  auto rhs = addExpr(space, binary.getRHS(), loops);
  if (binary.getKind() != AffineExprKind::Add || !rhs)
    return std::nullopt;
  return space.addSum({*lhs, *rhs}, {1, 1});
}

std::optional<SmallVector<Form>> mg::addMap(DigitSpace &space, AffineMap map,
                                            ArrayRef<Form> loops) {
  SmallVector<Form> index;
  for (AffineExpr expr : map.getResults()) {
    auto form = addExpr(space, expr, loops);
    if (!form)
      return std::nullopt;
    index.push_back(*form);
  }
  return index;
}

static bool stepThroughCopy(DigitSpace &space, Origin &at, GenericOp copy) {
  auto index = addMap(
      space, copy.getMatchingIndexingMap(copy.getDpsInputOperand(0)), at.index);
  if (!index)
    return false;
  at.tensor = copy.getInputs()[0];
  at.index = *index;
  return true;
}

/// A slice whose place is known.
static bool isStatic(OffsetSizeAndStrideOpInterface slice) {
  auto known = [](ArrayRef<int64_t> values) {
    return llvm::none_of(values, ShapedType::isDynamic);
  };
  return known(slice.getStaticOffsets()) && known(slice.getStaticSizes()) &&
         known(slice.getStaticStrides());
}

static bool stepThroughSlice(DigitSpace &space, Origin &at,
                             tensor::ExtractSliceOp slice) {
  if (!isStatic(slice))
    return false;
  const llvm::SmallBitVector dropped = slice.getDroppedDims();
  SmallVector<Form> index;
  size_t next = 0;
  for (size_t d = 0; d < dropped.size(); ++d) {
    int64_t offset = slice.getStaticOffset(d);
    index.push_back(
        dropped.test(d)
            ? space.addConstant(offset)
            : space.addSum(at.index[next++], slice.getStaticStride(d), offset));
  }
  at.tensor = slice.getSource();
  at.index = index;
  return true;
}

//===----------------------------------------------------------------------===//
// Insertions
//===----------------------------------------------------------------------===//

namespace {

/// How what is read along a dimension meets the part that was inserted.
enum class Meeting { Inside, Apart, Mixed };

} // namespace

static Meeting meet(const DigitSpace &space, Form form, int64_t offset,
                    int64_t size, int64_t stride) {
  auto [lo, hi] = space.rangeOf(form);
  int64_t common = stride;
  for (auto [digit, factor] :
       llvm::zip_equal(space.getDigits(), space[form].factors))
    common = std::gcd(common, digit.size > 1 ? factor : 0);
  const int64_t last = offset + (size - 1) * stride;
  if (hi < offset || lo > last || (space[form].constant - offset) % common != 0)
    return Meeting::Apart;
  return common == stride && lo >= offset && hi <= last ? Meeting::Inside
                                                        : Meeting::Mixed;
}

/// Into the part, or past it where nothing of it is read.
static bool stepThroughInsertion(DigitSpace &space, Origin &at,
                                 tensor::InsertSliceOp insertion) {
  if (!isStatic(insertion) || insertion.getSourceType().getRank() !=
                                  insertion.getResultType().getRank())
    return false;
  bool isInside = true;
  SmallVector<Form> index;
  for (auto [d, form] : llvm::enumerate(at.index)) {
    const int64_t offset = insertion.getStaticOffset(d),
                  stride = insertion.getStaticStride(d);
    const Meeting meeting =
        meet(space, form, offset, insertion.getStaticSize(d), stride);
    if (meeting == Meeting::Apart) {
      at.tensor = insertion.getDest();
      return true;
    }
    isInside &= meeting == Meeting::Inside;
    if (!isInside)
      continue;
    LinearForm inner = space[form];
    inner.constant = (inner.constant - offset) / stride;
    for (int64_t &factor : inner.factors)
      factor /= stride;
    index.push_back(space.add(inner));
  }
  if (!isInside)
    return false;
  at.tensor = insertion.getSource();
  at.index = index;
  return true;
}

//===----------------------------------------------------------------------===//
// Reshapes and the walk
//===----------------------------------------------------------------------===//

/// Past all views below the reshape at once, by the runs that they lie in; or,
/// where something below is stuck for all of the tensor but perhaps not for
/// what is read here, one step.
bool ViewChains::stepThroughReshape(DigitSpace &space, Origin &at,
                                    Value operand) {
  const Form number = space.addLinearized(at.index, shapeOf(at.tensor));
  const Whole &whole = wholeOf(operand);
  if (whole.isStuck) {
    DigitSpace tried = space;
    if (auto index = tried.delinearize(number, shapeOf(operand))) {
      Origin deeper = trace(tried, operand, *index);
      if (!deeper.isStuck) {
        space = std::move(tried);
        at = deeper;
        return true;
      }
    }
  }
  SmallVector<int64_t> sizes, strides;
  for (Run run : whole.view.runs()) {
    sizes.push_back(run.size);
    strides.push_back(run.stride);
  }
  auto digits = space.delinearize(number, sizes);
  at.isStuck = whole.isStuck || !digits;
  if (!digits)
    return false;
  at.tensor = whole.origin;
  at.index.clear();
  at.isNumber = true;
  at.number = space.addSum(*digits, strides,
                           whole.view.space[whole.view.offset].constant);
  return true;
}

bool ViewChains::step(DigitSpace &space, Origin &at) {
  Operation *op = at.tensor.getDefiningOp();
  if (auto copy = dyn_cast_or_null<GenericOp>(op))
    return isCopy(copy) && stepThroughCopy(space, at, copy);
  if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op))
    return stepThroughSlice(space, at, slice);
  if (auto insertion = dyn_cast_or_null<tensor::InsertSliceOp>(op))
    return stepThroughInsertion(space, at, insertion);
  if (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return stepThroughReshape(space, at, op->getOperand(0));
  return false;
}

Origin ViewChains::trace(DigitSpace &space, Value tensor,
                         SmallVector<Form> index) {
  Origin at{tensor, std::move(index)};
  while (!at.isNumber && step(space, at))
    ;
  return at;
}

const ViewChains::Whole &ViewChains::wholeOf(Value tensor) {
  if (auto known = wholes.find(tensor); known != wholes.end())
    return *known->second;
  auto whole = std::make_unique<Whole>();
  DigitSpace &space = whole->view.space;
  space = DigitSpace(shapeOf(tensor));
  SmallVector<Form> index;
  for (size_t axis = 0; axis < shapeOf(tensor).size(); ++axis)
    index.push_back(space.addAxis(axis));
  const Origin origin = trace(space, tensor, index);
  whole->origin = origin.tensor;
  whole->isStuck = origin.isStuck;
  whole->view.offset =
      origin.isNumber
          ? origin.number
          : space.addLinearized(origin.index, shapeOf(origin.tensor));
  return *(wholes[tensor] = std::move(whole));
}
