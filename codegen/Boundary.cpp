//===- Boundary.cpp - entries on tensors to entries on memory -------------===//
//
//   func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> { ..; return %y }
//
//   func.func @f(%x: memref<4xf32>, %y: memref<4xf32>, %workspace:
//   memref<?xi8>,
//                %pool: !llvm.ptr) -> i32 {
//     %t = bufferization.to_tensor %x restrict
//     ..
//     bufferization.materialize_in_destination %r in restrict writable %y
//     return %ok }
//
// The caller promises that arrays do not overlap; so every memref is `noalias`.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mg::codegen {

#define GEN_PASS_DEF_BOUNDARY
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

bool isEmpty(Type tensor) {
  return cast<RankedTensorType>(tensor).getNumElements() == 0;
}

/// Nothing is read from or written to an empty array; its shape would only have
/// strides of 0, which no pointer can have.
MemRefType memoryOf(Type tensor) {
  const auto type = cast<RankedTensorType>(tensor);
  return MemRefType::get(isEmpty(type) ? ArrayRef<int64_t>(0) : type.getShape(),
                         type.getElementType());
}

/// Attributes that reach LLVM: what the caller promises of a pointer.
DictionaryAttr pointerAttrs(Builder &b, int64_t alignment, bool readOnly) {
  NamedAttrList attrs;
  attrs.set("llvm.noalias", b.getUnitAttr());
  attrs.set("llvm.align", b.getI64IntegerAttr(alignment));
  if (readOnly)
    attrs.set("llvm.readonly", b.getUnitAttr());
  return attrs.getDictionary(b.getContext());
}

int64_t naturalAlignment(MemRefType type) {
  return llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

class EntryRewriter {
public:
  explicit EntryRewriter(func::FuncOp function)
      : function(function), b(function.getContext()) {}
  void run();

private:
  void separateDestinations();
  void takeInputs();
  void bindResults();
  void bindCarried(scf::ForOp loop);
  Value addArgument(Type type, DictionaryAttr attrs);

  func::FuncOp function;
  OpBuilder b;
  SmallVector<DictionaryAttr> argAttrs;
};

void EntryRewriter::takeInputs() {
  Block &body = function.front();
  b.setInsertionPointToStart(&body);
  for (BlockArgument argument : body.getArguments()) {
    const MemRefType type = memoryOf(argument.getType());
    NamedAttrList attrs(function.getArgAttrDict(argument.getArgNumber()));
    attrs.append(
        pointerAttrs(b, naturalAlignment(type), /*readOnly=*/true).getValue());
    argAttrs.push_back(attrs.getDictionary(b.getContext()));
    if (isEmpty(argument.getType())) {
      const auto tensor = cast<RankedTensorType>(argument.getType());
      argument.replaceAllUsesWith(b.create<tensor::EmptyOp>(
          argument.getLoc(), tensor.getShape(), tensor.getElementType()));
    } else {
      auto read = b.create<bufferization::ToTensorOp>(
          argument.getLoc(), argument.getType(), argument, /*restrict=*/true);
      argument.replaceAllUsesExcept(read, read);
    }
    argument.setType(type);
  }
}

Value EntryRewriter::addArgument(Type type, DictionaryAttr attrs) {
  argAttrs.push_back(attrs);
  return function.front().addArgument(type, function.getLoc());
}

void EntryRewriter::bindResults() {
  auto end = cast<func::ReturnOp>(function.front().getTerminator());
  b.setInsertionPoint(end);
  Value status;
  for (auto [i, value] : llvm::enumerate(end.getOperands())) {
    const DictionaryAttr attrs = function.getResultAttrDict(i);
    if (attrs && attrs.contains("mg.status")) {
      status = b.create<tensor::ExtractOp>(end.getLoc(), value, ValueRange());
      continue;
    }
    const MemRefType type = memoryOf(value.getType());
    NamedAttrList pointer(
        pointerAttrs(b, naturalAlignment(type), /*readOnly=*/false));
    if (attrs)
      pointer.append(attrs.getValue());
    Value memory = addArgument(type, pointer.getDictionary(b.getContext()));
    if (isEmpty(value.getType()))
      continue;
    auto bind = b.create<bufferization::MaterializeInDestinationOp>(
        end.getLoc(), TypeRange(), value, memory);
    bind.setRestrict(true);
    bind.setWritable(true);
  }
  if (!status)
    status = b.create<arith::ConstantIntOp>(end.getLoc(), 0, 32);
  end.getOperandsMutable().assign(status);
}

/// The position of what `value` views among the loop's carried tensors.
std::optional<unsigned> carriedRoot(Value value, scf::ForOp loop) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<tensor::ExtractSliceOp, tensor::CollapseShapeOp,
             tensor::ExpandShapeOp, tensor::CastOp>(op))
      return std::nullopt;
    value = op->getOperand(0);
  }
  const auto argument = cast<BlockArgument>(value);
  if (argument.getOwner() != loop.getBody() || argument.getArgNumber() == 0)
    return std::nullopt;
  return argument.getArgNumber() - 1;
}

