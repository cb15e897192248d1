// RUN: mgc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: mgc-opt %s --split-input-file --verify-diagnostics --inline | FileCheck %s --check-prefix=INLINE

func.func private @twice(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = mg.add %x, %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @caller
// INLINE-LABEL: @caller
func.func @caller(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: mg.call @twice(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
  %y = mg.call @twice(%x) : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: mg.composite "double"(%{{.*}}) {by = 2 : i64} @twice : (tensor<4xf32>) -> tensor<4xf32>
  %z = mg.composite "double"(%y) {by = 2} @twice : (tensor<4xf32>) -> tensor<4xf32>
  // INLINE-COUNT-2: mg.add
  // INLINE-NOT: @twice
  return %z : tensor<4xf32>
}

// -----

func.func @call_C1(%x: tensor<4xf32>) {
  // expected-error@+1 {{call: @nobody is no function}}
  %y = mg.call @nobody(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func private @f(tensor<5xf32>) -> tensor<4xf32>

func.func @composite_C1(%x: tensor<4xf32>) {
  // expected-error@+1 {{composite: @f has another type}}
  %y = mg.composite "softmax"(%x) {} @f : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func private @f(tensor<4xf32>) -> tensor<4xf32>

func.func @composite_C2(%x: tensor<4xf32>) {
  // expected-error@+1 {{composite: the name is empty}}
  %y = mg.composite ""(%x) {} @f : (tensor<4xf32>) -> tensor<4xf32>
  return
}
