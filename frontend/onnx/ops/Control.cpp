//===- Control.cpp - If, Loop, Scan ---------------------------------------===//
//
// What is known at import is decided there: of an If one branch, of a Loop its
// trips. A Loop whose condition stays true for a known number of trips is a
// scan; one that asks its condition is a while_loop, and has no scan outputs
// then, whose length nobody knows. A body that must be traced with a known trip
// (it computes shapes, or its state grows) is written out trip by trip.
//
//===----------------------------------------------------------------------===//
#include "mg/control.h"
#include "frontend/onnx/Operators.h"

#include <fmt/format.h>

namespace mg::onnx {

namespace {

/// Nodes up to which a loop is written out though it could be a loop, and up to
/// which where it could not.
constexpr std::int64_t tinyLoop = 16, largestUnrolled = 4096;

/// A condition or a count, which may have a dimension of one element.
Tensor scalarOf(const Call &call, const Tensor &t, DType dtype) {
  if (t.size() != 1 || t.dtype() != dtype)
    call.fail(fmt::format("a scalar of {} is wanted, not {}",
                          mg::to_string(dtype), type_string(t)));
  return reshape(t, {});
}

bool isTrue(const Tensor &flag) {
  return Call::isKnown(flag) && flag.item<bool>();
}

Tensors slice(const Tensors &all, std::size_t first, std::size_t count) {
  const auto from = all.begin() + static_cast<std::ptrdiff_t>(first);
  return {from, from + static_cast<std::ptrdiff_t>(count)};
}

Tensors joined(Tensors first, const Tensors &second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::int64_t nodesOf(const Graph &graph) {
  std::int64_t count = 0;
  for (const Node &node : graph.nodes) {
    ++count;
    for (const Attribute &attribute : node.attributes)
      if (attribute.graph)
        count += nodesOf(*attribute.graph);
  }
  return count;
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

Tensors branch(const Call &call) {
  const Tensor condition = scalarOf(call, call[0], DType::b1);
  const Graph &yes = call.graph("then_branch");
  const Graph &no = call.graph("else_branch");
  if (Call::isKnown(condition))
    return call.host.run(isTrue(condition) ? yes : no, {});
  std::vector<std::string> types;
  auto traced = [&](const Graph &graph) {
    return [&] {
      const Tensors results = call.host.run(graph, {});
      std::vector<std::string> own;
      for (const Tensor &t : results)
        own.push_back(type_string(t));
      if (!types.empty() && types != own)
        call.unsupported(fmt::format("branches with results {} and {}",
                                     fmt::join(types, ", "),
                                     fmt::join(own, ", ")));
      types = own;
      return results;
    };
  };
  return cond(condition, traced(yes), traced(no));
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

/// The body asks for its condition, which is not known before it runs.
struct AsksCondition {};

class Loop {
public:
  explicit Loop(const Call &call)
      : call(call), body(call.graph("body")),
        initial(slice(call.inputs, std::min<std::size_t>(2, call.inputs.size()),
                      call.inputs.size() -
                          std::min<std::size_t>(2, call.inputs.size()))),
        start(call.has(1) ? scalarOf(call, call[1], DType::b1) : Tensor(true)) {
    if (body.inputs.size() != initial.size() + 2 ||
        body.outputs.size() < initial.size() + 1)
      call.fail(fmt::format("its body has {} inputs and {} results for {} "
                            "carried values",
                            body.inputs.size(), body.outputs.size(),
                            initial.size()));
    for (const Tensor &t : initial)
      if (t.empty())
        call.fail("a carried value has no first value");
    if (call.has(0))
      count = scalarOf(call, call[0], DType::i64);
    if (Call::isKnown(count))
      trips = std::max<std::int64_t>(0, count.item<std::int64_t>());
  }

  Tensors operator()() const {
    const bool isNever = Call::isKnown(start) && !isTrue(start);
    if (isNever || trips == 0)
      return scanned(0);
    if (!detail::tracing())
      return *unrolled(std::nullopt);
    const std::int64_t nodes = std::max<std::int64_t>(1, nodesOf(body));
    const bool isShort = trips && *trips <= tinyLoop / nodes;
    if (isShort || !trips)
      if (auto results = unrolled(isShort ? tinyLoop : largestUnrolled))
        return *results;
    if (!trips || !isTrue(start))
      return whileTrue();
    try {
      return scanned(*trips);
    } catch (const AsksCondition &) {
      return whileTrue();
    } catch (const std::runtime_error &) {
      if (*trips <= largestUnrolled / nodes)
        if (auto results = unrolled(largestUnrolled))
          return *results;
      throw;
    }
  }

private:
  /// {condition, states, scan outputs}.
  Tensors step(const Tensor &trip, const Tensor &condition,
               const Tensors &state) const {
    Tensors results = call.host.run(body, joined({trip, condition}, state));
    results[0] = scalarOf(call, results[0], DType::b1);
    return results;
  }
  std::size_t stacks() const {
    return body.outputs.size() - 1 - initial.size();
  }

  /// Trip after trip, while the condition is known; none where it is not, or
  /// where that makes more than `limit` nodes.
  std::optional<Tensors> unrolled(std::optional<std::int64_t> limit) const {
    Tensors state = initial;
    Tensor condition = start;
    std::vector<Tensors> parts(stacks());
    std::int64_t trip = 0;
    for (; !trips || trip < *trips; ++trip) {
      if (!Call::isKnown(condition) ||
          (limit && trip * nodesOf(body) > *limit) || (!trips && call.has(0)))
        return std::nullopt;
      if (!isTrue(condition))
        break;
      const Tensors results =
          step(full({}, trip, DType::i64), condition, state);
      condition = results[0];
      state = slice(results, 1, state.size());
      for (std::size_t k = 0; k < parts.size(); ++k)
        parts[k].push_back(results[1 + state.size() + k]);
    }
    if (trip == 0)
      return scanned(0);
    for (const Tensors &all : parts)
      state.push_back(stack(all));
    return state;
  }

  Tensors scanned(std::int64_t length) const {
    auto once = [&](const Tensors &state, const Tensor &trip) {
      const Tensors results = step(trip, Tensor(true), state);
      if (length && !isTrue(results[0]))
        throw AsksCondition();
      return std::pair(slice(results, 1, state.size()),
                       slice(results, 1 + state.size(), stacks()));
    };
    const auto [state, outputs] =
        scan(once, initial, iota({length}, 0, DType::i64));
    return joined(state, outputs);
  }

  Tensors whileTrue() const {
    for (std::size_t k = initial.size(); k < initial.size() + stacks(); ++k)
      if (call.wants(k))
        call.unsupported("a scan output of a loop whose number of trips is not "
                         "known before the model runs");
    auto test = [&](const Tensors &state) {
      return !call.has(0) || trips ? state[1] : state[1] & (state[0] < count);
    };
    auto next = [&](const Tensors &state) {
      const Tensors results =
          step(state[0], state[1], slice(state, 2, initial.size()));
      return joined({state[0] + 1, results[0]},
                    slice(results, 1, initial.size()));
    };
    const Tensor zero = zeros({}, DType::i64);
    const Tensors last = while_loop(test, next, joined({zero, start}, initial),
                                    {.max_trips = trips.value_or(-1)});
    return slice(last, 2, initial.size());
  }

  const Call &call;
  const Graph &body;
  Tensors initial;
  Tensor start;
  /// Empty where there is no limit.
  Tensor count = {};
  std::optional<std::int64_t> trips = {};
};

Tensors loop(const Call &call) { return Loop(call)(); }

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

/// Entry i of a list that may be left out, or shorter.
std::int64_t entry(const Call &call, const char *name, std::size_t i) {
  const auto list = call.integers(name);
  return list && i < list->size() ? (*list)[i] : 0;
}

std::size_t scanInputs(const Call &call, std::size_t given) {
  const std::int64_t count = call.integer("num_scan_inputs", 0);
  if (count < 1 || static_cast<std::uint64_t>(count) > given)
    call.fail(fmt::format("{} of {} operands are scanned", count, given));
  return static_cast<std::size_t>(count);
}

/// The body on each element of `xs` along their first axis; while the element's
/// number is below `length`, where that is given, the state changes.
Tensors scanOver(const Call &call, const Tensors &state, const Tensors &xs,
                 const Tensor &length = {}) {
  const Graph &body = call.graph("body");
  if (body.inputs.size() != state.size() + xs.size() ||
      body.outputs.size() < state.size())
    call.fail(fmt::format("its body has {} inputs and {} results for {} states "
                          "and {} scanned operands",
                          body.inputs.size(), body.outputs.size(), state.size(),
                          xs.size()));
  const std::size_t stacks = body.outputs.size() - state.size();
  auto once = [&](const Tensors &before, const Tensors &elements) {
    const Tensors results =
        call.host.run(body, joined(before, slice(elements, 0, xs.size())));
    Tensors after = slice(results, 0, before.size());
    if (!length.empty())
      for (std::size_t i = 0; i < after.size(); ++i)
        after[i] = where(elements.back() < length, after[i], before[i]);
    return std::pair(after, slice(results, before.size(), stacks));
  };
  Tensors all = xs;
  if (!length.empty())
    all.push_back(iota({xs.front().shape()[0]}, 0, DType::i64));
  const auto [last, outputs] = scan(once, state, all);
  return joined(last, outputs);
}

Tensors scanAlongAxes(const Call &call) {
  const std::size_t scanned = scanInputs(call, call.inputs.size());
  const std::size_t states = call.inputs.size() - scanned;
  Tensors xs;
  for (std::size_t i = 0; i < scanned; ++i) {
    const Tensor &x = call[states + i];
    const int axis = call.axis(entry(call, "scan_input_axes", i), x.rank());
    const Tensor first = moveaxis(x, axis, 0);
    xs.push_back(entry(call, "scan_input_directions", i) ? flip(first, 0)
                                                         : first);
  }
  Tensors results = scanOver(call, slice(call.inputs, 0, states), xs);
  for (std::size_t i = 0; states + i < results.size(); ++i) {
    Tensor &y = results[states + i];
    if (entry(call, "scan_output_directions", i))
      y = flip(y, 0);
    y = moveaxis(y, 0, call.axis(entry(call, "scan_output_axes", i), y.rank()));
  }
  return results;
}

/// Each example of the batch is scanned for itself, along its first axis.
Tensors scanExamples(const Call &call) {
  const std::size_t scanned = scanInputs(call, call.inputs.size() - 1);
  const std::size_t states = call.inputs.size() - 1 - scanned;
  Tensors operands = slice(call.inputs, 1, states + scanned);
  for (std::size_t i = 0; i < operands.size(); ++i)
    if (operands[i].empty() || operands[i].rank() < (i < states ? 1 : 2))
      call.fail(fmt::format("operand {} has no axis of examples", i + 1));
  for (std::size_t i = 0; i < scanned; ++i)
    if (entry(call, "directions", i))
      operands[states + i] = flip(operands[states + i], 1);
  std::vector<Tensors> examples;
  for (std::int64_t b = 0; b < operands[states].shape()[0]; ++b) {
    Tensors own;
    for (const Tensor &operand : operands)
      own.push_back(operand[b]);
    examples.push_back(
        scanOver(call, slice(own, 0, states), slice(own, states, scanned),
                 call.has(0) ? astype(call[0], DType::i64)[b] : Tensor()));
  }
  if (examples.empty())
    call.unsupported("no example to scan");
  Tensors results;
  for (std::size_t k = 0; k < examples.front().size(); ++k) {
    Tensors parts;
    for (const Tensors &example : examples)
      parts.push_back(example[k]);
    results.push_back(stack(parts));
  }
  return results;
}

} // namespace

Family families::control() {
  static constexpr Definition table[] = {{"", "If", 1, branch},
                                         {"", "Loop", 1, loop},
                                         {"", "Scan", 8, scanExamples},
                                         {"", "Scan", 9, scanAlongAxes}};
  return table;
}

} // namespace mg::onnx
