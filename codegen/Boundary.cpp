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
#include "codegen/BindControlFlow.h"
#include "codegen/Passes.h"
#include "codegen/TensorRoots.h"

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
  void saveOverwritten(func::ReturnOp end);
  void bindResults();
  /// `value` to the memory that result `number` has.
  void bind(Location loc, unsigned number, Value value);
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

/// What `value` is a view of.
static Value originOf(Value value) {
  while (auto *op = value.getDefiningOp()) {
    if (!isa<tensor::ExtractSliceOp, tensor::ExpandShapeOp,
             tensor::CollapseShapeOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

/// Whether `value` became `result` by writes into it: both may get the memory
/// of the result, which is then no place to read `value` from.
static bool isOverwrittenOnTheWay(Value value, Value result) {
  bool written = false;
  for (Value at = result; auto op = at.getDefiningOp();) {
    if (at == value)
      return written;
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
      at = insert.getDest();
      written = true;
    } else if (auto nest = dyn_cast<DestinationStyleOpInterface>(op)) {
      at = nest.getTiedOpOperand(cast<OpResult>(at))->get();
      written = true;
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      at = loop.getTiedLoopInit(cast<OpResult>(at))->get();
      written = true;
    } else if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
      at = op->getOperand(0);
    } else {
      return false;
    }
  }
  return false;
}

void EntryRewriter::saveOverwritten(func::ReturnOp end) {
  llvm::SmallDenseSet<Value> overwritten;
  for (auto [i, value] : llvm::enumerate(end.getOperands())) {
    const Value own = updates[i] ? updated.lookup(*updates[i]) : Value();
    const TensorRoots roots(value);
    const auto isLost = [&](Value root) {
      return root == own ? roots.throughView() : overwritten.contains(root);
    };
    if (roots.any(isLost) || llvm::any_of(end.getOperands(), [&](Value result) {
          return isOverwrittenOnTheWay(originOf(value), result);
        }))
      end.setOperand(i,
                     b.create<bufferization::AllocTensorOp>(
                         end.getLoc(), cast<RankedTensorType>(value.getType()),
                         ValueRange(), value));
    if (own)
      overwritten.insert(own);
  }
}

void EntryRewriter::bind(Location loc, unsigned number, Value value) {
  const DictionaryAttr attrs = function.getResultAttrDict(number);
  Value memory;
  if (updates[number]) {
    memory = function.getArgument(*updates[number]);
  } else {
    const MemRefType type = memoryOf(value.getType());
    NamedAttrList pointer(
        pointerAttrs(b, naturalAlignment(type), /*readOnly=*/false));
    if (attrs)
      pointer.append(attrs.getValue());
    memory = addArgument(type, pointer.getDictionary(b.getContext()));
  }
  if (isEmpty(value.getType()))
    return;
  // As a tensor first: bufferization must see that the old value ends here.
  if (updates[number])
    value = b.create<bufferization::MaterializeInDestinationOp>(
                 loc, value, updated.at(*updates[number]))
                .getResult();
  auto bound = b.create<bufferization::MaterializeInDestinationOp>(
      loc, TypeRange(), value, memory);
  bound.setRestrict(true);
  bound.setWritable(true);
}

void EntryRewriter::bindResults() {
  auto end = cast<func::ReturnOp>(function.front().getTerminator());
  b.setInsertionPoint(end);
  saveOverwritten(end);
  Value status;
  for (auto [i, value] : llvm::enumerate(end.getOperands())) {
    const DictionaryAttr attrs = function.getResultAttrDict(i);
    if (attrs && attrs.contains("mg.status")) {
      status = b.create<tensor::ExtractOp>(end.getLoc(), value, ValueRange());
      continue;
    }
    bind(end.getLoc(), i, value);
  }
  if (!status)
    status = b.create<arith::ConstantIntOp>(end.getLoc(), 0, 32);
  end.getOperandsMutable().assign(status);
}

/// One `tensor.empty`, and one `linalg.fill` of it, per use and right before
/// it, so that its memory is not held for longer. Upstream's elimination would
/// make a shared one the memory of a result, and its other users would write
/// there too; and a shared fill would be copied, not repeated.
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
    const auto userOf = [&](OpOperand &use) {
      return op->getBlock()->findAncestorOpInBlock(*use.getOwner());
    };
    for (OpOperand &use :
         llvm::make_early_inc_range(llvm::drop_begin(op->getUses()))) {
      b.setInsertionPoint(userOf(use));
      use.set(b.clone(*op)->getResult(0));
    }
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
