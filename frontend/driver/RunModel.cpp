//===- RunModel.cpp - the verb run ----------------------------------------===//
#include "frontend/driver/RunModel.h"

#include "frontend/driver/KernelProfile.h"
#include "frontend/driver/Pool.h"
#include "frontend/driver/Supervise.h"
#include "frontend/driver/Trace.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/TimeProfiler.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <dlfcn.h>
#include <filesystem>

namespace mg::driver {

namespace {

constexpr std::string_view elfMagic = "\x7f"
                                      "ELF";
constexpr llvm::StringRef descriptorEnding = "_model";

/// The one exported symbol that is a model's descriptor.
std::string findDescriptor(const ModelSource &source) {
  auto malformed = [&](const std::string &reason) {
    return Failure(Exit::File, source.path, reason);
  };
  auto object = llvm::object::ObjectFile::createELFObjectFile(
      llvm::MemoryBufferRef(llvm::StringRef(source.bytes), source.path));
  if (!object)
    throw malformed(llvm::toString(object.takeError()));
  auto *elf = llvm::dyn_cast<llvm::object::ELFObjectFileBase>(object->get());
  std::string found;
  for (const llvm::object::SymbolRef &symbol :
       elf->getDynamicSymbolIterators()) {
    auto name = symbol.getName();
    auto flags = symbol.getFlags();
    if (!name || !flags) {
      llvm::consumeError(name.takeError());
      llvm::consumeError(flags.takeError());
      throw malformed("malformed: its symbols cannot be read");
    }
    if (!name->ends_with(descriptorEnding) ||
        *flags & llvm::object::SymbolRef::SF_Undefined)
      continue;
    if (!found.empty())
      throw malformed("holds more than one model");
    found = name->str();
  }
  if (found.empty())
    throw malformed("is a library without a model");
  return found;
}

std::shared_ptr<Program> loadLibrary(const Options &options,
                                     const ModelSource &source,
                                     mlir::MLIRContext &context,
                                     const Weights &weights,
                                     const Diagnostics &diagnostics) {
  std::string symbol = findDescriptor(source);
  // A name without a slash would be searched for in the system's folders.
  std::string path = std::filesystem::absolute(options.model).string();
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw Failure(Exit::File, source.path, dlerror());
  std::shared_ptr<void> owner(library, dlclose);
  auto describe =
      reinterpret_cast<const mg_model *(*)()>(dlsym(library, symbol.c_str()));
  const mg_model *model = describe();
  if (model->abi_version != MG_ABI_VERSION)
    throw Failure(Exit::Misfit, source.path,
                  fmt::format("was made for version {} of the ABI, this is {}",
                              model->abi_version, MG_ABI_VERSION));
  auto program = Program::fromModel(
      model, owner, [&](llvm::StringRef name) { return weights.find(name); },
      mlir::UnknownLoc::get(&context));
  if (mlir::failed(program))
    diagnostics.fail(Exit::File);
  return *program;
}

using CallProgram = std::function<int(
    const Program &program, int index, const std::vector<eager::Array> &inputs,
    std::vector<eager::Array> &outputs, mg_pool *pool)>;

Exit call(const Program &program, const Options &options, const RunOptions &run,
          const CallProgram &callProgram) {
  enterStage(Stage::Running);
  llvm::TimeTraceScope trace("run");
  Pool pool(options.threads);
  return runEntry(
      program.model(),
      [&](int index, const std::vector<eager::Array> &inputs,
          std::vector<eager::Array> &outputs) {
        return callProgram(program, index, inputs, outputs, pool.get());
      },
      run);
}

int callOnce(const Program &program, int index,
             const std::vector<eager::Array> &inputs,
             std::vector<eager::Array> &outputs, mg_pool *pool) {
  return program.run(index, inputs, outputs, pool);
}

/// With `--profile` a table of the kernels on stderr, with `--trace` their
/// spans.
Exit runProfiled(LoadedModel &model, const std::string &level,
                 const Options &options, const RunOptions &run) {
  constexpr int rounds = 7;
  const ModelFacts facts = factsOf(model, level, options.disabledPasses);
  model.compile.codegen.profile = true;
  auto program = model.load(level);
  return call(*program, options, run,
              [&](const Program &program, int index,
                  const std::vector<eager::Array> &inputs,
                  std::vector<eager::Array> &outputs, mg_pool *pool) {
                int status = MG_OK;
                const EntryReport &entry = facts.entries[index];
                const std::vector<KernelTime> times =
                    profileKernels(entry, options.profile ? rounds : 1, [&] {
                      status = status
                                   ? status
                                   : program.run(index, inputs, outputs, pool);
                    });
                if (options.profile && status == MG_OK) {
                  MachineProbe probe(mg_pool_threads(pool));
                  printProfile(entry, times, probe, stderr);
                }
                return status;
              });
}

} // namespace

Exit runModel(const Options &options, const ModelSource &source,
              const RunOptions &run) {
  if (source.bytes.starts_with(elfMagic)) {
    enterStage(Stage::Loading);
    mlir::MLIRContext context;
    Diagnostics diagnostics(&context, source.path, options.color);
    Weights weights(options.weights, options.model);
    if (options.profile)
      throw Failure(Exit::Usage, "mgc",
                    "--profile needs a model, not what was compiled of it");
    return call(*loadLibrary(options, source, context, weights, diagnostics),
                options, run, callOnce);
  }
  if (options.levels.size() > 1)
    throw Failure(Exit::Usage, "mgc", "run is for one CPU: --mcpu names more");
  LoadedModel model(options, source);
  const std::string level =
      options.levels.empty() ? "native" : options.levels[0];
  if (options.profile || isTracing())
    return runProfiled(model, level, options, run);
  auto program = model.load(level);
  if (options.timeReport)
    model.times.print(llvm::errs());
  return call(*program, options, run, callOnce);
}

} // namespace mg::driver
