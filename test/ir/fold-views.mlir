// RUN: mgc-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @identities
func.func @identities(%x: tensor<4x6xf32>, %v: tensor<f32>, %s: tensor<2xi32>) -> (tensor<4x6xf32>, tensor<4x6xf32>) {
  %0 = mg.reshape %x : tensor<4x6xf32> -> tensor<4x6xf32>
  %1 = mg.transpose %0 [0, 1] : tensor<4x6xf32> -> tensor<4x6xf32>
  %2 = mg.broadcast %1 [0, 1] : tensor<4x6xf32> -> tensor<4x6xf32>
  %3 = mg.slice %2 [0:4, 0:?] : tensor<4x6xf32> -> tensor<4x6xf32>
  %4 = mg.reverse %3 [] : tensor<4x6xf32>
  %5 = mg.pad %x, %v lo [0, 0] hi [0, 0] interior [0, 0] : (tensor<4x6xf32>, tensor<f32>) -> tensor<4x6xf32>
  %6 = mg.concat %5 dim 0 : (tensor<4x6xf32>) -> tensor<4x6xf32>
  %7 = mg.dynamic_slice %6, %s size [4, 6] : (tensor<4x6xf32>, tensor<2xi32>) -> tensor<4x6xf32>
  // CHECK-NEXT: return %arg0, %arg0
  return %4, %7 : tensor<4x6xf32>, tensor<4x6xf32>
}

// CHECK-LABEL: @compose
func.func @compose(%x: tensor<4x6x2xf32>) -> (tensor<6x2x4xf32>, tensor<12x4xf32>, tensor<1x2x2xf32>, tensor<4x6x2xf32>) {
  // CHECK: %[[T:.*]] = mg.transpose %arg0 [1, 2, 0] :
  %0 = mg.transpose %x [2, 0, 1] : tensor<4x6x2xf32> -> tensor<2x4x6xf32>
  %1 = mg.transpose %0 [2, 0, 1] : tensor<2x4x6xf32> -> tensor<6x2x4xf32>
  // CHECK: %[[R:.*]] = mg.reshape %arg0 : tensor<4x6x2xf32> -> tensor<12x4xf32>
  %2 = mg.reshape %x : tensor<4x6x2xf32> -> tensor<48xf32>
  %3 = mg.reshape %2 : tensor<48xf32> -> tensor<12x4xf32>
  // CHECK: %[[S:.*]] = mg.slice %arg0 [3:4, 1:6:4, 0:2] :
  %4 = mg.slice %x [1:4, 1:6:2, 0:2] : tensor<4x6x2xf32> -> tensor<3x3x2xf32>
  %5 = mg.slice %4 [2:3, 0:3:2, 0:2] : tensor<3x3x2xf32> -> tensor<1x2x2xf32>
  // CHECK: %[[V:.*]] = mg.reverse %arg0 [0, 2] :
  %6 = mg.reverse %x [0, 1] : tensor<4x6x2xf32>
  %7 = mg.reverse %6 [1, 2] : tensor<4x6x2xf32>
  // CHECK: return %[[T]], %[[R]], %[[S]], %[[V]]
  return %1, %3, %5, %7 : tensor<6x2x4xf32>, tensor<12x4xf32>, tensor<1x2x2xf32>, tensor<4x6x2xf32>
}

// CHECK-LABEL: @broadcasts
func.func @broadcasts(%x: tensor<3xf32>, %y: tensor<2x3xf32>) -> (tensor<4x3x5xf32>, tensor<2x3x5xf32>, tensor<4x3x2xf32>) {
  // CHECK: %[[A:.*]] = mg.broadcast %arg0 [1] : tensor<3xf32> -> tensor<4x3x5xf32>
  %0 = mg.broadcast %x [0] : tensor<3xf32> -> tensor<3x5xf32>
  %1 = mg.broadcast %0 [1, 2] : tensor<3x5xf32> -> tensor<4x3x5xf32>
  // CHECK: %[[B:.*]] = mg.broadcast %arg1 [0, 1] : tensor<2x3xf32> -> tensor<2x3x5xf32>
  %2 = mg.reshape %y : tensor<2x3xf32> -> tensor<2x3x1xf32>
  %3 = mg.broadcast %2 [0, 1, 2] : tensor<2x3x1xf32> -> tensor<2x3x5xf32>
  // CHECK: %[[C:.*]] = mg.broadcast %arg1 [2, 1] : tensor<2x3xf32> -> tensor<4x3x2xf32>
  %4 = mg.transpose %y [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %5 = mg.broadcast %4 [1, 2] : tensor<3x2xf32> -> tensor<4x3x2xf32>
  // CHECK: return %[[A]], %[[B]], %[[C]]
  return %1, %3, %5 : tensor<4x3x5xf32>, tensor<2x3x5xf32>, tensor<4x3x2xf32>
}
