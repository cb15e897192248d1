//===- ViewRules.cpp - derivatives and batching of views ------------------===//
//
// A view is linear: its tangent is the same view of the tangent. A cotangent
// goes back to the elements that were seen, and adds up where one was seen
// more than once.
//
//===----------------------------------------------------------------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

static LogicalResult viewTangent(Operation *view, RuleBuilder &r,
                                 ArrayRef<Value> tangents,
                                 MutableArrayRef<Value> results) {
  if (tangents[0])
    results[0] = r.make(view->getName().stripDialect(), tangents[0],
                        view->getAttrs(), view->getResultTypes());
  return success();
}

/// The view of a mapped operand, with attributes that know of the batch.
static SmallVector<Mapped> mappedView(Operation *view, RuleBuilder &r,
                                      ArrayRef<Mapped> operands,
                                      ArrayRef<NamedAttribute> changed = {}) {
  NamedAttrList attributes(view->getAttrs());
  for (NamedAttribute attribute : changed)
    attributes.set(attribute.getName(), attribute.getValue());
  Value result = view->getResult(0);
  Type type = tensorType(result).clone(
      RuleBuilder::prepended(r.batchSize(), shape(result)));
  return {{r.make(view->getName().stripDialect(), operands[0].value, attributes,
                  type),
           true}};
}

/// `dims`, one further back, behind `first`.
static SmallVector<int64_t> behind(int64_t first, ArrayRef<int64_t> dims) {
  return RuleBuilder::prepended(first, RuleBuilder::shifted(dims));
}

//===--- reshape --------------------------------------------------------===//

LogicalResult ReshapeOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                             MutableArrayRef<Value> gradients) {
  gradients[0] = r.reshape(cotangents[0], shape(getX()));
  return success();
}
LogicalResult ReshapeOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                             MutableArrayRef<Value> results) {
  return viewTangent(*this, r, tangents, results);
}
FailureOr<SmallVector<Mapped>> ReshapeOp::batch(RuleBuilder &r,
                                                ArrayRef<Mapped> operands) {
  return mappedView(*this, r, operands);
}

//===--- transpose ------------------------------------------------------===//

LogicalResult TransposeOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                               MutableArrayRef<Value> gradients) {
  SmallVector<int64_t> inverse(getPerm().size());
  for (auto [to, from] : llvm::enumerate(getPerm()))
    inverse[from] = to;
  gradients[0] = r.transpose(cotangents[0], inverse);
  return success();
}
LogicalResult TransposeOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                               MutableArrayRef<Value> results) {
  return viewTangent(*this, r, tangents, results);
}
FailureOr<SmallVector<Mapped>> TransposeOp::batch(RuleBuilder &r,
                                                  ArrayRef<Mapped> operands) {
  return mappedView(*this, r, operands,
                    r.attribute("perm", behind(0, getPerm())));
}

//===--- broadcast ------------------------------------------------------===//

LogicalResult BroadcastOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                               MutableArrayRef<Value> gradients) {
  ArrayRef<int64_t> from = shape(getX()), to = shape(getResult());
  // The dimensions that were not repeated, in the operand's order.
  SmallVector<int64_t> kept;
  for (auto [size, dim] : llvm::zip(from, getDims()))
    if (size == to[dim])
      kept.push_back(dim);
  SmallVector<int64_t> repeated, order;
  for (int64_t dim : llvm::seq<int64_t>(to.size()))
    if (!llvm::is_contained(kept, dim))
      repeated.push_back(dim);
  for (int64_t dim : kept)
    order.push_back(llvm::count_if(kept, [&](int64_t k) { return k < dim; }));
  Value sum = r.sum(cotangents[0], repeated);
  gradients[0] = r.reshape(r.transpose(sum, order), from);
  return success();
}
LogicalResult BroadcastOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                               MutableArrayRef<Value> results) {
  return viewTangent(*this, r, tangents, results);
}
FailureOr<SmallVector<Mapped>> BroadcastOp::batch(RuleBuilder &r,
                                                  ArrayRef<Mapped> operands) {
  return mappedView(*this, r, operands,
                    r.attribute("dims", behind(0, getDims())));
}

