//===- DTypes.h - The names and numbers of element types --------*- C++ -*-===//
//
// Types of the linalg level are signless and have no bool, so entries carry the
// dtype of their arguments by name, and calls of the runtime carry the number
// that the C ABI gives it (runtime/include/minigrad/array.h).
//
//===----------------------------------------------------------------------===//

#ifndef MG_PASSES_DTYPES_H
#define MG_PASSES_DTYPES_H

#include "mlir/IR/Types.h"

namespace mlir::mg {

struct DType {
  StringRef name;
  int32_t number;
};

/// The dtype of an element type of the mg dialect.
DType dtypeOf(Type element);

} // namespace mlir::mg

#endif // MG_PASSES_DTYPES_H
