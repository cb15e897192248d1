//===- ReuseDestinations.cpp - results into memory that is there ----------===//
//
// In and out: `linalg` on tensors, where the destinations of results are known.
// An op that computes into a fresh `tensor.empty` gets another destination:
//
//   the slice that its result is inserted into, reshapes between included
//     %p = generic outs(%empty)         %s = extract_slice %dest, reshaped
//     %c = collapse_shape %p            %p = generic outs(%s)
//     insert_slice %c into %dest   ->   %c = collapse_shape %p
//                                       insert_slice %c into %dest
//   so that a concat's pieces are computed where they belong, sums from the
//   fill that they start from on; what makes %dest moves before %p for that, as
//   far as it can;
//
//   else an operand that dies there, where each iteration reads the element
//   that it writes
//     %y = generic ins(%x, %b) outs(%empty) { x + b }
//       ->
//     %y = generic ins(%b) outs(%x) { x + b }
//   which saves memory, and the caches half of the lines;
//
//   else, in a kernel that runs row by row, an array of another kernel whose
//   last readers are this one's, up to this op, at the same rows
//     %s = sum ins(%x) ; %y = generic ins(%s, ..) outs(%empty)
//       ->
//     %s = sum ins(%x) ; %y = generic ins(%s, ..) outs(%x)
//
// Bufferization proves all of this again: where it cannot, it copies. So
// nothing is done here that it could not prove: memory is taken over from ops
// that made it themselves, with no other use.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"

namespace mg::codegen {

#define GEN_PASS_DEF_REUSEDESTINATIONS
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

bool isFresh(Value destination) {
  return destination.getDefiningOp<tensor::EmptyOp>() != nullptr;
}

//===----------------------------------------------------------------------===//
// Into slices
//===----------------------------------------------------------------------===//

/// Whether `value` is there before `op`, at a place of `op`'s block.
bool isThere(Value value, Operation *op) {
  Operation *source = value.getDefiningOp();
  return !source || source->getBlock() != op->getBlock() ||
         source->isBeforeInBlock(op);
}

/// Whether what computes `value` may stand before `op`: it only makes or fills
/// memory, or reshapes or inserts what is there already.
bool canHoist(Value value, Operation *op) {
  if (isThere(value, op))
    return true;
  Operation *source = value.getDefiningOp();
  return isa<tensor::EmptyOp, linalg::FillOp, tensor::InsertSliceOp,
             tensor::ExpandShapeOp, tensor::CollapseShapeOp, arith::ConstantOp>(
             source) &&
         llvm::all_of(source->getOperands(),
                      [&](Value operand) { return canHoist(operand, op); });
}

void hoist(Value value, Operation *op) {
  if (isThere(value, op))
    return;
  Operation *source = value.getDefiningOp();
  for (Value operand : source->getOperands())
    hoist(operand, op);
  source->moveBefore(op);
}

/// What a reshape that can be made of its destination instead reshapes; null:
/// `op` is none. Dimensions of one element are all that may be new.
Value sourceOfReshape(Operation *op) {
  if (auto collapse = dyn_cast_or_null<tensor::CollapseShapeOp>(op))
    return collapse.getSrc();
  auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(op);
  const auto addsUnits = [&](ArrayRef<int64_t> group) {
    return llvm::count_if(group, [&](int64_t d) {
             return expand.getResultType().getDimSize(d) != 1;
           }) <= 1;
  };
  return expand && llvm::all_of(expand.getReassociationIndices(), addsUnits)
             ? expand.getSrc()
             : Value();
}

/// The op that computes what `insert` inserts, if nobody else reads that, and
/// the reshapes between, from the last to the first.
linalg::LinalgOp producerOf(tensor::InsertSliceOp insert,
                            SmallVectorImpl<Operation *> &reshapes) {
  Value value = insert.getSource();
  while (Value source = sourceOfReshape(value.getDefiningOp())) {
    if (!value.hasOneUse())
      return {};
    reshapes.push_back(value.getDefiningOp());
    value = source;
  }
  auto op = value.getDefiningOp<linalg::LinalgOp>();
  return op && value.hasOneUse() && op->getBlock() == insert->getBlock()
             ? op
             : linalg::LinalgOp();
}

/// The slice that is what `reshape` reshapes where `slice` is its result.
Value undo(OpBuilder &b, Operation *reshape, Value slice) {
  Location loc = reshape->getLoc();
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(reshape))
    return b.create<tensor::ExpandShapeOp>(loc, collapse.getSrcType(), slice,
                                           collapse.getReassociationIndices());
  auto expand = cast<tensor::ExpandShapeOp>(reshape);
  return b.create<tensor::CollapseShapeOp>(loc, expand.getSrcType(), slice,
                                           expand.getReassociationIndices());
}

