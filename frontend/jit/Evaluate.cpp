//===- Evaluate.cpp - a transform outside of any trace --------------------===//
#include "frontend/dsl/Subprogram.h"
#include "frontend/dsl/Threads.h"
#include "frontend/jit/Program.h"

namespace mg::detail {

Leaves evaluate(const Leaves &arguments, const std::vector<std::string> &names,
                Where where, const Body &body) {
  std::vector<eager::Array> inputs;
  for (const Tensor &leaf : presentOf(arguments))
    inputs.push_back(known(leaf, "argument", where).array);
  std::vector<bool> present;
  std::vector<eager::Array> outputs;
  { // the results do not belong to the trace
    Trace trace("transform", where);
    const Subprogram entry = traceFunction(trace, "run", /*isPublic=*/true,
                                           arguments, names, where, body);
    present = entry.present;
    for (const Tensor &capture : entry.function.captures)
      inputs.push_back(known(capture, "transform", where).array);
    Complaints complaints;
    if (mlir::failed(expandTransforms(trace.module())))
      complaints.raise("transform", where);
    const auto pool = currentPool();
    auto results =
        eager::interpret(trace.module(), "run", inputs, {}, pool.get());
    if (mlir::failed(results))
      complaints.raise("transform", where);
    outputs = std::move(*results);
  }
  Tensors tensors;
  for (eager::Array &output : outputs)
    tensors.push_back(
        makeEager(std::move(output), where, "result of a transform"));
  return spreadOver(present, tensors);
}

} // namespace mg::detail
