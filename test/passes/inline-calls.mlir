// RUN: mgc-opt %s --mg-inline-calls --split-input-file -verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @entry
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>)
// CHECK-NEXT: %[[E:.*]] = mg.exp %[[X]]
// CHECK-NEXT: %[[N:.*]] = mg.neg %[[E]]
// CHECK-NEXT: %[[F:.*]] = mg.exp %[[N]]
// CHECK-NEXT: return %[[F]]
// CHECK-NOT: func.func
func.func @entry(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = mg.composite "negexp"(%x) {axis = 1} @outer : (tensor<4xf32>) -> tensor<4xf32>
  %b = mg.call @inner(%a) : (tensor<4xf32>) -> tensor<4xf32>
  return %b : tensor<4xf32>
}
func.func private @outer(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = mg.call @inner(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %b = mg.neg %a : tensor<4xf32>
  return %b : tensor<4xf32>
}
func.func private @inner(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = mg.exp %x : tensor<4xf32>
  return %a : tensor<4xf32>
}

// -----

func.func @recursive(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = mg.call @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %a : tensor<4xf32>
}
func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{not supported: @f calls itself, directly or not}}
  %a = mg.call @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %a : tensor<4xf32>
}

// -----

func.func @external(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{not supported: mg.call of @f, which has no body}}
  %a = mg.call @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %a : tensor<4xf32>
}
func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32>

// -----

// What a loop names stays, and its calls are expanded.
// CHECK-LABEL: func.func @loop
// CHECK: mg.scan @step
// CHECK: func.func private @step
// CHECK-NEXT: mg.exp
// CHECK-NEXT: return
// CHECK-NOT: @unused
// CHECK-NOT: @inner
func.func @loop(%xs: tensor<9x4xf32>) -> tensor<9x4xf32> {
  %ys = mg.scan @step(%xs) length 9 : (tensor<9x4xf32>) -> tensor<9x4xf32>
  return %ys : tensor<9x4xf32>
}
func.func private @step(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = mg.call @inner(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func private @inner(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = mg.exp %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func private @unused(%xs: tensor<9x4xf32>) -> tensor<9x4xf32> {
  %ys = mg.scan @step(%xs) length 9 : (tensor<9x4xf32>) -> tensor<9x4xf32>
  return %ys : tensor<9x4xf32>
}

// -----

func.func @recursion(%xs: tensor<9x4xf32>) -> tensor<9x4xf32> {
  %ys = mg.call @again(%xs) : (tensor<9x4xf32>) -> tensor<9x4xf32>
  return %ys : tensor<9x4xf32>
}
func.func private @again(%xs: tensor<9x4xf32>) -> tensor<9x4xf32> {
  %c = mg.constant dense<true> : tensor<i1>
  // expected-error@+1 {{not supported: @again calls itself, directly or not}}
  %ys = mg.if @again else @same(%c, %xs) : (tensor<i1>, tensor<9x4xf32>) -> tensor<9x4xf32>
  return %ys : tensor<9x4xf32>
}
func.func private @same(%xs: tensor<9x4xf32>) -> tensor<9x4xf32> {
  return %xs : tensor<9x4xf32>
}