/// Whether pieces are all that the memory holds: a border has other values.
bool isOfPieces(Value destination) {
  while (auto piece = destination.getDefiningOp<tensor::InsertSliceOp>())
    destination = piece.getDest();
  return isFresh(destination) ||
         destination.getDefiningOp<bufferization::ToTensorOp>();
}

void computeInSlice(tensor::InsertSliceOp insert) {
  SmallVector<Operation *> reshapes;
  linalg::LinalgOp op = producerOf(insert, reshapes);
  if (!op || insert.getSourceType().getRank() != insert.getDestType().getRank())
    return;
  Value result =
      reshapes.empty() ? insert.getSource() : reshapes.back()->getOperand(0);
  OpOperand *init =
      op.getDpsInitOperand(cast<OpResult>(result).getResultNumber());
  // Others may start from the same fill.
  auto fill = isOfPieces(insert.getDest())
                  ? init->get().getDefiningOp<linalg::FillOp>()
                  : linalg::FillOp();
  if (!isFresh(fill ? fill.getOutputs().front() : init->get()) ||
      !insert.getOffsets().empty() || !insert.getSizes().empty() ||
      !insert.getStrides().empty() || !canHoist(insert.getDest(), op))
    return;
  hoist(insert.getDest(), op);
  OpBuilder b(op);
  Value slice = b.create<tensor::ExtractSliceOp>(
      insert.getLoc(), insert.getSourceType(), insert.getDest(),
      insert.getMixedOffsets(), insert.getMixedSizes(),
      insert.getMixedStrides());
  for (Operation *reshape : reshapes)
    slice = undo(b, reshape, slice);
  if (fill) {
    auto own = cast<linalg::FillOp>(b.clone(*fill));
    own.getDpsInitOperand(0)->set(slice);
    slice = own.getResult(0);
  }
  init->set(slice);
  if (fill && fill->use_empty())
    fill->erase();
}

