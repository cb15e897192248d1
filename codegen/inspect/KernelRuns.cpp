//===- KernelRuns.cpp - the kernels of a function on buffers --------------===//
#include "codegen/inspect/KernelRuns.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace mg::codegen {

namespace {

/// Ops of the same number are one kernel; others have none.
Attribute groupOf(Operation *op) { return op->getAttr("mg.kernel"); }

/// Calls in an entry are calls of the runtime. What computes one element is no
/// trip through memory.
bool runs(Operation *op) {
  if (auto nest = dyn_cast<linalg::LinalgOp>(op);
      nest && !groupOf(op) &&
      llvm::all_of(nest.getStaticLoopRanges(),
                   [](int64_t n) { return n == 1; }))
    return false;
  return isa<linalg::LinalgOp, memref::CopyOp, func::CallOp>(op);
}

/// Whether `fill` is the first value of what `next` accumulates into.
bool starts(linalg::FillOp fill, Operation *next) {
  auto op = dyn_cast<linalg::LinalgOp>(next);
  return op && llvm::any_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
           return init.get() == fill.getDpsInits()[0] &&
                  op.payloadUsesValueFromOperand(&init);
         });
}

/// Whether `op` runs in the trip of `run`: a group of the same number, or fills
/// of what it accumulates into.
bool joins(Operation *op, const KernelRun &run) {
  if (groupOf(op) || groupOf(run.back()))
    return groupOf(op) == groupOf(run.back());
  return llvm::all_of(run, [&](Operation *member) {
    auto fill = dyn_cast<linalg::FillOp>(member);
    return fill && (isa<linalg::FillOp>(op) || starts(fill, op));
  });
}

/// A run of fills that nothing took up is one kernel per fill.
void separateFills(std::vector<KernelRun> &found) {
  std::vector<KernelRun> separate;
  for (const KernelRun &run : found) {
    if (groupOf(run.back()) || !isa<linalg::FillOp>(run.back())) {
      separate.push_back(run);
      continue;
    }
    for (Operation *fill : run)
      separate.push_back({fill});
  }
  found = std::move(separate);
}

void appendRuns(Region &region, std::vector<KernelRun> &found) {
  for (Block &block : region) {
    // What stands between two kernels inside a region is no neighbour of what
    // stands before the region.
    bool open = false;
    for (Operation &op : block) {
      if (!runs(&op)) {
        for (Region &inner : op.getRegions())
          appendRuns(inner, found);
        open &= op.getNumRegions() == 0;
      } else if (open && joins(&op, found.back())) {
        found.back().push_back(&op);
      } else {
        found.push_back({&op});
        open = true;
      }
    }
  }
}

} // namespace

std::vector<KernelRun> kernelRuns(func::FuncOp entry) {
  std::vector<KernelRun> found;
  appendRuns(entry.getBody(), found);
  separateFills(found);
  return found;
}

void bracketKernels(ModuleOp buffers) {
  OpBuilder b(buffers.getBodyRegion());
  const auto declare = [&](StringRef name) {
    auto function = b.create<func::FuncOp>(
        buffers.getLoc(), name, b.getFunctionType(b.getI64Type(), {}));
    function.setPrivate();
    return function;
  };
  SmallVector<func::FuncOp> entries;
  for (auto function : buffers.getOps<func::FuncOp>())
    if (function->hasAttr("mg.entry"))
      entries.push_back(function);
  func::FuncOp begin = declare("mg_profile_begin"),
               end = declare("mg_profile_end");
  std::int64_t id = 0;
  for (func::FuncOp entry : entries)
    for (const KernelRun &run : kernelRuns(entry)) {
      const Location loc = run.front()->getLoc();
      b.setInsertionPoint(run.front());
      Value number =
          b.create<arith::ConstantOp>(loc, b.getI64IntegerAttr(id++));
      b.create<func::CallOp>(loc, begin, number);
      b.setInsertionPointAfter(run.back());
      b.create<func::CallOp>(loc, end, number);
    }
}

} // namespace mg::codegen
