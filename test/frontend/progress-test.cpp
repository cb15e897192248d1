// The progress line as a terminal shows it.
#include "dsl-check.h"

#include <chrono>
#include <cstdlib>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

namespace {

/// A terminal of some width that understands what a line needs.
class Terminal {
public:
  explicit Terminal(unsigned short columns) {
    ::setenv("TERM", "xterm", 1);
    EXPECT_EQ(openpty(&screen, &program, nullptr, nullptr, nullptr), 0);
    resize(columns);
  }
  ~Terminal() { close(screen), close(program); }
  void resize(unsigned short columns) {
    winsize size{24, columns, 0, 0};
    EXPECT_EQ(ioctl(program, TIOCSWINSZ, &size), 0);
  }
  int descriptor() const { return program; }

  /// What was written since the last time.
  std::string read() {
    std::string text;
    char bytes[4096];
    for (pollfd ready{screen, POLLIN, 0}; poll(&ready, 1, 20) > 0;) {
      const ssize_t count = ::read(screen, bytes, sizeof bytes);
      if (count <= 0)
        break;
      text.append(bytes, static_cast<std::size_t>(count));
    }
    return text;
  }

private:
  int screen = -1, program = -1;
};

/// The states of the line: each begins with a carriage return and ends with
/// "erase to the end".
std::vector<std::string> drawings(const std::string &text) {
  std::vector<std::string> lines;
  const std::string end = "\x1b[K";
  for (std::size_t at = 0; at < text.size();) {
    EXPECT_EQ(text[at], '\r');
    const std::size_t stop = text.find(end, at);
    EXPECT_NE(stop, std::string::npos) << text.substr(at);
    if (stop == std::string::npos)
      break;
    lines.push_back(text.substr(at + 1, stop - at - 1));
    at = stop + end.size();
  }
  return lines;
}

void nap(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

TEST(Progress, SaysWhereTrainingIs) {
  Terminal terminal(100);
  {
    mg::Progress progress({.total = 100,
                           .epochs = 3,
                           .batch_size = 32,
                           .delay = 0,
                           .descriptor = terminal.descriptor()});
    for (int step : {150, 160, 170}) {
      progress.update(step, step == 150 ? 3.0f : 1.5f);
      nap(110);
    }
  }
  const auto lines = drawings(terminal.read());
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_TRUE(has(lines[0], "epoch 2/3  50/100 [=====>    ]  loss 3"));
  EXPECT_TRUE(has(lines[1], "epoch 2/3  60/100 [======>   ]  loss 2.25"));
  EXPECT_TRUE(has(lines[2], "loss 2  ")) << "the mean of the three";
  EXPECT_TRUE(has(lines[2], " samples/s  0:"));
  EXPECT_TRUE(has(lines[2], " left"));
  EXPECT_EQ(lines[3], "") << "it is gone at the end";
}

TEST(Progress, DrawsTenTimesASecondAndReadsTheLossOnlyThen) {
  Terminal terminal(80);
  const auto begin = std::chrono::steady_clock::now();
  std::int64_t updates = 0;
  {
    mg::Progress progress({.delay = 0, .descriptor = terminal.descriptor()});
    // A loss that cannot be read is an error at the update that draws it.
    progress.update(++updates, 1);
    EXPECT_EQ(error_of([&] { progress.update(++updates, mg::zeros({2})); }),
              "no error");
    nap(110);
    EXPECT_TRUE(
        has(error_of([&] { progress.update(++updates, mg::zeros({2})); }),
            "progress-test.cpp"));
    while (std::chrono::steady_clock::now() - begin <
           std::chrono::milliseconds(500))
      progress.update(++updates, 1);
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  const auto lines = drawings(terminal.read());
  EXPECT_GE(lines.size(), 3u);
  EXPECT_LE(static_cast<double>(lines.size()), seconds * 10 + 2);
  EXPECT_GT(updates, 100);
  EXPECT_TRUE(has(lines[0], "step 1"));
}

TEST(Progress, NeverWraps) {
  for (unsigned short columns : {1, 2, 10, 21, 30, 40, 50, 60, 70}) {
    Terminal terminal(columns);
    mg::Progress progress({.total = 100000,
                           .epochs = 30,
                           .delay = 0,
                           .descriptor = terminal.descriptor()});
    progress.update(7000, 0.125f);
    nap(110);
    progress.update(123456, 0.125f);
    terminal.resize(columns / 2 + 1);
    nap(110);
    progress.update(123457, 0.125f);
    const auto lines = drawings(terminal.read());
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_LT(lines[1].size(), columns);
    EXPECT_LE(lines[2].size(), columns / 2u);
    EXPECT_EQ(lines[1].find("epoch 2/30  23456/100000") == 0, columns > 25);
    EXPECT_EQ(lines[1].find("loss 0.125") != std::string::npos, columns > 36);
  }
}

TEST(Progress, ShortWorkDrawsNothingAndOtherTextHasRoom) {
  Terminal terminal(80);
  {
    mg::Progress progress({.descriptor = terminal.descriptor()});
    progress.update(1, 1);
    nap(110);
    progress.update(2, 1);
  }
  EXPECT_EQ(terminal.read(), "");
  mg::Progress progress({.delay = 0, .descriptor = terminal.descriptor()});
  progress.update(1);
  progress.clear();
  progress.clear();
  EXPECT_EQ(drawings(terminal.read()),
            (std::vector<std::string>{"step 1", ""}));
}

TEST(Progress, NoTerminalNoLineUnlessOnePerEpoch) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  auto run = [&](bool lines) {
    mg::Progress progress({.total = 10,
                           .epochs = 2,
                           .line_per_epoch = lines,
                           .delay = 0,
                           .descriptor = ends[1]});
    for (int step = 1; step <= 20; ++step) {
      progress.update(step, step <= 10 ? 4 : 2);
      nap(step % 10 == 0 ? 110 : 1);
    }
  };
  run(false);
  run(true);
  close(ends[1]);
  std::string text(4096, ' ');
  const ssize_t count = read(ends[0], text.data(), text.size());
  close(ends[0]);
  ASSERT_GT(count, 0);
  text.resize(static_cast<std::size_t>(count));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
  EXPECT_EQ(text.find("epoch 1/2  10 steps  loss 4  "), 0u) << text;
  EXPECT_TRUE(has(text, "\nepoch 2/2  10 steps  loss "));
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

} // namespace
