//===- FuseElementwise.cpp - Compute producers inside their users' loops --===//
//
// In:    linalg.generic ops on static tensors.
// Out:   each kernel of the plan (FusionPlan.h) as one linalg.generic:
//
//          %0 = generic(%x)     { exp }          %1 = generic(%x, %b) {
//          %1 = generic(%0, %b) { addf }    =>     %e = exp; addf %e }
//
// Never: duplicates arithmetic, or changes what is computed: bodies are joined
//        as they are. Other ops than linalg.generic, and outputs, stay.
//
//===----------------------------------------------------------------------===//

#include "passes/FusionPlan.h"
#include "passes/Loops.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::mg;
using linalg::GenericOp;

namespace mlir::mg {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "passes/Passes.h.inc"
} // namespace mlir::mg

namespace {

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
  void computeProducer(FusedOp fused);
  /// Copies the body of `op`, which runs at `map`; maps its values.
  void copyBody(GenericOp op, AffineMap map, IRMapping &values);
  Value read(Location loc, Value tensor, AffineMap map);
  Value indexOf(Location loc, AffineExpr index);
  Value splatOf(Value tensor);

  Kernel kernel;
  OpBuilder &outside;
  std::unique_ptr<Block> body;
  OpBuilder inside;
  SmallVector<Access> inputs;
  /// Elements at hand: inputs and computed producers by tensor and map.
  DenseMap<std::pair<Value, AffineMap>, Value> elements;
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

Value KernelWriter::read(Location loc, Value tensor, AffineMap map) {
  Value &element = elements[{tensor, map}];
  if (element)
    return element;
  if (Value splat = splatOf(tensor))
    return element = splat;
  element =
      body->insertArgument(inputs.size(), getElementTypeOrSelf(tensor), loc);
  inputs.push_back({tensor, map});
  return element;
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
  for (OpOperand *input : op.getDpsInputOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(input);
    if (!argument.use_empty())
      values.map(argument, read(argument.getLoc(), input->get(),
                                composeAccess(*input, map)));
  }
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      values.map(index.getResult(),
                 indexOf(index.getLoc(), map.getResult(index.getDim())));
    else
      inside.clone(inner, values);
  }
}

void KernelWriter::computeProducer(FusedOp fused) {
  IRMapping values;
  copyBody(fused.op, fused.map, values);
  Value yielded = fused.op.getBody()->getTerminator()->getOperand(0);
  elements[{fused.op->getResult(0), fused.map}] =
      values.lookupOrDefault(yielded);
}

GenericOp KernelWriter::write() {
  GenericOp root = kernel.root;
  IRMapping values;
  SmallVector<Access> outputs;
  for (OpOperand &output : root.getDpsInitsMutable()) {
    BlockArgument argument = root.getMatchingBlockArgument(&output);
    values.map(argument,
               body->addArgument(argument.getType(), argument.getLoc()));
    outputs.push_back({output.get(), root.getMatchingIndexingMap(&output)});
  }
  for (FusedOp fused : kernel.producers)
    computeProducer(fused);
  copyBody(
      root,
      AffineMap::getMultiDimIdentityMap(root.getNumLoops(), root.getContext()),
      values);
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
    for (Block &block : getOperation().getBody())
      fuse(block);
  }
};

} // namespace
