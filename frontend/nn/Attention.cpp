//===- Attention.cpp - MultiHeadAttention ---------------------------------===//
#include "frontend/dsl/Promote.h"
#include "frontend/nn/Initial.h"
#include "mg/nn.h"

namespace mg::nn {
using namespace mg::detail;

namespace {

/// (n, l, heads * width) as (n, heads, l, width).
Tensor apart(const Tensor &x, int heads) {
  const Shape &s = x.shape();
  return swapaxes(reshape(x, {s[0], s[1], heads, s[2] / heads}), 1, 2);
}
/// Back.
Tensor together(const Tensor &x) {
  const Shape &s = x.shape();
  return reshape(swapaxes(x, 1, 2), {s[0], s[2], s[1] * s[3]});
}
/// Columns [from, to) of the last axis.
Tensor columns(const Tensor &x, std::int64_t from, std::int64_t to) {
  return x(ellipsis, slice(from, to));
}
Linear columns(const Linear &layer, std::int64_t from, std::int64_t to) {
  Linear part{columns(layer.w, from, to), {}};
  if (layer.b)
    part.b = columns(*layer.b, from, to);
  return part;
}
void checkSequence(const Tensor &x) {
  if (specOf(x).shape.size() != 3)
    fail("x (n, length, width) is wanted, not " + type_string(x), x, "x");
}

} // namespace

MultiHeadAttention MultiHeadAttention::init(const Key &key,
                                            const AttentionShape &shape,
                                            Where where) {
  Scope scope("MultiHeadAttention", where);
  const std::int64_t width = shape.width, heads = shape.heads;
  const std::int64_t shared = shape.shared_heads ? shape.shared_heads : heads;
  checkSizes({width, heads, shared});
  if (width % heads != 0 || heads % shared != 0)
    fail(fmt::format("a width of {} for {} heads, {} of them shared", width,
                     heads, shared));
  const std::int64_t columns = width + 2 * shared * (width / heads);
  Linear in{within(key.fold(0), {width, columns},
                   std::sqrt(6.0 / static_cast<double>(width + columns))),
            {}};
  Linear out = Linear::init(key.fold(1), width, width, shape.bias, where);
  if (shape.bias)
    in.b = zeros({columns}), out.b = zeros({width});
  return {in, out, static_cast<int>(heads), static_cast<int>(shared)};
}

/// Attention of projections q (n, l, ..) and kv (n, s, keys and values).
static Tensor attend(const MultiHeadAttention &layer, const Tensor &q,
                     const Tensor &kv, const AttentionOptions &options) {
  const std::int64_t half = kv.shape().back() / 2;
  const Tensor y = scaled_dot_product_attention(
      apart(q, layer.heads), apart(columns(kv, 0, half), layer.shared_heads),
      apart(columns(kv, half, 2 * half), layer.shared_heads), options);
  return layer.out(together(y));
}
Tensor MultiHeadAttention::operator()(Arg x,
                                      const AttentionOptions &options) const {
  Scope scope("MultiHeadAttention", x.where);
  checkSequence(x.tensor);
  const Tensor all = in(x);
  const std::int64_t width = out.w.shape()[0];
  return attend(*this, columns(all, 0, width),
                columns(all, width, all.shape().back()), options);
}
Tensor MultiHeadAttention::operator()(Arg x, Arg context,
                                      const AttentionOptions &options) const {
  Scope scope("MultiHeadAttention", x.where);
  checkSequence(x.tensor), checkSequence(context.tensor);
  const std::int64_t width = out.w.shape()[0];
  return attend(*this, columns(in, 0, width)(x),
                columns(in, width, in.w.shape()[1])(context), options);
}

} // namespace mg::nn
