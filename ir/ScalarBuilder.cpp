//===- ScalarBuilder.cpp - scalar definitions of several ops --------------===//
#include "ir/ScalarBuilder.h"

#include "llvm/ADT/APFloat.h"

using namespace mlir;
using namespace mlir::mg;

/// What computes with values of that element type.
static Type lowered(Type element) {
  MLIRContext *context = element.getContext();
  if (element.isF16() || element.isBF16())
    return Float32Type::get(context);
  if (isa<IntegerType>(element))
    return IntegerType::get(context, element.getIntOrFloatBitWidth());
  return element;
}

Value ScalarBuilder::constant(TypedAttr value) {
  return make<arith::ConstantOp>(value);
}

Value ScalarBuilder::real(double value) {
  return constant(builder.getFloatAttr(lowered(element), value));
}

Value ScalarBuilder::integer(int64_t value) {
  auto type = cast<IntegerType>(lowered(element));
  // getIntegerAttr would keep bits above the width of a bool.
  return constant(IntegerAttr::get(
      type, APInt(64, value, /*isSigned=*/true).trunc(type.getWidth())));
}

Value ScalarBuilder::compare(Direction direction, Value a, Value b) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  constexpr F floats[] = {F::OEQ, F::UNE, F::OLT, F::OLE, F::OGT, F::OGE};
  constexpr I signeds[] = {I::eq, I::ne, I::slt, I::sle, I::sgt, I::sge};
  constexpr I unsigneds[] = {I::eq, I::ne, I::ult, I::ule, I::ugt, I::uge};
  auto index = static_cast<unsigned>(direction);
  switch (getElementClass()) {
  case ElementClass::Float:
    return make<arith::CmpFOp>(floats[index], a, b);
  case ElementClass::Signed:
    return make<arith::CmpIOp>(signeds[index], a, b);
  case ElementClass::Unsigned:
  case ElementClass::Bool:
    return make<arith::CmpIOp>(unsigneds[index], a, b);
  }
  llvm_unreachable("unknown class");
}

Value ScalarBuilder::abs(Value x) {
  Value negative = make<arith::SubIOp>(integer(0), x);
  return select(compare(Direction::LT, x, integer(0)), negative, x);
}

Value ScalarBuilder::sign(Value x) {
  bool isFloat = getElementClass() == ElementClass::Float;
  auto number = [&](int value) {
    return isFloat ? real(value) : integer(value);
  };
  // What is in no order with 0 stays: NaN, +0, -0.
  Value up = select(compare(Direction::GT, x, number(0)), number(1), x);
  if (getElementClass() == ElementClass::Unsigned)
    return up;
  return select(compare(Direction::LT, x, number(0)), number(-1), up);
}

