// RUN: mgc-opt %s --mg-simplified-to-linalg=disable=mg-fuse | FileCheck %s

// Law 1: exp has two users that are two kernels, so it is computed once, as a
// tensor. What leads to it is fused.
// CHECK-LABEL: @softmax_tail
// CHECK: %[[E:.*]] = linalg.generic
// CHECK: arith.addf
// CHECK: math.exp
// CHECK: linalg.generic {{.*}}"reduction"]} ins(%[[E]] :
// CHECK: linalg.generic {{.*}} ins(%[[E]], %{{.*}} : tensor<4x8xf32>, tensor<4xf32>)
// CHECK-NOT: math.exp
func.func @softmax_tail(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %d = mg.add %x, %x : tensor<4x8xf32>
  %e = mg.exp %d : tensor<4x8xf32>
  %s = mg.reduce sum %e [1] : tensor<4x8xf32> -> tensor<4xf32>
  %b = mg.broadcast %s [0] : tensor<4xf32> -> tensor<4x8xf32>
  %y = mg.div %e, %b : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// Law 1: the kernel makes more steps than the producer has elements.
// CHECK-LABEL: @repeated
// CHECK: %[[E:.*]] = linalg.generic {{.*}}outs(%{{.*}} : tensor<8xf32>)
// CHECK: math.exp
// CHECK: linalg.generic {{.*}} ins(%arg0, %[[E]] :
func.func @repeated(%x: tensor<4x8xf32>, %v: tensor<8xf32>) -> tensor<4x8xf32> {
  %e = mg.exp %v : tensor<8xf32>
  %b = mg.broadcast %e [1] : tensor<8xf32> -> tensor<4x8xf32>
  %y = mg.mul %x, %b : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// Law 2: a view goes into each user, and stays for the one that returns it.
// CHECK-LABEL: @view
// CHECK-DAG: %[[T:.*]] = linalg.generic {{.*}} ins(%arg0 : tensor<2x3xf32>) outs(%{{.*}} : tensor<3x2xf32>)
// CHECK-DAG: %[[Y:.*]] = linalg.generic {{.*}} ins(%arg0 : tensor<2x3xf32>) outs(%{{.*}} : tensor<3x2xf32>)
// CHECK: return %{{.*}}, %{{.*}}
func.func @view(%x: tensor<2x3xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %t = mg.transpose %x [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %y = mg.neg %t : tensor<3x2xf32>
  return %t, %y : tensor<3x2xf32>, tensor<3x2xf32>
}

// Law 3: a contraction takes the transpose, not the arithmetic.
// CHECK-LABEL: @contraction
// CHECK: %[[N:.*]] = linalg.generic
// CHECK: arith.negf
// CHECK: linalg.generic {{.*}} ins(%[[N]], %arg1 : tensor<4x3xf32>, tensor<5x3xf32>) {{.*}} attrs = {mg.contraction}
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.mulf
func.func @contraction(%x: tensor<4x3xf32>, %w: tensor<5x3xf32>) -> tensor<4x5xf32> {
  %n = mg.neg %x : tensor<4x3xf32>
  %t = mg.transpose %w [1, 0] : tensor<5x3xf32> -> tensor<3x5xf32>
  %y = mg.dot %n, %t contract [1] x [0] : (tensor<4x3xf32>, tensor<3x5xf32>) -> tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}

// A sum of products is no contraction.
// CHECK-LABEL: @sum_of_products
// CHECK: linalg.generic
// CHECK-NOT: mg.contraction
// CHECK: arith.mulf
// CHECK-NEXT: arith.addf
func.func @sum_of_products(%x: tensor<4x8xf32>) -> tensor<4xf32> {
  %p = mg.mul %x, %x : tensor<4x8xf32>
  %s = mg.reduce sum %p [1] : tensor<4x8xf32> -> tensor<4xf32>
  return %s : tensor<4xf32>
}
