//===- LoadedModel.cpp - a model, read, and what its compilation needs ----===//
#include "frontend/driver/LoadedModel.h"

#include "frontend/driver/Dims.h"
#include "frontend/driver/PerturbOp.h"
#include "frontend/driver/Supervise.h"
#include "frontend/driver/Values.h"
#include "ir/Dialect.h"
#include "ir/Ops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/TimeProfiler.h"

#include <fmt/format.h>

#include <cmath>
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
  for (const std::string &level : codegen::crossLevelNames())
    known.push_back(level);
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

CompileOptions compileOptions(const Options &options) {
  CompileOptions result;
  result.disabled = options.disabledPasses;
  result.codegen.optLevel = options.optLevel;
  result.codegen.fastMath = options.fastMath;
  result.codegen.winograd = !options.noWinograd;
  result.codegen.dumpDir = options.dumpDir;
  return result;
}

void makeDumpFolder(const std::string &folder) {
  std::error_code error;
  if (!folder.empty() && !std::filesystem::create_directories(folder, error) &&
      error)
    throw Failure(Exit::Write, folder, error.message());
}

} // namespace

mlir::OwningOpRef<mlir::ModuleOp> LoadedModel::read(const ModelSource &source) {
  ReadModel model = readModel(source, options, context, diagnostics);
  compile = compileOptions(options);
  if (model.isOnnx) {
    weights.adopt(std::move(model.weights), source.path);
    return std::move(model.module);
  }
  for (const auto &[name, size] :
       dimSizes(*model.module, options.dims, options.shapes))
    compile.dims.push_back(fmt::format("{}={}", name, size));
  return std::move(model.module);
}

LoadedModel::LoadedModel(const Options &options, const ModelSource &source)
    : options(options), context(allDialects()),
      diagnostics(&context, source.path, options.color),
      weights(options.weights, options.model) {
  llvm::TimeTraceScope trace("read");
  checkLevels(options.levels);
  checkPasses(options.disabledPasses);
  enterStage(Stage::Reading);
  module = times.time("read", [&] { return read(source); });
  enterStage(Stage::Compiling);
  keepEntry(*module, options);
  makeDumpFolder(options.dumpDir);
  compile.codegen.times = &times;
}

void LoadedModel::checkEager() {
  module->walk([&](mlir::Operation *op) {
    if (!llvm::isa<mlir::ModuleOp>(op) &&
        !llvm::isa<mlir::mg::MgDialect, mlir::func::FuncDialect>(
            op->getDialect()))
      throw Failure(Exit::Unsupported, options.model,
                    fmt::format("not supported: {} has no eager execution to "
                                "compare with",
                                op->getName().getStringRef().str()),
                    "give the model at the level mg, grad or simplified");
  });
}

eager::WeightLookup LoadedModel::weightLookup() const {
  return [this](llvm::StringRef name) {
    const auto made = invented.find(name);
    return made != invented.end() ? made->second : weights.find(name);
  };
}

/// Random, and small enough that a network of any depth stays finite.
static eager::Array inventWeight(mlir::mg::WeightOp op, std::uint64_t seed) {
  auto type = llvm::cast<mlir::RankedTensorType>(op.getType());
  const std::string name = op.getName().str();
  const mg_argument wanted = {
      name.c_str(), eager::dtypeOf(type.getElementType()).value_or(MG_F32),
      static_cast<std::int32_t>(type.getRank()), type.getShape().data()};
  eager::Array array = randomArray(wanted, seed);
  if (array.view.dtype == MG_F32 && array.view.rank > 0) {
    const auto scale = static_cast<float>(
        1 / std::sqrt(std::max<double>(1, double(type.getDimSize(0)))));
    auto *values = static_cast<float *>(array.view.data);
    for (std::int64_t i = 0; i < array.size(); ++i)
      values[i] *= scale;
  }
  return array;
}

void LoadedModel::inventWeights() {
  if (weights.available())
    return;
  module->walk([&](mlir::mg::WeightOp op) {
    const auto seed = invented.size() + 1;
    if (auto [made, isNew] = invented.try_emplace(op.getName()); isNew)
      made->second = inventWeight(op, seed);
  });
}

std::shared_ptr<Program> LoadedModel::load(const std::string &level) {
  return load(mlir::OwningOpRef<mlir::ModuleOp>(module->clone()), level);
}

std::shared_ptr<Program>
LoadedModel::load(mlir::OwningOpRef<mlir::ModuleOp> part,
                  const std::string &level) {
  llvm::TimeTraceScope trace("compile", level);
  enterStage(Stage::Compiling);
  if (invented.empty())
    weights.check(*module);
  CompileOptions chosen = compile;
  chosen.codegen.levels = {level};
  perturb(*part);
  auto program = Program::create(*part, chosen, weightLookup());
  if (mlir::failed(program))
    diagnostics.fail(Exit::Invalid);
  return *program;
}

} // namespace mg::driver
