//===- GatherRules.cpp - rules of gather and scatter ----------------------===//
//
// Gather's adjoint adds; scatter's gathers. What an element of scatter's result
// owes to x and to each update is told by its mode: see `Partials`.
//
//===----------------------------------------------------------------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

/// Both ops with the batch as one more paired dimension.
static FailureOr<SmallVector<Mapped>>
batchPaired(Operation *op, ArrayRef<int64_t> dims, int64_t paired,
            RuleBuilder &r, ArrayRef<Mapped> operands) {
  SmallVector<Value> values;
  for (const Mapped &operand : operands)
    values.push_back(r.mapped(operand));
  NamedAttrList attributes(op->getAttrs());
  for (NamedAttribute changed :
       {r.attribute("dims", RuleBuilder::shifted(dims)),
        r.attribute("batch_dims", paired + 1)})
    attributes.set(changed.getName(), changed.getValue());
  return SmallVector<Mapped>{
      {r.make(op->getName().stripDialect(), values, attributes), true}};
}

static Value scatter(RuleBuilder &r, ScatterMode mode, Value x, Value indices,
                     Value updates, ArrayRef<int64_t> dims, int64_t paired,
                     bool unique) {
  auto kind = ScatterModeAttr::get(r.getBuilder().getContext(), mode);
  SmallVector<NamedAttribute> attributes{r.attribute("mode", Attribute(kind)),
                                         r.attribute("dims", dims),
                                         r.attribute("batch_dims", paired)};
  if (unique)
    attributes.push_back(r.flag("unique"));
  return r.make("scatter", {x, indices, updates}, attributes);
}

static Value gather(RuleBuilder &r, Value x, Value indices,
                    ArrayRef<int64_t> dims, int64_t paired) {
  return r.make("gather", {x, indices},
                {r.attribute("dims", dims), r.attribute("batch_dims", paired)});
}

//===--- gather ---------------------------------------------------------===//

LogicalResult GatherOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                            MutableArrayRef<Value> gradients) {
  gradients[0] =
      scatter(r, ScatterMode::Add, r.zeros(getX().getType()), getIndices(),
              cotangents[0], getDims(), getBatchDims(), /*unique=*/false);
  return success();
}

LogicalResult GatherOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                            MutableArrayRef<Value> results) {
  results[0] = gather(r, tangents[0], getIndices(), getDims(), getBatchDims());
  return success();
}

FailureOr<SmallVector<Mapped>> GatherOp::batch(RuleBuilder &r,
                                               ArrayRef<Mapped> operands) {
  if (operands[0].isMapped || getBatchDims() > 0)
    return batchPaired(*this, getDims(), getBatchDims(), r, operands);
  // The batch is one more outer dimension of the indices.
  return SmallVector<Mapped>{
      {gather(r, operands[0].value, operands[1].value, getDims(), 0), true}};
}

//===--- scatter --------------------------------------------------------===//

/// `from` at the places of the updates.
static Value gatherAt(RuleBuilder &r, ScatterOp op, Value from) {
  return gather(r, from, op.getIndices(), op.getDims(), op.getBatchDims());
}

/// As `op`, of other values.
static Value scatterAs(RuleBuilder &r, ScatterOp op, ScatterMode mode, Value x,
                       Value updates) {
  return scatter(r, mode, x, op.getIndices(), updates, op.getDims(),
                 op.getBatchDims(), op.getUnique());
}

namespace {

/// The derivative of an element of the result: `factor` where `mask` holds,
/// else 0. Null: 1, everywhere.
struct Partial {
  Value mask, factor;

  Value times(RuleBuilder &r, Value g) const {
    if (g && factor)
      g = r.mul(g, factor);
    return g && mask ? r.where(mask, g) : g;
  }
};

struct Partials {
  /// With respect to the same element of x.
  Partial x;
  /// With respect to each update of the element.
  Partial updates;
};

} // namespace

