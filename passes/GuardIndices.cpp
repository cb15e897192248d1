//===- GuardIndices.cpp - Indices out of range become a status ------------===//
//
// In:    entries with ops that index by data (gather, scatter).
// Out:   such an entry has a last result, tensor<i32> with mg.status: 0, or 7
//        (MG_ERROR_ARGUMENT) if any index of any of them is out of range.
//
//          %bad = or over (indices < 0 or indices >= size)
//          return .., select(%bad, 7, 0)
//
//        A flag raised inside a loop or a branch is carried out of it.
//        As these are mg ops they fold, fuse and vectorize as all others.
// Never: touches the indices: the lowering clamps them.
//
//===----------------------------------------------------------------------===//

#include "passes/CarryOut.h"
#include "passes/Passes.h"

#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

namespace mlir::mg {
#define GEN_PASS_DEF_GUARDINDICES
#include "passes/Passes.h.inc"
} // namespace mlir::mg

/// MG_ERROR_ARGUMENT of the C ABI.
static constexpr int32_t argumentError = 7;

namespace {

/// Builds mg ops that tell whether any index vector is out of range.
class Guard {
public:
  Guard(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  /// A scalar i1 tensor. `sizes` has an entry per entry of a vector.
  Value isBad(Value indices, ArrayRef<int64_t> sizes);

private:
  Value isOutside(Value indices, int64_t size);
  Value entry(Value indices, int64_t k);
  Value any(Value flags);
  Value splat(Value like, int64_t value);
  Value compare(Direction direction, Value a, Value b);

  OpBuilder &builder;
  Location loc;
};

} // namespace

Value Guard::splat(Value like, int64_t value) {
  auto type = cast<RankedTensorType>(like.getType());
  auto element = builder.getIntegerAttr(type.getElementType(), value);
  return builder.create<ConstantOp>(loc, type,
                                    DenseElementsAttr::get(type, element));
}

Value Guard::compare(Direction direction, Value a, Value b) {
  auto type = cast<RankedTensorType>(a.getType());
  return builder.create<CompareOp>(loc, type.clone(builder.getI1Type()),
                                   direction, a, b);
}

Value Guard::isOutside(Value indices, int64_t size) {
  Value below = compare(Direction::LT, indices, splat(indices, 0));
  Value above = compare(Direction::GE, indices, splat(indices, size));
  return builder.create<OrOp>(loc, below.getType(), below, above);
}

/// Entry k of every vector, as a tensor of vectors of one.
Value Guard::entry(Value indices, int64_t k) {
  auto type = cast<RankedTensorType>(indices.getType());
  SmallVector<int64_t> lo(type.getRank(), 0), hi(type.getShape()),
      step(type.getRank(), 1), shape(type.getShape());
  lo.back() = k;
  hi.back() = k + 1;
  shape.back() = 1;
  return builder.create<SliceOp>(loc, type.clone(shape), indices, lo, hi, step);
}

Value Guard::any(Value flags) {
  auto type = cast<RankedTensorType>(flags.getType());
  SmallVector<int64_t> dims =
      llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  return builder.create<ReduceOp>(
      loc, RankedTensorType::get({}, type.getElementType()), Reduction::Or,
      flags, dims);
}

Value Guard::isBad(Value indices, ArrayRef<int64_t> sizes) {
  if (llvm::all_equal(sizes))
    return any(isOutside(indices, sizes.empty() ? 0 : sizes.front()));
  Value bad;
  for (auto [k, size] : llvm::enumerate(sizes)) {
    Value outside = isOutside(entry(indices, k), size);
    bad =
        bad ? builder.create<OrOp>(loc, bad.getType(), bad, outside) : outside;
  }
  return any(bad);
}

/// What `op`, a gather or scatter, says about its indices.
template <class OpType> static Value guard(OpBuilder &builder, OpType op) {
  auto x = cast<RankedTensorType>(op.getX().getType());
  SmallVector<int64_t> sizes;
  for (int64_t dim : op.getDims())
    sizes.push_back(x.getDimSize(dim));
  return Guard(builder, op.getLoc()).isBad(op.getIndices(), sizes);
}

/// Returns `bad` as a status, after the results that are there.
static void returnStatus(func::FuncOp entry, Value bad) {
  Operation *end = entry.getBody().front().getTerminator();
  OpBuilder builder(end);
  Location loc = bad.getLoc();
  auto type = RankedTensorType::get({}, builder.getI32Type());
  auto constant = [&](int32_t value) -> Value {
    return builder.create<ConstantOp>(loc, type,
                                      DenseElementsAttr::get(type, value));
  };
  Value status = builder.create<SelectOp>(loc, type, bad,
                                          constant(argumentError), constant(0));
  entry.insertResult(
      entry.getNumResults(), type,
      builder.getDictionaryAttr(
          {builder.getNamedAttr("mg.name", builder.getStringAttr("status")),
           builder.getNamedAttr("mg.status", builder.getUnitAttr())}));
  end->insertOperands(end->getNumOperands(), status);
}

/// Flags of bad indices: scalar i1 tensors.
static Carried carriedFlag(MLIRContext *context) {
  auto type = RankedTensorType::get({}, IntegerType::get(context, 1));
  return {type,
          [type](OpBuilder &builder, Location loc) -> Value {
            return builder.create<ConstantOp>(
                loc, type, DenseElementsAttr::get(type, false));
          },
          [type](OpBuilder &builder, Location loc, Value a, Value b) -> Value {
            return builder.create<OrOp>(loc, type, a, b);
          }};
}

namespace {

struct GuardIndices : mg::impl::GuardIndicesBase<GuardIndices> {
  void runOnOperation() override {
    if (!getOperation().isPublic() || getOperation().isExternal())
      return;
    DenseMap<Operation *, Value> flags;
    getOperation().walk([&](Operation *op) {
      OpBuilder builder(op);
      if (auto gather = dyn_cast<GatherOp>(op))
        flags[op] = guard(builder, gather);
      else if (auto scatter = dyn_cast<ScatterOp>(op))
        flags[op] = guard(builder, scatter);
    });
    if (Value bad = carryOut(getOperation().getBody().front(), flags,
                             carriedFlag(&getContext())))
      returnStatus(getOperation(), bad);
  }
};

} // namespace
