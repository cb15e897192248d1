//===- QuantizeProducts.cpp - products by weights of fewer bits -----------===//
#include "frontend/driver/QuantizeProducts.h"

#include "ir/Ops.h"

#include "mlir/IR/Builders.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace mg::driver {

using namespace mlir;
namespace ir = mlir::mg;

namespace {

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

//===----------------------------------------------------------------------===//
// What there is
//===----------------------------------------------------------------------===//

void describeDot(ir::DotOp dot, QuantizedProduct &product) {
  const bool right = product.weight == 1;
  const auto batch = right ? dot.getRhsBatch() : dot.getLhsBatch();
  const auto summed = right ? dot.getRhsContract() : dot.getLhsContract();
  product.summed.assign(summed.begin(), summed.end());
  for (auto [i, dim] : llvm::enumerate(batch)) {
    product.kept.push_back(static_cast<int>(dim));
    product.keptInResult.push_back(static_cast<std::int64_t>(i));
  }
  // (batch.., lhs's others, rhs's others)
  const std::int64_t rank = typeOf(dot.getOperand(product.weight)).getRank();
  const auto others = rank - static_cast<std::int64_t>(batch.size()) -
                      static_cast<std::int64_t>(summed.size());
  std::int64_t at = right ? typeOf(dot.getResult()).getRank() - others
                          : static_cast<std::int64_t>(batch.size());
  for (std::int64_t dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(batch, dim) && !llvm::is_contained(summed, dim)) {
      product.kept.push_back(static_cast<int>(dim));
      product.keptInResult.push_back(at++);
    }
}

void describeConv(ir::ConvOp conv, QuantizedProduct &product) {
  product.kept = {0};
  product.keptInResult = {1};
  product.summed.resize(
      static_cast<std::size_t>(typeOf(conv.getW()).getRank()) - 1);
  std::iota(product.summed.begin(), product.summed.end(), 1);
}

std::string placeOf(Operation *op) {
  std::string text = op->getName().stripDialect().str();
  if (auto place = op->getLoc()->findInstanceOf<FileLineColLoc>())
    text +=
        fmt::format(" at {}:{}", place.getFilename().str(), place.getLine());
  return text;
}

/// The weight that the operand is; null: none.
ir::WeightOp weightAt(Operation *op, unsigned operand) {
  return op->getOperand(operand).getDefiningOp<ir::WeightOp>();
}

/// Products of two operands; false for other ops.
bool describe(Operation *op, QuantizedProduct &product) {
  auto dot = dyn_cast<ir::DotOp>(op);
  auto conv = dyn_cast<ir::ConvOp>(op);
  if (!dot && !conv)
    return false;
  product.op = op;
  product.weight = dot && !weightAt(op, 1) && weightAt(op, 0) ? 0 : 1;
  product.name = placeOf(op);
  if (dot)
    describeDot(dot, product);
  else
    describeConv(conv, product);
  return true;
}

//===----------------------------------------------------------------------===//
// What may become of it
//===----------------------------------------------------------------------===//

class Judge {
public:
  Judge(ModuleOp module, const QuantizeRules &rules,
        const eager::WeightLookup &weights)
      : rules(rules), weights(weights) {
    module.walk([&](ir::WeightOp weight) {
      for (Operation *user : weight->getUsers())
        users[weight.getName().str()].push_back(user);
    });
  }

  void judge(QuantizedProduct &product) const {
    product.weights = rules.weights;
    product.activations = rules.activations;
    product.reason = reasonOf(product);
  }

private:
  std::string reasonOf(QuantizedProduct &product) const {
    ir::WeightOp weight = weightAt(product.op, product.weight);
    if (!weight)
      return "no operand is a weight";
    product.name = weight.getName().str();
    const RankedTensorType type = typeOf(weight.getResult());
    const Type element = type.getElementType();
    product.bytesBefore = static_cast<std::size_t>(type.getNumElements()) *
                          llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    product.bytesAfter = product.bytesBefore;
    if (!element.isF32() && !element.isF16() && !element.isBF16())
      return "its elements are neither f32, f16 nor bf16";
    for (Operation *user : users.at(product.name)) {
      QuantizedProduct other;
      if (!describe(user, other))
        return "it is read by " + placeOf(user) + ", too";
      if (other.summed != product.summed || other.weight != product.weight)
        return "products read it in several ways";
    }
    for (float value : toFloats(weights(product.name)))
      if (!std::isfinite(value))
        return "an element is not finite";
    return chooseBits(product, type);
  }

