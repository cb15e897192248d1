//===- ShareKernels.cpp - equal kernels are one function ------------------===//
//
// In: functions on memrefs, structured ops and copies on them. Out: kernels
// that occur more than once, up to the buffers and numbers they work on, are
// calls of one private function; others stay where they are.
//
//   linalg.generic .. ins(%a) outs(%b) { exp }
//   linalg.generic .. ins(%b) outs(%c) { exp }
//     ->
//   call @f_kernel_0(%a, %b, %pool)
//   call @f_kernel_0(%b, %c, %pool)
//
// Why: a network of twelve equal layers has twelve times the same kernels, in
// one derivative, in one optimizer and in all entries, and what is done with a
// kernel from here on costs a hundred times more than finding its equal.
//
// A kernel is one op with the fill that it starts from, or the run of ops with
// one `mg.kernel`, together with the allocations that only they use. Its
// function takes whole buffers: views of them are repeated inside. So two
// arguments never share memory, and what is proved about the ops in place holds
// in the function as well. Locations do not count: the function has those of
// the first.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/tasks/Outline.h"

#include "mlir/Interfaces/ViewLikeInterface.h"

namespace mg::codegen {

#define GEN_PASS_DEF_SHAREKERNELS
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

/// One place where a kernel runs.
struct Site {
  SmallVector<Operation *> ops;
  /// What the ops need but for the memory that only they use.
  Needs needs;
  SmallVector<memref::AllocOp> own;
};

/// Sites that are equal.
struct Kernel {
  OwningOpRef<func::FuncOp> function;
  SmallVector<Site> sites;
};

bool isWork(Operation &op) {
  return isa<linalg::LinalgOp, memref::CopyOp>(op) && op.getNumResults() == 0;
}

/// The number of the kernel that the op belongs to.
Attribute kernelOf(Operation *op) { return op->getAttr("mg.kernel"); }

/// Whether `next` starts from what `op` fills.
bool fillsFor(Operation *op, Operation &next) {
  auto fill = dyn_cast<linalg::FillOp>(op);
  auto user = dyn_cast<DestinationStyleOpInterface>(next);
  return fill && user &&
         llvm::is_contained(user.getDpsInits(), fill.getOutputs().front());
}

/// Whether `next`, the next op at work, is of the kernel of `last`.
bool isSameKernel(Operation *last, Operation &next) {
  Attribute kernel = kernelOf(&next);
  return kernel ? kernelOf(last) == kernel : fillsFor(last, next);
}

/// The kernels of a block, in order.
SmallVector<Site> sitesIn(Block &block) {
  SmallVector<Site> sites;
  bool apart = true;
  for (Operation &op : block) {
    if (isa<memref::AllocOp>(op) || canRepeat(&op))
      continue;
    if (isWork(op)) {
      if (apart || !isSameKernel(sites.back().ops.back(), op))
        sites.emplace_back();
      sites.back().ops.push_back(&op);
    }
    apart = !isWork(op);
  }
  return sites;
}

/// Whether all that uses the memory is one of `ops`.
bool isUsedOnlyBy(Value memory, const llvm::SmallDenseSet<Operation *> &ops) {
  return llvm::all_of(memory.getUsers(), [&](Operation *user) {
    return ops.contains(user) || (isa<ViewLikeOpInterface>(user) &&
                                  isUsedOnlyBy(user->getResult(0), ops));
  });
}

/// What the ops of the site need, and what is theirs alone.
void findNeeds(Site &site) {
  site.needs = needsOf(site.ops);
  const llvm::SmallDenseSet<Operation *> ops(site.ops.begin(), site.ops.end());
  for (Value value : site.needs.arguments)
    if (auto alloc = value.getDefiningOp<memref::AllocOp>())
      if (alloc->getNumOperands() == 0 &&
          alloc->getBlock() == site.ops.front()->getBlock() &&
          isUsedOnlyBy(value, ops))
        site.own.push_back(alloc);
  for (memref::AllocOp alloc : site.own)
    site.needs.arguments.remove(alloc);
}

/// Erases memory that nothing but views of it names.
void eraseMemory(Operation *op) {
  for (Operation *view : llvm::make_early_inc_range(op->getUsers()))
    eraseMemory(view);
  op->erase();
}

/// Memory that no other value names but views of it.
bool isOwnMemory(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return isa<FunctionOpInterface>(argument.getOwner()->getParentOp());
  return isa<memref::AllocOp>(value.getDefiningOp());
}

bool canCross(Value value) {
  if (isa<MemRefType>(value.getType()))
    return canPass(value.getType()) && isOwnMemory(value);
  return value.getType().isSignlessIntOrIndex() || value.getType().isF32() ||
         value.getType().isF64();
}

int64_t alignmentOf(func::FuncOp function, Value memory) {
  auto argument = dyn_cast<BlockArgument>(memory);
  if (!argument) // PlanMemory's promise
    return 64;
  auto known = function.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(),
                                                      "llvm.align");
  return known ? known.getInt() : 1;
}

