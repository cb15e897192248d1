//===- EarlyFrames.cpp - borders before the sums that end inside of them --===//
//
//   s = alloc ; sums -> s                 p = alloc ; fill p 0
//   p = alloc ; fill p 0                  s = alloc ; sums -> s
//   op(s) -> middle of p            ->    op(s) -> middle of p
//
// A kernel's ops are one loop only as neighbours. What frames an array stands
// where the array is first written, between a contraction and what could be its
// epilogue (Epilogue.h): then these move behind it. Arrays that are framed by
// who reads them (LateFrames.cpp) are no case of this any more.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/nests/BufferRegions.h"
#include "codegen/nests/Epilogue.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mg::codegen {

#define GEN_PASS_DEF_EARLYFRAMES
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

struct EarlyFrames : public impl::EarlyFramesBase<EarlyFrames> {
  void runOnOperation() final;
};

Attribute kernelOf(Operation *op) { return op->getAttr("mg.kernel"); }

/// A kernel that fills of other memory cut in two.
struct CutKernel {
  /// Up to the first fill; the rest begins with `next`.
  SmallVector<linalg::LinalgOp> members;
  SmallVector<linalg::FillOp, 1> fills;
  linalg::LinalgOp next;
};

bool touches(linalg::LinalgOp op, Value buffer) {
  const auto overlaps = [&](Value value) {
    return isa<MemRefType>(value.getType()) && mayOverlap(value, buffer);
  };
  return llvm::any_of(op->getOperands(), overlaps) ||
         llvm::any_of(op.getBlock()->getOps<memref::LoadOp>(),
                      [&](auto load) { return overlaps(load.getMemRef()); });
}

/// The kernel that begins with `first`; none where nothing cuts it, or what
/// does so has to stay.
std::optional<CutKernel> findCut(linalg::LinalgOp first) {
  CutKernel cut;
  const Attribute kernel = kernelOf(first);
  for (Operation *op = first; op; op = op->getNextNode()) {
    auto structured = dyn_cast<linalg::LinalgOp>(op);
    if (structured && kernelOf(op) == kernel) {
      if (cut.fills.empty()) {
        cut.members.push_back(structured);
        continue;
      }
      cut.next = structured;
      return cut;
    }
    auto fill = dyn_cast<linalg::FillOp>(op);
    if (fill && !kernelOf(op) &&
        llvm::none_of(cut.members, [&](linalg::LinalgOp member) {
          return touches(member, fill.getOutputs().front());
        }))
      cut.fills.push_back(fill);
    else if (!isa<memref::AllocOp>(op) && !isMemoryEffectFree(op))
      return std::nullopt;
  }
  return std::nullopt;
}

unsigned loopsOf(LoopNest nest) {
  simplify(nest);
  return nest.size();
}

/// Whether all that comes after the contraction, up to `next`, follows in its
/// tiles, and these stay what they are: rows with gaps between them are not one
/// loop, which windows see as little, but a product of channels does. Tiles
/// that end where rows do cost it more than a trip through memory (a bf16 of 64
/// channels, 56x56: 86 us instead of 62 and 15).
bool canFollow(const CutKernel &cut, const StartValues &starts) {
  ArrayRef<linalg::LinalgOp> members = cut.members;
  while (!members.empty() && starts.isStart(members.front()))
    members = members.drop_front();
  if (members.empty())
    return false;
  linalg::LinalgOp sums = members.front();
  if (llvm::is_contained(sums.getStaticLoopRanges(), 0))
    return false;
  FailureOr<LoopNest> nest = buildLoopNest(sums);
  if (failed(nest) || !nest->contraction)
    return false;
  starts.apply(sums, *nest);
  const unsigned loops = loopsOf(*nest);
  SmallVector<linalg::LinalgOp> following(members.drop_front());
  following.push_back(cut.next);
  return llvm::all_of(following,
                      [&](linalg::LinalgOp op) {
                        return appendEpilogue(*nest, sums, op, starts);
                      }) &&
         loopsOf(*nest) == loops;
}

void EarlyFrames::runOnOperation() {
  SmallVector<linalg::LinalgOp> ops;
  getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
  const StartValues starts(ops);
  DenseSet<std::pair<Block *, Attribute>> seen;
  for (linalg::LinalgOp op : ops) {
    if (!kernelOf(op) || !seen.insert({op->getBlock(), kernelOf(op)}).second)
      continue;
    std::optional<CutKernel> cut = findCut(op);
    if (cut && canFollow(*cut, starts))
      for (linalg::LinalgOp member : cut->members)
        member->moveBefore(cut->next);
  }
}

} // namespace
} // namespace mg::codegen
