//===- RunEntry.h - an entry run with values of the command line ----------===//
//
// What `mgc run` does and what an executable made by `mgc compile` does: read
// the inputs, call, write, print or compare the outputs. Knows no compiler.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_RUNENTRY_H
#define MG_FRONTEND_DRIVER_RUNENTRY_H

#include "frontend/driver/Failure.h"
#include "frontend/eager/Array.h"
#include "minigrad/model.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mg::driver {

struct RunOptions {
  /// Empty: the only one.
  std::string entry;
  /// NAME=VALUE or @SET, as parseValue reads them.
  std::vector<std::string> inputs;
  /// NAME=@FILE.npy, or @SET.npz, @SET.safetensors.
  std::vector<std::string> outputs;
  /// NAME=VALUE or @SET.
  std::vector<std::string> expects;
  std::optional<double> atol, rtol, ulps;
  bool exact = false;
  bool json = false;
};

/// Calls entry `index`; fresh outputs, a mg_status.
using CallEntry =
    std::function<int(int index, const std::vector<eager::Array> &inputs,
                      std::vector<eager::Array> &outputs)>;

/// Exit::Done, or Exit::Differs. Everything else is a Failure or a FileError.
Exit runEntry(const mg_model &model, const CallEntry &call,
              const RunOptions &options);

/// The values of an entry's inputs from NAME=VALUE and @SET; `missing` makes
/// one for an input that has none. Their types are those that the entry wants.
std::vector<eager::Array>
readInputs(const mg_entry &entry, const std::vector<std::string> &texts,
           const std::function<eager::Array(const mg_argument &)> &missing);

/// Index of the entry that is asked for.
int chooseEntry(const mg_model &model, const std::string &name);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_RUNENTRY_H