//===--- slice ----------------------------------------------------------===//

LogicalResult SliceOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                           MutableArrayRef<Value> gradients) {
  SmallVector<int64_t> after, between;
  for (auto [size, taken, lo, step] :
       llvm::zip(shape(getX()), shape(getResult()), getLo(), getStep())) {
    int64_t extent = taken ? (taken - 1) * step + 1 : 0;
    after.push_back(size - lo - extent);
    between.push_back(step - 1);
  }
  Value zero =
      r.zeros(RankedTensorType::get({}, tensorType(getX()).getElementType()));
  gradients[0] = r.pad(cotangents[0], zero, getLo(), after, between);
  return success();
}
LogicalResult SliceOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                           MutableArrayRef<Value> results) {
  return viewTangent(*this, r, tangents, results);
}
FailureOr<SmallVector<Mapped>> SliceOp::batch(RuleBuilder &r,
                                              ArrayRef<Mapped> operands) {
  return mappedView(*this, r, operands,
                    {r.attribute("lo", r.prepended(0, getLo())),
                     r.attribute("hi", r.prepended(r.batchSize(), getHi())),
                     r.attribute("step", r.prepended(1, getStep()))});
}

//===--- reverse --------------------------------------------------------===//

LogicalResult ReverseOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                             MutableArrayRef<Value> gradients) {
  gradients[0] = r.make("reverse", cotangents[0], (*this)->getAttrs());
  return success();
}
LogicalResult ReverseOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                             MutableArrayRef<Value> results) {
  return viewTangent(*this, r, tangents, results);
}
FailureOr<SmallVector<Mapped>> ReverseOp::batch(RuleBuilder &r,
                                                ArrayRef<Mapped> operands) {
  return mappedView(*this, r, operands,
                    r.attribute("dims", r.shifted(getDims())));
}

//===--- unfold ---------------------------------------------------------===//

LogicalResult UnfoldOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                            MutableArrayRef<Value> gradients) {
  gradients[0] =
      r.make("fold", cotangents[0], (*this)->getAttrs(), getX().getType());
  return success();
}
LogicalResult UnfoldOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                            MutableArrayRef<Value> results) {
  return viewTangent(*this, r, tangents, results);
}
FailureOr<SmallVector<Mapped>> UnfoldOp::batch(RuleBuilder &r,
                                               ArrayRef<Mapped> operands) {
  return mappedView(*this, r, operands,
                    r.attribute("dims", r.shifted(getDims())));
}

//===--- diagonal -------------------------------------------------------===//

/// The cotangent lies along the shorter of both dimensions, is repeated along
/// the other one, and stays where the indices are equal.
LogicalResult DiagonalOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                              MutableArrayRef<Value> gradients) {
  ArrayRef<int64_t> sizes = shape(getX());
  int64_t dim0 = getDim0(), dim1 = getDim1();
  SmallVector<int64_t> dims;
  for (int64_t dim : llvm::seq<int64_t>(sizes.size()))
    if (dim != dim0 && dim != dim1)
      dims.push_back(dim);
  dims.push_back(sizes[dim0] <= sizes[dim1] ? dim0 : dim1);
  Type index = tensorType(getX()).clone(r.getBuilder().getI64Type());
  Value isDiagonal =
      r.compare(Direction::EQ, r.iota(index, dim0), r.iota(index, dim1));
  gradients[0] = r.where(isDiagonal, r.broadcast(cotangents[0], dims, sizes));
  return success();
}
LogicalResult DiagonalOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                              MutableArrayRef<Value> results) {
  return viewTangent(*this, r, tangents, results);
}
FailureOr<SmallVector<Mapped>> DiagonalOp::batch(RuleBuilder &r,
                                                 ArrayRef<Mapped> operands) {
  return mappedView(*this, r, operands,
                    {r.attribute("dim0", int64_t(getDim0() + 1)),
                     r.attribute("dim1", int64_t(getDim1() + 1))});
}
