//===- CompileModel.cpp - the verb compile --------------------------------===//
#include "frontend/driver/CompileModel.h"

#include "frontend/driver/Link.h"
#include "frontend/driver/Supervise.h"
#include "frontend/io/ArrayBytes.h"
#include "frontend/io/Pages.h"
#include "frontend/io/Safetensors.h"
#include "frontend/io/WholeFile.h"

#include "llvm/Support/TimeProfiler.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

namespace mg::driver {

namespace {

struct Level {
  const char *name;
  codegen::Emit emit;
};

/// Those that codegen/ writes; `mg`, `grad` and `simplified` come before it.
constexpr Level levels[] = {
    {"linalg", codegen::Emit::Linalg},   {"vector", codegen::Emit::Vector},
    {"buffers", codegen::Emit::Buffers}, {"llvm", codegen::Emit::LLVMDialect},
    {"ll", codegen::Emit::LLVMIR},       {"asm", codegen::Emit::Assembly},
    {"obj", codegen::Emit::Object}};

constexpr const char *earlyLevels[] = {"mg", "grad", "simplified"};

const Level *findLevel(const std::string &name) {
  auto found =
      std::find_if(std::begin(levels), std::end(levels),
                   [&](const Level &level) { return level.name == name; });
  return found == std::end(levels) ? nullptr : found;
}

bool isEarly(const std::string &name) {
  return std::find(std::begin(earlyLevels), std::end(earlyLevels), name) !=
         std::end(earlyLevels);
}

struct Ending {
  const char *text;
  OutputKind kind;
  const char *level;
};

constexpr Ending endings[] = {{".o", OutputKind::Object, "obj"},
                              {".a", OutputKind::Archive, "obj"},
                              {".so", OutputKind::SharedLibrary, "obj"},
                              {".s", OutputKind::Text, "asm"},
                              {".ll", OutputKind::Text, "ll"},
                              {".mlir", OutputKind::Text, "mg"},
                              {"", OutputKind::Executable, "obj"}};

std::string earlyText(LoadedModel &model, const std::string &level) {
  if (level == "grad" &&
      mlir::failed(expandTransforms(*model.module, model.compile)))
    model.diagnostics.fail(Exit::Invalid);
  if (level == "simplified" &&
      mlir::failed(simplify(*model.module, model.compile)))
    model.diagnostics.fail(Exit::Invalid);
  std::string text;
  llvm::raw_string_ostream stream(text);
  mlir::OpPrintingFlags flags;
  flags.enableDebugInfo(false);
  model.module->print(stream, flags);
  return stream.str();
}

/// Text levels have one CPU level; objects, unless told, those that together
/// run well everywhere.
std::vector<std::string> levelsFor(const Options &options,
                                   const OutputPlan &plan) {
  if (!options.levels.empty())
    return options.levels;
  if (plan.kind == OutputKind::Text)
    return {"native"};
  return {"x86-64-v2", "x86-64-v3", "x86-64-v4"};
}

/// Where weights go that no file has as the artefact reads them; empty:
/// nowhere.
std::string weightsPath(const LoadedModel &model, const std::string &out) {
  if (!model.options.preparedWeights.empty())
    return model.options.preparedWeights;
  const bool isAlone = model.weights.areOwn() && !model.weights.embedded();
  return isAlone && out != "-"
             ? std::filesystem::path(out).replace_extension(".safetensors")
             : "";
}

/// Whether weights may be laid out anew: who calls the artefact has the file
/// that we write, or needs none.
bool mayPrepare(const LoadedModel &model, const std::string &weightsFile) {
  return model.weights.embedded() || !weightsFile.empty();
}

codegen::Artefact lower(LoadedModel &model, const OutputPlan &plan,
                        const std::string &weightsFile, KnownWeights &known) {
  codegen::Options &options = model.compile.codegen;
  options.levels = levelsFor(model.options, plan);
  options.emit = findLevel(plan.level)->emit;
  if (plan.kind == OutputKind::Text && options.levels.size() != 1 &&
      options.emit != codegen::Emit::Object)
    throw Failure(Exit::Usage, "mgc",
                  fmt::format("the level '{}' is for one CPU: --mcpu names {}",
                              plan.level, options.levels.size()));
  const bool isLinked = plan.kind == OutputKind::SharedLibrary ||
                        plan.kind == OutputKind::Executable;
  for (const std::string &level : options.levels)
    if (isLinked && llvm::is_contained(codegen::crossLevelNames(), level))
      throw Failure(Exit::Usage, "mgc",
                    fmt::format("code for '{}' is not linked here", level),
                    "write a .o or a .a");
  if (model.weights.embedded()) {
    options.embeddedWeight = [&](llvm::StringRef name) {
      return model.weights.bytes(name);
    };
  }
  if (model.weights.embedded() && !model.options.preparedWeights.empty())
    throw Failure(Exit::Usage, "mgc",
                  "--prepared-weights: the artefact holds all weights",
                  "--weights FILE.safetensors keeps them outside");
  const bool prepares = mayPrepare(model, weightsFile);
  if (prepares)
    model.weights.check(*model.module);
  auto artefact =
      mg::compile(*model.module, model.compile, prepares ? &known : nullptr);
  if (mlir::failed(artefact))
    model.diagnostics.fail(Exit::Invalid);
  return std::move(*artefact);
}

std::string headerPath(const std::string &out) {
  return std::filesystem::path(out).replace_extension(".h").string();
}

void writeStdout(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size() ||
      std::fflush(stdout) != 0)
    throw Failure(Exit::Write, "<stdout>", "cannot be written");
}

/// The artefact and its header: both appear or none.
void writeArtefact(const codegen::Artefact &artefact, const OutputPlan &plan,
                   const std::string &out) {
  std::string_view bytes(artefact.bytes.data(), artefact.bytes.size());
  if (out == "-")
    return writeStdout(bytes);
  io::WholeFile file(out);
  switch (plan.kind) {
  case OutputKind::Text:
  case OutputKind::Object:
    file.write(bytes);
    break;
  case OutputKind::Archive:
    file.write(archive(artefact.name + ".o", bytes));
    break;
  case OutputKind::SharedLibrary:
    linkSharedLibrary(bytes, file.temporaryPath());
    break;
  case OutputKind::Executable:
    linkExecutable(bytes, artefact.name, file.temporaryPath());
    break;
  }
  bool hasHeader = !artefact.header.empty() && plan.kind != OutputKind::Text &&
                   plan.kind != OutputKind::Executable;
  if (hasHeader) {
    io::WholeFile header(headerPath(out));
    header.write(artefact.header);
    header.commit();
  }
  file.commit();
}

/// The weights that `artefact` reads from a file.
void writeWeights(const codegen::Artefact &artefact, const KnownWeights &known,
                  const std::string &path) {
  io::NamedArrays arrays;
  for (const codegen::Argument &weight : artefact.weights)
    arrays.emplace_back(weight.name, known(weight.name));
  io::saveSafetensors(path, arrays);
}

void printSummary(const codegen::Artefact &artefact,
                  const std::string &weightsFile) {
  for (const codegen::Entry &entry : artefact.entries)
    fmt::print(stderr, "{}: {} inputs, {} outputs, {} bytes of workspace\n",
               entry.symbol, entry.inputs.size(), entry.outputs.size(),
               entry.workspaceBytes);
  if (!artefact.weights.empty())
    fmt::print(stderr, "{} weights stay outside{}\n", artefact.weights.size(),
               weightsFile.empty() ? "" : ", in " + weightsFile);
}

} // namespace

