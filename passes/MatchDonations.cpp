//===- MatchDonations.cpp - Results into memory that was given away -------===//
//
// In:    entries of which some arguments carry mg.donated: the caller has no
//        more use for their memory.
// Out:   no mg.donated. Results that can be computed in place of a donated
//        argument of their type carry mg.updates = its number; each argument
//        serves one result, and as many results as possible are served.
//
// Never: changes a type or an op; touches an mg.updates that is there.
//
// In place is where a chain of elementwise ops leads from the argument to the
// result, through loops and branches too. Elsewhere the old value would be read
// after the first write of the new, and memory would be copied, not saved.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

namespace mlir::mg {
#define GEN_PASS_DEF_MATCHDONATIONS
#include "passes/Passes.h.inc"
} // namespace mlir::mg

/// The arguments that lead elementwise to `result`.
static SmallVector<unsigned> sourcesOf(Value result) {
  SmallVector<unsigned> sources;
  SmallVector<Value> work = {result};
  DenseSet<Value> seen;
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (value.getType() != result.getType() || !seen.insert(value).second)
      continue;
    Operation *op = value.getDefiningOp();
    if (!op)
      sources.push_back(cast<BlockArgument>(value).getArgNumber());
    else if (isa<Elementwise>(op) || op->getNumRegions() > 0)
      llvm::append_range(work, op->getOperands());
  }
  llvm::sort(sources);
  return sources;
}

namespace {

/// Maximum matching by augmenting paths; earlier results choose first.
struct Matching {
  SmallVector<SmallVector<unsigned>> candidates; // per result
  DenseMap<unsigned, unsigned> resultOf;         // per argument

  bool place(unsigned result) {
    DenseSet<unsigned> tried;
    return place(result, tried);
  }

private:
  bool place(unsigned result, DenseSet<unsigned> &tried) {
    for (unsigned argument : candidates[result]) {
      if (!tried.insert(argument).second)
        continue;
      auto known = resultOf.find(argument);
      if (known != resultOf.end() && !place(known->second, tried))
        continue;
      resultOf[argument] = result;
      return true;
    }
    return false;
  }
};

struct MatchDonations : mg::impl::MatchDonationsBase<MatchDonations> {
  void runOnOperation() override {
    func::FuncOp entry = getOperation();
    SmallVector<unsigned> donated;
    for (unsigned i = 0; i < entry.getNumArguments(); ++i)
      if (entry.removeArgAttr(i, "mg.donated"))
        donated.push_back(i);
    if (donated.empty() || entry.isExternal())
      return;
    Operation *end = entry.getBody().front().getTerminator();
    // What a result updates already is given away once.
    for (unsigned i = 0; i < entry.getNumResults(); ++i)
      if (auto taken = entry.getResultAttrOfType<IntegerAttr>(i, "mg.updates"))
        llvm::erase_if(donated, [&](unsigned argument) {
          return static_cast<int64_t>(argument) == taken.getInt();
        });
    Matching matching;
    for (Value result : end->getOperands()) {
      matching.candidates.push_back(sourcesOf(result));
      llvm::erase_if(matching.candidates.back(), [&](unsigned argument) {
        return !llvm::is_contained(donated, argument);
      });
    }
    for (unsigned i = 0; i < entry.getNumResults(); ++i)
      if (!entry.getResultAttr(i, "mg.updates"))
        matching.place(i);
    Builder b(&getContext());
    for (auto [argument, result] : matching.resultOf)
      entry.setResultAttr(result, "mg.updates", b.getI64IntegerAttr(argument));
  }
};

} // namespace