/// Whether `value` is `carried` with elements written to it: bufferization
/// keeps that in place, also where the writes are those of a loop inside.
bool isWrittenInPlace(Value value, BlockArgument carried) {
  while (value != carried) {
    auto result = dyn_cast<OpResult>(value);
    if (!result)
      return false;
    Operation *op = result.getOwner();
    if (auto write = dyn_cast<tensor::InsertOp>(op))
      value = write.getDest();
    else if (auto write = dyn_cast<tensor::InsertSliceOp>(op))
      value = write.getDest();
    else if (auto inner = dyn_cast<scf::ForOp>(op))
      value = inner.getInitArgs()[result.getResultNumber()];
    else
      return false;
  }
  return true;
}

/// What an iteration yields must lie where the next one looks for it. A yielded
/// view of another carried tensor is copied first: two may change places.
void EntryRewriter::bindCarried(scf::ForOp loop) {
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  b.setInsertionPoint(yield);
  const Location loc = yield.getLoc();
  SmallVector<Value> values(yield.getOperands());
  for (auto [i, value] : llvm::enumerate(values)) {
    const auto root = isa<RankedTensorType>(value.getType())
                          ? carriedRoot(value, loop)
                          : std::nullopt;
    if (root && (*root != i || value != loop.getRegionIterArg(i)))
      value = b.create<bufferization::AllocTensorOp>(
          loc, cast<RankedTensorType>(value.getType()), ValueRange(), value);
  }
  for (auto [i, value] : llvm::enumerate(values))
    if (isa<RankedTensorType>(value.getType()) &&
        !isWrittenInPlace(value, loop.getRegionIterArg(i)))
      value = b.create<bufferization::MaterializeInDestinationOp>(
                   loc, value, loop.getRegionIterArg(i))
                  .getResult();
  yield->setOperands(values);
}

/// One `tensor.empty`, and one `linalg.fill` of it, per use. Upstream's
/// elimination would make a shared one the memory of a result, and its other
/// users would write there too; and a shared fill would be copied, not
/// repeated.
void EntryRewriter::separateDestinations() {
  SmallVector<Operation *> destinations;
  function.walk([&](Operation *op) {
    if (isa<tensor::EmptyOp, linalg::FillOp>(op))
      destinations.push_back(op);
  });
  // Fills before the empties that they fill: a fill's copies use one, too.
  for (Operation *op : llvm::reverse(destinations)) {
    if (op->use_empty())
      continue;
    b.setInsertionPointAfter(op);
    for (OpOperand &use :
         llvm::make_early_inc_range(llvm::drop_begin(op->getUses())))
      use.set(b.clone(*op)->getResult(0));
  }
}

void EntryRewriter::run() {
  separateDestinations();
  takeInputs();
  bindResults();
  function.walk([&](scf::ForOp loop) { bindCarried(loop); });
  NamedAttrList workspace(pointerAttrs(b, 64, /*readOnly=*/false));
  workspace.set("mg.workspace", b.getUnitAttr());
  addArgument(MemRefType::get({ShapedType::kDynamic}, b.getI8Type()),
              workspace.getDictionary(b.getContext()));
  addArgument(LLVM::LLVMPointerType::get(b.getContext()),
              b.getDictionaryAttr(b.getNamedAttr("mg.pool", b.getUnitAttr())));
  function.setType(
      b.getFunctionType(function.front().getArgumentTypes(), b.getI32Type()));
  function.setAllArgAttrs(argAttrs);
  function.setAllResultAttrs(ArrayRef{b.getDictionaryAttr({})});
}

/// Calls of declarations with `mg.pool` get the pool of their entry.
void passPool(ModuleOp module) {
  const SymbolTable symbols(module);
  module.walk([&](func::CallOp call) {
    auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
    auto entry = call->getParentOfType<func::FuncOp>();
    if (callee && callee->hasAttr("mg.pool") && entry->hasAttr("mg.entry"))
      call.getOperandsMutable().append(entry.getArguments().back());
  });
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function->hasAttr("mg.pool"))
      continue;
    SmallVector<Type> inputs(function.getArgumentTypes());
    inputs.push_back(LLVM::LLVMPointerType::get(module.getContext()));
    function.setType(FunctionType::get(module.getContext(), inputs,
                                       function.getResultTypes()));
  }
}

class Boundary : public impl::BoundaryBase<Boundary> {
  void runOnOperation() final {
    ModuleOp module = getOperation();
    RewritePatternSet patterns(&getContext());
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    if (failed(applyPatternsAndFoldGreedily(module, std::move(patterns))))
      return signalPassFailure();
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr("mg.entry"))
        EntryRewriter(function).run();
    passPool(module);
  }
};

} // namespace
} // namespace mg::codegen
