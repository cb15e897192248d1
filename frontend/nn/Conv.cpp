//===- Conv.cpp - Conv, ConvTranspose -------------------------------------===//
#include "frontend/dsl/Promote.h"
#include "frontend/nn/Initial.h"
#include "mg/nn.h"

#include <numeric>

namespace mg::nn {
using namespace mg::detail;

namespace {

/// `values`, or `otherwise` for each of n dimensions.
Shape filled(const Shape &values, std::size_t n, std::int64_t otherwise) {
  return values.empty() ? Shape(n, otherwise) : values;
}
/// The layer's weights from `first` channels to `second` of each group.
template <class Layer>
Layer begin(const Key &key, const ConvShape &shape, std::int64_t first,
            std::int64_t second) {
  const std::size_t n = shape.kernel.size();
  checkSizes({shape.in, shape.out, shape.groups});
  checkSizes(shape.kernel);
  if (shape.in % shape.groups != 0 || shape.out % shape.groups != 0)
    fail(fmt::format("{} and {} channels in {} groups", shape.in, shape.out,
                     shape.groups));
  for (const Shape *sizes : {&shape.stride, &shape.padding, &shape.dilation})
    if (!sizes->empty() && sizes->size() != n)
      fail(fmt::format("{} numbers for a kernel of {} dimensions",
                       sizes->size(), n));
  Shape weights{first, second};
  weights.insert(weights.end(), shape.kernel.begin(), shape.kernel.end());
  const double bound = boundOf(std::accumulate(
      weights.begin() + 1, weights.end(), std::int64_t(1), std::multiplies()));
  Layer layer{within(key.fold(0), weights, bound), {},
              filled(shape.stride, n, 1),          filled(shape.padding, n, 0),
              filled(shape.dilation, n, 1),        shape.groups};
  if (shape.bias)
    layer.b = within(key.fold(1), {shape.out}, bound);
  return layer;
}
Tensor plusBias(const Tensor &y, const std::optional<Tensor> &b) {
  if (!b)
    return y;
  Shape shape(static_cast<std::size_t>(y.rank()) - 1, 1);
  shape[0] = b->size();
  return y + reshape(cast(*b, y.dtype()), shape);
}
/// x is (n, c, ..) of as many dimensions as the weights.
void checkRank(const Tensor &x, const Tensor &w) {
  if (specOf(x).shape.size() != specOf(w).shape.size())
    fail(fmt::format("x is {} for weights {}", type_string(x), type_string(w)),
         x, "x");
}

/// w (in, out / groups, kernel..) as that of the convolution that it is the
/// adjoint of reads it: (out, in / groups, kernel..), turned around.
Tensor adjoint(const Tensor &w, std::int64_t groups) {
  Shape shape = w.shape();
  std::vector<int> space(shape.size() - 2);
  std::iota(space.begin(), space.end(), 2);
  const Tensor turned = flip(w, space);
  Shape grouped{groups, shape[0] / groups};
  grouped.insert(grouped.end(), shape.begin() + 1, shape.end());
  Shape result{groups * shape[1], shape[0] / groups};
  result.insert(result.end(), shape.begin() + 2, shape.end());
  return reshape(swapaxes(reshape(turned, grouped), 1, 2), result);
}

} // namespace

Conv Conv::init(const Key &key, const ConvShape &shape, Where where) {
  Scope scope("Conv", where);
  return begin<Conv>(key, shape, shape.out,
                     shape.in / std::max<std::int64_t>(shape.groups, 1));
}
Tensor Conv::operator()(Arg x) const {
  Scope scope("Conv", x.where);
  checkRank(x.tensor, w);
  return plusBias(conv(x, w,
                       {.strides = stride,
                        .low = padding,
                        .high = padding,
                        .rhs_dilation = dilation,
                        .groups = groups}),
                  b);
}

ConvTranspose ConvTranspose::init(const Key &key, const ConvShape &shape,
                                  Where where) {
  Scope scope("ConvTranspose", where);
  return begin<ConvTranspose>(key, shape, shape.in,
                              shape.out /
                                  std::max<std::int64_t>(shape.groups, 1));
}
Tensor ConvTranspose::operator()(Arg x) const {
  Scope scope("ConvTranspose", x.where);
  checkRank(x.tensor, w);
  Shape pad;
  for (std::size_t d = 0; d < padding.size(); ++d)
    pad.push_back(dilation[d] * (w.shape()[d + 2] - 1) - padding[d]);
  return plusBias(conv(x, adjoint(w, groups),
                       {.low = pad,
                        .high = pad,
                        .lhs_dilation = stride,
                        .rhs_dilation = dilation,
                        .groups = groups}),
                  b);
}

} // namespace mg::nn