Value ScalarBuilder::logistic(Value x) {
  Value magnitude = make<math::AbsFOp>(x);
  Value e = make<math::ExpOp>(make<arith::NegFOp>(magnitude));
  Value numerator = select(compare(Direction::GE, x, real(0)), real(1), e);
  Value sum = make<arith::AddFOp>(real(1), e);
  Value lost = make<arith::SubFOp>(e, make<arith::SubFOp>(sum, real(1)));
  Value quotient = make<arith::DivFOp>(numerator, sum);
  return make<arith::SubFOp>(quotient, make<arith::MulFOp>(quotient, lost));
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

Value ScalarBuilder::isBelowWidth(Value distance) {
  return make<arith::CmpIOp>(arith::CmpIPredicate::ult, distance,
                             integer(element.getIntOrFloatBitWidth()));
}

Value ScalarBuilder::shiftSign(Value a, Value b) {
  Value last = integer(element.getIntOrFloatBitWidth() - 1);
  return make<arith::ShRSIOp>(a, make<arith::MinUIOp>(b, last));
}

/// b, or 1 where a / b is undefined: a / 1 is what lowest / -1 wraps to.
Value ScalarBuilder::safeDivisor(Value a, Value b) {
  Value bad = compare(Direction::EQ, b, integer(0));
  if (getElementClass() == ElementClass::Signed) {
    unsigned width = element.getIntOrFloatBitWidth();
    Value lowest = integer(llvm::minIntN(width));
    Value overflows =
        make<arith::AndIOp>(compare(Direction::EQ, a, lowest),
                            compare(Direction::EQ, b, integer(-1)));
    bad = make<arith::OrIOp>(bad, overflows);
  }
  return select(bad, integer(1), b);
}

Value ScalarBuilder::divide(Value a, Value b) {
  Value divisor = safeDivisor(a, b);
  Value quotient = getElementClass() == ElementClass::Signed
                       ? make<arith::DivSIOp>(a, divisor)
                       : make<arith::DivUIOp>(a, divisor);
  Value isZero = compare(Direction::EQ, b, integer(0));
  return select(isZero, integer(-1), quotient);
}

Value ScalarBuilder::remainder(Value a, Value b) {
  Value divisor = safeDivisor(a, b);
  Value rest = getElementClass() == ElementClass::Signed
                   ? make<arith::RemSIOp>(a, divisor)
                   : make<arith::RemUIOp>(a, divisor);
  return select(compare(Direction::EQ, b, integer(0)), a, rest);
}

//===----------------------------------------------------------------------===//
// Change of type
//===----------------------------------------------------------------------===//

/// The integers of type `to` as APInt bounds.
static std::pair<APInt, APInt> rangeOf(Type to) {
  unsigned width = to.getIntOrFloatBitWidth();
  if (to.isUnsignedInteger())
    return {APInt::getMinValue(width), APInt::getMaxValue(width)};
  return {APInt::getSignedMinValue(width), APInt::getSignedMaxValue(width)};
}

/// Saturates at the bounds of `to`, 0 for NaN. The bounds are compared as
/// floats: the lower one is exact, the upper one is the power of two above.
Value ScalarBuilder::floatToInteger(Value x, Type to, ConvertMode mode) {
  if (mode == ConvertMode::Nearest)
    x = make<math::RoundEvenOp>(x);
  bool isUnsigned = to.isUnsignedInteger();
  auto [lowest, highest] = rangeOf(to);
  unsigned bits = isUnsigned ? lowest.getBitWidth() : lowest.getBitWidth() - 1;
  Value above = compare(Direction::GE, x, real(std::ldexp(1.0, bits)));
  Value below = isUnsigned
                    ? compare(Direction::LE, x, real(-1))
                    : compare(Direction::LT, x, real(-std::ldexp(1.0, bits)));
  Value isNaN = compare(Direction::NE, x, x);
  Type type = lowered(to);
  // The cast itself only sees numbers in range: else it is poison.
  Value unsafe = make<arith::OrIOp>(make<arith::OrIOp>(above, below), isNaN);
  Value safe = select(unsafe, real(0), x);
  Value cast = isUnsigned ? make<arith::FPToUIOp>(type, safe)
                          : make<arith::FPToSIOp>(type, safe);
  Value low = constant(IntegerAttr::get(type, lowest));
  Value high = constant(IntegerAttr::get(type, highest));
  return select(above, high, select(below, low, cast));
}

/// Clamps an integer of this class to the values of `to`, in its own type.
Value ScalarBuilder::saturate(Value x, Type to) {
  auto type = cast<IntegerType>(x.getType());
  unsigned width = type.getWidth();
  bool isSigned = getElementClass() == ElementClass::Signed;
  auto [lowest, highest] = rangeOf(to);
  unsigned wide = std::max(width, highest.getBitWidth()) + 1;
  auto extend = [&](APInt value, bool isUnsigned) {
    return isUnsigned ? value.zext(wide) : value.sext(wide);
  };
  auto [own, ownHighest] = rangeOf(element);
  auto clampBy = [&](auto minOrMax, APInt bound) {
    return minOrMax(x, constant(IntegerAttr::get(type, bound.trunc(width))));
  };
  APInt high = extend(highest, to.isUnsignedInteger());
  if (high.slt(extend(ownHighest, !isSigned)))
    x = clampBy(
        [&](Value a, Value b) -> Value {
          return isSigned ? make<arith::MinSIOp>(a, b)
                          : make<arith::MinUIOp>(a, b);
        },
        high);
  APInt low = extend(lowest, to.isUnsignedInteger());
  if (isSigned && low.sgt(extend(own, false)))
    x = clampBy(
        [&](Value a, Value b) -> Value { return make<arith::MaxSIOp>(a, b); },
        low);
  return x;
}

Value ScalarBuilder::integerToFloat(Value x, Type to) {
  return getElementClass() == ElementClass::Signed
             ? make<arith::SIToFPOp>(to, x)
             : make<arith::UIToFPOp>(to, x);
}

/// An integer of 64 bits that f64 holds and that rounds to a half as `x` does:
/// beyond 53 bits the last 11 count as a bit that says whether one was set.
Value ScalarBuilder::foldLowBits(Value x) {
  const bool isSigned = getElementClass() == ElementClass::Signed;
  Value zero = integer(0);
  Value low = make<arith::AndIOp>(x, integer(0x7ff));
  Value sticky =
      select(make<arith::CmpIOp>(arith::CmpIPredicate::ne, low, zero),
             integer(0x400), zero);
  Value folded = make<arith::OrIOp>(make<arith::SubIOp>(x, low), sticky);
  constexpr int64_t limit = int64_t(1) << 53;
  Value distance = isSigned ? make<arith::AddIOp>(x, integer(limit)) : x;
  Value isFar = make<arith::CmpIOp>(arith::CmpIPredicate::ugt, distance,
                                    integer(isSigned ? 2 * limit : limit));
  return select(isFar, folded, x);
}

Value ScalarBuilder::convertToHalf(Value x, Type to) {
  if (x.getType().isF32())
    return {}; // whoever stores it rounds it
  if (!isa<FloatType>(x.getType())) {
    if (x.getType().getIntOrFloatBitWidth() == 64)
      x = foldLowBits(x);
    x = integerToFloat(x, builder.getF64Type());
  }
  return make<arith::TruncFOp>(to, x);
}

Value ScalarBuilder::convert(Value x, Type to, ConvertMode mode) {
  Type type = lowered(to);
  bool fromFloat = getElementClass() == ElementClass::Float;
  if (classOf(to) == ElementClass::Bool) {
    Value zero = fromFloat ? real(0) : integer(0);
    return compare(Direction::NE, x, zero);
  }
  if (isa<FloatType>(type)) {
    if (to != type && x.getType().getIntOrFloatBitWidth() >= 32)
      if (Value half = convertToHalf(x, to))
        return make<arith::ExtFOp>(type, half);
    if (!fromFloat)
      return integerToFloat(x, type);
    if (type == x.getType())
      return x;
    return type.isF64() ? make<arith::ExtFOp>(type, x)
                        : make<arith::TruncFOp>(type, x);
  }
  if (fromFloat)
    return floatToInteger(x, to, mode);
  if (mode == ConvertMode::Saturate)
    x = saturate(x, to);
  unsigned from = x.getType().getIntOrFloatBitWidth();
  unsigned width = type.getIntOrFloatBitWidth();
  if (from == width)
    return x;
  if (from > width)
    return make<arith::TruncIOp>(type, x);
  return getElementClass() == ElementClass::Signed
             ? make<arith::ExtSIOp>(type, x)
             : make<arith::ExtUIOp>(type, x);
}
