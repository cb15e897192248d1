//===- SmoothPrograms.cpp - random programs that have a derivative --------===//
#include "SmoothPrograms.h"

namespace mg::test {

using namespace mlir;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

SmallVector<int64_t> SmoothPrograms::randomShape() {
  SmallVector<int64_t> shape;
  for (int64_t rank = below(4); rank > 0; --rank)
    shape.push_back(chance(2) ? 0 : 1 + below(4));
  return shape;
}

Value SmoothPrograms::pickFloat() {
  return pickWhere(
      [](RankedTensorType t) { return isa<FloatType>(t.getElementType()); });
}

Value SmoothPrograms::affine(StringRef f, Value x, double scale,
                             double offset) {
  Value scaled = build1("mul", {build1(f, x), splat(typeOf(x), scale)});
  return build1("add", {scaled, splat(typeOf(x), offset)});
}

/// Of products, factors between a half and one and a half.
Value SmoothPrograms::bounded(Value x, double bound) {
  if (!isa<FloatType>(typeOf(x).getElementType()))
    return x;
  return bound == 1 ? affine("tanh", x, 0.5, 1) : build1("tanh", x);
}

void SmoothPrograms::makeUnary() {
  static constexpr StringRef anywhere[] = {"neg", "sin",  "cos",      "tanh",
                                           "erf", "atan", "logistic", "abs"};
  static constexpr StringRef bounded[] = {"exp", "expm1", "tan"};
  static constexpr StringRef positive[] = {"log", "log1p", "sqrt", "rsqrt"};
  Value x = pickFloat();
  switch (below(3)) {
  case 0:
    return keep(build1(anywhere[below(std::size(anywhere))], x));
  case 1:
    return keep(build1(bounded[below(std::size(bounded))], build1("tanh", x)));
  default:
    return keep(
        build1(positive[below(std::size(positive))], affine("sin", x, 0.5, 1)));
  }
}

void SmoothPrograms::makeBinary() {
  static constexpr StringRef anywhere[] = {"add", "sub", "mul", "max", "min"};
  static constexpr StringRef awayFromZero[] = {"div", "atan2"};
  Value x = pickFloat();
  Value y = pickWhere([&](RankedTensorType t) { return t == typeOf(x); });
  switch (below(4)) {
  case 0:
    return keep(build1(awayFromZero[below(std::size(awayFromZero))],
                       {x, affine("cos", y, 0.5, 1)}));
  case 1:
    return keep(build1("pow", {affine("sin", x, 0.5, 1), build1("tanh", y)}));
  default:
    return keep(build1(anywhere[below(std::size(anywhere))], {x, y}));
  }
}

/// No conversions to narrower types, no random bits; the rest as it comes.
ArrayRef<std::pair<int, ProgramGenerator::Maker>>
SmoothPrograms::makers() const {
  static constexpr std::pair<int, Maker> all[] = {
      {14, static_cast<Maker>(&SmoothPrograms::makeUnary)},
      {14, static_cast<Maker>(&SmoothPrograms::makeBinary)},
      {3, &SmoothPrograms::makeCompareAndSelect},
      {6, &SmoothPrograms::makeReshape},
      {6, &SmoothPrograms::makeTranspose},
      {6, &SmoothPrograms::makeBroadcast},
      {6, &SmoothPrograms::makeSlice},
      {4, &SmoothPrograms::makeReverse},
      {4, &SmoothPrograms::makeUnfold},
      {4, &SmoothPrograms::makeDiagonal},
      {5, &SmoothPrograms::makePad},
      {5, &SmoothPrograms::makeConcat},
      {4, &SmoothPrograms::makeDynamicSlice},
      {4, &SmoothPrograms::makeDynamicUpdateSlice},
      {5, &SmoothPrograms::makeGather},
      {5, &SmoothPrograms::makeScatter},
      {8, &SmoothPrograms::makeReduce},
      {1, &SmoothPrograms::makeArgReduce},
      {4, &SmoothPrograms::makeCumulative},
      {4, &SmoothPrograms::makeSort},
      {3, &SmoothPrograms::makeTopK},
      {8, &SmoothPrograms::makeDot},
      {4, &SmoothPrograms::makeConv},
      {1, &SmoothPrograms::makeIota},
  };
  return all;
}

} // namespace mg::test
