// RUN: mgc-opt %s --mg-parallelize --split-input-file --verify-diagnostics | FileCheck %s

// Views are repeated in the task; what the entry knows of its pointers, too.
// CHECK-LABEL: func @f(
// CHECK-SAME: %[[X:.*]]: memref<64xi8> {llvm.noalias}, %[[POOL:.*]]: !llvm.ptr
// CHECK-NOT: scf.forall
// CHECK: %[[N:.*]] = arith.index_cast %{{.*}} : index to i64
// CHECK: call @f_launch_0(%[[X]], %[[POOL]], %[[N]])
// CHECK: func private @f_launch_0(memref<64xi8>, !llvm.ptr, i64)
// CHECK-SAME: mg.launch = @f_task_0
// CHECK: func private @f_task_0(%[[A:.*]]: memref<64xi8> {llvm.noalias}, %[[I:.*]]: i64)
// CHECK: %[[AT:.*]] = arith.index_cast %[[I]]
// CHECK: %[[V:.*]] = memref.view %[[A]]
// CHECK: memref.store %{{.*}}, %[[V]][%[[AT]]]
func.func @f(%x: memref<64xi8> {llvm.noalias}, %pool: !llvm.ptr {mg.pool}) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1.0 : f32
  %view = memref.view %x[%zero][] : memref<64xi8> to memref<16xf32>
  scf.forall (%i) in (16) {
    memref.store %one, %view[%i] : memref<16xf32>
  }
  return
}

// -----

// Without a pool the task runs here, iteration by iteration.
// CHECK-LABEL: func @no_pool
// CHECK: scf.for
// CHECK: call @no_pool_task_0
// CHECK-NOT: mg.launch
func.func @no_pool(%x: memref<16xf32>) {
  %one = arith.constant 1.0 : f32
  scf.forall (%i) in (16) {
    memref.store %one, %x[%i] : memref<16xf32>
  }
  return
}

// -----

func.func @two(%x: memref<4x4xf32>) {
  %one = arith.constant 1.0 : f32
  // expected-error @below {{internal: a task loop has one dimension from 0 by 1}}
  scf.forall (%i, %j) in (4, 4) {
    memref.store %one, %x[%i, %j] : memref<4x4xf32>
  }
  return
}