OutputPlan planOutput(const std::string &out, const std::string &emit) {
  if (!emit.empty() && !findLevel(emit) && !isEarly(emit))
    throw Failure(
        Exit::Usage, "mgc", fmt::format("--emit: '{}' is no level", emit),
        "levels are mg, grad, simplified, linalg, buffers, vector, llvm, "
        "asm, obj");
  if (emit == "obj" && out == "-")
    return {OutputKind::Object, emit};
  if (!emit.empty() && emit != "obj")
    return {OutputKind::Text, emit};
  std::string ending = std::filesystem::path(out).extension().string();
  for (const Ending &known : endings)
    if (ending == known.text && out != "-")
      return emit.empty() ? OutputPlan{known.kind, known.level}
                          : OutputPlan{OutputKind::Object, emit};
  if (!emit.empty())
    return {OutputKind::Object, emit};
  if (out == "-")
    return {OutputKind::Text, "mg"};
  throw Failure(Exit::Usage, "mgc",
                fmt::format("-o '{}': '{}' is no kind of output", out, ending),
                "endings are .o .a .so .s .ll .mlir, and none for an "
                "executable");
}

Exit compileLoaded(LoadedModel &model, const std::string &out,
                   const OutputPlan &plan) {
  codegen::Artefact artefact;
  KnownWeights known{model.weightLookup()};
  // They are mapped; with what becomes of them, memory would hold them twice.
  known.onReplaced = [](const eager::Array &weight) {
    io::releasePages(io::bytesOf(weight));
  };
  const std::string weightsFile = plan.kind == OutputKind::Text
                                      ? model.options.preparedWeights
                                      : weightsPath(model, out);
  if (isEarly(plan.level)) {
    std::string text = earlyText(model, plan.level);
    artefact.bytes.assign(text.begin(), text.end());
  } else {
    llvm::TimeTraceScope trace("compile");
    artefact = lower(model, plan, weightsFile, known);
  }
  enterStage(Stage::Writing);
  model.times.time("write", [&] {
    llvm::TimeTraceScope trace("write");
    if (!weightsFile.empty() && !artefact.weights.empty())
      writeWeights(artefact, known, weightsFile);
    writeArtefact(artefact, plan, out);
  });
  if (model.options.verbose)
    printSummary(artefact, weightsFile);
  if (model.options.timeReport)
    model.times.print(llvm::errs());
  return Exit::Done;
}

Exit compileModel(const Options &options, const ModelSource &source,
                  const std::string &out, const OutputPlan &plan) {
  LoadedModel model(options, source);
  return compileLoaded(model, out, plan);
}

} // namespace mg::driver
