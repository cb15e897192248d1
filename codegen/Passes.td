//===- Passes.td - the passes of codegen/ ------------------*- tablegen -*-===//
//
// One record per pass; the file of a pass has its name, in one of the folders.
// The order in which they run, with the reasons, is codegen/Pipeline.cpp. No
// pass declares statistics: `Pass::Statistic` has another size in a release LLVM
// than in our debug build.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_PASSES
#define MG_CODEGEN_PASSES

include "mlir/Pass/PassBase.td"

def Boundary : Pass<"mg-boundary", "mlir::ModuleOp"> {
  let summary = "Entries on tensors to entries on the caller's memory";
  let description = [{
    In: the `linalg` level. Out: each entry takes memrefs for inputs, weights and
    outputs, then `%workspace: memref<?xi8>` (attribute `mg.workspace`) and
    `%pool: !llvm.ptr` (attribute `mg.pool`), and returns the status as `i32`.
    Inside, inputs and weights are read by `bufferization.to_tensor` and results
    are bound to their memory by `bufferization.materialize_in_destination`, so
    that bufferization can compute them in place; a result with `mg.updates` is
    bound to the memory of its argument. What a loop carries is bound to the
    loop's own argument, what branches yield to one destination. `tensor.concat` is decomposed; calls of the
    runtime that want the pool get it. Never touches a body's arithmetic.
  }];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::bufferization::BufferizationDialect",
    "mlir::LLVM::LLVMDialect", "mlir::memref::MemRefDialect",
    "mlir::tensor::TensorDialect",
  ];
}

def ScheduleKernels : Pass<"mg-schedule-kernels", "mlir::func::FuncOp"> {
  let summary = "Kernels move up to where they free memory";
  let description = [{
    In and out: `linalg` on tensors. In the body of an entry, a structured op (or
    the ops of one `mg.kernel`) moves up behind its last operand where the
    tensors that die in it are larger than those that it makes.
  }];
  let dependentDialects = ["mlir::tensor::TensorDialect"];
}

def SpreadSplats : Pass<"mg-spread-splats", "mlir::func::FuncOp"> {
  let summary = "Tensors of one value become scalars or fills";
  let description = [{
    In and out: `linalg` on tensors. A splat constant that a `linalg.generic`
    reads becomes a scalar operand; one that is written to, carried by a loop or
    returned a `linalg.fill`. Others stay.
  }];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
    "mlir::tensor::TensorDialect",
  ];
}

def ReuseDestinations : Pass<"mg-reuse-destinations", "mlir::func::FuncOp"> {
  let summary = "Results go into memory that is there already";
  let description = [{
    In and out: `linalg` on tensors, after the elimination of empty tensors. An
    op whose destination is a `tensor.empty` computes into the slice that its
    result is inserted into (through `tensor.collapse_shape`s), or onto an
    operand that dies there and of which each iteration reads only the element
    that it writes. Inserts of one chain are put into the order of their sources.
  }];
  let dependentDialects = ["mlir::tensor::TensorDialect"];
}

def ShareKernels : Pass<"mg-share-kernels", "mlir::ModuleOp"> {
  let summary = "Kernels that occur more than once become functions";
  let description = [{
    In: the `buffers` level. Out: structured ops (or runs of them with one
    `mg.kernel`, with the allocations that only they use) that are equal but for
    the memory and the numbers they work on are calls of one private function
    `ENTRY_kernel_N(memory and numbers.., %pool: !llvm.ptr)`. Its arguments
    never alias. What occurs once stays in place.
  }];
  let dependentDialects = ["mlir::func::FuncDialect"];
}

def PlanMemory : Pass<"mg-plan-memory", "mlir::ModuleOp"> {
  let summary = "Every allocation becomes a place in the workspace";
  let description = [{
    In: memrefs, `memref.alloc` of static size. Out: no allocation is left; in an
    entry each became a `memref.view` of the workspace, whose type and whose
    `mg.workspace_bytes` on the function tell its size. What a private function
    needs is an argument that its callers have in their plan. Buffers whose lifetimes
    overlap never share a byte; a buffer inside an `scf.forall` has one place per
    iteration. A `memref.alloca` moves to the entry block, where the stack cannot
    grow with a loop. The plan itself is codegen/tasks/MemoryPlan.h.
  }];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::memref::MemRefDialect",
  ];
}

def LowerMath : Pass<"mg-lower-math", "mlir::ModuleOp"> {
  let summary = "Transcendental functions to calls of the level's bitcode";
  let description = [{
    In: `math` ops and `arith.remf` on f32 and f64 scalars and vectors. Out:
    `func.call`s of `mg_OP_f32` and `mg_OP_f64`, which take one native vector:
    wider vectors are split, narrower ones and scalars padded. Ops that are an
    instruction (sqrt, floor, fma, ..) stay for `convert-math-to-llvm`. With
    AVX-512 the larger of a number and zero is one, too.
  }];
  let options = [
    Option<"avx512", "avx512", "bool", /*default=*/"false",
           "vectors of 16 f32 have AVX-512's instructions">,
    Option<"lanes", "lanes", "int64_t", /*default=*/"8",
           "f32 lanes of the CPU level's native vector: 4, 8 or 16">,
  ];
  let dependentDialects = [
    "mlir::LLVM::LLVMDialect", "mlir::arith::ArithDialect",
    "mlir::func::FuncDialect", "mlir::vector::VectorDialect",
  ];
}

