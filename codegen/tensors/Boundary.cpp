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
// A result with `mg.updates = j` has no memory of its own: it is bound to that
// of argument j, which is then writable.
//
// The caller promises that arrays do not overlap; so every memref is `noalias`.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/tensors/BindControlFlow.h"
#include "codegen/tensors/TensorRoots.h"

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
  LogicalResult run();

private:
  void separateDestinations();
  void takeInputs();
  /// Copies of the results that are (views of) what another result overwrites
  /// before they are bound.
  void saveOverwritten(func::ReturnOp end, ArrayRef<unsigned> order);
  void bindResults();
  /// What `value` is a reshape of, with its destination's shape changed
  /// likewise: a result is computed in place whatever shape it is returned in.
  Value reshapeDestination(Location loc, Value value, Value &memory,
                           Value &old);
  /// The results in an order in which each may be written to its memory: a
  /// value before those that were made after it, perhaps in its place.
  SmallVector<unsigned> bindingOrder(func::ReturnOp end);
  /// Per result the argument that it is written to.
  SmallVector<Value> addDestinations();
  void bind(Location loc, unsigned number, Value value, Value memory);
  Value addArgument(Type type, DictionaryAttr attrs);

  func::FuncOp function;
  OpBuilder b;
  SmallVector<DictionaryAttr> argAttrs;
  /// Per result the argument that it updates, and that argument as a tensor.
  SmallVector<std::optional<unsigned>> updates;
  DenseMap<unsigned, Value> updated;
};

void EntryRewriter::takeInputs() {
  Block &body = function.front();
  b.setInsertionPointToStart(&body);
  for (BlockArgument argument : body.getArguments()) {
    const MemRefType type = memoryOf(argument.getType());
    const unsigned number = argument.getArgNumber();
    const bool isUpdated = llvm::is_contained(updates, number);
    NamedAttrList attrs(function.getArgAttrDict(number));
    attrs.append(
        pointerAttrs(b, naturalAlignment(type), !isUpdated).getValue());
    argAttrs.push_back(attrs.getDictionary(b.getContext()));
    if (isEmpty(argument.getType())) {
      const auto tensor = cast<RankedTensorType>(argument.getType());
      argument.replaceAllUsesWith(b.create<tensor::EmptyOp>(
          argument.getLoc(), tensor.getShape(), tensor.getElementType()));
    } else {
      auto read = b.create<bufferization::ToTensorOp>(
          argument.getLoc(), argument.getType(), argument, /*restrict=*/true,
          /*writable=*/isUpdated);
      argument.replaceAllUsesExcept(read, read);
      if (isUpdated)
        updated[number] = read;
    }
    argument.setType(type);
  }
}

Value EntryRewriter::addArgument(Type type, DictionaryAttr attrs) {
  argAttrs.push_back(attrs);
  return function.front().addArgument(type, function.getLoc());
}

SmallVector<unsigned> EntryRewriter::bindingOrder(func::ReturnOp end) {
  const auto isView = [](Operation *op) {
    return isa_and_nonnull<tensor::ExtractSliceOp, tensor::CollapseShapeOp,
                           tensor::ExpandShapeOp, tensor::CastOp>(op);
  };
  const auto maker = [&](unsigned number) {
    Value value = end.getOperand(number);
    while (isView(value.getDefiningOp()))
      value = value.getDefiningOp()->getOperand(0);
    return value.getDefiningOp();
  };
  auto order = llvm::to_vector(llvm::seq<unsigned>(0, end.getNumOperands()));
  llvm::stable_sort(order, [&](unsigned i, unsigned j) {
    Operation *first = maker(i), *second = maker(j);
    if (!first || !second)
      return !first && second;
    return first != second && first->isBeforeInBlock(second);
  });
  return order;
}

void EntryRewriter::saveOverwritten(func::ReturnOp end,
                                    ArrayRef<unsigned> order) {
  llvm::SmallDenseSet<Value> overwritten;
  for (unsigned i : order) {
    const Value value = end.getOperand(i);
    const Value own = updates[i] ? updated.lookup(*updates[i]) : Value();
    const TensorRoots roots(value);
    if (roots.any([&](Value root) {
          return root == own ? roots.throughView() : overwritten.contains(root);
        }))
      end.setOperand(i,
                     b.create<bufferization::AllocTensorOp>(
                         end.getLoc(), cast<RankedTensorType>(value.getType()),
                         ValueRange(), value));
    if (own)
      overwritten.insert(own);
  }
}

Value EntryRewriter::reshapeDestination(Location loc, Value value,
                                        Value &memory, Value &old) {
  // Where whatever computes the value can have it as its destination.
  OpBuilder::InsertionGuard guard(b);
  if (old)
    b.setInsertionPointAfterValue(old);
  else
    b.setInsertionPointToStart(&function.front());
  while (true) {
    Operation *op = value.getDefiningOp();
    if (auto collapse = dyn_cast_or_null<tensor::CollapseShapeOp>(op)) {
      const auto groups = collapse.getReassociationIndices();
      value = collapse.getSrc();
      memory = b.create<memref::ExpandShapeOp>(loc, memoryOf(value.getType()),
                                               memory, groups);
      if (old)
        old =
            b.create<tensor::ExpandShapeOp>(loc, value.getType(), old, groups);
    } else if (auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(op)) {
      const auto groups = expand.getReassociationIndices();
      value = expand.getSrc();
      memory = b.create<memref::CollapseShapeOp>(loc, memory, groups);
      if (old)
        old = b.create<tensor::CollapseShapeOp>(loc, old, groups);
    } else {
      return value;
    }
  }
}

