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

// .. but for few rows what makes a factor of fewer bytes, as its product.
// CHECK-LABEL: @prologue
// CHECK: linalg.generic {{.*}} ins(%arg0, %arg2, %arg1 : tensor<8x3xf32>, tensor<5xf32>, tensor<3x5xi8>) {{.*}} attrs = {mg.contraction}
// CHECK-NEXT: ^bb0(%[[X:.*]]: f32, %[[S:.*]]: f32, %[[Q:.*]]: i8, %[[Y:.*]]: f32)
// CHECK-NEXT: %[[W:.*]] = arith.sitofp %[[Q]]
// CHECK-NEXT: %[[F:.*]] = arith.mulf %[[W]], %[[S]]
// CHECK-NEXT: %[[P:.*]] = arith.mulf %[[X]], %[[F]]
// CHECK-NEXT: arith.addf %[[Y]], %[[P]]
func.func @prologue(%x: tensor<8x3xf32>, %q: tensor<3x5xi8>, %s: tensor<5xf32>) -> tensor<8x5xf32> {
  %w = mg.convert truncate %q : tensor<3x5xi8> -> tensor<3x5xf32>
  %b = mg.broadcast %s [1] : tensor<5xf32> -> tensor<3x5xf32>
  %f = mg.mul %w, %b : tensor<3x5xf32>
  %y = mg.dot %x, %f contract [1] x [0] : (tensor<8x3xf32>, tensor<3x5xf32>) -> tensor<8x5xf32>
  return %y : tensor<8x5xf32>
}

// Each of nine rows would make it again.
// CHECK-LABEL: @many_rows
// CHECK: arith.sitofp
// CHECK: linalg.generic {{.*}} tensor<9x3xf32>, tensor<3x5xf32>) {{.*}} attrs = {mg.contraction}
func.func @many_rows(%x: tensor<9x3xf32>, %q: tensor<3x5xi8>) -> tensor<9x5xf32> {
  %w = mg.convert truncate %q : tensor<3x5xi8> -> tensor<3x5xf32>
  %y = mg.dot %x, %w contract [1] x [0] : (tensor<9x3xf32>, tensor<3x5xf32>) -> tensor<9x5xf32>
  return %y : tensor<9x5xf32>
}

// As many bytes: nothing is saved. Computed: it follows what computes it.
// CHECK-LABEL: @no_prologue
// CHECK: arith.negf
// CHECK: linalg.generic {{.*}} attrs = {mg.contraction}
// CHECK: arith.sitofp
// CHECK: linalg.generic {{.*}} attrs = {mg.contraction}
func.func @no_prologue(%x: tensor<1x3xf32>, %w: tensor<3x5xf32>, %q: tensor<5x3xi8>) -> tensor<1x7xf32> {
  %n = mg.neg %w : tensor<3x5xf32>
  %y = mg.dot %x, %n contract [1] x [0] : (tensor<1x3xf32>, tensor<3x5xf32>) -> tensor<1x5xf32>
  %i = mg.dot %q, %q contract [1] x [1] : (tensor<5x3xi8>, tensor<5x3xi8>) -> tensor<5x5xi8>
  %s = mg.slice %i [0:5, 0:1] : tensor<5x5xi8> -> tensor<5x1xi8>
  %r = mg.broadcast %s [0, 1] : tensor<5x1xi8> -> tensor<5x7xi8>
  %f = mg.convert truncate %r : tensor<5x7xi8> -> tensor<5x7xf32>
  %z = mg.dot %y, %f contract [1] x [0] : (tensor<1x5xf32>, tensor<5x7xf32>) -> tensor<1x7xf32>
  return %z : tensor<1x7xf32>
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
