// RUN: split-file %s %t
// RUN: mgc-opt --mg-differentiate --canonicalize %t/nest.mlir | FileCheck %t/nest.mlir
// RUN: mgc-opt --mg-differentiate --cse %t/checkpoint.mlir | FileCheck %t/checkpoint.mlir
// RUN: mgc-opt --mg-differentiate %t/rule.mlir | FileCheck %t/rule.mlir
// RUN: not mgc-opt --mg-differentiate %t/none.mlir 2>&1 | FileCheck %t/none.mlir
// RUN: not mgc-opt --mg-differentiate %t/unmapped.mlir 2>&1 | FileCheck %t/unmapped.mlir

//--- nest.mlir
func.func private @cube(%x: tensor<4xf64>) -> tensor<4xf64> {
  %y = mg.mul %x, %x : tensor<4xf64>
  %z = mg.mul %y, %x : tensor<4xf64>
  %unused = mg.floor %z : tensor<4xf64>
  return %z : tensor<4xf64>
}
func.func private @slope(%x: tensor<4xf64>, %ct: tensor<4xf64>)
    -> tensor<4xf64> {
  %y, %dx = mg.vjp @cube(%x, %ct) of [0] wrt [0]
      : (tensor<4xf64>, tensor<4xf64>) -> (tensor<4xf64>, tensor<4xf64>)
  return %dx : tensor<4xf64>
}
// No op of the primal is left that the derivative does not need.
// CHECK-LABEL: func @first(
// CHECK-SAME: %[[X:.*]]: tensor<4xf64>, %[[CT:.*]]: tensor<4xf64>
// CHECK: mg.mul %[[CT]]
// CHECK-NOT: floor
// CHECK-NOT: mg.vjp
func.func @first(%x: tensor<4xf64>, %ct: tensor<4xf64>) -> tensor<4xf64> {
  %y, %dx = mg.vjp @cube(%x, %ct) of [0] wrt [0]
      : (tensor<4xf64>, tensor<4xf64>) -> (tensor<4xf64>, tensor<4xf64>)
  return %dx : tensor<4xf64>
}
// CHECK-LABEL: func @third(
// CHECK-NOT: {{mg.vjp|mg.jvp|mg.vmap}}
// CHECK: return {{.*}} : tensor<3x4xf64>
func.func @third(%x: tensor<4x3xf64>, %ct: tensor<4xf64>) -> tensor<3x4xf64> {
  %z = mg.vmap @pushed(%x, %ct) in [1, -1] out [0] size 3
      : (tensor<4x3xf64>, tensor<4xf64>) -> tensor<3x4xf64>
  return %z : tensor<3x4xf64>
}
func.func private @pushed(%x: tensor<4xf64>, %ct: tensor<4xf64>)
    -> tensor<4xf64> {
  %y, %t = mg.jvp @slope(%x, %ct, %ct) wrt [0]
      : (tensor<4xf64>, tensor<4xf64>, tensor<4xf64>)
      -> (tensor<4xf64>, tensor<4xf64>)
  return %t : tensor<4xf64>
}

