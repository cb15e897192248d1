//===- SplitEntries.cpp - a long entry becomes a list of calls ------------===//
//
//   func.func @f(..) -> i32 { loop; loop; .. 1,000 loops .. return }
//     ->
//   func.func @f(..) -> i32 { call @f_part_0(..) .. return }
//   func.func private @f_part_0(..) { 32 loops }
//
// Why: what LLVM and the lowering to basic blocks do grows faster than the
// length of a function. A thousand loops in one function took ten times as long
// as four times 250. A call costs a nanosecond per 32 loops.
//
// So do entries with very many arguments, of any length: what is left of them
// hands pointers on, and nothing is known or wanted of those there.
//
// Runs of ops without results move, in order; an op with a result that is no
// pure arithmetic (a branch that yields, a status) stays and ends a run.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/tasks/Outline.h"

#include "mlir/IR/Builders.h"

namespace mg::codegen {

#define GEN_PASS_DEF_SPLITENTRIES
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

using Run = SmallVector<Operation *>;

/// Runs of at most `length` ops that may move together.
SmallVector<Run> runsOf(func::FuncOp function, size_t length) {
  SmallVector<Run> runs(1);
  for (Operation &op : function.front()) {
    if (canRepeat(&op))
      continue;
    const bool moves =
        op.getNumResults() == 0 && !op.hasTrait<OpTrait::IsTerminator>();
    if (!runs.back().empty() && (!moves || runs.back().size() == length))
      runs.emplace_back();
    if (moves)
      runs.back().push_back(&op);
  }
  return runs;
}

void outline(func::FuncOp function, const Run &run, unsigned number) {
  Needs needs = needsOf(run);
  const ArrayRef<Value> arguments = needs.arguments.getArrayRef();
  if (!llvm::all_of(arguments, [](Value v) { return canPass(v.getType()); }))
    return;
  OpBuilder b(function.getContext());
  b.setInsertionPointAfter(function);
  const Location loc = run.front()->getLoc();
  auto part = b.create<func::FuncOp>(
      loc, (function.getName() + "_part_" + Twine(number)).str(),
      b.getFunctionType(ValueRange(arguments).getTypes(), {}));
  part.setPrivate();
  // The inliner would undo it.
  part->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
  Block *body = part.addEntryBlock();
  copyArgumentFacts(function, arguments, part);

  b.setInsertionPoint(run.front());
  b.create<func::CallOp>(loc, part, arguments);
  IRMapping inside;
  inside.map(arguments, body->getArguments());
  b.setInsertionPointToStart(body);
  for (Operation *op : needs.repeated)
    b.clone(*op, inside);
  auto end = b.create<func::ReturnOp>(loc);
  for (Operation *op : run) {
    op->moveBefore(end);
    op->walk([&](Operation *user) {
      for (OpOperand &operand : user->getOpOperands())
        operand.set(inside.lookupOrDefault(operand.get()));
    });
  }
}

/// Arguments with which an entry's own loops are no place to be optimized.
constexpr unsigned manyArguments = 128;

bool isLoop(Operation *op) { return op->getNumRegions() > 0; }

class SplitEntries : public impl::SplitEntriesBase<SplitEntries> {
public:
  using SplitEntriesBase::SplitEntriesBase;

private:
  void runOnOperation() final {
    const SmallVector<func::FuncOp> functions(
        getOperation().getOps<func::FuncOp>());
    for (func::FuncOp function : functions) {
      if (!function->hasAttr("mg.entry"))
        continue;
      const SmallVector<Run> runs = runsOf(function, length);
      size_t ops = 0;
      for (const Run &run : runs)
        ops += run.size();
      const bool hasMany = function.getNumArguments() > manyArguments;
      if (ops < 2 * static_cast<size_t>(length) && !hasMany)
        continue;
      for (auto [i, run] : llvm::enumerate(runs))
        if (run.size() > 1 || (hasMany && llvm::any_of(run, isLoop)))
          outline(function, run, i);
    }
  }
};

} // namespace
} // namespace mg::codegen
