//===- LateFrames.cpp - padded arrays made by who reads them --------------===//
//
//   p = alloc ; fill p 0                    i = alloc
//   op -> middle of p                 ->    op -> i
//   ..                                      ..
//   reader(p)                               p = alloc ; fill p 0
//                                           copy i -> middle of p ; reader(p)
//
// What frames an array that is read in pieces (PaddedArray.h) becomes part of
// its reader's kernel, where LocalFrames makes pieces of it, or Winograd
// blocks, whatever level the code is for; and what computes the image computes
// it into memory of its own, without gaps, so that it may be an epilogue of
// what comes before.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/buffers/PaddedArray.h"
#include "codegen/nests/BufferRegions.h"
#include "codegen/nests/KernelPart.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mg::codegen {

#define GEN_PASS_DEF_LATEFRAMES
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

struct LateFrames : public impl::LateFramesBase<LateFrames> {
  void runOnOperation() final;
  void rewrite(PaddedArray &array);
  IntegerAttr newKernel();

  std::optional<int64_t> last;
};

Attribute kernelOf(Operation *op) { return op->getAttr("mg.kernel"); }

/// Whether the reader's kernel has no other members than those that run in
/// pieces.
bool isWholeKernel(PaddedArray &array) {
  Attribute kernel = kernelOf(array.reader);
  if (!kernel)
    return true;
  llvm::SmallPtrSet<Operation *, 8> known(array.followers.begin(),
                                          array.followers.end());
  known.insert(array.reader);
  if (linalg::FillOp start = findStart(array.reader))
    known.insert(start);
  return llvm::all_of(*array.reader->getBlock(), [&](Operation &op) {
    return kernelOf(&op) != kernel || known.contains(&op) ||
           (isa<linalg::FillOp>(op) &&
            llvm::any_of(array.followers, [&](linalg::GenericOp follower) {
              return llvm::is_contained(
                  follower.getDpsInits(),
                  cast<linalg::FillOp>(op).getOutputs()[0]);
            }));
  });
}

bool writes(Operation &op, Value buffer) {
  const auto overlaps = [&](Value value) {
    return isa<MemRefType>(value.getType()) && mayOverlap(value, buffer);
  };
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return llvm::any_of(structured.getDpsInits(), overlaps);
  if (auto copy = dyn_cast<memref::CopyOp>(op))
    return overlaps(copy.getTarget());
  return !avoids(&op, buffer);
}

/// Whether the image that is copied stays as it is until all is read.
bool isKept(PaddedArray &array) {
  Value image = array.copy().getSource();
  for (Operation *op = array.copy()->getNextNode();; op = op->getNextNode()) {
    if (!op || writes(*op, image))
      return false;
    if (op == array.last())
      return true;
  }
}

/// Whether the op writes all of `buffer` and reads nothing of it.
bool overwrites(Operation *op, Value buffer) {
  if (auto copy = dyn_cast<memref::CopyOp>(op))
    return copy.getTarget() == buffer && copy.getSource() != buffer;
  auto structured = cast<linalg::LinalgOp>(op);
  bool found = false;
  for (OpOperand &operand : op->getOpOperands()) {
    if (operand.get() != buffer)
      continue;
    if (structured.payloadUsesValueFromOperand(&operand) ||
        !structured.isDpsInit(&operand) ||
        !structured.getMatchingIndexingMap(&operand).isProjectedPermutation())
      return false;
    found = true;
  }
  return found;
}

/// Whether the image is computed in the middle by ops that can as well compute
/// it elsewhere: they do not go on from what is there.
bool isComputedInPlace(PaddedArray &array) {
  Operation *first = nullptr;
  for (Operation *user : array.middle->getUsers()) {
    if (!isa<linalg::LinalgOp, memref::CopyOp>(user) ||
        user->getBlock() != array.reader->getBlock() ||
        !user->isBeforeInBlock(array.reader) ||
        !array.fill->isBeforeInBlock(user))
      return false;
    if (!first || user->isBeforeInBlock(first))
      first = user;
  }
  return first && overwrites(first, array.middle);
}

bool canRewrite(PaddedArray &array) {
  Operation *reader = array.reader;
  if (!isWholeKernel(array) || array.fill->getBlock() != reader->getBlock() ||
      !array.fill->isBeforeInBlock(reader))
    return false;
  if (memref::CopyOp copy = array.copy())
    return copy->getBlock() == reader->getBlock() &&
           array.fill->isBeforeInBlock(copy) && copy->isBeforeInBlock(reader) &&
           isKept(array);
  return isComputedInPlace(array);
}

/// Gives what computes the image in the middle other memory, which is copied.
void separateImage(PaddedArray &array) {
  OpBuilder b(array.middle);
  MemRefType type = array.middle.getType();
  Value image = b.create<memref::AllocOp>(
      array.middle.getLoc(),
      MemRefType::get(type.getShape(), type.getElementType()),
      b.getI64IntegerAttr(64));
  array.middle.getResult().replaceAllUsesWith(image);
  b.setInsertionPoint(array.reader);
  b.create<memref::CopyOp>(array.middle.getLoc(), image, array.middle);
}

IntegerAttr LateFrames::newKernel() {
  if (!last) {
    last = -1;
    getOperation().walk([&](Operation *op) {
      if (auto number = op->getAttrOfType<IntegerAttr>("mg.kernel"))
        last = std::max(*last, number.getInt());
    });
  }
  return Builder(&getContext()).getI64IntegerAttr(++*last);
}

void LateFrames::rewrite(PaddedArray &array) {
  linalg::FillOp start = findStart(array.reader);
  if (!array.copy())
    separateImage(array);
  Attribute kernel = kernelOf(array.reader);
  if (!kernel)
    kernel = newKernel();
  for (Operation *op :
       {array.alloc.getOperation(), array.fill.getOperation(),
        array.middle.getOperation(), array.copy().getOperation(),
        start ? start.getOperation() : nullptr})
    if (op)
      op->moveBefore(array.reader);
  for (Operation *op :
       {array.fill.getOperation(), array.copy().getOperation(),
        array.reader.getOperation(), start ? start.getOperation() : nullptr})
    if (op)
      op->setAttr("mg.kernel", kernel);
}

void LateFrames::runOnOperation() {
  SmallVector<memref::AllocOp> allocs;
  getOperation().walk([&](memref::AllocOp op) { allocs.push_back(op); });
  last.reset();
  for (memref::AllocOp alloc : allocs) {
    std::optional<PaddedArray> array = PaddedArray::match(alloc);
    if (!array)
      array = PaddedArray::matchBlocks(alloc);
    if (array && canRewrite(*array))
      rewrite(*array);
  }
}

} // namespace
} // namespace mg::codegen
