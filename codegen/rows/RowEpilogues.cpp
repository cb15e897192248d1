//===- RowEpilogues.cpp - what a row's sums go through before a reduction -===//
//
// See RowEpilogues.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/rows/RowEpilogues.h"

#include "codegen/nests/BufferRegions.h"
#include "codegen/nests/VectorPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace mg::codegen {

RowEpilogues::RowEpilogues(const KernelGroup &group,
                           llvm::function_ref<bool(unsigned)> mayJoin)
    : rows(group.rows) {
  for (unsigned m = 1; m < group.members.size(); ++m) {
    const LoopNest &sums = group.members[m - 1].nest,
                   &nest = group.members[m].nest;
    Split split;
    split.member = m;
    if (!sums.contraction || nest.contraction || !mayJoin(m - 1) ||
        !mayJoin(m) || bodyCost(*nest.body) > lightBody ||
        !matchOutputs(nest, split) || !matchLoops(sums, nest, split))
      continue;
    splitBody(nest, split);
    splits.push_back(std::move(split));
  }
}

/// Whether all that is reduced are numbers that the member stores as well.
bool RowEpilogues::matchOutputs(const LoopNest &nest, Split &split) const {
  SmallVector<Operation *> combiners = matchCombiners(nest);
  auto yield = nest.body->getTerminator();
  for (auto [o, output] : llvm::enumerate(nest.outputs))
    if (!nest.isReduced(output))
      split.mapped.push_back(o);
  for (auto [o, output] : llvm::enumerate(nest.outputs)) {
    if (!nest.isReduced(output))
      continue;
    if (!combiners[o])
      return false;
    Value old = nest.body->getArgument(nest.inputs.size() + o);
    Value added =
        combiners[o]->getOperand(combiners[o]->getOperand(0) == old ? 1 : 0);
    auto source = llvm::find_if(split.mapped, [&](unsigned other) {
      return yield->getOperand(other) == added;
    });
    if (source == split.mapped.end())
      return false;
    split.reduced.push_back(o);
    split.source.push_back(*source);
  }
  return !split.reduced.empty() && !split.mapped.empty();
}

/// Whether the member comes to each sum once, where it lies, and what it writes
/// is memory of the sums or of no one who computes them.
bool RowEpilogues::matchLoops(const LoopNest &sums, const LoopNest &nest,
                              Split &split) const {
  const Access &result = sums.outputs[0];
  auto reads = [&](const Access &access) {
    return !access.isScalar() && mayOverlap(access.buffer, result.buffer);
  };
  const Access *own = llvm::find_if(nest.inputs, reads);
  if (own == nest.inputs.end() || llvm::count_if(nest.inputs, reads) != 1 ||
      own->buffer != result.buffer || own->offset != result.offset ||
      own->start || result.start || !own->isLinear() || !result.isLinear() ||
      !sums.epilogues.empty() || sums.outputs.size() != 1)
    return false;
  split.loopOf.assign(nest.size(), -1);
  SmallVector<bool> taken(sums.size(), false);
  for (unsigned d = 0; d < nest.size(); ++d) {
    int found = d < rows ? int(d) : -1;
    for (unsigned e = rows; e < sums.size() && d >= rows; ++e)
      if (!sums.reduction[e] && !taken[e] &&
          sums.extents[e] == nest.extents[d] &&
          result.strides[e] == own->strides[d] && result.strides[e])
        found = e;
    if (found < 0 || result.strides[found] != own->strides[d])
      return false;
    taken[found] = true;
    split.loopOf[d] = found;
  }
  for (unsigned e = 0; e < sums.size(); ++e)
    if (!sums.reduction[e] && !taken[e] && sums.extents[e] > 1)
      return false;
  return llvm::all_of(split.mapped, [&](unsigned o) {
    const Access &output = nest.outputs[o];
    bool isSame = output.buffer == result.buffer &&
                  output.offset == result.offset && !output.start &&
                  output.strides == own->strides;
    return output.isLinear() && !output.streamed &&
           (isSame || llvm::none_of(sums.inputs, [&](const Access &input) {
              return !input.isScalar() &&
                     mayOverlap(input.buffer, output.buffer);
            }));
  });
}

