//===- IndexingRules.cpp - rules of ops that move elements ----------------===//
//
// All of them are linear in what they move: a cotangent goes back the way that
// its element came. Gather and scatter are in GatherRules.cpp.
//
//===----------------------------------------------------------------------===//
#include "ir/Ops.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace mlir::mg;

static SmallVector<int64_t> fill(size_t count, int64_t value) {
  return SmallVector<int64_t>(count, value);
}

//===--- pad ------------------------------------------------------------===//

/// True where the result shows the padding value.
static Value paddingMask(RuleBuilder &r, PadOp op) {
  Type boolean = r.getBuilder().getI1Type();
  Value inside = r.zeros(tensorType(op.getX()).clone(boolean));
  return r.pad(inside, r.splat(RankedTensorType::get({}, boolean), 1),
               op.getLo(), op.getHi(), op.getInterior());
}

/// What `op` did to its operand, undone: zeros where it cut elements off.
static Value unpad(RuleBuilder &r, PadOp op, Value g) {
  SmallVector<int64_t> lo, hi, step;
  bool cuts = false;
  for (auto [before, after, interior] :
       llvm::zip(op.getLo(), op.getHi(), op.getInterior())) {
    lo.push_back(-before);
    hi.push_back(-after);
    step.push_back(interior + 1);
    cuts |= before < 0 || after < 0;
  }
  SmallVector<int64_t> first(op.getLo()), last(shape(g));
  if (cuts) {
    Value zero = r.zeros(op.getValue().getType());
    g = r.pad(g, zero, lo, hi, fill(lo.size(), 0));
    first = fill(lo.size(), 0);
    last = SmallVector<int64_t>(shape(g));
  } else {
    for (auto [end, after] : llvm::zip(last, op.getHi()))
      end -= after;
  }
  return r.slice(g, first, last, step);
}

LogicalResult PadOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                         MutableArrayRef<Value> gradients) {
  Value g = cotangents[0];
  gradients[0] = unpad(r, *this, g);
  auto all = llvm::to_vector(llvm::seq<int64_t>(0, getLo().size()));
  gradients[1] = r.sum(r.where(paddingMask(r, *this), g), all);
  return success();
}

LogicalResult PadOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                         MutableArrayRef<Value> results) {
  results[0] = r.pad(r.materialize(tangents[0], getX().getType()),
                     r.materialize(tangents[1], getValue().getType()), getLo(),
                     getHi(), getInterior());
  return success();
}

FailureOr<SmallVector<Mapped>> PadOp::batch(RuleBuilder &r,
                                            ArrayRef<Mapped> operands) {
  auto [x, value] = std::pair(operands[0], operands[1]);
  auto padded = [&](Value with) {
    return r.pad(r.mapped(x), with, RuleBuilder::prepended(0, getLo()),
                 RuleBuilder::prepended(0, getHi()),
                 RuleBuilder::prepended(0, getInterior()));
  };
  if (!value.isMapped)
    return SmallVector<Mapped>{{padded(value.value), true}};
  // A value per element: put in afterwards.
  Value inside = padded(r.zeros(getValue().getType()));
  Value mask = r.mapped({paddingMask(r, *this), false});
  Value around = r.broadcast(value.value, {0}, shape(inside));
  return SmallVector<Mapped>{{r.select(mask, around, inside), true}};
}

//===--- concat ---------------------------------------------------------===//

LogicalResult ConcatOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                            MutableArrayRef<Value> gradients) {
  Value g = cotangents[0];
  SmallVector<int64_t> lo = fill(shape(g).size(), 0), hi(shape(g));
  const int64_t dim = getDim();
  for (auto [x, gradient] : llvm::zip(getXs(), gradients)) {
    hi[dim] = lo[dim] + shape(x)[dim];
    gradient = r.slice(g, lo, hi, fill(lo.size(), 1));
    lo[dim] = hi[dim];
  }
  return success();
}

