//===- Elementwise.cpp - one function per elementwise op ------------------===//
//
// A table of names: which op of the dialect, at which dtype.
//
//===----------------------------------------------------------------------===//
#include "frontend/dsl/Autocast.h"
#include "frontend/dsl/Promote.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace mg {
using namespace detail;
using mlir::mg::Direction;

namespace {

/// What becomes of the promoted dtype.
using Domain = DType(DType);
DType same(DType dtype) { return dtype; }
/// A function that reads its user's operands as they are.
Tensor unary(const char *op, const char *mnemonic, const Arg &x,
             Domain *domain) {
  Scope scope(op, x.where);
  const DType dtype = autocastTo(op, domain(specOf(x.tensor).dtype));
  return emit(mnemonic, {cast(x.tensor, dtype)});
}

/// Both operands of `op` at one dtype and shape.
std::pair<Tensor, Tensor> together(const char *op, const Arg &a, const Arg &b,
                                   Domain *domain) {
  const Spec spec{autocastTo(op, domain(promoteAll({&a, &b}))),
                  broadcastShapes(a, b)};
  return {fit(a, spec), fit(b, spec)};
}
Tensor binary(const char *op, const char *mnemonic, const Arg &a, const Arg &b,
              Domain *domain) {
  Scope scope(op, a.where);
  auto [x, y] = together(op, a, b, domain);
  return emit(mnemonic, {x, y});
}
Tensor compare(const char *op, Direction direction, const Arg &a,
               const Arg &b) {
  Scope scope(op, a.where);
  auto [x, y] = together(op, a, b, same);
  return emit("compare", {x, y},
              Attrs().choose<mlir::mg::DirectionAttr>("direction", direction));
}
/// For ops on bits.
DType bits(DType dtype) {
  if (isFloat(dtype))
    fail(fmt::format("{} has no bits to combine: bitcast first",
                     to_string(dtype)));
  return dtype;
}
DType truth(DType) { return DType::b1; }

/// Whether the remainder `r` of a division by `b` must move by one divisor to
/// get b's sign.
Tensor has_wrong_sign(const Tensor &r, const Tensor &b) {
  return (r != 0) & ((r < 0) ^ (b < 0)) & (b != 0);
}

} // namespace

