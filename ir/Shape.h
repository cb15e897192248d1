//===- Shape.h - dimensions, with a name where the size is open -----------===//
//
// The vocabulary of type inference: a shape is a list of Dims, and a `?` is a
// Dim like any other: it has a name and bounds, and equals itself.
//
//===----------------------------------------------------------------------===//
#ifndef MG_IR_SHAPE_H
#define MG_IR_SHAPE_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <optional>
#include <string>

namespace mlir::mg {

/// One dimension: a size, or a symbol that is between `lo` and `hi`.
struct Dim {
  int64_t size = 0;
  /// Null for a size that is known.
  StringAttr symbol = {};
  int64_t lo = 0, hi = 0;

  Dim(int64_t size) : size(size), lo(size), hi(size) {}
  Dim(StringAttr symbol, int64_t lo, int64_t hi)
      : size(ShapedType::kDynamic), symbol(symbol), lo(lo), hi(hi) {}

  bool isStatic() const { return !symbol; }
  bool operator==(const Dim &) const = default;
};

using Shape = SmallVector<Dim, 6>;

/// The dimensions of a type. A `?` without a name in the encoding becomes one
/// with the empty name, which verification refuses.
Shape shapeOf(RankedTensorType type);

/// The type of a shape, with the encoding its symbols need.
RankedTensorType tensorOf(ArrayRef<Dim> shape, Type element);

/// f32[4,batch]: a type as errors name it.
std::string describe(Type type);
/// 4x3, as errors name sizes.
std::string describe(const Dim &dim);

/// The product of the largest sizes, or nothing where it leaves int64_t. The
/// one multiplication of sizes that is allowed on data from outside.
std::optional<int64_t> checkedProduct(ArrayRef<Dim> shape, int64_t factor = 1);

/// Bytes of one element in memory (a bool is one); 0 for no type of ours.
int64_t elementBytes(Type element);

/// i1, i8..i64, ui8..ui64, f16, bf16, f32, f64.
bool isElementType(Type type);

constexpr int64_t maxRank = 16;

/// What scalar definitions distinguish; the values are bits of a set.
enum class ElementClass : unsigned {
  Float = 1,
  Signed = 2,
  Unsigned = 4,
  Bool = 8
};
constexpr unsigned numberClasses = 7;
constexpr unsigned bitClasses = 14;

/// The class of one of our element types.
ElementClass classOf(Type element);

} // namespace mlir::mg

#endif // MG_IR_SHAPE_H