//--- checkpoint.mlir
func.func private @body(%x: tensor<4xf64>) -> tensor<4xf64> {
  %y = mg.exp %x : tensor<4xf64>
  %n = mg.name %y "kept" : tensor<4xf64>
  %z = mg.sin %n : tensor<4xf64>
  return %z : tensor<4xf64>
}
func.func private @nothing(%x: tensor<4xf64>) -> tensor<4xf64> {
  %y = mg.checkpoint nothing @body(%x) : (tensor<4xf64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}
func.func private @named(%x: tensor<4xf64>) -> tensor<4xf64> {
  %y = mg.checkpoint names @body(%x) names ["kept"]
      : (tensor<4xf64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}
// CHECK-LABEL: func @recomputed(
// CHECK: mg.exp
// CHECK: mg.sin
// CHECK: %[[AGAIN:.*]]:2 = mg.barrier
// CHECK: mg.exp %[[AGAIN]]#0
func.func @recomputed(%x: tensor<4xf64>, %ct: tensor<4xf64>)
    -> (tensor<4xf64>, tensor<4xf64>) {
  %y, %dx = mg.vjp @nothing(%x, %ct) of [0] wrt [0]
      : (tensor<4xf64>, tensor<4xf64>) -> (tensor<4xf64>, tensor<4xf64>)
  return %y, %dx : tensor<4xf64>, tensor<4xf64>
}
// CHECK-LABEL: func @kept(
// CHECK: %[[KEPT:.*]] = mg.exp
// CHECK: mg.sin %[[KEPT]]
// CHECK: mg.cos %[[KEPT]]
func.func @kept(%x: tensor<4xf64>, %ct: tensor<4xf64>)
    -> (tensor<4xf64>, tensor<4xf64>) {
  %y, %dx = mg.vjp @named(%x, %ct) of [0] wrt [0]
      : (tensor<4xf64>, tensor<4xf64>) -> (tensor<4xf64>, tensor<4xf64>)
  return %y, %dx : tensor<4xf64>, tensor<4xf64>
}

//--- rule.mlir
func.func private @body(%x: tensor<4xf64>, %i: tensor<4xi32>) -> tensor<4xf64> {
  %y = mg.floor %x : tensor<4xf64>
  return %y : tensor<4xf64>
}
func.func private @there(%x: tensor<4xf64>, %i: tensor<4xi32>)
    -> (tensor<4xf64>, tensor<4xf64>) {
  %y = mg.floor %x : tensor<4xf64>
  return %y, %x : tensor<4xf64>, tensor<4xf64>
}
func.func private @back(%x: tensor<4xf64>, %ct: tensor<4xf64>)
    -> tensor<4xf64> {
  %dx = mg.atan2 %ct, %x : tensor<4xf64>
  return %dx : tensor<4xf64>
}
func.func private @f(%x: tensor<4xf64>, %i: tensor<4xi32>) -> tensor<4xf64> {
  %y = mg.composite "straight"(%x, %i) {} @body rule @there, @back
      : (tensor<4xf64>, tensor<4xi32>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}
// CHECK-LABEL: func @own_rule(
// CHECK-SAME: %[[X:.*]]: tensor<4xf64>, %{{.*}}, %[[CT:.*]]: tensor<4xf64>
// CHECK: %[[DX:.*]] = mg.atan2 %[[CT]], %[[X]]
// CHECK: return %[[DX]]
func.func @own_rule(%x: tensor<4xf64>, %i: tensor<4xi32>, %ct: tensor<4xf64>)
    -> tensor<4xf64> {
  %y, %dx = mg.vjp @f(%x, %i, %ct) of [0] wrt [0]
      : (tensor<4xf64>, tensor<4xi32>, tensor<4xf64>)
      -> (tensor<4xf64>, tensor<4xf64>)
  return %dx : tensor<4xf64>
}

//--- none.mlir
func.func private @f(%x: tensor<4xf32>) -> tensor<4xf16> {
  %h = mg.convert truncate %x : tensor<4xf32> -> tensor<4xf16>
  // CHECK: none.mlir:[[@LINE+1]]:8: error: bitcast: has no reverse-mode derivative
  %b = mg.bitcast %h : tensor<4xf16> -> tensor<4xbf16>
  %c = mg.convert truncate %b : tensor<4xbf16> -> tensor<4xf16>
  return %c : tensor<4xf16>
}
func.func @g(%x: tensor<4xf32>, %ct: tensor<4xf16>) -> tensor<4xf32> {
  %y, %dx = mg.vjp @f(%x, %ct) of [0] wrt [0]
      : (tensor<4xf32>, tensor<4xf16>) -> (tensor<4xf16>, tensor<4xf32>)
  return %dx : tensor<4xf32>
}

//--- unmapped.mlir
func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func @g(%x: tensor<2x4xf32>) -> tensor<4xf32> {
  // CHECK: error: vmap: result 0 has no axis, and depends on a mapped argument
  %y = mg.vmap @f(%x) in [0] out [-1] size 2
      : (tensor<2x4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
