// RUN: mgc-opt %s --mg-differentiate --split-input-file -verify-diagnostics | FileCheck %s

// What the way back needs of each step is stacked, what it has anyway is not:
// the constant, its exp, the sequence, and the output.
// CHECK-LABEL: @scan
// CHECK: %[[E:.*]] = mg.exp %arg0
// CHECK: %[[OUT:.*]]:2 = mg.scan @{{.*}}(%arg0, %arg1, %arg2) consts 1 carries 1 length 9
// CHECK-SAME: -> (tensor<f32>, tensor<9xf32>)
// CHECK: mg.scan @{{.*}} length 9 reverse
func.func @scan(%w: tensor<f32>, %h: tensor<f32>, %xs: tensor<9xf32>, %ct: tensor<f32>) -> tensor<f32> {
  %y:3 = mg.vjp @last(%w, %h, %xs, %ct) of [0] wrt [2]
      : (tensor<f32>, tensor<f32>, tensor<9xf32>, tensor<f32>) -> (tensor<f32>, tensor<9xf32>, tensor<9xf32>)
  %s = mg.reduce sum %y#2 [0] : tensor<9xf32> -> tensor<f32>
  return %s : tensor<f32>
}
func.func private @last(%w: tensor<f32>, %h: tensor<f32>, %xs: tensor<9xf32>) -> (tensor<f32>, tensor<9xf32>) {
  %y:2 = mg.scan @step(%w, %h, %xs) consts 1 carries 1 length 9 : (tensor<f32>, tensor<f32>, tensor<9xf32>) -> (tensor<f32>, tensor<9xf32>)
  return %y#0, %y#1 : tensor<f32>, tensor<9xf32>
}
func.func private @step(%w: tensor<f32>, %h: tensor<f32>, %x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %e = mg.exp %w : tensor<f32>
  %p = mg.mul %e, %x : tensor<f32>
  %s = mg.tanh %p : tensor<f32>
  %n = mg.add %h, %s : tensor<f32>
  return %n, %s : tensor<f32>, tensor<f32>
}

// -----

func.func private @below(%x: tensor<f32>) -> tensor<i1> {
  %one = mg.constant dense<1.0> : tensor<f32>
  %c = mg.compare lt %x, %one : tensor<f32>
  return %c : tensor<i1>
}
func.func private @grow(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.add %x, %x : tensor<f32>
  return %y : tensor<f32>
}
func.func private @loop(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{while: has no reverse-mode derivative without a limit of trips: give max_trips, or use scan}}
  %y = mg.while @below do @grow(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
func.func @reverse(%x: tensor<f32>, %ct: tensor<f32>) -> tensor<f32> {
  %y:2 = mg.vjp @loop(%x, %ct) of [0] wrt [0] : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %y#1 : tensor<f32>
}

// -----

// Forward mode needs no limit.
func.func private @below(%x: tensor<f32>) -> tensor<i1> {
  %one = mg.constant dense<1.0> : tensor<f32>
  %c = mg.compare lt %x, %one : tensor<f32>
  return %c : tensor<i1>
}
func.func private @grow(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.add %x, %x : tensor<f32>
  return %y : tensor<f32>
}
func.func private @loop(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.while @below do @grow(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
// CHECK-LABEL: @forward
// CHECK: mg.while @{{.*}} do @{{.*}}(%arg0, %arg1) : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
func.func @forward(%x: tensor<f32>, %t: tensor<f32>) -> tensor<f32> {
  %y:2 = mg.jvp @loop(%x, %t) wrt [0] : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %y#1 : tensor<f32>
}

// -----

// Over a batch of limits the loop runs as long as one element's does.
func.func private @below(%most: tensor<f32>, %x: tensor<f32>) -> tensor<i1> {
  %c = mg.compare lt %x, %most : tensor<f32>
  return %c : tensor<i1>
}
func.func private @grow(%most: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = mg.add %x, %x : tensor<f32>
  return %y : tensor<f32>
}
func.func private @loop(%most: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = mg.while @below do @grow(%most, %x) consts 1 : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
// CHECK-LABEL: @batch
// CHECK: mg.while @[[ANY:.*]] do @[[EACH:.*]](%arg0, %{{.*}}, %{{.*}}) consts 1 : (tensor<8xf32>, tensor<8xf32>, tensor<8xi1>)
// CHECK: func.func private @[[ANY]]
// CHECK-NEXT: mg.reduce or
// CHECK: func.func private @[[EACH]]
// CHECK: mg.select
// CHECK: mg.and
func.func @batch(%most: tensor<8xf32>, %x: tensor<f32>) -> tensor<8xf32> {
  %y = mg.vmap @loop(%most, %x) in [0, -1] out [0] size 8 : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %y : tensor<8xf32>
}
