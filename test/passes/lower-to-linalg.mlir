// RUN: mgc-opt %s --mg-lower-to-linalg --split-input-file -verify-diagnostics

// Every op that is not supported is reported, not only the first.
func.func @unsupported(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{not supported: mg.weight}}
  %w = mg.weight "w" : tensor<4xf32>
  %y = mg.add %x, %w : tensor<4xf32>
  // expected-error@+1 {{not supported: mg.call}}
  %z = mg.call @f(%y) : (tensor<4xf32>) -> tensor<4xf32>
  return %z : tensor<4xf32>
}
func.func private @f(tensor<4xf32>) -> tensor<4xf32>
