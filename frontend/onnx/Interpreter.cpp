//===- Interpreter.cpp - a graph's nodes, one after the other -------------===//
#include "frontend/onnx/Interpreter.h"

#include "frontend/dsl/Context.h"
#include "frontend/dsl/Folding.h"
#include "frontend/io/FileError.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace mg::onnx {

namespace {

/// For as long as a graph is walked.
template <class T> class Restore {
public:
  Restore(T &place, T value) : place(place), old(place) { place = value; }
  ~Restore() { place = old; }

private:
  T &place;
  T old;
};

[[noreturn]] void invalid(const std::string &place, const std::string &rule) {
  throw io::FileError(MG_ERROR_SHAPE, place, rule);
}

/// `OP: RULE`, without the line of C++ before it or the notes behind it.
std::string ruleOf(const Error &error) {
  std::string text = error.what();
  text = text.substr(0, text.find('\n'));
  const std::string prefix = mg::to_string(error.where) + ": error: ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

Strings namesOf(const std::vector<ValueInfo> &values) {
  Strings names;
  for (const ValueInfo &value : values)
    names.push_back(value.name);
  return names;
}

/// `attribute` where the function's body names `reference`.
Attribute renamed(const Attribute &given, std::string_view name) {
  Attribute copy = given;
  copy.name = name;
  return copy;
}

} // namespace

std::vector<const ValueInfo *> graphInputs(const Document &document) {
  const Graph &graph = document.model().graph;
  std::unordered_set<std::string_view> known;
  for (const TensorData &data : graph.initializers)
    known.insert(data.name);
  std::vector<const ValueInfo *> inputs;
  for (const ValueInfo &input : graph.inputs)
    if (!known.count(input.name))
      inputs.push_back(&input);
  return inputs;
}

Tensors Interpreter::operator()(const Tensors &inputs) {
  Strings names;
  for (const ValueInfo *input : graphInputs(document))
    names.push_back(input->name);
  const detail::Folding folding;
  Tensors results = runGraph(document.model().graph, names, inputs);
  checkTypes(results);
  return results;
}

/// Exporters are often wrong about the shapes of results, never about their
/// types.
void Interpreter::checkTypes(const Tensors &results) const {
  const std::vector<ValueInfo> &outputs = document.model().graph.outputs;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const ValueInfo &output = outputs[i];
    const bool isSaid = output.kind == TypeKind::tensor &&
                        output.type != ElementType::undefined;
    if (isSaid && dtypeOf(output.type) != results[i].dtype())
      invalid(fmt::format("{}: output '{}'", document.path(), output.name),
              fmt::format("it is said to have elements of type {}, but has {}",
                          to_string(output.type),
                          mg::to_string(results[i].dtype())));
  }
}

Tensors Interpreter::run(const Graph &graph, const Tensors &inputs) {
  return runGraph(graph, namesOf(graph.inputs), inputs);
}

Tensors Interpreter::runGraph(const Graph &graph, const Strings &names,
                              const Tensors &inputs) {
  const std::string place =
      fmt::format("{}: graph '{}'", document.path(), graph.name);
  if (graph.sparse)
    throw io::FileError(MG_ERROR_UNSUPPORTED, place,
                        "not supported: sparse initializers");
  if (names.size() != inputs.size())
    invalid(place, fmt::format("the graph has {} inputs, {} are given",
                               names.size(), inputs.size()));
  Names here;
  here.graph = &graph;
  here.outer = current;
  if (current) {
    here.function = current->function;
    here.arguments = current->arguments;
  }
  for (std::size_t i = 0; i < names.size(); ++i)
    bind(here, names[i], inputs[i], place);
  for (const TensorData &data : graph.initializers) {
    const auto other = replaced.find(data.name);
    const bool isReplaced = !current && other != replaced.end();
    const Tensor value = isReplaced ? other->second : document.tensor(data);
    bind(here, data.name, value, place);
    if (onInitializer && !isReplaced)
      onInitializer(data.name, value);
  }
  const Restore<Names *> scope(current, &here);
  for (const Node &node : graph.nodes)
    visit(node, here);
  return collect(here, namesOf(graph.outputs), place);
}

/// The type of `value` where `graph` makes it of elements, or declares it.
static ElementType typeIn(const Graph &graph, std::string_view value) {
  for (const TensorData &data : graph.initializers)
    if (data.name == value)
      return data.type;
  for (const Node &node : graph.nodes)
    for (const Attribute &attribute : node.attributes)
      if (attribute.tensor && !node.outputs.empty() &&
          node.outputs.front() == value)
        return attribute.tensor->type;
  for (const auto *list : {&graph.inputs, &graph.values, &graph.outputs})
    for (const ValueInfo &info : *list)
      if (info.name == value)
        return info.type;
  return ElementType::undefined;
}

ElementType Interpreter::elementType(std::string_view value) const {
  for (const Names *scope = current; scope; scope = scope->outer)
    if (scope->graph)
      if (const ElementType type = typeIn(*scope->graph, value);
          type != ElementType::undefined)
        return type;
  return ElementType::undefined;
}

