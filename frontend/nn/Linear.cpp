//===- Linear.cpp - Linear, Embedding, Dropout ----------------------------===//
#include "frontend/dsl/Promote.h"
#include "frontend/nn/Initial.h"
#include "mg/nn.h"

namespace mg::nn {
using namespace mg::detail;

Linear Linear::init(const Key &key, std::int64_t in, std::int64_t out,
                    bool bias, Where where) {
  Scope scope("Linear", where);
  checkSizes({in, out});
  Linear layer{within(key.fold(0), {in, out}, boundOf(in)), {}};
  if (bias)
    layer.b = within(key.fold(1), {out}, boundOf(in));
  return layer;
}
Tensor Linear::operator()(Arg x) const {
  Scope scope("Linear", x.where);
  const Tensor y = matmul(x, w);
  // Where matmul was told to be narrow (autocast), the sum is, too.
  return b ? y + cast(*b, y.dtype()) : y;
}

Embedding Embedding::init(const Key &key, std::int64_t count,
                          std::int64_t width, Where where) {
  Scope scope("Embedding", where);
  checkSizes({count, width});
  return {normal(key, {count, width})};
}
Tensor Embedding::operator()(Arg indices) const {
  Scope scope("Embedding", indices.where);
  return take(table, indices, 0);
}

Tensor Dropout::operator()(Arg x, const Key &key, Mode mode) const {
  return mode == Mode::train ? dropout(x, key, rate) : x.tensor;
}

} // namespace mg::nn
