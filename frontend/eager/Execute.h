//===- Execute.h - one op of the dialect at once, by the runtime's kernels
//-===//
#ifndef MG_FRONTEND_EAGER_EXECUTE_H
#define MG_FRONTEND_EAGER_EXECUTE_H

#include "frontend/eager/Array.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OperationSupport.h"

#include <functional>
#include <vector>

namespace mg::eager {

/// The tensor type of an array, and the element type of a dtype.
mlir::RankedTensorType typeOf(mlir::MLIRContext *context, const Array &array);
mlir::Type elementType(mlir::MLIRContext *context, mg_dtype dtype);
/// Fails for a type that is none of the thirteen.
mlir::FailureOr<mg_dtype> dtypeOf(mlir::Type elementType);

/// Runs one op of the `mg` dialect whose result types are known: as a view
/// where the op is a `View` and strides can say it, else by a kernel.
/// Errors go to `location` as diagnostics.
mlir::FailureOr<std::vector<Array>>
execute(mlir::OperationName op, mlir::ArrayRef<Array> operands,
        mlir::DictionaryAttr attributes, mlir::ArrayRef<mlir::Type> resultTypes,
        mlir::Location location, mg_pool *pool);

/// Finds a weight by name; an empty answer (no owner, no data): there is none.
using WeightLookup = std::function<Array(llvm::StringRef name)>;

/// Sees each op that a walk runs, with what it took and what it gave.
using Observer =
    std::function<void(mlir::Operation &op, mlir::ArrayRef<Array> operands,
                       mlir::ArrayRef<Array> results)>;

/// Walks the function `entry` of an `mg` level module op by op: the oracle of
/// `mgc verify`, the baseline of every benchmark.
mlir::FailureOr<std::vector<Array>>
interpret(mlir::ModuleOp module, llvm::StringRef entry,
          mlir::ArrayRef<Array> inputs, const WeightLookup &weights,
          mg_pool *pool, const Observer &observer = {});

} // namespace mg::eager

#endif // MG_FRONTEND_EAGER_EXECUTE_H
