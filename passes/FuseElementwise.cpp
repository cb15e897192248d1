//===- FuseElementwise.cpp - Compute producers inside their users' loops --===//
//
// In:    linalg.generic ops on static tensors, in loops and branches, too.
// Out:   each kernel of the plan (ProducerPlan.h) as one linalg.generic:
//
//          %0 = generic(%x)     { exp }          %1 = generic(%x, %b) {
//          %1 = generic(%0, %b) { addf }    =>     %e = exp; addf %e }
//
// Never: duplicates arithmetic, or changes what is computed: bodies are joined
//        as they are. A producer outside of a loop stays outside. Other ops
//        than linalg.generic, and outputs, stay.
//
//===----------------------------------------------------------------------===//

#include "passes/LoopBody.h"
#include "passes/Passes.h"
#include "passes/ProducerPlan.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::mg;
using linalg::GenericOp;

namespace mlir::mg {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "passes/Passes.h.inc"
} // namespace mlir::mg

static AffineMap identityOf(GenericOp op) {
  return AffineMap::getMultiDimIdentityMap(op.getNumLoops(), op.getContext());
}

/// Every element that the kernel reads or computes, with the number of the
/// root's operand that first leads to it.
static llvm::MapVector<Element, unsigned> wantedElements(FusedNest &kernel) {
  llvm::MapVector<Element, unsigned> wanted;
  forEachRead(kernel.root, identityOf(kernel.root),
              [&](OpOperand &operand, const Element &element) {
                wanted.insert({element, operand.getOperandNumber()});
              });
  for (FusedOp &fused : llvm::reverse(kernel.producers)) {
    unsigned operand = wanted.lookup({fused.op->getResult(0), fused.map});
    forEachRead(fused.op, fused.map, [&](OpOperand &, const Element &element) {
      auto [entry, isNew] = wanted.insert({element, operand});
      entry->second = std::min(entry->second, operand);
    });
  }
  return wanted;
}

/// The elements that are not computed, in the order of the root's operands: a
/// contraction's lhs stays its first operand.
static SmallVector<Element> inputsOf(FusedNest &kernel) {
  DenseSet<Element> computed;
  for (FusedOp &fused : kernel.producers)
    computed.insert({fused.op->getResult(0), fused.map});
  // (operand, order of discovery, element)
  SmallVector<std::tuple<unsigned, unsigned, Element>> read;
  for (auto &[element, operand] : wantedElements(kernel))
    if (!computed.contains(element))
      read.emplace_back(operand, read.size(), element);
  llvm::sort(read, [](const auto &a, const auto &b) {
    return std::pair(std::get<0>(a), std::get<1>(a)) <
           std::pair(std::get<0>(b), std::get<1>(b));
  });
  return llvm::map_to_vector(
      read, [](const auto &entry) { return std::get<2>(entry); });
}

static GenericOp write(FusedNest &kernel) {
  GenericOp root = kernel.root;
  OpBuilder builder(root);
  AffineMap identity = identityOf(root);
  LoopBody body(builder, Loops::of(root));
  for (const Element &element : inputsOf(kernel))
    body.addInput(element);
  for (unsigned output = 0; output < root.getNumDpsInits(); ++output)
    body.addOutput(root, output, identity);
  for (FusedOp &fused : kernel.producers)
    body.define({fused.op->getResult(0), fused.map},
                body.copy(fused.op, fused.map).front());
  GenericOp fused = body.finish(root.getLoc(), body.copy(root, identity));
  fused->setDiscardableAttrs(root->getDiscardableAttrDictionary());
  return fused;
}

/// Writes every kernel before any op goes: plans speak of the ops as they were.
static void fuse(Block &block, bool viewsOnly) {
  SmallVector<FusedNest> kernels = planProducers(block, viewsOnly);
  SmallVector<GenericOp> fused;
  for (FusedNest &kernel : kernels)
    fused.push_back(write(kernel));
  DenseSet<Operation *> replaced;
  for (auto [kernel, op] : llvm::zip(kernels, fused)) {
    kernel.root->replaceAllUsesWith(op);
    replaced.insert(kernel.root);
    for (FusedOp producer : kernel.producers)
      replaced.insert(producer.op);
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (replaced.contains(&op) && op.use_empty())
      op.erase();
}

namespace {

struct FuseElementwise : mg::impl::FuseElementwiseBase<FuseElementwise> {
  using FuseElementwiseBase::FuseElementwiseBase;
  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk([&](Block *block) {
      if (!isa<linalg::LinalgOp>(block->getParentOp()))
        blocks.push_back(block);
    });
    for (Block *block : blocks)
      fuse(*block, viewsOnly);
  }
};

} // namespace
