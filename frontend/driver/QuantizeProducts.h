//===- QuantizeProducts.h - products by weights of fewer bits -------------===//
//
// A product here is an op that sums products of its two operands and has as its
// other dimensions theirs: a dot, a convolution. Where one operand is a weight,
// that no other op reads, the product becomes
//
//   int8, f32 activations:   product(x, convert(q)) * s
//   int8, int8 activations:  convert(product(quantize(x), q)) * (s * s_x)
//   int4:                    product(x, (convert(half of q) - 8) * s)
//
// with a scale per result of the sum in int8, which so can wait until after it,
// and one per 32 summands in int4, where high halves are taken as 16 times what
// they are, and x / 16. quantize(x) is round_even(x * (1 / s_x)), at most what
// i8 holds.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_QUANTIZEPRODUCTS_H
#define MG_FRONTEND_DRIVER_QUANTIZEPRODUCTS_H

#include "frontend/driver/QuantizedWeight.h"
#include "frontend/eager/Execute.h"
#include "frontend/io/NamedArrays.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace mg::driver {

enum class WeightBits { Eight, Four };

struct QuantizeRules {
  WeightBits weights = WeightBits::Eight;
  bool activations = false;
};

/// A product and what is to be made of it.
struct QuantizedProduct {
  mlir::Operation *op = nullptr;
  /// The weight's, or where the op stands.
  std::string name;
  /// Why it stays as it is; empty: it does not.
  std::string reason;
  WeightBits weights = WeightBits::Eight;
  bool activations = false;
  /// Of the other operand, where activations are quantized.
  float inputScale = 0;
  /// The operand that is the weight, its dimensions that the product sums over
  /// and its others, in their order in the result, and where they are there.
  unsigned weight = 0;
  std::vector<std::int64_t> summed;
  std::vector<int> kept;
  std::vector<std::int64_t> keptInResult;

  std::size_t bytesBefore = 0, bytesAfter = 0;
  double signal = 0, noise = 0;

  mlir::Value input() const { return op->getOperand(1 - weight); }
};

/// All products of the module, in order, with a reason where they must stay.
std::vector<QuantizedProduct> findProducts(mlir::ModuleOp module,
                                           const QuantizeRules &rules,
                                           const eager::WeightLookup &weights);

/// Rewrites those that have no reason to stay; `op` is then what has the old
/// result. Returns the weights that the module reads now.
io::NamedArrays quantizeProducts(mlir::ModuleOp module,
                                 std::vector<QuantizedProduct> &products,
                                 const eager::WeightLookup &weights);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_QUANTIZEPRODUCTS_H
