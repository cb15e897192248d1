//===- Dialect.h - the dialect, its enums and attributes ------------------===//
#ifndef MG_IR_DIALECT_H
#define MG_IR_DIALECT_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"

#include "ir/MgDialect.h.inc"
#include "ir/MgEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/MgAttributes.h.inc"

#endif // MG_IR_DIALECT_H
