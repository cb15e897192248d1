// RUN: mgc-opt %s | mgc-opt | FileCheck %s

// CHECK-LABEL: @moves
func.func @moves(%x: tensor<4x3xf32>, %v: tensor<f32>, %s: tensor<2xi64>, %u: tensor<1x3xf32>) {
  // CHECK: mg.pad %arg0, %arg1 lo [1, -1] hi [0, 2] interior [0, 1] : (tensor<4x3xf32>, tensor<f32>) -> tensor<5x6xf32>
  %0 = mg.pad %x, %v lo [1, -1] hi [0, 2] interior [0, 1] : (tensor<4x3xf32>, tensor<f32>) -> tensor<5x6xf32>
  // CHECK: mg.concat %arg0, %arg3 dim 0 : (tensor<4x3xf32>, tensor<1x3xf32>) -> tensor<5x3xf32>
  %1 = mg.concat %x, %u dim 0 : (tensor<4x3xf32>, tensor<1x3xf32>) -> tensor<5x3xf32>
  // CHECK: mg.fold %{{.*}} dims [1] size [3] stride [2] dilation [1] : tensor<2x3x3xf32> -> tensor<2x7xf32>
  %2 = mg.constant dense<1.0> : tensor<2x3x3xf32>
  %3 = mg.fold %2 dims [1] size [3] stride [2] dilation [1] : tensor<2x3x3xf32> -> tensor<2x7xf32>
  // CHECK: mg.dynamic_slice %arg0, %arg2 size [2, ?] : (tensor<4x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  %4 = mg.dynamic_slice %x, %s size [2, ?] : (tensor<4x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  // CHECK: mg.dynamic_update_slice %arg0, %arg3, %arg2 :
  %5 = mg.dynamic_update_slice %x, %u, %s : (tensor<4x3xf32>, tensor<1x3xf32>, tensor<2xi64>) -> tensor<4x3xf32>
  return
}

// CHECK-LABEL: @gathers
func.func @gathers(%x: tensor<2x9x5xf32>, %i: tensor<2x4x1xi32>, %u: tensor<2x4x5xf32>, %j: tensor<7x2xi64>, %e: tensor<4x0xi32>) {
  // CHECK: mg.gather %arg0, %arg1 dims [1] batch_dims 1 : (tensor<2x9x5xf32>, tensor<2x4x1xi32>) -> tensor<2x4x5xf32>
  %0 = mg.gather %x, %i dims [1] batch_dims 1 : (tensor<2x9x5xf32>, tensor<2x4x1xi32>) -> tensor<2x4x5xf32>
  // CHECK: mg.gather %arg0, %arg3 dims [2, 0] : (tensor<2x9x5xf32>, tensor<7x2xi64>) -> tensor<7x9xf32>
  %1 = mg.gather %x, %j dims [2, 0] : (tensor<2x9x5xf32>, tensor<7x2xi64>) -> tensor<7x9xf32>
  // CHECK: mg.gather %arg0, %arg4 dims [] :
  %2 = mg.gather %x, %e dims [] : (tensor<2x9x5xf32>, tensor<4x0xi32>) -> tensor<4x2x9x5xf32>
  // CHECK: mg.scatter max %arg0, %arg1, %arg2 dims [1] batch_dims 1 unique :
  %3 = mg.scatter max %x, %i, %u dims [1] batch_dims 1 unique : (tensor<2x9x5xf32>, tensor<2x4x1xi32>, tensor<2x4x5xf32>) -> tensor<2x9x5xf32>
  return
}
