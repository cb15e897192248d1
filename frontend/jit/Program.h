//===- Program.h - an `mg` module compiled in memory, ready to be called --===//
//
// The only door from the frontends to passes/ and codegen/.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_JIT_PROGRAM_H
#define MG_FRONTEND_JIT_PROGRAM_H

#include "codegen/Compiler.h"
#include "frontend/eager/Execute.h"
#include "minigrad/model.h"

#include "llvm/ADT/StringMap.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mg {

struct CompileOptions {
  codegen::Options codegen;
  /// Sizes of symbolic dimensions, as "batch=8".
  std::vector<std::string> dims;
  /// Flags of passes to leave out, of those in optionalPasses().
  std::vector<std::string> disabled = {};
  /// Each op with arithmetic is a loop of its own.
  bool apart = false;
};

/// The flags of passes that a program means the same without.
std::vector<std::string> optionalPasses();

/// The `mg` level to the `grad` level, in place: derivatives and maps of
/// functions become functions.
mlir::LogicalResult expandTransforms(mlir::ModuleOp module,
                                     const CompileOptions &options = {});

/// The `mg` level to the `simplified` level, in place.
mlir::LogicalResult simplify(mlir::ModuleOp module,
                             const CompileOptions &options);

/// Weights whose values are there when a program is compiled.
struct KnownWeights {
  eager::WeightLookup find;
  /// Those that the program reads in place of others, under names of their
  /// own; `compile` adds them.
  llvm::StringMap<eager::Array> prepared = {};
  /// Told of each that the program reads no more.
  std::function<void(const eager::Array &)> onReplaced = {};

  /// By either name; no data where there is none.
  eager::Array operator()(llvm::StringRef name) const;
};

/// The `mg` level to the `linalg` level (passes/), in place, then to what
/// `options.codegen.emit` asks for. Diagnostics go to the module's context.
/// Where `known` is given, its weights are laid out as the kernels read them
/// (codegen::prepareWeights; `mg-prepare-weights` among `options.disabled`
/// leaves that out).
mlir::FailureOr<codegen::Artefact> compile(mlir::ModuleOp module,
                                           const CompileOptions &options,
                                           KnownWeights *known = nullptr);

/// The dialects of every level, for whoever makes a context.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Compiled code in this process. Calls are thread-safe.
class Program {
public:
  /// Consumes `module`. Weights that the artefact does not embed are looked up
  /// once, here; the arrays stay alive with the program.
  static mlir::FailureOr<std::shared_ptr<Program>>
  create(mlir::ModuleOp module, const CompileOptions &options,
         const eager::WeightLookup &weights);
  /// From the descriptor of a loaded artefact (a `.so` made by compile), which
  /// `owner` keeps in memory. Errors go to `location`.
  static mlir::FailureOr<std::shared_ptr<Program>>
  fromModel(const mg_model *model, std::shared_ptr<void> owner,
            const eager::WeightLookup &weights, mlir::Location location);

  /// Entries with their names, dtypes and shapes.
  const mg_model &model() const;
  /// As an mg_entry_function takes them.
  const void *const *weights() const;
  /// Index of an entry, -1 where there is none.
  int find(llvm::StringRef entry) const;
  /// Calls an entry. Inputs must fit in dtype and shape (MG_ERROR_SHAPE;
  /// strided ones are copied). Returns a mg_status; `outputs` are fresh, but
  /// for those that update an input that `given` marks: they lie in its memory,
  /// and the input is lost.
  int run(int entry, llvm::ArrayRef<eager::Array> inputs,
          std::vector<eager::Array> &outputs, mg_pool *pool,
          const std::vector<bool> &given = {}) const;

private:
  struct State;
  explicit Program(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace mg

#endif // MG_FRONTEND_JIT_PROGRAM_H
