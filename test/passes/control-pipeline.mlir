// RUN: mgc-opt %s --mg-to-linalg | FileCheck %s

// A weight in the body is one of the entry; the matrix product with it, which
// no step changes, is computed once; bias and step are one loop nest.
// CHECK-LABEL: func.func @entry
// CHECK-SAME: %[[W:.*]]: tensor<4x4xf32> {mg.dtype = "f32", mg.name = "w", mg.weight}
// CHECK-SAME: tensor<i32> {mg.dtype = "i32", mg.name = "status", mg.status}
// CHECK: %[[D:.*]] = linalg.generic {{.*}}mg.contraction
// CHECK: %[[LOOP:.*]]:3 = scf.for {{.*}} -> (tensor<4xf32>, tensor<9x4xf32>, tensor<i8>)
// CHECK: linalg.generic {{.*}} ins({{.*}}%[[D]]
// CHECK: math.exp
// CHECK: tensor.insert_slice
// CHECK: scf.yield
// CHECK-NOT: mg.scan
func.func @entry(%h: tensor<4xf32>, %c: tensor<4xf32>, %xs: tensor<9x4xf32>, %is: tensor<9x4x1xi32>) -> (tensor<4xf32>, tensor<9x4xf32>) {
  %y:2 = mg.scan @step(%c, %h, %xs, %is) consts 1 carries 1 length 9
      : (tensor<4xf32>, tensor<4xf32>, tensor<9x4xf32>, tensor<9x4x1xi32>) -> (tensor<4xf32>, tensor<9x4xf32>)
  return %y#0, %y#1 : tensor<4xf32>, tensor<9x4xf32>
}
func.func private @step(%c: tensor<4xf32>, %h: tensor<4xf32>, %x: tensor<4xf32>, %i: tensor<4x1xi32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %w = mg.weight "w" : tensor<4x4xf32>
  %d = mg.dot %w, %c contract [1] x [0] : (tensor<4x4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %s = mg.add %h, %d : tensor<4xf32>
  %e = mg.exp %s : tensor<4xf32>
  %g = mg.gather %x, %i dims [0] : (tensor<4xf32>, tensor<4x1xi32>) -> tensor<4xf32>
  %n = mg.add %e, %g : tensor<4xf32>
  return %n, %n : tensor<4xf32>, tensor<4xf32>
}
