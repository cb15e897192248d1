//===- ReductionSplit.cpp - a reduction as partial results ----------------===//
//
// See ReductionSplit.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/ReductionSplit.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace mg::codegen {

/// Parallel loops that give this many chunks are enough.
static constexpr int64_t enoughChunks = 8;
/// Elements of the lanes' loop, rows: one part for a thread, at every level.
static constexpr int64_t partWidth = virtualLanes, partRows = 8;
/// Partial results take at most this many elements.
static constexpr int64_t maxPartial = 1 << 16;

/// Into how many parts the parallel loop with most of them can be cut. Not the
/// tiles of the plan: the answer decides about bits.
static int64_t parallelParts(const LoopNest &nest, const VectorPlan &plan) {
  int64_t most = 1;
  for (int loop : plan.parallel) {
    int64_t size = loop == plan.vector ? partWidth
                   : loop == plan.row  ? partRows
                                       : 1;
    most = std::max<int64_t>(most, llvm::divideCeil(nest.extents[loop], size));
  }
  return most;
}

ReductionSplit::ReductionSplit(const LoopNest &nest, const VectorPlan &plan,
                               int64_t wanted)
    : nest(nest), plan(plan) {
  for (unsigned d : plan.parallel)
    results *= nest.extents[d];
  int64_t shared = parallelParts(nest, plan);
  if (wanted == 1 || 2 * shared > wanted || shared >= enoughChunks ||
      results > maxPartial / (wanted + 1))
    return;
  for (auto [o, output] : llvm::enumerate(nest.outputs))
    if (nest.isReduced(output) && !plan.combiners[o])
      return;
  for (unsigned d : plan.reduction)
    if (!nest.indexed[d] && (loop < 0 || nest.extents[d] > nest.extents[loop]))
      loop = d;
  if (loop < 0)
    return;
  int64_t block = loop == plan.vector ? blockSteps * virtualLanes : blockSteps;
  length = llvm::alignTo(llvm::divideCeil(nest.extents[loop], wanted), block);
  chunks = nest.extents[loop] / length;
}

/// The nest over `count` chunks from `first` on, a parallel loop that is
/// appended, of `length` iterations each.
LoopNest ReductionSplit::part(int64_t first, int64_t count,
                              int64_t iterations) const {
  LoopNest part = nest;
  part.overwrite = true;
  part.initial.assign(nest.outputs.size(), Value());
  part.epilogues.clear();
  part.extents[loop] = iterations;
  for (Access *access : part.accesses()) {
    int64_t stride = access->strides[loop] * length;
    access->strides.push_back(stride);
    access->offset += stride * first;
  }
  part.extents.push_back(count);
  part.reduction.push_back(false);
  part.indexed.push_back(false);
  return part;
}

/// Lets an output of `part` write to partial[first + chunk][results].
void ReductionSplit::redirect(LoopNest &part, unsigned output, Value partial,
                              int64_t first) const {
  Access &access = part.outputs[output];
  access.buffer = partial;
  access.start = {};
  access.stored = true;
  access.offset = first * results;
  access.strides.back() = results;
  int64_t stride = 1;
  for (unsigned d : llvm::reverse(plan.parallel)) {
    access.strides[d] = stride;
    stride *= nest.extents[d];
  }
}

/// output = combiner(output, partial[part]) over all parts.
LoopNest ReductionSplit::combination(OpBuilder &b, unsigned output,
                                     Value partial, int64_t parts) {
  Operation *combiner = plan.combiners[output];
  Type type = nest.outputs[output].element;
  Block *body = bodies.emplace_back(std::make_unique<Block>()).get();
  body->addArguments({type, type}, {nest.loc, nest.loc});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(body);
  OperationState state(nest.loc, combiner->getName(), body->getArguments(),
                       {type}, {});
  state.propertiesAttr = combiner->getPropertiesAsAttribute();
  b.create<linalg::YieldOp>(nest.loc, b.create(state)->getResults());

  LoopNest combine = part(0, parts, 1);
  combine.body = body;
  combine.overwrite = nest.overwrite;
  combine.contraction = false;
  combine.initial = {nest.initial[output]};
  combine.epilogues = nest.epilogues;
  for (Access *access : combine.accesses())
    access->strides.resize(combine.size(), 0);
  combine.reduction.back() = true;
  combine.outputs = {combine.outputs[output]};
  combine.outputs[0].strides.back() = 0;
  combine.inputs = combine.outputs;
  redirect(combine, 0, partial, 0);
  std::swap(combine.inputs, combine.outputs);
  for (unsigned d = 0; d < nest.size(); ++d)
    if (nest.reduction[d])
      combine.extents[d] = 1;
  simplify(combine);
  return combine;
}

SmallVector<LoopNest, 0> ReductionSplit::apply(OpBuilder &b) {
  int64_t rest = nest.extents[loop] % length;
  int64_t parts = chunks + (rest != 0);
  SmallVector<LoopNest, 0> nests = {part(0, chunks, length)};
  if (rest)
    nests.push_back(part(chunks, 1, rest));
  SmallVector<LoopNest, 0> combinations;
  for (auto [o, output] : llvm::enumerate(nest.outputs)) {
    if (!nest.isReduced(output))
      continue;
    Value partial = b.create<memref::AllocOp>(
        nest.loc, MemRefType::get({parts * results}, output.element));
    redirect(nests[0], o, partial, 0);
    if (rest)
      redirect(nests[1], o, partial, chunks);
    combinations.push_back(combination(b, o, partial, parts));
  }
  for (LoopNest &part : nests)
    simplify(part);
  nests.append(combinations);
  return nests;
}

} // namespace mg::codegen
