//===- PerturbOp.h - a fault on demand ------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_PERTURBOP_H
#define MG_FRONTEND_DRIVER_PERTURBOP_H

#include "mlir/IR/BuiltinOps.h"

namespace mg::driver {

/// `-mllvm -mg-perturb=mg.exp` compiles each mg.exp as if it were its negative;
/// `mg.exp<mg.mul` only those of a product. So the tests of what looks for
/// faults have one to find. Without the option nothing happens.
void perturb(mlir::ModuleOp module);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_PERTURBOP_H
