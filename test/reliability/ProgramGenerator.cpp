#include "ProgramGenerator.h"

#include "frontend/eager/Execute.h"
#include "ir/Dialect.h"
#include "ir/Interfaces.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace mg::test {

using namespace mlir;

ProgramGenerator::ProgramGenerator(MLIRContext &context, uint64_t seed)
    : context(context), random(seed), b(&context),
      location(FileLineColLoc::get(&context, "random", seed & 0xffffff, 1)) {}

//===----------------------------------------------------------------------===//
// Random choices
//===----------------------------------------------------------------------===//

Type ProgramGenerator::randomElementType() {
  if (chance(55))
    return b.getF32Type();
  return eager::elementType(&context,
                            static_cast<mg_dtype>(below(MG_DTYPE_COUNT)));
}

SmallVector<int64_t> ProgramGenerator::randomShape() {
  static constexpr int64_t sizes[] = {1,  2,  3,  4,  5,  7,  8,   9,
                                      15, 16, 17, 31, 33, 64, 100, 257};
  SmallVector<int64_t> shape;
  int64_t product = 1;
  for (int64_t rank = below(5); rank > 0; --rank) {
    int64_t size = chance(2) ? 0 : sizes[below(std::size(sizes))];
    if (product * size > 4096)
      size = 1 + below(3);
    product *= std::max<int64_t>(size, 1);
    shape.push_back(size);
  }
  if (!shape.empty() && chance(3)) // large enough for several threads
    shape.back() = std::max<int64_t>(1, 70001 / product) * shape.back();
  return shape;
}

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}
static ArrayRef<int64_t> shapeOf(Value value) {
  return typeOf(value).getShape();
}

Value ProgramGenerator::pickWhere(
    llvm::function_ref<bool(RankedTensorType)> accept) {
  SmallVector<Value> fitting;
  for (Value value : values)
    if (accept(typeOf(value)))
      fitting.push_back(value);
  return fitting.empty() ? Value() : fitting[below(fitting.size())];
}

SmallVector<NamedAttribute>
ProgramGenerator::perhaps(ArrayRef<StringRef> flags,
                          ArrayRef<NamedAttribute> attributes) {
  SmallVector<NamedAttribute> all(attributes);
  for (StringRef flag : flags)
    if (chance(40))
      all.push_back(b.getNamedAttr(flag, b.getUnitAttr()));
  return all;
}

