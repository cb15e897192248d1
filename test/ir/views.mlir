// RUN: mgc-opt %s | mgc-opt | FileCheck %s

// CHECK-LABEL: @views
func.func @views(%x: tensor<4x6xf32>) {
  // CHECK: mg.reshape %arg0 : tensor<4x6xf32> -> tensor<2x12xf32>
  %0 = mg.reshape %x : tensor<4x6xf32> -> tensor<2x12xf32>
  // CHECK: mg.transpose %arg0 [1, 0] : tensor<4x6xf32> -> tensor<6x4xf32>
  %1 = mg.transpose %x [1, 0] : tensor<4x6xf32> -> tensor<6x4xf32>
  // CHECK: mg.broadcast %arg0 [2, 0] : tensor<4x6xf32> -> tensor<6x5x4xf32>
  %2 = mg.broadcast %x [2, 0] : tensor<4x6xf32> -> tensor<6x5x4xf32>
  // CHECK: mg.slice %arg0 [1:3, 0:6:4] : tensor<4x6xf32> -> tensor<2x2xf32>
  %3 = mg.slice %x [1:3, 0:6:4] : tensor<4x6xf32> -> tensor<2x2xf32>
  // CHECK: mg.slice %arg0 [4:4, 1:?] : tensor<4x6xf32> -> tensor<0x5xf32>
  %4 = mg.slice %x [4:4, 1:?] : tensor<4x6xf32> -> tensor<0x5xf32>
  // CHECK: mg.reverse %arg0 [0, 1] : tensor<4x6xf32>
  %5 = mg.reverse %x [0, 1] : tensor<4x6xf32>
  // CHECK: mg.unfold %arg0 dims [1, 0] size [2, 3] stride [2, 1] dilation [3, 1] : tensor<4x6xf32> -> tensor<2x2x2x3xf32>
  %6 = mg.unfold %x dims [1, 0] size [2, 3] stride [2, 1] dilation [3, 1]
      : tensor<4x6xf32> -> tensor<2x2x2x3xf32>
  // CHECK: mg.diagonal %arg0[1, 0] : tensor<4x6xf32> -> tensor<4xf32>
  %7 = mg.diagonal %x [1, 0] : tensor<4x6xf32> -> tensor<4xf32>
  return
}

// CHECK-LABEL: @scalars
func.func @scalars(%x: tensor<f32>) {
  // CHECK: mg.reshape %arg0 : tensor<f32> -> tensor<1x1xf32>
  %0 = mg.reshape %x : tensor<f32> -> tensor<1x1xf32>
  // CHECK: mg.broadcast %arg0 [] : tensor<f32> -> tensor<0x7xf32>
  %1 = mg.broadcast %x [] : tensor<f32> -> tensor<0x7xf32>
  // CHECK: mg.slice %arg0 [] : tensor<f32> -> tensor<f32>
  %2 = mg.slice %x [] : tensor<f32> -> tensor<f32>
  return
}
