//===- Context.h - where types and attributes live ------------------------===//
//
// Eager ops of all threads share one context, which only ever holds types and
// attributes. Each trace has a context of its own, freed with its program: two
// threads trace, and compile, without a lock between them.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DSL_CONTEXT_H
#define MG_FRONTEND_DSL_CONTEXT_H

#include "frontend/tensor/Value.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mg::detail {

/// A context with the dialects that traces speak. Its diagnostics go to the
/// innermost Complaints of the thread that emits them.
std::unique_ptr<mlir::MLIRContext>
makeContext(mlir::MLIRContext::Threading threading);

/// The context of the innermost trace, else the one of eager ops.
mlir::MLIRContext *currentContext();

/// Collects what the compiler's parts have to say on this thread while alive.
class Complaints {
public:
  Complaints();
  ~Complaints();
  Complaints(const Complaints &) = delete;
  Complaints &operator=(const Complaints &) = delete;
  /// The first error without the op's name before it, or `otherwise`.
  std::string first(const std::string &otherwise) const;
  /// Throws the first error as an Error: where it names an op of the user's,
  /// that op's, at its line. Else `op`'s, at `where`.
  [[noreturn]] void raise(const char *op, const Where &where) const;
  /// False where nobody on this thread listens.
  static bool hear(const mlir::Diagnostic &diagnostic);

private:
  struct Complaint {
    std::string text;
    std::optional<Where> where;
  };
  std::vector<Complaint> errors;
  Complaints *outer;
};

mlir::RankedTensorType typeOf(mlir::MLIRContext *context, const Spec &spec);
Spec specOf(mlir::Type type);
/// While alive, what this thread makes comes from a model's file instead of a
/// line of C++: its location is `name` in `file`, the number stands for a line.
class FileScope {
public:
  FileScope(std::string_view file, std::string_view name, unsigned number);
  ~FileScope();
  FileScope(const FileScope &) = delete;
  FileScope &operator=(const FileScope &) = delete;

private:
  friend mlir::Location locationOf(mlir::MLIRContext *context,
                                   const Where &where);
  std::string_view file, name;
  unsigned number;
  FileScope *outer;
};

/// The way back is `Complaints::raise`: this thread remembers the places.
mlir::Location locationOf(mlir::MLIRContext *context, const Where &where);

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_CONTEXT_H