#define MG_BINARY(name, mnemonic, domain)                                      \
  Tensor name(Arg a, Arg b) { return binary(#name, mnemonic, a, b, domain); }
#define MG_OPERATOR(symbol, name, mnemonic, domain)                            \
  Tensor operator symbol(Arg a, Arg b) {                                       \
    return binary(name, mnemonic, a, b, domain);                               \
  }
#define MG_COMPARE(symbol, name, direction)                                    \
  Tensor operator symbol(Arg a, Arg b) {                                       \
    return compare(name, Direction::direction, a, b);                          \
  }
#define MG_UNARY(name, mnemonic, domain)                                       \
  Tensor name(Arg x) { return unary(#name, mnemonic, x, domain); }

MG_OPERATOR(+, "add", "add", counting)
MG_OPERATOR(-, "subtract", "sub", counting)
MG_OPERATOR(*, "multiply", "mul", counting)
MG_OPERATOR(/, "divide", "div", floating)
MG_OPERATOR(&, "bitwise_and", "and", bits)
MG_OPERATOR(|, "bitwise_or", "or", bits)
MG_OPERATOR(^, "bitwise_xor", "xor", bits)
MG_OPERATOR(<<, "left_shift", "shl", bits)
MG_COMPARE(==, "equal", EQ)
MG_COMPARE(!=, "not_equal", NE)
MG_COMPARE(<, "less", LT)
MG_COMPARE(>, "greater", GT)
MG_COMPARE(<=, "less_equal", LE)
MG_COMPARE(>=, "greater_equal", GE)
MG_BINARY(fmod, "rem", counting)
MG_BINARY(maximum, "max", same)
MG_BINARY(minimum, "min", same)
MG_BINARY(atan2, "atan2", floating)
MG_BINARY(logical_and, "and", truth)
MG_BINARY(logical_or, "or", truth)
MG_BINARY(logical_xor, "xor", truth)

MG_UNARY(exp, "exp", floating)
MG_UNARY(log, "log", floating)
MG_UNARY(log1p, "log1p", floating)
MG_UNARY(expm1, "expm1", floating)
MG_UNARY(sqrt, "sqrt", floating)
MG_UNARY(rsqrt, "rsqrt", floating)
MG_UNARY(sin, "sin", floating)
MG_UNARY(cos, "cos", floating)
MG_UNARY(tan, "tan", floating)
MG_UNARY(tanh, "tanh", floating)
MG_UNARY(atan, "atan", floating)
MG_UNARY(erf, "erf", floating)
MG_UNARY(sigmoid, "logistic", floating)
MG_UNARY(sign, "sign", counting)

#undef MG_BINARY
#undef MG_OPERATOR
#undef MG_COMPARE
#undef MG_UNARY

Tensor operator-(Arg x) { return unary("negative", "neg", x, counting); }
Tensor operator~(Arg x) { return unary("bitwise_not", "not", x, bits); }
Tensor operator!(const Tensor &x) {
  const Where where = get(x, "logical_not", Where::current()).where;
  return unary("logical_not", "not", {x, where}, truth);
}

Tensor operator>>(Arg a, Arg b) {
  Scope scope("right_shift", a.where);
  const bool logical = isUnsigned(promoteAll({&a, &b}));
  return binary("right_shift", logical ? "shr_l" : "shr_a", a, b, bits);
}
Tensor operator%(Arg a, Arg b) {
  Scope scope("remainder", a.where);
  auto [x, y] = together("remainder", a, b, counting);
  Tensor r = emit("rem", {x, y});
  return isUnsigned(r.dtype()) ? r : where(has_wrong_sign(r, y), r + y, r);
}
Tensor floor_divide(Arg a, Arg b) {
  Scope scope("floor_divide", a.where);
  auto [x, y] = together("floor_divide", a, b, counting);
  Tensor quotient = emit("div", {x, y});
  if (isFloat(quotient.dtype()))
    return floor(quotient);
  if (isUnsigned(quotient.dtype()))
    return quotient;
  return where(has_wrong_sign(emit("rem", {x, y}), y), quotient - 1, quotient);
}

Tensor truncate_divide(Arg a, Arg b) {
  Scope scope("truncate_divide", a.where);
  auto [x, y] = together("truncate_divide", a, b, counting);
  Tensor quotient = emit("div", {x, y});
  return isFloat(quotient.dtype()) ? trunc(quotient) : quotient;
}

/// x * x * .. by squaring, n > 0.
static Tensor power(const Tensor &x, std::int64_t n) {
  if (n == 1)
    return x;
  const Tensor half = power(x, n / 2), even = half * half;
  return n % 2 ? even * x : even;
}
/// x^y of integers: of x^1, x^2, x^4, .. those whose bit is set in y.
static Tensor integerPower(const Tensor &x, const Tensor &y) {
  const bool hasSign = !isUnsigned(y.dtype());
  const int bits = static_cast<int>(size_of(y.dtype())) * 8 - hasSign;
  Tensor result = ones_like(x), square = x;
  for (int i = 0; i < bits; ++i) {
    result = where((y & (std::int64_t(1) << i)) != 0, result * square, result);
    square = square * square;
  }
  if (!hasSign)
    return result;
  // 1 / x^-y is an integer where x is 1 or -1 only.
  const Tensor inverse = where(abs(x) == 1, where((y & 1) != 0, x, 1), 0);
  return where(y < 0, inverse, result);
}
Tensor pow(Arg a, Arg b) {
  Scope scope("pow", a.where);
  const DType dtype = autocastTo("pow", counting(promoteAll({&a, &b})));
  const bool whole = b.number && b.number->value == std::trunc(b.number->value);
  const double n = b.number ? b.number->value : 0;
  if (whole && n >= 0 && n <= (isFloat(dtype) ? 4 : 63)) {
    const Tensor x = fit(a, {dtype, specOf(a.tensor).shape});
    return n > 0 ? power(x, static_cast<std::int64_t>(n)) : ones_like(x);
  }
  if (!isFloat(dtype)) {
    auto [x, y] = together("pow", a, b, counting);
    return integerPower(x, y);
  }
  return binary("pow", "pow", a, b, same);
}

/// Integers are rounded already.
static Tensor rounded(const char *op, const char *mnemonic, const Arg &x) {
  Scope scope(op, x.where);
  return isFloat(specOf(x.tensor).dtype) ? emit(mnemonic, {x.tensor})
                                         : x.tensor;
}
Tensor floor(Arg x) { return rounded("floor", "floor", x); }
Tensor ceil(Arg x) { return rounded("ceil", "ceil", x); }
Tensor round(Arg x) { return rounded("round", "round_even", x); }
Tensor trunc(Arg x) { return rounded("trunc", "trunc", x); }
Tensor abs(Arg x) {
  Scope scope("abs", x.where);
  const DType dtype = specOf(x.tensor).dtype;
  return dtype == DType::b1 || isUnsigned(dtype) ? x.tensor
                                                 : emit("abs", {x.tensor});
}
Tensor square(Arg x) {
  Scope scope("square", x.where);
  return x.tensor * x.tensor;
}
Tensor reciprocal(Arg x) {
  Scope scope("reciprocal", x.where);
  return 1.0f / x.tensor;
}

constexpr float infinity = std::numeric_limits<float>::infinity();
Tensor isnan(Arg x) {
  Scope scope("isnan", x.where);
  return x.tensor != x.tensor;
}
Tensor isinf(Arg x) {
  Scope scope("isinf", x.where);
  return abs(cast(x.tensor, floating(specOf(x.tensor).dtype))) == infinity;
}
Tensor isfinite(Arg x) {
  Scope scope("isfinite", x.where);
  return abs(cast(x.tensor, floating(specOf(x.tensor).dtype))) < infinity;
}

Tensor where(Arg condition, Arg a, Arg b) {
  Scope scope("where", condition.where);
  const DType dtype = promoteAll({&a, &b});
  Shape shape = broadcastShapes(a, b);
  // A number shapes nothing; the condition may.
  const Tensor like = splat(0, {dtype, shape}, "where", condition.where);
  shape = broadcastShapes(condition, like);
  return emit("select", {fit(condition, {DType::b1, shape}),
                         fit(a, {dtype, shape}), fit(b, {dtype, shape})});
}
Tensor clip(Arg x, Arg low, Arg high) {
  Scope scope("clip", x.where);
  return minimum(maximum(x, low), high);
}

static Tensor convert(const Arg &x, DType dtype, mlir::mg::ConvertMode mode) {
  const Spec &spec = specOf(x.tensor);
  if (spec.dtype == dtype)
    return x.tensor;
  return emit("convert", {x.tensor},
              Attrs().choose<mlir::mg::ConvertModeAttr>("mode", mode),
              {dtype, spec.shape});
}
Tensor astype(Arg x, DType dtype, Rounding rounding) {
  Scope scope("astype", x.where);
  return convert(x, dtype,
                 rounding == Rounding::nearest
                     ? mlir::mg::ConvertMode::Nearest
                     : mlir::mg::ConvertMode::Truncate);
}
Tensor saturate(Arg x, DType dtype) {
  Scope scope("saturate", x.where);
  return convert(x, dtype, mlir::mg::ConvertMode::Saturate);
}
Tensor bitcast(Arg x, DType dtype) {
  Scope scope("bitcast", x.where);
  const Spec &spec = specOf(x.tensor);
  return spec.dtype == dtype
             ? x.tensor
             : emit("bitcast", {x.tensor}, {}, {dtype, spec.shape});
}

} // namespace mg
