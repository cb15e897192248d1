//===- Passes.td - the passes of codegen/ ------------------*- tablegen -*-===//
//
// One record per pass; the file of a pass has its name. The order in which they
// run, with the reasons, is codegen/Pipeline.cpp. No pass declares statistics:
// `Pass::Statistic` has another size in a release LLVM than in our debug build.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_PASSES
#define MG_CODEGEN_PASSES

include "mlir/Pass/PassBase.td"

def TileAndVectorize : Pass<"mg-vectorize", "mlir::func::FuncOp"> {
  let summary = "linalg on buffers to loops over native vectors";
  let description = [{
    In: a function on memrefs of static shape (any strides), with
    `linalg.generic`, other structured linalg ops, and `memref.copy`. Out:
    `scf.forall` (only around work that is worth several threads; its bounds
    depend on shapes only) and `scf.for` with `vector` ops of the level's width.
    No linalg op and no `memref.copy` is left. Temporaries between loops
    are `memref.alloc`s for the memory plan; small ones inside a loop
    are `memref.alloca`s.
  }];
  let options = [
    Option<"lanes", "lanes", "int64_t", /*default=*/"8",
           "f32 lanes of the CPU level's native vector: 4, 8 or 16">,
    Option<"threads", "threads", "bool", /*default=*/"true",
           "Split large kernels into scf.forall chunks">,
  ];
  let dependentDialects = [
    "mlir::affine::AffineDialect", "mlir::arith::ArithDialect",
    "mlir::linalg::LinalgDialect", "mlir::LLVM::LLVMDialect",
    "mlir::math::MathDialect", "mlir::memref::MemRefDialect",
    "mlir::scf::SCFDialect", "mlir::vector::VectorDialect",
  ];
}

def Parallelize : Pass<"mg-parallelize", "mlir::ModuleOp"> {
  let summary = "scf.forall on buffers to tasks and launches";
  let description = [{
    Runs on memrefs, after the memory plan. The body of each outermost
    `scf.forall` becomes a private function `ENTRY_task_N(captured.., %i: i64)`,
    and the loop a call of the private declaration
    `ENTRY_launch_N(captured.., %pool: !llvm.ptr, %count: i64)`, which has the
    attribute `mg.launch = @ENTRY_task_N`. `%pool` is the argument of the entry
    with the attribute `mg.pool`; in a function without one the loop becomes
    `scf.for`. `mg-lower-launches` gives the declarations their bodies.
  }];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::func::FuncDialect",
    "mlir::LLVM::LLVMDialect", "mlir::scf::SCFDialect",
  ];
}

def LowerLaunches : Pass<"mg-lower-launches", "mlir::ModuleOp"> {
  let summary = "Bodies for launches: mg_parallel_for over a context";
  let description = [{
    Runs on the LLVM dialect. A declaration with `mg.launch = @task` gets a body:
    the arguments go into a context on the stack and
    `mg_parallel_for(pool, thunk, context, count)` runs the task's thunk, which
    takes them out again. A NULL pool runs the tasks here, in order.
  }];
  let dependentDialects = ["mlir::LLVM::LLVMDialect"];
}

#endif // MG_CODEGEN_PASSES
