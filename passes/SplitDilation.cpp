//===- SplitDilation.cpp - convolutions of dilated images -----------------===//
//
// A convolution of an image dilated by d (a transposed one, the gradient of one
// that moves by d) multiplies by the zeros between the elements: of k taps
// along a dimension, k / d meet an element. Here no zero is stored, and none is
// multiplied. With stride 1:
//
//   y[o] = sum over k of dilated x[o + k - lo] w[k], o = d q + p
//
// In phase p the taps first + d t, first = (lo - p) mod d, meet elements:
//
//   y[d q + p] = sum over t of x[q + t - begin] w[first + d t],
//   begin = (lo - p - first) / d
//
// So each phase is a convolution of x itself; their results are interleaved.
// Where d divides k and lo + 1, `begin` and the number of taps are the same for
// all phases, which then are one convolution with d times the output channels.
//
// Zero times a weight that is no number, or infinite, is no number: each phase
// adds the weights of the others, times zero.
//
//===----------------------------------------------------------------------===//

#include "passes/Lowering.h"

#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

/// More convolutions than this are not made of one: 4 x 4, or 2 x 2 x 2.
static constexpr int64_t maxConvolutions = 16;
/// Flags that a constant may hold.
static constexpr int64_t maxFlags = 64;

static int64_t modulo(int64_t a, int64_t b) { return (a % b + b) % b; }

namespace {

/// One spatial dimension of a convolution.
struct Side {
  int64_t size, window, stride, lo, hi, dilation, step, result;
  /// 1: it stays as it is.
  int64_t phases = 1;

  int64_t count() const { return llvm::divideCeil(result, phases); }
  int64_t first(int64_t phase) const { return modulo(lo - phase, phases); }
  int64_t taps(int64_t phase) const {
    int64_t left = window - first(phase);
    return left <= 0 ? 0 : llvm::divideCeil(left, phases);
  }
  bool isUniform() const {
    return window % phases == 0 && (lo + 1) % phases == 0;
  }
  /// The convolution of one phase.
  Side of(int64_t phase) const;
};

/// (n, outputs, phases, counts..): the shape in which phases meet.
struct Phases {
  // (Accessors of ops are not const.)
  mutable ConvOp op;
  SmallVector<Side> sides;
  int64_t outputs, number = 1;

  explicit Phases(ConvOp op);
  bool isUniform() const {
    return llvm::all_of(sides,
                        [](const Side &side) { return side.isUniform(); });
  }
  SmallVector<int64_t> shape(int64_t number) const;
  /// The phase of each side.
  SmallVector<int64_t> at(int64_t i) const;
};

struct SplitDilation : OpRewritePattern<ConvOp> {
  // Before the lowering of what it leaves alone.
  explicit SplitDilation(MLIRContext *context)
      : OpRewritePattern(context, /*benefit=*/2) {}
  LogicalResult matchAndRewrite(ConvOp op,
                                PatternRewriter &rewriter) const override;
};

} // namespace

Side Side::of(int64_t phase) const {
  if (phases == 1)
    return *this;
  Side part = *this;
  part.lo = (phase + first(phase) - lo) / -phases;
  part.window = taps(phase);
  part.result = count();
  part.hi = part.result + part.window - 1 - size - part.lo;
  part.dilation = part.phases = 1;
  return part;
}

Phases::Phases(ConvOp op) : op(op), outputs(op.getType().getDimSize(1)) {
  for (size_t i = 0; i < op.getStrides().size(); ++i) {
    Side side{op.getX().getType().getDimSize(i + 2),
              op.getW().getType().getDimSize(i + 2),
              op.getStrides()[i],
              op.getLo()[i],
              op.getHi()[i],
              op.getLhsDilation()[i],
              op.getRhsDilation()[i],
              op.getType().getDimSize(i + 2)};
    if (side.stride == 1 && side.step == 1 && side.size > 0 &&
        side.result > 0 && side.dilation * side.window <= maxFlags)
      side.phases = side.dilation;
    number *= side.phases;
    sides.push_back(side);
  }
}

