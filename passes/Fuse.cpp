//===- Fuse.cpp - loops that share a trip through memory ------------------===//
//
// In:    linalg.generic ops on static tensors, in loops and branches, too.
// Out:   the kernels of the plan (FusionPlan.h). A kernel of one nest is one
//        linalg.generic, with as many results as others want:
//
//          %e = generic(%x) { exp }           %e:2 = generic(%x) {
//          %s = generic(%e) { addf }    =>      %e = exp; yield %e, addf %e }
//
//        One of several nests is several ops, next to each other, with the
//        attributes `mg.kernel` and `mg.rows` (docs/levels/linalg.md).
//        Elementwise ops that do the same, and that nothing waits for, are a
//        batch: an optimizer's updates.
//        With `explain` the function's `mg.unfused` says what still goes to
//        memory between two kernels, and why.
// Never: changes what is computed, or in which order a reduction's elements
//        come. Ops of other kinds move, as the kernels do.
//
//===----------------------------------------------------------------------===//

#include "passes/FusionPlan.h"
#include "passes/LoopBody.h"
#include "passes/Passes.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace mlir::mg;
using linalg::GenericOp;

namespace mlir::mg {
#define GEN_PASS_DEF_FUSE
#include "passes/Passes.h.inc"
} // namespace mlir::mg

namespace {

/// Writes one nest of a kernel as one op.
class NestWriter {
public:
  NestWriter(const LoopClasses &classes, ArrayRef<unsigned> nest);

  /// Replaces the results that are used outside of the nest; the ops stay.
  void write(OpBuilder &builder);

  /// Null where no one outside wants a result.
  GenericOp written;
  /// The loop of the new op in a row class.
  std::optional<int64_t> loopIn(unsigned cls) const;

private:
  void addLoops();
  AffineMap mapOf(unsigned op) const;
  bool isWanted(OpResult result) const;
  bool isInside(Value value) const;

  const LoopClasses &classes;
  ArrayRef<unsigned> nest;
  llvm::SmallDenseSet<Operation *> inside;
  Loops loops;
  /// By member of the nest and loop: the new loop.
  SmallVector<SmallVector<unsigned>> newLoop;
  DenseMap<int, unsigned> loopOfClass;
};

class Writer {
public:
  explicit Writer(Block &block) : block(block), plan(planFusion(block)) {}
  /// `number`: of the next kernel with attributes.
  void run(int64_t &number);
  void explain(SmallVectorImpl<Attribute> &unfused) const;

private:
  void writeKernel(Kernel &kernel, std::optional<int64_t> number);
  void batchSinks(int64_t &next);
  void mark(GenericOp op, int64_t number, ArrayRef<int64_t> rows);
  OpBuilder atEnd() { return OpBuilder(block.getTerminator()); }

  Block &block;
  FusionPlan plan;
};

} // namespace

//===----------------------------------------------------------------------===//
// A nest
//===----------------------------------------------------------------------===//

NestWriter::NestWriter(const LoopClasses &classes, ArrayRef<unsigned> nest)
    : classes(classes), nest(nest) {
  for (unsigned op : nest)
    inside.insert(classes.members()[op]);
  addLoops();
}

/// The loops of the first op that reduces (their order is that of its sums),
/// then everyone's loops of one iteration.
void NestWriter::addLoops() {
  ArrayRef<GenericOp> ops = classes.members();
  auto reducing = llvm::find_if(nest, [&](unsigned op) {
    return GenericOp(ops[op]).getNumReductionLoops() != 0;
  });
  unsigned leader = reducing == nest.end() ? nest.back() : *reducing;
  Loops own = Loops::of(ops[leader]);
  for (unsigned loop = 0; loop < own.bounds.size(); ++loop)
    if (int cls = classes.classOf(leader, loop); cls >= 0) {
      loopOfClass[cls] = loops.bounds.size();
      loops.bounds.push_back(own.bounds[loop]);
      loops.iterators.push_back(own.iterators[loop]);
    }
  for (unsigned op : nest) {
    SmallVector<unsigned> &to = newLoop.emplace_back();
    Loops theirs = Loops::of(ops[op]);
    for (unsigned loop = 0; loop < theirs.bounds.size(); ++loop) {
      if (int cls = classes.classOf(op, loop); cls >= 0) {
        to.push_back(loopOfClass.lookup(cls));
        continue;
      }
      to.push_back(loops.bounds.size());
      loops.bounds.push_back(1);
      loops.iterators.push_back(theirs.iterators[loop]);
    }
  }
}

std::optional<int64_t> NestWriter::loopIn(unsigned cls) const {
  auto found = loopOfClass.find(cls);
  if (found == loopOfClass.end())
    return std::nullopt;
  return found->second;
}

