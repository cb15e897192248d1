//===- Diagnostics.h - MLIR's diagnostics as lines like clang's -----------===//
#ifndef MG_FRONTEND_DRIVER_DIAGNOSTICS_H
#define MG_FRONTEND_DRIVER_DIAGNOSTICS_H

#include "frontend/driver/Failure.h"

#include "mlir/IR/Diagnostics.h"

#include <string>
#include <vector>

namespace mg::driver {

/// Prints `WHERE: error: REASON` and the line of help to stderr.
void printFailure(const Failure &failure, bool color);

/// Keeps the errors of a context instead of printing them as they come: what
/// fails first is the cause, the rest mostly its echo. What is not supported
/// is the exception: all of it is listed.
class Diagnostics {
public:
  /// `source` stands where a location is unknown.
  Diagnostics(mlir::MLIRContext *context, std::string source, bool color);

  /// Prints and ends the command. `status` is what an error means at this
  /// stage; a text that begins with "not supported" or "internal" says itself
  /// what it is, and so does one of upstream's conversions that gives up.
  [[noreturn]] void fail(Exit status) const;

private:
  struct Error {
    std::string where, text;
    /// At most one.
    std::string noteWhere, note;
  };
  mlir::LogicalResult handle(mlir::Diagnostic &diagnostic);
  void print(const Error &error) const;

  std::string source;
  bool color;
  std::vector<Error> errors;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_DIAGNOSTICS_H
