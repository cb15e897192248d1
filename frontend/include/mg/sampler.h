// Samplers: which samples an epoch visits, in which order. A sampler is a
// function of the number of the epoch, so an epoch can be repeated, and resumed
// in the middle, anywhere.
#pragma once
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "mg/random.h"

namespace mg::data {

using Indices = std::vector<std::int64_t>;
/// The indices of an epoch.
using Sampler = std::function<Indices(std::uint64_t epoch)>;
/// The batches of an epoch.
using Batches = std::function<std::vector<Indices>(std::uint64_t epoch)>;

/// A number, or what a key says.
struct Seed {
  std::uint64_t value = 0;
  template <std::integral S>
  Seed(S seed) : value(static_cast<std::uint64_t>(seed)) {}
  Seed(const Key &key, Where where = Where::current());
};

/// 0, 1, .., size - 1.
struct SequentialSampler {
  std::int64_t size;
  Indices operator()(std::uint64_t epoch) const;
};

/// Another order each epoch. Without replacement more samples than there are
/// begin a second round only when the first is over.
class RandomSampler {
public:
  struct Options {
    bool replacement = false;
    std::optional<std::int64_t> num_samples = {}; // none: all
    Seed seed = 0;
  };
  RandomSampler(std::int64_t size, const Options &options,
                Where where = Where::current());
  explicit RandomSampler(std::int64_t size, Where where = Where::current())
      : RandomSampler(size, Options(), where) {}
  Indices operator()(std::uint64_t epoch) const;

private:
  std::int64_t size, count;
  bool replacement;
  std::uint64_t seed;
};

/// Sample i as often as its weight says; without replacement no sample twice.
class WeightedRandomSampler {
public:
  struct Options {
    bool replacement = true;
    Seed seed = 0;
  };
  WeightedRandomSampler(std::vector<double> weights, std::int64_t num_samples,
                        const Options &options, Where where = Where::current());
  WeightedRandomSampler(std::vector<double> weights, std::int64_t num_samples,
                        Where where = Where::current())
      : WeightedRandomSampler(std::move(weights), num_samples, Options(),
                              where) {}
  Indices operator()(std::uint64_t epoch) const;

private:
  std::vector<double> weights;
  std::int64_t count;
  bool replacement;
  std::uint64_t seed;
};

/// A sampler's indices in batches; the last may be smaller, or is dropped.
class BatchSampler {
public:
  BatchSampler(Sampler sampler, std::int64_t batch_size, bool drop_last = false,
               Where where = Where::current());
  std::vector<Indices> operator()(std::uint64_t epoch) const;

private:
  Sampler sampler;
  std::int64_t batch_size;
  bool drop_last;
};

namespace detail {
/// 0 .. size - 1 in an order that depends on the seed and the epoch.
Indices shuffled(std::int64_t size, std::uint64_t seed, std::uint64_t epoch);
} // namespace detail

} // namespace mg::data
