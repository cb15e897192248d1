//===- ContractionRules.cpp - rules of dot and conv -----------------------===//
//
// Both are linear in each operand: a tangent is the op of the other operand
// and the tangent, a cotangent the op of the other operand and the cotangent,
// with other lists of dimensions. Where the result's element type is wider
// than the operands', cotangents meet operands in the wider one.
//
//===----------------------------------------------------------------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

static SmallVector<int64_t> range(int64_t begin, int64_t end) {
  return llvm::to_vector(llvm::seq(begin, end));
}

static SmallVector<int64_t> joined(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> all(a);
  all.append(b.begin(), b.end());
  return all;
}

/// `x`, whose dimension i is to be dimension `places[i]`.
static Value placed(RuleBuilder &r, Value x, ArrayRef<int64_t> places) {
  SmallVector<int64_t> perm(places.size());
  for (auto [from, to] : llvm::enumerate(places))
    perm[to] = from;
  return r.transpose(x, perm);
}

/// op(tangent, other) + op(other, tangent).
static LogicalResult productTangent(Operation *op, RuleBuilder &r,
                                    ArrayRef<Value> tangents,
                                    MutableArrayRef<Value> results) {
  for (auto [i, tangent] : llvm::enumerate(tangents)) {
    if (!tangent)
      continue;
    SmallVector<Value> operands(op->getOperands());
    operands[i] = tangent;
    r.accumulate(results[0], r.make(op->getName().stripDialect(), operands,
                                    op->getAttrs(), op->getResultTypes()));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Dot
//===----------------------------------------------------------------------===//

namespace {
/// One operand of a dot and its dimensions by role.
struct Side {
  Value value;
  ArrayRef<int64_t> batch, contract;
  SmallVector<int64_t> free;

  Side(Value value, ArrayRef<int64_t> batch, ArrayRef<int64_t> contract);
  int64_t rank() const { return shape(value).size(); }
};
} // namespace

Side::Side(Value value, ArrayRef<int64_t> batch, ArrayRef<int64_t> contract)
    : value(value), batch(batch), contract(contract) {
  for (int64_t dim : range(0, rank()))
    if (!llvm::is_contained(batch, dim) && !llvm::is_contained(contract, dim))
      free.push_back(dim);
}

static Side lhsOf(DotOp dot) {
  return Side(dot.getLhs(), dot.getLhsBatch(), dot.getLhsContract());
}
static Side rhsOf(DotOp dot) {
  return Side(dot.getRhs(), dot.getRhsBatch(), dot.getRhsContract());
}

/// The contracted dimensions of `one`, in the order in which those of `other`
/// lie in memory: what is left of `other` in a dot with a cotangent.
static SmallVector<int64_t> contractedAs(const Side &one, const Side &other) {
  SmallVector<std::pair<int64_t, int64_t>> pairs;
  for (auto [mine, theirs] : llvm::zip(one.contract, other.contract))
    pairs.emplace_back(theirs, mine);
  llvm::sort(pairs);
  return llvm::map_to_vector(pairs, [](auto pair) { return pair.second; });
}

/// The operands stay in their order, so that a plain matrix product needs no
/// transpose: dx = ct w', dw = x' ct.
LogicalResult DotOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                         MutableArrayRef<Value> gradients) {
  Side lhs = lhsOf(*this), rhs = rhsOf(*this);
  Value ct = cotangents[0];
  Type own = tensorType(lhs.value).getElementType();
  Type wide = tensorType(ct).getElementType();
  int64_t batch = lhs.batch.size(), split = batch + lhs.free.size(),
          rank = shape(ct).size();
  SmallVector<int64_t> ctBatch = range(0, batch);
  Value dl = r.dot(ct, r.convert(rhs.value, wide), range(split, rank), rhs.free,
                   ctBatch, rhs.batch);
  Value dr = r.dot(r.convert(lhs.value, wide), ct, lhs.free,
                   range(batch, split), lhs.batch, ctBatch);
  gradients[0] = r.convert(
      placed(r, dl,
             joined(joined(lhs.batch, lhs.free), contractedAs(lhs, rhs))),
      own);
  gradients[1] = r.convert(
      placed(r, dr,
             joined(joined(rhs.batch, contractedAs(rhs, lhs)), rhs.free)),
      own);
  return success();
}

LogicalResult DotOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                         MutableArrayRef<Value> results) {
  return productTangent(*this, r, tangents, results);
}

