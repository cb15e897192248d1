// The loader: `for (auto [x, y] : DataLoader(train, {.batch_size = 64}))`, with
// PyTorch's option names.
//
// Order, content and errors do not depend on the number of workers, which are
// threads of this process.
#pragma once
#include <iterator>
#include <memory>

#include "mg/dataset.h"
#include "mg/sampler.h"

namespace mg::data {

struct LoaderOptions {
  std::int64_t batch_size = 1;
  /// Another order each epoch, by `seed`.
  bool shuffle = false;
  /// Instead of `shuffle`.
  Sampler sampler = {};
  /// Instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
  Batches batch_sampler = {};
  /// Threads; 0: batches are made in the loop itself.
  int num_workers = 0;
  bool drop_last = false;
  /// Batches that are made ahead for each worker, at most.
  int prefetch_factor = 2;
  /// Seconds to wait for a batch; 0: as long as it takes. Threads that miss it
  /// are left behind, so what the data set refers to must outlive them.
  double timeout = 0;
  Seed seed = 0;
  /// Called first on each thread, with its number.
  std::function<void(int worker)> worker_init_fn = {};
  /// Threads stay for the next epoch.
  bool persistent_workers = false;
};

/// Where a loader is: goes into a checkpoint.
struct LoaderState {
  Tensor epoch, batch; // i64: the epoch, how many of its batches were taken
  Tensor order;        // u64: a hash of the epoch's order
};

namespace detail {

/// A DataLoader but for the types of data set and batch.
class Loader {
public:
  using Make = std::function<std::shared_ptr<void>(const Indices &picks,
                                                   const Key &epoch)>;
  Loader(std::int64_t samples, bool is_keyed, LoaderOptions options, Make make,
         Where where);
  ~Loader();
  /// The number of a new pass, which ends the one before.
  std::uint64_t begin(Where where);
  /// The next batch; null at the end.
  std::shared_ptr<void> next(std::uint64_t pass);
  void leave(std::uint64_t pass) noexcept;
  std::int64_t size() const;
  std::uint64_t epoch() const;
  LoaderState state() const;
  void load_state(const LoaderState &state, Where where);

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `epoch.fold(i)`, quickly.
Key sample_key(const Key &epoch, std::int64_t i, Where where);

/// What is being handled becomes an error that names the samples.
[[noreturn]] void sample_failed(std::int64_t i);
[[noreturn]] void batch_failed(const Indices &picks);

template <class D, class C>
auto make_batch(const D &dataset, const C &collate_fn, const Indices &picks,
                const Key &epoch, Where where) {
  constexpr bool is_default = std::is_same_v<C, Collate>;
  if constexpr (Batched<D> && !Keyed<D> && is_default) {
    try {
      return dataset.get_batch(picks);
    } catch (...) {
      batch_failed(picks);
    }
  } else {
    std::vector<ItemOf<D>> items;
    items.reserve(picks.size());
    for (std::int64_t i : picks)
      try {
        if constexpr (Keyed<D>)
          items.push_back(dataset.get(i, sample_key(epoch, i, where)));
        else
          items.push_back(dataset[i]);
      } catch (...) {
        sample_failed(i);
      }
    try {
      if constexpr (is_default)
        return collate_fn(items, where);
      else
        return collate_fn(std::as_const(items));
    } catch (...) {
      batch_failed(picks);
    }
  }
}

} // namespace detail

/// Keeps its own copy of the data set: a few handles, usually. `collate_fn`
/// makes a batch of a vector of samples; it stands last because it says what
/// the type of a batch is.
template <Dataset D, class C = Collate> class DataLoader {
public:
  using Batch = std::remove_cvref_t<decltype(detail::make_batch(
      std::declval<const D &>(), std::declval<const C &>(),
      std::declval<const Indices &>(), std::declval<const Key &>(), Where()))>;

  explicit DataLoader(D dataset, LoaderOptions options = {}, C collate_fn = {},
                      Where where = Where::current()) {
    const auto samples = static_cast<std::int64_t>(dataset.size());
    loader = std::make_unique<detail::Loader>(
        samples, Keyed<D>, std::move(options),
        [d = std::move(dataset), c = std::move(collate_fn),
         where](const Indices &picks, const Key &epoch) {
          return std::static_pointer_cast<void>(std::make_shared<Batch>(
              detail::make_batch(d, c, picks, epoch, where)));
        },
        where);
  }

  /// One pass over the epoch. Ends with the iterator: threads do not outlive it
  /// (unless persistent).
  class Iterator {
  public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    Iterator(Iterator &&other) noexcept
        : loader(std::exchange(other.loader, nullptr)), pass(other.pass),
          batch(std::move(other.batch)) {}
    Iterator &operator=(Iterator &&other) noexcept {
      std::swap(loader, other.loader), std::swap(pass, other.pass);
      std::swap(batch, other.batch);
      return *this;
    }
    ~Iterator() {
      if (loader)
        loader->leave(pass);
    }
    Batch &operator*() const { return *static_cast<Batch *>(batch.get()); }
    Batch *operator->() const { return &**this; }
    Iterator &operator++() {
      batch.reset(); // before the next is made, so its memory can be used
      batch = loader->next(pass);
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !batch; }

  private:
    friend class DataLoader;
    Iterator(detail::Loader *loader, Where where)
        : loader(loader), pass(loader->begin(where)) {
      batch = loader->next(pass);
    }
    detail::Loader *loader;
    std::uint64_t pass;
    std::shared_ptr<void> batch;
  };

  /// Begins the next epoch; after load_state, what is left of that one.
  Iterator begin(Where where = Where::current()) {
    return Iterator(loader.get(), where);
  }
  std::default_sentinel_t end() const { return {}; }

  /// The number of batches of an epoch.
  std::int64_t size() const { return loader->size(); }
  /// The epoch that runs, or else comes next.
  std::uint64_t epoch() const { return loader->epoch(); }
  /// After a batch was taken: says that it was. Taken at the end of a step, it
  /// resumes with the batches that are left.
  LoaderState state() const { return loader->state(); }
  void load_state(const LoaderState &state, Where where = Where::current()) {
    loader->load_state(state, where);
  }

private:
  std::unique_ptr<detail::Loader> loader;
};

} // namespace mg::data
