//===- ComposeViews.cpp - Whoever reads a view reads its origin -----------===//
//
// In:    linalg.generic ops, static shapes; views as copies, slices, reshapes.
// Out:   every generic reads past the views (ViewChains.h, Digits.h), with its
//        loops split where a reshape asks for it:
//
//          %t = generic(%x : 4x6) { yield } with (i, j) -> (j, i)   : 6x4
//          %r = tensor.collapse_shape %t                            : 24
//          %y = generic(%r) { exp } with (i) -> (i)                 : 24
//            =>
//          %e = generic(%x) { exp } with (a, b) -> (b, a)           : 6x4
//          %y = tensor.collapse_shape %e                            : 24
//
//        A view that someone needs as a tensor is one copy from its origin.
//        A view that is all that is made of a tensor is how that is written.
// Never: copies more than before, or moves arithmetic.
//
//===----------------------------------------------------------------------===//

#include "passes/Loops.h"
#include "passes/Passes.h"
#include "passes/ViewChains.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::mg;
using linalg::GenericOp;
using Form = DigitSpace::Form;

namespace mlir::mg {
#define GEN_PASS_DEF_COMPOSEVIEWS
#include "passes/Passes.h.inc"
} // namespace mlir::mg

static RankedTensorType typeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType());
}

namespace {

/// What a loop nest reads of one tensor.
struct Reading {
  Value tensor;
  /// Dimensions of the tensor that are read as one, in order.
  SmallVector<ReassociationIndices> groups = {};
  SmallVector<Form> index = {};
};

/// One op that reads its operands from where they come from.
class Reader {
public:
  explicit Reader(GenericOp op)
      : op(op), space(op.getStaticLoopRanges()), builder(op) {
    for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
      loops.push_back(space.addAxis(loop));
  }

  /// Whether the op was replaced.
  bool run();

private:
  bool read(OpOperand &operand);
  Reading readNumber(Value tensor, Form number);
  bool keepsDims(Value tensor);
  void joinDigits();
  GenericOp rebuild();
  AffineExpr exprOf(Form form);
  AffineMap mapOf(ArrayRef<Form> index);
  /// The digits that count a dimension of an output, for each.
  SmallVector<ReassociationIndices> digitsOf(AffineMap output);
  Value splitInit(Value init, ArrayRef<ReassociationIndices> groups);
  void rewriteIndices(Block &body);

  GenericOp op;
  DigitSpace space;
  OpBuilder builder;
  ViewChains chains;
  SmallVector<Form> loops;
  /// Per input; nothing where it is read as before.
  SmallVector<std::optional<Reading>> readings;
};

} // namespace

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static bool isSplat(Value tensor) {
  return tensor.getDefiningOp<linalg::FillOp>() ||
         matchPattern(tensor, m_Constant<SplatElementsAttr>(nullptr));
}

/// Whether loops rather take the shape of `tensor` than see it as fewer
/// dimensions: what computes it may be computed in them.
bool Reader::keepsDims(Value tensor) {
  auto producer = tensor.getDefiningOp<GenericOp>();
  return producer && !producer->hasAttr("mg.contraction") &&
         !op->hasAttr("mg.contraction");
}

Reading Reader::readNumber(Value tensor, Form number) {
  ArrayRef<int64_t> shape = typeOf(tensor).getShape();
  auto index = space.delinearize(number, shape, /*maySplit=*/false);
  if (!index && keepsDims(tensor))
    index = space.delinearize(number, shape);
  Reading reading{tensor};
  if (index) {
    for (int64_t d = 0, e = shape.size(); d < e; ++d)
      reading.groups.push_back({d});
    reading.index = *index;
    return reading;
  }
  // From the inside out, each dimension with as few others as will do.
  int64_t outside = typeOf(tensor).getNumElements(), size = 1;
  ReassociationIndices group;
  for (int64_t d = shape.size(); d-- > 0;) {
    group.insert(group.begin(), d);
    size *= shape[d];
    auto parts = outside == size || d == 0
                     ? std::nullopt
                     : space.divide(number, size, /*maySplit=*/false);
    if (!parts && d > 0)
      continue;
    reading.groups.insert(reading.groups.begin(), group);
    reading.index.insert(reading.index.begin(), parts ? parts->second : number);
    number = parts ? parts->first : number;
    outside /= size;
    size = 1;
    group.clear();
  }
  return reading;
}

