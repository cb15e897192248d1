//===- LiftWeights.cpp - Weights become arguments of the entries ----------===//
//
// In:    mg.weight ops in public functions.
// Out:   one trailing argument per weight that an entry uses, with mg.weight
//        and mg.name, in one order for the module: that of first use.
//
//          %w = mg.weight "w"   =>   func @f(.., %w {mg.name = "w", mg.weight})
//
// Never: drops a weight from one entry because another does not use it.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "ir/Ops.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::mg;

namespace mlir::mg {
#define GEN_PASS_DEF_LIFTWEIGHTS
#include "passes/Passes.h.inc"
} // namespace mlir::mg

namespace {

struct LiftWeights : mg::impl::LiftWeightsBase<LiftWeights> {
  void runOnOperation() override {
    FailureOr<SmallVector<StringAttr>> names = collectNames();
    if (failed(names))
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>())
      lift(function, *names);
  }

private:
  /// In the order of first use.
  FailureOr<SmallVector<StringAttr>> collectNames();
  void lift(func::FuncOp function, ArrayRef<StringAttr> names);
};

} // namespace

FailureOr<SmallVector<StringAttr>> LiftWeights::collectNames() {
  llvm::MapVector<StringAttr, WeightOp> weights;
  WalkResult walk = getOperation().walk([&](WeightOp op) {
    WeightOp first = weights.insert({op.getNameAttr(), op}).first->second;
    if (first.getType() == op.getType())
      return WalkResult::advance();
    InFlightDiagnostic error = op.emitError("weight: '")
                               << op.getName() << "' has two types, "
                               << first.getType() << " and " << op.getType();
    error.attachNote(first.getLoc()) << "the first one is here";
    return WalkResult::interrupt();
  });
  if (walk.wasInterrupted())
    return failure();
  return llvm::to_vector(llvm::make_first_range(weights));
}

void LiftWeights::lift(func::FuncOp function, ArrayRef<StringAttr> names) {
  DenseMap<StringAttr, SmallVector<WeightOp>> uses;
  function.walk([&](WeightOp op) { uses[op.getNameAttr()].push_back(op); });
  Builder builder(&getContext());
  for (StringAttr name : names) {
    auto used = uses.find(name);
    if (used == uses.end())
      continue;
    auto attributes = builder.getDictionaryAttr(
        {builder.getNamedAttr("mg.name", name),
         builder.getNamedAttr("mg.weight", builder.getUnitAttr())});
    unsigned place = function.getNumArguments();
    WeightOp first = used->second.front();
    function.insertArgument(place, first.getType(), attributes, first.getLoc());
    for (WeightOp op : used->second) {
      op.replaceAllUsesWith(Value(function.getArgument(place)));
      op.erase();
    }
  }
}
