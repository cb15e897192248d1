//===- Hyperbolic.cpp - hyperbolic and inverse trigonometric functions ----===//
//
// Of the elementary functions, in forms that neither cancel near zero nor
// overflow before the result does. Where a form holds for a part of the line
// only, its operand is clamped to that part: the other part's derivative is
// then zero times a finite number.
//
//===----------------------------------------------------------------------===//
#include "mg/composite.h"

#include "frontend/dsl/Composites.h"

#include <numbers>

namespace mg {
using namespace detail;

/// `body` of x in f32 at least, back in x's float type.
static Tensor wide(const char *op, const Arg &x,
                   Tensor (*body)(const Tensor &)) {
  Scope scope(op, x.where);
  const Tensor y = real(op, x);
  return cast(body(cast(y, widened(y.dtype()))), y.dtype());
}

/// sqrt(1 - x^2).
static Tensor cathetus(const Tensor &x) { return sqrt((1 - x) * (1 + x)); }

Tensor asin(Arg x) {
  return wide("asin", x, [](const Tensor &y) { return atan2(y, cathetus(y)); });
}
Tensor acos(Arg x) {
  return wide("acos", x, [](const Tensor &y) { return atan2(cathetus(y), y); });
}

/// From here on exp(-x) is nothing beside exp(x), in f64 too.
constexpr double farOut = 20;
Tensor sinh(Arg x) {
  return wide("sinh", x, [](const Tensor &y) {
    const Tensor size = abs(y), root = exp(size * .5);
    const Tensor e = expm1(minimum(size, farOut));
    const Tensor result =
        where(size < farOut, (e + e / (e + 1)) * .5, root * .5 * root);
    return where(y < 0, -result, result);
  });
}
Tensor cosh(Arg x) {
  return wide("cosh", x, [](const Tensor &y) {
    const Tensor root = exp(abs(y) * .5);
    return root * .5 * root + .5 / root / root;
  });
}

/// From here on x^2 + 1 is x^2, in f64 too.
constexpr double large = 1 << 30;
Tensor asinh(Arg x) {
  return wide("asinh", x, [](const Tensor &y) {
    const Tensor size = abs(y), s = minimum(size, large), square = s * s;
    const Tensor result =
        where(size < large, log1p(s + square / (sqrt(square + 1) + 1)),
              log(maximum(size, 1)) + std::numbers::ln2);
    return where(y < 0, -result, result);
  });
}
Tensor acosh(Arg x) {
  return wide("acosh", x, [](const Tensor &y) {
    const Tensor t = minimum(y, large) - 1;
    return where(y < large, log1p(t + sqrt(t) * sqrt(t + 2)),
                 log(maximum(y, 1)) + std::numbers::ln2);
  });
}
Tensor atanh(Arg x) {
  return wide("atanh", x,
              [](const Tensor &y) { return (log1p(y) - log1p(-y)) * .5; });
}

} // namespace mg
