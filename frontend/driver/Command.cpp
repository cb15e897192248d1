//===- Command.cpp - the frame around every verb: processes, failures -----===//
#include "frontend/driver/Command.h"

#include "frontend/driver/Supervise.h"
#include "frontend/driver/Trace.h"
#include "frontend/io/FileError.h"
#include "frontend/io/WholeFile.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace mg::driver {

namespace {

/// LLVM ends the process with status 1 where it gives up, and 1 has another
/// meaning here: the supervisor makes an internal error of an abort.
void installFatalErrorHandler() {
  llvm::install_fatal_error_handler(
      [](void *, const char *reason, bool) {
        fmt::print(stderr, "mgc: note: LLVM gave up: {}\n", reason);
        std::abort();
      },
      nullptr);
}

void parseLlvmOptions(const std::vector<std::string> &options) {
  std::vector<const char *> arguments = {"mgc"};
  for (const std::string &option : options)
    arguments.push_back(option.c_str());
  std::string errors;
  llvm::raw_string_ostream stream(errors);
  if (!llvm::cl::ParseCommandLineOptions(static_cast<int>(arguments.size()),
                                         arguments.data(), "", &stream))
    throw Failure(Exit::Usage, "mgc", "-mllvm: " + stream.str());
}

/// The model and the command that failed on it, beside the user's files.
void writeReproducer(const ModelSource &source,
                     const std::vector<std::string> &command) {
  bool text = source.bytes.find('\0') == std::string_view::npos;
  std::string path =
      fmt::format("mgc-crash-{}.mlir{}", getpid(), text ? "" : "bc");
  std::string bytes;
  if (text) {
    bytes = "//";
    for (const std::string &word : command)
      bytes += " " + word;
    bytes += '\n';
  }
  bytes += source.bytes;
  try {
    io::writeWholeFile(path, bytes);
    fmt::print(stderr, "mgc: note: the model was copied to {}\n", path);
  } catch (const io::FileError &) {
    fmt::print(stderr, "mgc: note: the model could not be copied to {}\n",
               path);
  }
}

/// What a child that died of `signal` means.
Failure deathOf(Stage stage, int signal, const std::string &model) {
  if (signal == SIGKILL)
    return {Exit::Limit, "mgc", "killed, most likely for its use of memory"};
  if (signal == SIGPIPE)
    return {Exit::Write, "mgc", "nobody reads the output"};
  std::string how = strsignal(signal);
  switch (stage) {
  case Stage::Reading:
    return {Exit::File, model, "malformed: the reader gave up on it"};
  case Stage::Running:
    return {Exit::Internal, "mgc", "internal: the model crashed: " + how};
  default:
    return {Exit::Internal, "mgc", "internal: " + how};
  }
}

} // namespace

int reportFailures(const std::function<Exit()> &work, bool color) {
  auto report = [&](const Failure &failure) {
    std::fflush(stdout);
    printFailure(failure, color);
    return static_cast<int>(failure.status);
  };
  try {
    return static_cast<int>(work());
  } catch (const Failure &failure) {
    return report(failure);
  } catch (const io::FileError &error) {
    return report({static_cast<Exit>(error.status), error.path, error.reason});
  } catch (const std::bad_alloc &) {
    return report({Exit::Limit, "mgc", "out of memory"});
  } catch (const std::system_error &error) {
    // Nobody reads what we print any more, or there is no place for it.
    return report({Exit::Write, "mgc", error.what()});
  } catch (const std::exception &error) {
    return report(
        {Exit::Internal, "mgc", std::string("internal: ") + error.what()});
  }
}

int withModel(const Options &options, const std::vector<std::string> &command,
              const std::function<Exit(const ModelSource &)> &work) {
  return reportFailures(
      [&] {
        ModelSource source = openModel(options.model);
        Supervision supervision;
        supervision.progress = !options.quiet && !options.verbose;
        supervision.onDeath = [&](Stage stage, int signal) {
          Failure failure = deathOf(stage, signal, source.path);
          printFailure(failure, options.color);
          return static_cast<int>(failure.status);
        };
        int status = supervise(
            [&] {
              return reportFailures(
                  [&] {
                    installFatalErrorHandler();
                    parseLlvmOptions(options.llvmOptions);
                    Trace trace(options.trace);
                    Exit exit = work(source);
                    trace.write();
                    return exit;
                  },
                  options.color);
            },
            supervision);
        if (status == static_cast<int>(Exit::Internal))
          writeReproducer(source, command);
        return static_cast<Exit>(status);
      },
      options.color);
}

} // namespace mg::driver
