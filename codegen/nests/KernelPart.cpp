//===- KernelPart.cpp - a kernel for a part of its loops ------------------===//
//
// See KernelPart.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/KernelPart.h"

#include "codegen/nests/BufferRegions.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace mg::codegen {

linalg::FillOp findStart(linalg::GenericOp op) {
  Value buffer = op.getDpsInits()[0];
  for (Operation *before = op->getPrevNode(); before;
       before = before->getPrevNode()) {
    auto fill = dyn_cast<linalg::FillOp>(before);
    if (fill && fill.getOutputs()[0] == buffer)
      return fill;
    if (!avoids(before, buffer))
      return {};
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Followers
//===----------------------------------------------------------------------===//

static ArrayRef<int64_t> rowsOf(linalg::GenericOp op) {
  auto rows = op->getAttrOfType<DenseI64ArrayAttr>("mg.rows");
  return rows ? rows.asArrayRef() : ArrayRef<int64_t>();
}

/// An operand's map over the rows of the kernel instead of the op's own loops;
/// null where the rows are not all its parallel loops of several iterations.
static AffineMap overRows(linalg::GenericOp op, AffineMap map) {
  ArrayRef<int64_t> rows = rowsOf(op);
  if (rows.empty())
    return {};
  SmallVector<AffineExpr> dims(op.getNumLoops(),
                               getAffineConstantExpr(0, op.getContext()));
  llvm::SmallBitVector isRow(op.getNumLoops());
  for (auto [i, row] : llvm::enumerate(rows)) {
    if (row < 0 || row >= int64_t(op.getNumLoops()))
      return {};
    dims[row] = getAffineDimExpr(i, op.getContext());
    isRow.set(row);
  }
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  for (unsigned d = 0; d < op.getNumLoops(); ++d)
    if (!isRow[d] && extents[d] != 1 &&
        (kinds[d] == utils::IteratorType::parallel || map.isFunctionOfDim(d)))
      return {};
  return map.replaceDimsAndSymbols(dims, {}, rows.size(), 0);
}

namespace {
/// What a member of the kernel reads or writes.
struct Touch {
  Value buffer;
  AffineMap map;
};
} // namespace

static bool isApart(const Touch &a, const Touch &b) {
  return !mayOverlap(a.buffer, b.buffer) ||
         (a.buffer == b.buffer && a.map && a.map == b.map);
}

/// Adds what the op touches; false where a piece would see or spoil what is
/// another piece's.
static bool addTouches(linalg::GenericOp op, SmallVectorImpl<Touch> &reads,
                       SmallVectorImpl<Touch> &writes) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    Touch touch{operand.get(), overRows(op, map)};
    auto isFree = [&](const Touch &other) { return isApart(touch, other); };
    bool isWrite = op.isDpsInit(&operand);
    if (!touch.map ||
        !map.isProjectedPermutation(/*allowZeroInResults=*/true) ||
        !llvm::all_of(writes, isFree) ||
        (isWrite && !llvm::all_of(reads, isFree)))
      return false;
    (isWrite ? writes : reads).push_back(touch);
  }
  return true;
}

/// The next op of the kernel.
static linalg::GenericOp nextMember(Operation *op) {
  Attribute kernel = op->getAttr("mg.kernel");
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode()) {
    if (auto member = dyn_cast<linalg::GenericOp>(next))
      return kernel && member->getAttr("mg.kernel") == kernel ? member
                                                              : nullptr;
    if (!isa<memref::AllocOp>(next) && !isMemoryEffectFree(next))
      return {};
  }
  return {};
}

SmallVector<linalg::GenericOp> findFollowers(linalg::GenericOp head) {
  SmallVector<linalg::GenericOp> followers;
  SmallVector<Touch> reads, writes;
  for (OpOperand &operand : head->getOpOperands()) {
    if (!head.isDpsInit(&operand)) {
      reads.push_back({operand.get()});
      continue;
    }
    AffineMap map = overRows(head, head.getMatchingIndexingMap(&operand));
    if (!map)
      return {};
    writes.push_back({operand.get(), map});
  }
  for (linalg::GenericOp op = nextMember(head);
       op && !op.hasIndexSemantics() &&
       op.getNumParallelLoops() == op.getNumLoops() &&
       rowsOf(op).size() == rowsOf(head).size() &&
       addTouches(op, reads, writes);
       op = nextMember(op))
    followers.push_back(op);
  return followers;
}

std::optional<unsigned> loopInFollower(linalg::GenericOp head, unsigned loop,
                                       linalg::GenericOp follower) {
  ArrayRef<int64_t> rows = rowsOf(head);
  const auto *row = llvm::find(rows, loop);
  if (row == rows.end())
    return std::nullopt;
  return rowsOf(follower)[row - rows.begin()];
}

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

bool canSlice(linalg::GenericOp op, unsigned loop, Value replaced) {
  if (op.hasIndexSemantics())
    return false;
  for (OpOperand &operand : op->getOpOperands()) {
    if (operand.get() == replaced)
      continue;
    int64_t count = 0;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (AffineExpr index : map.getResults()) {
      bool moves = index.isFunctionOfDim(loop);
      if (moves && !isa<AffineDimExpr>(index))
        return false;
      count += moves;
    }
    bool isOutput = op.isDpsInit(&operand);
    if (count > 1 ||
        (isOutput && (count == 0 || !map.isProjectedPermutation())))
      return false;
  }
  return true;
}

Value KernelPart::partOf(Value buffer, AffineMap map,
                         ArrayRef<LoopPart> loops) {
  if (Value part = parts.lookup(buffer))
    return part;
  auto type = dyn_cast<MemRefType>(buffer.getType());
  if (!type)
    return buffer;
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), sizes,
      strides(type.getRank(), b.getIndexAttr(1));
  bool isWhole = true;
  for (auto [d, index] : llvm::enumerate(map.getResults())) {
    sizes.push_back(b.getIndexAttr(type.getDimSize(d)));
    for (const LoopPart &part : loops)
      if (index.isFunctionOfDim(part.loop)) {
        offsets[d] = part.offset;
        sizes[d] = b.getIndexAttr(part.size);
        isWhole = false;
      }
  }
  if (isWhole)
    return buffer;
  for (auto &[whole, at, part] : made)
    if (whole == buffer && at == offsets)
      return part;
  Value part = b.create<memref::SubViewOp>(buffer.getLoc(), buffer, offsets,
                                           sizes, strides);
  made.push_back({buffer, offsets, part});
  return part;
}

void KernelPart::clone(linalg::GenericOp op, ArrayRef<LoopPart> loops) {
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands())
    operands.push_back(
        partOf(operand.get(), op.getMatchingIndexingMap(&operand), loops));
  Operation *clone = b.clone(*op);
  clone->setOperands(operands);
}

void KernelPart::cloneStart(linalg::FillOp start, linalg::GenericOp op,
                            ArrayRef<LoopPart> loops) {
  OpOperand &init = *op.getDpsInitsMutable().begin();
  Value part = partOf(init.get(), op.getMatchingIndexingMap(&init), loops);
  Operation *clone = b.clone(*start);
  clone->setOperands({start.getInputs()[0], part});
}

} // namespace mg::codegen
