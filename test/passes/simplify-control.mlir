// RUN: mgc-opt %s --mg-simplify-control --symbol-dce --split-input-file | FileCheck %s

// The second carry is used by no one; the first constant was for it, and the
// third carry never changes.
// CHECK-LABEL: func.func @scan
// CHECK-SAME: (%[[W:.*]]: tensor<f32>, %[[H:.*]]: tensor<4xf32>, %[[K:.*]]: tensor<4xf32>, %[[XS:.*]]: tensor<9x4xf32>)
// CHECK: %[[OUT:.*]] = mg.scan @[[BODY:.*]](%[[K]], %[[H]], %[[XS]]) consts 1 carries 1 length 9
// CHECK: return %[[OUT]], %[[K]]
// CHECK: func.func private @[[BODY]](%[[KI:.*]]: tensor<4xf32>, %[[HI:.*]]: tensor<4xf32>, %[[X:.*]]: tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %[[A:.*]] = mg.add %[[HI]], %[[X]]
// CHECK-NEXT: %[[B:.*]] = mg.mul %[[A]], %[[KI]]
// CHECK-NEXT: return %[[B]]
// CHECK-NOT: func.func
func.func @scan(%w: tensor<f32>, %h: tensor<4xf32>, %k: tensor<4xf32>, %xs: tensor<9x4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %a, %b, %c, %s = mg.scan @step(%w, %h, %w, %k, %xs) consts 1 carries 3 length 9
      : (tensor<f32>, tensor<4xf32>, tensor<f32>, tensor<4xf32>, tensor<9x4xf32>)
      -> (tensor<4xf32>, tensor<f32>, tensor<4xf32>, tensor<9xf32>)
  return %a, %c : tensor<4xf32>, tensor<4xf32>
}
func.func private @step(%w: tensor<f32>, %h: tensor<4xf32>, %b: tensor<f32>, %k: tensor<4xf32>, %x: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<f32>, tensor<4xf32>, tensor<f32>) {
  %a = mg.add %h, %x : tensor<4xf32>
  %n = mg.mul %a, %k : tensor<4xf32>
  %c = mg.add %b, %w : tensor<f32>
  return %n, %c, %k, %c : tensor<4xf32>, tensor<f32>, tensor<4xf32>, tensor<f32>
}

// -----

// The condition reads the count, so it stays; what it does not read, goes.
// CHECK-LABEL: func.func @while
// CHECK: mg.while @{{.*}} do @{{.*}}(%arg0, %arg1) consts 1 max_trips 5
func.func @while(%most: tensor<i32>, %n: tensor<i32>, %x: tensor<f32>) -> tensor<i32> {
  %y:2 = mg.while @below do @step(%most, %n, %x) consts 1 max_trips 5
      : (tensor<i32>, tensor<i32>, tensor<f32>) -> (tensor<i32>, tensor<f32>)
  return %y#0 : tensor<i32>
}
func.func private @below(%most: tensor<i32>, %n: tensor<i32>, %x: tensor<f32>) -> tensor<i1> {
  %c = mg.compare lt %n, %most : tensor<i32>
  return %c : tensor<i1>
}
func.func private @step(%most: tensor<i32>, %n: tensor<i32>, %x: tensor<f32>) -> (tensor<i32>, tensor<f32>) {
  %m = mg.add %n, %n : tensor<i32>
  %y = mg.exp %x : tensor<f32>
  return %m, %y : tensor<i32>, tensor<f32>
}

// -----

// CHECK-LABEL: func.func @if
// CHECK: %[[Y:.*]] = mg.if @{{.*}} else @{{.*}}(%arg0, %arg2) : (tensor<i1>, tensor<f32>) -> tensor<f32>
// CHECK: %[[Z:.*]] = mg.exp %arg1
// CHECK-NEXT: return %[[Y]], %[[Z]]
func.func @if(%c: tensor<i1>, %x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %a, %b = mg.if @both else @swapped(%c, %x, %y) : (tensor<i1>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  %true = mg.constant dense<true> : tensor<i1>
  %d, %e = mg.if @both else @swapped(%true, %x, %y) : (tensor<i1>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %b, %d : tensor<f32>, tensor<f32>
}
func.func private @both(%x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %a = mg.exp %x : tensor<f32>
  return %a, %y : tensor<f32>, tensor<f32>
}
func.func private @swapped(%x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %a = mg.neg %y : tensor<f32>
  return %x, %a : tensor<f32>, tensor<f32>
}

// -----

// No step, and one.
// CHECK-LABEL: func.func @short
// CHECK-SAME: (%[[H:.*]]: tensor<4xf32>, %[[NO:.*]]: tensor<0x4xf32>, %[[ONE:.*]]: tensor<1x4xf32>)
// CHECK: %[[X:.*]] = mg.reshape %[[ONE]]
// CHECK: %[[A:.*]] = mg.add %[[H]], %[[X]]
// CHECK: %[[S:.*]] = mg.reshape %[[A]]
// CHECK: return %{{.*}}, %[[A]], %[[S]]
func.func @short(%h: tensor<4xf32>, %no: tensor<0x4xf32>, %one: tensor<1x4xf32>) -> (tensor<0x4xf32>, tensor<4xf32>, tensor<1x4xf32>) {
  %a, %as = mg.scan @add(%h, %no) carries 1 length 0 : (tensor<4xf32>, tensor<0x4xf32>) -> (tensor<4xf32>, tensor<0x4xf32>)
  %b, %bs = mg.scan @add(%a, %one) carries 1 length 1 : (tensor<4xf32>, tensor<1x4xf32>) -> (tensor<4xf32>, tensor<1x4xf32>)
  return %as, %b, %bs : tensor<0x4xf32>, tensor<4xf32>, tensor<1x4xf32>
}
func.func private @add(%h: tensor<4xf32>, %x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %a = mg.add %h, %x : tensor<4xf32>
  return %a, %a : tensor<4xf32>, tensor<4xf32>
}

// -----

// What the inner loop drops, the outer one drops.
// CHECK-LABEL: func.func @nested
// CHECK: mg.scan @{{.*}}(%arg1, %arg2) carries 1 length 3 : (tensor<f32>, tensor<3x9xf32>) -> tensor<f32>
func.func @nested(%w: tensor<f32>, %h: tensor<f32>, %xs: tensor<3x9xf32>) -> tensor<f32> {
  %a = mg.scan @outer(%w, %h, %xs) consts 1 carries 1 length 3 : (tensor<f32>, tensor<f32>, tensor<3x9xf32>) -> tensor<f32>
  return %a : tensor<f32>
}
func.func private @outer(%w: tensor<f32>, %h: tensor<f32>, %xs: tensor<9xf32>) -> tensor<f32> {
  %a, %b = mg.scan @inner(%w, %h, %xs) consts 1 carries 1 length 9 : (tensor<f32>, tensor<f32>, tensor<9xf32>) -> (tensor<f32>, tensor<9xf32>)
  return %a : tensor<f32>
}
func.func private @inner(%w: tensor<f32>, %h: tensor<f32>, %x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %a = mg.add %h, %x : tensor<f32>
  %b = mg.mul %a, %w : tensor<f32>
  return %a, %b : tensor<f32>, tensor<f32>
}
