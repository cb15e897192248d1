#include "ContractionGenerator.h"

#include "frontend/eager/Execute.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"

#include <limits>
#include <numeric>

namespace mg::test {

using namespace mlir;
using mlir::mg::Reduction;

/// Products of numbers in one program: what the reference does in a moment.
static constexpr int64_t maxProducts = 1 << 21;

ContractionGenerator::ContractionGenerator(MLIRContext &context, uint64_t seed)
    : ProgramGenerator(context, seed), isExact(seed % 2 == 0) {
  maxElements = 1 << 20;
}

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}
static ArrayRef<int64_t> shapeOf(Value value) {
  return typeOf(value).getShape();
}
static bool isFloat(Value value) {
  return isa<FloatType>(typeOf(value).getElementType());
}
static int64_t product(ArrayRef<int64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t(1),
                         std::multiplies<>());
}
static SmallVector<int64_t> count(int64_t n) {
  return llvm::to_vector(llvm::seq<int64_t>(0, n));
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

Value ContractionGenerator::argument(ArrayRef<int64_t> shape, Type element) {
  return body->addArgument(RankedTensorType::get(shape, element), location);
}

Value ContractionGenerator::transposed(ArrayRef<int64_t> shape, Type element,
                                       int64_t depth) {
  SmallVector<int64_t> perm = count(shape.size()), from(shape.size());
  std::shuffle(perm.begin(), perm.end(), random);
  for (auto [d, source] : llvm::enumerate(perm))
    from[source] = shape[d];
  return build1("transpose", viewed(from, element, depth),
                b.getNamedAttr("perm", b.getDenseI64ArrayAttr(perm)));
}

Value ContractionGenerator::sliced(ArrayRef<int64_t> shape, Type element,
                                   int64_t depth) {
  SmallVector<int64_t> lo, hi, step, from;
  for (int64_t n : shape) {
    lo.push_back(chance(50) ? 0 : below(5));
    step.push_back(chance(70) || n > 1000 ? 1 : 1 + below(3));
    hi.push_back(lo.back() + (n == 0 ? 0 : (n - 1) * step.back() + 1));
    from.push_back(hi.back() + (chance(60) ? 0 : below(4)));
  }
  return build1("slice", viewed(from, element, depth),
                {b.getNamedAttr("lo", b.getDenseI64ArrayAttr(lo)),
                 b.getNamedAttr("hi", b.getDenseI64ArrayAttr(hi)),
                 b.getNamedAttr("step", b.getDenseI64ArrayAttr(step))});
}

Value ContractionGenerator::reversed(ArrayRef<int64_t> shape, Type element,
                                     int64_t depth) {
  return build1(
      "reverse", viewed(shape, element, depth),
      b.getNamedAttr("dims", b.getDenseI64ArrayAttr(someDims(shape.size()))));
}

Value ContractionGenerator::repeated(ArrayRef<int64_t> shape, Type element,
                                     int64_t depth) {
  SmallVector<int64_t> dims, from;
  for (auto [d, n] : llvm::enumerate(shape)) {
    if (chance(30))
      continue;
    dims.push_back(d);
    from.push_back(chance(15) ? 1 : n);
  }
  return build1("broadcast", viewed(from, element, depth),
                b.getNamedAttr("dims", b.getDenseI64ArrayAttr(dims)),
                RankedTensorType::get(shape, element));
}

Value ContractionGenerator::reshaped(ArrayRef<int64_t> shape, Type element,
                                     int64_t depth) {
  SmallVector<int64_t> from;
  for (int64_t n : shape) {
    for (int64_t f : {2, 3, 5})
      if (n > f && n % f == 0 && chance(30) && from.size() < 5) {
        from.push_back(f);
        n /= f;
      }
    if (!from.empty() && chance(30))
      from.back() *= n;
    else
      from.push_back(n);
  }
  return build1("reshape", viewed(from, element, depth), {},
                RankedTensorType::get(shape, element));
}

Value ContractionGenerator::padded(ArrayRef<int64_t> shape, Type element,
                                   int64_t depth) {
  SmallVector<int64_t> lo, hi, interior(shape.size(), 0), from;
  for (int64_t n : shape) {
    lo.push_back(chance(60) ? 0 : below(n / 2 + 1));
    hi.push_back(chance(60) ? 0 : below(n / 2 + 1));
    from.push_back(n - lo.back() - hi.back());
  }
  Value zero = splat(RankedTensorType::get({}, element), 0);
  return build1("pad", {viewed(from, element, depth), zero},
                {b.getNamedAttr("lo", b.getDenseI64ArrayAttr(lo)),
                 b.getNamedAttr("hi", b.getDenseI64ArrayAttr(hi)),
                 b.getNamedAttr("interior", b.getDenseI64ArrayAttr(interior))});
}

/// Rows of a table.
Value ContractionGenerator::gathered(ArrayRef<int64_t> shape, Type element,
                                     int64_t depth) {
  if (shape.empty())
    return viewed(shape, element, depth);
  SmallVector<int64_t> from(shape);
  from[0] = 1 + below(2 * shape[0] + 3);
  Value table = viewed(from, element, depth);
  if (!table)
    return {};
  return build1("gather", {table, indices(typeOf(table), {0}, {shape[0]})},
                {b.getNamedAttr("dims", b.getDenseI64ArrayAttr({0})),
                 b.getNamedAttr("batch_dims", b.getI64IntegerAttr(0))});
}

Value ContractionGenerator::viewed(ArrayRef<int64_t> shape, Type element,
                                   int64_t depth) {
  using Kind =
      Value (ContractionGenerator::*)(ArrayRef<int64_t>, Type, int64_t);
  static constexpr Kind kinds[] = {
      &ContractionGenerator::transposed, &ContractionGenerator::transposed,
      &ContractionGenerator::sliced,     &ContractionGenerator::sliced,
      &ContractionGenerator::reversed,   &ContractionGenerator::repeated,
      &ContractionGenerator::reshaped,   &ContractionGenerator::padded,
      &ContractionGenerator::gathered};
  if (depth == 0)
    return argument(shape, element);
  const Kind kind = kinds[below(std::size(kinds))];
  return (this->*kind)(shape, element, depth - 1);
}

//===----------------------------------------------------------------------===//
// Prologues and epilogues
//===----------------------------------------------------------------------===//

Value ContractionGenerator::spread(Value x, ArrayRef<int64_t> dims,
                                   ArrayRef<int64_t> shape) {
  if (!x)
    return {};
  return build1("broadcast", x,
                b.getNamedAttr("dims", b.getDenseI64ArrayAttr(dims)),
                typeOf(x).clone(shape));
}

Value ContractionGenerator::alongSome(Value like) {
  SmallVector<int64_t> dims, shape;
  const auto some = someDims(typeOf(like).getRank());
  for (int64_t d : some) {
    if (some.size() > 1 && chance(50))
      continue;
    dims.push_back(d);
    shape.push_back(shapeOf(like)[d]);
  }
  return spread(viewed(shape, typeOf(like).getElementType(), chance(15)), dims,
                shapeOf(like));
}

/// Of a size that sums and products may read again. -0 becomes 0: whether a sum
/// begins with its first element or with 0 is nobody's promise.
Value ContractionGenerator::clipped(Value x) {
  if (!x)
    return {};
  const double low = typeOf(x).getElementType().isUnsignedInteger() ? 0 : -4;
  Value least = build1("max", {x, splat(typeOf(x), low)});
  Value most = build1("min", {least, splat(typeOf(x), 4)});
  return isFloat(x) ? build1("add", {most, splat(typeOf(x), 0)}) : most;
}

Value ContractionGenerator::reduced(Value x, Reduction kind,
                                    ArrayRef<int64_t> dims) {
  return build1(
      "reduce", x,
      {b.getNamedAttr("kind", mlir::mg::ReductionAttr::get(&context, kind)),
       b.getNamedAttr("dims", b.getDenseI64ArrayAttr(dims))});
}

Value ContractionGenerator::lessItsMax(Value x, int64_t dim) {
  if (!x)
    return {};
  SmallVector<int64_t> kept = count(typeOf(x).getRank());
  kept.erase(kept.begin() + dim);
  return build1("sub",
                {x, spread(reduced(x, Reduction::Max, dim), kept, shapeOf(x))});
}

Value ContractionGenerator::softmax(Value x, int64_t dim) {
  Value e = build1("exp", lessItsMax(x, dim));
  if (!e)
    return {};
  SmallVector<int64_t> kept = count(typeOf(x).getRank());
  kept.erase(kept.begin() + dim);
  return build1("div",
                {e, spread(reduced(e, Reduction::Sum, dim), kept, shapeOf(x))});
}

Value ContractionGenerator::activated(Value x) {
  switch (below(isExact || !isFloat(x) ? 3 : 5)) {
  case 0:
    return build1("max", {x, splat(typeOf(x), 0)});
  case 1:
    return clipped(x);
  case 2:
    return build1("neg", x);
  case 3:
    return build1("tanh", x);
  default:
    return build1("exp", build1("min", {x, splat(typeOf(x), 2)}));
  }
}

/// What a contraction may get: other numbers than the ones in memory.
Value ContractionGenerator::operand(ArrayRef<int64_t> shape, Type element) {
  const int64_t depth = chance(45) ? 0 : 1 + below(3);
  if (chance(55))
    return viewed(shape, element, depth);
  Value x;
  if (chance(50)) {
    static constexpr mg_dtype sources[] = {MG_F32, MG_BF16, MG_F16, MG_I8,
                                           MG_U8,  MG_I32,  MG_F64};
    Type stored =
        eager::elementType(&context, sources[below(std::size(sources))]);
    auto mode = mlir::mg::ConvertModeAttr::get(
        &context, static_cast<mlir::mg::ConvertMode>(below(3)));
    x = build1("convert", viewed(shape, stored, depth),
               b.getNamedAttr("mode", mode),
               RankedTensorType::get(shape, element));
  } else {
    x = viewed(shape, element, depth);
  }
  if (!x || shape.empty())
    return x;
  switch (below(5)) {
  case 0:
    return build1("mul", {x, alongSome(x)});
  case 1:
    return build1("add", {x, alongSome(x)});
  case 2:
    return product(shape) > 0 && !element.isUnsignedInteger()
               ? lessItsMax(x, below(shape.size()))
               : x;
  case 3:
    return build1("mul", {x, splat(typeOf(x), 2)});
  default:
    return chance(50) ? x : activated(x);
  }
}

Value ContractionGenerator::epilogue(Value x) {
  for (int64_t n = below(4); n > 0 && x; --n)
    switch (below(7)) {
    case 0:
      x = build1("add", {x, alongSome(x)});
      break;
    case 1:
      x = build1("mul", {x, alongSome(x)});
      break;
    case 2:
      x = build1("add",
                 {x, viewed(shapeOf(x), typeOf(x).getElementType(), below(2))});
      break;
    case 3: {
      static constexpr mg_dtype targets[] = {MG_F32, MG_BF16, MG_F16, MG_F64};
      x = build1(
          "convert", isExact ? clipped(x) : x,
          b.getNamedAttr("mode", mlir::mg::ConvertModeAttr::get(
                                     &context, mlir::mg::ConvertMode::Nearest)),
          typeOf(x).clone(eager::elementType(
              &context, targets[below(std::size(targets))])));
      break;
    }
    case 4: {
      if (typeOf(x).getRank() == 0 || typeOf(x).getNumElements() == 0)
        break;
      // Along rows more often than along columns.
      auto dims = chance(60) ? SmallVector<int64_t>{typeOf(x).getRank() - 1}
                             : someDims(typeOf(x).getRank());
      x = chance(50) ? reduced(x, Reduction::Max, dims)
                     : reduced(isExact ? clipped(x) : x, Reduction::Sum, dims);
      break;
    }
    case 5: {
      auto perm = count(typeOf(x).getRank());
      std::shuffle(perm.begin(), perm.end(), random);
      x = build1("transpose", x,
                 b.getNamedAttr("perm", b.getDenseI64ArrayAttr(perm)));
      break;
    }
    default:
      x = activated(x);
    }
  return x;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Type ContractionGenerator::contractedType() {
  static constexpr mg_dtype types[] = {MG_F32, MG_F32, MG_F32,  MG_F32,
                                       MG_F32, MG_F64, MG_BF16, MG_F16,
                                       MG_I8,  MG_U8,  MG_I32};
  return eager::elementType(&context, types[below(std::size(types))]);
}

/// What a contraction of `element` answers.
Type ContractionGenerator::resultOf(Type element) {
  if (isa<FloatType>(element))
    return element.getIntOrFloatBitWidth() == 16 && chance(50)
               ? Type(b.getF32Type())
               : element;
  return element.getIntOrFloatBitWidth() == 8 && chance(90)
             ? Type(b.getIntegerType(32, !element.isUnsignedInteger()
                                             ? IntegerType::Signless
                                             : IntegerType::Unsigned))
             : element;
}

/// The classes of shapes.
ContractionGenerator::Sizes ContractionGenerator::someSizes() {
  static constexpr int64_t small[] = {0,  1,  2,  3,  4,  5,  7,  8, 9,
                                      13, 15, 16, 17, 31, 32, 33, 67};
  auto any = [&] { return small[below(std::size(small))]; };
  Sizes s{1, any(), any(), any()};
  switch (below(8)) {
  case 0: // few rows or columns
    s = {1, 1 + below(8), 100 + below(500), 50 + below(300)};
    break;
  case 1: // a long sum
    s = {1, 1 + below(8), 1 + below(17), chance(50) ? 20000 : 4097};
    break;
  case 2: // many tiny ones
    s = {chance(20) ? 4096 : 50 + below(500), 1 + below(5), 1 + below(5),
         1 + below(9)};
    break;
  case 3: // rows that fall on few sets of a cache
    s = {1, 8 + below(30), 1024 << below(2), 8 + below(24)};
    if (chance(50))
      std::swap(s.n, s.k);
    break;
  case 4:
    s = {1, 60 + below(70), 60 + below(70), 60 + below(70)};
    break;
  case 5:
    s.batch = chance(5) ? 0 : 1 + below(13);
    break;
  default:
    break;
  }
  if (chance(50))
    std::swap(s.m, s.n);
  while (s.batch * s.m * s.n * s.k > maxProducts)
    (s.k > s.n && s.k > s.m ? s.k : s.m > s.n ? s.m : s.n) /= 2;
  return s;
}

/// A number of pairs of dimensions whose sizes have the product n.
static SmallVector<int64_t> factored(int64_t n, bool split) {
  if (n == 1 && split)
    return {};
  for (int64_t f : {2, 3, 5, 7})
    if (split && n > f && n % f == 0)
      return {f, n / f};
  return {n};
}

Value ContractionGenerator::dotOf(Sizes sizes, Type element) {
  // Each dimension is a role's how-manieth.
  enum Role { Batch, Free, Contracted };
  struct Dim {
    Role role;
    int64_t place, size;
  };
  using Dims = SmallVector<Dim>;
  auto dimsOf = [&](Role role, ArrayRef<int64_t> list) {
    Dims dims;
    for (auto [i, size] : llvm::enumerate(list))
      dims.push_back({role, int64_t(i), size});
    return dims;
  };
  const auto batch = sizes.batch == 1 && chance(90)
                         ? SmallVector<int64_t>{}
                         : factored(sizes.batch, chance(25));
  const auto k = factored(sizes.k, chance(25));
  auto side = [&](int64_t free) {
    Dims dims = dimsOf(Batch, batch);
    llvm::append_range(dims, dimsOf(Free, factored(free, chance(25))));
    llvm::append_range(dims, dimsOf(Contracted, k));
    if (chance(50))
      std::shuffle(dims.begin(), dims.end(), random);
    return dims;
  };
  const Dims left = side(sizes.m), right = side(sizes.n);
  auto placed = [](const Dims &dims, Role role) {
    SmallVector<int64_t> places;
    for (int64_t place = 0;; ++place) {
      const auto *found = llvm::find_if(dims, [&](const Dim &d) {
        return d.role == role && d.place == place;
      });
      if (found == dims.end())
        return places;
      places.push_back(found - dims.begin());
    }
  };
  auto shapeOf = [](const Dims &dims) {
    return llvm::map_to_vector(dims, [](const Dim &d) { return d.size; });
  };
  auto places = [&](StringRef name, const Dims &dims, Role role) {
    return b.getNamedAttr(name, b.getDenseI64ArrayAttr(placed(dims, role)));
  };
  const NamedAttribute attributes[] = {
      places("lhs_batch", left, Batch), places("rhs_batch", right, Batch),
      places("lhs_contract", left, Contracted),
      places("rhs_contract", right, Contracted)};
  Value x = operand(shapeOf(left), element),
        y = operand(shapeOf(right), element);
  if (!x || !y)
    return {};
  // Of equal sizes a contraction may be that of an operand with itself.
  if (chance(5) && x.getType() == y.getType())
    y = x;
  return build1("dot", {x, y}, attributes,
                RankedTensorType::get({}, resultOf(element)));
}

/// The product of an earlier result and a new operand.
Value ContractionGenerator::dotWith(Value x) {
  if (!x || typeOf(x).getRank() == 0 || typeOf(x).getNumElements() > 1 << 16)
    return x;
  x = clipped(x);
  const int64_t dim =
      chance(70) ? typeOf(x).getRank() - 1 : below(typeOf(x).getRank());
  const int64_t n = std::min<int64_t>(
      1 + below(65),
      std::max<int64_t>(1, maxProducts / (typeOf(x).getNumElements() + 1)));
  Value y = operand({shapeOf(x)[dim], n}, typeOf(x).getElementType());
  return build1("dot", {x, y},
                {b.getNamedAttr("lhs_batch", b.getDenseI64ArrayAttr({})),
                 b.getNamedAttr("rhs_batch", b.getDenseI64ArrayAttr({})),
                 b.getNamedAttr("lhs_contract", b.getDenseI64ArrayAttr(dim)),
                 b.getNamedAttr("rhs_contract", b.getDenseI64ArrayAttr(0))});
}

/// softmax(q k^T / 2) v, scores perhaps with a mask added.
Value ContractionGenerator::attention() {
  static constexpr mg_dtype types[] = {MG_F32, MG_F32, MG_F64, MG_BF16};
  Type element = eager::elementType(&context, types[below(4)]);
  const int64_t heads = 1 + below(4), queries = 1 + below(70),
                keys = 1 + below(150), size = 1 + below(33);
  auto dot = [&](Value x, Value y, int64_t yDim) {
    return build1(
        "dot", {x, y},
        {b.getNamedAttr("lhs_batch", b.getDenseI64ArrayAttr(0)),
         b.getNamedAttr("rhs_batch", b.getDenseI64ArrayAttr(0)),
         b.getNamedAttr("lhs_contract", b.getDenseI64ArrayAttr(2)),
         b.getNamedAttr("rhs_contract", b.getDenseI64ArrayAttr(yDim))});
  };
  Value q = viewed({heads, queries, size}, element, below(2));
  Value scores = dot(q, viewed({heads, keys, size}, element, below(2)), 2);
  if (!scores)
    return {};
  scores = build1("mul", {scores, splat(typeOf(scores), 0.25)});
  if (chance(40))
    scores = build1("add", {scores, alongSome(scores)});
  return dot(softmax(scores, 2), viewed({heads, keys, size}, element, below(2)),
             1);
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

/// Forward, transposed, and both gradients, which are convolutions of large
/// windows or of an image with zeros between its elements.
Value ContractionGenerator::conv() {
  const int64_t spatial = 1 + below(3);
  static constexpr int64_t channels[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32};
  int64_t c = channels[below(std::size(channels))];
  int64_t o = channels[below(std::size(channels))];
  int64_t groups = 1;
  if (chance(35)) { // of one channel each, or of several
    groups = chance(50) ? c : std::gcd(c, o);
    o = groups * (1 + below(3));
  }
  const bool isGradient = chance(20); // the windows are the larger ones
  SmallVector<int64_t> x = {1 + below(3), c}, w = {o, c / groups};
  SmallVector<int64_t> strides, lo, hi, lhsDilation, rhsDilation;
  static constexpr int64_t extents[] = {70, 24, 9};
  int64_t outputs = x[0] * o, window = c / groups;
  for (int64_t d = 0; d < spatial; ++d) {
    int64_t n = 1 + below(extents[spatial - 1]);
    int64_t k = isGradient ? 1 + below(std::min<int64_t>(n, 15))
                           : 1 + below(chance(10) ? 9 : 4);
    strides.push_back(chance(60) ? 1 : 1 + below(3));
    lhsDilation.push_back(chance(80) ? 1 : 1 + below(3));
    rhsDilation.push_back(chance(75) ? 1 : 1 + below(3));
    lo.push_back(chance(40) ? 0 : below(k + 1) - chance(5));
    hi.push_back(chance(40) ? lo.back() : below(k + 1));
    // A window must fit.
    const int64_t extent = (k - 1) * rhsDilation.back() + 1;
    while ((n - 1) * lhsDilation.back() + 1 + lo.back() + hi.back() < extent)
      ++n;
    x.push_back(n);
    w.push_back(k);
    outputs *=
        ((n - 1) * lhsDilation.back() + 1 + lo.back() + hi.back() - extent) /
            strides.back() +
        1;
    window *= k;
  }
  if (outputs * window > maxProducts)
    return {};
  Type element = contractedType();
  return build1(
      "conv", {operand(x, element), operand(w, element)},
      {b.getNamedAttr("strides", b.getDenseI64ArrayAttr(strides)),
       b.getNamedAttr("lo", b.getDenseI64ArrayAttr(lo)),
       b.getNamedAttr("hi", b.getDenseI64ArrayAttr(hi)),
       b.getNamedAttr("lhs_dilation", b.getDenseI64ArrayAttr(lhsDilation)),
       b.getNamedAttr("rhs_dilation", b.getDenseI64ArrayAttr(rhsDilation)),
       b.getNamedAttr("groups", b.getI64IntegerAttr(groups))},
      RankedTensorType::get({}, resultOf(element)));
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

OwningOpRef<ModuleOp> ContractionGenerator::generate() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(location);
  (*module)->setAttr("mg.name", b.getStringAttr("contraction"));
  SmallVector<Value> results;
  func::FuncOp function;
  while (results.empty()) { // until the dialect takes the whole program
    if (function)
      function.erase();
    b.setInsertionPointToEnd(module->getBody());
    function = b.create<func::FuncOp>(location, "f", b.getFunctionType({}, {}));
    body = function.addEntryBlock();
    b.setInsertionPointToEnd(body);
    Value x = chance(35)               ? conv()
              : !isExact && chance(10) ? attention()
                                       : dotOf(someSizes(), contractedType());
    Value y = x ? epilogue(x) : Value();
    if (y && chance(15))
      y = dotWith(y);
    if (!y)
      continue;
    results = {y};
    if (x != y && chance(15))
      results.push_back(x);
  }
  b.create<func::ReturnOp>(location, results);
  function.setType(b.getFunctionType(body->getArgumentTypes(),
                                     ValueRange(results).getTypes()));
  return module;
}

std::vector<eager::Array> ContractionGenerator::inputs(func::FuncOp function) {
  // An infinity or NaN in one place shows what is read where nothing should be.
  const bool hasSpecial = isExact && chance(15);
  static constexpr double special[] = {
      std::numeric_limits<double>::infinity(),
      -std::numeric_limits<double>::infinity(),
      std::numeric_limits<double>::quiet_NaN()};
  std::normal_distribution<double> normal(0, 1);
  std::vector<eager::Array> arrays;
  for (Type type : function.getArgumentTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    const mg_dtype dtype = *eager::dtypeOf(tensor.getElementType());
    eager::Array array = eager::allocate(
        dtype, {tensor.getShape().data(), tensor.getShape().size()});
    auto *at = static_cast<char *>(array.view.data);
    const bool isUnsigned = tensor.getElementType().isUnsignedInteger();
    const bool isFloat = isa<FloatType>(tensor.getElementType());
    const int64_t odd =
        hasSpecial && isFloat && array.size() > 0 ? below(array.size()) : -1;
    for (int64_t i = 0; i < array.size(); ++i, at += mg_dtype_size(dtype)) {
      const double value = i == odd ? special[below(3)]
                           : isExact || !isFloat
                               ? below(7) - (isUnsigned ? 0 : 3)
                               : normal(random);
      store(at, dtype, value);
    }
    arrays.push_back(std::move(array));
  }
  return arrays;
}

} // namespace mg::test
