// Data sets, collate and the DataLoader's promises: the same batches from any
// number of workers, errors that name the sample, resuming.
#include "dsl-check.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>

namespace {

using mg::Tensor;
using namespace mg::data;
using Values = std::vector<std::vector<double>>;

struct Sample {
  Tensor image, label;
};

/// Rows {2 i, 2 i + 1}, labels i.
TensorDataset<Sample> numbered(std::int64_t n) {
  return TensorDataset(
      Sample{reshape(mg::arange(2 * n), {n, 2}), mg::arange(n)});
}

template <class L> Values labelsOf(L &loader) {
  Values batches;
  for (auto [image, label] : loader) {
    batches.push_back(label.template to_vector<double>());
    EXPECT_TRUE(
        is(image(mg::all, 0), (label * 2).template to_vector<double>()));
  }
  return batches;
}

TEST(Datasets, RowsOfATree) {
  const TensorDataset set(mg::from({1, 2, 3, 4, 5, 6}, {3, 2}),
                          mg::from({7, 8, 9}));
  auto [x, y] = set[1];
  EXPECT_TRUE(is(x, {2}, {3, 4}));
  EXPECT_TRUE(is(y, {}, {8}));
  auto [xs, ys] = set.get_batch({2, 0, 2});
  EXPECT_TRUE(is(xs, {3, 2}, {5, 6, 1, 2, 5, 6}));
  EXPECT_TRUE(is(ys, {3}, {9, 7, 9}));
  // Whatever the strides; rows that lie together are not copied.
  const Tensor t = mg::from({1, 2, 3, 4, 5, 6}, {2, 3});
  const TensorDataset strided(transpose(t), flip(t(mg::slice(0, 1)), {1})[0],
                              broadcast_to(mg::from({5}), {3}));
  auto [a, b, c] = strided.get_batch({1, 2});
  EXPECT_TRUE(is(a, {2, 2}, {2, 5, 3, 6}));
  EXPECT_TRUE(is(b, {2}, {2, 1}));
  EXPECT_TRUE(is(c, {2}, {5, 5}));
  EXPECT_EQ(TensorDataset(t)[1].data(), t[1].data());
}

TEST(Datasets, ErrorsSayWhat) {
  const Tensor x = mg::zeros({3, 2});
  const TensorDataset set(x);
  EXPECT_TRUE(has(error_of([&] { TensorDataset(x, mg::zeros({4})); }),
                  "'0' is f32[3,2] and '1' is f32[4]: other numbers of rows"));
  EXPECT_TRUE(has(error_of([&] { TensorDataset(x, mg::zeros({4})); }),
                  "data-test.cpp"));
  EXPECT_TRUE(has(error_of([&] { TensorDataset(Tensor(3)); }), "no rows"));
  EXPECT_TRUE(has(error_of([&] { set[3]; }), "there is no sample 3 of 3"));
  EXPECT_TRUE(has(error_of([&] { set.get_batch({0, -1}); }),
                  "there is no sample -1 of 3"));
  EXPECT_TRUE(has(error_of([&] { TensorDataset(mg::spec({3})); }),
                  "error: TensorDataset: "));
}

TEST(Datasets, ConcatSubsetTransform) {
  const auto plus = transform(
      numbered(3), [](Sample s) { return Sample{s.image + 1, s.label + 10}; });
  const ConcatDataset both(numbered(4), plus);
  EXPECT_EQ(both.size(), 7);
  EXPECT_TRUE(is(both[3].label, {3}));
  EXPECT_TRUE(is(both[4].label, {10}));
  EXPECT_TRUE(is(both[6].image, {5, 6}));
  EXPECT_TRUE(has(error_of([&] { both[7]; }), "there is no sample 7 of 7"));
  EXPECT_TRUE(has(error_of([&] { both[-1]; }), "there is no sample -1 of 7"));
  const Subset some(both, {6, 0});
  EXPECT_EQ(some.size(), 2);
  EXPECT_TRUE(is(some[0].label, {12}));
  EXPECT_TRUE(has(error_of([&] { some[2]; }), "there is no sample 2 of 2"));
  EXPECT_TRUE(is(Subset(numbered(9), {8, 3}).get_batch({1, 0}).label, {3, 8}));
}

TEST(Datasets, RandomSplitIsDisjointAndComplete) {
  for (const std::vector<mg::Number> &lengths :
       {std::vector<mg::Number>{7, 2, 1}, {0.7, 0.2, 0.1}, {0.5, 0.25, 0.25}}) {
    std::vector<int> seen(10);
    std::int64_t sum = 0;
    for (const auto &part : random_split(numbered(10), lengths, 3)) {
      sum += part.size();
      for (std::int64_t i = 0; i < part.size(); ++i)
        ++seen[part[i].label.item<std::size_t>()];
    }
    EXPECT_EQ(sum, 10);
    EXPECT_EQ(seen, std::vector<int>(10, 1));
  }
  EXPECT_EQ(random_split(numbered(10), {0.75, 0.25})[0].size(), 8);
  EXPECT_TRUE(has(error_of([] { random_split(numbered(10), {7, 2}); }),
                  "add up to 9, not 10"));
  EXPECT_TRUE(has(error_of([] { random_split(numbered(10), {0.5, 0.2}); }),
                  "add up to 0.7, not 1"));
  EXPECT_TRUE(
      has(error_of([] { random_split(numbered(10), {11, -1}); }), "negative"));
}

struct Tagged {
  Tensor x;
  int kind;
  std::optional<Tensor> more;
};

TEST(Collate, StacksLeafByLeaf) {
  const Tensor x = mg::from({1, 2, 3, 4}, {2, 2});
  const auto batch =
      collate(std::vector{Tagged{x, 3, {}}, Tagged{transpose(x), 3, {}}});
  EXPECT_TRUE(is(batch.x, {2, 2, 2}, {1, 2, 3, 4, 1, 3, 2, 4}));
  EXPECT_EQ(batch.kind, 3);
  EXPECT_FALSE(batch.more);
}

TEST(Collate, RefusesWhatDoesNotStack) {
  const Tensor x = mg::zeros({2});
  auto text = [&](const Tagged &other) {
    return error_of([&] { collate(std::vector{Tagged{x, 3, {}}, other}); });
  };
  EXPECT_TRUE(has(text({mg::zeros({3}), 3, {}}),
                  "'x' is f32[2] in the first sample and f32[3] in sample 1"));
  EXPECT_TRUE(has(text({x > 0, 3, {}}), "bool[2] in sample 1"));
  EXPECT_TRUE(has(text({x, 4, {}}), "only tensors are stacked"));
  EXPECT_TRUE(has(text({x, 3, x}),
                  "the first sample has no such tensor, sample 1 of the batch "
                  "'more'"));
  EXPECT_TRUE(
      has(error_of([] { collate(std::vector<Tensor>{}); }), "no samples"));
}

TEST(DataLoader, TheSameForAnyNumberOfWorkers) {
  // Item by item, with a random key, a slow one now and then.
  auto noisy = transform(numbered(50), [](Sample s, const mg::Key &key) {
    const auto i = s.label.item<std::int64_t>();
    std::this_thread::sleep_for(std::chrono::microseconds(i * 37 % 500));
    return Sample{mg::normal(key, {3}), s.label};
  });
  auto run = [&](int workers, std::uint64_t seed) {
    DataLoader loader(noisy, {.batch_size = 8,
                              .shuffle = true,
                              .num_workers = workers,
                              .seed = seed});
    std::vector<std::vector<double>> all;
    for (int epoch = 0; epoch < 2; ++epoch)
      for (auto [image, label] : loader) {
        all.push_back(image.to_vector<double>());
        all.push_back(label.to_vector<double>());
      }
    EXPECT_EQ(loader.epoch(), 2u);
    return all;
  };
  const auto want = run(0, 1);
  ASSERT_EQ(want.size(), 2u * 2 * 7);
  for (int workers : {1, 3, 7})
    EXPECT_EQ(run(workers, 1), want) << workers;
  EXPECT_NE(run(3, 2), want);
}

TEST(DataLoader, ASampleHasItsKeyInAnyBatch) {
  // By the index: seed and epoch change it, batches and order do not.
  auto noise = transform(numbered(6), [](Sample s, const mg::Key &key) {
    return Sample{mg::bits(key, {}), s.label};
  });
  auto bitsOf = [&](LoaderOptions options, int epochs = 1) {
    std::vector<double> bits(6);
    DataLoader loader(noise, options);
    for (int epoch = 0; epoch < epochs; ++epoch)
      for (auto [image, label] : loader)
        for (std::int64_t i = 0; i < label.size(); ++i)
          bits.at(label[i].item<std::size_t>()) = image[i].item<double>();
    return bits;
  };
  const auto want = bitsOf({});
  EXPECT_EQ(std::set<double>(want.begin(), want.end()).size(), 6u);
  EXPECT_EQ(bitsOf({.batch_size = 4, .shuffle = true, .num_workers = 2}), want);
  EXPECT_NE(bitsOf({.seed = 1}), want);
  EXPECT_NE(bitsOf({}, 2), want);
}

TEST(DataLoader, ASamplesKeyIsAFold) {
  const mg::Key key = mg::Key(77).fold(3);
  auto words = [](const mg::Key &k) {
    return k.state().to_vector<std::uint32_t>();
  };
  for (std::int64_t i : {0, 1, 1000000})
    EXPECT_EQ(words(mg::data::detail::sample_key(key, i, {})),
              words(key.fold(i)));
  EXPECT_NE(words(mg::data::detail::sample_key(key, std::int64_t(1) << 32, {})),
            words(key.fold(0)));
}

TEST(DataLoader, PyTorchsOptions) {
  DataLoader plain(numbered(5), {.batch_size = 2});
  EXPECT_EQ(plain.size(), 3);
  EXPECT_EQ(labelsOf(plain), (Values{{0, 1}, {2, 3}, {4}}));
  DataLoader dropped(numbered(5), {.batch_size = 2, .drop_last = true});
  EXPECT_EQ(dropped.size(), 2);
  EXPECT_EQ(labelsOf(dropped), (Values{{0, 1}, {2, 3}}));
  DataLoader sampled(numbered(5),
                     {.batch_size = 2, .sampler = [](std::uint64_t epoch) {
                        return Indices{4, std::int64_t(epoch), 1};
                      }});
  EXPECT_EQ(labelsOf(sampled), (Values{{4, 0}, {1}}));
  EXPECT_EQ(labelsOf(sampled), (Values{{4, 1}, {1}}));
  DataLoader batched(numbered(5), {.batch_sampler = [](std::uint64_t) {
                       return std::vector<Indices>{{1}, {2, 3, 0}};
                     }});
  EXPECT_EQ(labelsOf(batched), (Values{{1}, {2, 3, 0}}));
  DataLoader none(numbered(0), {.batch_size = 2, .shuffle = true});
  EXPECT_EQ(labelsOf(none), Values{});
  // A collate_fn of another type: pairs of the sum and the number of samples.
  DataLoader summed(numbered(5), {.batch_size = 3, .num_workers = 1},
                    [](const std::vector<Sample> &samples) {
                      Tensor sum = 0;
                      for (const Sample &s : samples)
                        sum = sum + s.label;
                      return std::pair(sum, samples.size());
                    });
  std::vector<std::size_t> counts;
  for (auto [sum, count] : summed) {
    EXPECT_TRUE(is(sum, {counts.empty() ? 3. : 7.}));
    counts.push_back(count);
  }
  EXPECT_EQ(counts, (std::vector<std::size_t>{3, 2}));
  // A vector of samples is a data set.
  DataLoader vector(std::vector<Tensor>{Tensor(1), Tensor(2), Tensor(3)},
                    {.batch_size = 3});
  for (const Tensor &batch : vector)
    EXPECT_TRUE(is(batch, {1, 2, 3}));
}

TEST(DataLoader, OptionsThatExcludeEachOther) {
  auto text = [](const LoaderOptions &options) {
    return error_of([&] { DataLoader(numbered(5), options); });
  };
  EXPECT_TRUE(has(text({.batch_size = 0}), "batch_size must be at least 1"));
  EXPECT_TRUE(has(text({.batch_size = 0}), "data-test.cpp"));
  EXPECT_TRUE(has(text({.num_workers = -1}), "num_workers is negative"));
  EXPECT_TRUE(has(text({.prefetch_factor = 0}), "prefetch_factor"));
  EXPECT_TRUE(has(text({.timeout = -1}), "timeout must be"));
  EXPECT_TRUE(
      has(text({.num_workers = 1, .timeout = 1e30}), "timeout must be"));
  EXPECT_TRUE(has(text({.timeout = 1}), "timeout needs num_workers > 0"));
  EXPECT_TRUE(has(text({.worker_init_fn = [](int) {}}),
                  "worker_init_fn needs num_workers > 0"));
  EXPECT_TRUE(has(text({.shuffle = true, .sampler = SequentialSampler{5}}),
                  "shuffle and sampler exclude each other"));
  EXPECT_TRUE(
      has(text({.batch_size = 2,
                .batch_sampler = BatchSampler(SequentialSampler{5}, 2)}),
          "batch_sampler excludes"));
  EXPECT_TRUE(has(text({.persistent_workers = true}), "num_workers > 0"));
  DataLoader far(numbered(5), {.sampler = SequentialSampler{6}});
  EXPECT_TRUE(
      has(error_of([&] { labelsOf(far); }), "the sampler wants sample 5 of 5"));
}

/// Counts who is inside; sample 13 fails.
struct Fragile {
  std::shared_ptr<std::atomic<int>> inside;
  std::int64_t size() const { return 40; }
  Tensor operator[](std::int64_t i) const {
    ++*inside;
    std::this_thread::sleep_for(std::chrono::microseconds(i * 37 % 300));
    --*inside;
    if (i == 13)
      return mg::zeros({2}) + mg::zeros({3});
    return Tensor(static_cast<int>(i));
  }
};

TEST(DataLoader, AnErrorNamesTheSampleForAnyNumberOfWorkers) {
  for (int workers : {0, 1, 3, 7}) {
    auto inside = std::make_shared<std::atomic<int>>(0);
    DataLoader loader(Fragile{inside},
                      {.batch_size = 4, .num_workers = workers});
    int batches = 0;
    unsigned line = 0;
    std::string text = error_of([&] {
      line = __LINE__ + 1;
      for (const Tensor &batch : loader)
        batches += batch.size() == 4;
    });
    EXPECT_EQ(batches, 3);
    EXPECT_EQ(*inside, 0);
    EXPECT_TRUE(has(text, "data-test.cpp:" + std::to_string(line) + ":"));
    EXPECT_TRUE(has(text, "error: DataLoader: sample 13: "));
    EXPECT_TRUE(has(text, "f32[2]")) << "the error of the addition";
    // The loader still works: what comes is the next epoch, up to there.
    batches = 0;
    EXPECT_TRUE(has(error_of([&] {
                      for (const Tensor &batch : loader)
                        batches += batch.size() == 4;
                    }),
                    "sample 13"));
    EXPECT_EQ(batches, 3);
  }
}

TEST(DataLoader, ErrorsOfACollateFnAndOfWorkerInit) {
  DataLoader loader(numbered(4), {.batch_size = 2, .num_workers = 2},
                    [](const std::vector<Sample> &) -> Tensor { throw 5; });
  EXPECT_TRUE(has(error_of([&] {
                    for (auto &b : loader)
                      (void)b;
                  }),
                  "samples 0, 1: an exception of an unknown type"));
  DataLoader init(numbered(4), {.num_workers = 2, .worker_init_fn = [](int) {
                                  throw std::runtime_error("no camera");
                                }});
  EXPECT_TRUE(has(error_of([&] { labelsOf(init); }), "no camera"));
}

TEST(DataLoader, PrefetchIsBounded) {
  struct Counting {
    std::shared_ptr<std::atomic<int>> begun;
    std::int64_t size() const { return 300; }
    Tensor operator[](std::int64_t i) const { return ++*begun, Tensor(1); }
  };
  auto begun = std::make_shared<std::atomic<int>>(0);
  DataLoader loader(Counting{begun},
                    {.batch_size = 3, .num_workers = 2, .prefetch_factor = 4});
  int taken = 0;
  for ([[maybe_unused]] auto &batch : loader) {
    taken += 3;
    const int most = std::min(300, taken + 2 * 4 * 3);
    for (int i = 0; i < 2000 && *begun < most; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ASSERT_EQ(*begun, most);
  }
}

TEST(DataLoader, LeavingEarlyAndNestedLoops) {
  auto inside = std::make_shared<std::atomic<int>>(0);
  for (bool persistent : {false, true}) {
    DataLoader loader(
        Fragile{inside},
        {.shuffle = true, .num_workers = 3, .persistent_workers = persistent});
    std::set<double> firsts;
    for (int i = 0; i < 20; ++i)
      try {
        for (const Tensor &batch : loader) {
          EXPECT_EQ(loader.epoch(), static_cast<std::uint64_t>(i));
          firsts.insert(batch.to_vector<double>()[0]);
          break;
        }
        EXPECT_EQ(*inside, 0);
      } catch (const mg::Error &e) {
        EXPECT_TRUE(has(e.what(), "sample 13: "));
        break;
      }
    EXPECT_GT(firsts.size(), 1u) << "each loop is another epoch";
  }
  DataLoader loader(numbered(4));
  EXPECT_TRUE(has(error_of([&] {
                    for (auto &a : loader)
                      for (auto &b : loader)
                        (void)a, (void)b;
                  }),
                  "another loop over the same loader has begun"));
}

TEST(DataLoader, ATimeoutIsAnError) {
  struct Stuck {
    std::shared_ptr<std::mutex> gate;
    std::int64_t size() const { return 4; }
    Tensor operator[](std::int64_t i) const {
      if (i == 2)
        const std::lock_guard wait(*gate);
      return Tensor(1);
    }
  };
  auto gate = std::make_shared<std::mutex>();
  std::unique_lock closed(*gate);
  {
    DataLoader loader(Stuck{gate}, {.num_workers = 1, .timeout = 0.05});
    EXPECT_TRUE(has(error_of([&] {
                      for (auto &b : loader)
                        (void)b;
                    }),
                    "batch 2 was not there after 0.05 s"));
  }
  closed.unlock();
}

/// A loader with everything that a state must bring back.
auto augmented(int workers, std::uint64_t seed = 9) {
  auto noisy = transform(numbered(23), [](Sample s, const mg::Key &key) {
    return Sample{mg::uniform(key, {2}), s.label};
  });
  return DataLoader(
      noisy,
      {.batch_size = 4, .shuffle = true, .num_workers = workers, .seed = seed});
}
template <class L> Values restOf(L &loader, int epochs) {
  Values rest;
  for (int epoch = 0; epoch < epochs; ++epoch)
    for (auto [image, label] : loader) {
      rest.push_back(image.template to_vector<double>());
      rest.push_back(label.template to_vector<double>());
    }
  return rest;
}

TEST(DataLoader, ResumesWithTheBatchesThatAreLeft) {
  auto straight = augmented(0);
  const Values all = restOf(straight, 3); // 6 batches each
  for (int workers : {0, 1, 3})
    for (int taken : {0, 1, 5, 6, 7, 11, 12}) {
      auto first = augmented(workers);
      LoaderState state = first.state();
      int count = 0;
      while (count < taken)
        for ([[maybe_unused]] auto &batch : first) {
          state = first.state();
          if (++count == taken)
            break;
        }
      auto second = augmented(workers);
      second.load_state(state);
      // After an epoch's last batch none of it is left.
      const Values rest = restOf(second, 3 - (taken - (taken > 0)) / 6);
      EXPECT_EQ(rest, Values(all.begin() + 2 * taken, all.end()))
          << taken << " batches, " << workers << " workers";
    }
}

TEST(DataLoader, ResumesInAnotherProcess) {
  const std::string file = testing::TempDir() + "loader-" +
                           std::to_string(getpid()) + ".safetensors";
  auto straight = augmented(0);
  const Values all = restOf(straight, 2);
  auto first = augmented(2);
  int count = 0;
  for ([[maybe_unused]] auto &batch : first)
    if (++count == 2) {
      mg::save(file, first.state());
      break;
    }
  // A program of its own: threads and fork do not go together.
  ::setenv("MG_RESUME_FROM", file.c_str(), 1);
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  EXPECT_EQ(std::system((self + " --gtest_filter=DataLoader.ResumesFromFile "
                                ">/dev/null")
                            .c_str()),
            0);
  ::unsetenv("MG_RESUME_FROM");
  const Values rest = [&] {
    const auto tensors = mg::io::load_safetensors(file);
    Values values;
    for (std::size_t i = 0; i < tensors.size(); ++i)
      values.push_back(tensors.at(std::to_string(i)).to_vector<double>());
    return values;
  }();
  EXPECT_EQ(rest, Values(all.begin() + 4, all.end()));
  std::filesystem::remove(file);
}
/// The other process: puts the batches in place of the state.
TEST(DataLoader, ResumesFromFile) {
  const char *file = std::getenv("MG_RESUME_FROM");
  if (!file)
    return; // ResumesInAnotherProcess runs it
  auto loader = augmented(3);
  loader.load_state(mg::load<LoaderState>(file));
  mg::io::Tensors rest;
  for (const auto &values : restOf(loader, 2))
    rest[std::to_string(rest.size())] = mg::from(values);
  mg::io::save_safetensors(file, rest);
}

TEST(DataLoader, AForeignStateIsRefused) {
  auto loader = augmented(0);
  const LoaderState state = loader.state();
  auto other = augmented(0, 10);
  EXPECT_TRUE(has(error_of([&] { other.load_state(state); }),
                  "the state is of a loader with another"));
  EXPECT_EQ(restOf(other, 1).size(), 12u) << "it stays as it was";
  LoaderState past = state;
  past.batch = mg::from({7});
  EXPECT_TRUE(has(error_of([&] { loader.load_state(past); }), "another"));
}

} // namespace