def ExpandHalves : Pass<"mg-expand-halves", "mlir::ModuleOp"> {
  let summary = "f16 and bf16 conversions in integer arithmetic";
  let description = [{
    In: `arith.extf` from and `arith.truncf` to f16 and bf16, on scalars and
    vectors. Out: shifts and adds with the same rounding everywhere; no call of
    a compiler's library. Conversions from f64 round once. The types are gone:
    their values are loaded, moved and stored as i16.
  }];
  let options = [
    Option<"f16Lanes", "f16-lanes", "int64_t", /*default=*/"0",
           "vectors of 8 up to so many f16 are converted by instructions">,
    Option<"bf16Lanes", "bf16-lanes", "int64_t", /*default=*/"0",
           "vectors of 8 up to so many f32 become bf16 by an instruction that "
           "takes those below 2^-126 for zeros">,
    Option<"keepExcess", "keep-excess", "bool", /*default=*/"false",
           "what is narrowed to be widened again is not rounded">,
    Option<"avx512", "avx512", "bool", /*default=*/"false",
           "vectors of 16 f32 are rounded to bf16 by AVX-512's instructions">,
    Option<"vnni", "vnni", "bool", /*default=*/"false",
           "and by its sums of products of words">,
  ];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::LLVM::LLVMDialect",
    "mlir::math::MathDialect", "mlir::vector::VectorDialect",
  ];
}

def AddDebugScopes : Pass<"mg-add-debug-scopes", "mlir::ModuleOp"> {
  let summary = "The user's locations to DWARF scopes";
  let description = [{
    In and out: the LLVM dialect. Functions get a subprogram at the user's line;
    ops of other files a lexical block of that file. (Upstream's
    `ensure-debug-info-scope-on-llvm-func` puts each function on line 1 and each
    op into the function's file.)
  }];
  let dependentDialects = ["mlir::LLVM::LLVMDialect"];
}

def Winograd : Pass<"mg-winograd", "mlir::ModuleOp"> {
  let summary = "3x3 convolutions to transforms and products";
  let description = [{
    In and out: the `buffers` level. A 3x3 convolution with steps of one, in f32
    and with channels enough, becomes loops over blocks of tiles: transform,
    products, transform back (codegen/buffers/Winograd.h). It rounds otherwise
    than the sum of products. A padded image that the convolution's kernel makes
    is made block by block.
  }];
  let dependentDialects = [
    "mlir::affine::AffineDialect", "mlir::arith::ArithDialect",
    "mlir::linalg::LinalgDialect", "mlir::memref::MemRefDialect",
    "mlir::scf::SCFDialect",
  ];
}

def LateFrames : Pass<"mg-late-frames", "mlir::func::FuncOp"> {
  let summary = "Padded arrays become part of the kernel that reads them";
  let description = [{
    In and out: the `buffers` level. Where an op reads a padded array that can
    be made in pieces (codegen/buffers/PaddedArray.h), or in blocks by Winograd,
    the fill and the copy that make it get the `mg.kernel` of that op and stand
    before it. What computed the image inside the array computes it into memory
    of its own.
  }];
  let dependentDialects = ["mlir::memref::MemRefDialect"];
}

def EarlyFrames : Pass<"mg-early-frames", "mlir::func::FuncOp"> {
  let summary = "Borders are filled before the sums that end inside of them";
  let description = [{
    In and out: the `buffers` level. Where the fill of a padded array stands
    between a contraction and an op of its kernel that computes the middle of
    the array and can be its epilogue, the contraction moves behind the fill.
  }];
}

def LocalFrames : Pass<"mg-local-frames", "mlir::func::FuncOp"> {
  let summary = "Padded arrays are made piece by piece";
  let description = [{
    In and out: the `buffers` level. A fill and a copy that make a padded array
    for an op of the same `mg.kernel`, and that kernel, become a loop over
    pieces, in an `scf.forall` where it is worth several threads.
  }];
  let options = [
    Option<"grain", "grain", "int64_t", /*default=*/"65536",
           "Element operations that are worth a thread's chunk; 0: no threads">,
  ];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
    "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect",
  ];
}

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
    Option<"registers", "registers", "int64_t", /*default=*/"0",
           "Vectors that the CPU holds; 0: as x86 of so many lanes">,
    Option<"grain", "grain", "int64_t", /*default=*/"65536",
           "Element operations that are worth a thread's chunk; 0: no threads">,
    Option<"level", "level", "std::string", /*default=*/"",
           "CPU level, whose products of narrow elements are used; none: no">,
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

def SplitEntries : Pass<"mg-split-entries", "mlir::ModuleOp"> {
  let summary = "A long entry becomes a list of calls of its parts";
  let description = [{
    Runs on memrefs, after the tasks. In an entry with many loops, runs of ops
    without results move into private functions `ENTRY_part_N` of at most
    `length` ops each; views and constants are repeated there. Short entries stay
    as they are.
  }];
  let options = [
    Option<"length", "length", "int64_t", /*default=*/"32",
           "Ops per part; entries of less than two parts are not split">,
  ];
  let dependentDialects = ["mlir::func::FuncDialect"];
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
