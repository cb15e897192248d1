//===- Command.h - the frame around every verb: processes, failures -------===//
#ifndef MG_FRONTEND_DRIVER_COMMAND_H
#define MG_FRONTEND_DRIVER_COMMAND_H

#include "frontend/driver/Failure.h"
#include "frontend/driver/Options.h"
#include "frontend/driver/ReadModel.h"

#include <functional>

namespace mg::driver {

/// Opens the model and does `work` in a supervised child. Whatever goes wrong
/// is printed and becomes an exit status; where it is our fault a reproducer
/// is written and named.
int withModel(const Options &options, const std::vector<std::string> &command,
              const std::function<Exit(const ModelSource &)> &work);

/// The exit status of `work`; what it throws is printed.
int reportFailures(const std::function<Exit()> &work, bool color);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_COMMAND_H
