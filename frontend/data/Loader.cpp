//===- Loader.cpp - epochs, positions and errors of a DataLoader ----------===//
#include "mg/data.h"

#include "frontend/data/Prefetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

namespace mg::data {

namespace {

/// FNV-1a over the words, so that the end of a batch counts, too.
std::uint64_t hashOf(const std::vector<Indices> &batches, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325;
  auto add = [&](std::uint64_t word) {
    hash = (hash ^ word) * 0x100000001b3;
    hash ^= hash >> 32;
  };
  add(seed);
  for (const Indices &batch : batches) {
    add(batch.size());
    for (std::int64_t i : batch)
      add(static_cast<std::uint64_t>(i));
  }
  return hash;
}

template <class T> Tensor scalar(T value, Where where) {
  return from(std::vector<T>{value}, {}, where);
}

std::string messageOf(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception &e) {
    return e.what();
  } catch (...) {
    return "an exception of an unknown type";
  }
}

/// "samples 3, 1, 4", "samples 3, 1, 4, 1, .. (64)".
std::string listOf(const Indices &picks) {
  std::string list;
  for (std::size_t i = 0; i < std::min<std::size_t>(picks.size(), 8); ++i)
    list += (i ? ", " : "") + std::to_string(picks[i]);
  if (picks.size() > 8)
    list += fmt::format(", .. ({})", picks.size());
  return (picks.size() == 1 ? "sample " : "samples ") + list;
}

struct Refusal {
  bool holds;
  const char *rule;
};

void checkOptions(const LoaderOptions &o, Where where) {
  const bool ordered = o.shuffle || o.sampler;
  for (const Refusal &r : std::initializer_list<Refusal>{
           {o.batch_size < 1, "batch_size must be at least 1"},
           {o.num_workers < 0, "num_workers is negative"},
           {o.prefetch_factor < 1, "prefetch_factor must be at least 1"},
           {!(o.timeout >= 0 && o.timeout <= 1e9),
            "timeout must be from 0 to 1e9 seconds"},
           {o.timeout > 0 && o.num_workers == 0,
            "timeout needs num_workers > 0"},
           {o.worker_init_fn && o.num_workers == 0,
            "worker_init_fn needs num_workers > 0"},
           {o.shuffle && o.sampler, "shuffle and sampler exclude each other"},
           {o.batch_sampler && (ordered || o.batch_size != 1 || o.drop_last),
            "batch_sampler excludes batch_size, shuffle, sampler and "
            "drop_last"},
           {o.persistent_workers && o.num_workers == 0,
            "persistent_workers needs num_workers > 0"}})
    if (r.holds)
      throw Error(where, "DataLoader", r.rule);
}

Sampler samplerOf(const LoaderOptions &o, std::int64_t samples, Where where) {
  if (o.sampler)
    return o.sampler;
  if (o.shuffle)
    return RandomSampler(samples, {.seed = o.seed}, where);
  return SequentialSampler{samples};
}

Batches batchesOf(const LoaderOptions &o, std::int64_t samples, Where where) {
  if (o.batch_sampler)
    return o.batch_sampler;
  return BatchSampler(samplerOf(o, samples, where), o.batch_size, o.drop_last,
                      where);
}

Prefetcher::Options prefetchOf(const LoaderOptions &o) {
  return {.workers = o.num_workers,
          .ahead = std::int64_t(std::max(o.num_workers, 1)) * o.prefetch_factor,
          .timeout = o.timeout,
          .init = o.worker_init_fn,
          .persistent = o.persistent_workers};
}

} // namespace

/// The batches of one epoch, shared with the threads that make them.
struct Plan {
  std::uint64_t epoch;
  std::vector<Indices> batches;
  std::uint64_t order;
};

struct detail::Loader::State {
  std::int64_t samples;
  bool isKeyed;
  LoaderOptions options;
  std::shared_ptr<const Make> make;
  Batches batches;
  Prefetcher prefetcher;
  Where where; // of the loop, or of the loader
  std::uint64_t epoch = 0;
  std::int64_t taken = 0; // batches of the epoch
  bool resumes = false;   // the next pass continues the epoch
  std::uint64_t pass = 0; // counts passes
  bool runs = false;      // the last pass is not over
  mutable std::shared_ptr<const Plan> lastPlan = {};

  std::shared_ptr<const Plan> plan() const;
  std::shared_ptr<void> take();
  void startPass();
  void endPass();
  [[noreturn]] void fail(const std::string &rule) const {
    throw Error(where, "DataLoader", rule);
  }
};

