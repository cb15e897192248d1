//===- ApartSums.cpp - sums whose neighbours are stored far apart ---------===//
//
// See ApartSums.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/ApartSums.h"

#include "codegen/nests/CopyNest.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace mg::codegen {

/// Sums of more steps hide how they are stored; fewer results are not worth
/// another array.
static constexpr int64_t maxSteps = 512, minResults = 1 << 14;
/// Results that are stored no further apart than lines are.
static constexpr int64_t lineBits = 64 * 8;

/// The loop along which results are closest together, of those that fill a
/// vector; -1: none does.
static int chooseInner(const LoopNest &nest, const Access &output) {
  int choice = -1;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (!nest.reduction[d] && output.strides[d] &&
        nest.extents[d] >= widestLanes(nest) &&
        (choice < 0 ||
         std::abs(output.strides[d]) < std::abs(output.strides[choice])))
      choice = d;
  return choice;
}

ApartSums::ApartSums(const LoopNest &nest, const VectorPlan &plan)
    : nest(nest) {
  if (!nest.contraction || plan.vector < 0 || plan.isRowStyle() ||
      nest.outputs.size() != 1 || !nest.initial[0] || !nest.epilogues.empty() ||
      nest.range.loop >= 0 || nest.products != Products::Single ||
      nest.computed >= 0)
    return;
  const Access &output = nest.outputs[0];
  int64_t results = 1, steps = 1;
  for (unsigned d = 0; d < nest.size(); ++d)
    (nest.reduction[d] ? steps : results) *= nest.extents[d];
  const int64_t apart = output.isLinear() && output.stored && !output.streamed
                            ? std::abs(output.strides[plan.vector])
                            : 0;
  if (steps > maxSteps || results < minResults ||
      apart * output.element.getIntOrFloatBitWidth() < lineBits ||
      canTurn(nest, output, plan.vector))
    return;
  inner = chooseInner(nest, output);
  if (inner >= 0 && std::abs(output.strides[inner]) == 1)
    inner = -1;
}

LoopNest ApartSums::sums(OpBuilder &b) {
  LoopNest sums = nest;
  const Access &output = nest.outputs[0];
  SmallVector<unsigned> order;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (!nest.reduction[d] && int(d) != inner)
      order.push_back(d);
  // Short loops outside: each of their steps stores whole rows.
  auto key = [&](unsigned d) {
    return std::pair(nest.extents[d] >= widestLanes(nest),
                     -std::abs(output.strides[d]));
  };
  llvm::stable_sort(order,
                    [&](unsigned x, unsigned y) { return key(x) < key(y); });
  order.push_back(inner);
  Access array{{}, output.element, SmallVector<int64_t>(nest.size(), 0)};
  int64_t size = 1;
  for (unsigned d : llvm::reverse(order)) {
    array.strides[d] = size;
    size *= nest.extents[d];
  }
  array.buffer = b.create<memref::AllocOp>(
      nest.loc, MemRefType::get({size}, output.element));
  sums.outputs[0] = array;
  return sums;
}

LoopNest ApartSums::copy(OpBuilder &b, const LoopNest &sums) {
  body = createCopyBody(b, nest.loc, nest.outputs[0].element);
  return buildCopy(nest, sums.outputs[0], nest.outputs[0], body.get());
}

} // namespace mg::codegen