LogicalResult ConcatOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                            MutableArrayRef<Value> results) {
  SmallVector<Value> all;
  for (auto [x, tangent] : llvm::zip(getXs(), tangents))
    all.push_back(r.materialize(tangent, x.getType()));
  results[0] = r.concat(all, getDim());
  return success();
}

FailureOr<SmallVector<Mapped>> ConcatOp::batch(RuleBuilder &r,
                                               ArrayRef<Mapped> operands) {
  SmallVector<Value> all;
  for (const Mapped &operand : operands)
    all.push_back(r.mapped(operand));
  return SmallVector<Mapped>{{r.concat(all, getDim() + 1), true}};
}

//===--- fold -----------------------------------------------------------===//

LogicalResult FoldOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                          MutableArrayRef<Value> gradients) {
  gradients[0] = r.make("unfold", cotangents[0], (*this)->getAttrs());
  return success();
}

LogicalResult FoldOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                          MutableArrayRef<Value> results) {
  results[0] = r.make("fold", tangents[0], (*this)->getAttrs(), getType());
  return success();
}

FailureOr<SmallVector<Mapped>> FoldOp::batch(RuleBuilder &r,
                                             ArrayRef<Mapped> operands) {
  NamedAttrList attributes((*this)->getAttrs());
  attributes.set(
      "dims", r.attribute("dims", RuleBuilder::shifted(getDims())).getValue());
  Type wanted = getType().clone(
      RuleBuilder::prepended(r.batchSize(), shape(getResult())));
  return SmallVector<Mapped>{
      {r.make("fold", operands[0].value, attributes, wanted), true}};
}

//===--- slices at computed places --------------------------------------===//
//
// A window that starts elsewhere in each element of a batch is a gather, or a
// scatter, of the dimensions that the window does not fill.

/// The dimensions where the window is smaller than the whole.
static SmallVector<int64_t> partialDims(ArrayRef<int64_t> whole,
                                        ArrayRef<int64_t> window) {
  SmallVector<int64_t> dims;
  for (auto [i, sizes] : llvm::enumerate(llvm::zip(whole, window)))
    if (std::get<0>(sizes) != std::get<1>(sizes))
      dims.push_back(i);
  return dims;
}

/// The order in which gather puts a batch's dimensions: the batch, the indexed
/// `dims`, the others.
static SmallVector<int64_t> gatheredOrder(ArrayRef<int64_t> dims,
                                          int64_t rank) {
  SmallVector<int64_t> order =
      RuleBuilder::prepended(0, RuleBuilder::shifted(dims));
  for (int64_t dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(dims, dim))
      order.push_back(dim + 1);
  return order;
}

/// Indices of the windows' elements along `dims`: (batch, sizes.., dims). A row
/// of `starts` is a start.
static Value windowIndices(RuleBuilder &r, Value starts,
                           ArrayRef<int64_t> whole, ArrayRef<int64_t> window,
                           ArrayRef<int64_t> dims) {
  const int64_t batch = r.batchSize();
  SmallVector<int64_t> grid{batch};
  for (int64_t dim : dims)
    grid.push_back(window[dim]);
  grid.push_back(1);
  SmallVector<Value> columns;
  for (auto [i, dim] : llvm::enumerate(dims)) {
    Value first = r.slice(starts, {0, dim}, {batch, dim + 1}, {1, 1});
    Value last = r.like(first, whole[dim] - window[dim]);
    first = r.make("max", {r.make("min", {first, last}), r.like(first, 0)});
    Value offset = r.iota(tensorType(starts).clone(grid), i + 1);
    columns.push_back(
        r.add(r.broadcast(r.reshape(first, {batch}), {0}, grid), offset));
  }
  return r.concat(columns, grid.size() - 1);
}

