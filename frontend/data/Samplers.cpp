//===- Samplers.cpp - the order of an epoch -------------------------------===//
//
// Everything random comes from the engine of one epoch, whose numbers the C++
// standard fixes: the same order on every machine. (Its distributions and
// std::shuffle are not fixed, so they are not used.)
//
//===----------------------------------------------------------------------===//
#include "mg/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <random>

namespace mg::data {

namespace {

/// The random numbers of one epoch.
class Draws {
public:
  Draws(std::uint64_t seed, std::uint64_t epoch) {
    std::seed_seq words{seed, seed >> 32, epoch, epoch >> 32};
    engine.seed(words);
  }
  /// In [0, n): the upper half of a product.
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(
        (static_cast<unsigned __int128>(engine()) * n) >> 64);
  }
  /// In (0, 1).
  double unit() {
    return (static_cast<double>(engine() >> 11) + 0.5) * 0x1p-53;
  }

private:
  std::mt19937_64 engine;
};

Indices ascending(std::int64_t size) {
  Indices all(static_cast<std::size_t>(size));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Fisher and Yates.
Indices permutation(std::int64_t size, Draws &draws) {
  Indices order = ascending(size);
  for (std::int64_t i = size - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)],
              order[static_cast<std::size_t>(draws.below(i + 1))]);
  return order;
}

void check(bool holds, const char *op, const std::string &rule, Where where) {
  if (!holds)
    throw Error(where, op, rule);
}

/// Efraimidis and Spirakis: the first ones to arrive, if sample i arrives at a
/// rate of its weight.
Indices firstArrivals(const std::vector<double> &weights, std::int64_t count,
                      Draws &draws) {
  std::vector<double> time;
  Indices present;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    time.push_back(-std::log(draws.unit()) / weights[i]);
    if (weights[i] > 0)
      present.push_back(static_cast<std::int64_t>(i));
  }
  auto earlier = [&](std::int64_t a, std::int64_t b) {
    return time[static_cast<std::size_t>(a)] <
           time[static_cast<std::size_t>(b)];
  };
  std::partial_sort(present.begin(), present.begin() + count, present.end(),
                    earlier);
  present.resize(static_cast<std::size_t>(count));
  return present;
}

} // namespace

Seed::Seed(const Key &key, Where where) {
  const std::vector<std::uint32_t> words =
      key.state().to_vector<std::uint32_t>(where);
  auto pair = [&](int i) {
    return words.at(i) | std::uint64_t(words.at(i + 1)) << 32;
  };
  value = pair(0) ^ std::rotl(pair(2) * 0x9e3779b97f4a7c15u, 32);
}

Indices SequentialSampler::operator()(std::uint64_t) const {
  return ascending(size);
}

RandomSampler::RandomSampler(std::int64_t size, const Options &options,
                             Where where)
    : size(size), count(options.num_samples.value_or(size)),
      replacement(options.replacement), seed(options.seed.value) {
  check(size >= 0 && count >= 0, "RandomSampler",
        fmt::format("{} samples of {}", count, size), where);
  check(size > 0 || count == 0, "RandomSampler",
        fmt::format("{} samples of an empty data set", count), where);
}

Indices RandomSampler::operator()(std::uint64_t epoch) const {
  Draws draws(seed, epoch);
  Indices order;
  while (static_cast<std::int64_t>(order.size()) < count) {
    if (replacement) {
      order.push_back(draws.below(size));
      continue;
    }
    const Indices round = permutation(size, draws);
    const std::int64_t left = count - static_cast<std::int64_t>(order.size());
    order.insert(order.end(), round.begin(),
                 round.begin() + std::min(left, size));
  }
  return order;
}

WeightedRandomSampler::WeightedRandomSampler(std::vector<double> given,
                                             std::int64_t num_samples,
                                             const Options &options,
                                             Where where)
    : weights(std::move(given)), count(num_samples),
      replacement(options.replacement), seed(options.seed.value) {
  const char *op = "WeightedRandomSampler";
  std::int64_t positive = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    check(weights[i] >= 0 && std::isfinite(weights[i]), op,
          fmt::format("weight {} is {}", i, weights[i]), where);
    positive += weights[i] > 0;
  }
  check(count >= 0, op, fmt::format("{} samples", count), where);
  check(positive > 0 || count == 0, op, "no weight is positive", where);
  check(replacement || count <= positive, op,
        fmt::format("{} samples without replacement, but only {} weights are "
                    "positive",
                    count, positive),
        where);
}

Indices WeightedRandomSampler::operator()(std::uint64_t epoch) const {
  Draws draws(seed, epoch);
  if (!replacement)
    return firstArrivals(weights, count, draws);
  std::vector<double> sums(weights.size());
  std::partial_sum(weights.begin(), weights.end(), sums.begin());
  Indices order;
  for (std::int64_t n = 0; n < count; ++n) {
    // The first sum above the draw has a positive weight. Rounding may carry
    // the draw to the last sum: then there is none above.
    const double draw =
        std::min(draws.unit() * sums.back(), std::nextafter(sums.back(), 0.0));
    order.push_back(std::upper_bound(sums.begin(), sums.end(), draw) -
                    sums.begin());
  }
  return order;
}

BatchSampler::BatchSampler(Sampler sampler, std::int64_t batch_size,
                           bool drop_last, Where where)
    : sampler(std::move(sampler)), batch_size(batch_size),
      drop_last(drop_last) {
  check(batch_size > 0, "BatchSampler",
        fmt::format("batch_size is {}", batch_size), where);
}

std::vector<Indices> BatchSampler::operator()(std::uint64_t epoch) const {
  const Indices order = sampler(epoch);
  const auto size = static_cast<std::size_t>(batch_size);
  std::vector<Indices> batches;
  for (std::size_t at = 0; at < order.size(); at += size) {
    const std::size_t end = std::min(order.size(), at + size);
    if (end - at == size || !drop_last)
      batches.emplace_back(order.begin() + at, order.begin() + end);
  }
  return batches;
}

Indices detail::shuffled(std::int64_t size, std::uint64_t seed,
                         std::uint64_t epoch) {
  Draws draws(seed, epoch);
  return permutation(size, draws);
}

} // namespace mg::data