/// `from`-th dimension to the front.
static Value toFront(RuleBuilder &r, Value x, int64_t from) {
  SmallVector<int64_t> perm = range(0, shape(x).size());
  std::rotate(perm.begin(), perm.begin() + from, perm.begin() + from + 1);
  return r.transpose(x, perm);
}

/// A batch dimension where both are mapped; else one more free dimension, the
/// first one of its side.
FailureOr<SmallVector<Mapped>> DotOp::batch(RuleBuilder &r,
                                            ArrayRef<Mapped> operands) {
  auto dims = [](bool isMapped, ArrayRef<int64_t> list) {
    return isMapped ? RuleBuilder::shifted(list) : SmallVector<int64_t>(list);
  };
  bool left = operands[0].isMapped, right = operands[1].isMapped;
  Type element = getResult().getType().getElementType();
  SmallVector<int64_t> lhsBatch = dims(left, getLhsBatch()),
                       rhsBatch = dims(right, getRhsBatch());
  if (left && right) {
    lhsBatch = r.prepended(0, lhsBatch);
    rhsBatch = r.prepended(0, rhsBatch);
  }
  Value y =
      r.dot(operands[0].value, operands[1].value, dims(left, getLhsContract()),
            dims(right, getRhsContract()), lhsBatch, rhsBatch, element);
  int64_t at = 0;
  if (!left || !right)
    at = getLhsBatch().size() + (left ? 0 : lhsOf(*this).free.size());
  return SmallVector<Mapped>{{toFront(r, y, at), true}};
}

//===----------------------------------------------------------------------===//
// Conv
//===----------------------------------------------------------------------===//

namespace {
/// The attributes of a convolution along one spatial dimension.
struct Window {
  int64_t stride, lo, hi, lhsDilation, rhsDilation;

  /// With what `hi` n elements and a window of k make `count` results.
  void fit(int64_t n, int64_t k, int64_t count) {
    hi = (count - 1) * stride + (k - 1) * rhsDilation + 1 -
         ((n - 1) * lhsDilation + 1) - lo;
  }
};
} // namespace

static Value conv(RuleBuilder &r, Value x, Value w, ArrayRef<Window> windows,
                  int64_t groups) {
  auto list = [&](StringRef key, int64_t Window::*field) {
    return r.attribute(key, llvm::map_to_vector(windows, [&](const Window &w) {
                         return w.*field;
                       }));
  };
  return r.make("conv", {x, w},
                {list("strides", &Window::stride), list("lo", &Window::lo),
                 list("hi", &Window::hi),
                 list("lhs_dilation", &Window::lhsDilation),
                 list("rhs_dilation", &Window::rhsDilation),
                 r.attribute("groups", groups)});
}

static SmallVector<Window> windowsOf(ConvOp op) {
  SmallVector<Window> windows;
  for (size_t i = 0; i < op.getStrides().size(); ++i)
    windows.push_back({op.getStrides()[i], op.getLo()[i], op.getHi()[i],
                       op.getLhsDilation()[i], op.getRhsDilation()[i]});
  return windows;
}

/// Dimension `dim` as two: `outer` times the rest.
static Value split(RuleBuilder &r, Value x, int64_t dim, int64_t outer) {
  SmallVector<int64_t> to(shape(x));
  to[dim] /= outer;
  to.insert(to.begin() + dim, outer);
  return r.reshape(x, to);
}
/// Dimensions `dim` and `dim` + 1 as one.
static Value merge(RuleBuilder &r, Value x, int64_t dim) {
  SmallVector<int64_t> to(shape(x));
  to[dim] *= to[dim + 1];
  to.erase(to.begin() + dim + 1);
  return r.reshape(x, to);
}
/// The first dimensions in the order `perm`, the others as they are.
static Value reorder(RuleBuilder &r, Value x, ArrayRef<int64_t> perm) {
  return r.transpose(x, joined(perm, range(perm.size(), shape(x).size())));
}

