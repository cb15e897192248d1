//===- Elementwise.cpp - arithmetic, comparison, logic, casts -------------===//
//
// Operands broadcast as in NumPy but are not promoted: an operator takes one
// element type and gives that type, or truth values.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/Operators.h"
#include "mg/composite.h"

#include <fmt/format.h>

#include <cmath>

namespace mg::onnx {
namespace {

/// Fails where an operand is missing or of another type than the first.
void requireOneType(const Call &call) {
  const DType dtype = call[0].dtype();
  for (std::size_t i = 1; i < call.inputs.size(); ++i)
    if (call[i].dtype() != dtype)
      call.fail(fmt::format("operand {} is {}, operand 0 {}", i,
                            type_string(call[i]), type_string(call[0])));
}

bool isReal(const Tensor &x) { return x.dtype() >= DType::f16; }

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

/// Of the operand's own type, whatever the DSL makes of integers.
template <Tensor (*function)(Arg)> Tensors unary(const Call &call) {
  return {astype(function(call[0]), call[0].dtype())};
}

template <Tensor (*function)(Arg)> Tensors test(const Call &call) {
  return {function(call[0])};
}

Tensors identity(const Call &call) { return {call[0]}; }
Tensors logicalNot(const Call &call) { return {!call[0]}; }

Tensors isInf(const Call &call) {
  const Tensor &x = call[0];
  const bool negative = call.flag("detect_negative", true);
  const bool positive = call.flag("detect_positive", true);
  if (negative && positive)
    return {isinf(x)};
  if (!negative && !positive)
    return {zeros(x.shape(), DType::b1)};
  return {negative ? x == -INFINITY : x == INFINITY};
}

//===----------------------------------------------------------------------===//
// Two operands and more
//===----------------------------------------------------------------------===//

template <Tensor (*function)(Arg, Arg)> Tensors binary(const Call &call) {
  requireOneType(call);
  return {function(call[0], call[1])};
}

Tensors add(const Call &call) {
  const Tensors sum = binary<(operator+)>(call);
  call.host.causal.noteSum(sum[0], call[0], call[1]);
  return sum;
}

/// Over one operand and more.
template <Tensor (*function)(Arg, Arg)> Tensors variadic(const Call &call) {
  requireOneType(call);
  Tensor y = call[0];
  for (std::size_t i = 1; i < call.inputs.size(); ++i)
    y = function(y, call[i]);
  return {y};
}

Tensors mean(const Call &call) {
  const Tensor y = variadic<(operator+)>(call).front();
  return {y / static_cast<double>(call.inputs.size())};
}

/// `/` of floats, and of integers rounded toward zero.
Tensor quotient(Arg a, Arg b) {
  return isReal(a.tensor) ? a / b : truncate_divide(a, b);
}

Tensors mod(const Call &call) {
  requireOneType(call);
  return {call.flag("fmod") ? fmod(call[0], call[1]) : call[0] % call[1]};
}

Tensors bitShift(const Call &call) {
  requireOneType(call);
  const std::string direction = call.text("direction", "");
  if (direction == "LEFT")
    return {call[0] << call[1]};
  if (direction == "RIGHT")
    return {call[0] >> call[1]};
  call.fail(fmt::format("the direction is '{}', not LEFT or RIGHT", direction));
}

/// x to the power of y, in x's type.
Tensor power(const Call &call, const Tensor &x, const Tensor &y) {
  // One known number is a constant of the code, and may be multiplications.
  if (Call::isKnown(y) && y.size() == 1 && y.rank() <= x.rank()) {
    const double exponent = call.number(1, "the exponent");
    if (isReal(x))
      return pow(x, exponent);
    if (exponent >= 0 && exponent < 64)
      return pow(x, static_cast<int>(exponent));
  }
  return pow(x, astype(y, x.dtype()));
}

/// The exponent has a type of its own; the result has the base's.
Tensors power(const Call &call) {
  const Tensor &x = call[0], &y = call[1];
  if (!isReal(y))
    return {power(call, x, y)};
  const DType wide = isReal(x) ? promote(x.dtype(), y.dtype()) : DType::f64;
  return {astype(power(call, astype(x, wide), y), x.dtype())};
}

Tensors select(const Call &call) {
  const Tensor &a = call[1], &b = call[2];
  if (call[0].dtype() != DType::b1)
    call.fail("the condition is " + type_string(call[0]) + ", not bool");
  if (a.dtype() != b.dtype())
    call.fail(fmt::format("one side is {}, the other {}", type_string(a),
                          type_string(b)));
  const Tensor chosen = where(call[0], a, b);
  call.host.causal.noteChoice(chosen, call[0], a, b);
  return {chosen};
}

//===----------------------------------------------------------------------===//
// Clip
//===----------------------------------------------------------------------===//

/// The bounds are attributes.
Tensors clipByAttributes(const Call &call) {
  Tensor y = call[0];
  if (call.has("min"))
    y = maximum(y, call.number("min", 0));
  if (call.has("max"))
    y = minimum(y, call.number("max", 0));
  return {y};
}

/// Operand i, one element.
Tensor bound(const Call &call, std::size_t i) {
  if (call[i].size() != 1)
    call.fail(
        fmt::format("a bound is one number, not {}", type_string(call[i])));
  return reshape(call[i], {});
}

Tensors clipByOperands(const Call &call) {
  Tensor y = call[0];
  for (std::size_t i = 1; i < 3; ++i)
    if (call.has(i) && call[i].dtype() != y.dtype())
      call.fail(fmt::format("a bound is {}, the operand {}",
                            type_string(call[i]), type_string(y)));
  if (call.has(1))
    y = maximum(y, bound(call, 1));
  if (call.has(2))
    y = minimum(y, bound(call, 2));
  return {y};
}

//===----------------------------------------------------------------------===//
// Casts
//===----------------------------------------------------------------------===//

/// The integers of `dtype` that have the low bits of `x`'s, sign and all.
Tensor lowBits(const Tensor &x, int bits, DType dtype) {
  return (astype(x, dtype) << (8 - bits)) >> (8 - bits);
}

Tensor converted(const Tensor &x, ElementType type, DType dtype) {
  const int bits = narrowBits(type);
  return bits ? lowBits(astype(x, DType::i32), bits, dtype) : astype(x, dtype);
}

/// The attribute `to`.
ElementType target(const Call &call) {
  if (!call.has("to"))
    call.fail("the attribute 'to' is missing");
  return static_cast<ElementType>(call.integer("to", 0));
}

Tensors cast(const Call &call) {
  const ElementType type = target(call);
  return {converted(call[0], type, call.dtype("to", DType::f32))};
}

Tensors castLike(const Call &call) {
  const DType dtype = call[1].dtype();
  const ElementType type = call.host.elementType(call.node.inputs[1]);
  return {dtypeOf(type) == dtype ? converted(call[0], type, dtype)
                                 : astype(call[0], dtype)};
}

Tensors bitCast(const Call &call) {
  const int bits = narrowBits(target(call));
  const Tensor &x = call[0];
  const DType to = call.dtype("to", DType::f32);
  if (size_of(to) != size_of(x.dtype()))
    call.fail(fmt::format("{} has not as many bits as {}", to_string(to),
                          type_string(x)));
  // A truth value is a byte, 0 or 1.
  const bool isTruth = to == DType::b1 || x.dtype() == DType::b1;
  const Tensor y = isTruth ? astype(x, to) : bitcast(x, to);
  return {bits ? lowBits(y, bits, to) : y};
}

} // namespace

Family families::elementwise() {
  static constexpr Definition table[] = {
      {"", "Abs", 6, unary<abs>},
      {"", "Acos", 7, unary<acos>},
      {"", "Acosh", 9, unary<acosh>},
      {"", "Add", 7, add},
      {"", "And", 7, binary<logical_and>},
      {"", "Asin", 7, unary<asin>},
      {"", "Asinh", 9, unary<asinh>},
      {"", "Atan", 7, unary<atan>},
      {"", "Atanh", 9, unary<atanh>},
      {"", "BitCast", 26, bitCast},
      {"", "BitShift", 11, bitShift},
      {"", "BitwiseAnd", 18, binary<(operator&)>},
      {"", "BitwiseNot", 18, unary<(operator~)>},
      {"", "BitwiseOr", 18, binary<(operator|)>},
      {"", "BitwiseXor", 18, binary<(operator^)>},
      {"", "Cast", 6, cast},
      {"", "CastLike", 15, castLike},
      {"", "Ceil", 6, unary<ceil>},
      {"", "Clip", 6, clipByAttributes},
      {"", "Clip", 11, clipByOperands},
      {"", "Cos", 7, unary<cos>},
      {"", "Cosh", 9, unary<cosh>},
      {"", "Div", 7, binary<quotient>},
      {"", "Equal", 7, binary<(operator==)>},
      {"", "Erf", 9, unary<erf>},
      {"", "Exp", 6, unary<exp>},
      {"", "Floor", 6, unary<floor>},
      {"", "Greater", 7, binary<(operator>)>},
      {"", "GreaterOrEqual", 12, binary<(operator>=)>},
      {"", "Identity", 1, identity},
      {"", "IsInf", 10, isInf},
      {"", "IsNaN", 9, test<isnan>},
      {"", "Less", 7, binary<(operator<)>},
      {"", "LessOrEqual", 12, binary<(operator<=)>},
      {"", "Log", 6, unary<log>},
      {"", "Max", 6, variadic<maximum>},
      {"", "Mean", 6, mean},
      {"", "Min", 6, variadic<minimum>},
      {"", "Mod", 10, mod},
      {"", "Mul", 7, binary<(operator*)>},
      {"", "Neg", 6, unary<(operator-)>},
      {"", "Not", 1, logicalNot},
      {"", "Or", 7, binary<logical_or>},
      {"", "Pow", 7, power},
      {"", "Reciprocal", 6, unary<reciprocal>},
      {"", "Round", 11, unary<round>},
      {"", "Sign", 9, unary<sign>},
      {"", "Sin", 7, unary<sin>},
      {"", "Sinh", 9, unary<sinh>},
      {"", "Sqrt", 6, unary<sqrt>},
      {"", "Sub", 7, binary<(operator-)>},
      {"", "Sum", 6, variadic<(operator+)>},
      {"", "Tan", 7, unary<tan>},
      {"", "Tanh", 6, unary<tanh>},
      {"", "Where", 9, select},
      {"", "Xor", 7, binary<logical_xor>},
  };
  return table;
}

} // namespace mg::onnx