SmallVector<Value> EntryRewriter::addDestinations() {
  SmallVector<Value> destinations;
  for (auto [number, result] : llvm::enumerate(function.getResultTypes())) {
    const DictionaryAttr attrs = function.getResultAttrDict(number);
    if (attrs && attrs.contains("mg.status")) {
      destinations.emplace_back();
    } else if (updates[number]) {
      destinations.push_back(function.getArgument(*updates[number]));
    } else {
      const MemRefType type = memoryOf(result);
      NamedAttrList pointer(
          pointerAttrs(b, naturalAlignment(type), /*readOnly=*/false));
      if (attrs)
        pointer.append(attrs.getValue());
      destinations.push_back(
          addArgument(type, pointer.getDictionary(b.getContext())));
    }
  }
  return destinations;
}

void EntryRewriter::bind(Location loc, unsigned number, Value value,
                         Value memory) {
  if (isEmpty(value.getType()))
    return;
  Value old = updates[number] ? updated.at(*updates[number]) : Value();
  if (!old) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&function.front());
    old = b.create<bufferization::ToTensorOp>(loc, value.getType(), memory,
                                              /*restrict=*/true,
                                              /*writable=*/true);
  }
  value = reshapeDestination(loc, value, memory, old);
  // As a tensor first: bufferization must see that the old value ends here.
  value = b.create<bufferization::MaterializeInDestinationOp>(loc, value, old)
              .getResult();
  auto bound = b.create<bufferization::MaterializeInDestinationOp>(
      loc, TypeRange(), value, memory);
  bound.setRestrict(true);
  bound.setWritable(true);
}

void EntryRewriter::bindResults() {
  auto end = cast<func::ReturnOp>(function.front().getTerminator());
  const Location loc = end.getLoc();
  b.setInsertionPoint(end);
  const SmallVector<unsigned> order = bindingOrder(end);
  saveOverwritten(end, order);
  const SmallVector<Value> destinations = addDestinations();
  Value status;
  for (auto [i, memory] : llvm::enumerate(destinations))
    if (!memory)
      status =
          b.create<tensor::ExtractOp>(loc, end.getOperand(i), ValueRange());
  for (unsigned i : order)
    if (destinations[i])
      bind(loc, i, end.getOperand(i), destinations[i]);
  if (!status)
    status = b.create<arith::ConstantIntOp>(loc, 0, 32);
  end.getOperandsMutable().assign(status);
}

/// Whether the op only says what is in some memory, cheaply enough to say it
/// once for everyone who writes on.
static bool isDestination(Operation *op) {
  return isa<tensor::EmptyOp, linalg::FillOp, tensor::InsertSliceOp>(op);
}

/// Whether the user writes its result where the operand is. Nobody keeps the
/// elements of an empty or a fill: there every use is one.
static bool isWrittenOn(OpOperand &use) {
  if (!isa<tensor::InsertSliceOp>(use.get().getDefiningOp()))
    return true;
  auto user = dyn_cast<DestinationStyleOpInterface>(use.getOwner());
  return user && user.isDpsInit(&use);
}

/// One destination (see above) per use, and right before it, so that its memory
/// is not held for longer. Upstream's elimination would make a shared one the
/// memory of a result, and its other users would write there too; and a shared
/// one would be copied, not repeated.
void EntryRewriter::separateDestinations() {
  SmallVector<Operation *> destinations;
  function.walk([&](Operation *op) {
    if (isDestination(op))
      destinations.push_back(op);
  });
  // Users before what they use: a copy of a fill uses its empty, too.
  for (Operation *op : llvm::reverse(destinations)) {
    if (op->use_empty())
      continue;
    const auto userOf = [&](OpOperand &use) {
      return op->getBlock()->findAncestorOpInBlock(*use.getOwner());
    };
    const bool isKept = !llvm::all_of(
        op->getUses(), [](OpOperand &use) { return isWrittenOn(use); });
    // One of them keeps the op.
    for (OpOperand &use : llvm::make_early_inc_range(
             llvm::drop_begin(op->getUses(), isKept ? 0 : 1))) {
      if (!isWrittenOn(use))
        continue;
      b.setInsertionPoint(userOf(use));
      use.set(b.clone(*op)->getResult(0));
    }
    if (!isKept)
      op->moveBefore(userOf(*op->use_begin()));
  }
}

LogicalResult EntryRewriter::run() {
  separateDestinations();
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    const auto index =
        function.getResultAttrOfType<IntegerAttr>(i, "mg.updates");
    updates.push_back(index ? std::optional<unsigned>(index.getInt())
                            : std::nullopt);
  }
  takeInputs();
  // First, so that a result that a branch or a loop makes has its own place.
  if (failed(bindControlFlow(function)))
    return failure();
  bindResults();
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
  return success();
}

LogicalResult checkUpdates(func::FuncOp function) {
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    if (const auto index =
            function.getResultAttrOfType<IntegerAttr>(i, "mg.updates"))
      if (index.getInt() < 0 || index.getInt() >= function.getNumArguments() ||
          function.getArgumentTypes()[index.getInt()] != type)
        return function.emitError("result ")
               << i << " updates no argument of its type";
  return success();
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
      if (function->hasAttr("mg.entry")) {
        if (failed(checkUpdates(function)) ||
            failed(EntryRewriter(function).run()))
          return signalPassFailure();
      }
    passPool(module);
  }
};

} // namespace
} // namespace mg::codegen
