// RUN: mgc-opt %s --mg-drop-empty | FileCheck %s

// CHECK-LABEL: func.func @chain
// CHECK-NOT: mg.exp
// CHECK-NOT: mg.slice
// CHECK: mg.constant dense<> : tensor<2x0xf32>
func.func @chain(%x: tensor<4x0xf32>) -> tensor<2x0xf32> {
  %e = mg.exp %x : tensor<4x0xf32>
  %s = mg.slice %e [0:4:2, 0:0] : tensor<4x0xf32> -> tensor<2x0xf32>
  return %s : tensor<2x0xf32>
}

// The sum of nothing has elements to compute.
// CHECK-LABEL: func.func @sum
// CHECK: mg.reduce sum
func.func @sum(%x: tensor<4x0xf32>) -> tensor<4xf32> {
  %y = mg.reduce sum %x [1] : tensor<4x0xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}
