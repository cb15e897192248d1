//===- ExpandHalves.cpp - f16 and bf16 conversions in integers ------------===//
//
// LLVM would call the compiler's library for these (__truncsfbf2, and at
// x86-64-v2 __extendhfsf2), which a C program need not have and which is slow;
// and the bf16 conversion of AVX-512 flushes denormals. So by default every
// level gets the same bits from shifts and adds, and no value of these types is
// left, but for operands of the CPU's sums of products (Factors.h):
//
//   bf16 -> f32   the upper half of the bits
//   f32 -> bf16   add half of the last place, ties to even by the bit above
//   f16 -> f32    bits << 13 is the value * 2^-112, denormals included
//   f32 -> f16    normal: as for bf16; denormal: adding 0.5 lets the FPU round
//   f64 -> either by way of f32 rounded to odd, which cannot round twice
//
// NaN stays NaN (quiet), with its sign and upper payload.
//
// With AVX-512 a vector of f32 is rounded to the same bits by two or three
// instructions (Avx512.h), a relu of what is rounded included.
//
// Where there are instructions for f16, vectors are converted by these, to the
// same bits. LLVM does not see what they do: of an operation between two
// conversions it makes one on halves, and LLVM 19's minimum of NaN and -0 on
// halves is -0.
//
// With fast math that bf16 conversion may be taken (`bf16Lanes`), and what is
// narrowed to be widened again stays what it was (`keepExcess`), but where two
// values are compared: who looks for a row's maximum in the row, once rounded,
// must find it. Rounding keeps order, so both are rounded then.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/math/Avx512.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

namespace mg::codegen {

#define GEN_PASS_DEF_EXPANDHALVES
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

/// `type` (a scalar or a vector) with another element type.
Type withElement(Type type, Type element) {
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(element);
  return element;
}

/// Elementwise arithmetic on 32-bit words in the shape of one value.
class Words {
public:
  Words(ImplicitLocOpBuilder &b, Type shape)
      : b(b), word(withElement(shape, b.getI32Type())),
        real(withElement(shape, b.getF32Type())) {}

  Value constant(uint32_t value) {
    const auto attr = b.getI32IntegerAttr(static_cast<int32_t>(value));
    if (auto vector = dyn_cast<VectorType>(word))
      return b.create<arith::ConstantOp>(
          DenseElementsAttr::get(vector, attr.getValue()));
    return b.create<arith::ConstantOp>(attr);
  }
  Value add(Value x, Value y) { return b.create<arith::AddIOp>(x, y); }
  Value add(Value x, uint32_t y) { return add(x, constant(y)); }
  Value both(Value x, uint32_t y) {
    return b.create<arith::AndIOp>(x, constant(y));
  }
  Value either(Value x, Value y) { return b.create<arith::OrIOp>(x, y); }
  Value either(Value x, uint32_t y) { return either(x, constant(y)); }
  Value left(Value x, unsigned n) {
    return b.create<arith::ShLIOp>(x, constant(n));
  }
  Value right(Value x, unsigned n) {
    return b.create<arith::ShRUIOp>(x, constant(n));
  }
  /// Unsigned.
  Value above(Value x, uint32_t y) {
    return b.create<arith::CmpIOp>(arith::CmpIPredicate::ugt, x, constant(y));
  }
  Value select(Value condition, Value x, Value y) {
    return b.create<arith::SelectOp>(condition, x, y);
  }
  /// x rounded to nearest, ties to even, but for its last n bits, which are to
  /// be shifted out.
  Value rounded(Value x, unsigned n) {
    Value odd = both(right(x, n), 1);
    return add(add(x, (1u << (n - 1)) - 1), odd);
  }
  Value bitsOf(Value x) { return b.create<arith::BitcastOp>(word, x); }
  Value floatOf(Value bits) { return b.create<arith::BitcastOp>(real, bits); }

  /// The bits of a 16-bit float in the lower half of a word, and back.
  Value fromHalf(Value x) {
    const Type half = withElement(x.getType(), b.getI16Type());
    return b.create<arith::ExtUIOp>(word, b.create<arith::BitcastOp>(half, x));
  }
  Value toHalf(Value bits, Type type) {
    const Type half = withElement(type, b.getI16Type());
    return b.create<arith::BitcastOp>(type,
                                      b.create<arith::TruncIOp>(half, bits));
  }

private:
  ImplicitLocOpBuilder &b;
  Type word, real;
};

Value bf16ToF32(Words &w, Value x) {
  return w.floatOf(w.left(w.fromHalf(x), 16));
}

/// The rounded bits stay where an f32 has them until the last step, which a
/// conversion back makes a mask.
Value f32ToBf16(ImplicitLocOpBuilder &b, Words &w, Value x, Type to) {
  Value bits = w.bitsOf(x);
  Value isNan = b.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, x, x);
  Value rounded =
      w.select(isNan, w.either(bits, 0x00400000), w.rounded(bits, 16));
  return w.toHalf(w.right(rounded, 16), to);
}

