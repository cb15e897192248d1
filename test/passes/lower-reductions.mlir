// RUN: mgc-opt %s --mg-lower-to-linalg | FileCheck %s

// bf16 accumulates in f32 and is rounded once.
// CHECK-LABEL: @sum_bf16
// CHECK: linalg.fill ins(%{{.*}} : f32) outs(%{{.*}} : tensor<4xf32>)
// CHECK: linalg.generic {{.*}}"parallel", "reduction"]} ins(%{{.*}} : tensor<4x3xbf16>) outs(%{{.*}} : tensor<4xf32>)
// CHECK: arith.addf %{{.*}} : f32
// CHECK: linalg.generic
// CHECK: arith.truncf %{{.*}} : f32 to bf16
func.func @sum_bf16(%x: tensor<4x3xbf16>) -> tensor<4xbf16> {
  %s = mg.reduce sum %x [1] : tensor<4x3xbf16> -> tensor<4xbf16>
  return %s : tensor<4xbf16>
}

// The neutral element of `and` over bools is 1, not all bits set.
// CHECK-LABEL: @all
// CHECK: %[[ONE:.*]] = arith.constant 1 : i8
// CHECK: linalg.fill ins(%[[ONE]] : i8)
// CHECK: arith.andi %{{.*}} : i8
func.func @all(%x: tensor<4xi1>) -> tensor<i1> {
  %s = mg.reduce and %x [0] : tensor<4xi1> -> tensor<i1>
  return %s : tensor<i1>
}

// CHECK-LABEL: @max_unsigned
// CHECK: linalg.fill ins(%c0_i32
// CHECK: arith.maxui
func.func @max_unsigned(%x: tensor<4xui32>) -> tensor<ui32> {
  %s = mg.reduce max %x [0] : tensor<4xui32> -> tensor<ui32>
  return %s : tensor<ui32>
}

// CHECK-LABEL: @max_float
// CHECK: arith.constant 0xFF800000 : f32
// CHECK: arith.maximumf
func.func @max_float(%x: tensor<4xf32>) -> tensor<f32> {
  %s = mg.reduce max %x [0] : tensor<4xf32> -> tensor<f32>
  return %s : tensor<f32>
}

// One loop along the dimension inside loops over the others.
// CHECK-LABEL: @cumulative
// CHECK: scf.for {{.*}} -> (tensor<4x3xf32>)
// CHECK: scf.for {{.*}} -> (tensor<4x3xf32>, f32)
// CHECK: tensor.extract
// CHECK: arith.addf
// CHECK: tensor.insert
func.func @cumulative(%x: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %s = mg.cumulative sum %x dim 0 : tensor<4x3xf32>
  return %s : tensor<4x3xf32>
}