/// The inserts that end in `last`, each into what the one before it made, from
/// the first to the last.
SmallVector<tensor::InsertSliceOp> chainOf(tensor::InsertSliceOp last) {
  SmallVector<tensor::InsertSliceOp> chain = {last};
  for (;;) {
    Value dest = chain.back().getDest();
    auto before = dest.getDefiningOp<tensor::InsertSliceOp>();
    if (!before || !dest.hasOneUse() || before->getBlock() != last->getBlock())
      break;
    chain.push_back(before);
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

/// Whether no element is of both slices, as far as constants tell.
bool areDisjoint(tensor::InsertSliceOp a, tensor::InsertSliceOp b) {
  const auto isBefore = [](tensor::InsertSliceOp x, tensor::InsertSliceOp y,
                           unsigned d) {
    const int64_t begin = x.getStaticOffset(d), size = x.getStaticSize(d),
                  stride = x.getStaticStride(d), next = y.getStaticOffset(d);
    return !ShapedType::isDynamic(begin) && !ShapedType::isDynamic(size) &&
           !ShapedType::isDynamic(stride) && !ShapedType::isDynamic(next) &&
           begin + (size - 1) * stride < next;
  };
  for (unsigned d = 0; d < a.getStaticOffsets().size(); ++d)
    if (isBefore(a, b, d) || isBefore(b, a, d))
      return true;
  return false;
}

/// Whether `a` stands before `b`; null: before all.
bool comesBefore(Operation *a, Operation *b) {
  return a && b ? a->isBeforeInBlock(b) : !a && b;
}

/// Puts the inserts that end in `last` into the order in which their sources
/// are computed: what one is inserted into is then there for the next.
void sortInserts(tensor::InsertSliceOp last) {
  SmallVector<tensor::InsertSliceOp> chain = chainOf(last);
  for (auto [i, insert] : llvm::enumerate(chain))
    for (tensor::InsertSliceOp other : ArrayRef(chain).take_front(i))
      if (!areDisjoint(insert, other))
        return;
  const auto sourceOf = [&](tensor::InsertSliceOp insert) -> Operation * {
    SmallVector<Operation *> reshapes;
    Operation *source = producerOf(insert, reshapes);
    if (!source)
      source = insert.getSource().getDefiningOp();
    return source && source->getBlock() == last->getBlock() ? source : nullptr;
  };
  SmallVector<std::pair<Operation *, tensor::InsertSliceOp>> sorted;
  for (tensor::InsertSliceOp insert : chain)
    sorted.push_back({sourceOf(insert), insert});
  // Insertion sort is stable, and chains are short.
  for (size_t i = 1; i < sorted.size(); ++i)
    for (size_t j = i;
         j > 0 && comesBefore(sorted[j].first, sorted[j - 1].first); --j)
      std::swap(sorted[j], sorted[j - 1]);
  Value dest = chain.front().getDest();
  Operation *end = last->getNextNode();
  if (sorted.back().second != last)
    last.getResult().replaceAllUsesWith(sorted.back().second.getResult());
  for (auto [source, insert] : sorted) {
    insert.getDestMutable().assign(dest);
    insert->moveBefore(end);
    dest = insert.getResult();
  }
}

/// Whether `insert` is the last of its chain.
bool isLast(tensor::InsertSliceOp insert) {
  if (!insert->hasOneUse())
    return true;
  auto next = dyn_cast<tensor::InsertSliceOp>(*insert->user_begin());
  return !next || next.getDest() != insert.getResult() ||
         next->getBlock() != insert->getBlock();
}

//===----------------------------------------------------------------------===//
// Onto operands
//===----------------------------------------------------------------------===//

/// Whether `value` is memory that a structured op made for its result.
bool isOwnResult(Value value) {
  auto op = value.getDefiningOp<linalg::LinalgOp>();
  if (!op)
    return false;
  Value init =
      op.getDpsInitOperand(cast<OpResult>(value).getResultNumber())->get();
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    init = fill.getOutputs().front();
  return isFresh(init) || (init.hasOneUse() && isOwnResult(init));
}

/// Whether nothing reads the elements of `value` after `op`.
bool diesIn(Value value, linalg::LinalgOp op) {
  return value.hasOneUse() && value.getParentBlock() == op->getBlock();
}

/// The input that result `number` of `op` can overwrite; null: none.
OpOperand *findDyingInput(linalg::GenericOp op, unsigned number) {
  OpOperand *init = op.getDpsInitOperand(number);
  const AffineMap map = op.getMatchingIndexingMap(init);
  if (!isFresh(init->get()) || !map.isPermutation() ||
      op.payloadUsesValueFromOperand(init))
    return nullptr;
  for (OpOperand *input : op.getDpsInputOperands())
    if (input->get().getType() == init->get().getType() &&
        op.getMatchingIndexingMap(input) == map && diesIn(input->get(), op) &&
        isOwnResult(input->get()))
      return input;
  return nullptr;
}

/// `op` without `input`, whose elements it finds in destination `number`.
linalg::GenericOp moveToInit(linalg::GenericOp op, OpOperand *input,
                             unsigned number) {
  const unsigned place = input->getOperandNumber();
  Block *body = op.getBody();
  body->getArgument(place).replaceAllUsesWith(
      op.getMatchingBlockArgument(op.getDpsInitOperand(number)));
  op.getDpsInitOperand(number)->set(input->get());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  maps.erase(maps.begin() + place);
  SmallVector<Value> inputs = op.getInputs();
  inputs.erase(inputs.begin() + place);
  body->eraseArgument(place);
  op.getInputsMutable().assign(inputs);
  op.setIndexingMapsAttr(Builder(op).getAffineMapArrayAttr(maps));
  return op;
}

void computeInPlace(linalg::GenericOp op) {
  if (op.getNumLoops() != op.getNumParallelLoops() || op->hasAttr("mg.kernel"))
    return;
  for (unsigned i = 0; i < op.getNumDpsInits(); ++i)
    if (OpOperand *input = findDyingInput(op, i))
      moveToInit(op, input, i);
}

//===----------------------------------------------------------------------===//
// Onto what a kernel reads
//===----------------------------------------------------------------------===//

/// The kernel of an op; null: it is none's member.
Attribute kernelOf(Operation *op) { return op->getAttr("mg.kernel"); }

/// By row of the kernel, the dimension of an operand that it is; -1: none.
SmallVector<int64_t> rowDimsOf(linalg::LinalgOp op, OpOperand &operand) {
  SmallVector<int64_t> dims;
  auto rows = op->getAttrOfType<DenseI64ArrayAttr>("mg.rows");
  const AffineMap map = op.getMatchingIndexingMap(&operand);
  for (int64_t row : rows ? rows.asArrayRef() : ArrayRef<int64_t>()) {
    auto dim = map.getResultPosition(getAffineDimExpr(row, map.getContext()));
    dims.push_back(dim ? int64_t(*dim) : -1);
  }
  return dims;
}

/// Whether the use is over before `op` writes the element: by another kernel,
/// or in the same row, or at the element itself.
bool endsBefore(OpOperand &use, linalg::GenericOp op, OpOperand &init) {
  auto user = dyn_cast<linalg::GenericOp>(use.getOwner());
  if (!user || user->getBlock() != op->getBlock() || !user.isDpsInput(&use))
    return false;
  if (user == op)
    return op.getMatchingIndexingMap(&use) == op.getMatchingIndexingMap(&init);
  if (!user->isBeforeInBlock(op))
    return false;
  return kernelOf(user) != kernelOf(op) ||
         rowDimsOf(user, use) == rowDimsOf(op, init);
}

/// Where an op, or the fill that it starts from, is told its fresh destination;
/// null: it has another one.
OpOperand *freshInitOf(OpResult value) {
  auto op = dyn_cast<linalg::LinalgOp>(value.getOwner());
  if (!op)
    return nullptr;
  OpOperand *init = op.getDpsInitOperand(value.getResultNumber());
  auto fill = init->get().getDefiningOp<linalg::FillOp>();
  if (fill && fill->hasOneUse())
    init = fill.getDpsInitOperand(0);
  return isFresh(init->get()) ? init : nullptr;
}

/// An output of the entry that is nothing but the destination of one op; null:
/// it is something else.
bufferization::ToTensorOp outputOf(Value destination) {
  auto output = destination.getDefiningOp<bufferization::ToTensorOp>();
  if (!output || !isa<BlockArgument>(output.getMemref()))
    return {};
  auto isEnd = llvm::IsaPred<bufferization::MaterializeInDestinationOp>;
  const bool isOnly =
      llvm::count_if(output->getUsers(), std::not_fn(isEnd)) == 1 &&
      llvm::all_of(output.getMemref().getUsers(), [&](Operation *user) {
        return user == output || isEnd(user);
      });
  return isOnly ? output : bufferization::ToTensorOp();
}

/// Whether `op` may write where `value`, of another kernel, lies: that dies in
/// the rows of this one.
bool canTake(Value value, linalg::GenericOp op, OpOperand &init) {
  auto result = dyn_cast<OpResult>(value);
  return result && value.getType() == init.get().getType() &&
         value.getParentBlock() == op->getBlock() &&
         kernelOf(result.getOwner()) != kernelOf(op) && freshInitOf(result) &&
         llvm::all_of(value.getUses(), [&](OpOperand &use) {
           return endsBefore(use, op, init);
         });
}

Value findDyingArray(linalg::GenericOp op, OpOperand &init) {
  const SmallVector<int64_t> rows = rowDimsOf(op, init);
  if (rows.empty() || llvm::is_contained(rows, -1) ||
      !op.getMatchingIndexingMap(&init).isPermutation() ||
      op.payloadUsesValueFromOperand(&init))
    return {};
  // Between members stands what makes their memory.
  for (Operation *member = op; member; member = member->getPrevNode()) {
    if (kernelOf(member) && kernelOf(member) != kernelOf(op))
      break;
    for (Value operand : member->getOperands())
      if (kernelOf(member) && canTake(operand, op, init))
        return operand;
  }
  return {};
}

/// Whether others read the result: in a kernel it has no memory of its own.
bool leavesKernel(linalg::GenericOp op, OpOperand &init) {
  return llvm::any_of(
      op.getTiedOpResult(&init).getUsers(),
      [&](Operation *user) { return kernelOf(user) != kernelOf(op); });
}

/// Has the op write onto an array that its kernel is the last to read. Where
/// the op's own destination is an output, that array moves there.
void computeInKernel(linalg::GenericOp op, OpOperand &init) {
  bufferization::ToTensorOp output = outputOf(init.get());
  Value array;
  if (kernelOf(op) && (isFresh(init.get()) || output) && leavesKernel(op, init))
    array = findDyingArray(op, init);
  if (!array)
    return;
  if (output) {
    OpOperand *first = freshInitOf(cast<OpResult>(array));
    output->moveBefore(first->getOwner());
    first->set(output);
  }
  init.set(array);
}

class ReuseDestinations
    : public impl::ReuseDestinationsBase<ReuseDestinations> {
  void runOnOperation() final {
    SmallVector<tensor::InsertSliceOp> inserts;
    getOperation()->walk(
        [&](tensor::InsertSliceOp insert) { inserts.push_back(insert); });
    for (tensor::InsertSliceOp insert :
         llvm::make_filter_range(inserts, isLast))
      sortInserts(insert);
    for (tensor::InsertSliceOp insert : inserts)
      computeInSlice(insert);
    getOperation()->walk([](linalg::GenericOp op) {
      computeInPlace(op);
      for (OpOperand &init : op.getDpsInitsMutable())
        computeInKernel(op, init);
    });
  }
};

} // namespace
} // namespace mg::codegen
