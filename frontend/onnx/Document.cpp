//===- Document.cpp - an ONNX file, open ----------------------------------===//
#include "frontend/onnx/Document.h"

#include "frontend/io/FileError.h"

#include <fmt/format.h>

namespace mg::onnx {

/// Both spellings of ONNX's own domain are one.
static std::string_view normal(std::string_view domain) {
  return domain == "ai.onnx" ? std::string_view() : domain;
}

static int findVersion(const std::vector<Opset> &opsets,
                       std::string_view domain) {
  for (const Opset &opset : opsets)
    if (normal(opset.domain) == normal(domain))
      return static_cast<int>(opset.version);
  return 0;
}

Document::Document(std::string path, std::string_view bytes,
                   std::shared_ptr<void> owner)
    : file(std::move(path)), owner(std::move(owner)),
      parsed(readModel(bytes, file)), external(file) {
  auto check = [&](const std::vector<Opset> &opsets) {
    for (const Opset &opset : opsets)
      if (opset.version < 1 || opset.version > 1000000)
        throw io::FileError(
            MG_ERROR_FILE, file,
            fmt::format("no domain has a version {}", opset.version));
    const int version = findVersion(opsets, "");
    if (version && (version < oldestOpset || version > newestOpset))
      throw io::FileError(
          MG_ERROR_UNSUPPORTED, file,
          fmt::format("not supported: opset {} (known are {} to {})", version,
                      oldestOpset, newestOpset));
  };
  check(parsed.opsets);
  if (parsed.opsets.empty())
    throw io::FileError(MG_ERROR_FILE, file,
                        "the model says no opset of its operators");
  for (const FunctionDef &function : parsed.functions) {
    check(function.opsets);
    const Name name(normal(function.domain), function.name, function.overload);
    if (!functions.emplace(name, &function).second)
      throw io::FileError(
          MG_ERROR_SHAPE, file,
          fmt::format("two functions are named '{}'", function.name));
  }
}

int Document::version(std::string_view domain,
                      const FunctionDef *inside) const {
  const int own = inside ? findVersion(inside->opsets, domain) : 0;
  return own ? own : findVersion(parsed.opsets, domain);
}

const FunctionDef *Document::function(const Node &node) const {
  if (functions.empty())
    return nullptr;
  const auto found =
      functions.find({normal(node.domain), node.op, node.overload});
  return found == functions.end() ? nullptr : found->second;
}

Tensor Document::tensor(const TensorData &data) const {
  const std::lock_guard lock(mutex);
  Tensor &known = tensors[&data];
  if (known.empty())
    known = tensorOf(data, owner, external, file);
  return known;
}

std::string titleOf(const Node &node) {
  std::string_view name = node.name;
  for (std::size_t i = 0; name.empty() && i < node.outputs.size(); ++i)
    name = node.outputs[i];
  return fmt::format("node '{}' ({})", name, node.op);
}

std::string placeOf(const Document &document, const Node &node) {
  return fmt::format("{}: {}", document.path(), titleOf(node));
}

} // namespace mg::onnx
