// Checkpoints: a whole training run in one file, exactly, or a clear error; and
// the old file where a writer is killed.
#include "dsl-check.h"
#include "io-files.h"

#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>

namespace {

using mg::Tensor;
using mg::io::test::Folder;

enum class Kind : std::uint8_t { sgd, adam = 200 };
struct Linear {
  Tensor w, b;
};
struct Optimizer {
  Kind kind = Kind::sgd;
  float rate = 0;
  double decay = 0;
  bool nesterov = false;
  std::int8_t tiny = 0;
  std::uint64_t huge = 0;
  Tensor (*schedule)(mg::Arg) = nullptr;
  std::map<std::string, Tensor> moments;
};
struct Training {
  std::vector<Linear> layers;
  Optimizer optimizer;
  mg::data::LoaderState loader;
  mg::Key key{0};
  std::string note;
  std::optional<Tensor> average;
};

Training someRun() {
  return {{{mg::from({1, 2, 3, 4}, {2, 2}), mg::from({true, false})},
           {mg::from({0.5f}), {}}},
          {Kind::adam,
           0.1f,
           1e-300,
           true,
           -5,
           ~std::uint64_t(0),
           mg::exp,
           {{"m", mg::from({7})}, {"v.w", mg::zeros({2, 0})}}},
          {mg::from({3}), mg::from({5}), mg::from({6})},
          mg::Key(42).fold(7),
          "two lines\n\"quoted\" \\ \x01 \u00e9",
          mg::from({2.5f})};
}
/// As many leaves as someRun has, without values.
Training emptyRun() {
  Training like;
  like.layers.resize(2);
  like.optimizer.moments = {{"m", {}}, {"v.w", {}}};
  like.average = Tensor();
  return like;
}

void expectSame(const Training &a, const Training &b) {
  const auto names = mg::paths(a);
  const auto x = mg::flatten(a), y = mg::flatten(b);
  ASSERT_EQ(names, mg::paths(b));
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(x[i].empty(), y[i].empty()) << names[i];
    if (x[i].empty())
      continue;
    EXPECT_EQ(mg::type_string(x[i]), mg::type_string(y[i])) << names[i];
    EXPECT_EQ(x[i].to_vector<double>(), y[i].to_vector<double>()) << names[i];
  }
  EXPECT_EQ(a.optimizer.kind, b.optimizer.kind);
  EXPECT_EQ(a.optimizer.rate, b.optimizer.rate);
  EXPECT_EQ(a.optimizer.decay, b.optimizer.decay);
  EXPECT_EQ(a.optimizer.nesterov, b.optimizer.nesterov);
  EXPECT_EQ(a.optimizer.tiny, b.optimizer.tiny);
  EXPECT_EQ(a.optimizer.huge, b.optimizer.huge);
  EXPECT_EQ(a.note, b.note);
}

TEST(Checkpoint, EverythingComesBack) {
  Folder folder;
  const Training run = someRun();
  mg::save_checkpoint(folder / "run", run);
  EXPECT_EQ(folder.files(), 1u);
  const Training back = mg::load_checkpoint(folder / "run", emptyRun());
  expectSame(run, back);
  EXPECT_EQ(back.optimizer.schedule, nullptr) << "functions stay";
  // Typed: a tree that is like it.
  expectSame(run, mg::load_checkpoint(folder / "run", run));
  // What was read stays what it was when the file is replaced.
  Training next = run;
  next.layers[0].w = mg::from({9, 9, 9, 9}, {2, 2});
  mg::save_checkpoint(folder / "run", next);
  expectSame(run, back);
  // One tensor is a tree; others can read the file.
  mg::save_checkpoint(folder / "run", mg::from({1, 2}));
  EXPECT_TRUE(is(mg::load_checkpoint<Tensor>(folder / "run"), {1, 2}));
  EXPECT_EQ(mg::io::load_safetensors(folder / "run").size(), 1u);
}

