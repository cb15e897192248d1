//===- VectorPlan.cpp - how a loop nest becomes vectors -------------------===//
//
// See VectorPlan.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/VectorPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;

namespace mg::codegen {

//===----------------------------------------------------------------------===//
// What the body allows
//===----------------------------------------------------------------------===//

/// Whether the body's op has a form on vectors (or stays scalar by itself).
static bool canWiden(Operation &op) {
  if (isa<linalg::IndexOp, linalg::YieldOp, memref::LoadOp, LLVM::SSACopyOp>(
          op) ||
      op.hasTrait<OpTrait::ConstantLike>())
    return true;
  return OpTrait::hasElementwiseMappableTraits(&op) && op.getNumRegions() == 0;
}

bool canWiden(Block &body) {
  return llvm::all_of(body, [](Operation &op) { return canWiden(op); });
}

/// The op `yield[o] = combiner(output[o], x)` where x does not depend on any
/// output, and the order of operands and of steps does not matter.
static Operation *matchCombiner(const LoopNest &nest, unsigned o) {
  auto yield = cast<linalg::YieldOp>(nest.body->getTerminator());
  Operation *op = yield.getOperand(o).getDefiningOp();
  BlockArgument old = nest.body->getArgument(nest.inputs.size() + o);
  if (!op || op->getNumOperands() != 2 || op->getBlock() != nest.body ||
      !old.hasOneUse() || *old.user_begin() != op ||
      op->getOperand(0) == op->getOperand(1) || !op->hasOneUse())
    return nullptr;
  return arith::getNeutralElement(op) ? op : nullptr;
}

SmallVector<Operation *> matchCombiners(const LoopNest &nest) {
  SmallVector<Operation *> combiners;
  for (auto [o, output] : llvm::enumerate(nest.outputs))
    combiners.push_back(nest.isReduced(output) ? matchCombiner(nest, o)
                                               : nullptr);
  return combiners;
}

static bool isFloatSum(Operation *op) {
  return isa_and_nonnull<arith::AddFOp, arith::MulFOp>(op);
}

std::pair<Operation *, Operation *> matchMultiplyAdd(Block &body) {
  Operation *add = body.getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(add))
    return {};
  for (Value operand : add->getOperands()) {
    Operation *mul = operand.getDefiningOp();
    if (isa_and_nonnull<arith::MulFOp, arith::MulIOp>(mul) && mul->hasOneUse())
      return {mul, add};
  }
  return {};
}

/// Bits of the widest value that the kernel computes with, 8 to 64.
static unsigned widestBits(const LoopNest &nest) {
  unsigned bits = 8;
  auto see = [&](Type type) {
    if (type.isIntOrFloat())
      bits = std::max(bits, type.getIntOrFloatBitWidth());
  };
  for (BlockArgument arg : nest.body->getArguments())
    see(arg.getType());
  for (Operation &op : *nest.body)
    for (Type type : op.getResultTypes())
      see(type);
  return llvm::PowerOf2Ceil(bits);
}

double bodyCost(Block &body) {
  double cost = 0;
  for (Operation &op : body.without_terminator()) {
    if (isa<LLVM::SSACopyOp>(op))
      continue;
    if (op.getName().getDialectNamespace() == "math")
      cost += 16;
    else if (isa<arith::DivFOp, arith::DivSIOp, arith::DivUIOp, arith::RemSIOp,
                 arith::RemUIOp, memref::LoadOp>(op))
      cost += 4;
    else
      cost += 1;
  }
  return cost;
}

//===----------------------------------------------------------------------===//
// The loop of the lanes
//===----------------------------------------------------------------------===//

/// Vectors of 16, whatever the level: the choice must not depend on it.
static constexpr int64_t costLanes = 16;

/// Of one vector, in simple ops.
static constexpr double copyCost = 6, scatterCost = 256, turnedStoreCost = 40;
/// Of one that is read in a stream, where all of it is not in a cache.
static constexpr double fetchCost = 2;

