//===- runner.cpp - main() of an executable made by `mgc compile` ---------===//
#include "RunFlags.h"

#include "frontend/driver/ModelCall.h"
#include "frontend/driver/Pool.h"
#include "frontend/io/FileError.h"

#include <fmt/format.h>

using namespace mg::driver;

/// The model that this executable is of; the linker gives it its name.
extern "C" const mg_model *mg_runner_model();

static int fail(int status, const std::string &text, const std::string &help) {
  fmt::print(stderr, "{}\n", text);
  if (!help.empty())
    fmt::print(stderr, "help: {}\n", help);
  return status;
}

int main(int argc, char **argv) {
  const mg_model &model = *mg_runner_model();
  CLI::App app(fmt::format("The compiled model '{}'", model.name));
  RunOptions run;
  std::string weightsFile;
  std::size_t threads = 0;
  app.add_option("--entry", run.entry, "which entry, where there are several");
  app.add_option("--weights", weightsFile, "safetensors file");
  app.add_option("--threads", threads, "0: one per CPU");
  app.add_flag("--json", run.json, "report as JSON");
  addRunFlags(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    int status = app.exit(error);
    return status ? static_cast<int>(Exit::Usage) : 0;
  }
  try {
    mg::io::NamedArrays weights;
    if (!weightsFile.empty())
      weights = mg::io::loadArrays(weightsFile);
    ModelCall call(model, weights);
    Pool pool(threads);
    return static_cast<int>(runEntry(
        model,
        [&](int entry, const auto &inputs, auto &outputs) {
          return call(entry, inputs, outputs, pool.get());
        },
        run));
  } catch (const Failure &failure) {
    return fail(static_cast<int>(failure.status),
                fmt::format("{}: error: {}", model.name, failure.what()),
                failure.help);
  } catch (const mg::io::FileError &error) {
    return fail(error.status,
                fmt::format("{}: error: {}", error.path, error.reason), "");
  } catch (const std::bad_alloc &) {
    return fail(static_cast<int>(Exit::Limit),
                fmt::format("{}: error: out of memory", model.name), "");
  }
}