/// Whether the result is one of the operands, or one negated.
bool isChoice(Operation *op) {
  return isa<arith::SelectOp, arith::MaximumFOp, arith::MinimumFOp,
             arith::MaxNumFOp, arith::MinNumFOp, arith::NegFOp,
             vector::BroadcastOp>(op);
}

/// Whether it is an f32 that bf16 has as well: selected or negated, it stays
/// what it was widened from.
bool isBf16(Value x) {
  Operation *op = x.getDefiningOp();
  if (!op)
    return false;
  if (auto widened = dyn_cast<arith::ExtFOp>(op))
    return getElementTypeOrSelf(widened.getIn()).isBF16();
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    const auto isExact = [](const APFloat &value) {
      return value.bitcastToAPInt().countr_zero() >= 16;
    };
    if (auto values = dyn_cast<DenseFPElementsAttr>(constant.getValue()))
      return values.isSplat() && isExact(values.getSplatValue<APFloat>());
    auto value = dyn_cast<FloatAttr>(constant.getValue());
    return value && isExact(value.getValue());
  }
  return isChoice(op) && llvm::all_of(op->getOperands(), [](Value operand) {
           return !getElementTypeOrSelf(operand).isF32() || isBf16(operand);
         });
}

/// Whether it, or a choice of it, is compared with what is no constant.
bool isCompared(Value x) {
  return llvm::any_of(x.getUsers(), [&](Operation *user) {
    if (isa<arith::CmpFOp>(user))
      return llvm::none_of(user->getOperands(), [](Value operand) {
        return matchPattern(operand, m_Constant());
      });
    return isChoice(user) && isCompared(user->getResult(0));
  });
}

/// The relu that is all that becomes of a number once it is widened again.
Operation *soleRelu(arith::TruncFOp op) {
  if (!op->hasOneUse() || !isa<arith::ExtFOp>(*op->user_begin()))
    return nullptr;
  Operation *widened = *op->user_begin();
  if (!widened->hasOneUse() || !avx512::isRelu(*widened->user_begin()))
    return nullptr;
  return *widened->user_begin();
}

Value f16ToF32(ImplicitLocOpBuilder &b, Words &w, Value x) {
  Value bits = w.fromHalf(x);
  Value magnitude = w.both(bits, 0x7fff);
  Value shifted = w.left(magnitude, 13);
  // 2^112 corrects the exponent's bias; the product is exact.
  Value finite = w.bitsOf(b.create<arith::MulFOp>(
      w.floatOf(shifted), w.floatOf(w.constant(0x77800000))));
  Value special = w.either(shifted, 0x7f800000);
  special = w.select(w.above(magnitude, 0x7c00), w.either(special, 0x00400000),
                     special);
  Value result = w.select(w.above(magnitude, 0x7bff), special, finite);
  return w.floatOf(w.either(result, w.left(w.both(bits, 0x8000), 16)));
}

Value f32ToF16(ImplicitLocOpBuilder &b, Words &w, Value x, Type to) {
  Value bits = w.bitsOf(x);
  Value magnitude = w.both(bits, 0x7fffffff);
  // The bias goes from 127 to 15; rounding may carry into infinity, as it must.
  Value normal =
      w.right(w.rounded(w.add(magnitude, 0u - (112u << 23)), 13), 13);
  // The last place of 0.5 is 2^-24, that of f16's denormals.
  Value half = w.constant(0x3f000000);
  Value sum = b.create<arith::AddFOp>(w.floatOf(magnitude), w.floatOf(half));
  Value denormal = b.create<arith::SubIOp>(w.bitsOf(sum), half);
  Value nan = w.either(w.both(w.right(magnitude, 13), 0x3ff), 0x7e00);
  Value special =
      w.select(w.above(magnitude, 0x7f800000), nan, w.constant(0x7c00));
  Value result = w.select(w.above(magnitude, 0x387fffff), normal, denormal);
  result = w.select(w.above(magnitude, 0x477fffff), special, result);
  return w.toHalf(w.either(result, w.right(w.both(bits, 0x80000000), 16)), to);
}

