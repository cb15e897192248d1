//===- LowerMath.cpp - math ops to calls of the level's bitcode -----------===//
//
//   %y = math.exp %x : vector<16xf32>      at 8 lanes becomes
//
//   %a = vector.extract_strided_slice %x [0 +: 8]
//   %b = func.call @mg_exp_f32(%a) : (vector<8xf32>) -> vector<8xf32>
//   .. the same for the upper half; both inserted into one vector<16xf32>
//
// The functions are those of runtime/kernels/math.cpp. Ops that the CPU has
// stay; `math.rsqrt` becomes 1 / sqrt, which is correctly rounded twice.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/math/Avx512.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mg::codegen {

#define GEN_PASS_DEF_LOWERMATH
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

/// The middle of `mg_NAME_f32`; empty for an op that is no function.
StringRef functionOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case([](math::ExpOp) { return "exp"; })
      .Case([](math::LogOp) { return "log"; })
      .Case([](math::Log1pOp) { return "log1p"; })
      .Case([](math::ExpM1Op) { return "expm1"; })
      .Case([](math::TanhOp) { return "tanh"; })
      .Case([](math::ErfOp) { return "erf"; })
      .Case([](math::SinOp) { return "sin"; })
      .Case([](math::CosOp) { return "cos"; })
      .Case([](math::TanOp) { return "tan"; })
      .Case([](math::AtanOp) { return "atan"; })
      .Case([](math::PowFOp) { return "pow"; })
      .Case([](math::Atan2Op) { return "atan2"; })
      .Case([](arith::RemFOp) { return "rem"; })
      .Default([](Operation *) { return StringRef(); });
}

class Rewriter {
public:
  Rewriter(ModuleOp module, int64_t lanes)
      : module(module), b(module.getContext()), symbols(module), lanes(lanes) {}

  void rewrite(Operation *op, StringRef name);

private:
  func::FuncOp declare(StringRef name, VectorType native, unsigned operands);
  /// `count` elements of a flat vector from `from` on, as a native vector.
  Value slice(Value flat, int64_t from, int64_t count, VectorType native);
  Value pad(Value vector, VectorType native);

  ModuleOp module;
  OpBuilder b;
  SymbolTable symbols;
  int64_t lanes;
  Location loc = b.getUnknownLoc();
};

func::FuncOp Rewriter::declare(StringRef name, VectorType native,
                               unsigned operands) {
  const std::string symbol =
      ("mg_" + name + (native.getElementType().isF64() ? "_f64" : "_f32"))
          .str();
  if (auto known = symbols.lookup<func::FuncOp>(symbol))
    return known;
  const OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(module.getBody());
  const SmallVector<Type> inputs(operands, native);
  auto function = b.create<func::FuncOp>(
      loc, symbol, b.getFunctionType(inputs, Type(native)));
  function.setPrivate();
  symbols.insert(function);
  return function;
}

Value Rewriter::pad(Value vector, VectorType native) {
  const int64_t count = cast<VectorType>(vector.getType()).getNumElements();
  if (count == native.getNumElements())
    return vector;
  // The last element again: its result is computed anyway, so a padded lane is
  // never slower than a real one.
  SmallVector<int64_t> lane;
  for (int64_t i = 0; i < native.getNumElements(); ++i)
    lane.push_back(std::min(i, count - 1));
  return b.create<vector::ShuffleOp>(loc, vector, vector, lane);
}

Value Rewriter::slice(Value flat, int64_t from, int64_t count,
                      VectorType native) {
  if (count != cast<VectorType>(flat.getType()).getNumElements())
    flat = b.create<vector::ExtractStridedSliceOp>(
        loc, flat, ArrayRef{from}, ArrayRef{count}, ArrayRef<int64_t>{1});
  return pad(flat, native);
}

