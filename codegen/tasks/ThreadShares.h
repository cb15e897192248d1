//===- ThreadShares.h - a loop in one piece per thread ----------*- C++ -*-===//
//
//   for i in count                n = threads, 16 at most
//     body                  ->    forall t in n:
//                                   for i in [t count / n, (t + 1) count / n)
//                                     body
//
// Chunks whose number depends on the shape alone have memory of their own each,
// and a single thread walks through that of all. Here memory that a share
// allocates is a thread's, which its caches keep from one iteration to the
// next. No iteration may see what another one wrote, so that results do not
// depend on the number of threads.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_TASKS_THREADSHARES_H
#define MG_CODEGEN_TASKS_THREADSHARES_H

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mg::codegen {

/// Emits the iterations from the first value to the second.
using ShareBody = llvm::function_ref<void(mlir::Value, mlir::Value)>;

/// The loop over shares, in a function with a pool; else, and inside a task,
/// all iterations as one share. Adds a declaration to the module.
void emitShares(mlir::OpBuilder &b, mlir::Location loc, int64_t count,
                ShareBody body);

/// Iterations of the loop at most; none where that is not known.
std::optional<int64_t> mostTrips(mlir::scf::ForallOp loop);

} // namespace mg::codegen

#endif // MG_CODEGEN_TASKS_THREADSHARES_H
