//===- Division.cpp - many numbers divided by one -------------------------===//
//
// See Division.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/Division.h"

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

  Value integer(int32_t value) {
    return b.create<arith::ConstantOp>(loc, b.getI32IntegerAttr(value));
  }
  Value spread(Value value) {
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
    Value same = b.create<arith::XOrIOp>(loc, second, integer(-1));
    Value good = b.create<arith::AndIOp>(loc, bits, same);
    return b.create<arith::AndIOp>(loc, good, integer(1 << 30));
  }
  /// Whether no lane of x needs a division; it is expected.
  Value areGood(Value x, Value d) {
    Value good =
        b.create<arith::AndIOp>(loc, exponentBits(x), spread(goodBit(d)));
    Value isGood = b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, good,
                                           spread(integer(0)));
    Value all =
        b.create<vector::ReductionOp>(loc, vector::CombiningKind::AND, isGood);
    Value yes = b.create<arith::ConstantOp>(loc, b.getBoolAttr(true));
    return b.create<LLVM::ExpectOp>(loc, all, yes);
  }
};
} // namespace

Value divideByNumber(OpBuilder &b, Location loc, Value x, Value d) {
  Words words{b, loc, cast<VectorType>(x.getType())};
  Value one = b.create<arith::ConstantOp>(loc, b.getF32FloatAttr(1));
  Value y = words.spread(b.create<arith::DivFOp>(loc, one, d));
  Value divisor = words.spread(d);
  auto either = b.create<scf::IfOp>(loc, TypeRange(x.getType()),
                                    words.areGood(x, d), /*addElse=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(either.elseBlock());
  Value slow = b.create<arith::DivFOp>(loc, x, divisor);
  b.create<scf::YieldOp>(loc, slow);
  b.setInsertionPointToStart(either.thenBlock());
  Value q = b.create<arith::MulFOp>(loc, x, y);
  Value minus = b.create<arith::NegFOp>(loc, q);
  Value rest = b.create<math::FmaOp>(loc, minus, divisor, x);
  Value fast = b.create<math::FmaOp>(loc, rest, y, q);
  b.create<scf::YieldOp>(loc, fast);
  return either.getResult(0);
}

} // namespace mg::codegen
