//===- TestRun.cpp - many tests, each of which may end its process --------===//
//
// Processes share a counter, from which they take the next test, and a slot per
// test, into which they write how it ended. What a test prints goes to a file
// in memory, of which the slot keeps the line that says why.
//
//===----------------------------------------------------------------------===//
#include "TestRun.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <span>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mg::onnxtests {

namespace {

enum class State : int { Waiting, Running, Ended };

struct Slot {
  std::atomic<State> state;
  /// Who runs it.
  pid_t worker;
  int status;
  double seconds;
  char reason[400];
};

struct Shared {
  std::atomic<std::size_t> next;
  Slot slots[];
};

Shared *share(std::size_t count) {
  void *memory =
      mmap(nullptr, sizeof(Shared) + count * sizeof(Slot),
           PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw std::runtime_error("no memory for the slots");
  return static_cast<Shared *>(memory); // zeroes are what they begin with
}

/// Standard output and error, from now on a file in memory.
class Capture {
public:
  Capture() : file(memfd_create("printed", 0)) {
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
  }

  void clear() {
    if (ftruncate(file, 0) == 0)
      lseek(file, 0, SEEK_SET);
  }

  /// The first line with the first of `words` that there is.
  std::string line(std::initializer_list<const char *> words) {
    std::fflush(nullptr);
    std::string all(static_cast<std::size_t>(lseek(file, 0, SEEK_END)), '\0');
    all.resize(static_cast<std::size_t>(
        std::max<ssize_t>(0, pread(file, all.data(), all.size(), 0))));
    for (const char *word : words) {
      const std::size_t found = all.find(word);
      if (found == std::string::npos)
        continue;
      const std::size_t before = all.rfind('\n', found);
      const std::size_t begin = before == std::string::npos ? 0 : before + 1;
      return all.substr(begin, all.find('\n', found) - begin);
    }
    return "";
  }

private:
  int file;
};

void explain(Slot &slot, const std::string &reason) {
  std::strncpy(slot.reason, reason.c_str(), sizeof slot.reason - 1);
}

void work(Shared &shared, std::size_t count, unsigned limit,
          const std::function<int(std::size_t)> &test) {
  const rlimit noCore{0, 0};
  setrlimit(RLIMIT_CORE, &noCore);
  Capture capture;
  for (std::size_t i; (i = shared.next++) < count;) {
    Slot &slot = shared.slots[i];
    slot.worker = getpid();
    slot.state = State::Running;
    capture.clear();
    alarm(limit);
    const auto start = std::chrono::steady_clock::now();
    slot.status = test(i);
    const std::chrono::duration<double> taken =
        std::chrono::steady_clock::now() - start;
    alarm(0);
    slot.seconds = taken.count();
    explain(slot, slot.status ? capture.line({"error: ", "differs", "note: "})
                              : capture.line({"compiled for the values of"}));
    slot.state = State::Ended;
  }
}

pid_t startWorker(Shared &shared, std::size_t count, unsigned limit,
                  const std::function<int(std::size_t)> &test) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0)
    throw std::runtime_error("cannot fork");
  if (child == 0) {
    work(shared, count, limit, test);
    _exit(0);
  }
  return child;
}

Outcome outcomeOf(const Slot &slot) {
  constexpr int malformed = 3, unsupported = 4, internal = 70;
  Outcome outcome;
  outcome.seconds = slot.seconds;
  outcome.reason = slot.reason;
  if (slot.state != State::Ended)
    outcome.verdict = Verdict::Crashed;
  else
    outcome.verdict = slot.status == 0             ? Verdict::Pass
                      : slot.status == unsupported ? Verdict::Unsupported
                      : slot.status == malformed   ? Verdict::Broken
                      : slot.status == internal    ? Verdict::Crashed
                                                   : Verdict::Wrong;
  return outcome;
}

} // namespace

std::vector<Outcome> runTests(std::size_t count, int jobs, unsigned limit,
                              const std::function<int(std::size_t)> &test) {
  Shared &shared = *share(count);
  int running = 0;
  for (; running < jobs; ++running)
    startWorker(shared, count, limit, test);
  while (running > 0) {
    int status = 0;
    const pid_t worker = wait(&status);
    if (worker < 0)
      break;
    --running;
    if (!WIFSIGNALED(status))
      continue;
    for (Slot &slot : std::span(shared.slots, count))
      if (slot.state == State::Running && slot.worker == worker)
        explain(slot, strsignal(WTERMSIG(status)));
    startWorker(shared, count, limit, test);
    ++running;
  }
  std::vector<Outcome> outcomes;
  for (const Slot &slot : std::span(shared.slots, count))
    outcomes.push_back(outcomeOf(slot));
  return outcomes;
}

} // namespace mg::onnxtests
