// RUN: mgc-opt %s --mg-lower-to-linalg --mg-return-status | FileCheck %s

// The runtime sorts along the middle of (2, 5, 3); its answer is the status.
// CHECK: func.func private @mg_call_argsort(index, index, i32, i64, i64, i64, i32) -> i32
// CHECK-LABEL: @sort
// CHECK-SAME: -> (tensor<2x5x3xi8>, tensor<2x5x3xf32>, tensor<i32> {mg.dtype = "i32", mg.name = "status", mg.status})
// CHECK: %[[P:.*]] = memref.alloc() : memref<2x5x3xi64>
// CHECK: %[[K:.*]] = bufferization.to_memref %arg0 read_only
// CHECK-DAG: memref.extract_aligned_pointer_as_index %[[K]]
// CHECK-DAG: memref.extract_aligned_pointer_as_index %[[P]]
// CHECK-DAG: %[[U8:.*]] = arith.constant 5 : i32
// CHECK-DAG: %[[OUTER:.*]] = arith.constant 2 : i64
// CHECK-DAG: %[[N:.*]] = arith.constant 5 : i64
// CHECK-DAG: %[[INNER:.*]] = arith.constant 3 : i64
// CHECK: %[[S:.*]] = call @mg_call_argsort(%{{.*}}, %{{.*}}, %[[U8]], %[[OUTER]], %[[N]], %[[INNER]], %{{.*}})
// CHECK: %[[PERM:.*]] = bufferization.to_tensor %[[P]] restrict
// CHECK: linalg.generic {{.*}} ins(%[[PERM]] : tensor<2x5x3xi64>) outs(%{{.*}} : tensor<2x5x3xi8>)
// CHECK: tensor.extract %arg0
// CHECK: linalg.generic {{.*}} ins(%[[PERM]] : tensor<2x5x3xi64>) outs(%{{.*}} : tensor<2x5x3xf32>)
// CHECK: tensor.extract %arg1
// CHECK: arith.select %{{.*}}, %{{.*}}, %[[S]] : i32
func.func @sort(%k: tensor<2x5x3xui8>, %v: tensor<2x5x3xf32>) -> (tensor<2x5x3xui8>, tensor<2x5x3xf32>) {
  %0, %1 = mg.sort %k, %v dim 1
      : (tensor<2x5x3xui8>, tensor<2x5x3xf32>) -> (tensor<2x5x3xui8>, tensor<2x5x3xf32>)
  return %0, %1 : tensor<2x5x3xui8>, tensor<2x5x3xf32>
}

// The first k of the permutation.
// CHECK-LABEL: @topk
// CHECK: %[[K:.*]] = tensor.extract_slice %{{.*}}[0] [2] [1] : tensor<9xi64> to tensor<2xi64>
// CHECK: linalg.generic {{.*}} ins(%[[K]] : tensor<2xi64>) outs(%{{.*}} : tensor<2xf32>)
// CHECK: arith.trunci %{{.*}} : i64 to i32
func.func @topk(%x: tensor<9xf32>) -> (tensor<2xf32>, tensor<2xi32>) {
  %v, %i = mg.topk %x dim 0 k 2 largest : tensor<9xf32> -> tensor<2xf32>, tensor<2xi32>
  return %v, %i : tensor<2xf32>, tensor<2xi32>
}

// Nothing to sort: no call.
// CHECK-LABEL: @empty
// CHECK-NEXT: return %arg0
func.func @empty(%x: tensor<0x3xf32>) -> tensor<0x3xf32> {
  %0 = mg.sort %x dim 0 : (tensor<0x3xf32>) -> tensor<0x3xf32>
  return %0 : tensor<0x3xf32>
}
