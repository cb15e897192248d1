//===- Control.cpp - control flow over trees ------------------------------===//
#include "mg/control.h"

#include "frontend/dsl/Captures.h"
#include "frontend/dsl/Promote.h"
#include "frontend/dsl/Subprogram.h"

#include <fmt/format.h>

namespace mg::detail {

bool truth(const Tensor &flag, const char *op, Where where) {
  const Spec &spec = get(flag, op, where).spec;
  if (spec.dtype != DType::b1 || !spec.shape.empty())
    throw Error(
        where, op,
        fmt::format("the condition is a scalar bool, not {}", toString(spec)),
        origin(flag, "it"), "use where(...), any(...) or all(...)");
  return tracing() || flag.item<bool>(where);
}

void check_same(const char *op, const char *what, const Leaves &before,
                const Leaves &after, Where where) {
  auto text = [](const Tensor &t) {
    return t.empty() ? std::string("empty") : type_string(t);
  };
  if (before.size() != after.size())
    throw Error(where, op,
                fmt::format("{} differ: {} tensors and {}", what, before.size(),
                            after.size()));
  for (std::size_t i = 0; i < before.size(); ++i)
    if (text(before[i]) != text(after[i])) {
      const std::string rule =
          fmt::format("{} differ in tensor {}: {} and {}", what, i,
                      text(before[i]), text(after[i]));
      if (after[i].empty())
        throw Error(where, op, rule);
      throw Error(where, op, rule, origin(after[i], "the second"));
    }
}

namespace {

mlir::FlatSymbolRefAttr nameOf(const Function &f) {
  return mlir::FlatSymbolRefAttr::get(mlir::func::FuncOp(f.op));
}

void append(Tensors &all, const Tensors &more) {
  all.insert(all.end(), more.begin(), more.end());
}

std::vector<Spec> resultsOf(const Function &f) {
  return specsOf(mlir::func::FuncOp(f.op).getResultTypes());
}

} // namespace

Leaves cond(const Tensor &condition, const Subprogram &yes,
            const Subprogram &no, const Leaves &arguments, Where where) {
  (void)truth(condition, "cond", where);
  Scope scope("cond", where);
  Function first = yes.function, second = no.function;
  Tensors operands = presentOf(arguments);
  const auto at = static_cast<unsigned>(operands.size());
  const Tensors captures = capturesOf({&first, &second});
  setCaptures(first, captures, at);
  setCaptures(second, captures, at);
  operands.insert(operands.begin(), condition);
  append(operands, captures);
  return spreadOver(yes.present,
                    emitAll("if", operands,
                            Attrs()
                                .set("then_function", nameOf(first))
                                .set("else_function", nameOf(second)),
                            resultsOf(first)));
}

Leaves while_loop(const Subprogram &test, const Subprogram &step,
                  const Leaves &state, std::int64_t max_trips, Where where) {
  Function condition = test.function, body = step.function;
  const std::vector<Spec> flag = resultsOf(condition);
  if (flag.size() != 1 || flag[0].dtype != DType::b1 || !flag[0].shape.empty())
    throw Error(
        where, "while_loop",
        fmt::format("the test returns a scalar bool, not {}",
                    flag.empty() ? "an empty tensor" : toString(flag.front())));
  Scope scope("while_loop", where);
  Tensors operands = capturesOf({&condition, &body});
  const auto consts = static_cast<std::int64_t>(operands.size());
  setCaptures(condition, operands, 0);
  setCaptures(body, operands, 0);
  append(operands, presentOf(state));
  auto attributes = Attrs()
                        .set("condition", nameOf(condition))
                        .set("body", nameOf(body))
                        .set("consts", consts);
  if (max_trips >= 0)
    attributes.set("max_trips", max_trips);
  return spreadOver(step.present,
                    emitAll("while", operands, attributes, resultsOf(body)));
}

Leaves scan(const Subprogram &body, const Leaves &carry, const Leaves &xs,
            std::int64_t length, const ScanOptions &options, Where where) {
  Scope scope("scan", where);
  Function step = body.function;
  std::vector<Spec> wanted = resultsOf(step);
  const Tensors carries = presentOf(carry);
  for (std::size_t i = carries.size(); i < wanted.size(); ++i)
    wanted[i].shape.insert(wanted[i].shape.begin(), length);
  Tensors operands = step.captures;
  setCaptures(step, operands, 0);
  auto attributes =
      Attrs()
          .set("body", nameOf(step))
          .set("consts", static_cast<std::int64_t>(operands.size()))
          .set("carries", static_cast<std::int64_t>(carries.size()))
          .set("length", length)
          .flag("reverse", options.reverse);
  append(operands, carries);
  append(operands, presentOf(xs));
  return spreadOver(body.present,
                    emitAll("scan", operands, attributes, wanted));
}

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

std::int64_t scan_length(const Leaves &xs, const ScanOptions &options,
                         Where where) {
  const Tensor *first = nullptr;
  for (const Tensor &x : xs) {
    if (x.empty())
      continue;
    if (x.rank() == 0)
      throw Error(where, "scan",
                  fmt::format("a sequence is {}, it has no first dimension",
                              type_string(x)),
                  origin(x, "it"));
    if (!first)
      first = &x;
    if (x.shape()[0] != first->shape()[0])
      throw Error(where, "scan",
                  fmt::format("sequences differ in their first dimension: {} "
                              "and {}",
                              type_string(*first), type_string(x)),
                  origin(x, "the second"));
  }
  if (!first && options.length < 0)
    throw Error(where, "scan", "there is no sequence: give `.length`");
  if (first && options.length >= 0 && options.length != first->shape()[0])
    throw Error(where, "scan",
                fmt::format("`.length` is {}, and there is a sequence of {}",
                            options.length, type_string(*first)),
                origin(*first, "it"));
  return first ? first->shape()[0] : options.length;
}

Leaves element_types(const Leaves &xs, Where where) {
  Leaves types;
  for (const Tensor &x : xs) {
    if (x.empty()) {
      types.push_back(x);
      continue;
    }
    const Shape shape(x.shape().begin() + 1, x.shape().end());
    types.push_back(spec(shape, x.dtype(), where));
  }
  return types;
}

Leaves elements(const Leaves &xs, std::int64_t i, Where where) {
  Leaves one;
  for (const Tensor &x : xs)
    one.push_back(x.empty() ? x : x[Index(i, where)]);
  return one;
}

Leaves stacked(const std::vector<Leaves> &steps, Where where) {
  Leaves all;
  for (std::size_t k = 0; k < steps.front().size(); ++k) {
    std::vector<Tensor> parts;
    for (const Leaves &step : steps) {
      check_same("scan", "the outputs of two steps", {steps.front()[k]},
                 {step.at(k)}, where);
      parts.push_back(step[k]);
    }
    all.push_back(parts.front().empty() ? Tensor() : stack(parts, 0, where));
  }
  return all;
}

} // namespace mg::detail
