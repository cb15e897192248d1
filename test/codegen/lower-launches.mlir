// RUN: mgc-opt %s --mg-lower-launches | FileCheck %s

// CHECK: llvm.func @mg_parallel_for(!llvm.ptr, !llvm.ptr, !llvm.ptr, i64)
// CHECK: llvm.func internal @task_thunk(%[[CONTEXT:.*]]: !llvm.ptr, %[[I:.*]]: i64)
// CHECK: %[[A:.*]] = llvm.load
// CHECK: %[[N:.*]] = llvm.load
// CHECK: llvm.call @task(%[[A]], %[[N]], %[[I]])
// CHECK: llvm.func internal @launch(%[[X:.*]]: !llvm.ptr, %[[Y:.*]]: i64, %[[POOL:.*]]: !llvm.ptr, %[[COUNT:.*]]: i64)
// CHECK: %[[FIELDS:.*]] = llvm.alloca
// CHECK: llvm.store %[[X]]
// CHECK: llvm.store %[[Y]]
// CHECK: %[[THUNK:.*]] = llvm.mlir.addressof @task_thunk
// CHECK: llvm.call @mg_parallel_for(%[[POOL]], %[[THUNK]], %[[FIELDS]], %[[COUNT]])
llvm.func @task(%a: !llvm.ptr, %n: i64, %i: i64) {
  llvm.return
}
llvm.func @launch(!llvm.ptr, i64, !llvm.ptr, i64) attributes {mg.launch = @task}
