//===- LoadedModel.cpp - a model, read, and what its compilation needs ----===//
#include "frontend/driver/LoadedModel.h"

#include "frontend/driver/Dims.h"
#include "frontend/driver/Supervise.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/TimeProfiler.h"

#include <fmt/format.h>

#include <filesystem>

namespace mg::driver {

namespace {

mlir::DialectRegistry allDialects() {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  return registry;
}

void checkLevels(const std::vector<std::string> &levels) {
  std::vector<std::string> known = codegen::levelNames();
  for (const std::string &level : levels)
    if (level != "native" && !llvm::is_contained(known, level))
      throw Failure(Exit::Usage, "mgc",
                    fmt::format("--mcpu: '{}' is no CPU level", level),
                    "levels are native, " + llvm::join(known, ", "));
}

void checkPasses(const std::vector<std::string> &names) {
  std::vector<std::string> known = optionalPasses();
  for (const std::string &name : names)
    if (!llvm::is_contained(known, name))
      throw Failure(Exit::Usage, "mgc",
                    fmt::format("--disable-pass: no optional pass '{}'", name),
                    "these may be left out: " + llvm::join(known, ", "));
}

void keepEntry(mlir::ModuleOp module, const Options &options) {
  if (options.entry.empty())
    return;
  auto chosen = module.lookupSymbol<mlir::func::FuncOp>(options.entry);
  if (!chosen || !isEntry(chosen))
    throw Failure(Exit::Usage, "mgc",
                  fmt::format("the model has no entry '{}'", options.entry));
  for (auto function :
       llvm::make_early_inc_range(module.getOps<mlir::func::FuncOp>())) {
    if (function == chosen || !isEntry(function))
      continue;
    function.setPrivate();
    if (mlir::SymbolTable::symbolKnownUseEmpty(function, module))
      function.erase();
  }
}

CompileOptions compileOptions(const Options &options, mlir::ModuleOp module) {
  CompileOptions result;
  result.disabled = options.disabledPasses;
  result.codegen.optLevel = options.optLevel;
  result.codegen.fastMath = options.fastMath;
  result.codegen.dumpDir = options.dumpDir;
  for (const auto &[name, size] :
       dimSizes(module, options.dims, options.shapes))
    result.dims.push_back(fmt::format("{}={}", name, size));
  return result;
}

void makeDumpFolder(const std::string &folder) {
  std::error_code error;
  if (!folder.empty() && !std::filesystem::create_directories(folder, error) &&
      error)
    throw Failure(Exit::Write, folder, error.message());
}

} // namespace

LoadedModel::LoadedModel(const Options &options, const ModelSource &source)
    : options(options), context(allDialects()),
      diagnostics(&context, source.path, options.color),
      weights(options.weights, options.model) {
  llvm::TimeTraceScope trace("read");
  checkLevels(options.levels);
  checkPasses(options.disabledPasses);
  enterStage(Stage::Reading);
  module = times.time("read",
                      [&] { return readModel(source, context, diagnostics); });
  enterStage(Stage::Compiling);
  keepEntry(*module, options);
  compile = compileOptions(options, *module);
  makeDumpFolder(options.dumpDir);
  compile.codegen.times = &times;
}

eager::WeightLookup LoadedModel::weightLookup() const {
  return [this](llvm::StringRef name) { return weights.find(name); };
}

std::shared_ptr<Program> LoadedModel::load(const std::string &level) {
  llvm::TimeTraceScope trace("compile", level);
  enterStage(Stage::Compiling);
  weights.check(*module);
  CompileOptions chosen = compile;
  chosen.codegen.levels = {level};
  mlir::OwningOpRef<mlir::ModuleOp> copy = module->clone();
  auto program = Program::create(*copy, chosen, weightLookup());
  if (mlir::failed(program))
    diagnostics.fail(Exit::Invalid);
  return *program;
}

} // namespace mg::driver
