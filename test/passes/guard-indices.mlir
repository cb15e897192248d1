// RUN: mgc-opt %s --mg-guard-indices --split-input-file | FileCheck %s

// CHECK-LABEL: @gather
// CHECK-SAME: -> (tensor<4x3xf32>, tensor<i32> {mg.name = "status", mg.status})
// CHECK-DAG: %[[N:.*]] = mg.constant dense<9> : tensor<4x1xi32>
// CHECK-DAG: %[[Z:.*]] = mg.constant dense<0> : tensor<4x1xi32>
// CHECK-DAG: %[[LOW:.*]] = mg.compare lt %arg1, %[[Z]]
// CHECK-DAG: %[[HIGH:.*]] = mg.compare ge %arg1, %[[N]]
// CHECK: %[[OUT:.*]] = mg.or %[[LOW]], %[[HIGH]]
// CHECK: %[[BAD:.*]] = mg.reduce or %[[OUT]] [0, 1]
// CHECK: %[[Y:.*]] = mg.gather
// CHECK-DAG: %[[ERROR:.*]] = mg.constant dense<7> : tensor<i32>
// CHECK-DAG: %[[FINE:.*]] = mg.constant dense<0> : tensor<i32>
// CHECK: %[[S:.*]] = mg.select %[[BAD]], %[[ERROR]], %[[FINE]]
// CHECK: return %[[Y]], %[[S]]
func.func @gather(%x: tensor<9x3xf32>, %i: tensor<4x1xi32>) -> tensor<4x3xf32> {
  %y = mg.gather %x, %i dims [0] : (tensor<9x3xf32>, tensor<4x1xi32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// Bounds that differ are checked entry by entry; two ops make one status.
// CHECK-LABEL: @vectors
// CHECK: mg.slice %arg1 [0:4, 0:1]
// CHECK: mg.constant dense<9>
// CHECK: mg.slice %arg1 [0:4, 1:2]
// CHECK: mg.constant dense<3>
// CHECK: %[[A:.*]] = mg.reduce or
// CHECK: %[[B:.*]] = mg.reduce or
// CHECK: %[[BAD:.*]] = mg.or %[[A]], %[[B]]
// CHECK: mg.select %[[BAD]]
func.func @vectors(%x: tensor<9x3xf32>, %i: tensor<4x2xi32>, %u: tensor<4xf32>) -> (tensor<4xf32>, tensor<9x3xf32>) {
  %y = mg.gather %x, %i dims [0, 1] : (tensor<9x3xf32>, tensor<4x2xi32>) -> tensor<4xf32>
  %z = mg.scatter add %x, %i, %u dims [0, 1] : (tensor<9x3xf32>, tensor<4x2xi32>, tensor<4xf32>) -> tensor<9x3xf32>
  return %y, %z : tensor<4xf32>, tensor<9x3xf32>
}

// -----

// CHECK-LABEL: @none
// CHECK-NOT: mg.status
func.func @none(%x: tensor<9xf32>) -> tensor<9xf32> {
  return %x : tensor<9xf32>
}
