//===- Avx512.cpp - AVX-512's instructions that take the place of several -===//
//
// See Avx512.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/math/Avx512.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace mg::codegen::avx512 {

static constexpr int64_t lanes = 16;

/// What `vfixupimmps` makes of a class (Intel's manual, VFIXUPIMMPS).
enum Response : uint32_t { keep = 0, quietNan = 2, plusZero = 8 };

/// The responses of a table; a class has four bits of it.
struct Responses {
  Response nan = quietNan, zero = keep, negative = keep;

  uint32_t table() const {
    const auto ofClass = [](unsigned i, Response r) { return r << (4 * i); };
    return ofClass(0, nan) | ofClass(1, nan) /*signalling*/ | ofClass(2, zero) |
           ofClass(4, negative) /*infinity*/ | ofClass(6, negative);
  }
};
static constexpr Responses ofRelu = {
    .nan = quietNan, .zero = plusZero, .negative = plusZero};

static Value splat(ImplicitLocOpBuilder &b, uint32_t bits) {
  const auto type = VectorType::get(lanes, b.getI32Type());
  return b.create<arith::ConstantOp>(
      DenseElementsAttr::get(type, static_cast<int32_t>(bits)));
}

static Value call(ImplicitLocOpBuilder &b, StringRef intrinsic, Type type,
                  ValueRange operands) {
  return b
      .create<LLVM::CallIntrinsicOp>(type, b.getStringAttr(intrinsic), operands)
      ->getResult(0);
}

/// `kept`, but where the class of x has another response.
static Value fixUp(ImplicitLocOpBuilder &b, Value kept, Value x,
                   Responses responses) {
  const auto immediate = [&](IntegerAttr value) -> Value {
    return b.create<LLVM::ConstantOp>(value.getType(), value);
  };
  Value noFlags = immediate(b.getI32IntegerAttr(0));
  Value allLanes = immediate(b.getI16IntegerAttr(-1));
  Value currentRounding = immediate(b.getI32IntegerAttr(4));
  return call(b, "llvm.x86.avx512.mask.fixupimm.ps.512", x.getType(),
              {kept, x, splat(b, responses.table()), noFlags, allLanes,
               currentRounding});
}

bool isNative(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector && vector.getRank() == 1 && vector.getNumElements() == lanes &&
         vector.getElementType().isF32();
}

bool isRelu(Operation *op) {
  if (!isa<arith::MaximumFOp>(op) || !isNative(op->getResult(0).getType()))
    return false;
  Value bound = op->getOperand(1);
  if (auto spread = bound.getDefiningOp<vector::BroadcastOp>())
    bound = spread.getSource();
  return matchPattern(bound, m_PosZeroFloat());
}

Value relu(ImplicitLocOpBuilder &b, Value x) { return fixUp(b, x, x, ofRelu); }

Value roundToBf16(ImplicitLocOpBuilder &b, Value x, bool withRelu,
                  bool hasVnni) {
  Value bits =
      b.create<arith::BitcastOp>(VectorType::get(lanes, b.getI32Type()), x);
  // Half of the last place without its last bit, and the bit above it.
  Value rounded;
  if (hasVnni) {
    // As words of 16 bits: (odd, 1) by (1, 0x7fff).
    Value oddAndOne = b.create<arith::OrIOp>(
        b.create<arith::AndIOp>(bits, splat(b, 0x10000)), splat(b, 1));
    rounded = call(b, "llvm.x86.avx512.vpdpwssd.512", bits.getType(),
                   {bits, oddAndOne, splat(b, 0x17fff)});
  } else {
    Value odd = b.create<arith::AndIOp>(
        b.create<arith::ShRUIOp>(bits, splat(b, 16)), splat(b, 1));
    rounded = b.create<arith::AddIOp>(
        b.create<arith::AddIOp>(bits, splat(b, 0x7fff)), odd);
  }
  Value fixed = fixUp(b, b.create<arith::BitcastOp>(x.getType(), rounded), x,
                      withRelu ? ofRelu : Responses());
  return b.create<arith::BitcastOp>(bits.getType(), fixed);
}

Value upperHalves(ImplicitLocOpBuilder &b, Value words) {
  const auto halves = VectorType::get(2 * lanes, b.getI16Type());
  SmallVector<int16_t> upper;
  for (int64_t i = 0; i < 2 * lanes; ++i)
    upper.push_back(2 * (i % lanes) + 1);
  Value order = b.create<arith::ConstantOp>(
      DenseElementsAttr::get(halves, ArrayRef<int16_t>(upper)));
  Value moved = call(b, "llvm.x86.avx512.permvar.hi.512", halves,
                     {b.create<vector::BitCastOp>(halves, words), order});
  return b.create<vector::ExtractStridedSliceOp>(moved, ArrayRef<int64_t>{0},
                                                 ArrayRef<int64_t>{lanes},
                                                 ArrayRef<int64_t>{1});
}

} // namespace mg::codegen::avx512