/// From the new loops to those of the nest's member `op`.
AffineMap NestWriter::mapOf(unsigned op) const {
  return AffineMap::getMultiDimMapWithTargets(
      loops.bounds.size(), newLoop[op],
      GenericOp(classes.members()[0]).getContext());
}

bool NestWriter::isInside(Value value) const {
  return inside.contains(value.getDefiningOp());
}

/// By someone outside, or because the body goes on from what it holds.
bool NestWriter::isWanted(OpResult result) const {
  auto op = cast<GenericOp>(result.getOwner());
  return op.payloadUsesValueFromOperand(
             op.getDpsInitOperand(result.getResultNumber())) ||
         llvm::any_of(result.getUsers(),
                      [&](Operation *user) { return !inside.contains(user); });
}

void NestWriter::write(OpBuilder &builder) {
  LoopBody body(builder, loops);
  SmallVector<OpResult> wanted;
  auto forEachOp = [&](auto visit) {
    for (auto [i, number] : llvm::enumerate(nest))
      visit(classes.members()[number], mapOf(i));
  };
  forEachOp([&](GenericOp op, AffineMap map) {
    forEachRead(op, map, [&](OpOperand &, const Element &element) {
      if (!isInside(element.first))
        body.addInput(element);
    });
  });
  forEachOp([&](GenericOp op, AffineMap map) {
    for (OpResult result : op->getResults()) {
      if (!isWanted(result))
        continue;
      wanted.push_back(result);
      body.addOutput(op, result.getResultNumber(), map);
    }
  });
  if (wanted.empty())
    return;
  SmallVector<Value> yields;
  forEachOp([&](GenericOp op, AffineMap map) {
    SmallVector<Value> values = body.copy(op, map);
    for (OpResult result : op->getResults()) {
      Value value = values[result.getResultNumber()];
      body.define({result, AffineMap()}, value);
      if (isWanted(result))
        yields.push_back(value);
    }
  });
  GenericOp last = classes.members()[nest.back()];
  written = body.finish(last.getLoc(), yields);
  for (unsigned op : nest)
    for (NamedAttribute attr : classes.members()[op]->getDiscardableAttrs())
      written->setDiscardableAttr(attr.getName(), attr.getValue());
  for (auto [old, now] : llvm::zip_equal(wanted, written->getResults()))
    old.replaceUsesWithIf(
        now, [&](OpOperand &use) { return !inside.contains(use.getOwner()); });
}

//===----------------------------------------------------------------------===//
// A kernel
//===----------------------------------------------------------------------===//

/// The fill of a member is a member, with the rows that its tensor has; without
/// rows where the member reduces across them.
static void markFill(OpBuilder &builder, GenericOp op, OpOperand *init,
                     IntegerAttr number, ArrayRef<int64_t> rows) {
  auto fill = init->get().getDefiningOp<linalg::FillOp>();
  if (!fill)
    return;
  auto copy = cast<linalg::FillOp>(builder.clone(*fill));
  copy->setAttr("mg.kernel", number);
  SmallVector<int64_t> dims;
  AffineMap map = op.getMatchingIndexingMap(init);
  for (int64_t row : rows)
    for (auto [dim, index] : llvm::enumerate(map.getResults()))
      if (index == builder.getAffineDimExpr(row))
        dims.push_back(dim);
  if (dims.size() == rows.size())
    copy->setAttr("mg.rows", builder.getDenseI64ArrayAttr(dims));
  init->set(copy.getResult(0));
}

void Writer::mark(GenericOp op, int64_t number, ArrayRef<int64_t> rows) {
  OpBuilder builder(op);
  IntegerAttr kernel = builder.getI64IntegerAttr(number);
  op->setAttr("mg.kernel", kernel);
  op->setAttr("mg.rows", builder.getDenseI64ArrayAttr(rows));
  for (OpOperand &init : op.getDpsInitsMutable())
    markFill(builder, op, &init, kernel, rows);
}

void Writer::writeKernel(Kernel &kernel, std::optional<int64_t> number) {
  LoopClasses classes(kernel.ops);
  for (const Nest &nest : kernel.form.nests) {
    OpBuilder builder = atEnd();
    GenericOp first = kernel.ops[nest.front()], op = first;
    NestWriter writer(classes, nest);
    SmallVector<int64_t> rows;
    if (first->hasAttr("mg.contraction")) { // as it is, in its order
      op->moveBefore(block.getTerminator());
      for (unsigned cls : kernel.form.rows)
        rows.push_back(classes.loopIn(nest.front(), cls));
    } else {
      writer.write(builder);
      op = writer.written;
      for (unsigned cls : kernel.form.rows)
        rows.push_back(*writer.loopIn(cls));
    }
    if (op && number)
      mark(op, *number, rows);
  }
}

