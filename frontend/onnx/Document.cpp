//===- Document.cpp - an ONNX file, open ----------------------------------===//
#include "frontend/onnx/Document.h"

#include "frontend/io/FileError.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

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

namespace {

/// How many nodes a model has where its functions are expanded. A function's
/// size and height are found once, however often it is called.
class Calls {
public:
  explicit Calls(const Document &document) : document(document) {}

  /// Throws io::FileError where a function calls itself, or where there are
  /// more nodes than a model needs: forty functions can call each other 2^40
  /// times.
  void check() {
    if (expand(document.model().graph.nodes, 0).nodes > mostNodes)
      fail(MG_ERROR_UNSUPPORTED,
           fmt::format("not supported: more than {} nodes", mostNodes));
  }

private:
  static constexpr std::size_t mostNodes = 1 << 16;
  static constexpr int deepest = 64;

  struct Extent {
    std::size_t nodes = 0; // no more than one over mostNodes
    int height = 0;

    void add(const Extent &part) {
      nodes = std::min(nodes + part.nodes, mostNodes + 1);
      height = std::max(height, part.height);
    }
  };

  [[noreturn]] void fail(mg_status status, const std::string &reason) const {
    throw io::FileError(status, document.path(), reason);
  }

  Extent expand(const std::vector<Node> &nodes, int depth) {
    Extent whole;
    for (const Node &node : nodes) {
      if (const FunctionDef *function = document.function(node))
        whole.add(expand(*function, depth + 1));
      else
        whole.add({1, 0});
      for (const Attribute &attribute : node.attributes) {
        if (attribute.graph)
          whole.add(expand(attribute.graph->nodes, depth));
        for (const auto &graph : attribute.graphs)
          whole.add(expand(graph->nodes, depth));
      }
    }
    return whole;
  }

  Extent expand(const FunctionDef &function, int depth) {
    const auto [place, isNew] = extents.emplace(&function, std::nullopt);
    if (!isNew && !place->second)
      fail(MG_ERROR_SHAPE,
           fmt::format("function '{}' calls itself", function.name));
    if (depth + (isNew ? 0 : place->second->height) > deepest)
      fail(MG_ERROR_UNSUPPORTED,
           fmt::format("not supported: calls of functions deeper than {}",
                       deepest));
    if (isNew) {
      Extent extent = expand(function.nodes, depth);
      ++extent.height;
      extents[&function] = extent;
    }
    return *extents[&function];
  }

  const Document &document;
  /// None: its nodes are being counted.
  std::map<const FunctionDef *, std::optional<Extent>> extents;
};

void checkOutputs(const Document &document) {
  const auto fail = [&](const std::string &reason) {
    throw io::FileError(MG_ERROR_SHAPE, document.path(), reason);
  };
  std::unordered_set<std::string_view> names;
  for (const ValueInfo &output : document.model().graph.outputs)
    if (!names.insert(output.name).second)
      fail(fmt::format("two outputs are named '{}'", output.name));
  if (names.empty())
    fail("the graph has no output");
}

} // namespace

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
  Calls(*this).check();
  checkOutputs(*this);
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
