//===- SortingRules.cpp - rules of sort and topk --------------------------===//
//
// Tangents and cotangents move as the elements did: by the indices that topk
// answers, and those that follow the keys through a sort.
//
//===----------------------------------------------------------------------===//
#include "ir/Ops.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace mlir::mg;

//===--- moving along a dimension ---------------------------------------===//

/// All other dimensions, then `dim`: what gather and scatter take as paired.
static SmallVector<int64_t> withLast(int64_t rank, int64_t dim) {
  SmallVector<int64_t> perm;
  for (int64_t i = 0; i < rank; ++i)
    if (i != dim)
      perm.push_back(i);
  perm.push_back(dim);
  return perm;
}

/// Gathers from x, or scatters `updates` into it, where `indices` count along
/// `dim` and all other dimensions are paired.
static Value along(RuleBuilder &r, StringRef mnemonic, Value x, Value indices,
                   Value updates, int64_t dim) {
  const auto rank = static_cast<int64_t>(shape(x).size());
  auto perm = withLast(rank, dim);
  auto row = [&](Value value) { return r.transpose(value, perm); };
  Value places = row(indices);
  SmallVector<int64_t> vectors(shape(places));
  vectors.push_back(1);
  SmallVector<Value> operands{row(x), r.reshape(places, vectors)};
  SmallVector<NamedAttribute> attributes{
      r.attribute("dims", ArrayRef{rank - 1}),
      r.attribute("batch_dims", rank - 1)};
  if (updates) {
    auto set =
        ScatterModeAttr::get(r.getBuilder().getContext(), ScatterMode::Set);
    operands.push_back(row(updates));
    attributes.push_back(r.attribute("mode", Attribute(set)));
    attributes.push_back(r.flag("unique"));
  }
  return r.transpose(r.make(mnemonic, operands, attributes),
                     invertPermutationVector(perm));
}

/// x[.., indices[.., i, ..], ..] along `dim`.
static Value takeAlong(RuleBuilder &r, Value x, Value indices, int64_t dim) {
  return along(r, "gather", x, indices, {}, dim);
}

/// Zeros of `type`, with `updates` at `indices` along `dim`, none twice.
static Value putAlong(RuleBuilder &r, Type type, Value indices, Value updates,
                      int64_t dim) {
  return along(r, "scatter", r.zeros(type), indices, updates, dim);
}

/// The op one dimension further back.
static FailureOr<SmallVector<Mapped>> batchAlong(Operation *op, int64_t dim,
                                                 RuleBuilder &r,
                                                 ArrayRef<Mapped> operands) {
  SmallVector<Value> values;
  for (const Mapped &operand : operands)
    values.push_back(r.mapped(operand));
  NamedAttrList attributes(op->getAttrs());
  attributes.set("dim", r.attribute("dim", dim + 1).getValue());
  SmallVector<Type> wanted;
  for (Value result : op->getResults())
    wanted.push_back(tensorType(result).clone(
        RuleBuilder::prepended(r.batchSize(), shape(result))));
  SmallVector<Mapped> results;
  for (Value result :
       r.makeAll(op->getName().stripDialect(), values, attributes, wanted))
    results.push_back({result, true});
  return results;
}

//===--- sort -----------------------------------------------------------===//

/// Where each element of the results was.
static Value placesOf(RuleBuilder &r, SortOp op) {
  Value keys = op.getXs().front();
  const auto dim = static_cast<int64_t>(op.getDim());
  auto index =
      r.getBuilder().getIntegerType(shape(keys)[dim] <= INT32_MAX ? 32 : 64);
  Value here = r.iota(tensorType(keys).clone(index), dim);
  return r.makeAll("sort", {keys, here}, op->getAttrs()).back();
}

LogicalResult SortOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                          MutableArrayRef<Value> gradients) {
  Value places = placesOf(r, *this);
  for (auto [gradient, g] : llvm::zip(gradients, cotangents))
    if (g)
      gradient = putAlong(r, g.getType(), places, g, getDim());
  return success();
}

LogicalResult SortOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                          MutableArrayRef<Value> results) {
  Value places = placesOf(r, *this);
  for (auto [result, tangent] : llvm::zip(results, tangents))
    if (tangent)
      result = takeAlong(r, tangent, places, getDim());
  return success();
}

FailureOr<SmallVector<Mapped>> SortOp::batch(RuleBuilder &r,
                                             ArrayRef<Mapped> operands) {
  return batchAlong(*this, getDim(), r, operands);
}

//===--- topk -----------------------------------------------------------===//

LogicalResult TopKOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                          MutableArrayRef<Value> gradients) {
  if (Value g = cotangents[0])
    gradients[0] = putAlong(r, getX().getType(), getIndices(), g, getDim());
  return success();
}

LogicalResult TopKOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                          MutableArrayRef<Value> results) {
  if (tangents[0])
    results[0] = takeAlong(r, tangents[0], getIndices(), getDim());
  return success();
}

FailureOr<SmallVector<Mapped>> TopKOp::batch(RuleBuilder &r,
                                             ArrayRef<Mapped> operands) {
  return batchAlong(*this, getDim(), r, operands);
}