/// Each x got the cotangents that its windows touched, by the element of the
/// window: a convolution of the cotangents, `strides` apart, with the windows
/// back to front, inputs and outputs of each group exchanged.
static Value convInputGradient(ConvOp op, RuleBuilder &r, Value ct, Value w) {
  int64_t groups = op.getGroups();
  SmallVector<Window> windows = windowsOf(op);
  for (auto [i, window] : llvm::enumerate(windows)) {
    int64_t k = shape(w)[i + 2];
    std::swap(window.stride, window.lhsDilation);
    window.lo = (k - 1) * window.rhsDilation - window.lo;
    window.fit(shape(ct)[i + 2], k, shape(op.getX())[i + 2]);
  }
  // (g o, c, ..) -> (g c, o, ..)
  Value flipped =
      r.make("reverse", w, r.attribute("dims", range(2, shape(w).size())));
  Value exchanged =
      merge(r, reorder(r, split(r, flipped, 0, groups), {0, 2, 1}), 0);
  return conv(r, ct, exchanged, windows, groups);
}

/// Each w met x's elements `strides` apart: a convolution of x with the
/// cotangents as windows, that sums over n instead of c.
static Value convWeightGradient(ConvOp op, RuleBuilder &r, Value ct, Value x) {
  int64_t groups = op.getGroups();
  SmallVector<Window> windows = windowsOf(op);
  for (auto [i, window] : llvm::enumerate(windows)) {
    std::swap(window.stride, window.rhsDilation);
    window.fit(shape(x)[i + 2], shape(ct)[i + 2], shape(op.getW())[i + 2]);
  }
  // (n, g c, ..) -> (c, g n, ..)
  Value lhs = merge(r, reorder(r, split(r, x, 1, groups), {2, 1, 0}), 1);
  Value rhs = reorder(r, ct, {1, 0});
  return reorder(r, conv(r, lhs, rhs, windows, groups), {1, 0});
}

static bool isEmpty(Value x) { return tensorType(x).getNumElements() == 0; }

LogicalResult ConvOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                          MutableArrayRef<Value> gradients) {
  Value ct = cotangents[0];
  if (isEmpty(getX()) || isEmpty(getW()) || isEmpty(ct))
    return success();
  Type own = getX().getType().getElementType();
  Type wide = tensorType(ct).getElementType();
  gradients[0] =
      r.convert(convInputGradient(*this, r, ct, r.convert(getW(), wide)), own);
  gradients[1] =
      r.convert(convWeightGradient(*this, r, ct, r.convert(getX(), wide)), own);
  return success();
}

LogicalResult ConvOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                          MutableArrayRef<Value> results) {
  return productTangent(*this, r, tangents, results);
}

/// The convolution of other operands, with other groups.
static Value convAgain(ConvOp op, RuleBuilder &r, Value x, Value w,
                       int64_t groups) {
  NamedAttrList attributes(op->getAttrs());
  NamedAttribute changed = r.attribute("groups", groups);
  attributes.set(changed.getName(), changed.getValue());
  return r.make("conv", {x, w}, attributes, op->getResultTypes());
}

/// A batch of x is a larger n; one of w, more outputs in each group; one of
/// both, more groups.
FailureOr<SmallVector<Mapped>> ConvOp::batch(RuleBuilder &r,
                                             ArrayRef<Mapped> operands) {
  Value x = operands[0].value, w = operands[1].value, y;
  int64_t size = r.batchSize(), groups = getGroups();
  if (size == 0)
    return batchByLoop(*this, r, operands);
  if (!operands[1].isMapped) {
    y = split(r, convAgain(*this, r, merge(r, x, 0), w, groups), 0, size);
  } else if (operands[0].isMapped) {
    // (b, n, g c, ..) -> (n, b g c, ..), and (n, b g o, ..) back.
    x = merge(r, reorder(r, x, {1, 0}), 1);
    y = convAgain(*this, r, x, merge(r, w, 0), size * groups);
    y = reorder(r, split(r, y, 1, size), {1, 0});
  } else {
    // (b, g o, ..) -> (g b o, ..), and (n, g b o, ..) -> (b, n, g o, ..).
    w = reorder(r, split(r, w, 1, groups), {1, 0});
    y = convAgain(*this, r, x, merge(r, merge(r, w, 0), 0), groups);
    y = reorder(r, split(r, split(r, y, 1, groups), 2, size), {2, 0, 1});
    y = merge(r, y, 2);
  }
  return SmallVector<Mapped>{{y, true}};
}
