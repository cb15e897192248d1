//===- Supervise.cpp - work in a process that may die ---------------------===//
#include "frontend/driver/Supervise.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mg::driver {

namespace {

/// In memory that both processes see; null where nobody supervises.
std::atomic<Stage> *stage = nullptr;

const char *describe(Stage stage) {
  switch (stage) {
  case Stage::Starting:
    return "starting";
  case Stage::Reading:
    return "reading the model";
  case Stage::Compiling:
    return "compiling";
  case Stage::Loading:
    return "loading";
  case Stage::Running:
    return "running";
  case Stage::Writing:
    return "writing";
  }
  return "";
}

[[noreturn]] void workAsChild(const std::function<int()> &work) {
  // Whoever kills the parent wants the child to stop, too.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  rlimit noCore{0, 0};
  setrlimit(RLIMIT_CORE, &noCore);
  int status = work();
  std::fflush(nullptr);
  // No destructors: what is left is memory, and the kernel is faster.
  _exit(status);
}

/// Waits until the child ends or `milliseconds` are over; true at the end.
bool waitFor(pid_t child, int descriptor, int milliseconds) {
  if (descriptor < 0) {
    siginfo_t info;
    return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) ==
           0;
  }
  pollfd end{descriptor, POLLIN, 0};
  return poll(&end, 1, milliseconds) > 0;
}

/// Shows what is being done, with its seconds, until the child ends.
void showProgress(pid_t child) {
  // A descriptor that becomes readable when the child ends (Linux 5.3).
  int descriptor =
      static_cast<int>(syscall(SYS_pidfd_open, child, /*flags=*/0));
  auto start = std::chrono::steady_clock::now();
  bool shown = false;
  while (!waitFor(child, descriptor, 500)) {
    std::chrono::duration<double> passed =
        std::chrono::steady_clock::now() - start;
    if (passed.count() < 1)
      continue;
    std::fprintf(stderr, "\r\033[K%s, %.0f s", describe(*stage),
                 passed.count());
    shown = true;
  }
  if (shown)
    std::fputs("\r\033[K", stderr);
  if (descriptor >= 0)
    close(descriptor);
}

} // namespace

void enterStage(Stage next) {
  if (stage)
    *stage = next;
}

int supervise(const std::function<int()> &work, const Supervision &how) {
  if (std::getenv("MGC_NO_FORK"))
    return work();
  void *shared = mmap(nullptr, sizeof(*stage), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    return work();
  stage = new (shared) std::atomic<Stage>(Stage::Starting);
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0)
    workAsChild(work);
  if (child < 0)
    return work();
  if (how.progress && isatty(STDERR_FILENO))
    showProgress(child);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status)
                           : how.onDeath(*stage, WTERMSIG(status));
}

} // namespace mg::driver
