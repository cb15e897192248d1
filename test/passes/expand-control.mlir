// RUN: mgc-opt %s --mg-expand-control --split-input-file | FileCheck %s

// Slices and stacks in place; what does not change in the loop leaves it.
// CHECK-LABEL: func.func @scan
// CHECK-SAME: (%[[W:.*]]: tensor<4xf32>, %[[H:.*]]: tensor<4xf32>, %[[XS:.*]]: tensor<9x4xf32>)
// CHECK: %[[EMPTY:.*]] = tensor.empty() : tensor<9x4xf32>
// CHECK: %[[E:.*]] = mg.exp %[[W]]
// CHECK: %[[LOOP:.*]]:2 = scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[C:.*]] = %[[H]], %[[S:.*]] = %[[EMPTY]])
// CHECK: %[[X:.*]] = tensor.extract_slice %[[XS]][%[[I]], 0] [1, 4] [1, 1]
// CHECK: %[[A:.*]] = mg.add %[[C]], %[[X]]
// CHECK: %[[N:.*]] = mg.mul %[[A]], %[[E]]
// CHECK: %[[T:.*]] = tensor.insert_slice %[[N]] into %[[S]][%[[I]], 0] [1, 4] [1, 1]
// CHECK: scf.yield %[[N]], %[[T]]
// CHECK: return %[[LOOP]]#0, %[[LOOP]]#1
// CHECK-NOT: func.func
func.func @scan(%w: tensor<4xf32>, %h: tensor<4xf32>, %xs: tensor<9x4xf32>) -> (tensor<4xf32>, tensor<9x4xf32>) {
  %last, %all = mg.scan @step(%w, %h, %xs) consts 1 carries 1 length 9
      : (tensor<4xf32>, tensor<4xf32>, tensor<9x4xf32>) -> (tensor<4xf32>, tensor<9x4xf32>)
  return %last, %all : tensor<4xf32>, tensor<9x4xf32>
}
func.func private @step(%w: tensor<4xf32>, %h: tensor<4xf32>, %x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = mg.exp %w : tensor<4xf32>
  %a = mg.add %h, %x : tensor<4xf32>
  %n = mg.mul %a, %e : tensor<4xf32>
  return %n, %n : tensor<4xf32>, tensor<4xf32>
}

// -----

// From the last slice to the first.
// CHECK-LABEL: func.func @reverse
// CHECK: scf.for %[[I:.*]] = %{{.*}} to
// CHECK: %[[AT:.*]] = arith.subi %{{.*}}, %[[I]]
// CHECK: tensor.extract_slice %{{.*}}[%[[AT]]] [1] [1]
func.func @reverse(%h: tensor<f32>, %xs: tensor<9xf32>) -> tensor<f32> {
  %last = mg.scan @add(%h, %xs) carries 1 length 9 reverse : (tensor<f32>, tensor<9xf32>) -> tensor<f32>
  return %last : tensor<f32>
}
func.func private @add(%h: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = mg.add %h, %x : tensor<f32>
  return %y : tensor<f32>
}

// -----

// CHECK-LABEL: func.func @while
// CHECK-SAME: (%[[MOST:.*]]: tensor<f32>, %[[X:.*]]: tensor<f32>)
// CHECK: %[[LESS:.*]] = mg.compare lt %[[X]], %[[MOST]]
// CHECK: %[[FLAG:.*]] = tensor.extract %[[LESS]][]
// CHECK: scf.while (%[[S:.*]] = %[[X]], %[[C:.*]] = %[[FLAG]], %[[N:.*]] = %{{.*}}) : (tensor<f32>, i1, index)
// CHECK: %[[MAY:.*]] = arith.cmpi ult, %[[N]]
// CHECK: %[[GO:.*]] = arith.andi %[[C]], %[[MAY]]
// CHECK: scf.condition(%[[GO]]) %[[S]], %[[C]], %[[N]]
// CHECK: %[[Y:.*]] = mg.add
// CHECK: mg.compare lt %[[Y]], %[[MOST]]
// CHECK: arith.addi
// CHECK: scf.yield
func.func @while(%most: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = mg.while @below do @twice(%most, %x) consts 1 max_trips 20 : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
func.func private @below(%most: tensor<f32>, %x: tensor<f32>) -> tensor<i1> {
  %c = mg.compare lt %x, %most : tensor<f32>
  return %c : tensor<i1>
}
func.func private @twice(%most: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = mg.add %x, %x : tensor<f32>
  return %y : tensor<f32>
}

// -----

// A loop inside a branch.
// CHECK-LABEL: func.func @nested
// CHECK: %[[FLAG:.*]] = tensor.extract %arg0[] : tensor<i1>
// CHECK: scf.if %[[FLAG]]
// CHECK: scf.for
// CHECK: else
// CHECK: mg.neg
func.func @nested(%c: tensor<i1>, %h: tensor<f32>, %xs: tensor<9xf32>) -> tensor<f32> {
  %y = mg.if @sum else @negate(%c, %h, %xs) : (tensor<i1>, tensor<f32>, tensor<9xf32>) -> tensor<f32>
  return %y : tensor<f32>
}
func.func private @sum(%h: tensor<f32>, %xs: tensor<9xf32>) -> tensor<f32> {
  %last = mg.scan @add(%h, %xs) carries 1 length 9 : (tensor<f32>, tensor<9xf32>) -> tensor<f32>
  return %last : tensor<f32>
}
func.func private @negate(%h: tensor<f32>, %xs: tensor<9xf32>) -> tensor<f32> {
  %y = mg.neg %h : tensor<f32>
  return %y : tensor<f32>
}
func.func private @add(%h: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = mg.add %h, %x : tensor<f32>
  return %y : tensor<f32>
}
