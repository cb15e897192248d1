//===- ScalarBuilder.h - the vocabulary of scalar definitions -------------===//
//
// What the records of MgElementwise.td are written in: each method emits arith
// and math ops for one element and says what it computes. Values are of lowered
// types (signless integers), so the class of the op's own element type decides
// between signed and unsigned.
//
//===----------------------------------------------------------------------===//
#ifndef MG_IR_SCALARBUILDER_H
#define MG_IR_SCALARBUILDER_H

#include "ir/Dialect.h"
#include "ir/Shape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

#include <array>

namespace mlir::mg {

class ScalarBuilder {
public:
  /// `type`: the op's own tensor type that chooses the definition.
  ScalarBuilder(OpBuilder &builder, Location loc, Type type)
      : builder(builder), loc(loc), element(getElementTypeOrSelf(type)) {}

  ElementClass getElementClass() const { return classOf(element); }

  template <typename OpTy, typename... Args> Value make(Args &&...args) {
    return builder.create<OpTy>(loc, std::forward<Args>(args)...);
  }

  /// A constant of the lowered element type (f32 for f16 and bf16).
  Value real(double value);
  Value integer(int64_t value);

  Value abs(Value x);
  Value sign(Value x);
  Value logistic(Value x);
  Value compare(Direction direction, Value a, Value b);
  Value select(Value condition, Value a, Value b) {
    return make<arith::SelectOp>(condition, a, b);
  }

  /// Integer division without undefined cases: see `mg.div` and `mg.rem`.
  Value divide(Value a, Value b);
  Value remainder(Value a, Value b);

  /// `Shift` of a by b, 0 where b >= width.
  template <typename Shift> Value shift(Value a, Value b) {
    return select(isBelowWidth(b), make<Shift>(a, b), integer(0));
  }
  /// a >> min(b, width - 1).
  Value shiftSign(Value a, Value b);

  /// `x` of this builder's class as a number of type `to`: see `mg.convert`.
  Value convert(Value x, Type to, ConvertMode mode);

private:
  OpBuilder &builder;
  Location loc;
  Type element;

  Value constant(TypedAttr value);
  Value isBelowWidth(Value distance);
  Value safeDivisor(Value a, Value b);
  Value floatToInteger(Value x, Type to, ConvertMode mode);
  Value integerToFloat(Value x, Type to);
  Value foldLowBits(Value x);
  /// A number of more than f32's precision as a half, rounded once; null for
  /// an f32.
  Value convertToHalf(Value x, Type to);
  Value saturate(Value x, Type to);
};

/// Exactly N scalars, for a structured binding.
template <size_t N> std::array<Value, N> unpack(ValueRange scalars) {
  assert(scalars.size() == N && "one scalar per operand");
  std::array<Value, N> values;
  llvm::copy(scalars, values.begin());
  return values;
}

} // namespace mlir::mg

#endif // MG_IR_SCALARBUILDER_H
