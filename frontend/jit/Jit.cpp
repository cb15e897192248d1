//===- Jit.cpp - traced functions compiled in memory ----------------------===//
#include "mg/jit.h"

#include "frontend/dsl/Threads.h"
#include "frontend/dsl/Trace.h"
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

/// The leaves that are there, and their labels.
static Tensors inputsOf(const Leaves &leaves,
                        const std::vector<std::string> &names,
                        std::vector<std::string> &labels) {
  Tensors inputs;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (leaves[i].empty())
      continue;
    inputs.push_back(leaves[i]);
    labels.push_back("argument '" + names.at(i) + "'");
  }
  return inputs;
}

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
  std::vector<std::string> labels;
  const Tensors inputs = inputsOf(like, names, labels);
  auto whole = [&](const Tensors &placeholders) {
    Leaves all = like, results;
    std::size_t next = 0;
    for (Tensor &leaf : all)
      if (!leaf.empty())
        leaf = placeholders.at(next++);
    for (const Tensor &leaf : body(all)) {
      compiled->present.push_back(!leaf.empty());
      if (!leaf.empty())
        results.push_back(leaf);
    }
    return results;
  };
  Function function =
      trace.function("run", /*isPublic=*/true, inputs, labels, where, whole);
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
    throw Error(where, "jit", complaints.first("internal: compilation failed"));
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
  Leaves results;
  std::size_t next = 0;
  for (bool present : compiled.present)
    results.push_back(present ? makeEager(std::move(outputs.at(next++)), where,
                                          "result of a compiled function")
                              : Tensor());
  return results;
}

} // namespace mg::detail
