//===- Dims.cpp - sizes for dimensions that a model leaves open -----------===//
#include "frontend/driver/Dims.h"

#include "frontend/driver/Failure.h"
#include "ir/Dialect.h"

#include "llvm/ADT/StringExtras.h"

#include <fmt/format.h>

#include <charconv>

namespace mg::driver {

namespace {

using Sizes = std::map<std::string, std::int64_t, std::less<>>;

constexpr const char *dimForm = "NAME=SIZE", *shapeForm = "INPUT=8x64";

[[noreturn]] void badOption(const std::string &option, const std::string &text,
                            const char *expected) {
  throw Failure(Exit::Usage, "mgc",
                fmt::format("{} '{}': expected {}", option, text, expected));
}

std::int64_t parseSize(std::string_view text, const std::string &option,
                       const std::string &all, const char *expected) {
  std::int64_t size;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size < 0)
    badOption(option, all, expected);
  return size;
}

/// The parts of "NAME=VALUE".
std::pair<std::string, std::string> splitOption(const std::string &option,
                                                const std::string &text,
                                                const char *expected) {
  std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    badOption(option, text, expected);
  return {text.substr(0, equals), text.substr(equals + 1)};
}

/// Every input of that name, over all entries.
std::vector<mlir::RankedTensorType> inputTypes(mlir::ModuleOp module,
                                               llvm::StringRef name) {
  std::vector<mlir::RankedTensorType> types;
  for (auto function : module.getOps<mlir::func::FuncOp>()) {
    for (unsigned i = 0; isEntry(function) && i < function.getNumArguments();
         ++i) {
      auto argument = function.getArgAttrOfType<mlir::StringAttr>(i, "mg.name");
      auto type = llvm::dyn_cast<mlir::RankedTensorType>(
          function.getArgumentTypes()[i]);
      if (type && argument && argument.getValue() == name)
        types.push_back(type);
    }
  }
  return types;
}

/// Gives `shape`'s sizes to the names of the open dimensions of `type`.
void bindShape(mlir::RankedTensorType type, llvm::ArrayRef<std::int64_t> shape,
               const std::string &text, Sizes &sizes) {
  auto names = llvm::dyn_cast_or_null<mlir::mg::DimsAttr>(type.getEncoding());
  bool fits = type.getRank() == static_cast<std::int64_t>(shape.size());
  for (unsigned d = 0; fits && d < shape.size(); ++d) {
    if (names && type.isDynamicDim(d))
      sizes[names.getNames()[d].str()] = shape[d];
    else
      fits = type.getDimSize(d) == shape[d];
  }
  if (!fits)
    throw Failure(
        Exit::Invalid, "mgc",
        fmt::format("--shape '{}': the input has another shape", text));
}

Shape parseShape(const std::string &shape, const std::string &text) {
  Shape parsed;
  for (llvm::StringRef part : llvm::split(llvm::StringRef(shape), 'x'))
    parsed.push_back(
        parseSize(std::string_view(part), "--shape", text, shapeForm));
  return parsed;
}

} // namespace

onnx::OpenSizes openSizes(const std::vector<std::string> &dims,
                          const std::vector<std::string> &shapes) {
  onnx::OpenSizes sizes;
  for (const std::string &text : dims) {
    auto [name, size] = splitOption("--dim", text, dimForm);
    for (llvm::StringRef one : llvm::split(llvm::StringRef(size), ','))
      sizes.dims[name].push_back(
          parseSize(std::string_view(one), "--dim", text, dimForm));
  }
  for (const std::string &text : shapes) {
    auto [name, shape] = splitOption("--shape", text, shapeForm);
    sizes.shapes[name] = parseShape(shape, text);
  }
  return sizes;
}

std::map<std::string, std::int64_t, std::less<>>
dimSizes(mlir::ModuleOp module, const std::vector<std::string> &dims,
         const std::vector<std::string> &shapes) {
  const auto [several, given] = openSizes(dims, shapes);
  Sizes sizes;
  for (const auto &[name, list] : several) {
    if (list.size() > 1)
      throw Failure(
          Exit::Usage, "mgc",
          fmt::format("--dim {}: several sizes are for ONNX models", name));
    sizes[name] = list.front();
  }
  for (const auto &[name, shape] : given) {
    std::vector<mlir::RankedTensorType> types = inputTypes(module, name);
    if (types.empty())
      throw Failure(Exit::Usage, "mgc",
                    fmt::format("--shape: no entry has an input '{}'", name));
    for (mlir::RankedTensorType type : types)
      bindShape(type, shape, name, sizes);
  }
  return sizes;
}

} // namespace mg::driver
