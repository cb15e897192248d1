#include "Reference.h"

#include "frontend/driver/Elements.h"
#include "ir/Dialect.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>

namespace mg::test {

using namespace mlir;
using Real = long double;
using Index = SmallVector<int64_t>;

static constexpr Real infinity = std::numeric_limits<Real>::infinity();

static int64_t product(ArrayRef<int64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t(1),
                         std::multiplies<>());
}

/// Calls `f` with each index of `shape`, in row-major order.
static void forEach(ArrayRef<int64_t> shape,
                    llvm::function_ref<void(ArrayRef<int64_t>)> f) {
  Index index(shape.size(), 0);
  for (int64_t left = product(shape); left > 0; --left) {
    f(index);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
  }
}

static int64_t number(ArrayRef<int64_t> shape, ArrayRef<int64_t> index) {
  int64_t n = 0;
  for (auto [size, i] : llvm::zip_equal(shape, index))
    n = n * size + i;
  return n;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// Half a ULP of 1.
static Real unit(Type type) {
  if (auto floating = dyn_cast<FloatType>(type))
    return std::ldexp(Real(1), -int(floating.getFPMantissaWidth()));
  return 0;
}

/// The type in which sums of `type` are kept.
static Type accumulator(Type type) {
  return type.isF64() || !isa<FloatType>(type)
             ? type
             : Type(Float32Type::get(type.getContext()));
}

/// `value` of a sum or the like as `type` has it, `ulps` off at most.
static void round(Real &value, Real &error, Type type, Real ulps = 0.5) {
  if (auto floating = dyn_cast<FloatType>(type)) {
    const auto &semantics = floating.getFloatSemantics();
    const Real most = APFloat::getLargest(semantics).convertToDouble();
    const Real least = APFloat::getSmallest(semantics).convertToDouble();
    if (!std::isfinite(value))
      return;
    if (std::fabs(value) + error > most / 2)
      error = infinity;
    error += 2 * ulps * (unit(type) * (std::fabs(value) + error) + least);
    return;
  }
  const unsigned bits = type.getIntOrFloatBitWidth();
  const Real span = std::ldexp(Real(1), bits);
  value -= span * std::floor(value / span);
  if (!type.isUnsignedInteger() && bits > 1 && value >= span / 2)
    value -= span;
}

Estimate exactly(const eager::Array &array) {
  Estimate result;
  result.shape.assign(array.shape().begin(), array.shape().end());
  const auto *at = static_cast<const char *>(array.view.data);
  const size_t size = mg_dtype_size(array.view.dtype);
  auto read = [&] {
    return driver::withElement(array.view.dtype, [&](auto value) {
      std::memcpy(&value, at, sizeof value);
      return static_cast<Real>(value);
    });
  };
  for (int64_t i = 0, n = array.size(); i < n; ++i, at += size)
    result.values.push_back(read());
  result.errors.resize(result.values.size());
  return result;
}

int64_t firstOutside(const Estimate &want, const eager::Array &got) {
  const Estimate have = exactly(got);
  for (int64_t i = 0; i < want.size(); ++i) {
    const Real value = want.values[i], found = have.values[i];
    if (std::isnan(value) ? std::isnan(found)
        : std::isinf(value)
            ? found == value
            : !std::isfinite(want.errors[i]) ||
                  std::fabs(found - value) <= want.errors[i] * 1.000001L)
      continue;
    return i;
  }
  return -1;
}

//===----------------------------------------------------------------------===//
// The ops
//===----------------------------------------------------------------------===//

namespace {

/// One op's operands, attributes and result type.
class Evaluation {
public:
  Evaluation(Operation *op, ArrayRef<const Estimate *> operands)
      : op(op), x(operands) {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    element = type.getElementType();
    result.shape.assign(type.getShape().begin(), type.getShape().end());
  }
  /// False: no reference of this op.
  bool run();

  Estimate result;

private:
  ArrayRef<int64_t> list(StringRef name) {
    return op->getAttrOfType<DenseI64ArrayAttr>(name).asArrayRef();
  }
  int64_t integer(StringRef name) {
    auto attribute = op->getAttrOfType<IntegerAttr>(name);
    return attribute ? attribute.getInt() : 1;
  }
  void push(Real value, Real error) {
    result.values.push_back(value);
    result.errors.push_back(error);
  }
  /// Each element of the result is the operand's at an index; none: 0, or the
  /// second operand.
  void view(llvm::function_ref<bool(ArrayRef<int64_t>, Index &)> where);
  using Pair = std::pair<Real, Real>; // a value and its error
  void elementwise(llvm::function_ref<Pair(Pair, Pair)> f, Real ulps = 0.5);

  bool runView(StringRef name);
  bool runElementwise(StringRef name);
  void constant();
  void iota();
  void convert();
  void gather();
  void reduce();
  void dot();
  void conv();
  /// Pushes a sum of k products, rounded to the result's type.
  void pushSum(Real sum, Real magnitude, Real carried, int64_t k);

  Operation *op;
  ArrayRef<const Estimate *> x;
  Type element;
};

} // namespace

void Evaluation::view(
    llvm::function_ref<bool(ArrayRef<int64_t>, Index &)> where) {
  Index from(x[0]->shape.size());
  forEach(result.shape, [&](ArrayRef<int64_t> index) {
    if (where(index, from)) {
      const int64_t n = number(x[0]->shape, from);
      push(x[0]->values[n], x[0]->errors[n]);
    } else {
      push(x[1]->values[0], x[1]->errors[0]);
    }
  });
}

bool Evaluation::runView(StringRef name) {
  if (name == "reshape" || name == "barrier") {
    result.values = x[0]->values;
    result.errors = x[0]->errors;
    return true;
  }
  const Index &shape = x[0]->shape;
  std::function<bool(ArrayRef<int64_t>, Index &)> where;
  if (name == "transpose")
    where = [perm = list("perm")](ArrayRef<int64_t> i, Index &from) {
      for (auto [d, source] : llvm::enumerate(perm))
        from[source] = i[d];
      return true;
    };
  else if (name == "broadcast")
    where = [&, dims = list("dims")](ArrayRef<int64_t> i, Index &from) {
      for (auto [d, target] : llvm::enumerate(dims))
        from[d] = shape[d] == 1 ? 0 : i[target];
      return true;
    };
  else if (name == "slice")
    where = [lo = list("lo"), step = list("step")](ArrayRef<int64_t> i,
                                                   Index &from) {
      for (size_t d = 0; d < from.size(); ++d)
        from[d] = lo[d] + i[d] * step[d];
      return true;
    };
  else if (name == "reverse")
    where = [&, dims = list("dims")](ArrayRef<int64_t> i, Index &from) {
      from = Index(i);
      for (int64_t d : dims)
        from[d] = shape[d] - 1 - i[d];
      return true;
    };
  else if (name == "pad")
    where = [&, lo = list("lo"),
             interior = list("interior")](ArrayRef<int64_t> i, Index &from) {
      for (size_t d = 0; d < from.size(); ++d) {
        const int64_t at = i[d] - lo[d], apart = interior[d] + 1;
        from[d] = at / apart;
        if (at < 0 || at % apart != 0 || from[d] >= shape[d])
          return false;
      }
      return true;
    };
  else
    return false;
  view(where);
  return true;
}

void Evaluation::elementwise(llvm::function_ref<Pair(Pair, Pair)> f,
                             Real ulps) {
  for (int64_t i = 0; i < x[0]->size(); ++i) {
    Pair a(x[0]->values[i], x[0]->errors[i]), b;
    if (x.size() > 1)
      b = {x[1]->values[i], x[1]->errors[i]};
    auto [value, error] = f(a, b);
    round(value, error, element, ulps);
    push(value, error);
  }
}

bool Evaluation::runElementwise(StringRef name) {
  if (name == "add")
    elementwise([](Pair a, Pair b) {
      return Pair(a.first + b.first, a.second + b.second);
    });
  else if (name == "sub")
    elementwise([](Pair a, Pair b) {
      return Pair(a.first - b.first, a.second + b.second);
    });
  else if (name == "mul")
    elementwise([](Pair a, Pair b) {
      return Pair(a.first * b.first, std::fabs(a.first) * b.second +
                                         std::fabs(b.first) * a.second +
                                         a.second * b.second);
    });
  else if (name == "div")
    elementwise([](Pair a, Pair b) {
      const Real quotient = a.first / b.first;
      const Real least = std::fabs(b.first) - b.second;
      return Pair(quotient,
                  least > 0
                      ? (a.second + std::fabs(quotient) * b.second) / least
                      : infinity);
    });
  else if (name == "rem")
    elementwise(
        [](Pair a, Pair b) { return Pair(std::fmod(a.first, b.first), 0); });
  else if (name == "max" || name == "min")
    elementwise(
        [&](Pair a, Pair b) {
          const bool first = (name == "max") == (a.first >= b.first);
          return Pair(std::isnan(a.first) || std::isnan(b.first)
                          ? std::numeric_limits<Real>::quiet_NaN()
                      : first ? a.first
                              : b.first,
                      std::max(a.second, b.second));
        },
        0);
  else if (name == "neg")
    elementwise([](Pair a, Pair) { return Pair(-a.first, a.second); }, 0);
  else if (name == "exp")
    elementwise(
        [](Pair a, Pair) {
          return Pair(std::exp(a.first),
                      std::exp(a.first) * std::expm1(a.second));
        },
        2);
  else if (name == "tanh")
    elementwise([](Pair a, Pair) { return Pair(std::tanh(a.first), a.second); },
                2);
  else
    return false;
  return true;
}

void Evaluation::constant() {
  auto elements = op->getAttrOfType<DenseElementsAttr>("value");
  if (isa<FloatType>(element))
    for (const APFloat &value : elements.getValues<APFloat>())
      push(value.convertToDouble(), 0);
  else
    for (const APInt &value : elements.getValues<APInt>())
      push(element.isUnsignedInteger() ? Real(value.getZExtValue())
                                       : Real(value.getSExtValue()),
           0);
}

void Evaluation::iota() {
  forEach(result.shape, [&](ArrayRef<int64_t> index) {
    Real value = index[integer("dim")], error = 0;
    round(value, error, element);
    push(value, error);
  });
}

/// To an integer: by the nearest, or toward zero; where the operand is not
/// known exactly it may be the next one.
void Evaluation::convert() {
  if (isa<FloatType>(element))
    return elementwise([](Pair a, Pair) { return a; });
  auto type = cast<RankedTensorType>(op->getOperand(0).getType());
  using Mode = mlir::mg::ConvertMode;
  const Mode mode =
      op->getAttrOfType<mlir::mg::ConvertModeAttr>("mode").getValue();
  const bool isFloat = isa<FloatType>(type.getElementType());
  const unsigned bits = element.getIntOrFloatBitWidth();
  const bool isUnsigned = element.isUnsignedInteger();
  const Real high = std::ldexp(Real(1), bits - !isUnsigned) - 1;
  const Real low = isUnsigned ? 0 : -high - 1;
  elementwise([&](Pair a, Pair) {
    if (std::isnan(a.first))
      return Pair(0, 0);
    Real value =
        mode == Mode::Nearest ? std::nearbyint(a.first) : std::trunc(a.first);
    if (isFloat || mode == Mode::Saturate)
      value = std::clamp(value, low, high);
    return Pair(value, a.second == 0 ? 0 : std::ceil(a.second) + 1);
  });
}

/// Of whole slices: one index each, without batch dimensions.
void Evaluation::gather() {
  const int64_t dim = list("dims")[0];
  const size_t outer = x[1]->shape.size() - 1;
  view([&](ArrayRef<int64_t> i, Index &from) {
    Index rest(i.drop_front(outer));
    rest.insert(rest.begin() + dim,
                x[1]->values[number(ArrayRef(x[1]->shape).drop_back(),
                                    i.take_front(outer))]);
    from = rest;
    return true;
  });
}

void Evaluation::reduce() {
  const Index &shape = x[0]->shape;
  Index kept, reduced;
  for (int64_t d = 0; d < int64_t(shape.size()); ++d)
    (llvm::is_contained(list("dims"), d) ? reduced : kept).push_back(d);
  Index counts;
  for (int64_t d : reduced)
    counts.push_back(shape[d]);
  const int64_t n = product(counts);
  const auto kind =
      op->getAttrOfType<mlir::mg::ReductionAttr>("kind").getValue();
  const bool isSum = kind == mlir::mg::Reduction::Sum;
  const Real part = (std::ceil(std::log2(std::max<int64_t>(n, 1))) + 8) *
                    unit(accumulator(element));
  Index from(shape.size());
  forEach(result.shape, [&](ArrayRef<int64_t> index) {
    Real value = isSum ? 0 : -infinity, error = 0, magnitude = 0;
    for (auto [d, i] : llvm::zip_equal(kept, index))
      from[d] = i;
    forEach(counts, [&](ArrayRef<int64_t> inner) {
      for (auto [d, i] : llvm::zip_equal(reduced, inner))
        from[d] = i;
      const int64_t at = number(shape, from);
      const Real v = x[0]->values[at], e = x[0]->errors[at];
      if (isSum) {
        value += v;
        error += e;
        magnitude += std::fabs(v) + e;
      } else {
        value = std::isnan(v) || v > value ? v : value;
        error = std::max(error, e);
      }
    });
    error += part * magnitude;
    round(value, error, element, isSum ? 1 : 0);
    push(value, error);
  });
}

void Evaluation::pushSum(Real sum, Real magnitude, Real carried, int64_t k) {
  Real error = carried + (k + 8) * unit(accumulator(element)) * magnitude;
  // The accumulator is the result's type, or the sum is rounded once more.
  round(sum, error, element, accumulator(element) == element ? 0 : 1);
  push(sum, error);
}

/// (batch, free, contracted) as three numbers, and the elements in that order.
static std::pair<Index, Estimate> arranged(const Estimate &x,
                                           ArrayRef<int64_t> batch,
                                           ArrayRef<int64_t> contract) {
  Index order(batch), free;
  for (int64_t d = 0; d < int64_t(x.shape.size()); ++d)
    if (!llvm::is_contained(batch, d) && !llvm::is_contained(contract, d))
      free.push_back(d);
  llvm::append_range(order, free);
  llvm::append_range(order, contract);
  auto sizeOf = [&](ArrayRef<int64_t> dims) {
    int64_t size = 1;
    for (int64_t d : dims)
      size *= x.shape[d];
    return size;
  };
  Estimate result;
  Index shape, from(order.size());
  for (int64_t d : order)
    shape.push_back(x.shape[d]);
  forEach(shape, [&](ArrayRef<int64_t> index) {
    for (auto [d, i] : llvm::zip_equal(order, index))
      from[d] = i;
    const int64_t n = number(x.shape, from);
    result.values.push_back(x.values[n]);
    result.errors.push_back(x.errors[n]);
  });
  return {{sizeOf(batch), sizeOf(free), sizeOf(contract)}, std::move(result)};
}

void Evaluation::dot() {
  auto [left, a] = arranged(*x[0], list("lhs_batch"), list("lhs_contract"));
  auto [right, b] = arranged(*x[1], list("rhs_batch"), list("rhs_contract"));
  const int64_t k = left[2];
  for (int64_t batch = 0; batch < left[0]; ++batch)
    for (int64_t m = 0; m < left[1]; ++m)
      for (int64_t n = 0; n < right[1]; ++n) {
        Real sum = 0, magnitude = 0, carried = 0;
        int64_t i = (batch * left[1] + m) * k, j = (batch * right[1] + n) * k;
        for (const int64_t end = i + k; i < end; ++i, ++j) {
          const Real p = std::fabs(a.values[i]), q = std::fabs(b.values[j]);
          sum += a.values[i] * b.values[j];
          magnitude += (p + a.errors[i]) * (q + b.errors[j]);
          carried += p * b.errors[j] + a.errors[i] * (q + b.errors[j]);
        }
        pushSum(sum, magnitude, carried, k);
      }
}

void Evaluation::conv() {
  const Estimate &image = *x[0], &filter = *x[1];
  const int64_t groups = integer("groups"), perGroup = filter.shape[1],
                outputs = filter.shape[0] / groups;
  const ArrayRef<int64_t> window = ArrayRef(filter.shape).drop_front(2);
  const int64_t taps = product(window);
  const int64_t area = product(ArrayRef(image.shape).drop_front(2));
  const ArrayRef<int64_t> strides = list("strides"), lo = list("lo"),
                          apart = list("lhs_dilation"),
                          dilation = list("rhs_dilation");
  forEach(result.shape, [&](ArrayRef<int64_t> index) {
    Real sum = 0, magnitude = 0, carried = 0;
    const int64_t group = index[1] / outputs;
    int64_t tap = -1;
    forEach(window, [&](ArrayRef<int64_t> w) {
      ++tap;
      int64_t place = 0;
      bool isZero = false; // of the padding, or between elements
      for (auto [d, j] : llvm::enumerate(w)) {
        const int64_t at = index[d + 2] * strides[d] + j * dilation[d] - lo[d];
        isZero |=
            at < 0 || at % apart[d] != 0 || at / apart[d] >= image.shape[d + 2];
        place = place * image.shape[d + 2] + at / apart[d];
      }
      for (int64_t c = 0; c < perGroup; ++c) {
        const int64_t j = (index[1] * perGroup + c) * taps + tap;
        const Real v = filter.values[j], dv = filter.errors[j];
        if (isZero) {
          sum += 0 * v; // NaN of an infinite v
          continue;
        }
        const int64_t i =
            (index[0] * image.shape[1] + group * perGroup + c) * area + place;
        const Real u = image.values[i], du = image.errors[i];
        sum += u * v;
        magnitude += (std::fabs(u) + du) * (std::fabs(v) + dv);
        carried += std::fabs(u) * dv + du * (std::fabs(v) + dv);
      }
    });
    pushSum(sum, magnitude, carried, perGroup * taps);
  });
}

bool Evaluation::run() {
  const StringRef name = op->getName().stripDialect();
  if (auto kind = op->getAttrOfType<mlir::mg::ReductionAttr>("kind"))
    if (kind.getValue() != mlir::mg::Reduction::Sum &&
        kind.getValue() != mlir::mg::Reduction::Max)
      return false;
  if (runView(name) || runElementwise(name))
    return true;
  using Method = void (Evaluation::*)();
  const Method method = llvm::StringSwitch<Method>(name)
                            .Case("constant", &Evaluation::constant)
                            .Case("iota", &Evaluation::iota)
                            .Case("convert", &Evaluation::convert)
                            .Case("gather", &Evaluation::gather)
                            .Case("reduce", &Evaluation::reduce)
                            .Case("dot", &Evaluation::dot)
                            .Case("conv", &Evaluation::conv)
                            .Default(nullptr);
  if (!method)
    return false;
  (this->*method)();
  return true;
}

Reference evaluate(func::FuncOp function, ArrayRef<eager::Array> inputs) {
  Reference reference;
  llvm::DenseMap<Value, Estimate> known;
  for (auto [argument, input] :
       llvm::zip_equal(function.getArguments(), inputs))
    known.try_emplace(argument, exactly(input));
  Operation *end = function.getBody().front().getTerminator();
  for (Operation &op : function.getBody().front()) {
    if (&op == end)
      break;
    SmallVector<const Estimate *> operands;
    for (Value operand : op.getOperands())
      operands.push_back(&known.find(operand)->second);
    Evaluation evaluation(&op, operands);
    if (!evaluation.run()) {
      reference.unknown = op.getName().getStringRef();
      return reference;
    }
    known.try_emplace(op.getResult(0), std::move(evaluation.result));
  }
  for (Value result : end->getOperands())
    reference.results.push_back(known.find(result)->second);
  return reference;
}

} // namespace mg::test