/// Rows that are interleaved by shuffles of two.
static constexpr int64_t interleavedRows[] = {2, 4};

/// Loads of neighbours and the shuffles that pick every stride-th of them.
static double shortCost(int64_t stride) {
  double vectors = std::abs(stride);
  return stride == 1 ? 1 : std::max(1.5, 2 * vectors - 1);
}

/// The loop other than `loop` that squares of the operand are read along, the
/// one with the shortest stride; -1: none of at least `extent` iterations.
static int crossLoop(const LoopNest &nest, const Access &access, int loop,
                     int64_t extent) {
  int best = -1;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (!nest.reduction[d] && nest.extents[d] >= extent &&
        isCrossed(access, loop, d) &&
        (best < 0 ||
         std::abs(access.strides[d]) < std::abs(access.strides[best])))
      best = d;
  return best;
}

bool isCrossed(const Access &access, int vector, unsigned row) {
  return vector >= 0 && access.isLinear() && access.strides[vector] &&
         !isShort(access.strides[vector]) && isShort(access.strides[row]);
}

int interleavedLoop(const LoopNest &nest, const Access &output, int vector) {
  if (vector < 0 || !output.isLinear() ||
      llvm::is_contained(nest.reduction, true) ||
      !llvm::is_contained(interleavedRows, output.strides[vector]))
    return -1;
  auto crosses = [&](unsigned row) {
    return llvm::any_of(nest.inputs, [&](const Access &input) {
      return !input.isScalar() && isCrossed(input, vector, row);
    });
  };
  for (unsigned d = 0; d < nest.size(); ++d)
    if (output.strides[d] == 1 && nest.extents[d] == output.strides[vector] &&
        !crosses(d))
      return d;
  return -1;
}

bool isOnlyTurned(const LoopNest &nest, int vector, unsigned row) {
  bool any = false;
  for (const Access &input : nest.inputs) {
    bool turned = !input.isScalar() && isCrossed(input, vector, row);
    any |= turned;
    if (!turned && !input.isScalar() &&
        (!input.isLinear() || (input.strides[vector] && input.strides[row])))
      return false;
  }
  return any && bodyCost(*nest.body) <= lightBody;
}

/// The cost of one vector of an operand when the lanes run along `loop`.
static double accessCost(const LoopNest &nest, const Access &access,
                         unsigned loop, bool output) {
  if (!access.isLinear())
    return costLanes;
  int64_t stride = access.strides[loop];
  if (stride == 0)
    return 0.25;
  if (stride == 1)
    return 1;
  if (output)
    return interleavedLoop(nest, access, loop) < 0 ? costLanes
                                                   : shortCost(stride);
  if (isShort(stride))
    return shortCost(stride);
  if (llvm::is_contained(access.strides, 1))
    return costLanes / 4; // turned in registers
  int cross = crossLoop(nest, access, loop, 1);
  return cross < 0 ? costLanes
                   : costLanes / 4 + shortCost(access.strides[cross]);
}

/// The cost of one vector of a contraction's input. `uses` share the copy of a
/// panel; 0: it is read from where it is, where squares cannot be turned.
static double operandCost(const LoopNest &nest, const Access &access,
                          unsigned loop, int64_t uses) {
  int64_t stride = access.strides[loop];
  bool hasUnit = llvm::is_contained(access.strides, 1);
  if (!uses && isShort(stride))
    return shortCost(stride);
  double cost = stride == 1    ? 1
                : hasUnit      ? costLanes / 4
                : stride == -1 ? shortCost(stride)
                               : costLanes;
  bool turned = cost == costLanes / 4;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (turned && access.strides[d] == 1 &&
        (!uses || nest.extents[d] < costLanes))
      cost = costLanes;
  return uses ? copyCost * cost / uses : cost;
}

/// Steps of a page each that the first level of the TLB holds, about.
static constexpr int64_t pageBytes = 4096, maxPages = 64;

