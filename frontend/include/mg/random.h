// Random numbers take an explicit key: the same key gives the same numbers, on
// any number of threads, inside a trace and outside.
#pragma once
#include "mg/ops.h"
#include "mg/tree.h"

namespace mg {

class Key {
public:
  explicit Key(std::uint64_t seed, Where where = Where::current());
  /// An independent key for each number.
  Key fold(Arg number) const;
  /// u32[4], as `mg.rng_bits` takes it.
  const Tensor &state() const { return state_; }
  MG_FIELDS(state_)

private:
  Tensor state_;
};

/// `count` independent keys.
std::vector<Key> split(const Key &key, int count = 2,
                       Where where = Where::current());

/// Uniform u32 or u64: Philox4x32-10 of (key, index).
Tensor bits(const Key &key, Shape shape, DType dtype = DType::u32,
            Where where = Where::current());
/// In [low, high), f32 in steps of 2^-24 of the range.
Tensor uniform(const Key &key, Shape shape, float low = 0, float high = 1,
               Where where = Where::current());
/// Mean 0, variance 1 (Box-Muller).
Tensor normal(const Key &key, Shape shape, Where where = Where::current());
/// True with the probability p.
Tensor bernoulli(const Key &key, float p, Shape shape,
                 Where where = Where::current());
/// In [low, high), i32.
Tensor randint(const Key &key, std::int32_t low, std::int32_t high, Shape shape,
               Where where = Where::current());

namespace detail {
using LeafShapes = std::vector<std::pair<std::string, Shape>>;
Tensor init_leaf(const Key &key, const std::string &path,
                 const LeafShapes &shapes, int i, Where where);
} // namespace detail

/// `init<Mlp>(key, {{"fc1.w", {2, 8}}, ...})`: rank 2 and more uniform in
/// +-sqrt(3 / fan in) (variance 1 / fan in, the first dimension, or all but the
/// first of a convolution's weights), rank 0 and 1 zero.
template <class T>
T init(const Key &key, const detail::LeafShapes &shapes, T like = {},
       Where where = Where::current()) {
  int i = 0;
  for_each_leaf(like, [&](const std::string &path, Tensor &t) {
    t = detail::init_leaf(key, path, shapes, i++, where);
  });
  return like;
}
/// `init<Mlp>(key, sizes...)` where the struct has `static Mlp init(Key,
/// sizes...)`.
template <class T, class... A>
  requires requires(const Key &k, A &&...a) {
    { T::init(k, std::forward<A>(a)...) } -> std::same_as<T>;
  }
T init(const Key &key, A &&...a) {
  return T::init(key, std::forward<A>(a)...);
}

} // namespace mg
