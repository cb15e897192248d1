//===- Aot.cpp - traced functions to NAME.o and NAME.h --------------------===//
#include "mg/aot.h"

#include "frontend/dsl/Trace.h"
#include "frontend/io/FileError.h"
#include "frontend/io/Safetensors.h"
#include "frontend/io/WholeFile.h"
#include "frontend/jit/Program.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mg::aot {
using namespace detail;

namespace {

/// The module of all entries while they are traced, and its weights.
class Builder {
public:
  Builder(const std::string &name, const std::vector<Entry> &entries)
      : trace(name, placeOf(name, entries)) {
    trace.weightName = [this](const Tensor &t, bool isLarge) {
      return nameOf(t, isLarge);
    };
    for (const Entry &entry : entries)
      for (std::size_t i = 0; i < entry.paths.size(); ++i)
        if (entry.roles[i] == Role::state && !entry.leaves[i].empty())
          state.insert(entry.paths[i]);
    std::set<std::string> seen;
    for (const Entry &entry : entries) {
      if (!seen.insert(entry.name.text).second)
        throw Error(entry.name.where, "aot",
                    "two entries are named '" + entry.name.text + "'");
      add(entry);
    }
  }

  Trace trace;
  /// In the order of the names.
  std::map<std::string, Tensor> weights;

private:
  static Where placeOf(const std::string &name,
                       const std::vector<Entry> &entries) {
    if (entries.empty())
      throw Error(Where::current(), "aot", "'" + name + "' has no entry");
    return entries.front().name.where;
  }

  std::optional<std::string> nameOf(const Tensor &t, bool isLarge) {
    const auto known = names.find(t.value());
    if (known != names.end())
      return known->second;
    if (!isLarge || !t.value()->isEager())
      return std::nullopt;
    // A large tensor that the function captured.
    std::string name = fmt::format("constant{}", captured++);
    nameWeight(name, t, t.value()->where);
    return name;
  }

  void nameWeight(const std::string &name, const Tensor &t, Where where) {
    const auto [it, isNew] = weights.emplace(name, t);
    if (!isNew && it->second.value() != t.value())
      throw Error(where, "aot", "two weights are named '" + name + "'",
                  origin(t, "one"));
    names.emplace(t.value(), name);
  }

  void add(const Entry &entry) {
    Tensors inputs;
    std::vector<std::string> labels, paths;
    for (std::size_t i = 0; i < entry.leaves.size(); ++i) {
      const Tensor &leaf = entry.leaves[i];
      if (leaf.empty())
        continue;
      if (entry.roles[i] == Role::weight) {
        nameWeight(entry.paths[i], leaf, entry.name.where);
        continue;
      }
      inputs.push_back(leaf);
      paths.push_back(entry.paths[i]);
      labels.push_back("argument '" + entry.paths[i] + "'");
    }
    std::vector<bool> present;
    auto whole = [&](const Tensors &placeholders) {
      Leaves all = entry.leaves, results;
      std::size_t next = 0;
      for (std::size_t i = 0; i < all.size(); ++i)
        if (!all[i].empty() && entry.roles[i] != Role::weight)
          all[i] = placeholders.at(next++);
      for (const Tensor &leaf : entry.body(all)) {
        present.push_back(!leaf.empty());
        if (!leaf.empty())
          results.push_back(leaf);
      }
      return results;
    };
    Function function = trace.function(entry.name.text, /*isPublic=*/true,
                                       inputs, labels, entry.name.where, whole);
    nameInputs(function.op, paths);
    const std::vector<std::string> names = resultNames(entry);
    unsigned result = 0;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (present[i])
        nameResult(function.op, result++, names[i], paths, entry.name.where);
  }

  /// Paths of the results below the names that the user gave them.
  static std::vector<std::string> resultNames(const Entry &entry) {
    std::vector<std::string> paths = entry.outputs->paths;
    const std::vector<std::string> &given = entry.result_names;
    if (given.empty())
      return paths;
    std::set<std::string> used;
    for (std::string &path : paths) {
      std::size_t number = 0, rest = 0;
      if (entry.outputs->is_tuple) {
        rest = std::min(path.find('.'), path.size());
        number = std::stoul(path.substr(0, rest));
        rest += rest < path.size();
      }
      used.insert(std::to_string(number));
      if (number < given.size())
        path =
            given[number] + (rest < path.size() ? "." : "") + path.substr(rest);
    }
    if (used.size() != given.size())
      throw Error(entry.name.where, "aot",
                  fmt::format("entry '{}' returns {} results, but {} names are "
                              "given",
                              entry.name.text, used.size(), given.size()));
    return paths;
  }