/// Traces one input; false where it is read as before.
bool Reader::read(OpOperand &operand) {
  auto index = addMap(space, op.getMatchingIndexingMap(&operand), loops);
  if (!index || !isa<RankedTensorType>(operand.get().getType()))
    return false;
  const Origin origin = chains.trace(space, operand.get(), *index);
  if (origin.tensor == operand.get())
    return false;
  if (isSplat(origin.tensor)) {
    Reading reading{origin.tensor};
    for (int64_t d = 0; d < typeOf(origin.tensor).getRank(); ++d) {
      reading.groups.push_back({d});
      reading.index.push_back(space.addConstant(0));
    }
    readings.back() = reading;
  } else if (origin.isNumber) {
    readings.back() = readNumber(origin.tensor, origin.number);
  } else {
    Reading reading{origin.tensor};
    for (int64_t d = 0; d < typeOf(origin.tensor).getRank(); ++d)
      reading.groups.push_back({d});
    reading.index = origin.index;
    readings.back() = reading;
  }
  return true;
}

/// Joins what was split for nothing.
void Reader::joinDigits() {
  SmallVector<Form> wanted;
  for (const auto &reading : readings)
    if (reading)
      llvm::append_range(wanted, reading->index);
  for (size_t d = space.getDigits().size(); d-- > 1;)
    if (space.canJoin(d - 1, wanted))
      space.join(d - 1);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

AffineExpr Reader::exprOf(Form form) {
  MLIRContext *context = op.getContext();
  AffineExpr expr = getAffineConstantExpr(space[form].constant, context);
  // The index of a loop of one iteration is 0.
  for (auto [d, factor] : llvm::enumerate(space[form].factors))
    if (space.getDigits()[d].size > 1)
      expr = expr + getAffineDimExpr(d, context) * factor;
  return expr;
}

AffineMap Reader::mapOf(ArrayRef<Form> index) {
  SmallVector<AffineExpr> exprs =
      llvm::map_to_vector(index, [&](Form form) { return exprOf(form); });
  return AffineMap::get(space.getDigits().size(), 0, exprs, op.getContext());
}

SmallVector<ReassociationIndices> Reader::digitsOf(AffineMap output) {
  SmallVector<ReassociationIndices> groups;
  for (AffineExpr expr : output.getResults()) {
    const unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    groups.emplace_back();
    for (auto [d, digit] : llvm::enumerate(space.getDigits()))
      if (digit.axis == loop)
        groups.back().push_back(d);
  }
  return groups;
}

/// 0 1 | 2 | .. : as many per group as `groups` has.
static SmallVector<ReassociationIndices>
inOrder(ArrayRef<ReassociationIndices> groups) {
  SmallVector<ReassociationIndices> ordered;
  int64_t next = 0;
  for (const ReassociationIndices &group : groups) {
    ordered.emplace_back();
    for (size_t i = 0; i < group.size(); ++i)
      ordered.back().push_back(next++);
  }
  return ordered;
}

/// `init` with its dimensions split as the digits are.
Value Reader::splitInit(Value init, ArrayRef<ReassociationIndices> groups) {
  SmallVector<int64_t> shape;
  for (const ReassociationIndices &group : groups)
    for (int64_t digit : group)
      shape.push_back(space.getDigits()[digit].size);
  auto type = RankedTensorType::get(shape, typeOf(init).getElementType());
  if (type == init.getType())
    return init;
  if (init.getDefiningOp<tensor::EmptyOp>())
    return builder.create<tensor::EmptyOp>(init.getLoc(), shape,
                                           type.getElementType());
  if (auto fill = init.getDefiningOp<linalg::FillOp>()) {
    Value empty = builder.create<tensor::EmptyOp>(fill.getLoc(), shape,
                                                  type.getElementType());
    auto copy = builder.create<linalg::FillOp>(fill.getLoc(),
                                               fill.getInputs()[0], empty);
    copy->setDiscardableAttrs(fill->getDiscardableAttrDictionary());
    return copy.getResult(0);
  }
  return builder.create<tensor::ExpandShapeOp>(init.getLoc(), type, init,
                                               inOrder(groups));
}

/// What the body reads of the old loops' indices, from the digits.
void Reader::rewriteIndices(Block &body) {
  for (auto index :
       llvm::make_early_inc_range(body.getOps<linalg::IndexOp>())) {
    OpBuilder inside(index);
    SmallVector<Value> digits;
    for (size_t d = 0; d < space.getDigits().size(); ++d)
      digits.push_back(space[loops[index.getDim()]].factors[d]
                           ? inside.create<linalg::IndexOp>(index.getLoc(), d)
                           : Value());
    const AffineExpr expr = simplifyAffineExpr(exprOf(loops[index.getDim()]),
                                               space.getDigits().size(), 0);
    Value whole =
        affine::expandAffineExpr(inside, index.getLoc(), expr, digits, {});
    index.replaceAllUsesWith(whole);
    index.erase();
  }
}

GenericOp Reader::rebuild() {
  Loops nest;
  for (DigitSpace::Digit digit : space.getDigits()) {
    nest.bounds.push_back(digit.size);
    nest.iterators.push_back(op.getIteratorTypesArray()[digit.axis]);
  }
  const AffineMap toLoops = mapOf(loops);
  auto body = std::make_unique<Block>();
  SmallVector<Access> inputs, outputs;
  for (auto [operand, reading] :
       llvm::zip_equal(op.getDpsInputOperands(), readings)) {
    BlockArgument element = op.getMatchingBlockArgument(operand);
    if (element.use_empty()) // bounds that no one else tells are told anew
      continue;
    element.replaceAllUsesWith(
        body->addArgument(element.getType(), element.getLoc()));
    if (!reading) {
      AffineMap map = op.getMatchingIndexingMap(operand).compose(toLoops);
      inputs.push_back({operand->get(), simplifyAffineMap(map)});
      continue;
    }
    Value tensor = reading->tensor;
    if (reading->groups.size() < size_t(typeOf(tensor).getRank()))
      tensor = builder.create<tensor::CollapseShapeOp>(op.getLoc(), tensor,
                                                       reading->groups);
    inputs.push_back({tensor, simplifyAffineMap(mapOf(reading->index))});
  }
  for (OpOperand &init : op.getDpsInitsMutable()) {
    BlockArgument element = op.getMatchingBlockArgument(&init);
    element.replaceAllUsesWith(
        body->addArgument(element.getType(), element.getLoc()));
    auto groups = digitsOf(op.getMatchingIndexingMap(&init));
    SmallVector<Form> digits;
    SmallVector<AffineExpr> exprs;
    for (const ReassociationIndices &group : groups)
      for (int64_t digit : group)
        exprs.push_back(builder.getAffineDimExpr(digit));
    outputs.push_back(
        {splitInit(init.get(), groups),
         AffineMap::get(nest.bounds.size(), 0, exprs, op.getContext())});
  }
  body->getOperations().splice(body->end(), op.getBody()->getOperations());
  rewriteIndices(*body);
  GenericOp made = createGeneric(builder, op.getLoc(), nest, inputs, outputs,
                                 std::move(body));
  made->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  return made;
}

bool Reader::run() {
  bool changes = false;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    readings.emplace_back();
    if (!op.getMatchingBlockArgument(operand).use_empty())
      changes |= read(*operand);
  }
  if (!changes)
    return false;
  joinDigits();
  SmallVector<SmallVector<ReassociationIndices>> groups;
  for (OpOperand &init : op.getDpsInitsMutable())
    groups.push_back(inOrder(digitsOf(op.getMatchingIndexingMap(&init))));
  GenericOp made = rebuild();
  for (auto [before, after, split] :
       llvm::zip_equal(op.getResults(), made.getResults(), groups)) {
    Value whole = after;
    if (before.getType() != after.getType())
      whole = builder.create<tensor::CollapseShapeOp>(
          op.getLoc(), typeOf(before), after, split);
    before.replaceAllUsesWith(whole);
  }
  op.erase();
  return true;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Whether the op's loops may be split: static, with something to do, and
/// outputs that are indexed by loops alone.
static bool isReader(GenericOp op) {
  return op.hasPureTensorSemantics() && !op.hasDynamicShape() &&
         !llvm::is_contained(op.getStaticLoopRanges(), 0) &&
         llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
           return llvm::all_of(
               op.getMatchingIndexingMap(&init).getResults(),
               [](AffineExpr expr) { return isa<AffineDimExpr>(expr); });
         });
}

