// RUN: mgc-opt %s --mg-to-linalg | FileCheck %s
// RUN: mgc-opt %s --mg-lower-to-linalg --canonicalize --cse | FileCheck %s --check-prefix=BEFORE

// What is behind the barrier is computed again, and no cast is left.
// CHECK-LABEL: @again
// CHECK-NOT: cast
// CHECK-COUNT-2: math.exp
// CHECK-NOT: cast
// BEFORE-LABEL: @again
// BEFORE: builtin.unrealized_conversion_cast
func.func @again(%x: tensor<4xf32>, %ct: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %a = mg.exp %x : tensor<4xf32>
  %y, %c = mg.barrier %x, %ct : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  %b = mg.exp %y : tensor<4xf32>
  %d = mg.mul %b, %c : tensor<4xf32>
  return %a, %d : tensor<4xf32>, tensor<4xf32>
}
