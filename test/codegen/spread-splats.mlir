// RUN: mgc-opt %s --mg-spread-splats | FileCheck %s

#i = affine_map<(d0) -> (d0)>

// CHECK: #[[NONE:.*]] = affine_map<(d0) -> ()>
// CHECK-LABEL: func.func @read
// CHECK-NOT: dense
// CHECK: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[NONE]], #{{.*}}], {{.*}} ins(%{{.*}}, %[[HALF]] : tensor<8xf32>, f32)
// CHECK: return
func.func @read(%x: tensor<8xf32>) -> tensor<8xf32> {
  %c = arith.constant dense<0.5> : tensor<8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %a = linalg.generic {indexing_maps = [#i, #i, #i], iterator_types = ["parallel"]} ins(%x, %c : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %0 = arith.mulf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  return %a : tensor<8xf32>
}

// What is written into, and what is returned, is filled; what a call reads
// stays an array.
// CHECK-LABEL: func.func @kept
// CHECK: %[[ARRAY:.*]] = arith.constant dense<0>
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: %[[F:.*]] = linalg.fill ins(%{{.*}}) outs(%[[E]]
// CHECK: tensor.insert_slice %{{.*}} into %[[F]]
// CHECK: bufferization.to_memref %[[ARRAY]]
// CHECK: %[[G:.*]] = linalg.fill
// CHECK: return %{{.*}}, %[[G]]
func.func @kept(%x: tensor<3xi32>) -> (tensor<8xi32>, tensor<8xi32>, memref<8xi32>) {
  %c = arith.constant dense<0> : tensor<8xi32>
  %i = tensor.insert_slice %x into %c[2] [3] [1] : tensor<3xi32> into tensor<8xi32>
  %m = bufferization.to_memref %c : memref<8xi32>
  return %i, %c, %m : tensor<8xi32>, tensor<8xi32>, memref<8xi32>
}

// Many values are an array.
// CHECK-LABEL: func.func @table
// CHECK: arith.constant dense<[0, 1, 2]>
func.func @table() -> tensor<3xi32> {
  %c = arith.constant dense<[0, 1, 2]> : tensor<3xi32>
  return %c : tensor<3xi32>
}

// A splat that alone tells how long a loop is stays a tensor.
// CHECK-LABEL: @only_bound
// CHECK: %[[FILLED:.*]] = linalg.fill
// CHECK: linalg.generic {{.*}} ins(%[[FILLED]] : tensor<5xf32>)
func.func @only_bound(%init: tensor<f32>) -> tensor<f32> {
  %c = arith.constant dense<2.0> : tensor<5xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = ["reduction"]}
      ins(%c : tensor<5xf32>) outs(%init : tensor<f32>) {
  ^bb0(%x: f32, %old: f32):
    %n = arith.addf %old, %x : f32
    linalg.yield %n : f32
  } -> tensor<f32>
  return %s : tensor<f32>
}
