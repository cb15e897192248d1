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
  SmallVector<ArrayRef<WeightOp>> lifted;
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  SmallVector<Location> locations;
  for (StringAttr name : names) {
    auto used = uses.find(name);
    if (used == uses.end())
      continue;
    lifted.push_back(used->second);
    types.push_back(used->second.front().getType());
    attributes.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("mg.name", name),
         builder.getNamedAttr("mg.weight", builder.getUnitAttr())}));
    locations.push_back(used->second.front().getLoc());
  }
  if (lifted.empty())
    return;
  // All at once: the function's type and attributes are written anew each time.
  const unsigned before = function.getNumArguments();
  function.insertArguments(SmallVector<unsigned>(types.size(), before), types,
                           attributes, locations);
  for (auto [argument, ops] :
       llvm::zip_equal(function.getArguments().drop_front(before), lifted))
    for (WeightOp op : ops) {
      op.replaceAllUsesWith(Value(argument));
      op.erase();
    }
}
