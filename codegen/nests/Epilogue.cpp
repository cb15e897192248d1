//===- Epilogue.cpp - what follows a contraction, before it is stored -----===//
//
// See Epilogue.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/Epilogue.h"

#include "codegen/nests/BufferRegions.h"
#include "codegen/nests/VectorPlan.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace mg::codegen {

//===----------------------------------------------------------------------===//
// Legality
//===----------------------------------------------------------------------===//

static SmallVector<unsigned> rowsOf(linalg::LinalgOp op) {
  auto rows = op->getAttrOfType<DenseI64ArrayAttr>("mg.rows");
  if (!rows)
    return {};
  return SmallVector<unsigned>(rows.asArrayRef());
}

/// Whether `rows` names every parallel loop of `op` once, and nothing else;
/// loops of one iteration may be missing.
static bool namesParallelLoops(linalg::LinalgOp op, ArrayRef<unsigned> rows) {
  llvm::SmallDenseSet<unsigned> named(rows.begin(), rows.end());
  SmallVector<unsigned> parallel;
  op.getParallelDims(parallel);
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  auto isMissing = [&](unsigned d) { return !named.contains(d); };
  auto isLong = [&](unsigned d) { return extents[d] != 1; };
  return named.size() == rows.size() &&
         llvm::all_of(
             rows,
             [&](unsigned d) { return llvm::is_contained(parallel, d); }) &&
         llvm::none_of(parallel,
                       [&](unsigned d) { return isMissing(d) && isLong(d); });
}

/// The member over the loops of the contraction, of which `loopOf[d]` is its
/// own loop d, or -1 for one of a single iteration.
static FailureOr<Epilogue> buildEpilogue(linalg::LinalgOp member,
                                         ArrayRef<int> loopOf,
                                         const LoopNest &nest) {
  Epilogue epilogue{member.getLoc(), member.getBlock()};
  epilogue.loopOf.assign(loopOf.begin(), loopOf.end());
  for (OpOperand &operand : member->getOpOperands()) {
    FailureOr<Access> access = buildAccess(member, operand);
    if (failed(access))
      return failure();
    SmallVector<int64_t> strides(nest.size(), 0);
    for (auto [own, loop] : llvm::enumerate(loopOf))
      if (loop >= 0 && nest.extents[loop] != 1)
        strides[loop] = access->strides[own];
    access->strides = strides;
    (member.isDpsInit(&operand) ? epilogue.outputs : epilogue.inputs)
        .push_back(std::move(*access));
  }
  return epilogue;
}

/// Loops whose index the epilogue reads cannot merge with others.
static void markIndexed(LoopNest &nest, const Epilogue &epilogue) {
  epilogue.body->walk([&](linalg::IndexOp index) {
    if (int loop = epilogue.loopOf[index.getDim()]; loop >= 0)
      nest.indexed[loop] = true;
  });
  for (const Access &access : epilogue.inputs)
    for (auto [own, loop] : llvm::enumerate(epilogue.loopOf))
      if (loop >= 0 && !access.isLinear() && access.map.isFunctionOfDim(own))
        nest.indexed[loop] = true;
}

static SmallVector<const Access *> writesOf(const LoopNest &nest) {
  SmallVector<const Access *> writes;
  for (const Access &access : nest.outputs)
    writes.push_back(&access);
  for (const Epilogue &epilogue : nest.epilogues)
    for (const Access &access : epilogue.outputs)
      writes.push_back(&access);
  return writes;
}

/// Whether the members' loads by themselves and what the contraction reads is
/// never written, and everything else is only touched at the own element.
static bool isOwnOrApart(LoopNest &nest, const Access &write) {
  if (!isOwnElement(nest, write))
    return false;
  auto overlaps = [&](Value buffer) {
    return isa<MemRefType>(buffer.getType()) &&
           mayOverlap(buffer, write.buffer);
  };
  auto loads = [&](Block *body) {
    return llvm::any_of(body->getOps<memref::LoadOp>(),
                        [&](auto load) { return overlaps(load.getMemRef()); });
  };
  if (loads(nest.body) || llvm::any_of(nest.epilogues, [&](Epilogue &epilogue) {
        return loads(epilogue.body);
      }))
    return false;
  for (auto [i, access] : llvm::enumerate(nest.accesses()))
    if (access != &write && overlaps(access->buffer) &&
        (i < nest.inputs.size() || !isSameElement(*access, write)))
      return false;
  return true;
}