void Rewriter::rewrite(Operation *op, StringRef name) {
  loc = op->getLoc();
  b.setInsertionPoint(op);
  const Type type = op->getResult(0).getType();
  const Type element = getElementTypeOrSelf(type);
  const auto native =
      VectorType::get(element.isF64() ? lanes / 2 : lanes, element);
  func::FuncOp function = declare(name, native, op->getNumOperands());
  const auto call = [&](ValueRange arguments) {
    return b.create<func::CallOp>(loc, function, arguments).getResult(0);
  };
  const auto shape = dyn_cast<VectorType>(type);
  if (!shape) {
    SmallVector<Value> arguments;
    for (Value operand : op->getOperands())
      arguments.push_back(b.create<vector::BroadcastOp>(loc, native, operand));
    Value result = b.create<vector::ExtractOp>(loc, call(arguments), 0);
    return op->getResult(0).replaceAllUsesWith(result);
  }

  const int64_t size = shape.getNumElements();
  const auto flat = VectorType::get(size, element);
  SmallVector<Value> operands(op->getOperands());
  if (shape.getRank() != 1)
    for (Value &operand : operands)
      operand = b.create<vector::ShapeCastOp>(loc, flat, operand);
  Value result;
  if (size == native.getNumElements()) {
    result = call(operands);
  } else {
    result = b.create<arith::ConstantOp>(loc, b.getZeroAttr(flat));
    for (int64_t from = 0; from < size; from += native.getNumElements()) {
      const int64_t count = std::min(native.getNumElements(), size - from);
      SmallVector<Value> arguments;
      for (Value operand : operands)
        arguments.push_back(slice(operand, from, count, native));
      Value part = call(arguments);
      if (count != native.getNumElements())
        part = b.create<vector::ExtractStridedSliceOp>(
            loc, part, ArrayRef<int64_t>{0}, ArrayRef{count},
            ArrayRef<int64_t>{1});
      result = b.create<vector::InsertStridedSliceOp>(
          loc, part, result, ArrayRef{from}, ArrayRef<int64_t>{1});
    }
  }
  if (shape.getRank() != 1)
    result = b.create<vector::ShapeCastOp>(loc, shape, result);
  op->getResult(0).replaceAllUsesWith(result);
}

void expandRsqrt(math::RsqrtOp op) {
  OpBuilder b(op);
  Value one =
      b.create<arith::ConstantOp>(op.getLoc(), b.getOneAttr(op.getType()));
  Value root = b.create<math::SqrtOp>(op.getLoc(), op.getOperand());
  op.replaceAllUsesWith(
      b.create<arith::DivFOp>(op.getLoc(), one, root).getResult());
}

class LowerMath : public impl::LowerMathBase<LowerMath> {
public:
  using LowerMathBase::LowerMathBase;

private:
  void runOnOperation() final {
    SmallVector<Operation *> functions, roots, relus, copies;
    const WalkResult result = getOperation().walk([&](Operation *op) {
      if (isa<LLVM::SSACopyOp>(op)) {
        copies.push_back(op);
      } else if (isa<math::RsqrtOp>(op)) {
        roots.push_back(op);
      } else if (avx512 && avx512::isRelu(op)) {
        relus.push_back(op);
      } else if (!functionOf(op).empty()) {
        const Type element = getElementTypeOrSelf(op->getResult(0).getType());
        if (!element.isF32() && !element.isF64()) {
          op->emitError("internal: math on a type that has none: ") << element;
          return WalkResult::interrupt();
        }
        functions.push_back(op);
      }
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    Rewriter rewriter(getOperation(), lanes);
    for (Operation *op : functions) {
      rewriter.rewrite(op, functionOf(op));
      op->erase();
    }
    for (Operation *op : roots) {
      expandRsqrt(cast<math::RsqrtOp>(op));
      op->erase();
    }
    for (Operation *op : relus) {
      ImplicitLocOpBuilder b(op->getLoc(), op);
      op->replaceAllUsesWith(ValueRange(avx512::relu(b, op->getOperand(0))));
      op->erase();
    }
    // They hid operands from folds; the functions are calls now.
    for (Operation *op : copies) {
      op->replaceAllUsesWith(op->getOperands());
      op->erase();
    }
  }
};

} // namespace
} // namespace mg::codegen
