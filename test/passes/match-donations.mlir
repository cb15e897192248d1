// RUN: mgc-opt %s --pass-pipeline='builtin.module(func.func(mg-match-donations))' | FileCheck %s

// Every result finds the one argument that leaves one for the others, whatever
// the order.
// CHECK-LABEL: func.func @adam
// CHECK-NOT: mg.donated
// CHECK-SAME: -> (tensor<8xf32> {mg.updates = 1 : i64}, tensor<8xf32> {mg.updates = 0 : i64}, tensor<f32>)
func.func @adam(%m: tensor<8xf32> {mg.donated}, %w: tensor<8xf32> {mg.donated},
                %g: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<f32>) {
  %m1 = mg.add %m, %g : tensor<8xf32>
  %w1 = mg.sub %w, %m1 : tensor<8xf32>
  %loss = mg.reduce sum %g [0] : tensor<8xf32> -> tensor<f32>
  return %w1, %m1, %loss : tensor<8xf32>, tensor<8xf32>, tensor<f32>
}

// No chain of elementwise ops, another type, or taken: nothing.
// CHECK-LABEL: func.func @no_match
// CHECK-NOT: mg.updates = 0
// CHECK-NOT: mg.donated
// CHECK: return
func.func @no_match(%x: tensor<8xf32> {mg.donated}, %y: tensor<8xf32> {mg.donated})
    -> (tensor<8xf32>, tensor<8xi1>, tensor<8xf32> {mg.updates = 1 : i64}) {
  %r = mg.reverse %x [0] : tensor<8xf32>
  %c = mg.compare lt %x, %x : tensor<8xf32>
  return %r, %c, %x : tensor<8xf32>, tensor<8xi1>, tensor<8xf32>
}
