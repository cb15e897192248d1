// RUN: mgc-opt %s --mg-plan-memory -split-input-file -verify-diagnostics | FileCheck %s

func.func private @use(memref<16xf32>)
func.func private @mg_call_touch(index)

// Two lives that do not meet share their place.
// CHECK-LABEL: func.func @share
// CHECK-SAME: memref<64xi8> {mg.workspace}
// CHECK-SAME: mg.workspace_bytes = 64
// CHECK-NOT: memref.alloc
// CHECK: memref.view %{{.*}}[%[[A:.*]]][] : memref<64xi8> to memref<16xf32>
func.func @share(%w: memref<?xi8> {mg.workspace}) {
  %a = memref.alloc() : memref<16xf32>
  call @use(%a) : (memref<16xf32>) -> ()
  %b = memref.alloc() : memref<16xf32>
  call @use(%b) : (memref<16xf32>) -> ()
  return
}

// A view is the same memory: %a is still needed when %b is made.
// CHECK-LABEL: func.func @through_a_view
// CHECK-SAME: mg.workspace_bytes = 128
func.func @through_a_view(%w: memref<?xi8> {mg.workspace}) {
  %a = memref.alloc() : memref<4x4xf32>
  %v = memref.collapse_shape %a [[0, 1]] : memref<4x4xf32> into memref<16xf32>
  %b = memref.alloc() : memref<16xf32>
  call @use(%b) : (memref<16xf32>) -> ()
  call @use(%v) : (memref<16xf32>) -> ()
  return
}

// So is an address, which is the workspace's plus the place.
// CHECK-LABEL: func.func @through_an_address
// CHECK-SAME: (%[[W:[^:]*]]: memref<128xi8>
// CHECK-SAME: mg.workspace_bytes = 128
// CHECK: %[[BASE:.*]] = memref.extract_aligned_pointer_as_index %[[W]]
// CHECK: %[[AT:.*]] = arith.addi %[[BASE]], %{{.*}} : index
// CHECK: call @mg_call_touch(%[[AT]])
func.func @through_an_address(%w: memref<?xi8> {mg.workspace}) {
  %a = memref.alloc() : memref<16xf32>
  %p = memref.extract_aligned_pointer_as_index %a : memref<16xf32> -> index
  %b = memref.alloc() : memref<16xf32>
  call @use(%b) : (memref<16xf32>) -> ()
  call @mg_call_touch(%p) : (index) -> ()
  return
}

// What a loop uses it uses to its end.
// CHECK-LABEL: func.func @in_a_loop
// CHECK-SAME: mg.workspace_bytes = 128
func.func @in_a_loop(%w: memref<?xi8> {mg.workspace}, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<16xf32>
  scf.for %i = %c0 to %n step %c1 {
    func.call @use(%a) : (memref<16xf32>) -> ()
    %b = memref.alloc() : memref<16xf32>
    func.call @use(%b) : (memref<16xf32>) -> ()
  }
  return
}

// What a branch yields lives on as the result of the `if`. (A life is one
// interval, so it covers the other branch, too.)
// CHECK-LABEL: func.func @branches
// CHECK-SAME: mg.workspace_bytes = 192
func.func @branches(%w: memref<?xi8> {mg.workspace}, %c: i1) {
  %r = scf.if %c -> memref<16xf32> {
    %a = memref.alloc() : memref<16xf32>
    func.call @use(%a) : (memref<16xf32>) -> ()
    scf.yield %a : memref<16xf32>
  } else {
    %a = memref.alloc() : memref<16xf32>
    func.call @use(%a) : (memref<16xf32>) -> ()
    scf.yield %a : memref<16xf32>
  }
  %b = memref.alloc() : memref<16xf32>
  call @use(%b) : (memref<16xf32>) -> ()
  call @use(%r) : (memref<16xf32>) -> ()
  return
}

// Iterations that run at once have a copy each.
// CHECK-LABEL: func.func @per_iteration
// CHECK-SAME: memref<768xi8>
// CHECK-SAME: mg.workspace_bytes = 768
// CHECK: scf.forall (%[[I:.*]], %[[J:.*]]) in (3, 4)
// CHECK: %[[ROW:.*]] = arith.addi %{{.*}}, %[[I]]
// CHECK: arith.muli %[[ROW]], %c4
// CHECK: memref.view
func.func @per_iteration(%w: memref<?xi8> {mg.workspace}) {
  scf.forall (%i, %j) in (3, 4) {
    %a = memref.alloc() : memref<16xf32>
    func.call @use(%a) : (memref<16xf32>) -> ()
  }
  return
}

// The stack does not grow with a loop.
// CHECK-LABEL: func.func @stack
// CHECK: memref.alloca
// CHECK: scf.for
// CHECK-NOT: memref.alloca
func.func @stack(%w: memref<?xi8> {mg.workspace}, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %a = memref.alloca() : memref<16xf32>
    func.call @use(%a) : (memref<16xf32>) -> ()
  }
  return
}

// What a private function needs is in the plan of its callers, while it runs.
// CHECK-LABEL: func.func private @kernel
// CHECK-SAME: memref<128xi8> {llvm.align = 64 : i64, llvm.noalias, mg.workspace}
// CHECK-NOT: memref.alloc
// CHECK-LABEL: func.func @caller
// CHECK-SAME: %[[W:[^:]*]]: memref<192xi8>
// CHECK-SAME: mg.workspace_bytes = 192
// CHECK: %[[ARENA:.*]] = memref.view %[[W]]{{.*}} to memref<128xi8>
// CHECK: call @kernel(%{{.*}}, %[[ARENA]])
// CHECK: %[[ARENA:.*]] = memref.view %[[W]]{{.*}} to memref<128xi8>
// CHECK: call @kernel(%{{.*}}, %[[ARENA]])
func.func private @kernel(%x: memref<16xf32>) {
  %a = memref.alloc() : memref<16xf32>
  call @use(%a) : (memref<16xf32>) -> ()
  %b = memref.alloc() : memref<16xf32>
  call @use(%b) : (memref<16xf32>) -> ()
  call @use(%a) : (memref<16xf32>) -> ()
  return
}
func.func @caller(%w: memref<?xi8> {mg.workspace}) {
  %a = memref.alloc() : memref<16xf32>
  call @use(%a) : (memref<16xf32>) -> ()
  call @kernel(%a) : (memref<16xf32>) -> ()
  call @kernel(%a) : (memref<16xf32>) -> ()
  return
}

// -----

func.func private @use(memref<16xf32>)

// One place would serve two iterations.
func.func @carried(%w: memref<?xi8> {mg.workspace}, %x: memref<16xf32>,
                   %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%m = %x) -> memref<16xf32> {
    // expected-error @+1 {{internal: an allocation leaves its loop}}
    %a = memref.alloc() : memref<16xf32>
    scf.yield %a : memref<16xf32>
  }
  call @use(%r) : (memref<16xf32>) -> ()
  return
}