  /// int4 where blocks fit; a reason where even int8 is no gain.
  std::string chooseBits(QuantizedProduct &product,
                         RankedTensorType type) const {
    std::int64_t depth = 1;
    bool together = !product.summed.empty();
    for (auto [i, dim] : llvm::enumerate(product.summed)) {
      depth *= type.getDimSize(static_cast<unsigned>(dim));
      together &= dim == product.summed[0] + static_cast<std::int64_t>(i);
    }
    if (product.weights == WeightBits::Four &&
        (!together || depth % quantBlock != 0))
      product.weights = WeightBits::Eight;
    const std::size_t elements =
        static_cast<std::size_t>(type.getNumElements());
    const bool four = product.weights == WeightBits::Four;
    const std::size_t scales =
        elements / static_cast<std::size_t>(
                       std::max<std::int64_t>(1, four ? quantBlock : depth));
    product.bytesAfter = (four ? elements / 2 : elements) + 4 * scales;
    if (product.bytesAfter >= product.bytesBefore) {
      product.bytesAfter = product.bytesBefore;
      return "its scales would take what 8 bits save";
    }
    // Sums of products of two i8 are exact in i32.
    constexpr std::int64_t deepest = INT32_MAX / (128 * 127);
    product.activations &= !four && depth <= deepest;
    return "";
  }

  const QuantizeRules &rules;
  const eager::WeightLookup &weights;
  std::map<std::string, std::vector<Operation *>> users;
};

//===----------------------------------------------------------------------===//
// The new ops
//===----------------------------------------------------------------------===//

class Rewriter {
public:
  Rewriter(ModuleOp module, const eager::WeightLookup &weights)
      : b(module.getContext()), loc(module.getLoc()), weights(weights) {
    module.walk([&](ir::WeightOp op) { names.insert(op.getName().str()); });
  }

  void rewrite(QuantizedProduct &product);
  io::NamedArrays finish(ModuleOp module);

private:
  /// A weight's arrays under names that are free.
  struct Stored {
    std::string values, scales;
  };
  const Stored &store(QuantizedProduct &product);
  Value weight(const std::string &name);
  Value convert(Value x, Type element,
                ir::ConvertMode mode = ir::ConvertMode::Truncate) {
    auto type = RankedTensorType::get(typeOf(x).getShape(), element);
    return x.getType() == type
               ? x
               : b.createOrFold<ir::ConvertOp>(loc, type, mode, x);
  }
  Value broadcast(Value x, ArrayRef<std::int64_t> dims,
                  ArrayRef<std::int64_t> shape) {
    auto type = RankedTensorType::get(shape, typeOf(x).getElementType());
    return b.createOrFold<ir::BroadcastOp>(loc, type, x,
                                           b.getDenseI64ArrayAttr(dims));
  }
  Value splat(Type like, double value) {
    auto type = cast<RankedTensorType>(like);
    Attribute element =
        isa<FloatType>(type.getElementType())
            ? Attribute(b.getFloatAttr(type.getElementType(), value))
            : Attribute(b.getIntegerAttr(type.getElementType(),
                                         static_cast<std::int64_t>(value)));
    return b.create<ir::ConstantOp>(loc, DenseElementsAttr::get(type, element));
  }
  Value multiply(Value x, Value y) {
    return b.create<ir::MulOp>(loc, x.getType(), x, y);
  }
  /// The same product of other operands.
  Value productOf(const QuantizedProduct &product, Value x, Value w,
                  Type element);
  Value scaled(const QuantizedProduct &product, Value sums, double factor = 1);
  Value toEight(QuantizedProduct &product);
  Value toFour(QuantizedProduct &product);
  Value blocksOf(const QuantizedProduct &product, ArrayRef<std::int64_t> shape);
  Value perHalf(float low, float high, std::int64_t dim,
                ArrayRef<std::int64_t> shape);

  OpBuilder b;
  Location loc;
  const eager::WeightLookup &weights;
  std::set<std::string> names;
  std::map<std::string, Stored> stored;
  std::map<std::string, QuantizedWeight> quantized;
  io::NamedArrays made;
};

} // namespace

