// RUN: mgc-opt %s --mg-lift-weights --split-input-file -verify-diagnostics | FileCheck %s

// The order is the module's: w is used first, and @second has both.
// CHECK-LABEL: @first
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>, %[[W:.*]]: tensor<4xf32> {mg.name = "w", mg.weight})
// CHECK: mg.add %[[X]], %[[W]]
func.func @first(%x: tensor<4xf32>) -> tensor<4xf32> {
  %w = mg.weight "w" : tensor<4xf32>
  %y = mg.add %x, %w : tensor<4xf32>
  return %y : tensor<4xf32>
}
// CHECK-LABEL: @second
// CHECK-SAME: (%[[W:.*]]: tensor<4xf32> {mg.name = "w", mg.weight}, %[[V:.*]]: tensor<4xf32> {mg.name = "v", mg.weight})
// CHECK: mg.add %[[V]], %[[W]]
// CHECK: mg.mul %{{.*}}, %[[W]]
func.func @second() -> tensor<4xf32> {
  %v = mg.weight "v" : tensor<4xf32>
  %w = mg.weight "w" : tensor<4xf32>
  %y = mg.add %v, %w : tensor<4xf32>
  %u = mg.weight "w" : tensor<4xf32>
  %z = mg.mul %y, %u : tensor<4xf32>
  return %z : tensor<4xf32>
}

// -----

func.func @types() -> (tensor<4xf32>, tensor<5xf32>) {
  // expected-note@+1 {{the first one is here}}
  %v = mg.weight "w" : tensor<4xf32>
  // expected-error@+1 {{weight: 'w' has two types, 'tensor<4xf32>' and 'tensor<5xf32>'}}
  %w = mg.weight "w" : tensor<5xf32>
  return %v, %w : tensor<4xf32>, tensor<5xf32>
}