/// A start that all elements share, in the whole batch.
static Value batchedStart(RuleBuilder &r, Value start) {
  Value zero = r.zeros(tensorType(start).clone({1}));
  return r.concat({zero, start}, 0);
}

LogicalResult DynamicSliceOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                                  MutableArrayRef<Value> gradients) {
  gradients[0] = r.make("dynamic_update_slice",
                        {r.zeros(getX().getType()), cotangents[0], getStart()});
  return success();
}

LogicalResult DynamicSliceOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                                  MutableArrayRef<Value> results) {
  results[0] =
      r.make("dynamic_slice", {tangents[0], getStart()}, (*this)->getAttrs());
  return success();
}

FailureOr<SmallVector<Mapped>>
DynamicSliceOp::batch(RuleBuilder &r, ArrayRef<Mapped> operands) {
  auto [x, start] = std::pair(operands[0], operands[1]);
  ArrayRef<int64_t> whole = shape(getX()), window = shape(getResult());
  if (!start.isMapped) {
    auto size =
        r.attribute("size", RuleBuilder::prepended(r.batchSize(), window));
    return SmallVector<Mapped>{
        {r.make("dynamic_slice", {x.value, batchedStart(r, start.value)}, size),
         true}};
  }
  SmallVector<int64_t> dims = partialDims(whole, window);
  if (dims.empty())
    return SmallVector<Mapped>{x};
  Value indices = windowIndices(r, start.value, whole, window, dims);
  Value gathered = r.make(
      "gather", {x.value, indices},
      {r.attribute("dims", x.isMapped ? RuleBuilder::shifted(dims) : dims),
       r.attribute("batch_dims", int64_t(x.isMapped))});
  auto order = gatheredOrder(dims, whole.size());
  return SmallVector<Mapped>{
      {r.transpose(gathered, invertPermutationVector(order)), true}};
}

LogicalResult DynamicUpdateSliceOp::vjp(RuleBuilder &r,
                                        ArrayRef<Value> cotangents,
                                        MutableArrayRef<Value> gradients) {
  Value g = cotangents[0], update = getUpdate();
  gradients[0] = r.make("dynamic_update_slice",
                        {g, r.zeros(update.getType()), getStart()});
  gradients[1] = r.make("dynamic_slice", {g, getStart()},
                        r.attribute("size", shape(update)));
  return success();
}

LogicalResult DynamicUpdateSliceOp::jvp(RuleBuilder &r,
                                        ArrayRef<Value> tangents,
                                        MutableArrayRef<Value> results) {
  results[0] =
      r.make("dynamic_update_slice",
             {r.materialize(tangents[0], getX().getType()),
              r.materialize(tangents[1], getUpdate().getType()), getStart()});
  return success();
}

FailureOr<SmallVector<Mapped>>
DynamicUpdateSliceOp::batch(RuleBuilder &r, ArrayRef<Mapped> operands) {
  Value x = r.mapped(operands[0]), update = r.mapped(operands[1]);
  Value start = operands[2].value;
  if (!operands[2].isMapped)
    return SmallVector<Mapped>{
        {r.make("dynamic_update_slice", {x, update, batchedStart(r, start)}),
         true}};
  ArrayRef<int64_t> whole = shape(getX()), window = shape(getUpdate());
  SmallVector<int64_t> dims = partialDims(whole, window);
  if (dims.empty())
    return SmallVector<Mapped>{{update, true}};
  auto set =
      ScatterModeAttr::get(r.getBuilder().getContext(), ScatterMode::Set);
  Value indices = windowIndices(r, start, whole, window, dims);
  Value updates = r.transpose(update, gatheredOrder(dims, whole.size()));
  return SmallVector<Mapped>{
      {r.make("scatter", {x, indices, updates},
              {r.attribute("mode", Attribute(set)),
               r.attribute("dims", RuleBuilder::shifted(dims)),
               r.attribute("batch_dims", int64_t(1)), r.flag("unique")}),
       true}};
}
