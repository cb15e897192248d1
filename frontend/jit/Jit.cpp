//===- Jit.cpp - traced functions compiled in memory ----------------------===//
#include "mg/jit.h"

#include "frontend/dsl/Subprogram.h"
#include "frontend/dsl/Threads.h"
#include "frontend/jit/Program.h"

#include <fmt/format.h>

#include <cstdlib>

namespace mg::detail {

struct Compiled {
  // The program's code holds no IR; the context goes with the trace.
  std::shared_ptr<mg::Program> program;
  int entry = 0;
  /// Per argument that is there: whether its memory is ours to reuse.
  std::vector<bool> given;
  /// Tensors from outside: the last arguments.
  std::vector<eager::Array> captures;
  /// Per leaf of the result: whether it is there.
  std::vector<bool> present;
};

static CompileOptions jitOptions() {
  CompileOptions options;
  if (const char *level = std::getenv("MG_JIT_LEVEL"))
    options.codegen.levels = {level};
  return options;
}

/// Names that the descriptor shows; users of jit never see them.
static void describeArguments(mlir::func::FuncOp function,
                              const std::vector<bool> &given) {
  mlir::Builder b(function.getContext());
  for (unsigned i = 0; i < given.size(); ++i)
    if (given[i])
      function.setArgAttr(i, "mg.donated", b.getUnitAttr());
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    function.setArgAttr(i, "mg.name", b.getStringAttr(fmt::format("x{}", i)));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    function.setResultAttr(i, "mg.name",
                           b.getStringAttr(fmt::format("y{}", i)));
}

CompiledRef compile(const Leaves &like, const Gifts &gifts,
                    const std::vector<std::string> &names, Where where,
                    const Body &body) {
  Trace trace("jit", where);
  auto compiled = std::make_shared<Compiled>();
  Subprogram entry =
      traceFunction(trace, "run", /*isPublic=*/true, like, names, where, body);
  compiled->present = entry.present;
  Function &function = entry.function;
  for (std::size_t i = 0; i < like.size(); ++i)
    if (!like[i].empty())
      compiled->given.push_back(gifts[i]);
  describeArguments(function.op, compiled->given);
  for (const Tensor &capture : function.captures)
    compiled->captures.push_back(known(capture, "jit", where).array);
  Complaints complaints;
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  trace.context()->appendDialectRegistry(registry);
  auto program = mg::Program::create(trace.module(), jitOptions(), {});
  if (mlir::failed(program))
    complaints.raise("jit", where);
  compiled->program = *program;
  compiled->entry = compiled->program->find("run");
  return compiled;
}

int in_place(const Compiled &compiled) {
  const mg_entry &entry = compiled.program->model().entries[compiled.entry];
  return static_cast<int>(
      std::count_if(entry.updates, entry.updates + entry.output_count,
                    [](std::int32_t input) { return input >= 0; }));
}

Leaves run(const Compiled &compiled, const Leaves &arguments, Where where) {
  std::vector<eager::Array> inputs, outputs;
  inputs.reserve(arguments.size() + compiled.captures.size());
  for (const Tensor &leaf : arguments)
    if (!leaf.empty())
      inputs.push_back(known(leaf, "jit", where).array);
  inputs.insert(inputs.end(), compiled.captures.begin(),
                compiled.captures.end());
  const auto pool = currentPool();
  const int status = compiled.program->run(compiled.entry, inputs, outputs,
                                           pool.get(), compiled.given);
  if (status != MG_OK)
    throw Error(where, "jit", mg_status_text(status));
  Tensors results;
  results.reserve(outputs.size());
  for (eager::Array &output : outputs)
    results.push_back(
        makeEager(std::move(output), where, "result of a compiled function"));
  return spreadOver(compiled.present, results);
}

} // namespace mg::detail
