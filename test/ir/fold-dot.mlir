// RUN: mgc-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @weights
func.func @weights(%x: tensor<4x3xf32>, %w: tensor<5x3xf32>) -> tensor<4x5xf32> {
  // CHECK: mg.dot %arg0, %arg1 contract [1] x [1] :
  %0 = mg.transpose %w [1, 0] : tensor<5x3xf32> -> tensor<3x5xf32>
  %1 = mg.dot %x, %0 contract [1] x [0] : (tensor<4x3xf32>, tensor<3x5xf32>) -> tensor<4x5xf32>
  return %1 : tensor<4x5xf32>
}

// Heads of attention: (batch, time, head, feature) to (batch, head, time, ..).
// CHECK-LABEL: @heads
func.func @heads(%q: tensor<2x7x4x8xf32>, %k: tensor<2x7x4x8xf32>) -> tensor<2x4x7x7xf32> {
  // CHECK: mg.dot %arg0, %arg1 contract [3] x [3] batch [0, 2] x [0, 2] :
  %0 = mg.transpose %q [0, 2, 1, 3] : tensor<2x7x4x8xf32> -> tensor<2x4x7x8xf32>
  %1 = mg.transpose %k [0, 2, 3, 1] : tensor<2x7x4x8xf32> -> tensor<2x4x8x7xf32>
  %2 = mg.dot %0, %1 contract [3] x [2] batch [0, 1] x [0, 1]
      : (tensor<2x4x7x8xf32>, tensor<2x4x8x7xf32>) -> tensor<2x4x7x7xf32>
  return %2 : tensor<2x4x7x7xf32>
}

// The result's dimensions would swap.
// CHECK-LABEL: @order
func.func @order(%x: tensor<4x6x3xf32>, %w: tensor<3xf32>) -> tensor<6x4xf32> {
  // CHECK: mg.transpose
  %0 = mg.transpose %x [1, 0, 2] : tensor<4x6x3xf32> -> tensor<6x4x3xf32>
  %1 = mg.dot %0, %w contract [2] x [0] : (tensor<6x4x3xf32>, tensor<3xf32>) -> tensor<6x4xf32>
  return %1 : tensor<6x4xf32>
}
