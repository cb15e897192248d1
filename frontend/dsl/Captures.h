//===- Captures.h - what functions of one op take from outside ------------===//
//
// Each traced function has its own captures as last arguments. An op that
// names several functions gives all of them the same operands: so they get the
// same captures, in one order, where the op wants them.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DSL_CAPTURES_H
#define MG_FRONTEND_DSL_CAPTURES_H

#include "frontend/dsl/Trace.h"

namespace mg::detail {

/// Those of all functions, each once.
Tensors capturesOf(llvm::ArrayRef<const Function *> functions);

/// The captures of `function` become `captures` (its own and maybe others),
/// arguments `at` and on.
void setCaptures(Function &function, const Tensors &captures, unsigned at);

/// Returns `more` as well, after the other results.
void addResults(Function &function, mlir::ValueRange more);

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_CAPTURES_H