TEST(Checkpoint, WhatDoesNotFitIsNamed) {
  Folder folder;
  const std::string file = folder / "run";
  mg::save_checkpoint(file, someRun());
  auto text = [&](auto like) {
    return error_of([&] { mg::load_checkpoint(file, like); });
  };
  Training like = someRun();
  like.layers[0].w = mg::zeros({2, 3});
  EXPECT_TRUE(has(text(like), "checkpoint-test.cpp"));
  EXPECT_TRUE(has(text(like), "error: load_checkpoint: "));
  EXPECT_TRUE(has(text(like), "'layers.0.w' is i32[2,2], not f32[2,3]"));
  like = someRun();
  like.layers.push_back({mg::zeros({1}), {}});
  EXPECT_TRUE(has(text(like), "no tensor 'layers.2.w'"));
  like = emptyRun();
  like.layers.pop_back();
  like.average.reset();
  EXPECT_TRUE(has(text(like), "the tree has no tensor 'average'; the tree has "
                              "no tensor 'layers.1.w'"));
  struct Note {
    int note = 0;
  };
  EXPECT_TRUE(has(text(Note()), "'note' is a string, not of type i32"));
  EXPECT_TRUE(has(text(Note()), "; and "));
  struct Other {
    std::string optimizer;
    float rate = 0;
  };
  EXPECT_TRUE(has(text(Other()), "no value 'optimizer'; no value 'rate'"));
  EXPECT_TRUE(has(text(Other()), "the tree has no tensor 'average'"));
  // Numbers keep their types: a fraction is no integer, 300 no byte.
  struct Wide {
    int n = 300;
  };
  struct Narrow {
    std::uint8_t n = 0;
  };
  mg::save_checkpoint(file, Wide());
  EXPECT_TRUE(has(text(Narrow()), "'n' is i32 300, not of type u8"));
  EXPECT_EQ(mg::load_checkpoint(file, Wide{0}).n, 300);
}

TEST(Checkpoint, RefusesTwoPartsOfOneNameAndOtherFiles) {
  Folder folder;
  const std::string file = folder / "run";
  const std::map<std::string, std::map<std::string, Tensor>> twice{
      {"a", {{"b.c", Tensor(1)}}}, {"a.b", {{"c", Tensor(2)}}}};
  EXPECT_TRUE(has(error_of([&] { mg::save_checkpoint(file, twice); }),
                  "two parts of the tree are named 'a.b.c'"));
  EXPECT_EQ(folder.files(), 0u);
  mg::save(file, std::pair{Tensor(1), Tensor(2)});
  EXPECT_TRUE(has(error_of([&] { mg::load_checkpoint<Training>(file); }),
                  "not written by save_checkpoint"));
  mg::io::test::write(file, "nonsense");
  EXPECT_TRUE(has(error_of([&] { mg::load_checkpoint<Training>(file); }),
                  "error: load_checkpoint: " + file));
  EXPECT_TRUE(
      has(error_of([&] { mg::load_checkpoint<Training>(folder / "no"); }),
          "cannot open"));
  EXPECT_TRUE(
      has(error_of([&] { mg::save_checkpoint(folder / "no/x", Training()); }),
          "error: save_checkpoint: "));
  EXPECT_TRUE(has(
      error_of([&] { mg::save_checkpoint(file, std::pair{mg::spec({2}), 1}); }),
      "error: save_checkpoint: "));
}

/// All elements of all leaves are the number.
struct Wave {
  std::int64_t number = 0;
  Tensor a, b;
};
Wave wave(std::int64_t number) {
  return {number, mg::full({1 << 19}, static_cast<float>(number)),
          mg::full({1 << 19}, static_cast<float>(number))};
}

/// The process that is killed: writes as fast as it can.
TEST(Checkpoint, WritesForever) {
  const char *file = std::getenv("MG_WRITE_FOREVER");
  if (!file)
    return; // AKillLeavesTheOldFile runs it
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (std::int64_t number = 1;; ++number)
    mg::save_checkpoint(file, wave(number));
}

pid_t startWriter(const std::string &file) {
  const std::string variable = "MG_WRITE_FOREVER=" + file;
  const char *arguments[] = {"test", "--gtest_filter=Checkpoint.WritesForever",
                             nullptr};
  std::vector<char *> environment{const_cast<char *>(variable.c_str())};
  for (char **entry = environ; *entry; ++entry)
    environment.push_back(*entry);
  environment.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  posix_spawn(&child, "/proc/self/exe", &actions, nullptr,
              const_cast<char **>(arguments), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

TEST(Checkpoint, AKillLeavesTheOldFile) {
  Folder folder;
  const std::string file = folder / "run";
  std::size_t unfinished = 0;
  for (int kill = 0; kill < 20; ++kill) {
    mg::save_checkpoint(file, wave(0));
    const pid_t child = startWriter(file);
    ASSERT_GT(child, 0);
    auto number = [&] { return mg::load_checkpoint<Wave>(file).number; };
    for (int i = 0; i < 60000 && number() == 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::microseconds(kill * 731));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself";
    const Wave wave = mg::load_checkpoint<Wave>(file);
    ASSERT_GT(wave.number, 0);
    const auto want = static_cast<float>(wave.number);
    EXPECT_TRUE(mg::all(wave.a == want).item<bool>());
    EXPECT_TRUE(mg::all(wave.b == want).item<bool>());
    unfinished += folder.files() - 1;
    for (const auto &entry : std::filesystem::directory_iterator(folder.path))
      if (entry.path() != file)
        std::filesystem::remove(entry.path());
  }
  EXPECT_GT(unfinished, 0u) << "no kill was in the middle of a write";
}

} // namespace