/// The cost of an input that the vectors of a contraction share: a broadcast,
/// from another page in each step at the worst. Steps of less than half a page
/// are as good as short ones.
static double broadcastCost(const LoopNest &nest, const Access &access) {
  for (unsigned d = nest.size(); d-- > 0;) {
    if (!nest.reduction[d] || !access.strides[d])
      continue;
    int64_t bytes = std::abs(access.strides[d]) *
                    access.element.getIntOrFloatBitWidth() / 8;
    double pages = double(bytes) / pageBytes;
    bool isFar = pages >= 0.5 && pages * double(nest.extents[d]) > maxPages;
    return isFar ? std::min(pages, 1.0) : 0.25;
  }
  return 0.25;
}

static double inputCost(const LoopNest &nest, const Access &access,
                        unsigned loop, int64_t uses) {
  if (!nest.contraction || !access.isLinear())
    return accessCost(nest, access, loop, false);
  // Whatever the lanes run along, what lies in panels comes from far away.
  const double fetch =
      access.hasPanels() ? fetchCost / sharedUses(nest, access.panels.loop) : 0;
  if (access.panels.loop == int(loop))
    return fetch;
  return fetch + (access.strides[loop] ? operandCost(nest, access, loop, uses)
                                       : broadcastCost(nest, access));
}

static double loopCost(const LoopNest &nest, unsigned loop, double body) {
  double cost = body;
  if (nest.contraction && !nest.reduction[loop])
    cost *= productCost(nest, loop, costLanes);
  int64_t uses = panelUses(nest, loop);
  for (const Access &access : nest.inputs)
    cost += inputCost(nest, access, loop, uses);
  // The sums of a contraction leave their registers once.
  double steps = 1;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (nest.contraction && nest.reduction[d])
      steps *= nest.extents[d];
  for (const Access &access : nest.outputs)
    cost +=
        steps > 1 && std::abs(access.strides[loop]) > 1
            ? (canTurn(nest, access, loop) ? turnedStoreCost : scatterCost) /
                  steps
            : accessCost(nest, access, loop, true) / steps;
  int64_t extent = nest.extents[loop];
  double vectors = llvm::divideCeil(extent, costLanes);
  return cost * vectors * costLanes / extent;
}

/// -1 where scalars are best.
static int chooseVectorLoop(const LoopNest &nest, bool canReorder) {
  if (!canWiden(*nest.body))
    return -1;
  double body = bodyCost(*nest.body);
  double best = (body + nest.inputs.size() + nest.outputs.size()) * costLanes;
  int choice = -1;
  for (unsigned d = nest.size(); d-- > 0;) {
    if (nest.reduction[d] && !canReorder)
      continue;
    // What is computed is so in panels.
    if (nest.computed >= 0 &&
        (nest.reduction[d] || !nest.inputs[nest.computed].strides[d]))
      continue;
    double cost = loopCost(nest, d, body);
    if (cost < best) {
      best = cost;
      choice = d;
    }
  }
  return choice;
}

int chooseVectorLoop(const LoopNest &nest) {
  return chooseVectorLoop(nest, /*canReorder=*/true);
}

int64_t widestLanes(const LoopNest &nest) {
  return costLanes * 32 / std::max(widestBits(nest), 32u);
}

static int64_t chooseLanes(const LoopNest &nest, unsigned loop,
                           int64_t nativeLanes) {
  bool perLane = !nest.body->getOps<memref::LoadOp>().empty() ||
                 !nest.body->getOps<linalg::IndexOp>().empty();
  for (const Access &access : nest.inputs)
    perLane |= accessCost(nest, access, loop, false) >= costLanes / 4;
  unsigned bits = widestBits(nest);
  int64_t lanes = nativeLanes * 32 / (perLane ? std::max(bits, 32u) : bits);
  const Access::Panels *panels = nest.panels();
  return panels ? std::gcd(lanes, panels->width) : lanes;
}

//===----------------------------------------------------------------------===//
// The tile, the order of loops, the chunks
//===----------------------------------------------------------------------===//