/// Views that no one reads any more, last first.
static void eraseUnread(func::FuncOp function) {
  SmallVector<Operation *> views;
  function.walk([&](Operation *op) {
    if (isa<linalg::LinalgOp, tensor::ExtractSliceOp, tensor::CollapseShapeOp,
            tensor::ExpandShapeOp, tensor::InsertSliceOp>(op))
      views.push_back(op);
  });
  for (Operation *op : llvm::reverse(views))
    if (isOpTriviallyDead(op))
      op->erase();
}

/// If `copy` permutes all that is made of its operand by a loop nest that is
/// not elementwise, the nest writes in the copy's order.
static bool writePermuted(GenericOp copy) {
  OpOperand *input = copy.getDpsInputOperand(0);
  auto producer = input->get().getDefiningOp<GenericOp>();
  AffineMap map = copy.getMatchingIndexingMap(input);
  if (!producer || !map.isPermutation() || !input->get().hasOneUse() ||
      producer->getNumResults() != 1 || !producer.hasPureTensorSemantics() ||
      producer->getBlock() != copy->getBlock() ||
      producer.getNumLoops() == producer.getNumParallelLoops())
    return false;
  OpOperand *init = producer.getDpsInitOperand(0);
  OpBuilder builder(producer);
  RankedTensorType type = typeOf(copy.getResult(0));
  Value to = builder.create<tensor::EmptyOp>(copy.getLoc(), type.getShape(),
                                             type.getElementType());
  if (auto fill = init->get().getDefiningOp<linalg::FillOp>())
    to = builder.create<linalg::FillOp>(fill.getLoc(), fill.getInputs()[0], to)
             .getResult(0);
  else if (producer.payloadUsesValueFromOperand(init) ||
           !init->get().getDefiningOp<tensor::EmptyOp>())
    return false;
  SmallVector<AffineMap> maps = producer.getIndexingMapsArray();
  AffineMap &written = maps[init->getOperandNumber()];
  written = inversePermutation(map).compose(written);
  init->set(to);
  producer.setIndexingMapsAttr(builder.getAffineMapArrayAttr(maps));
  producer.getResult(0).setType(type);
  copy.getResult(0).replaceAllUsesWith(producer.getResult(0));
  copy.erase();
  return true;
}

namespace {

struct ComposeViews : mg::impl::ComposeViewsBase<ComposeViews> {
  void runOnOperation() override {
    SmallVector<GenericOp> readers;
    getOperation().walk([&](GenericOp op) {
      if (isReader(op) && !isCopy(op))
        readers.push_back(op);
    });
    for (GenericOp op : readers)
      Reader(op).run();
    eraseUnread(getOperation());
    // What is left is needed as a tensor. The last of a chain first: then those
    // before it are read no more.
    SmallVector<GenericOp> copies;
    getOperation().walk([&](GenericOp op) {
      if (isReader(op) && isCopy(op))
        copies.push_back(op);
    });
    for (GenericOp op : llvm::reverse(copies)) {
      if (op.use_empty())
        op.erase();
      else if (!writePermuted(op))
        Reader(op).run();
    }
    eraseUnread(getOperation());
  }
};

} // namespace
