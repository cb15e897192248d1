//===- Passes.td - The passes from mg to linalg ------------*- tablegen -*-===//
//
// One pass is one file and one flag. docs/architecture.md defines the levels
// they lead from and to. No pass declares statistics: the layout of
// Pass::Statistic depends on how the installed MLIR was built.
//
//===----------------------------------------------------------------------===//
#ifndef MG_PASSES
#define MG_PASSES

include "mlir/Pass/PassBase.td"

def Differentiate : Pass<"mg-differentiate", "ModuleOp"> {
  let summary = "Expand derivatives and maps of functions";
  let dependentDialects = ["func::FuncDialect", "mg::MgDialect"];
}

def InlineCalls : Pass<"mg-inline-calls", "ModuleOp"> {
  let summary = "Expand mg calls and composites";
}

def FixDims : Pass<"mg-fix-dims", "ModuleOp"> {
  let summary = "Give symbolic dimensions their sizes";
  let options = [ListOption<"dims", "dims", "std::string",
                            "NAME=SIZE of symbolic dimensions">];
}

def DropEmpty : Pass<"mg-drop-empty", "func::FuncOp"> {
  let summary = "Replace computations of tensors without elements";
  let dependentDialects = ["mg::MgDialect"];
}

def LiftWeights : Pass<"mg-lift-weights", "ModuleOp"> {
  let summary = "Make weights arguments of the entries";
}

def GuardIndices : Pass<"mg-guard-indices", "func::FuncOp"> {
  let summary = "Return a status for indices out of range";
  let dependentDialects = ["mg::MgDialect"];
}

def MatchDonations : Pass<"mg-match-donations", "func::FuncOp"> {
  let summary = "Results take the memory of donated arguments";
}

def DescribeEntries : Pass<"mg-describe-entries", "ModuleOp"> {
  let summary = "Note the names and dtypes of arguments and results";
}

def LowerToLinalg : Pass<"mg-lower-to-linalg", "ModuleOp"> {
  let summary = "Lower mg ops to linalg on tensors";
  let dependentDialects = [
    "affine::AffineDialect", "arith::ArithDialect",
    "bufferization::BufferizationDialect", "func::FuncDialect",
    "linalg::LinalgDialect", "math::MathDialect", "memref::MemRefDialect",
    "scf::SCFDialect", "tensor::TensorDialect"];
}

def ReturnStatus : Pass<"mg-return-status", "func::FuncOp"> {
  let summary = "Return what the runtime answered";
  let dependentDialects = ["arith::ArithDialect", "tensor::TensorDialect"];
}

def FuseElementwise : Pass<"mg-fuse-elementwise", "func::FuncOp"> {
  let summary = "Compute elementwise ops inside the loops of their users";
  let options = [
    Option<"viewsOnly", "views-only", "bool", /*default=*/"false",
           "Only what moves elements: no two ops with arithmetic meet">,
  ];
  let dependentDialects = ["affine::AffineDialect", "arith::ArithDialect",
                           "linalg::LinalgDialect", "tensor::TensorDialect"];
}

def Fuse : Pass<"mg-fuse", "func::FuncOp"> {
  let summary = "Loops over common rows become one kernel";
  let options = [
    Option<"explain", "explain", "bool", /*default=*/"false",
           "Say on the function (`mg.unfused`) what is not fused, and why">,
  ];
  let dependentDialects = ["affine::AffineDialect", "arith::ArithDialect",
                           "linalg::LinalgDialect", "tensor::TensorDialect"];
}

def ComposeViews : Pass<"mg-compose-views", "func::FuncOp"> {
  let summary = "Read what views are views of";
  let dependentDialects = ["affine::AffineDialect", "linalg::LinalgDialect",
                           "tensor::TensorDialect"];
}

def ResolveViews : Pass<"mg-resolve-views", "func::FuncOp"> {
  let summary = "Turn copies that only slice into slices";
  let dependentDialects = ["tensor::TensorDialect"];
}

#endif // MG_PASSES