const Rewriter::Stored &Rewriter::store(QuantizedProduct &product) {
  auto [known, isNew] = stored.try_emplace(product.name);
  QuantizedWeight &result = quantized[product.name];
  if (isNew) {
    const eager::Array array = weights(product.name);
    result = product.weights == WeightBits::Four
                 ? quantizeToInt4(array, static_cast<int>(product.summed[0]),
                                  static_cast<int>(product.summed.size()))
                 : quantizeToInt8(array, product.kept);
    std::string scales = product.name + ".scale";
    while (!names.insert(scales).second)
      scales += '_';
    known->second = {product.name, scales};
    made.emplace_back(product.name, result.values);
    made.emplace_back(scales, result.scales);
  }
  product.signal = result.signal;
  product.noise = result.noise;
  return known->second;
}

Value Rewriter::weight(const std::string &name) {
  const eager::Array *array = io::find(made, name);
  return b.create<ir::WeightOp>(loc, eager::typeOf(b.getContext(), *array),
                                b.getStringAttr(name));
}

Value Rewriter::productOf(const QuantizedProduct &product, Value x, Value w,
                          Type element) {
  OperationState state(product.op->getLoc(), product.op->getName());
  state.addOperands(product.weight == 1 ? ValueRange{x, w} : ValueRange{w, x});
  state.addAttributes(product.op->getAttrs());
  state.addTypes(RankedTensorType::get(
      typeOf(product.op->getResult(0)).getShape(), element));
  return b.create(state)->getResult(0);
}

/// Sums times their scales times `factor`.
Value Rewriter::scaled(const QuantizedProduct &product, Value sums,
                       double factor) {
  const RankedTensorType type = typeOf(product.op->getResult(0));
  Value scales = weight(stored.at(product.name).scales);
  if (factor != 1)
    scales = multiply(scales, splat(scales.getType(), factor));
  return multiply(convert(sums, b.getF32Type()),
                  broadcast(scales, product.keptInResult, type.getShape()));
}

Value Rewriter::toEight(QuantizedProduct &product) {
  Value x = product.input(), q = weight(store(product).values);
  if (!product.activations) {
    const Type element = typeOf(x).getElementType();
    return scaled(product,
                  productOf(product, x, convert(q, element), b.getF32Type()));
  }
  Value wide = convert(x, b.getF32Type());
  Value steps = multiply(wide, splat(wide.getType(), 1 / product.inputScale));
  Value quanta = convert(steps, b.getI8Type(), ir::ConvertMode::Nearest);
  return scaled(product, productOf(product, quanta, q, b.getI32Type()),
                product.inputScale);
}

/// One number for each half of a byte, along dimension `dim` of `shape`.
Value Rewriter::perHalf(float low, float high, std::int64_t dim,
                        ArrayRef<std::int64_t> shape) {
  auto type = RankedTensorType::get({2}, b.getF32Type());
  const float both[] = {low, high};
  Value pair = b.create<ir::ConstantOp>(
      loc, DenseElementsAttr::get(type, ArrayRef<float>(both)));
  return broadcast(pair, {dim}, shape);
}

/// The weight as floats, of (.., blocks, 2, 16, ..) elements, those of the high
/// halves times 16: they are not shifted, as shifts of bytes cost most of all.
Value Rewriter::blocksOf(const QuantizedProduct &product,
                         ArrayRef<std::int64_t> shape) {
  const Stored &names = stored.at(product.name);
  const auto first = product.summed[0];
  std::vector<std::int64_t> byteDims, scaleDims;
  for (std::int64_t d = 0; d < static_cast<std::int64_t>(shape.size()); ++d) {
    if (d != first + 1)
      byteDims.push_back(d);
    if (d != first + 1 && d != first + 2)
      scaleDims.push_back(d);
  }
  auto pair =
      RankedTensorType::get({2}, b.getIntegerType(8, /*isSigned=*/false));
  const std::uint8_t masks[] = {0x0f, 0xf0};
  Value mask = b.create<ir::ConstantOp>(
      loc, DenseElementsAttr::get(pair, ArrayRef<std::uint8_t>(masks)));
  Value bytes = broadcast(weight(names.values), byteDims, shape);
  Value half = b.create<ir::AndOp>(loc, bytes.getType(), bytes,
                                   broadcast(mask, {first + 1}, shape));
  Value steps = convert(half, b.getF32Type());
  steps = b.create<ir::SubOp>(loc, steps.getType(), steps,
                              perHalf(8, 8 * 16, first + 1, shape));
  return multiply(steps, broadcast(weight(names.scales), scaleDims, shape));
}

