// RUN: mgc-opt %s --mg-simplified-to-linalg | FileCheck %s

// CHECK-LABEL: @slice
// CHECK: %[[Y:.*]] = tensor.extract_slice %arg0[1, 0, 2] [1, 4, 3] [1, 1, 2]
// CHECK-NEXT: return %[[Y]]
func.func @slice(%x: tensor<2x4x8xf32>) -> tensor<1x4x3xf32> {
  %y = mg.slice %x [1:2, 0:4, 2:8:2] : tensor<2x4x8xf32> -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// Drops one dimension of size 1 and inserts another.
// CHECK-LABEL: @unit_dims
// CHECK: %[[S:.*]] = tensor.extract_slice %arg0[1, 0] [1, 4] [1, 1] : tensor<2x4xf32> to tensor<4xf32>
// CHECK-NEXT: %[[Y:.*]] = tensor.expand_shape %[[S]] {{\[}}[0, 1]] output_shape [4, 1]
// CHECK-NEXT: return %[[Y]]
func.func @unit_dims(%x: tensor<2x4xf32>) -> tensor<4x1xf32> {
  %s = mg.slice %x [1:2, 0:4] : tensor<2x4xf32> -> tensor<1x4xf32>
  %y = mg.reshape %s : tensor<1x4xf32> -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// CHECK-LABEL: @scalar
// CHECK: tensor.expand_shape %arg0 [] output_shape [1, 1]
func.func @scalar(%x: tensor<f32>) -> tensor<1x1xf32> {
  %y = mg.reshape %x : tensor<f32> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// A repeat needs memory: it stays a copy.
// CHECK-LABEL: @repeat
// CHECK: linalg.generic
func.func @repeat(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  %y = mg.broadcast %x [1] : tensor<3xf32> -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