/// f64 to f32, rounded to odd: of the two neighbours of an inexact value the
/// one whose last bit is 1. It remembers for the next rounding that something
/// was lost, so the two steps round like one.
Value f64ToOddF32(ImplicitLocOpBuilder &b, Words &w, Value x) {
  Value near =
      b.create<arith::TruncFOp>(withElement(x.getType(), b.getF32Type()), x);
  Value back = b.create<arith::ExtFOp>(x.getType(), near);
  Value bits = w.bitsOf(near);
  const auto compare = [&](arith::CmpFPredicate predicate, Value p, Value q) {
    return b.create<arith::CmpFOp>(predicate, p, q);
  };
  Value inexact = compare(arith::CmpFPredicate::ONE, back, x);
  Value isOdd = w.above(w.both(bits, 1), 0);
  Value tooFar =
      compare(arith::CmpFPredicate::OGT, b.create<math::AbsFOp>(back),
              b.create<math::AbsFOp>(x));
  Value other = w.add(bits, w.select(tooFar, w.constant(-1), w.constant(1)));
  Value odd = w.select(isOdd, bits, other);
  return w.floatOf(w.select(inexact, odd, bits));
}

/// The instruction on a native vector, of 8 or 16 lanes.
Value convert(ImplicitLocOpBuilder &b, StringRef instruction, Value x,
              Type to) {
  return b
      .create<LLVM::InlineAsmOp>(
          to, x, instruction, "=v,v", /*has_side_effects=*/false,
          /*is_align_stack=*/false, LLVM::AsmDialectAttr(), ArrayAttr())
      .getResult(0);
}

class ExpandHalves : public impl::ExpandHalvesBase<ExpandHalves> {
  using ExpandHalvesBase::ExpandHalvesBase;

  bool isExpanded(Type type) {
    const Type element = getElementTypeOrSelf(type);
    return element.isBF16() || element.isF16();
  }

  /// Whether there is an instruction for vectors of this type.
  bool isNative(Type type) {
    const int64_t lanes =
        getElementTypeOrSelf(type).isBF16() ? bf16Lanes : f16Lanes;
    auto vector = dyn_cast<VectorType>(type);
    return vector && vector.getRank() == 1 && vector.getNumElements() >= 8 &&
           vector.getNumElements() <= lanes;
  }

  Value widen(ImplicitLocOpBuilder &b, Value x) {
    Words w(b, x.getType());
    if (getElementTypeOrSelf(x.getType()).isBF16())
      return bf16ToF32(w, x);
    if (!isNative(x.getType()))
      return f16ToF32(b, w, x);
    Value bits =
        b.create<arith::BitcastOp>(withElement(x.getType(), b.getI16Type()), x);
    return convert(b, "vcvtph2ps $1, $0", bits,
                   withElement(x.getType(), b.getF32Type()));
  }

  /// `isExact`: of a number that is a bf16.
  Value narrow(ImplicitLocOpBuilder &b, Value x, Type to, bool isExact) {
    Words w(b, to);
    if (getElementTypeOrSelf(x.getType()).isF64())
      x = f64ToOddF32(b, w, x);
    const bool isBf16 = getElementTypeOrSelf(to).isBF16();
    if (isBf16 && isExact)
      return w.toHalf(w.right(w.bitsOf(x), 16), to);
    if (!isNative(to))
      return isBf16 ? f32ToBf16(b, w, x, to) : f32ToF16(b, w, x, to);
    Value bits =
        convert(b, isBf16 ? "vcvtneps2bf16 $1, $0" : "vcvtps2ph $$0, $1, $0", x,
                withElement(to, b.getI16Type()));
    return b.create<arith::BitcastOp>(to, bits);
  }

  /// Whether AVX-512 rounds here what `op` narrows.
  bool isRoundedInPlace(arith::TruncFOp op) {
    return avx512 && avx512::isNative(op.getIn().getType()) &&
           getElementTypeOrSelf(op.getType()).isBF16() &&
           !isNative(op.getType());
  }

  /// Gives those who widen it again the number itself, rounded, and the others
  /// its upper half.
  void roundInPlace(arith::TruncFOp op, bool isExact) {
    ImplicitLocOpBuilder b(op->getLoc(), op);
    Words w(b, op.getType());
    Value x = op.getIn();
    const auto widensAgain = [&](Operation *user) {
      return isa<arith::ExtFOp>(user) &&
             user->getResult(0).getType() == x.getType();
    };
    Value bits = w.bitsOf(x);
    if (!isExact) {
      Operation *relu = soleRelu(op);
      bits = avx512::roundToBf16(b, x, /*withRelu=*/relu, vnni);
      x = w.floatOf(w.both(bits, 0xffff0000));
      if (relu) {
        relu->replaceAllUsesWith(ValueRange(x));
        relu->erase();
      }
    }
    for (Operation *user : op->getUsers())
      if (widensAgain(user))
        user->replaceAllUsesWith(ValueRange(x));
    if (llvm::all_of(op->getUsers(), widensAgain))
      return;
    Value half =
        b.create<arith::BitcastOp>(op.getType(), avx512::upperHalves(b, bits));
    op.replaceAllUsesWith(half);
  }

