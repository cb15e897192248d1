//===- ReductionRules.cpp - rules of reductions ---------------------------===//
//
// No rule divides by an element: products of the others come from cumulative
// products, so zeros need no guard.
//
// Cumulative products and extremes are linear recurrences
//
//   s[i] = b[i] + a[i] s[i - 1]
//
// in their tangents: (a, b) of neighbours combine, so log2(n) steps do it.
//
//===----------------------------------------------------------------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

/// The op on a mapped operand.
static SmallVector<Mapped> mappedAlong(Operation *op, RuleBuilder &r,
                                       ArrayRef<Mapped> operands,
                                       NamedAttribute dims) {
  NamedAttrList attributes(op->getAttrs());
  attributes.set(dims.getName(), dims.getValue());
  Value result = op->getResult(0);
  Type type = tensorType(result).clone(
      RuleBuilder::prepended(r.batchSize(), shape(result)));
  return {{r.make(op->getName().stripDialect(), operands[0].value, attributes,
                  type),
           true}};
}

static Value cumulative(RuleBuilder &r, Reduction kind, Value x, int64_t dim,
                        bool exclusive = false, bool reverse = false) {
  auto kindAttribute = ReductionAttr::get(r.getBuilder().getContext(), kind);
  SmallVector<NamedAttribute> attributes = {r.attribute("kind", kindAttribute),
                                            r.attribute("dim", dim)};
  if (exclusive)
    attributes.push_back(r.flag("exclusive"));
  if (reverse)
    attributes.push_back(r.flag("reverse"));
  return r.make("cumulative", x, attributes);
}

//===----------------------------------------------------------------------===//
// Reduce
//===----------------------------------------------------------------------===//

/// The dimensions of `op`'s operand that its result has.
static SmallVector<int64_t> keptDims(ReduceOp op) {
  SmallVector<int64_t> kept;
  for (int64_t dim : llvm::seq<int64_t>(shape(op.getX()).size()))
    if (!llvm::is_contained(op.getDims(), dim))
      kept.push_back(dim);
  return kept;
}

/// A value of the result's type, as often as elements were reduced to it.
static Value spread(ReduceOp op, RuleBuilder &r, Value y) {
  return r.broadcast(y, keptDims(op), shape(op.getX()));
}

/// For each element, the product of the others that it was reduced with.
static Value productOfOthers(ReduceOp op, RuleBuilder &r) {
  Value x = op.getX();
  // The reduced dimensions as one, at the end.
  SmallVector<int64_t> order = keptDims(op);
  size_t last = order.size();
  order.append(op.getDims().begin(), op.getDims().end());
  SmallVector<int64_t> inverse(order.size()), ordered, flat;
  for (auto [to, from] : llvm::enumerate(order)) {
    inverse[from] = to;
    ordered.push_back(shape(x)[from]);
  }
  flat.assign(ordered.begin(), ordered.begin() + last);
  flat.push_back(
      ShapedType::getNumElements(ArrayRef(ordered).drop_front(last)));
  Value row = r.reshape(r.transpose(x, order), flat);
  Value before = cumulative(r, Reduction::Prod, row, last, /*exclusive=*/true);
  Value after = cumulative(r, Reduction::Prod, row, last, /*exclusive=*/true,
                           /*reverse=*/true);
  return r.transpose(r.reshape(r.mul(before, after), ordered), inverse);
}

/// `g` times the derivative of the result by each element. That of an extreme
/// is shared by all elements that are equal to it.
static Value scaledByPartials(ReduceOp op, RuleBuilder &r, Value g) {
  if (op.getKind() == Reduction::Sum)
    return g;
  if (op.getKind() == Reduction::Prod)
    return r.mul(g, productOfOthers(op, r));
  Type element = tensorType(g).getElementType();
  Value wins = r.compare(Direction::EQ, op.getX(), spread(op, r, op));
  // Halves cannot count far.
  Type wide = element.getIntOrFloatBitWidth() < 32
                  ? Type(r.getBuilder().getF32Type())
                  : element;
  Value count = r.sum(r.convert(wins, wide), op.getDims());
  Value share = r.div(r.convert(g, wide), spread(op, r, count));
  return r.where(wins, r.convert(share, element));
}

LogicalResult ReduceOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                            MutableArrayRef<Value> gradients) {
  gradients[0] = scaledByPartials(*this, r, spread(*this, r, cotangents[0]));
  return success();
}
LogicalResult ReduceOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                            MutableArrayRef<Value> results) {
  if (tangents[0])
    results[0] = r.sum(scaledByPartials(*this, r, tangents[0]), getDims());
  return success();
}
FailureOr<SmallVector<Mapped>> ReduceOp::batch(RuleBuilder &r,
                                               ArrayRef<Mapped> operands) {
  return mappedAlong(*this, r, operands,
                     r.attribute("dims", r.shifted(getDims())));
}

