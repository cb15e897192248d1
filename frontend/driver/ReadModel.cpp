//===- ReadModel.cpp - a model file to a verified module ------------------===//
#include "frontend/driver/ReadModel.h"

#include "frontend/driver/Dims.h"
#include "frontend/driver/Values.h"
#include "frontend/io/FileError.h"
#include "frontend/io/MappedFile.h"
#include "frontend/onnx/Importer.h"
#include "frontend/tensor/Value.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace mg::driver {

namespace {

constexpr llvm::StringRef nameAttribute = "mg.name";

ModelSource readStdin() {
  auto text = std::make_shared<std::string>();
  char buffer[1 << 16];
  for (;;) {
    ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      throw io::FileError(MG_ERROR_FILE, "<stdin>", std::strerror(errno));
    if (got == 0)
      break;
    text->append(buffer, static_cast<std::size_t>(got));
    if (text->size() > maxModelBytes)
      break;
  }
  return {"<stdin>", text, *text};
}

/// One step of the scanner: skips a string or a comment at the start of
/// `text`; false where there is none.
bool skipStringOrComment(std::string_view &text) {
  if (text.starts_with("//")) {
    text.remove_prefix(std::min(text.find('\n'), text.size()));
    return true;
  }
  if (!text.starts_with('"'))
    return false;
  text.remove_prefix(1);
  while (!text.empty() && text[0] != '"' && text[0] != '\n')
    text.remove_prefix(text[0] == '\\' && text.size() > 1 ? 2 : 1);
  text.remove_prefix(std::min<std::size_t>(1, text.size()));
  return true;
}

} // namespace

ModelSource openModel(const std::string &path) {
  ModelSource source;
  if (path == "-") {
    source = readStdin();
  } else {
    io::MappedFile file = io::mapFile(path);
    source = {path, file.owner, file.bytes};
  }
  if (source.bytes.size() > maxModelBytes)
    throw Failure(Exit::Limit, source.path, "the model is larger than 2 GiB");
  return source;
}

int nestingOf(std::string_view text) {
  int depth = 0, deepest = 0;
  while (!text.empty()) {
    if (skipStringOrComment(text))
      continue;
    // Arrows and comparisons are no brackets.
    if (text.starts_with("->") || text.starts_with(">=") ||
        text.starts_with("<=")) {
      text.remove_prefix(2);
      continue;
    }
    if (std::strchr("([{<", text[0]) && text[0])
      deepest = std::max(deepest, ++depth);
    else if (std::strchr(")]}>", text[0]) && text[0])
      depth = std::max(depth - 1, 0);
    text.remove_prefix(1);
  }
  return deepest;
}

static mlir::OwningOpRef<mlir::ModuleOp>
readMlir(const ModelSource &source, mlir::MLIRContext &context,
         const Diagnostics &diagnostics) {
  if (source.bytes.size() > maxTextBytes)
    throw Failure(Exit::Limit, source.path, "the model is larger than 1 GiB");
  auto buffer = llvm::MemoryBuffer::getMemBuffer(
      llvm::StringRef(source.bytes), source.path,
      /*RequiresNullTerminator=*/false);
  if (!mlir::isBytecode(*buffer)) {
    if (source.bytes.find('\0') != std::string_view::npos)
      throw Failure(Exit::File, source.path,
                    "is neither MLIR text nor MLIR bytecode nor ONNX");
    if (nestingOf(source.bytes) > maxNesting)
      throw Failure(
          Exit::File, source.path,
          fmt::format("brackets are nested deeper than {}", maxNesting));
  }
  mlir::ParserConfig config(&context, /*verifyAfterParse=*/false);
  // The parser looks at the byte behind the last one, so it gets a copy.
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(
                                 llvm::StringRef(source.bytes), source.path),
                             llvm::SMLoc());
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(sources, config);
  if (!module)
    diagnostics.fail(Exit::File);
  return module;
}

static onnx::ImportOptions importOptions(const Options &options) {
  onnx::ImportOptions result = {openSizes(options.dims, options.shapes),
                                options.keptWeights};
  for (const std::string &text : options.constants) {
    const Binding binding = parseBinding("--constant", text);
    if (binding.name.empty() || binding.value == "zeros" ||
        binding.value.starts_with("random:"))
      throw Failure(Exit::Usage, "mgc",
                    fmt::format("--constant '{}': expected NAME=@FILE or "
                                "NAME=i64[2]:3,4",
                                text));
    const mg_argument wanted = {binding.name.c_str(), MG_F32, 0, nullptr};
    result.constants.insert_or_assign(
        binding.name, detail::makeEager(parseValue(binding.value, wanted),
                                        Where::current(), "constant"));
  }
  return result;
}

static ReadModel readOnnx(const ModelSource &source, const Options &options,
                          mlir::MLIRContext &context,
                          const Diagnostics &diagnostics) {
  const onnx::Document document(source.path, source.bytes, source.owner);
  auto imported = onnx::importModel(document, importOptions(options),
                                    modelName(source.path), &context);
  if (mlir::failed(imported))
    diagnostics.fail(Exit::Invalid);
  return {std::move(imported->module), std::move(imported->weights), true};
}

ReadModel readModel(const ModelSource &source, const Options &options,
                    mlir::MLIRContext &context,
                    const Diagnostics &diagnostics) {
  ReadModel model;
  if (onnx::looksLikeModel(source.bytes))
    model = readOnnx(source, options, context, diagnostics);
  else if (!options.constants.empty())
    throw Failure(Exit::Usage, "mgc",
                  "--constant is for inputs of ONNX models");
  else
    model.module = readMlir(source, context, diagnostics);
  if (mlir::failed(mlir::verify(*model.module)))
    diagnostics.fail(Exit::Invalid);
  if (!(*model.module)->hasAttr(nameAttribute))
    (*model.module)
        ->setAttr(nameAttribute,
                  mlir::StringAttr::get(&context, modelName(source.path)));
  return model;
}

std::string modelName(std::string_view path) {
  std::size_t slash = path.rfind('/');
  std::string_view file =
      slash == std::string_view::npos ? path : path.substr(slash + 1);
  std::string name(file.substr(0, file.find('.')));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !llvm::isAlnum(c); }, '_');
  if (name.empty() || name == "_stdin_")
    return "model";
  return llvm::isDigit(name[0]) ? "_" + name : name;
}

} // namespace mg::driver