/// The kernel as a function, in no module yet.
func::FuncOp createFunction(const Site &site) {
  Location loc = site.ops.back()->getLoc();
  OpBuilder b(loc.getContext());
  SmallVector<Type> types(
      ValueRange(site.needs.arguments.getArrayRef()).getTypes());
  types.push_back(LLVM::LLVMPointerType::get(b.getContext()));
  auto function =
      func::FuncOp::create(loc, "kernel", b.getFunctionType(types, {}));
  function.setPrivate();
  Block *body = function.addEntryBlock();
  function.setArgAttr(types.size() - 1, "mg.pool", b.getUnitAttr());
  IRMapping inside;
  inside.map(site.needs.arguments.getArrayRef(),
             body->getArguments().drop_back());
  b.setInsertionPointToStart(body);
  for (memref::AllocOp alloc : site.own)
    b.clone(*alloc, inside);
  for (Operation *op : site.needs.repeated)
    b.clone(*op, inside);
  for (Operation *op : site.ops) {
    Operation *copy = b.clone(*op, inside);
    if (kernelOf(copy)) // One group; its number says nothing.
      copy->setAttr("mg.kernel", b.getI64IntegerAttr(0));
  }
  b.create<func::ReturnOp>(loc);
  return function;
}

llvm::hash_code hashOf(func::FuncOp function) {
  llvm::hash_code hash(0);
  function.getBody().walk([&](Operation *op) {
    hash =
        llvm::hash_combine(hash, OperationEquivalence::computeHash(
                                     op, OperationEquivalence::ignoreHashValue,
                                     OperationEquivalence::ignoreHashValue,
                                     OperationEquivalence::IgnoreLocations));
  });
  return hash;
}

/// What the module's kernels are.
class Sharing {
public:
  void add(func::FuncOp entry);
  /// Kernels with several sites become functions.
  void apply();

private:
  void place(Site site);
  void noteFacts(func::FuncOp function, const Site &site);
  void call(Kernel &kernel, const Site &site);

  std::vector<Kernel> kernels;
  llvm::DenseMap<size_t, SmallVector<unsigned, 1>> byHash;
};

void Sharing::add(func::FuncOp entry) {
  SmallVector<Site> sites;
  entry.walk<WalkOrder::PreOrder>(
      [&](Block *block) { llvm::append_range(sites, sitesIn(*block)); });
  for (Site &site : sites) {
    findNeeds(site);
    if (llvm::all_of(site.needs.arguments, canCross))
      place(std::move(site));
  }
}

void Sharing::place(Site site) {
  OwningOpRef<func::FuncOp> function(createFunction(site));
  SmallVector<unsigned, 1> &equal = byHash[hashOf(*function)];
  for (unsigned number : equal)
    if (OperationEquivalence::isRegionEquivalentTo(
            &kernels[number].function->getBody(), &function->getBody(),
            OperationEquivalence::IgnoreLocations)) {
      kernels[number].sites.push_back(std::move(site));
      return;
    }
  equal.push_back(kernels.size());
  kernels.push_back({std::move(function), {}});
  kernels.back().sites.push_back(std::move(site));
}

/// What is known about the memory at every site.
void Sharing::noteFacts(func::FuncOp function, const Site &site) {
  auto entry = site.ops.front()->getParentOfType<func::FuncOp>();
  Builder b(function.getContext());
  for (auto [i, value] : llvm::enumerate(site.needs.arguments)) {
    if (!isa<MemRefType>(value.getType()))
      continue;
    int64_t alignment = alignmentOf(entry, value);
    if (auto known = function.getArgAttrOfType<IntegerAttr>(i, "llvm.align"))
      alignment = std::min(alignment, known.getInt());
    function.setArgAttr(i, "llvm.align", b.getI64IntegerAttr(alignment));
    function.setArgAttr(i, "llvm.noalias", b.getUnitAttr());
  }
}

void Sharing::call(Kernel &kernel, const Site &site) {
  Operation *last = site.ops.back();
  OpBuilder b(last);
  auto entry = last->getParentOfType<func::FuncOp>();
  SmallVector<Value> operands(site.needs.arguments.getArrayRef());
  operands.push_back(poolOf(entry));
  b.create<func::CallOp>(last->getLoc(), *kernel.function, operands);
  for (Operation *op : site.ops)
    op->erase();
  for (memref::AllocOp alloc : site.own)
    eraseMemory(alloc);
}

void Sharing::apply() {
  unsigned number = 0;
  for (Kernel &kernel : kernels) {
    if (kernel.sites.size() < 2)
      continue;
    Operation *first = kernel.sites.front().ops.front();
    auto entry = first->getParentOfType<func::FuncOp>();
    kernel.function->setName(
        (entry.getName() + "_kernel_" + Twine(number++)).str());
    for (const Site &site : kernel.sites)
      noteFacts(*kernel.function, site);
    for (const Site &site : kernel.sites)
      call(kernel, site);
    entry->getBlock()->getOperations().insertAfter(entry->getIterator(),
                                                   kernel.function.release());
  }
}

class ShareKernels : public impl::ShareKernelsBase<ShareKernels> {
  void runOnOperation() final {
    Sharing sharing;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("mg.entry") && poolOf(function))
        sharing.add(function);
    sharing.apply();
  }
};

} // namespace
} // namespace mg::codegen
