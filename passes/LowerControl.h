//===- LowerControl.h - loops and branches on stored tensors ----*- C++ -*-===//
#ifndef MG_PASSES_LOWERCONTROL_H
#define MG_PASSES_LOWERCONTROL_H

#include "passes/Lowering.h"

namespace mlir::mg {

/// Patterns, and which loops and branches are as they should be.
void populateControl(RewritePatternSet &patterns, ConversionTarget &target,
                     TensorLowering &types);

} // namespace mlir::mg

#endif // MG_PASSES_LOWERCONTROL_H