FailureOr<SmallVector<Mapped>> ArgReduceOp::batch(RuleBuilder &r,
                                                  ArrayRef<Mapped> operands) {
  return mappedAlong(*this, r, operands,
                     r.attribute("dim", int64_t(getDim() + 1)));
}

//===----------------------------------------------------------------------===//
// Cumulative
//===----------------------------------------------------------------------===//

namespace {
/// Operations along the dimension of a cumulative op, from its beginning: the
/// end where it is a reverse one.
class Along {
public:
  Along(CumulativeOp op, RuleBuilder &r)
      : r(r), dim(op.getDim()), isReverse(op.getReverse()) {}

  /// Element i is x's element i - distance, or 0.
  Value shift(Value x, int64_t distance);
  /// s[i] = b[i] + a[i] s[i - 1], or s[i + 1] where it goes `back`.
  Value recur(Value a, Value b, bool back = false);

private:
  RuleBuilder &r;
  int64_t dim;
  bool isReverse;
};
} // namespace

Value Along::shift(Value x, int64_t distance) {
  int64_t rank = shape(x).size();
  SmallVector<int64_t> lo(rank), hi(rank), interior(rank);
  lo[dim] = isReverse ? -distance : distance;
  hi[dim] = -lo[dim];
  Type scalar = RankedTensorType::get({}, tensorType(x).getElementType());
  return r.pad(x, r.zeros(scalar), lo, hi, interior);
}

Value Along::recur(Value a, Value b, bool back) {
  int64_t size = shape(a)[dim];
  for (int64_t distance = 1; distance < size; distance *= 2) {
    int64_t way = back ? -distance : distance;
    b = r.add(b, r.mul(a, shift(b, way)));
    a = r.mul(a, shift(a, way));
  }
  return b;
}

namespace {
/// The derivative of an inclusive product or extreme:
///
///   s[i] = gain[i] dx[i] + keep[i] s[i - 1],  dy[i] = s[i] / count[i]
struct CumulativeRule {
  Value gain, keep;
  Value count; // null: 1

  CumulativeRule(CumulativeOp op, RuleBuilder &r, Along &along);
};
} // namespace

CumulativeRule::CumulativeRule(CumulativeOp op, RuleBuilder &r, Along &along) {
  Value x = op.getX();
  if (op.getKind() == Reduction::Prod) {
    gain = cumulative(r, Reduction::Prod, x, op.getDim(), /*exclusive=*/true,
                      op.getReverse());
    keep = x;
    return;
  }
  // Runs of one extreme: its elements share what comes after them.
  Value y = op.getExclusive() ? cumulative(r, op.getKind(), x, op.getDim(),
                                           /*exclusive=*/false, op.getReverse())
                              : Value(op);
  Type element = tensorType(x).getElementType();
  gain = r.convert(r.compare(Direction::EQ, x, y), element);
  keep = r.convert(r.compare(Direction::EQ, y, along.shift(y, 1)), element);
  count = r.make("max", {along.recur(keep, gain), r.one(gain)});
}

LogicalResult CumulativeOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                                MutableArrayRef<Value> gradients) {
  Value ct = cotangents[0];
  if (getKind() == Reduction::Sum) {
    gradients[0] = cumulative(r, Reduction::Sum, ct, getDim(), getExclusive(),
                              !getReverse());
    return success();
  }
  Along along(*this, r);
  CumulativeRule rule(*this, r, along);
  if (getExclusive())
    ct = along.shift(ct, -1);
  if (rule.count)
    ct = r.div(ct, rule.count);
  gradients[0] = r.mul(
      rule.gain, along.recur(along.shift(rule.keep, -1), ct, /*back=*/true));
  return success();
}

LogicalResult CumulativeOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                                MutableArrayRef<Value> results) {
  Value t = tangents[0];
  if (!t)
    return success();
  if (getKind() == Reduction::Sum) {
    results[0] = r.make("cumulative", t, (*this)->getAttrs());
    return success();
  }
  Along along(*this, r);
  CumulativeRule rule(*this, r, along);
  t = along.recur(rule.keep, r.mul(rule.gain, t));
  if (rule.count)
    t = r.div(t, rule.count);
  results[0] = getExclusive() ? along.shift(t, 1) : t;
  return success();
}

FailureOr<SmallVector<Mapped>> CumulativeOp::batch(RuleBuilder &r,
                                                   ArrayRef<Mapped> operands) {
  return mappedAlong(*this, r, operands,
                     r.attribute("dim", int64_t(getDim() + 1)));
}