  /// `out` for a single result, `out0.w` below a tuple; below a struct the path
  /// itself, unless an input has that name.
  static std::string outputName(const std::string &path,
                                const std::vector<std::string> &inputs) {
    if (path.empty() || std::isdigit(static_cast<unsigned char>(path[0])))
      return "out" + path;
    const bool taken =
        std::find(inputs.begin(), inputs.end(), path) != inputs.end();
    return taken ? "out." + path : path;
  }
  void nameInputs(mlir::func::FuncOp function,
                  const std::vector<std::string> &paths) const {
    mlir::Builder b(function.getContext());
    for (unsigned i = 0; i < paths.size(); ++i) {
      function.setArgAttr(i, "mg.name", b.getStringAttr(paths[i]));
      if (state.count(paths[i]))
        function.setArgAttr(i, "mg.state", b.getUnitAttr());
    }
  }

  /// What has the name of state is written there: over the argument where the
  /// entry takes it.
  void nameResult(mlir::func::FuncOp function, unsigned result,
                  const std::string &path,
                  const std::vector<std::string> &inputs, Where where) const {
    mlir::Builder b(function.getContext());
    const bool isState = state.count(path) > 0;
    function.setResultAttr(
        result, "mg.name",
        b.getStringAttr(isState ? path : outputName(path, inputs)));
    if (!isState)
      return;
    function.setResultAttr(result, "mg.state", b.getUnitAttr());
    const auto found = std::find(inputs.begin(), inputs.end(), path);
    if (found == inputs.end())
      return;
    const auto input = static_cast<unsigned>(found - inputs.begin());
    if (function.getArgumentTypes()[input] != function.getResultTypes()[result])
      throw Error(where, "aot",
                  fmt::format("the new '{}' of entry '{}' is {}, but the state "
                              "is {}",
                              path, function.getName().str(),
                              typeText(function.getResultTypes()[result]),
                              typeText(function.getArgumentTypes()[input])));
    function.setResultAttr(result, "mg.updates", b.getI64IntegerAttr(input));
  }

  static std::string typeText(mlir::Type type) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return text;
  }

  /// Names of the tensors in the caller's memory, of all entries.
  std::set<std::string> state;
  std::map<const Value *, std::string> names;
  int captured = 0;
};

std::size_t bytesOf(const std::map<std::string, Tensor> &weights) {
  std::size_t bytes = 0;
  for (const auto &[name, t] : weights)
    bytes += static_cast<std::size_t>(t.size()) * size_of(t.dtype());
  return bytes;
}

/// NAME.safetensors with the weights that the artefact left outside, where we
/// know their values.
void writeWeights(const std::string &path, const codegen::Artefact &artefact,
                  const KnownWeights &known) {
  io::NamedArrays outside;
  for (const codegen::Argument &argument : artefact.weights)
    if (eager::Array array = known(argument.name); array.view.data)
      outside.emplace_back(argument.name, array);
  if (!outside.empty())
    io::saveSafetensors(path, outside);
}

} // namespace

std::string to_mlir(const std::string &name,
                    const std::vector<Entry> &entries) {
  Builder builder(name, entries);
  std::string text;
  llvm::raw_string_ostream out(text);
  builder.trace.module().print(out);
  return text;
}

void compile(const std::string &name, const std::vector<Entry> &entries,
             const Options &options) {
  Builder builder(name, entries);
  const Where where = entries.front().name.where;
  io::NamedArrays arrays;
  for (const auto &[weight, t] : builder.weights)
    if (t.value()->isEager())
      arrays.emplace_back(weight, eager::rowMajor(t.value()->array));
  const bool embed = bytesOf(builder.weights) <= options.embed_limit;

  CompileOptions how;
  how.codegen.levels = options.targets;
  how.codegen.optLevel = options.opt_level;
  how.codegen.name = name;
  how.codegen.embeddedWeight =
      [&](llvm::StringRef weight) -> llvm::ArrayRef<char> {
    const eager::Array *array =
        embed ? io::find(arrays, weight.str()) : nullptr;
    if (!array)
      return {};
    return {static_cast<const char *>(array->view.data), array->bytes()};
  };
  Complaints complaints;
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  builder.trace.context()->appendDialectRegistry(registry);
  KnownWeights known{[&](llvm::StringRef weight) {
    const eager::Array *array = io::find(arrays, weight);
    return array ? *array : eager::Array();
  }};
  auto artefact =
      ::mg::compile(builder.trace.module(), how, embed ? &known : nullptr);
  if (mlir::failed(artefact))
    complaints.raise("aot", where);

  const std::string path = options.directory + "/" + name;
  try {
    io::WholeFile object(path + ".o"), header(path + ".h");
    object.write({artefact->bytes.data(), artefact->bytes.size()});
    header.write(artefact->header);
    writeWeights(path + ".safetensors", *artefact, known);
    object.commit();
    header.commit();
  } catch (const io::FileError &error) {
    throw Error(where, "aot", error.what());
  }
}

} // namespace mg::aot
