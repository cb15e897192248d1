// RUN: mgc-opt %s --mg-to-linalg=dims=batch=4 | FileCheck %s

// The digits MLP: two contractions, and bias with relu as one kernel each.
// CHECK: module attributes {mg.name = "mlp"}
// CHECK: func.func @infer(%[[X:.*]]: tensor<4x64xf32> {mg.dtype = "f32", mg.name = "x"},
// CHECK-SAME: %[[W1:.*]]: tensor<64x32xf32> {mg.dtype = "f32", mg.name = "w1", mg.weight},
// CHECK-SAME: %[[B1:.*]]: tensor<32xf32> {mg.dtype = "f32", mg.name = "b1", mg.weight},
// CHECK-SAME: %[[W2:.*]]: tensor<32x10xf32>
// CHECK-SAME: %[[B2:.*]]: tensor<10xf32>
// CHECK-SAME: -> (tensor<4x10xf32> {mg.dtype = "f32", mg.name = "logits"}) attributes {mg.entry}
// CHECK: %[[D1:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[W1]] :
// CHECK-SAME: mg.contraction
// CHECK: %[[H:.*]] = linalg.generic {{.*}} ins(%[[D1]], %[[B1]] : tensor<4x32xf32>, tensor<32xf32>)
// CHECK: %[[S:.*]] = arith.addf
// CHECK-NEXT: arith.maximumf %[[S]], %{{.*}} : f32
// CHECK: %[[D2:.*]] = linalg.generic {{.*}} ins(%[[H]], %[[W2]] :
// CHECK: linalg.generic {{.*}} ins(%[[D2]], %[[B2]] :
// CHECK-NOT: linalg.generic
// CHECK: return
module attributes {mg.name = "mlp"} {
  func.func @infer(%x: tensor<?x64xf32, #mg.dims<batch = 1 to 64, _>> {mg.name = "x"})
      -> (tensor<?x10xf32, #mg.dims<batch = 1 to 64, _>> {mg.name = "logits"}) {
    %w1 = mg.weight "w1" : tensor<64x32xf32>
    %b1 = mg.weight "b1" : tensor<32xf32>
    %0 = mg.dot %x, %w1 contract [1] x [0]
        : (tensor<?x64xf32, #mg.dims<batch = 1 to 64, _>>, tensor<64x32xf32>)
        -> tensor<?x32xf32, #mg.dims<batch = 1 to 64, _>>
    %1 = mg.broadcast %b1 [1] : tensor<32xf32> -> tensor<?x32xf32, #mg.dims<batch = 1 to 64, _>>
    %2 = mg.add %0, %1 : tensor<?x32xf32, #mg.dims<batch = 1 to 64, _>>
    %3 = mg.call @relu(%2) : (tensor<?x32xf32, #mg.dims<batch = 1 to 64, _>>)
        -> tensor<?x32xf32, #mg.dims<batch = 1 to 64, _>>
    %w2 = mg.weight "w2" : tensor<32x10xf32>
    %b2 = mg.weight "b2" : tensor<10xf32>
    %4 = mg.dot %3, %w2 contract [1] x [0]
        : (tensor<?x32xf32, #mg.dims<batch = 1 to 64, _>>, tensor<32x10xf32>)
        -> tensor<?x10xf32, #mg.dims<batch = 1 to 64, _>>
    %5 = mg.broadcast %b2 [1] : tensor<10xf32> -> tensor<?x10xf32, #mg.dims<batch = 1 to 64, _>>
    %6 = mg.add %4, %5 : tensor<?x10xf32, #mg.dims<batch = 1 to 64, _>>
    return %6 : tensor<?x10xf32, #mg.dims<batch = 1 to 64, _>>
  }
  func.func private @relu(%x: tensor<?x32xf32, #mg.dims<batch = 1 to 64, _>>)
      -> tensor<?x32xf32, #mg.dims<batch = 1 to 64, _>> {
    %c = mg.constant dense<0.0> : tensor<f32>
    %z = mg.broadcast %c [] : tensor<f32> -> tensor<?x32xf32, #mg.dims<batch = 1 to 64, _>>
    %y = mg.max %x, %z : tensor<?x32xf32, #mg.dims<batch = 1 to 64, _>>
    return %y : tensor<?x32xf32, #mg.dims<batch = 1 to 64, _>>
  }
}
