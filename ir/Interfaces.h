//===- Interfaces.h - what passes may ask an op: see MgInterfaces.td ------===//
#ifndef MG_IR_INTERFACES_H
#define MG_IR_INTERFACES_H

#include "ir/Inference.h"
#include "ir/RuleBuilder.h"
#include "ir/StridedView.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

#include "ir/MgInterfaces.h.inc"

#endif // MG_IR_INTERFACES_H