  void expand(Operation *op, bool isExact) {
    if (auto narrowed = dyn_cast<arith::TruncFOp>(op);
        narrowed && isRoundedInPlace(narrowed))
      return roundInPlace(narrowed, isExact);
    ImplicitLocOpBuilder b(op->getLoc(), op);
    Value x = op->getOperand(0);
    const Type to = op->getResult(0).getType();
    Value result;
    if (isa<arith::TruncFOp>(op)) {
      result = narrow(b, x, to, isExact);
    } else {
      result = widen(b, x);
      if (getElementTypeOrSelf(to).isF64())
        result = b.create<arith::ExtFOp>(to, result);
    }
    op->getResult(0).replaceAllUsesWith(result);
  }

  /// `type` with the bits of a half in the place of the half.
  Type bitsType(Type type) {
    if (isExpanded(type) && (isa<FloatType, VectorType>(type)))
      return withElement(type, IntegerType::get(type.getContext(), 16));
    if (auto memory = dyn_cast<MemRefType>(type); memory && isExpanded(type))
      return MemRefType::Builder(memory).setElementType(
          IntegerType::get(type.getContext(), 16));
    if (auto function = dyn_cast<FunctionType>(type)) {
      const auto bits = [&](Type part) { return bitsType(part); };
      return FunctionType::get(
          type.getContext(), llvm::map_to_vector(function.getInputs(), bits),
          llvm::map_to_vector(function.getResults(), bits));
    }
    return type;
  }

  Attribute bitsAttr(Attribute attr) {
    if (auto type = dyn_cast<TypeAttr>(attr))
      return TypeAttr::get(bitsType(type.getValue()));
    if (auto value = dyn_cast<FloatAttr>(attr);
        value && isExpanded(value.getType()))
      return IntegerAttr::get(bitsType(value.getType()),
                              value.getValue().bitcastToAPInt());
    if (auto values = dyn_cast<DenseElementsAttr>(attr);
        values && isExpanded(values.getElementType()))
      return values.bitcast(IntegerType::get(attr.getContext(), 16));
    return attr;
  }

  /// What is left of halves is loaded, moved and stored: as integers, so that
  /// LLVM never sees a half and invents arithmetic on one. (It makes `fabs
  /// half` of an `and` with 0x7fff, and then calls the library to widen it.)
  /// Only what the CPU's own instruction for halves takes keeps its type.
  void retype(Operation *op) {
    const auto takesHalves = [](Operation *user) {
      return isa<LLVM::CallIntrinsicOp>(user);
    };
    for (OpResult result : op->getResults())
      if (result.use_empty() || !llvm::all_of(result.getUsers(), takesHalves))
        result.setType(bitsType(result.getType()));
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument argument : block.getArguments())
          argument.setType(bitsType(argument.getType()));
    for (NamedAttribute attr : op->getAttrDictionary())
      if (Attribute bits = bitsAttr(attr.getValue()); bits != attr.getValue())
        op->setAttr(attr.getName(), bits);
  }

  /// Of a number that is narrowed and widened again the one before.
  void dropRoundings() {
    SmallVector<arith::ExtFOp> dropped;
    getOperation()->walk([&](arith::ExtFOp widened) {
      auto narrowed = widened.getIn().getDefiningOp<arith::TruncFOp>();
      if (narrowed && isExpanded(narrowed.getType()) &&
          narrowed.getIn().getType() == widened.getType() &&
          !isCompared(widened))
        dropped.push_back(widened);
    });
    for (arith::ExtFOp widened : dropped) {
      auto narrowed = widened.getIn().getDefiningOp<arith::TruncFOp>();
      widened.replaceAllUsesWith(narrowed.getIn());
      widened.erase();
      if (narrowed.use_empty())
        narrowed.erase();
    }
  }

  void runOnOperation() final {
    if (keepExcess)
      dropRoundings();
    SmallVector<Operation *> conversions;
    getOperation()->walk([&](Operation *op) {
      const auto type = [](Value value) { return value.getType(); };
      if (isa<arith::ExtFOp>(op) && isExpanded(type(op->getOperand(0))))
        conversions.push_back(op);
      if (!isa<arith::TruncFOp>(op))
        return;
      const Type to = getElementTypeOrSelf(type(op->getResult(0)));
      if (to.isF16() || to.isBF16())
        conversions.push_back(op);
    });
    // Known before the conversions that say so are gone.
    const SmallVector<bool> areExact = llvm::map_to_vector(
        conversions, [](Operation *op) { return isBf16(op->getOperand(0)); });
    for (auto [op, isExact] : llvm::zip_equal(conversions, areExact))
      if (!op->use_empty())
        expand(op, isExact);
    for (Operation *op : llvm::reverse(conversions))
      op->erase();
    getOperation()->walk([&](Operation *op) { retype(op); });
  }
};

} // namespace
} // namespace mg::codegen
