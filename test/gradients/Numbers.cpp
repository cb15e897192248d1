//===- Numbers.cpp - arrays of any dtype as numbers -----------------------===//
#include "Numbers.h"

#include "frontend/eager/Execute.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <stdexcept>

namespace mg::test {

/// Calls `visit` with a zero of the dtype's C++ type.
template <class Visitor> static auto visit(mg_dtype dtype, Visitor visitor) {
  switch (dtype) {
  case MG_F64:
    return visitor(double());
  case MG_F32:
    return visitor(float());
  case MG_F16:
    return visitor(_Float16());
  case MG_I64:
    return visitor(int64_t());
  case MG_I32:
    return visitor(int32_t());
  case MG_U32:
    return visitor(uint32_t());
  case MG_U64:
    return visitor(uint64_t());
  case MG_BOOL:
    return visitor(bool());
  default:
    throw std::invalid_argument("no case has such elements");
  }
}

std::vector<double> numbers(const eager::Array &array) {
  const eager::Array dense = eager::rowMajor(array);
  return visit(dense.view.dtype, [&]<class T>(T) {
    const T *first = static_cast<const T *>(dense.view.data);
    return std::vector<double>(first, first + dense.size());
  });
}

static eager::Array filled(mg_dtype dtype, std::span<const int64_t> shape,
                           const std::vector<double> &numbers) {
  eager::Array array = eager::allocate(dtype, shape);
  visit(dtype, [&]<class T>(T) {
    std::transform(numbers.begin(), numbers.end(),
                   static_cast<T *>(array.view.data),
                   [](double x) { return static_cast<T>(x); });
  });
  return array;
}

eager::Array arrayOf(mlir::RankedTensorType type,
                     const std::vector<double> &numbers) {
  return filled(*eager::dtypeOf(type.getElementType()),
                {type.getShape().data(), type.getShape().size()}, numbers);
}

eager::Array draw(const Operand &operand, mlir::RankedTensorType type,
                  Random &random) {
  std::vector<double> values(type.getNumElements());
  if (operand.isApart) {
    // The middles of as many intervals, somewhat aside, in some order.
    const double width = (operand.high - operand.low) / values.size();
    std::uniform_real_distribution<double> place(0.25, 0.75);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = operand.low + width * (i + place(random));
    std::shuffle(values.begin(), values.end(), random);
  } else {
    std::uniform_real_distribution<double> uniform(operand.low, operand.high);
    for (double &value : values)
      value = uniform(random);
  }
  if (operand.isWhole || !mlir::isa<mlir::FloatType>(type.getElementType()))
    for (double &value : values)
      value = std::floor(value);
  return arrayOf(type, values);
}

eager::Array drawWeights(mlir::RankedTensorType type, Random &random) {
  return draw({"", -1, 1}, type, random);
}

eager::Array nudged(const eager::Array &array, int64_t at, double change) {
  std::vector<double> values = numbers(array);
  values[at] += change;
  return filled(array.view.dtype, array.shape(), values);
}

eager::Array moved(const eager::Array &array, const eager::Array &direction,
                   double scale) {
  std::vector<double> values = numbers(array), step = numbers(direction);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] += scale * step[i];
  return filled(array.view.dtype, array.shape(), values);
}

eager::Array stacked(const Arrays &rows) {
  std::vector<int64_t> shape(rows[0].shape().begin(), rows[0].shape().end());
  shape.insert(shape.begin(), static_cast<int64_t>(rows.size()));
  std::vector<double> all;
  for (const eager::Array &row : rows)
    for (double value : numbers(row))
      all.push_back(value);
  return filled(rows[0].view.dtype, shape, all);
}

eager::Array row(const eager::Array &array, int64_t index) {
  const std::vector<double> values = numbers(array);
  const auto shape = array.shape().subspan(1);
  const int64_t size = std::accumulate(shape.begin(), shape.end(), int64_t(1),
                                       std::multiplies<>());
  const auto first = values.begin() + index * size;
  return filled(array.view.dtype, shape, {first, first + size});
}

double dot(const Arrays &a, const Arrays &b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const std::vector<double> x = numbers(a[i]), y = numbers(b[i]);
    for (size_t k = 0; k < x.size(); ++k)
      sum += std::isinf(x[k]) ? 0 : x[k] * y[k];
  }
  return sum;
}

std::string difference(const std::vector<double> &got,
                       const std::vector<double> &want, double tolerance) {
  std::ostringstream text;
  if (got.size() != want.size())
    return "another number of elements";
  double scale = 1e-3;
  for (double x : want)
    scale = std::max(scale, std::abs(x));
  for (size_t i = 0; i < got.size(); ++i)
    if (!(std::abs(got[i] - want[i]) <= tolerance * scale) &&
        !(std::isinf(want[i]) && got[i] == want[i]))
      text << "element " << i << " is " << got[i] << ", not " << want[i]
           << "; ";
  return text.str();
}

} // namespace mg::test