/// Outermost first: by falling stride of the first output.
static SmallVector<unsigned> orderParallel(const LoopNest &nest, int vector) {
  SmallVector<unsigned> order;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (!nest.reduction[d])
      order.push_back(d);
  auto key = [&](unsigned d) {
    bool last = int(d) == vector || nest.outputs.empty();
    return std::make_pair(last ? 0 : -std::abs(nest.outputs[0].strides[d]), d);
  };
  llvm::sort(order, [&](unsigned a, unsigned b) { return key(a) < key(b); });
  return order;
}

static void planReduction(const LoopNest &nest, int64_t nativeLanes,
                          bool canReorder, VectorPlan &plan) {
  for (unsigned d = 0; d < nest.size(); ++d)
    if (nest.reduction[d] && int(d) != plan.vector)
      plan.reduction.push_back(d);
  if (plan.vector >= 0 && nest.reduction[plan.vector])
    plan.reduction.push_back(plan.vector);
  plan.pairwise = !nest.contraction && canReorder &&
                  llvm::any_of(plan.combiners, isFloatSum);
  if (plan.isRowStyle()) {
    plan.vecs = virtualLanes / plan.lanes;
    if (plan.parallel.empty())
      return;
    // Several rows at once keep more streams of memory busy.
    plan.row = plan.parallel.back();
    if (bodyCost(*nest.body) <= lightBody)
      plan.rows = std::min(nest.extents[plan.row],
                           std::max<int64_t>(1, nativeLanes / plan.vecs));
  } else if (plan.vector >= 0 && bodyCost(*nest.body) <= lightBody) {
    // A column sum reads a piece of each row, the longer the better; 16 sums
    // leave half of AVX-512's registers free.
    int64_t wanted = plan.reduction.empty() ? 4 : nativeLanes;
    plan.vecs = std::min<int64_t>(
        wanted, llvm::divideCeil(nest.extents[plan.vector], plan.lanes));
  }
}

/// A transposed operand is read as a square of vectors along its own contiguous
/// loop, which is turned in registers: the tile is as high as it is wide.
static void planTransposition(const LoopNest &nest, VectorPlan &plan) {
  if (!plan.reduction.empty())
    return;
  for (const Access &access : nest.inputs) {
    plan.row = crossLoop(nest, access, plan.vector, plan.lanes);
    if (plan.row < 0)
      continue;
    plan.rows = plan.lanes;
    plan.vecs = 1;
    return;
  }
}

/// Rows that lie between each other in an output are stored together.
static void planInterleaving(const LoopNest &nest, VectorPlan &plan) {
  if (!plan.reduction.empty() || plan.row >= 0)
    return;
  for (const Access &output : nest.outputs) {
    plan.row = interleavedLoop(nest, output, plan.vector);
    if (plan.row < 0)
      continue;
    plan.rows = nest.extents[plan.row];
    plan.interleaves = true;
    return;
  }
}

VectorPlan planVectors(const LoopNest &nest, VectorUnit unit, int64_t grain,
                       std::optional<unsigned> row) {
  VectorPlan plan;
  const int64_t nativeLanes = unit.lanes;
  plan.nativeLanes = nativeLanes;
  plan.registers = unit.registers;
  plan.combiners = matchCombiners(nest);
  bool canReorder = true;
  for (auto [o, output] : llvm::enumerate(nest.outputs))
    canReorder &= !nest.isReduced(output) || plan.combiners[o];
  const Access::Panels *panels = nest.panels();
  plan.vector = panels && canWiden(*nest.body)
                    ? panels->loop // for which they were made
                    : chooseVectorLoop(nest, canReorder);
  if (plan.vector >= 0)
    plan.lanes = chooseLanes(nest, plan.vector, nativeLanes);
  plan.parallel = orderParallel(nest, plan.vector);
  planReduction(nest, nativeLanes, canReorder, plan);
  if (nest.contraction && plan.vector >= 0)
    planContraction(nest, plan, row);
  planTransposition(nest, plan);
  planInterleaving(nest, plan);
  planThreads(nest, wantedChunks(workOf(nest), grain), plan);
  return plan;
}

} // namespace mg::codegen