void RowEpilogues::splitBody(const LoopNest &nest, Split &split) const {
  Block &body = *nest.body;
  Location loc = nest.loc;
  unsigned inputs = nest.inputs.size();
  Operation *yield = body.getTerminator();
  SmallVector<Operation *> combiners = matchCombiners(nest);
  OpBuilder b(loc.getContext());

  split.map = std::make_shared<Block>();
  IRMapping values;
  auto take = [&](unsigned argument) {
    BlockArgument old = body.getArgument(argument);
    values.map(old, split.map->addArgument(old.getType(), loc));
  };
  for (unsigned i = 0; i < inputs; ++i)
    take(i);
  for (unsigned o : split.mapped)
    take(inputs + o);
  b.setInsertionPointToEnd(split.map.get());
  for (Operation &op : body.without_terminator())
    if (!llvm::is_contained(combiners, &op))
      b.clone(op, values);
  SmallVector<Value> results;
  for (unsigned o : split.mapped)
    results.push_back(values.lookupOrDefault(yield->getOperand(o)));
  b.create<linalg::YieldOp>(loc, results);

  split.reduction = std::make_shared<Block>();
  results.clear();
  for (unsigned source : split.source)
    split.reduction->addArgument(yield->getOperand(source).getType(), loc);
  b.setInsertionPointToEnd(split.reduction.get());
  for (auto [i, o] : llvm::enumerate(split.reduced)) {
    BlockArgument old = body.getArgument(inputs + o);
    IRMapping operands;
    operands.map(old, split.reduction->addArgument(old.getType(), loc));
    operands.map(yield->getOperand(split.source[i]),
                 split.reduction->getArgument(i));
    results.push_back(b.clone(*combiners[o], operands)->getResult(0));
  }
  b.create<linalg::YieldOp>(loc, results);
}

void RowEpilogues::move(MutableArrayRef<LoopNest> nests) const {
  for (const Split &split : splits) {
    LoopNest &sums = nests[split.member - 1], &nest = nests[split.member];
    auto moved = [&](const Access &access) {
      Access to = access;
      to.strides.assign(sums.size(), 0);
      for (auto [own, loop] : llvm::enumerate(split.loopOf))
        if (!access.isScalar() && nest.extents[own] > 1)
          to.strides[loop] = access.strides[own];
      return to;
    };
    Epilogue epilogue{nest.loc, split.map.get()};
    for (const Access &input : nest.inputs)
      epilogue.inputs.push_back(moved(input));
    for (int loop : nest.loopOf)
      epilogue.loopOf.push_back(loop < 0 ? -1 : split.loopOf[loop]);
    epilogue.first = nest.first;
    LoopNest rest = nest;
    rest.body = split.reduction.get();
    rest.inputs.clear();
    rest.outputs.clear();
    rest.initial.clear();
    for (unsigned o : split.mapped) {
      epilogue.outputs.push_back(moved(nest.outputs[o]));
      epilogue.initial.push_back(nest.initial[o]);
    }
    for (unsigned source : split.source)
      rest.inputs.push_back(nest.outputs[source]);
    for (unsigned o : split.reduced) {
      rest.outputs.push_back(nest.outputs[o]);
      rest.initial.push_back(nest.initial[o]);
    }
    epilogue.body->walk([&](linalg::IndexOp index) {
      if (int loop = epilogue.loopOf[index.getDim()]; loop >= 0)
        sums.indexed[loop] = true;
    });
    sums.epilogues.push_back(std::move(epilogue));
    nest = std::move(rest);
  }
}

} // namespace mg::codegen
