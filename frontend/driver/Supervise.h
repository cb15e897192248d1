//===- Supervise.h - work in a process that may die -----------------------===//
//
// A model file is data that nobody vouches for, and its readers are libraries
// that were written for files of their own making: deep recursion ends them,
// and so may a bug of ours. So the work is done by a child process and the
// parent only waits for it, shows progress where somebody looks, and turns a
// child that was killed into an error and an exit status.
//
// MGC_NO_FORK=1 does the work in place, for debuggers.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_SUPERVISE_H
#define MG_FRONTEND_DRIVER_SUPERVISE_H

#include <functional>

namespace mg::driver {

/// What the child does at the moment.
enum class Stage { Starting, Reading, Compiling, Loading, Running, Writing };

/// Called in the child.
void enterStage(Stage stage);

struct Supervision {
  /// Show a line on a terminal once the work takes over a second.
  bool progress = true;
  /// Returns the exit status for a child that `signal` killed in `stage`, and
  /// tells the user.
  std::function<int(Stage stage, int signal)> onDeath;
};

/// The exit status of `work`, or that of onDeath.
int supervise(const std::function<int()> &work, const Supervision &how);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_SUPERVISE_H