SmallVector<int64_t> Phases::shape(int64_t number) const {
  SmallVector<int64_t> shape{op.getType().getDimSize(0), outputs, number};
  for (const Side &side : sides)
    shape.push_back(side.count());
  return shape;
}

SmallVector<int64_t> Phases::at(int64_t i) const {
  SmallVector<int64_t> phases(sides.size());
  for (size_t s = sides.size(); s-- > 0; i /= sides[s].phases)
    phases[s] = i % sides[s].phases;
  return phases;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

static RankedTensorType typeOf(Value x) {
  return cast<RankedTensorType>(x.getType());
}

static Value reshape(OpBuilder &b, Location loc, Value x,
                     ArrayRef<int64_t> shape) {
  return b.create<ReshapeOp>(loc, typeOf(x).clone(shape), x);
}

static Value zeros(OpBuilder &b, Location loc, RankedTensorType type) {
  return b.create<ConstantOp>(
      loc, DenseElementsAttr::get(type, b.getZeroAttr(type.getElementType())));
}

static Value conv(OpBuilder &b, ConvOp op, Value w, ArrayRef<Side> sides) {
  SmallVector<int64_t> shape{op.getType().getDimSize(0),
                             typeOf(w).getDimSize(0)};
  for (const Side &side : sides)
    shape.push_back(side.result);
  auto list = [&](int64_t Side::*field) {
    return llvm::map_to_vector(sides,
                               [&](const Side &side) { return side.*field; });
  };
  return b.create<ConvOp>(op.getLoc(), op.getType().clone(shape), op.getX(), w,
                          list(&Side::stride), list(&Side::lo), list(&Side::hi),
                          list(&Side::dilation), list(&Side::step),
                          op.getGroups());
}

//===----------------------------------------------------------------------===//
// The phases
//===----------------------------------------------------------------------===//

/// (o, c, window..) as (o phases.., c, taps..), where all phases are alike.
static Value foldWindow(OpBuilder &b, const Phases &phases) {
  Location loc = phases.op.getLoc();
  Value w = phases.op.getW();
  ArrayRef<int64_t> old = typeOf(w).getShape();
  // (o, c, taps, phases, ..), the phases back to front.
  SmallVector<int64_t> apart(old.take_front(2)), turned, perm{0};
  SmallVector<int64_t> joined{old[0] * phases.number, old[1]};
  for (auto [i, side] : llvm::enumerate(phases.sides)) {
    apart.append({side.taps(0), side.phases});
    turned.push_back(2 * i + 3);
    perm.push_back(2 * i + 3);
    joined.push_back(side.taps(0));
  }
  perm.push_back(1);
  for (size_t i = 0; i < phases.sides.size(); ++i)
    perm.push_back(2 * i + 2);
  w = reshape(b, loc, w, apart);
  w = b.create<ReverseOp>(loc, w, turned);
  w = b.create<TransposeOp>(loc, w, perm);
  return reshape(b, loc, w, joined);
}

/// All phases by one convolution.
static Value convolveTogether(OpBuilder &b, const Phases &phases) {
  SmallVector<Side> sides;
  for (const Side &side : phases.sides)
    sides.push_back(side.of(0));
  Value z = conv(b, phases.op, foldWindow(b, phases), sides);
  return reshape(b, phases.op.getLoc(), z, phases.shape(phases.number));
}

/// Each phase by its own, of the taps that meet elements.
static Value convolveOne(OpBuilder &b, const Phases &phases,
                         ArrayRef<int64_t> at) {
  Location loc = phases.op.getLoc();
  SmallVector<int64_t> shape = phases.shape(1);
  auto window = typeOf(phases.op.getW());
  SmallVector<int64_t> begin(2, 0), end(window.getShape()),
      step(window.getRank(), 1);
  SmallVector<Side> sides;
  for (auto [side, phase] : llvm::zip(phases.sides, at)) {
    sides.push_back(side.of(phase));
    begin.push_back(side.phases == 1 ? 0 : side.first(phase));
    step[begin.size() - 1] = side.phases;
    if (sides.back().window == 0)
      return zeros(b, loc, phases.op.getType().clone(shape));
  }
  Value w = b.create<SliceOp>(loc, phases.op.getW(), begin, end, step);
  return reshape(b, loc, conv(b, phases.op, w, sides), shape);
}

static Value convolveApart(OpBuilder &b, const Phases &phases) {
  SmallVector<Value> parts;
  for (int64_t i = 0; i < phases.number; ++i)
    parts.push_back(convolveOne(b, phases, phases.at(i)));
  return b.create<ConcatOp>(phases.op.getLoc(), parts, 2);
}

//===----------------------------------------------------------------------===//
// Zero times weights
//===----------------------------------------------------------------------===//

/// (phases, window) of one side: whether the tap meets a zero.
static Value missedTaps(OpBuilder &b, Location loc, const Side &side) {
  SmallVector<bool> missed;
  for (int64_t phase = 0; phase < side.phases; ++phase)
    for (int64_t tap = 0; tap < side.window; ++tap)
      missed.push_back(modulo(tap - side.first(phase), side.phases) != 0);
  auto type = RankedTensorType::get({side.phases, side.window}, b.getI1Type());
  return b.create<ConstantOp>(loc, DenseElementsAttr::get(type, missed));
}

/// The operand's dimension that is the result's, where only dimensions of size
/// 1 come or go.
static std::optional<int64_t> operandDim(ReshapeOp op, int64_t dim) {
  AffineMap map = op.getViewMap();
  for (int64_t i = 0, e = map ? map.getNumResults() : 0; i < e; ++i)
    if (map.getResult(i) == getAffineDimExpr(dim, op.getContext()))
      return i;
  return std::nullopt;
}

/// The dimensions but `gone`, as they are counted without it.
static SmallVector<int64_t> without(ArrayRef<int64_t> dims, int64_t gone) {
  SmallVector<int64_t> kept;
  for (int64_t dim : dims)
    if (dim != gone)
      kept.push_back(dim - (dim > gone));
  return kept;
}

/// The sum of 0 times x along `axis`. Any order of zeros will do, so what is
/// turned or moved is read as it lies, and the small result turned or moved.
static Value sumZeros(OpBuilder &b, Location loc, Value x, int64_t axis) {
  if (auto turned = x.getDefiningOp<ReverseOp>()) {
    Value sum = sumZeros(b, loc, turned.getX(), axis);
    return b.create<ReverseOp>(loc, sum, without(turned.getDims(), axis));
  }
  if (auto moved = x.getDefiningOp<TransposeOp>()) {
    const int64_t from = moved.getPerm()[axis];
    Value sum = sumZeros(b, loc, moved.getX(), from);
    return b.create<TransposeOp>(loc, sum, without(moved.getPerm(), from));
  }
  if (auto shaped = x.getDefiningOp<ReshapeOp>())
    if (std::optional<int64_t> from = operandDim(shaped, axis)) {
      SmallVector<int64_t> shape(typeOf(x).getShape());
      shape.erase(shape.begin() + axis);
      return reshape(b, loc, sumZeros(b, loc, shaped.getX(), *from), shape);
    }
  // An f32 is computed without a rounding per element.
  auto type = cast<RankedTensorType>(
      typeOf(x).clone(computedType(typeOf(x).getElementType())));
  if (type != x.getType())
    x = b.create<ConvertOp>(loc, type, ConvertMode::Truncate, x);
  x = b.create<MulOp>(loc, x, zeros(b, loc, type));
  return b.create<ReduceOp>(loc, Reduction::Sum, x, ArrayRef<int64_t>{axis});
}

/// (o, phases): the sum of 0 times the taps that the phase does not have.
static Value sumMissed(OpBuilder &b, const Phases &phases) {
  Location loc = phases.op.getLoc();
  Value none = sumZeros(b, loc, phases.op.getW(), 1);
  // (o, phases.., window..)
  int64_t n = phases.sides.size();
  SmallVector<int64_t> shape{phases.outputs}, own{0};
  for (const Side &side : phases.sides)
    shape.push_back(side.phases);
  for (auto [i, side] : llvm::enumerate(phases.sides)) {
    shape.push_back(side.window);
    own.push_back(1 + n + i);
  }
  auto flags = RankedTensorType::get(shape, b.getI1Type());
  Value missed;
  for (auto [i, side] : llvm::enumerate(phases.sides)) {
    if (side.phases == 1)
      continue;
    Value one = b.create<BroadcastOp>(
        loc, flags, missedTaps(b, loc, side),
        ArrayRef<int64_t>{1 + int64_t(i), 1 + n + int64_t(i)});
    missed = missed ? b.create<OrOp>(loc, flags, missed, one) : one;
  }
  auto wide = typeOf(none).clone(shape);
  none = b.create<BroadcastOp>(loc, wide, none, own);
  none = b.create<SelectOp>(loc, wide, missed, none, zeros(b, loc, wide));
  none =
      b.create<ReduceOp>(loc, Reduction::Sum, none, ArrayRef(own).drop_front());
  return reshape(b, loc, none, {phases.outputs, phases.number});
}

/// z and what the zeros between elements add to it.
static Value addMissed(OpBuilder &b, const Phases &phases, Value z) {
  Location loc = phases.op.getLoc();
  if (!isa<FloatType>(phases.op.getW().getType().getElementType()))
    return z;
  Value none = sumMissed(b, phases);
  if (Type element = typeOf(z).getElementType();
      element != typeOf(none).getElementType())
    none = b.create<ConvertOp>(loc, typeOf(none).clone(element),
                               ConvertMode::Truncate, none);
  none = b.create<BroadcastOp>(loc, z.getType(), none, ArrayRef<int64_t>{1, 2});
  return b.create<AddOp>(loc, z, none);
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

/// (n, o, phases, counts..) as (n, o, results..).
static Value interleave(OpBuilder &b, const Phases &phases, Value z) {
  Location loc = phases.op.getLoc();
  int64_t n = phases.sides.size();
  SmallVector<int64_t> apart(phases.shape(1)), joined(apart), perm{0, 1};
  apart.pop_back_n(n + 1);
  joined.pop_back_n(n + 1);
  for (const Side &side : phases.sides)
    apart.push_back(side.phases);
  for (auto [i, side] : llvm::enumerate(phases.sides)) {
    apart.push_back(side.count());
    perm.append({n + 2 + int64_t(i), 2 + int64_t(i)});
    joined.push_back(side.count() * side.phases);
  }
  z = reshape(b, loc, z, apart);
  z = b.create<TransposeOp>(loc, z, perm);
  z = reshape(b, loc, z, joined);
  ArrayRef<int64_t> end = phases.op.getType().getShape();
  if (end == ArrayRef(joined))
    return z;
  SmallVector<int64_t> begin(n + 2, 0), one(n + 2, 1);
  return b.create<SliceOp>(loc, z, begin, end, one);
}

LogicalResult SplitDilation::matchAndRewrite(ConvOp op,
                                             PatternRewriter &rewriter) const {
  Phases phases(op);
  bool together = phases.isUniform();
  if (phases.number == 1 || (!together && phases.number > maxConvolutions))
    return failure();
  Value z = together ? convolveTogether(rewriter, phases)
                     : convolveApart(rewriter, phases);
  rewriter.replaceOp(
      op, interleave(rewriter, phases, addMissed(rewriter, phases, z)));
  return success();
}

void mg::populateDilations(RewritePatternSet &patterns) {
  patterns.add<SplitDilation>(patterns.getContext());
}
