//===- Failure.h - how a command ends when it does not succeed ------------===//
#ifndef MG_FRONTEND_DRIVER_FAILURE_H
#define MG_FRONTEND_DRIVER_FAILURE_H

#include <stdexcept>
#include <string>

namespace mg::driver {

/// The exit statuses of mgc; 3 to 9 are those of minigrad/status.h.
enum class Exit {
  Done = 0,
  Differs = 1,
  Usage = 2,
  File = 3,
  Unsupported = 4,
  Invalid = 5,
  Write = 6,
  Run = 7,
  Limit = 8,
  Misfit = 9,
  Internal = 70
};

/// Ends the command: `WHERE: error: REASON` and, where there is one, a line of
/// help. An empty reason was printed already.
struct Failure : std::runtime_error {
  Failure(Exit status, std::string where, const std::string &reason,
          std::string help = "")
      : std::runtime_error(reason), status(status), where(std::move(where)),
        help(std::move(help)) {}

  Exit status;
  std::string where, help;
};

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_FAILURE_H
