//===- CarryOut.cpp - Values leave loops and branches ---------------------===//

#include "passes/CarryOut.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::mg;

namespace {

using Found = DenseMap<Operation *, Value>;

/// The innermost levels first.
class Carrier {
public:
  Carrier(const Found &found, const Carried &what) : found(found), what(what) {}

  Value outOf(Block &block);

private:
  Value through(scf::IfOp branch);
  Value through(scf::ForOp loop);
  Value through(scf::WhileOp loop);
  /// `value`, joined with `other` where that is not null, before `end`.
  Value joined(Operation *end, Value value, Value other) {
    OpBuilder builder(end);
    return other ? what.join(builder, end->getLoc(), value, other) : value;
  }

  const Found &found;
  const Carried &what;
};

} // namespace

/// `made` takes the place of `op`, whose results it has, and one more.
static Value replace(Operation *op, Operation *made) {
  op->replaceAllUsesWith(made->getResults().drop_back());
  op->erase();
  return made->getResults().back();
}

static SmallVector<Type> withType(TypeRange types, Type more) {
  SmallVector<Type> all(types);
  all.push_back(more);
  return all;
}

Value Carrier::through(scf::IfOp branch) {
  if (!branch.elseBlock())
    branch.getElseRegion().emplaceBlock(),
        OpBuilder::atBlockEnd(branch.elseBlock())
            .create<scf::YieldOp>(branch.getLoc());
  Value values[] = {outOf(*branch.thenBlock()), outOf(*branch.elseBlock())};
  if (!values[0] && !values[1])
    return {};
  OpBuilder builder(branch);
  auto made = builder.create<scf::IfOp>(
      branch.getLoc(), withType(branch.getResultTypes(), what.type),
      branch.getCondition());
  for (auto [from, to, value] :
       llvm::zip(branch->getRegions(), made->getRegions(), values)) {
    to.takeBody(from);
    Operation *end = to.front().getTerminator();
    OpBuilder inside(end);
    if (!value)
      value = what.none(inside, end->getLoc());
    end->insertOperands(end->getNumOperands(), value);
  }
  return replace(branch, made);
}

Value Carrier::through(scf::ForOp loop) {
  Value value = outOf(*loop.getBody());
  if (!value)
    return {};
  OpBuilder builder(loop);
  SmallVector<Value> inits(loop.getInitArgs());
  inits.push_back(what.none(builder, loop.getLoc()));
  auto made =
      builder.create<scf::ForOp>(loop.getLoc(), loop.getLowerBound(),
                                 loop.getUpperBound(), loop.getStep(), inits);
  made.getRegion().takeBody(loop.getRegion());
  Value before = made.getBody()->addArgument(what.type, loop.getLoc());
  Operation *end = made.getBody()->getTerminator();
  end->insertOperands(end->getNumOperands(), joined(end, before, value));
  return replace(loop, made);
}

Value Carrier::through(scf::WhileOp loop) {
  Value condition = outOf(*loop.getBeforeBody());
  Value body = outOf(*loop.getAfterBody());
  if (!condition && !body)
    return {};
  OpBuilder builder(loop);
  SmallVector<Value> inits(loop.getInits());
  inits.push_back(what.none(builder, loop.getLoc()));
  auto made = builder.create<scf::WhileOp>(
      loop.getLoc(), withType(loop.getResultTypes(), what.type), inits);
  for (auto [from, to, value] : {
           std::tuple(&loop.getBefore(), &made.getBefore(), condition),
           std::tuple(&loop.getAfter(), &made.getAfter(), body),
       }) {
    to->takeBody(*from);
    Value before = to->front().addArgument(what.type, loop.getLoc());
    Operation *end = to->front().getTerminator();
    end->insertOperands(end->getNumOperands(), joined(end, before, value));
  }
  return replace(loop, made);
}

Value Carrier::outOf(Block &block) {
  Value all;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    Value value = found.lookup(&op);
    if (auto branch = dyn_cast<scf::IfOp>(op))
      value = through(branch);
    else if (auto loop = dyn_cast<scf::ForOp>(op))
      value = through(loop);
    else if (auto loop = dyn_cast<scf::WhileOp>(op))
      value = through(loop);
    if (value)
      all = all ? joined(block.getTerminator(), all, value) : value;
  }
  return all;
}

Value mg::carryOut(Block &block, const DenseMap<Operation *, Value> &found,
                   const Carried &what) {
  return Carrier(found, what).outOf(block);
}
