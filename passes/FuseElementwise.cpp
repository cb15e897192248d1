//===- FuseElementwise.cpp - Compute producers inside their users' loops --===//
//
// In:    linalg.generic ops on static tensors, in loops and branches, too.
// Out:   each kernel of the plan (FusionPlan.h) as one linalg.generic:
//
//          %0 = generic(%x)     { exp }          %1 = generic(%x, %b) {
//          %1 = generic(%0, %b) { addf }    =>     %e = exp; addf %e }
//
// Never: duplicates arithmetic, or changes what is computed: bodies are joined
//        as they are. A producer outside of a loop stays outside. Other ops
//        than linalg.generic, and outputs, stay.
//
//===----------------------------------------------------------------------===//

#include "passes/FusionPlan.h"
#include "passes/Loops.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::mg;
using linalg::GenericOp;

namespace mlir::mg {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "passes/Passes.h.inc"
} // namespace mlir::mg

namespace {

/// An element that a kernel's body works with: of a tensor, at a map from the
/// kernel's loops.
using Element = std::pair<Value, AffineMap>;

/// Writes one kernel's body into a block of its own.
class KernelWriter {
public:
  KernelWriter(Kernel kernel, OpBuilder &outside)
      : kernel(std::move(kernel)), outside(outside),
        body(std::make_unique<Block>()), inside(outside.getContext()) {
    inside.setInsertionPointToEnd(body.get());
  }

  GenericOp write();

private:
  llvm::MapVector<Element, unsigned> wantedElements();
  void addInputs();
  void addOutputs(IRMapping &values);
  /// Copies the body of `op`, which runs at `map`; maps its values.
  void copyBody(GenericOp op, AffineMap map, IRMapping &values);
  Value indexOf(Location loc, AffineExpr index);
  Value splatOf(Value tensor);

  Kernel kernel;
  OpBuilder &outside;
  std::unique_ptr<Block> body;
  OpBuilder inside;
  SmallVector<Access> inputs, outputs;
  /// The values of elements in the body.
  DenseMap<Element, Value> elements;
};

} // namespace

/// The one value that every element of `tensor` has, or null.
Value KernelWriter::splatOf(Value tensor) {
  if (auto fill = tensor.getDefiningOp<linalg::FillOp>())
    return fill.getInputs()[0];
  SplatElementsAttr splat;
  if (!matchPattern(tensor, m_Constant(&splat)))
    return {};
  return outside.create<arith::ConstantOp>(tensor.getLoc(),
                                           splat.getSplatValue<TypedAttr>());
}

static AffineMap identityOf(GenericOp op) {
  return AffineMap::getMultiDimIdentityMap(op.getNumLoops(), op.getContext());
}

/// Calls `visit` with each element that the body of `op` at `map` reads.
static void
forEachRead(GenericOp op, AffineMap map,
            function_ref<void(OpOperand &, const Element &)> visit) {
  for (OpOperand *input : op.getDpsInputOperands())
    if (!op.getMatchingBlockArgument(input).use_empty())
      visit(*input, {input->get(), composeAccess(*input, map)});
}

/// Every element that the kernel reads or computes, with the number of the
/// root's operand that first leads to it.
llvm::MapVector<Element, unsigned> KernelWriter::wantedElements() {
  llvm::MapVector<Element, unsigned> wanted;
  GenericOp root = kernel.root;
  forEachRead(root, identityOf(root),
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

/// Makes inputs of the elements that are not computed, in the order of the
/// root's operands: a contraction's lhs stays its first operand.
void KernelWriter::addInputs() {
  DenseSet<Element> computed;
  for (FusedOp &fused : kernel.producers)
    computed.insert({fused.op->getResult(0), fused.map});
  // (operand, order of discovery, element)
  SmallVector<std::tuple<unsigned, unsigned, Element>> read;
  for (auto &[element, operand] : wantedElements())
    if (!computed.contains(element))
      read.emplace_back(operand, read.size(), element);
  llvm::sort(read, [](const auto &a, const auto &b) {
    return std::pair(std::get<0>(a), std::get<1>(a)) <
           std::pair(std::get<0>(b), std::get<1>(b));
  });
  for (auto &[operand, order, element] : read) {
    Value &value = elements[element];
    if ((value = splatOf(element.first)))
      continue;
    inputs.push_back({element.first, element.second});
    value = body->addArgument(getElementTypeOrSelf(element.first),
                              element.first.getLoc());
  }
}

void KernelWriter::addOutputs(IRMapping &values) {
  GenericOp root = kernel.root;
  for (OpOperand &output : root.getDpsInitsMutable()) {
    BlockArgument argument = root.getMatchingBlockArgument(&output);
    values.map(argument,
               body->addArgument(argument.getType(), argument.getLoc()));
    outputs.push_back({output.get(), root.getMatchingIndexingMap(&output)});
  }
}

Value KernelWriter::indexOf(Location loc, AffineExpr index) {
  SmallVector<Value> loops;
  for (unsigned loop = 0; loop < kernel.root.getNumLoops(); ++loop)
    loops.push_back(index.isFunctionOfDim(loop)
                        ? inside.create<linalg::IndexOp>(loc, loop)
                        : Value());
  return affine::expandAffineExpr(inside, loc, index, loops, {});
}

void KernelWriter::copyBody(GenericOp op, AffineMap map, IRMapping &values) {
  forEachRead(op, map, [&](OpOperand &operand, const Element &element) {
    values.map(op.getMatchingBlockArgument(&operand), elements.at(element));
  });
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      values.map(index.getResult(),
                 indexOf(index.getLoc(), map.getResult(index.getDim())));
    else
      inside.clone(inner, values);
  }
}

GenericOp KernelWriter::write() {
  GenericOp root = kernel.root;
  IRMapping values;
  addInputs();
  addOutputs(values);
  for (FusedOp &fused : kernel.producers) {
    IRMapping inner;
    copyBody(fused.op, fused.map, inner);
    Value yielded = fused.op.getBody()->getTerminator()->getOperand(0);
    elements[{fused.op->getResult(0), fused.map}] =
        inner.lookupOrDefault(yielded);
  }
  copyBody(root, identityOf(root), values);
  inside.clone(*root.getBody()->getTerminator(), values);
  GenericOp fused = createGeneric(outside, root.getLoc(), Loops::of(root),
                                  inputs, outputs, std::move(body));
  fused->setDiscardableAttrs(root->getDiscardableAttrDictionary());
  return fused;
}

/// Writes every kernel before any op goes: plans speak of the ops as they were.
static void fuse(Block &block) {
  SmallVector<Kernel> kernels = planFusion(block);
  SmallVector<GenericOp> fused;
  for (Kernel &kernel : kernels) {
    OpBuilder builder(kernel.root);
    fused.push_back(KernelWriter(kernel, builder).write());
  }
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
  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk([&](Block *block) {
      if (!isa<linalg::LinalgOp>(block->getParentOp()))
        blocks.push_back(block);
    });
    for (Block *block : blocks)
      fuse(*block);
  }
};

} // namespace
