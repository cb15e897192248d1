//===- LowerSources.cpp - constant, iota, rng_bits to linalg --------------===//

#include "passes/Lowering.h"

#include "ir/Ops.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

#include <array>

using namespace mlir;
using namespace mlir::mg;

/// The same elements in the stored type.
static DenseElementsAttr storedElements(DenseElementsAttr value) {
  Type element = value.getElementType();
  auto stored = dyn_cast<IntegerType>(storedType(element));
  if (!stored || stored == element)
    return value;
  return cast<DenseElementsAttr>(
      value.mapValues(stored, [&](const APInt &bits) {
        return bits.zextOrTrunc(stored.getWidth());
      }));
}

/// The index of an element in row-major order.
static Value rowMajorIndex(OpBuilder &builder, Location loc,
                           ArrayRef<int64_t> shape) {
  SmallVector<Value> indices;
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t dim = shape.size(); dim-- > 1;)
    strides[dim - 1] = strides[dim] * shape[dim];
  AffineExpr linear = builder.getAffineConstantExpr(0);
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    indices.push_back(builder.create<linalg::IndexOp>(loc, dim));
    linear = linear + builder.getAffineDimExpr(dim) * strides[dim];
  }
  return affine::expandAffineExpr(builder, loc, linear, indices, {});
}

namespace {

struct LowerConstant : OpConversionPattern<ConstantOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ConstantOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto value = dyn_cast<DenseElementsAttr>(op.getValue());
    if (!value)
      return rewriter.notifyMatchFailure(op, "not dense");
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, storedElements(value));
    return success();
  }
};