/// Destinations to the front: whatever moves finds them above.
static void raiseDestinations(Block &block) {
  SmallVector<Operation *> destinations;
  for (Operation &op : block)
    if (isDestination(&op))
      destinations.push_back(&op);
  for (Operation *op : llvm::reverse(destinations))
    op->moveBefore(&block.front());
}

/// The body's ops in the order in which its results need them, so that bodies
/// that do the same are equal, whatever they were made from.
static void sortBody(Block &body) {
  if (!llvm::all_of(body.without_terminator(), [](Operation &op) {
        return op.getNumRegions() == 0 && isMemoryEffectFree(&op);
      }))
    return;
  SmallVector<std::pair<Operation *, unsigned>> open{{body.getTerminator(), 0}};
  llvm::SmallDenseSet<Operation *> seen;
  while (!open.empty()) {
    auto &[op, operand] = open.back();
    if (operand == op->getNumOperands()) {
      if (op != body.getTerminator())
        op->moveBefore(body.getTerminator());
      open.pop_back();
      continue;
    }
    Operation *def = op->getOperand(operand++).getDefiningOp();
    if (def && def->getBlock() == &body && seen.insert(def).second)
      open.push_back({def, 0});
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

void Writer::run(int64_t &next) {
  raiseDestinations(block);
  for (const FusionPlan::Step &step : plan.steps) {
    if (step.op) {
      step.op->moveBefore(block.getTerminator());
      continue;
    }
    Kernel &kernel = plan.kernels[step.kernel];
    bool isGroup = kernel.form.nests.size() > 1;
    writeKernel(kernel, isGroup ? std::optional(next++) : std::nullopt);
  }
  for (Kernel &kernel : llvm::reverse(plan.kernels))
    for (GenericOp op : llvm::reverse(kernel.ops))
      if (op.use_empty())
        op.erase();
  batchSinks(next);
}

//===----------------------------------------------------------------------===//
// Batches
//===----------------------------------------------------------------------===//

/// Whether the op is an elementwise nest that nothing else in its block waits
/// for.
static bool isSink(GenericOp op) {
  return !op->hasAttr("mg.kernel") && !op->hasAttr("mg.contraction") &&
         op.getNumLoops() > 0 && op.getNumReductionLoops() == 0 &&
         llvm::all_of(op->getUsers(), [](Operation *user) {
           return user->hasTrait<OpTrait::IsTerminator>();
         });
}

static bool doTheSame(GenericOp a, GenericOp b) {
  return a.getNumOperands() == b.getNumOperands() &&
         a->getNumResults() == b->getNumResults() &&
         OperationEquivalence::isRegionEquivalentTo(
             &a.getRegion(), &b.getRegion(),
             OperationEquivalence::IgnoreLocations);
}

/// Sinks that do the same to different tensors share a launch: an optimizer's
/// updates.
void Writer::batchSinks(int64_t &next) {
  SmallVector<SmallVector<GenericOp>> batches;
  for (auto op : block.getOps<GenericOp>()) {
    if (!isSink(op))
      continue;
    auto same = llvm::find_if(batches, [&](ArrayRef<GenericOp> batch) {
      return doTheSame(batch[0], op);
    });
    if (same == batches.end())
      same = batches.insert(batches.end(), SmallVector<GenericOp>());
    same->push_back(op);
  }
  for (ArrayRef<GenericOp> batch : batches) {
    if (batch.size() == 1)
      continue;
    for (GenericOp op : batch) {
      op->moveBefore(block.getTerminator());
      mark(op, next, {});
    }
    ++next;
  }
}

void Writer::explain(SmallVectorImpl<Attribute> &unfused) const {
  for (const Unfused &edge : plan.unfused) {
    Builder b(edge.user->getContext());
    auto type = cast<RankedTensorType>(edge.tensor.getType());
    int64_t bytes = type.getNumElements() *
                    llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    unfused.push_back(b.getDictionaryAttr({
        b.getNamedAttr("from", LocationAttr(edge.tensor.getLoc())),
        b.getNamedAttr("to", LocationAttr(edge.user->getLoc())),
        b.getNamedAttr("reason", b.getStringAttr(edge.reason)),
        b.getNamedAttr("bytes", b.getI64IntegerAttr(bytes)),
    }));
  }
}

namespace {

struct Fuse : mg::impl::FuseBase<Fuse> {
  using FuseBase::FuseBase;
  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk([&](Block *block) {
      if (!isa<linalg::LinalgOp>(block->getParentOp()))
        blocks.push_back(block);
    });
    int64_t next = 0;
    SmallVector<Attribute> unfused;
    for (Block *block : blocks) {
      for (auto op : block->getOps<GenericOp>())
        sortBody(*op.getBody());
      Writer writer(*block);
      if (explain)
        writer.explain(unfused);
      writer.run(next);
    }
    if (explain)
      getOperation()->setAttr("mg.unfused",
                              ArrayAttr::get(&getContext(), unfused));
  }
};

} // namespace
