// RUN: mgc-opt %s --mg-fix-dims=dims=batch=8 --split-input-file -verify-diagnostics | FileCheck %s

// CHECK-LABEL: @fixed
// CHECK-SAME: (%[[X:.*]]: tensor<8x4xf32>) -> tensor<8xf32>
// CHECK: mg.exp %[[X]] : tensor<8x4xf32>
// CHECK: mg.reduce sum %{{.*}} : tensor<8x4xf32> -> tensor<8xf32>
func.func @fixed(%x: tensor<?x4xf32, #mg.dims<batch = 1 to 64, _>>)
    -> tensor<?xf32, #mg.dims<batch = 1 to 64>> {
  %a = mg.exp %x : tensor<?x4xf32, #mg.dims<batch = 1 to 64, _>>
  %b = mg.reduce sum %a [1] : tensor<?x4xf32, #mg.dims<batch = 1 to 64, _>>
      -> tensor<?xf32, #mg.dims<batch = 1 to 64>>
  return %b : tensor<?xf32, #mg.dims<batch = 1 to 64>>
}

// -----

// Once per name.
// expected-error@+1 {{not supported yet: dimension 'time' has no size: give --dim time=N}}
func.func @missing(%x: tensor<?xf32, #mg.dims<time = 1 to 64>>) -> tensor<?xf32, #mg.dims<time = 1 to 64>> {
  return %x : tensor<?xf32, #mg.dims<time = 1 to 64>>
}

// -----

// expected-error@+1 {{dimension 'batch' is from 1 to 4, not 8}}
func.func @bounds(%x: tensor<?xf32, #mg.dims<batch = 1 to 4>>) -> tensor<?xf32, #mg.dims<batch = 1 to 4>> {
  return %x : tensor<?xf32, #mg.dims<batch = 1 to 4>>
}