SmallVector<int64_t> ProgramGenerator::someDims(int64_t rank) {
  SmallVector<int64_t> dims;
  for (int64_t d = 0; d < rank; ++d)
    if (chance(50))
      dims.push_back(d);
  if (dims.empty() && rank > 0)
    dims.push_back(below(rank));
  return dims;
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

SmallVector<Value> ProgramGenerator::build(StringRef mnemonic,
                                           ValueRange operands,
                                           ArrayRef<NamedAttribute> attributes,
                                           Type wanted) {
  if (llvm::is_contained(operands, Value())) // was refused itself
    return {};
  const OperationName name(("mg." + mnemonic).str(), &context);
  auto *infer = name.getInterface<mlir::mg::ShapeInfer>();
  assert(infer && "every op of the dialect infers its types");
  SmallVector<Type> results;
  {
    ScopedDiagnosticHandler quiet(&context, [](Diagnostic &) {});
    auto emitError = [&] { return mlir::emitError(location); };
    SmallVector<Type> types(operands.getTypes());
    if (failed(infer->inferTypes(
            &context, emitError, types, b.getDictionaryAttr(attributes),
            wanted ? ArrayRef(wanted) : ArrayRef<Type>(), results)))
      return {};
  }
  for (Type type : results)
    if (cast<RankedTensorType>(type).getNumElements() > maxElements)
      return {};
  OperationState state(location, name, operands, results, attributes);
  return llvm::to_vector(
      llvm::map_range(b.create(state)->getResults(),
                      [](OpResult result) -> Value { return result; }));
}

Value ProgramGenerator::build1(StringRef mnemonic, ValueRange operands,
                               ArrayRef<NamedAttribute> attributes,
                               Type wanted) {
  auto results = build(mnemonic, operands, attributes, wanted);
  return results.empty() ? Value() : results.front();
}

void ProgramGenerator::keep(Value value) {
  if (value)
    values.push_back(value);
}

Value ProgramGenerator::splat(RankedTensorType type, double value) {
  Attribute element;
  if (auto floating = dyn_cast<FloatType>(type.getElementType()))
    element = b.getFloatAttr(floating, value);
  else
    element = IntegerAttr::get(type.getElementType(),
                               APInt(type.getElementTypeBitWidth(),
                                     static_cast<int64_t>(value), true));
  auto elements = DenseElementsAttr::get(type, element);
  return build1("constant", {}, b.getNamedAttr("value", elements), type);
}

Value ProgramGenerator::vector(ArrayRef<int64_t> elements) {
  auto type = RankedTensorType::get({static_cast<int64_t>(elements.size())},
                                    b.getI64Type());
  return build1("constant", {},
                b.getNamedAttr("value", DenseElementsAttr::get(type, elements)),
                type);
}

Value ProgramGenerator::bounded(Value x, double bound) {
  if (!isa<FloatType>(typeOf(x).getElementType()))
    return x;
  Value rounded = build1("round_even", x);
  Value low = build1("max", {rounded, splat(typeOf(x), -bound)});
  Value clipped = build1("min", {low, splat(typeOf(x), bound)});
  // -0 becomes 0: whether a sum begins with its first element or with 0 is
  // nobody's promise.
  return build1("add", {clipped, splat(typeOf(x), 0)});
}

Value ProgramGenerator::indices(RankedTensorType type, ArrayRef<int64_t> dims,
                                ArrayRef<int64_t> outer) {
  int64_t smallest = std::numeric_limits<int64_t>::max();
  for (int64_t d : dims)
    smallest = std::min(smallest, type.getDimSize(d));
  if (smallest <= 0)
    return {};
  SmallVector<int64_t> shape(outer);
  shape.push_back(dims.size());
  auto indexType = RankedTensorType::get(shape, chance(50) ? b.getI32Type()
                                                           : b.getI64Type());
  Value counted =
      build1("iota", {},
             b.getNamedAttr("dim", b.getI64IntegerAttr(below(shape.size()))),
             indexType);
  Value scaled = build1("mul", {counted, splat(indexType, 1 + below(7))});
  return build1("rem", {scaled, splat(indexType, smallest)});
}

//===----------------------------------------------------------------------===//
// The ops
//===----------------------------------------------------------------------===//

void ProgramGenerator::makeUnary() {
  static constexpr StringRef floats[] = {
      "neg",  "exp",   "log",  "log1p",      "expm1", "sqrt", "rsqrt",
      "sin",  "cos",   "tan",  "tanh",       "atan",  "erf",  "logistic",
      "sign", "floor", "ceil", "round_even", "trunc", "abs",  "neg"};
  static constexpr StringRef others[] = {"neg", "abs", "sign", "not"};
  Value x = pick();
  bool isFloat = isa<FloatType>(typeOf(x).getElementType());
  keep(build1(isFloat ? floats[below(std::size(floats))]
                      : others[below(std::size(others))],
              x));
}

void ProgramGenerator::makeBinary() {
  static constexpr StringRef floats[] = {"add", "sub", "mul", "div",  "rem",
                                         "max", "min", "pow", "atan2"};
  static constexpr StringRef others[] = {"add", "sub",   "mul",  "div", "rem",
                                         "max", "min",   "and",  "or",  "xor",
                                         "shl", "shr_a", "shr_l"};
  Value x = pick();
  Value y = pickWhere([&](RankedTensorType t) { return t == typeOf(x); });
  if (chance(25))
    y = splat(typeOf(x), below(9) - 3);
  bool isFloat = isa<FloatType>(typeOf(x).getElementType());
  keep(build1(isFloat ? floats[below(std::size(floats))]
                      : others[below(std::size(others))],
              {x, y}));
}

void ProgramGenerator::makeCompareAndSelect() {
  Value x = pick();
  Value y = pickWhere([&](RankedTensorType t) { return t == typeOf(x); });
  if (chance(30))
    y = splat(typeOf(x), below(3));
  auto direction = mlir::mg::DirectionAttr::get(
      &context, static_cast<mlir::mg::Direction>(below(6)));
  Value c = build1("compare", {x, y}, b.getNamedAttr("direction", direction));
  if (chance(30))
    keep(c);
  if (c)
    keep(build1("select", {c, x, y}));
}

void ProgramGenerator::makeConvert() {
  Value x = pick();
  auto mode = mlir::mg::ConvertModeAttr::get(
      &context, static_cast<mlir::mg::ConvertMode>(below(3)));
  keep(build1("convert", x, b.getNamedAttr("mode", mode),
              typeOf(x).clone(randomElementType())));
}

void ProgramGenerator::makeReshape() {
  Value x = pick();
  // Split every size into random factors, then join neighbours at random.
  SmallVector<int64_t> factors;
  for (int64_t n : shapeOf(x)) {
    for (int64_t f : {2, 3, 5})
      while (n > 0 && n % f == 0 && chance(60))
        factors.push_back(f), n /= f;
    factors.push_back(n);
  }
  SmallVector<int64_t> shape;
  for (int64_t f : factors) {
    if (!shape.empty() && (chance(50) || factors.size() - shape.size() > 5))
      shape.back() *= f;
    else
      shape.push_back(f);
  }
  if (shape.size() < 6 && chance(15))
    shape.insert(shape.begin() + below(shape.size() + 1), 1);
  if (shape.size() <= 6)
    keep(build1("reshape", x, {}, typeOf(x).clone(shape)));
}

void ProgramGenerator::makeTranspose() {
  Value x = pick();
  SmallVector<int64_t> perm =
      llvm::to_vector(llvm::seq<int64_t>(0, typeOf(x).getRank()));
  std::shuffle(perm.begin(), perm.end(), random);
  keep(build1("transpose", x,
              b.getNamedAttr("perm", b.getDenseI64ArrayAttr(perm))));
}

void ProgramGenerator::makeBroadcast() {
  Value x = pick();
  SmallVector<int64_t> shape, dims;
  for (int64_t n : shapeOf(x)) {
    if (chance(20))
      shape.push_back(1 + below(5));
    dims.push_back(shape.size());
    shape.push_back(n == 1 && chance(60) ? 1 + below(9) : n);
  }
  if (chance(20))
    shape.push_back(1 + below(17));
  if (shape.size() <= 6)
    keep(build1("broadcast", x,
                b.getNamedAttr("dims", b.getDenseI64ArrayAttr(dims)),
                typeOf(x).clone(shape)));
}

void ProgramGenerator::makeSlice() {
  Value x = pick();
  SmallVector<int64_t> lo, hi, step;
  for (int64_t n : shapeOf(x)) {
    int64_t from = chance(50) ? 0 : below(n + 1);
    lo.push_back(from);
    hi.push_back(chance(50) ? n : from + below(n - from + 1));
    step.push_back(chance(60) ? 1 : 1 + below(4));
  }
  keep(build1("slice", x,
              {b.getNamedAttr("lo", b.getDenseI64ArrayAttr(lo)),
               b.getNamedAttr("hi", b.getDenseI64ArrayAttr(hi)),
               b.getNamedAttr("step", b.getDenseI64ArrayAttr(step))}));
}

void ProgramGenerator::makeReverse() {
  Value x = pick();
  keep(build1("reverse", x,
              b.getNamedAttr("dims", b.getDenseI64ArrayAttr(
                                         someDims(typeOf(x).getRank())))));
}

void ProgramGenerator::makeUnfold() {
  Value x = pickWhere(
      [](RankedTensorType t) { return t.getRank() > 0 && t.getRank() < 5; });
  if (!x)
    return;
  int64_t dim = below(typeOf(x).getRank());
  keep(build1(
      "unfold", x,
      {b.getNamedAttr("dims", b.getDenseI64ArrayAttr(dim)),
       b.getNamedAttr("size", b.getDenseI64ArrayAttr(1 + below(4))),
       b.getNamedAttr("stride", b.getDenseI64ArrayAttr(1 + below(3))),
       b.getNamedAttr("dilation", b.getDenseI64ArrayAttr(1 + below(2)))}));
}

void ProgramGenerator::makeDiagonal() {
  Value x = pickWhere([](RankedTensorType t) { return t.getRank() >= 2; });
  if (!x)
    return;
  int64_t dim0 = below(typeOf(x).getRank());
  int64_t dim1 = below(typeOf(x).getRank());
  keep(build1("diagonal", x,
              {b.getNamedAttr("dim0", b.getI64IntegerAttr(dim0)),
               b.getNamedAttr("dim1", b.getI64IntegerAttr(dim1))}));
}

void ProgramGenerator::makePad() {
  Value x = pick();
  SmallVector<int64_t> lo, hi, interior;
  for (int64_t d = 0; d < typeOf(x).getRank(); ++d) {
    lo.push_back(chance(50) ? 0 : below(5) - 1);
    hi.push_back(chance(50) ? 0 : below(5) - 1);
    interior.push_back(chance(70) ? 0 : below(3));
  }
  Value value =
      splat(RankedTensorType::get({}, typeOf(x).getElementType()), below(3));
  keep(build1("pad", {x, value},
              {b.getNamedAttr("lo", b.getDenseI64ArrayAttr(lo)),
               b.getNamedAttr("hi", b.getDenseI64ArrayAttr(hi)),
               b.getNamedAttr("interior", b.getDenseI64ArrayAttr(interior))}));
}

void ProgramGenerator::makeConcat() {
  Value x = pickWhere([](RankedTensorType t) { return t.getRank() > 0; });
  if (!x)
    return;
  int64_t dim = below(typeOf(x).getRank());
  SmallVector<Value> parts = {x};
  for (int64_t n = below(3); n >= 0; --n)
    parts.push_back(pickWhere([&](RankedTensorType t) {
      if (t.getRank() != typeOf(x).getRank() ||
          t.getElementType() != typeOf(x).getElementType())
        return false;
      for (int64_t d = 0; d < t.getRank(); ++d)
        if (d != dim && t.getDimSize(d) != typeOf(x).getDimSize(d))
          return false;
      return true;
    }));
  keep(
      build1("concat", parts, b.getNamedAttr("dim", b.getI64IntegerAttr(dim))));
}

/// The sizes of a random slice of `shape`.
static SmallVector<int64_t>
sliceSizes(ArrayRef<int64_t> shape,
           llvm::function_ref<int64_t(int64_t)> below) {
  SmallVector<int64_t> sizes;
  for (int64_t n : shape)
    sizes.push_back(n - below(n + 1) / 2);
  return sizes;
}

void ProgramGenerator::makeDynamicSlice() {
  Value x = pickWhere([](RankedTensorType t) { return t.getRank() > 0; });
  if (!x)
    return;
  auto size = sliceSizes(shapeOf(x), [&](int64_t n) { return below(n); });
  SmallVector<int64_t> start; // out of range on purpose: starts are clamped
  for (int64_t n : shapeOf(x))
    start.push_back(below(n + 4) - 2);
  keep(build1("dynamic_slice", {x, vector(start)},
              b.getNamedAttr("size", b.getDenseI64ArrayAttr(size))));
}

void ProgramGenerator::makeDynamicUpdateSlice() {
  Value x = pickWhere([](RankedTensorType t) { return t.getRank() > 0; });
  if (!x)
    return;
  auto size = sliceSizes(shapeOf(x), [&](int64_t n) { return below(n); });
  SmallVector<int64_t> lo(size.size(), 0), step(size.size(), 1), start;
  for (int64_t n : shapeOf(x))
    start.push_back(below(n + 4) - 2);
  Value update = build1("slice", build1("neg", x),
                        {b.getNamedAttr("lo", b.getDenseI64ArrayAttr(lo)),
                         b.getNamedAttr("hi", b.getDenseI64ArrayAttr(size)),
                         b.getNamedAttr("step", b.getDenseI64ArrayAttr(step))});
  if (update)
    keep(build1("dynamic_update_slice", {x, update, vector(start)}));
}

void ProgramGenerator::makeGather() {
  Value x = pickWhere([](RankedTensorType t) { return t.getRank() > 0; });
  if (!x)
    return;
  auto dims = someDims(typeOf(x).getRank());
  SmallVector<int64_t> outer;
  for (int64_t n = below(3); n > 0; --n)
    outer.push_back(1 + below(9));
  Value index = indices(typeOf(x), dims, outer);
  if (index)
    keep(build1("gather", {x, index},
                {b.getNamedAttr("dims", b.getDenseI64ArrayAttr(dims)),
                 b.getNamedAttr("batch_dims", b.getI64IntegerAttr(0))}));
}

void ProgramGenerator::makeScatter() {
  Value x = pickWhere([](RankedTensorType t) { return t.getRank() > 0; });
  if (!x)
    return;
  auto dims = someDims(typeOf(x).getRank());
  SmallVector<int64_t> outer = {1 + below(9)};
  Value index = indices(typeOf(x), dims, outer);
  if (!index)
    return;
  NamedAttribute where[] = {
      b.getNamedAttr("dims", b.getDenseI64ArrayAttr(dims)),
      b.getNamedAttr("batch_dims", b.getI64IntegerAttr(0))};
  Value base = bounded(x, 4);
  Value updates = build1("gather", {base, index}, where);
  auto mode = mlir::mg::ScatterModeAttr::get(
      &context, static_cast<mlir::mg::ScatterMode>(below(5)));
  if (updates)
    keep(build1("scatter", {base, index, updates},
                {where[0], where[1], b.getNamedAttr("mode", mode)}));
}

void ProgramGenerator::makeReduce() {
  Value x = pick();
  auto kind = static_cast<mlir::mg::Reduction>(below(6));
  if (kind == mlir::mg::Reduction::Sum)
    x = bounded(x, 4);
  if (kind == mlir::mg::Reduction::Prod)
    x = bounded(x, 1);
  keep(build1(
      "reduce", x,
      {b.getNamedAttr("kind", mlir::mg::ReductionAttr::get(&context, kind)),
       b.getNamedAttr("dims",
                      b.getDenseI64ArrayAttr(someDims(typeOf(x).getRank())))}));
}

void ProgramGenerator::makeArgReduce() {
  Value x = pickWhere([](RankedTensorType t) {
    return t.getRank() > 0 && t.getNumElements() > 0;
  });
  if (!x)
    return;
  const int64_t dim = below(typeOf(x).getRank());
  auto kind = chance(50) ? mlir::mg::Reduction::Max : mlir::mg::Reduction::Min;
  SmallVector<int64_t> shape(shapeOf(x));
  shape.erase(shape.begin() + dim);
  keep(build1(
      "arg_reduce", x,
      perhaps({"last"}, {b.getNamedAttr("kind", mlir::mg::ReductionAttr::get(
                                                    &context, kind)),
                         b.getNamedAttr("dim", b.getI64IntegerAttr(dim))}),
      RankedTensorType::get(shape, b.getI32Type())));
}

void ProgramGenerator::makeCumulative() {
  Value x = pickWhere([](RankedTensorType t) { return t.getRank() > 0; });
  if (!x)
    return;
  auto kind = static_cast<mlir::mg::Reduction>(below(4));
  x = bounded(x, kind == mlir::mg::Reduction::Prod ? 1 : 4);
  keep(build1(
      "cumulative", x,
      perhaps(
          {"exclusive", "reverse"},
          {b.getNamedAttr("kind", mlir::mg::ReductionAttr::get(&context, kind)),
           b.getNamedAttr("dim",
                          b.getI64IntegerAttr(below(typeOf(x).getRank())))})));
}

void ProgramGenerator::makeSort() {
  Value x = pickWhere([](RankedTensorType t) { return t.getRank() > 0; });
  if (!x)
    return;
  SmallVector<Value> operands = {x};
  if (Value y = pickWhere(
          [&](RankedTensorType t) { return t.getShape() == shapeOf(x); });
      y != x)
    operands.push_back(y);
  for (Value result :
       build("sort", operands,
             perhaps({"descending"},
                     b.getNamedAttr("dim", b.getI64IntegerAttr(
                                               below(typeOf(x).getRank()))))))
    keep(result);
}

void ProgramGenerator::makeTopK() {
  Value x = pickWhere([](RankedTensorType t) {
    return t.getRank() > 0 && t.getNumElements() > 0;
  });
  if (!x)
    return;
  const int64_t dim = below(typeOf(x).getRank());
  for (Value result :
       build("topk", x,
             perhaps({"largest"},
                     {b.getNamedAttr("dim", b.getI64IntegerAttr(dim)),
                      b.getNamedAttr(
                          "k", b.getI64IntegerAttr(
                                   1 + below(typeOf(x).getDimSize(dim))))})))
    keep(result);
}

void ProgramGenerator::makeDot() {
  auto numeric = [](RankedTensorType t) {
    return t.getRank() > 0 && !t.getElementType().isInteger(1);
  };
  Value x = pickWhere(numeric);
  if (!x)
    return;
  const int64_t lhs = below(typeOf(x).getRank());
  const int64_t k = typeOf(x).getDimSize(lhs);
  Value y = pickWhere([&](RankedTensorType t) {
    return numeric(t) && t.getElementType() == typeOf(x).getElementType() &&
           llvm::is_contained(t.getShape(), k);
  });
  const int64_t rhs = llvm::find(shapeOf(y), k) - shapeOf(y).begin();
  SmallVector<int64_t> lhsBatch, rhsBatch;
  if (lhs > 0 && rhs > 0 && shapeOf(x)[0] == shapeOf(y)[0] && chance(60))
    lhsBatch = rhsBatch = {0};
  keep(build1("dot", {bounded(x, 3), bounded(y, 3)},
              {b.getNamedAttr("lhs_batch", b.getDenseI64ArrayAttr(lhsBatch)),
               b.getNamedAttr("rhs_batch", b.getDenseI64ArrayAttr(rhsBatch)),
               b.getNamedAttr("lhs_contract", b.getDenseI64ArrayAttr(lhs)),
               b.getNamedAttr("rhs_contract", b.getDenseI64ArrayAttr(rhs))}));
}

void ProgramGenerator::makeConv() {
  Value x = pickWhere([](RankedTensorType t) {
    return t.getRank() >= 3 && t.getRank() <= 4 && t.getNumElements() > 0 &&
           t.getNumElements() < 2000 && isa<FloatType>(t.getElementType());
  });
  if (!x)
    return;
  const int64_t spatial = typeOf(x).getRank() - 2;
  const int64_t channels = shapeOf(x)[1];
  const int64_t groups = channels % 2 == 0 && chance(30) ? 2 : 1;
  SmallVector<int64_t> filter = {groups * (1 + below(3)), channels / groups};
  SmallVector<int64_t> strides, lo, hi, lhsDilation, rhsDilation;
  for (int64_t d = 0; d < spatial; ++d) {
    filter.push_back(1 + below(3));
    strides.push_back(1 + below(2));
    lo.push_back(below(3));
    hi.push_back(below(3));
    lhsDilation.push_back(chance(80) ? 1 : 2);
    rhsDilation.push_back(chance(80) ? 1 : 2);
  }
  auto type = RankedTensorType::get(filter, typeOf(x).getElementType());
  Value counted = build1(
      "iota", {}, b.getNamedAttr("dim", b.getI64IntegerAttr(below(2))), type);
  keep(build1(
      "conv", {bounded(x, 3), bounded(counted, 3)},
      {b.getNamedAttr("strides", b.getDenseI64ArrayAttr(strides)),
       b.getNamedAttr("lo", b.getDenseI64ArrayAttr(lo)),
       b.getNamedAttr("hi", b.getDenseI64ArrayAttr(hi)),
       b.getNamedAttr("lhs_dilation", b.getDenseI64ArrayAttr(lhsDilation)),
       b.getNamedAttr("rhs_dilation", b.getDenseI64ArrayAttr(rhsDilation)),
       b.getNamedAttr("groups", b.getI64IntegerAttr(groups))}));
}

void ProgramGenerator::makeIota() {
  auto type = RankedTensorType::get(randomShape(), randomElementType());
  if (type.getRank() > 0 && !type.getElementType().isInteger(1))
    keep(build1(
        "iota", {},
        b.getNamedAttr("dim", b.getI64IntegerAttr(below(type.getRank()))),
        type));
}

void ProgramGenerator::makeRandomBits() {
  auto keyType = RankedTensorType::get({4}, b.getIntegerType(32, false));
  const bool wide = chance(30);
  auto type = RankedTensorType::get(randomShape(),
                                    b.getIntegerType(wide ? 64 : 32, false));
  keep(build1("rng_bits", splat(keyType, below(1000)), {}, type));
}

/// What softmax and the norms are made of: a reduction, its result repeated
/// over what was reduced, and a second reduction of both; along rows, columns
/// or any dimensions.
void ProgramGenerator::makeNormalized() {
  Value x = pickWhere([](RankedTensorType t) {
    return t.getRank() > 0 && !t.getElementType().isInteger(1);
  });
  if (!x)
    return;
  const auto dims = someDims(typeOf(x).getRank());
  SmallVector<int64_t> kept;
  for (int64_t d = 0; d < typeOf(x).getRank(); ++d)
    if (!llvm::is_contained(dims, d))
      kept.push_back(d);
  auto reduced = [&](Value value, mlir::mg::Reduction kind) {
    return build1(
        "reduce", value,
        {b.getNamedAttr("kind", mlir::mg::ReductionAttr::get(&context, kind)),
         b.getNamedAttr("dims", b.getDenseI64ArrayAttr(dims))});
  };
  auto repeated = [&](Value value) {
    return build1("broadcast", value,
                  b.getNamedAttr("dims", b.getDenseI64ArrayAttr(kept)),
                  typeOf(x));
  };
  Value first = chance(50) ? reduced(x, mlir::mg::Reduction::Max)
                           : reduced(bounded(x, 4), mlir::mg::Reduction::Sum);
  if (!first)
    return;
  Value centered = bounded(build1("sub", {x, repeated(first)}), 4);
  Value squared = chance(50) ? centered : build1("mul", {centered, centered});
  Value second = reduced(squared, mlir::mg::Reduction::Sum);
  if (!second)
    return;
  if (chance(30))
    keep(second);
  keep(build1("div", {centered, repeated(second)}));
}

void ProgramGenerator::makeViewChain() {
  static constexpr Maker views[] = {
      &ProgramGenerator::makeReshape,   &ProgramGenerator::makeTranspose,
      &ProgramGenerator::makeReshape,   &ProgramGenerator::makeTranspose,
      &ProgramGenerator::makeBroadcast, &ProgramGenerator::makeSlice,
      &ProgramGenerator::makeReverse,   &ProgramGenerator::makeConcat,
      &ProgramGenerator::makePad};
  // Each of what the one before made: they see no other value.
  SmallVector<Value> all = {pick()};
  std::swap(all, values);
  for (int64_t n = 2 + below(4); n > 0; --n) {
    (this->*views[below(std::size(views))])();
    values = {values.back()};
  }
  std::swap(all, values);
  keep(all.back());
}

ArrayRef<std::pair<int, ProgramGenerator::Maker>>
ProgramGenerator::makers() const {
  static constexpr std::pair<int, Maker> all[] = {
      {16, &ProgramGenerator::makeUnary},
      {22, &ProgramGenerator::makeBinary},
      {6, &ProgramGenerator::makeCompareAndSelect},
      {6, &ProgramGenerator::makeConvert},
      {6, &ProgramGenerator::makeReshape},
      {6, &ProgramGenerator::makeTranspose},
      {6, &ProgramGenerator::makeBroadcast},
      {6, &ProgramGenerator::makeSlice},
      {4, &ProgramGenerator::makeReverse},
      {2, &ProgramGenerator::makeUnfold},
      {2, &ProgramGenerator::makeDiagonal},
      {4, &ProgramGenerator::makePad},
      {4, &ProgramGenerator::makeConcat},
      {2, &ProgramGenerator::makeDynamicSlice},
      {2, &ProgramGenerator::makeDynamicUpdateSlice},
      {4, &ProgramGenerator::makeGather},
      {3, &ProgramGenerator::makeScatter},
      {8, &ProgramGenerator::makeReduce},
      {2, &ProgramGenerator::makeArgReduce},
      {2, &ProgramGenerator::makeCumulative},
      {2, &ProgramGenerator::makeSort},
      {1, &ProgramGenerator::makeTopK},
      {5, &ProgramGenerator::makeDot},
      {3, &ProgramGenerator::makeConv},
      {2, &ProgramGenerator::makeIota},
      {1, &ProgramGenerator::makeRandomBits},
      {5, &ProgramGenerator::makeNormalized},
      {4, &ProgramGenerator::makeViewChain},
  };
  return all;
}

OwningOpRef<ModuleOp> ProgramGenerator::generate() {
  int64_t total = 0;
  for (auto [weight, maker] : makers())
    total += weight;

  OwningOpRef<ModuleOp> module = ModuleOp::create(location);
  b.setInsertionPointToEnd(module->getBody());
  (*module)->setAttr("mg.name", b.getStringAttr("random"));
  SmallVector<Type> arguments;
  for (int64_t n = 1 + below(3); n > 0; --n)
    arguments.push_back(
        RankedTensorType::get(randomShape(), randomElementType()));
  auto function =
      b.create<func::FuncOp>(location, "f", b.getFunctionType(arguments, {}));
  Block *body = function.addEntryBlock();
  b.setInsertionPointToEnd(body);
  values.assign(body->args_begin(), body->args_end());

  for (int64_t wanted = values.size() + randomLength(), tries = 0;
       static_cast<int64_t>(values.size()) < wanted && tries < 400; ++tries) {
    int64_t ticket = below(total);
    for (auto [weight, maker] : makers()) {
      ticket -= weight;
      if (ticket < 0) {
        (this->*maker)();
        break;
      }
    }
  }
  // Results: what nothing else uses, the newest first; at most four.
  SmallVector<Value> results;
  for (Value value : llvm::reverse(values))
    if (value.use_empty() && results.size() < 4)
      results.push_back(value);
  b.create<func::ReturnOp>(location, results);
  function.setType(
      b.getFunctionType(arguments, ValueRange(results).getTypes()));
  return module;
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

void ProgramGenerator::store(char *to, mg_dtype dtype, double value) {
  auto put = [&](auto element) { std::memcpy(to, &element, sizeof element); };
  switch (dtype) {
  case MG_F64:
    return put(value);
  case MG_F32:
    return put(static_cast<float>(value));
  case MG_BF16:
    return put(static_cast<uint16_t>(
        std::bit_cast<uint32_t>(static_cast<float>(value)) >> 16));
  case MG_F16:
    return put(static_cast<_Float16>(value));
  case MG_BOOL:
    return put(static_cast<uint8_t>(value > 0));
  default: {
    const auto bits = static_cast<int64_t>(
        std::isfinite(value) ? std::fmod(value, 1e15) : 0.0);
    std::memcpy(to, &bits, mg_dtype_size(dtype)); // little-endian
  }
  }
}

std::vector<eager::Array> ProgramGenerator::inputs(func::FuncOp function) {
  static constexpr double special[] = {
      0.0,
      -0.0,
      1.0,
      -1.0,
      0.5,
      1e-40,
      -1e-40,
      3e38,
      -3e38,
      65504.0,
      std::numeric_limits<double>::infinity(),
      -std::numeric_limits<double>::infinity(),
      std::numeric_limits<double>::quiet_NaN()};
  std::normal_distribution<double> normal(0, 2);
  std::vector<eager::Array> arrays;
  for (Type type : function.getArgumentTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    const mg_dtype dtype = *eager::dtypeOf(tensor.getElementType());
    eager::Array array = eager::allocate(
        dtype, {tensor.getShape().data(), tensor.getShape().size()});
    auto *at = static_cast<char *>(array.view.data);
    for (int64_t i = 0; i < array.size(); ++i, at += mg_dtype_size(dtype)) {
      const double value = chance(4)    ? special[below(std::size(special))]
                           : chance(30) ? static_cast<double>(below(21) - 10)
                                        : normal(random);
      store(at, dtype, value);
    }
    arrays.push_back(std::move(array));
  }
  return arrays;
}

} // namespace mg::test