/// Where a dot sums over one dimension, it sums over blocks, halves and bytes
/// instead, so that the weight is read as it lies.
Value Rewriter::toFour(QuantizedProduct &product) {
  store(product);
  Value x = convert(product.input(), b.getF32Type());
  const ArrayRef<std::int64_t> shape =
      typeOf(product.op->getOperand(product.weight)).getShape();
  const auto first = static_cast<std::size_t>(product.summed[0]);
  std::int64_t depth = 1;
  for (std::int64_t dim : product.summed)
    depth *= shape[static_cast<std::size_t>(dim)];
  const auto split = [&](ArrayRef<std::int64_t> from, std::size_t at,
                         std::size_t count) {
    SmallVector<std::int64_t> to(from.take_front(at));
    to.append({depth / quantBlock, 2, quantBlock / 2});
    llvm::append_range(to, from.drop_front(at + count));
    return to;
  };
  const auto blocked = split(shape, first, product.summed.size());
  Value w = blocksOf(product, blocked);
  auto reshape = [&](Value value, ArrayRef<std::int64_t> to) -> Value {
    return b.create<ir::ReshapeOp>(
        loc, RankedTensorType::get(to, typeOf(value).getElementType()), value);
  };
  auto dot = dyn_cast<ir::DotOp>(product.op);
  if (!dot || product.summed.size() != 1) {
    w = multiply(w, perHalf(1, 1.0f / 16, product.summed[0] + 1, blocked));
    return productOf(product, x, reshape(w, shape), b.getF32Type());
  }

  const bool right = product.weight == 1;
  const std::int64_t xDim =
      (right ? dot.getLhsContract() : dot.getRhsContract())[0];
  Value blocks = reshape(
      x, split(typeOf(x).getShape(), static_cast<std::size_t>(xDim), 1));
  blocks = multiply(blocks,
                    perHalf(1, 1.0f / 16, xDim + 1, typeOf(blocks).getShape()));
  auto summed = [&](std::int64_t dim) {
    return SmallVector<std::int64_t>{dim, dim + 1, dim + 2};
  };
  auto shifted = [](ArrayRef<std::int64_t> dims, std::int64_t after) {
    return llvm::map_to_vector(
        dims, [&](std::int64_t dim) { return dim > after ? dim + 2 : dim; });
  };
  const std::int64_t wDim = product.summed[0];
  const std::int64_t lDim = right ? xDim : wDim, rDim = right ? wDim : xDim;
  return b.create<ir::DotOp>(
      product.op->getLoc(),
      RankedTensorType::get(typeOf(dot.getResult()).getShape(), b.getF32Type()),
      right ? blocks : w, right ? w : blocks, summed(lDim), summed(rDim),
      shifted(dot.getLhsBatch(), lDim), shifted(dot.getRhsBatch(), rDim));
}

void Rewriter::rewrite(QuantizedProduct &product) {
  b.setInsertionPoint(product.op);
  loc = product.op->getLoc();
  Value old = product.op->getResult(0);
  Value y =
      product.weights == WeightBits::Four ? toFour(product) : toEight(product);
  y = convert(y, typeOf(old).getElementType());
  old.replaceAllUsesWith(y);
  product.op->erase();
  product.op = y.getDefiningOp();
}

io::NamedArrays Rewriter::finish(ModuleOp module) {
  SmallVector<ir::WeightOp> unused;
  module.walk([&](ir::WeightOp op) {
    if (op->use_empty())
      unused.push_back(op);
    else if (!io::find(made, op.getName()))
      made.emplace_back(op.getName().str(), weights(op.getName()));
  });
  for (ir::WeightOp op : unused)
    op.erase();
  return std::move(made);
}

std::vector<QuantizedProduct> findProducts(ModuleOp module,
                                           const QuantizeRules &rules,
                                           const eager::WeightLookup &weights) {
  Judge judge(module, rules, weights);
  std::vector<QuantizedProduct> products;
  module.walk([&](Operation *op) {
    QuantizedProduct product;
    if (!describe(op, product))
      return;
    judge.judge(product);
    products.push_back(std::move(product));
  });
  return products;
}

io::NamedArrays quantizeProducts(ModuleOp module,
                                 std::vector<QuantizedProduct> &products,
                                 const eager::WeightLookup &weights) {
  Rewriter rewriter(module, weights);
  for (QuantizedProduct &product : products)
    if (product.reason.empty())
      rewriter.rewrite(product);
  return rewriter.finish(module);
}

} // namespace mg::driver
