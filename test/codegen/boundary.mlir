// RUN: mgc-opt %s --mg-boundary | FileCheck %s
// RUN: mgc-opt %s --mg-to-buffers | FileCheck %s --check-prefix=BUFFERS

func.func private @mg_call_fill(memref<4xf32>, i64) -> i32 attributes {mg.pool}

// Inputs are read only, outputs are written only, workspace and pool come last.
// CHECK-LABEL: func.func @result
// CHECK-SAME: (%[[X:.*]]: memref<4xf32> {llvm.align = 4 : i64, llvm.noalias, llvm.readonly, mg.name = "x"},
// CHECK-SAME: %[[Y:.*]]: memref<4xf32> {llvm.align = 4 : i64, llvm.noalias, mg.name = "y"},
// CHECK-SAME: %{{.*}}: memref<?xi8> {llvm.align = 64 : i64, llvm.noalias, mg.workspace},
// CHECK-SAME: %{{.*}}: !llvm.ptr {mg.pool}) -> i32
// CHECK: %[[D:.*]] = bufferization.to_tensor %[[Y]] restrict writable
// CHECK: %[[T:.*]] = bufferization.to_tensor %[[X]] restrict
// CHECK: %[[R:.*]] = bufferization.materialize_in_destination %[[T]] in %[[D]]
// CHECK: bufferization.materialize_in_destination %[[R]] in restrict writable %[[Y]]
// CHECK: %[[OK:.*]] = arith.constant 0 : i32
// CHECK: return %[[OK]]
func.func @result(%x: tensor<4xf32> {mg.name = "x"})
    -> (tensor<4xf32> {mg.name = "y"}) attributes {mg.entry} {
  return %x : tensor<4xf32>
}

// CHECK-LABEL: func.func @status
// CHECK: %[[S:.*]] = tensor.extract %{{.*}}[] : tensor<i32>
// CHECK: return %[[S]] : i32
func.func @status(%x: tensor<i32> {mg.name = "x"})
    -> (tensor<i32> {mg.status}) attributes {mg.entry} {
  return %x : tensor<i32>
}

// A call that wants the pool gets it.
// CHECK-LABEL: func.func @calls
// CHECK-SAME: %[[POOL:[^:]*]]: !llvm.ptr {mg.pool}
// CHECK: call @mg_call_fill(%{{.*}}, %{{.*}}, %[[POOL]]) : (memref<4xf32>, i64, !llvm.ptr) -> i32
func.func @calls() -> (tensor<4xf32> {mg.name = "y"}, tensor<i32> {mg.status})
    attributes {mg.entry} {
  %n = arith.constant 4 : i64
  %m = memref.alloc() : memref<4xf32>
  %code = call @mg_call_fill(%m, %n) : (memref<4xf32>, i64) -> i32
  %y = bufferization.to_tensor %m restrict : memref<4xf32>
  %s = tensor.from_elements %code : tensor<i32>
  return %y, %s : tensor<4xf32>, tensor<i32>
}

// A chain computes in the caller's memory: no allocation, no copy.
// BUFFERS-LABEL: func.func @in_place
// BUFFERS-SAME: %[[X:.*]]: memref<4xf32> {{.*}}, %[[Y:.*]]: memref<4xf32> {{.*}}memref<?xi8>
// BUFFERS-NOT: memref.alloc
// BUFFERS-NOT: memref.copy
// BUFFERS: linalg.generic {{.*}} ins(%[[X]] : {{.*}}) outs(%[[Y]] :
func.func @in_place(%x: tensor<4xf32> {mg.name = "x"})
    -> (tensor<4xf32> {mg.name = "y"}) attributes {mg.entry} {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>,
                                        affine_map<(i) -> (i)>],
                       iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = arith.addf %p, %p : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// Each fill of a shared one lies right before its user: filled early, its
// memory would be held until then.
// BUFFERS-LABEL: func.func @two_products
// BUFFERS: linalg.fill
// BUFFERS-NOT: linalg.fill
// BUFFERS: linalg.matmul
// BUFFERS: linalg.fill
// BUFFERS: linalg.matmul
func.func @two_products(%x: tensor<4x4xf32> {mg.name = "x"})
    -> (tensor<4x4xf32> {mg.name = "y"}) attributes {mg.entry} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %p = linalg.matmul ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>)
                     outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  %y = linalg.matmul ins(%p, %x : tensor<4x4xf32>, tensor<4x4xf32>)
                     outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}
