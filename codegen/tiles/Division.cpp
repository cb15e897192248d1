//===- Division.cpp - many numbers divided by one -------------------------===//
//
// See Division.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/Division.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace mg::codegen {

bool dividesByNumber(Operation &op, ValueRange operands) {
  if (!isa<arith::DivFOp>(op) || !op.getResult(0).getType().isF32() ||
      !isa<VectorType>(operands[0].getType()) ||
      isa<VectorType>(operands[1].getType()))
    return false;
  APFloat value(0.0f);
  return !matchPattern(operands[1], m_ConstantFloat(&value)) ||
         !value.getExactInverse(nullptr);
}

namespace {
/// Words for f32 and i32, and vectors of them.
struct Words {
  OpBuilder &b;
  Location loc;
  /// Of f32.
  VectorType type;

  /// A number, or a vector of them.
  Value constant(Type type, TypedAttr value) {
    auto vector = dyn_cast<VectorType>(type);
    return b.create<arith::ConstantOp>(
        loc, vector ? DenseElementsAttr::get(vector, value) : value);
  }
  Value integer(Type type, int32_t value) {
    return constant(type, b.getI32IntegerAttr(value));
  }
  Value spread(Value value) {
    if (isa<VectorType>(value.getType()))
      return value;
    return b.create<vector::BroadcastOp>(loc, type.clone(value.getType()),
                                         value);
  }
  /// Of a float or each lane, as i32: bits 30 and 29 tell where the exponent's
  /// first and second bit, second and third bit differ. An exponent between
  /// -63 and 64 begins with 01 or 10, one between -31 and 32 with 011 or 100.
  Value exponentBits(Value x) {
    Type integers = b.getI32Type();
    if (isa<VectorType>(x.getType()))
      integers = type.clone(integers);
    Value bits = b.create<arith::BitcastOp>(loc, integers, x);
    Value shifted = b.create<arith::AddIOp>(loc, bits, bits);
    return b.create<arith::XOrIOp>(loc, bits, shifted);
  }
  /// The bit that shows that an exponent of x is good; none where d is bad.
  Value goodBit(Value d) {
    Value bits = exponentBits(d);
    Value second = b.create<arith::AddIOp>(loc, bits, bits);
    Value same =
        b.create<arith::XOrIOp>(loc, second, integer(bits.getType(), -1));
    Value good = b.create<arith::AndIOp>(loc, bits, same);
    return b.create<arith::AndIOp>(loc, good, integer(bits.getType(), 1 << 30));
  }
  Value areAll(Value lanes) {
    return b.create<vector::ReductionOp>(loc, vector::CombiningKind::AND,
                                         lanes);
  }
  /// What `inThen` and `inElse` answer, of which the first is likely.
  Value choose(Value condition, llvm::function_ref<Value()> inThen,
               llvm::function_ref<Value()> inElse) {
    Value yes = b.create<arith::ConstantOp>(loc, b.getBoolAttr(true));
    condition = b.create<LLVM::ExpectOp>(loc, condition, yes);
    auto either = b.create<scf::IfOp>(loc, TypeRange(Type(type)), condition,
                                      /*addElse=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(either.thenBlock());
    b.create<scf::YieldOp>(loc, inThen());
    b.setInsertionPointToStart(either.elseBlock());
    b.create<scf::YieldOp>(loc, inElse());
    return either.getResult(0);
  }
};
} // namespace

Value divideByKnown(OpBuilder &b, Location loc, Value x, Value d) {
  Words words{b, loc, cast<VectorType>(x.getType())};
  Value one = words.constant(d.getType(), b.getF32FloatAttr(1));
  Value y = words.spread(b.create<arith::DivFOp>(loc, one, d));
  Value divisor = words.spread(d);
  Value bit = words.goodBit(d), noBit = words.integer(bit.getType(), 0);
  Value goodBits =
      b.create<arith::AndIOp>(loc, words.exponentBits(x), words.spread(bit));
  Value good = b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, goodBits,
                                       words.spread(noBit));
  auto product = [&]() -> Value { return b.create<arith::MulFOp>(loc, x, y); };
  auto corrected = [&]() -> Value {
    Value q = product();
    Value minus = b.create<arith::NegFOp>(loc, q);
    Value rest = b.create<math::FmaOp>(loc, minus, divisor, x);
    return b.create<math::FmaOp>(loc, rest, y, q);
  };
  return words.choose(words.areAll(good), corrected, [&]() -> Value {
    Value zero = b.create<arith::ConstantOp>(loc, b.getZeroAttr(x.getType()));
    Value isZero =
        b.create<arith::CmpFOp>(loc, arith::CmpFPredicate::OEQ, x, zero);
    Value goodOrZero = words.areAll(b.create<arith::OrIOp>(loc, good, isZero));
    Value isGoodD =
        b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, bit, noBit);
    if (isa<VectorType>(d.getType()))
      isGoodD = words.areAll(isGoodD);
    Value both = b.create<arith::AndIOp>(loc, goodOrZero, isGoodD);
    return words.choose(
        both,
        [&]() -> Value {
          return b.create<arith::SelectOp>(loc, isZero, product(), corrected());
        },
        [&]() -> Value { return b.create<arith::DivFOp>(loc, x, divisor); });
  });
}

} // namespace mg::codegen