std::shared_ptr<const Plan> detail::Loader::State::plan() const {
  if (lastPlan && lastPlan->epoch == epoch)
    return lastPlan;
  auto made = std::make_shared<Plan>();
  made->epoch = epoch;
  made->batches = batches(epoch);
  for (const Indices &batch : made->batches)
    for (std::int64_t i : batch)
      if (i < 0 || i >= samples)
        fail(fmt::format("the sampler wants sample {} of {}", i, samples));
  for (const Indices &batch : made->batches)
    if (batch.empty())
      fail("the sampler wants an empty batch");
  made->order = hashOf(made->batches, options.seed.value);
  return lastPlan = made;
}

void detail::Loader::State::startPass() {
  // Threads hold what they need: after a timeout they outlive the loader.
  auto ours = plan();
  Key key(options.seed.value, where);
  if (isKeyed)
    key = sample_key(key, static_cast<std::int64_t>(epoch), where);
  auto makeBatch = [ours, key, make = make](std::int64_t n) {
    return (*make)(ours->batches[static_cast<std::size_t>(n)], key);
  };
  try {
    prefetcher.start(makeBatch, taken,
                     static_cast<std::int64_t>(ours->batches.size()));
  } catch (const std::system_error &error) {
    fail(fmt::format("the system gives no {} threads: {}", options.num_workers,
                     error.what()));
  }
  runs = true;
}

void detail::Loader::State::endPass() {
  runs = false;
  prefetcher.stop();
}

std::shared_ptr<void> detail::Loader::State::take() {
  try {
    return prefetcher.next();
  } catch (const TimedOut &) {
    runs = false;
    fail(fmt::format("batch {} was not there after {} s", taken,
                     options.timeout));
  } catch (...) {
    runs = false;
    fail(messageOf(std::current_exception()));
  }
}

detail::Loader::Loader(std::int64_t samples, bool is_keyed,
                       LoaderOptions options, Make make, Where where) {
  checkOptions(options, where);
  Batches batches = batchesOf(options, samples, where);
  Prefetcher::Options prefetch = prefetchOf(options);
  state_.reset(new State{samples, is_keyed, std::move(options),
                         std::make_shared<const Make>(std::move(make)),
                         std::move(batches), Prefetcher(std::move(prefetch)),
                         where});
}

detail::Loader::~Loader() = default;

std::uint64_t detail::Loader::begin(Where where) {
  State &s = *state_;
  s.endPass();
  s.where = where;
  if (!s.resumes && s.taken > 0)
    ++s.epoch, s.taken = 0;
  s.resumes = false;
  s.startPass();
  return ++s.pass;
}

std::shared_ptr<void> detail::Loader::next(std::uint64_t pass) {
  State &s = *state_;
  if (pass != s.pass)
    s.fail("another loop over the same loader has begun");
  if (!s.runs)
    return nullptr;
  std::shared_ptr<void> batch = s.take();
  if (batch)
    ++s.taken;
  else
    s.runs = false, ++s.epoch, s.taken = 0;
  return batch;
}

void detail::Loader::leave(std::uint64_t pass) noexcept {
  if (pass == state_->pass)
    state_->endPass();
}

std::int64_t detail::Loader::size() const {
  return static_cast<std::int64_t>(state_->plan()->batches.size());
}

std::uint64_t detail::Loader::epoch() const {
  const State &s = *state_;
  // A pass that was left does not come back.
  return s.epoch + (!s.runs && !s.resumes && s.taken > 0);
}

LoaderState detail::Loader::state() const {
  const State &s = *state_;
  return {scalar(static_cast<std::int64_t>(s.epoch), s.where),
          scalar(s.taken, s.where), scalar(s.plan()->order, s.where)};
}

void detail::Loader::load_state(const LoaderState &state, Where where) {
  State &s = *state_;
  s.endPass();
  s.where = where;
  const auto epoch = state.epoch.item<std::int64_t>(where),
             taken = state.batch.item<std::int64_t>(where);
  const auto order = state.order.to_vector<std::uint64_t>(where);
  if (epoch < 0)
    s.fail(fmt::format("the state's epoch is {}", epoch));
  // The loader stays as it was if the state is not one of its own.
  const std::uint64_t old = std::exchange(s.epoch, std::uint64_t(epoch));
  const std::shared_ptr<const Plan> plan = s.plan();
  const auto count = static_cast<std::int64_t>(plan->batches.size());
  if (order.size() != 1 || order[0] != plan->order || taken < 0 ||
      taken > count) {
    s.epoch = old;
    s.fail("the state is of a loader with another data set, batch size, "
           "sampler or seed");
  }
  s.taken = taken;
  s.resumes = true;
}

void detail::sample_failed(std::int64_t i) {
  throw std::runtime_error(
      fmt::format("sample {}: {}", i, messageOf(std::current_exception())));
}

void detail::batch_failed(const Indices &picks) {
  throw std::runtime_error(fmt::format("{}: {}", listOf(picks),
                                       messageOf(std::current_exception())));
}

} // namespace mg::data