/// True for the updates that `set` keeps: the last one in row-major order of
/// those with the same index.
static Value lastWriters(RuleBuilder &r, ScatterOp op) {
  ArrayRef<int64_t> lead = shape(op.getIndices()).drop_back();
  const auto paired = static_cast<int64_t>(op.getBatchDims());
  SmallVector<int64_t> slots(shape(op.getX()).take_front(paired)), dims;
  for (int64_t dim : op.getDims()) {
    dims.push_back(slots.size());
    slots.push_back(shape(op.getX())[dim]);
  }
  auto i64 = r.getBuilder().getI64Type();
  int64_t count = 1;
  for (int64_t size : lead)
    count *= size;
  Value number =
      r.reshape(r.iota(RankedTensorType::get({count}, i64), 0), lead);
  Value written =
      scatter(r, ScatterMode::Set, r.zeros(RankedTensorType::get(slots, i64)),
              op.getIndices(), number, dims, paired, false);
  Value last = r.compare(
      Direction::EQ, gather(r, written, op.getIndices(), dims, paired), number);
  return r.broadcast(last, llvm::to_vector(llvm::seq<int64_t>(0, lead.size())),
                     shape(op.getUpdates()));
}

/// For each update, the product of x and of all other updates of its element.
/// Zeros are counted, not divided by.
static Value productOfOthers(RuleBuilder &r, ScatterOp op) {
  if (op.getUnique())
    return gatherAt(r, op, op.getX());
  Value u = op.getUpdates(), one = r.one(u);
  Value isZero = r.compare(Direction::EQ, u, r.like(u, 0));
  Value nonZero = r.select(isZero, one, u), own = r.where(isZero, one);
  Value zeros = gatherAt(
      r, op, scatterAs(r, op, ScatterMode::Add, r.like(op.getX(), 0), own));
  Value product =
      gatherAt(r, op, scatterAs(r, op, ScatterMode::Mul, op.getX(), nonZero));
  Value noOther = r.compare(Direction::EQ, zeros, own);
  return r.where(noOther, r.div(product, nonZero));
}

/// All that are equal to the result share the derivative.
static Partials extremum(RuleBuilder &r, ScatterOp op) {
  Value x = r.compare(Direction::EQ, op.getX(), op.getResult());
  Value updates = r.compare(Direction::EQ, op.getUpdates(),
                            gatherAt(r, op, op.getResult()));
  Value count = scatterAs(r, op, ScatterMode::Add, r.where(x, r.one(op.getX())),
                          r.where(updates, r.one(op.getUpdates())));
  Value share = r.div(r.one(count), count);
  return {{x, share}, {updates, gatherAt(r, op, share)}};
}

static Partials partialsOf(RuleBuilder &r, ScatterOp op) {
  switch (op.getMode()) {
  case ScatterMode::Add:
    return {};
  case ScatterMode::Set: // of x, only what no update hides: `vjp` sees to it
    return {{}, {op.getUnique() ? Value() : lastWriters(r, op), {}}};
  case ScatterMode::Mul:
    return {
        {{},
         scatterAs(r, op, ScatterMode::Mul, r.one(op.getX()), op.getUpdates())},
        {{}, productOfOthers(r, op)}};
  case ScatterMode::Min:
  case ScatterMode::Max:
    return extremum(r, op);
  }
  llvm_unreachable("every mode is above");
}

LogicalResult ScatterOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                             MutableArrayRef<Value> gradients) {
  Value g = cotangents[0];
  auto [x, updates] = partialsOf(r, *this);
  gradients[0] =
      getMode() == ScatterMode::Set
          ? scatterAs(r, *this, getMode(), g, r.like(getUpdates(), 0))
          : x.times(r, g);
  gradients[2] = updates.times(r, gatherAt(r, *this, g));
  return success();
}

LogicalResult ScatterOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                             MutableArrayRef<Value> results) {
  const bool isLinear =
      getMode() == ScatterMode::Add || getMode() == ScatterMode::Set;
  auto [x, updates] = isLinear ? Partials() : partialsOf(r, *this);
  Value tx = r.materialize(x.times(r, tangents[0]), getX().getType());
  Value tu =
      r.materialize(updates.times(r, tangents[2]), getUpdates().getType());
  results[0] =
      scatterAs(r, *this, isLinear ? getMode() : ScatterMode::Add, tx, tu);
  return success();
}

FailureOr<SmallVector<Mapped>> ScatterOp::batch(RuleBuilder &r,
                                                ArrayRef<Mapped> operands) {
  return batchPaired(*this, getDims(), getBatchDims(), r, operands);
}
