//===- Random.cpp - draws from a key, all in ops of the dialect -----------===//
//
// A key is 128 bits: `mg.rng_bits` gives stream (key, 0), (key, 1), .. of 32 or
// 64 bits. A derived key is four words of the stream whose key has the upper
// half changed by the number and by a constant, so that no draw from the key
// itself reads them.
//
//===----------------------------------------------------------------------===//
#include "mg/random.h"

#include "frontend/dsl/Promote.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

namespace mg {
using namespace detail;

Key::Key(std::uint64_t seed, Where where)
    : state_(from(std::vector<std::uint32_t>{std::uint32_t(seed),
                                             std::uint32_t(seed >> 32), 0, 0},
                  where)) {}

static Tensor draw(const Tensor &state, Shape shape, DType dtype) {
  return emit("rng_bits", {state}, {}, {dtype, std::move(shape)});
}

Key Key::fold(Arg number) const {
  Scope scope("fold", number.where);
  const Tensor n = reshape(cast(number.tensor, DType::u32), {1}) + 1;
  const Tensor low = from(std::vector<std::uint32_t>{0, 0});
  const Tensor high = from(std::vector<std::uint32_t>{0x9e3779b9});
  Key key = *this;
  key.state_ = draw(state_ ^ concat({low, n, high}), {4}, DType::u32);
  return key;
}

std::vector<Key> split(const Key &key, int count, Where where) {
  std::vector<Key> keys;
  for (int i = 0; i < count; ++i)
    keys.push_back(key.fold({i, where}));
  return keys;
}

Tensor bits(const Key &key, Shape shape, DType dtype, Where where) {
  Scope scope("bits", where);
  return draw(key.state(), std::move(shape), dtype);
}

/// Whole numbers in [0, 2^24), as many as f32 tells apart, as f32.
static Tensor draw24(const Key &key, Shape shape) {
  const Tensor word = draw(key.state(), std::move(shape), DType::u32);
  return cast(word >> 8, DType::f32);
}
static constexpr double step = 0x1p-24;

Tensor uniform(const Key &key, Shape shape, float low, float high,
               Where where) {
  Scope scope("uniform", where);
  const Tensor unit = draw24(key, std::move(shape)) * step;
  return low == 0 && high == 1 ? unit : unit * (high - low) + low;
}

Tensor normal(const Key &key, Shape shape, Where where) {
  Scope scope("normal", where);
  shape.insert(shape.begin(), 2);
  const Tensor both = draw24(key, std::move(shape));
  const Tensor radius = sqrt(log((both[0] + 1) * step) * -2);
  return radius * cos(both[1] * (2 * std::numbers::pi * step));
}

Tensor bernoulli(const Key &key, float p, Shape shape, Where where) {
  Scope scope("bernoulli", where);
  return uniform(key, std::move(shape)) < p;
}

Tensor randint(const Key &key, std::int32_t low, std::int32_t high, Shape shape,
               Where where) {
  Scope scope("randint", where);
  if (low >= high)
    fail(fmt::format("nothing lies in [{}, {})", low, high));
  // The upper half of a product with the number of values.
  const std::int64_t count = std::int64_t(high) - low;
  const Tensor word =
      cast(draw(key.state(), std::move(shape), DType::u32), DType::u64);
  return cast(cast((word * count) >> 32, DType::i64) + low, DType::i32);
}

Tensor detail::init_leaf(const Key &key, const std::string &path,
                         const LeafShapes &shapes, int i, Where where) {
  Scope scope("init", where);
  std::string known;
  for (const auto &[name, shape] : shapes) {
    known += (known.empty() ? "" : ", ") + name;
    if (name != path)
      continue;
    if (shape.size() < 2)
      return zeros(shape);
    double fan = static_cast<double>(shape[0]);
    if (shape.size() > 2) {
      fan = 1;
      for (std::size_t d = 1; d < shape.size(); ++d)
        fan *= static_cast<double>(shape[d]);
    }
    const auto bound = static_cast<float>(std::sqrt(3 / std::max(fan, 1.0)));
    return uniform(key.fold(i), shape, -bound, bound);
  }
  fail("no shape for leaf '" + path + "' (given: " + known + ")");
}

} // namespace mg