/// Whether the sums come out one number at a time: lanes run along the
/// reduction. The levels agree on that, so any lanes will do.
static bool sumsAlongLanes(const LoopNest &nest) {
  return planVectors(nest, /*nativeLanes=*/16, /*grain=*/0).isRowStyle();
}

bool appendEpilogue(LoopNest &nest, linalg::LinalgOp contraction,
                    linalg::LinalgOp member, const StartValues &starts) {
  // Number by number a tanh costs more than a vector of it, so it waits for
  // sums in memory.
  if (bodyCost(*member.getBlock()) > lightBody && sumsAlongLanes(nest))
    return false;
  SmallVector<unsigned> rows = rowsOf(contraction), own = rowsOf(member);
  if (!namesParallelLoops(contraction, rows) ||
      !namesParallelLoops(member, own) || member.getNumReductionLoops() > 0 ||
      own.size() != rows.size() || !canWiden(*member.getBlock()))
    return false;
  SmallVector<int64_t> extents = member.getStaticLoopRanges();
  SmallVector<int> loopOf(member.getNumLoops(), -1);
  for (auto [from, to] : llvm::zip_equal(own, rows)) {
    loopOf[from] = to;
    if (extents[from] != nest.extents[to])
      return false;
  }
  // A loop of one iteration moves nothing, whoever names it.
  for (Access *access : nest.accesses())
    for (unsigned d = 0; d < nest.size(); ++d)
      if (nest.extents[d] == 1 && !access->isScalar() && access->isLinear())
        access->strides[d] = 0;
  FailureOr<Epilogue> epilogue = buildEpilogue(member, loopOf, nest);
  if (failed(epilogue))
    return false;
  for (OpOperand &init : member.getDpsInitsMutable())
    epilogue->initial.push_back(starts.at(init));
  nest.epilogues.push_back(std::move(*epilogue));
  if (llvm::all_of(writesOf(nest), [&](const Access *write) {
        return isOwnOrApart(nest, *write);
      })) {
    markIndexed(nest, nest.epilogues.back());
    return true;
  }
  nest.epilogues.pop_back();
  return false;
}

/// Whether only the ops of which `isDead` is true use the memory.
static bool isUsedOnlyBy(Value buffer, function_ref<bool(Operation *)> isDead) {
  return llvm::all_of(buffer.getUsers(), [&](Operation *user) {
    if (isa<ViewLikeOpInterface>(user) && user->getNumResults() == 1)
      return isUsedOnlyBy(user->getResult(0), isDead);
    return isDead(user);
  });
}

void dropStores(LoopNest &nest, function_ref<bool(Operation *)> isDead) {
  SmallVector<const Access *> known;
  llvm::SmallDenseSet<Value> needed;
  auto read = [&](const Access &access, BlockArgument argument) {
    if (!access.isScalar() && !argument.use_empty() &&
        llvm::none_of(
            known, [&](const Access *k) { return isSameElement(*k, access); }))
      needed.insert(rootOf(access.buffer));
  };
  for (auto [o, access] : llvm::enumerate(nest.outputs)) {
    if (!nest.initial[o])
      needed.insert(rootOf(access.buffer));
    known.push_back(&access);
  }
  for (Epilogue &epilogue : nest.epilogues) {
    unsigned inputs = epilogue.inputs.size();
    for (auto [i, access] : llvm::enumerate(epilogue.inputs))
      read(access, epilogue.body->getArgument(i));
    for (auto [o, access] : llvm::enumerate(epilogue.outputs))
      if (!epilogue.initial[o])
        read(access, epilogue.body->getArgument(inputs + o));
    for (Access &access : epilogue.outputs)
      known.push_back(&access);
  }
  for (Access *access : nest.accesses()) {
    if (access->isScalar())
      continue;
    Value root = rootOf(access->buffer);
    access->stored = !root.getDefiningOp<memref::AllocOp>() ||
                     needed.contains(root) || !isUsedOnlyBy(root, isDead);
  }
}

} // namespace mg::codegen
