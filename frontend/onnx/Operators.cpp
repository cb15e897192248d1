//===- Operators.cpp - the table of all operators, and what they ask ------===//
#include "frontend/onnx/Operators.h"

#include "frontend/tensor/Value.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace mg::onnx {

void Call::fail(const std::string &rule) const {
  throw NodeError(MG_ERROR_SHAPE, rule);
}

void Call::unsupported(const std::string &what) const {
  throw NodeError(MG_ERROR_UNSUPPORTED, what);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

const Tensor &Call::operator[](std::size_t i) const {
  if (!has(i))
    fail(fmt::format("operand {} is missing", i));
  return inputs[i];
}

bool Call::isKnown(const Tensor &t) {
  return !t.empty() && t.value()->isEager();
}

static const Tensor &known(const Call &call, std::size_t i, const char *what) {
  const Tensor &t = call[i];
  if (!Call::isKnown(t))
    call.unsupported(
        fmt::format("{} is not known before the model runs", what));
  return t;
}

std::vector<std::int64_t> Call::integers(std::size_t i,
                                         const char *what) const {
  return known(*this, i, what).to_vector<std::int64_t>();
}

std::vector<double> Call::numbers(std::size_t i, const char *what) const {
  return known(*this, i, what).to_vector<double>();
}

template <class T>
static T single(const Call &call, const std::vector<T> &elements,
                const char *what) {
  if (elements.size() != 1)
    call.fail(
        fmt::format("{} has {} elements, not one", what, elements.size()));
  return elements.front();
}

std::int64_t Call::integer(std::size_t i, const char *what) const {
  return single(*this, integers(i, what), what);
}

double Call::number(std::size_t i, const char *what) const {
  return single(*this, numbers(i, what), what);
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const Attribute *Call::attribute(std::string_view name) const {
  for (const Attribute &attribute : node.attributes)
    if (attribute.name == name)
      return &attribute;
  return nullptr;
}

[[noreturn]] static void wrongKind(const Call &call, std::string_view name,
                                   const char *wanted) {
  call.fail(fmt::format("the attribute '{}' is no {}", name, wanted));
}

std::int64_t Call::integer(std::string_view name,
                           std::int64_t otherwise) const {
  const Attribute *found = attribute(name);
  if (found && !found->integer)
    wrongKind(*this, name, "integer");
  return found ? *found->integer : otherwise;
}

double Call::number(std::string_view name, double otherwise) const {
  const Attribute *found = attribute(name);
  if (found && !found->number)
    wrongKind(*this, name, "float");
  return found ? *found->number : otherwise;
}

std::string Call::text(std::string_view name,
                       std::string_view otherwise) const {
  const Attribute *found = attribute(name);
  if (found && !found->text)
    wrongKind(*this, name, "string");
  return std::string(found ? *found->text : otherwise);
}

/// AttributeProto.AttributeType: a list may be empty, and only this tells that
/// it is one.
enum AttributeKind : std::int32_t { floats = 6, ints = 7 };

std::optional<std::vector<std::int64_t>>
Call::integers(std::string_view name) const {
  const Attribute *found = attribute(name);
  if (!found)
    return std::nullopt;
  if (found->integers.empty() && found->kind != ints)
    wrongKind(*this, name, "list of integers");
  return found->integers;
}

std::optional<std::vector<double>> Call::numbers(std::string_view name) const {
  const Attribute *found = attribute(name);
  if (!found)
    return std::nullopt;
  if (found->numbers.empty() && found->kind != floats)
    wrongKind(*this, name, "list of floats");
  return std::vector<double>(found->numbers.begin(), found->numbers.end());
}

Tensor Call::tensor(std::string_view name) const {
  const Attribute *found = attribute(name);
  if (!found || !found->tensor)
    wrongKind(*this, name, "tensor");
  return host.tensor(*found->tensor);
}

const Graph &Call::graph(std::string_view name) const {
  const Attribute *found = attribute(name);
  if (!found || !found->graph)
    wrongKind(*this, name, "graph");
  return *found->graph;
}

DType Call::dtype(std::string_view name, DType otherwise) const {
  if (!has(name))
    return otherwise;
  const auto type = static_cast<ElementType>(integer(name, 0));
  const auto dtype = dtypeOf(type);
  if (!dtype)
    unsupported("elements of type " + to_string(type));
  return *dtype;
}

std::optional<std::vector<std::int64_t>>
Call::moved(std::string_view name, int since, std::size_t i) const {
  if (version < since)
    return integers(name);
  if (!has(i))
    return std::nullopt;
  return integers(i, std::string(name).c_str());
}

int Call::axis(std::int64_t axis, std::int64_t rank) const {
  if (axis < -rank || axis >= rank)
    fail(fmt::format("axis {} is out of range for rank {}", axis, rank));
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static auto keyOf(const Definition &definition) {
  return std::tuple(definition.domain, definition.name, definition.since);
}

static std::vector<Definition> makeTable() {
  using namespace families;
  std::vector<Definition> table;
  for (const Family family :
       {elementwise(),      activation(),  shape(),
        movement(),         indexing(),    reduction(),
        contraction(),      convolution(), pooling(),
        normalization(),    resizing(),    signal(),
        detection(),        loss(),        recurrent(),
        control(),          quantized(),   integerProducts(),
        attention(),        contrib(),     contribAttention(),
        contribQuantized(), random(),      training()})
    table.insert(table.end(), family.begin(), family.end());
  std::sort(table.begin(), table.end(),
            [](const auto &a, const auto &b) { return keyOf(a) < keyOf(b); });
  return table;
}

std::span<const Definition> allOperators() {
  static const std::vector<Definition> table = makeTable();
  return table;
}

const Definition *findOperator(std::string_view domain, std::string_view name,
                               int version) {
  const auto table = allOperators();
  const auto after = std::upper_bound(
      table.begin(), table.end(), std::tuple(domain, name, version),
      [](const auto &key, const Definition &d) { return key < keyOf(d); });
  if (after == table.begin())
    return nullptr;
  const Definition &found = *std::prev(after);
  return found.domain == domain && found.name == name ? &found : nullptr;
}

} // namespace mg::onnx