struct LowerIota : OpConversionPattern<IotaOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(IotaOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto count = [&](OpBuilder &body, ValueRange) -> Value {
      Type element = op.getType().getElementType();
      Value index = body.create<linalg::IndexOp>(loc, op.getDim());
      if (!isa<FloatType>(element))
        return body.create<arith::IndexCastOp>(loc, storedType(element), index);
      Value integer =
          body.create<arith::IndexCastOp>(loc, body.getI64Type(), index);
      Value number =
          body.create<arith::SIToFPOp>(loc, computedType(element), integer);
      return storeElement(body, loc, number, element);
    };
    rewriter.replaceOp(op, createElementwise(rewriter, loc,
                                             storedTensor(op.getType()), {},
                                             count));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Random bits: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random
// numbers: as easy as 1, 2, 3", 2011). Block b of four 32-bit words encrypts
// the counter (b low, b high, key[2], key[3]) with the key (key[0], key[1]).
//===----------------------------------------------------------------------===//

class Philox {
public:
  using Words = std::array<Value, 4>;

  Philox(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  /// The four words of block `block` (i64) for the key words (i32).
  Words encrypt(Value block, const Words &key) {
    Words state = {low(block), high(block), key[2], key[3]};
    Value key0 = key[0], key1 = key[1];
    for (int round = 0; round < 10; ++round) {
      state = applyRound(state, key0, key1);
      key0 = add(key0, 0x9E3779B9);
      key1 = add(key1, 0xBB67AE85);
    }
    return state;
  }

  Value low(Value word64) {
    return builder.create<arith::TruncIOp>(loc, builder.getI32Type(), word64);
  }
  Value high(Value word64) {
    Value bits = builder.create<arith::ConstantIntOp>(loc, 32, 64);
    return low(builder.create<arith::ShRUIOp>(loc, word64, bits));
  }
  Value join(Value low, Value high) {
    Type wide = builder.getI64Type();
    Value bits = builder.create<arith::ConstantIntOp>(loc, 32, 64);
    Value upper = builder.create<arith::ShLIOp>(
        loc, builder.create<arith::ExtUIOp>(loc, wide, high), bits);
    Value lower = builder.create<arith::ExtUIOp>(loc, wide, low);
    return builder.create<arith::OrIOp>(loc, upper, lower);
  }

private:
  Words applyRound(const Words &state, Value key0, Value key1) {
    Value product0 = multiply(state[0], 0xD2511F53);
    Value product1 = multiply(state[2], 0xCD9E8D57);
    return {exclusiveOr(exclusiveOr(high(product1), state[1]), key0),
            low(product1),
            exclusiveOr(exclusiveOr(high(product0), state[3]), key1),
            low(product0)};
  }
  Value exclusiveOr(Value a, Value b) {
    return builder.create<arith::XOrIOp>(loc, a, b);
  }
  Value add(Value word, uint32_t constant) {
    return builder.create<arith::AddIOp>(
        loc, word, builder.create<arith::ConstantIntOp>(loc, constant, 32));
  }
  Value multiply(Value word, uint32_t constant) {
    Value wide =
        builder.create<arith::ExtUIOp>(loc, builder.getI64Type(), word);
    return builder.create<arith::MulIOp>(
        loc, wide, builder.create<arith::ConstantIntOp>(loc, constant, 64));
  }

  OpBuilder &builder;
  Location loc;
};

/// The entry of `choices` that `index` (i64, in range) names.
static Value choose(OpBuilder &builder, Location loc, Value index,
                    ArrayRef<Value> choices) {
  Value chosen = choices[0];
  for (size_t i = 1; i < choices.size(); ++i) {
    Value here = builder.create<arith::CmpIOp>(
        loc, arith::CmpIPredicate::eq, index,
        builder.create<arith::ConstantIntOp>(loc, i, 64));
    chosen = builder.create<arith::SelectOp>(loc, here, choices[i], chosen);
  }
  return chosen;
}

/// Element `index` (i64) of the stream of `key`, as u32 or u64.
static Value randomElement(OpBuilder &builder, Location loc, Value index,
                           const Philox::Words &key, bool wide) {
  Philox philox(builder, loc);
  auto constant = [&](int64_t value) {
    return builder.create<arith::ConstantIntOp>(loc, value, 64);
  };
  Value block =
      builder.create<arith::ShRUIOp>(loc, index, constant(wide ? 1 : 2));
  Value place =
      builder.create<arith::AndIOp>(loc, index, constant(wide ? 1 : 3));
  Philox::Words words = philox.encrypt(block, key);
  if (!wide)
    return choose(builder, loc, place, words);
  return choose(
      builder, loc, place,
      {philox.join(words[0], words[1]), philox.join(words[2], words[3])});
}

struct LowerRngBits : OpConversionPattern<RngBitsOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(RngBitsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    RankedTensorType result = storedTensor(op.getType());
    auto key = cast<RankedTensorType>(adaptor.getKey().getType());
    SmallVector<Access> inputs;
    for (int64_t i = 0; i < key.getNumElements(); ++i)
      inputs.push_back({adaptor.getKey(),
                        AffineMap::get(result.getRank(), 0,
                                       rewriter.getAffineConstantExpr(i))});
    auto body = [&](OpBuilder &builder, ValueRange parts) -> Value {
      Value index = builder.create<arith::IndexCastOp>(
          loc, builder.getI64Type(),
          rowMajorIndex(builder, loc, result.getShape()));
      return randomElement(builder, loc, index, keyWords(builder, loc, parts),
                           result.getElementType().isInteger(64));
    };
    rewriter.replaceOp(op,
                       createElementwise(rewriter, loc, result, inputs, body));
    return success();
  }

private:
  /// A key is four words, or two pairs of them, low word first.
  static Philox::Words keyWords(OpBuilder &builder, Location loc,
                                ValueRange parts) {
    if (parts.size() == 4)
      return {parts[0], parts[1], parts[2], parts[3]};
    Philox philox(builder, loc);
    return {philox.low(parts[0]), philox.high(parts[0]), philox.low(parts[1]),
            philox.high(parts[1])};
  }
};

} // namespace

void mg::populateSources(RewritePatternSet &patterns,
                         const TensorLowering &types) {
  patterns.add<LowerConstant, LowerIota, LowerRngBits>(types,
                                                       patterns.getContext());
}