void Interpreter::bind(Names &names, std::string_view name, Tensor value,
                       const std::string &place) const {
  if (!name.empty() && !names.values.emplace(name, std::move(value)).second)
    invalid(place, fmt::format("two values are named '{}'", name));
}

const Tensor *Interpreter::find(const Names &names, std::string_view name) {
  for (const Names *scope = &names; scope; scope = scope->outer)
    if (const auto found = scope->values.find(name);
        found != scope->values.end())
      return &found->second;
  return nullptr;
}

/// `node` with the attributes that the call of the function around it gives.
static Node
resolved(const Node &node,
         const std::map<std::string_view, const Attribute *> &given) {
  Node copy = node;
  copy.attributes.clear();
  for (const Attribute &attribute : node.attributes) {
    if (attribute.reference.empty())
      copy.attributes.push_back(attribute);
    else if (const auto found = given.find(attribute.reference);
             found != given.end())
      copy.attributes.push_back(renamed(*found->second, attribute.name));
  }
  return copy;
}

static bool hasReferences(const Node &node) {
  return std::any_of(node.attributes.begin(), node.attributes.end(),
                     [](const Attribute &a) { return !a.reference.empty(); });
}

void Interpreter::visit(const Node &node, Names &names) {
  const std::string title = titleOf(node);
  const std::string place = fmt::format("{}: {}", document.path(), title);
  const detail::FileScope location(document.path(), title, ++visited);
  Tensors operands;
  for (std::string_view name : node.inputs) {
    const Tensor *value = name.empty() ? nullptr : find(names, name);
    operands.push_back(value ? *value : Tensor());
    if (!name.empty() && !value)
      invalid(place,
              fmt::format("nothing before it makes its operand '{}'", name));
  }
  Tensors results;
  try {
    results = names.arguments && hasReferences(node)
                  ? call(resolved(node, *names.arguments), std::move(operands))
                  : call(node, std::move(operands));
  } catch (const NodeError &error) {
    const bool isUnsupported = error.status == MG_ERROR_UNSUPPORTED;
    throw io::FileError(error.status, place,
                        (isUnsupported ? "not supported: " : "") +
                            std::string(error.what()));
  } catch (const Error &error) {
    invalid(place, ruleOf(error));
  } catch (const io::FileError &error) {
    if (error.path != document.path())
      throw;
    throw io::FileError(error.status, place, error.reason);
  }
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty())
      continue;
    if (i >= results.size() || results[i].empty())
      throw io::FileError(MG_ERROR_UNSUPPORTED, place,
                          fmt::format("not supported: its result {}", i));
    bind(names, node.outputs[i], results[i], place);
  }
}

Tensors Interpreter::call(const Node &node, Tensors operands) {
  if (const FunctionDef *function = document.function(node))
    return callFunction(*function, node, operands);
  const std::string_view domain =
      node.domain == "ai.onnx" ? std::string_view() : node.domain;
  const int version = document.version(domain, current->function);
  const Definition *known = findOperator(domain, node.op, version);
  if (!known)
    throw NodeError(
        MG_ERROR_UNSUPPORTED,
        fmt::format("operator '{}' of version {}", node.op, version));
  return known->function({node, version, std::move(operands), *this});
}

Tensors Interpreter::callFunction(const FunctionDef &function, const Node &node,
                                  const Tensors &operands) {
  if (!active.insert(&function).second)
    throw NodeError(MG_ERROR_SHAPE,
                    fmt::format("function '{}' calls itself", function.name));
  struct Left {
    std::set<const FunctionDef *> &active;
    const FunctionDef *function;
    ~Left() { active.erase(function); }
  } left{active, &function};
  if (operands.size() > function.inputs.size())
    throw NodeError(MG_ERROR_SHAPE,
                    fmt::format("function '{}' has {} inputs, {} are given",
                                function.name, function.inputs.size(),
                                operands.size()));
  Arguments arguments;
  for (const Attribute &attribute : function.defaults)
    arguments[attribute.name] = &attribute;
  for (const Attribute &attribute : node.attributes)
    arguments[attribute.name] = &attribute;
  Names body;
  body.function = &function;
  body.arguments = &arguments;
  const std::string place = placeOf(document, node);
  for (std::size_t i = 0; i < operands.size(); ++i)
    bind(body, function.inputs[i], operands[i], place);
  // What the caller leaves out is left out of the nodes inside.
  for (std::size_t i = operands.size(); i < function.inputs.size(); ++i)
    bind(body, function.inputs[i], {}, place);
  const Restore<Names *> scope(current, &body);
  for (const Node &inner : function.nodes)
    visit(inner, body);
  return collect(body, function.outputs, place);
}

Tensors Interpreter::collect(const Names &names, const Strings &results,
                             const std::string &place) const {
  Tensors values;
  for (std::string_view name : results) {
    const Tensor *value = find(names, name);
    if (!value || value->empty())
      invalid(place, fmt::format("no node makes its result '{}'", name));
    values.push_back(*value);
  }
  return values;
}

} // namespace mg::onnx
