//===- Contraction.cpp - products of matrices -----------------------------===//
#include "frontend/onnx/Operators.h"

#include <algorithm>

namespace mg::onnx {

static Tensors matMul(const Call &call) {
  return {astype(matmul(call[0], call[1]), call[0].dtype())};
}

/// x * factor in the dtype of x.
static Tensor scaled(const Tensor &x, double factor) {
  return factor == 1 ? x : astype(x * factor, x.dtype());
}

static Tensors gemm(const Call &call) {
  auto matrix = [&](std::size_t i, const char *transposed) {
    if (call[i].rank() != 2)
      call.fail("a matrix is wanted, not " + type_string(call[i]));
    return call.flag(transposed) ? transpose(call[i]) : call[i];
  };
  const Tensor product = matmul(matrix(0, "transA"), matrix(1, "transB"));
  const Tensor y = scaled(product, call.number("alpha", 1));
  const double beta = call.number("beta", 1);
  if (!call.has(2) || beta == 0)
    return {y};
  return {y + scaled(broadcast_to(call[2], y.shape()), beta)};
}

static Tensors einsum(const Call &call) {
  std::string equation = call.text("equation", "");
  std::erase(equation, ' ');
  const std::vector<Arg> operands(call.inputs.begin(), call.inputs.end());
  if (operands.empty())
    call.fail("there is no operand");
  return {astype(mg::einsum(equation, operands), call[0].dtype())};
}

/// By elimination, the pivot of each column its largest element.
static Tensors det(const Call &call) {
  const Tensor &x = call[0];
  const Shape &shape = x.shape();
  if (x.rank() < 2 || x.size(-1) != x.size(-2))
    call.fail("square matrices are wanted, not " + type_string(x));
  const std::int64_t n = x.size(-1);
  if (n > 64)
    call.unsupported("a determinant of more than 64 rows");
  Shape batch(shape.begin(), shape.end() - 2);
  Tensor rest = reshape(x, {-1, n, n});
  Tensor product = ones({rest.size(0)}, x.dtype());
  for (std::int64_t left = n; left > 0; --left) {
    const Tensor column = rest(all, all, 0);
    const Tensor at = argmax(abs(column), 1, true); // (b, 1)
    const Tensor isPivot = iota({1, left}, 1) == at;
    const Tensor pivotRow = // (b, left)
        sum(where(expand_dims(isPivot, -1), rest, 0), 1);
    const Tensor pivot = pivotRow(all, 0);
    const Tensor isFirst = squeeze(at, 1) == 0;
    product = product * where(isFirst, pivot, -pivot);
    // The first row takes the place of the pivot's.
    const Tensor swapped =
        where(expand_dims(isPivot, -1), rest(all, slice(0, 1)), rest);
    const Tensor divisor = where(pivot == 0, 1, pivot);
    const Tensor factor = swapped(all, slice(1, none), slice(0, 1)) /
                          reshape(divisor, {-1, 1, 1});
    rest = swapped(all, slice(1, none), slice(1, none)) -
           factor * expand_dims(pivotRow(all, slice(1, none)), 1);
  }
  return {reshape(product, batch)};
}

static constexpr Definition table[] = {{"", "MatMul", 1, matMul},
                                       {"", "Gemm", 7, gemm},
                                       {"", "Einsum", 12, einsum},
                                       {"", "Det", 11, det}};

Family families::contraction() { return table; }

} // namespace mg::onnx
