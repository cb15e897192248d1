//===- ControlPasses.td - The passes about branches and loops -*- tablegen -*-//
//
// From mg ops that name functions to scf ops with regions.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CONTROL_PASSES
#define MG_CONTROL_PASSES

include "mlir/Pass/PassBase.td"

def SimplifyControl : Pass<"mg-simplify-control", "ModuleOp"> {
  let summary = "Drop what loops and branches compute for no one";
  let dependentDialects = ["func::FuncDialect", "mg::MgDialect"];
}

def ExpandControl : Pass<"mg-expand-control", "ModuleOp"> {
  let summary = "Put the bodies of loops and branches in their place";
  let dependentDialects = ["arith::ArithDialect", "scf::SCFDialect",
                           "tensor::TensorDialect"];
}

def DropBarriers : Pass<"mg-drop-barriers", "func::FuncOp"> {
  let summary = "Forget what kept recomputation apart";
}

#endif // MG_CONTROL_PASSES
