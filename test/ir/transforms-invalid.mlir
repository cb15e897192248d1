// RUN: mgc-opt %s --split-input-file -verify-diagnostics

func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func @negative(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{'size' is -5, not from 0 to}}
  %y = mg.vmap @f(%x) in [-1] out [-1] size -5
      : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func private @f(%x: tensor<4xi32>) -> tensor<4xi32> {
  return %x : tensor<4xi32>
}
func.func @integer(%x: tensor<4xi32>) -> tensor<4xi32> {
  // expected-error@+1 {{vjp: 'wrt' has 0, which is i32[4] and no float}}
  %y, %dx = mg.vjp @f(%x) of [] wrt [0]
      : (tensor<4xi32>) -> (tensor<4xi32>, tensor<4xi32>)
  return %dx : tensor<4xi32>
}

// -----

func.func private @more(%x: tensor<f32>) -> tensor<i1> {
  %c = mg.constant dense<false> : tensor<i1>
  return %c : tensor<i1>
}
func.func private @none(%x: tensor<f32>) {
  return
}
func.func @stateless(%x: tensor<f32>) {
  // expected-error@+1 {{while: has 1 states and 0 results}}
  mg.while @more do @none(%x) : (tensor<f32>) -> ()
  return
}
