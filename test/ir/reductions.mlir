// RUN: mgc-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @reductions
func.func @reductions(%x: tensor<4x9xf32>, %b: tensor<4xi1>, %v: tensor<4x9xi64>) {
  // CHECK: mg.reduce sum %arg0 [0, 1] : tensor<4x9xf32> -> tensor<f32>
  %0 = mg.reduce sum %x [0, 1] : tensor<4x9xf32> -> tensor<f32>
  // CHECK: mg.reduce and %arg1 [0] : tensor<4xi1> -> tensor<i1>
  %1 = mg.reduce and %b [0] : tensor<4xi1> -> tensor<i1>
  // CHECK: mg.arg_reduce min %arg0 dim 0 : tensor<4x9xf32> -> tensor<9xi64>
  %2 = mg.arg_reduce min %x dim 0 : tensor<4x9xf32> -> tensor<9xi64>
  // CHECK: mg.arg_reduce max %arg0 dim 1 last : tensor<4x9xf32> -> tensor<4xi32>
  %3 = mg.arg_reduce max %x dim 1 last : tensor<4x9xf32> -> tensor<4xi32>
  // CHECK: mg.cumulative prod %arg0 dim 1 exclusive reverse : tensor<4x9xf32>
  %4 = mg.cumulative prod %x dim 1 exclusive reverse : tensor<4x9xf32>
  // CHECK: mg.sort %arg0, %arg2 dim 1 descending : (tensor<4x9xf32>, tensor<4x9xi64>) -> (tensor<4x9xf32>, tensor<4x9xi64>)
  %5:2 = mg.sort %x, %v dim 1 descending : (tensor<4x9xf32>, tensor<4x9xi64>) -> (tensor<4x9xf32>, tensor<4x9xi64>)
  // CHECK: mg.topk %arg0 dim 1 k 5 largest : tensor<4x9xf32> -> tensor<4x5xf32>, tensor<4x5xi32>
  %6, %7 = mg.topk %x dim 1 k 5 largest : tensor<4x9xf32> -> tensor<4x5xf32>, tensor<4x5xi32>
  return
}

// -----

func.func @reduce_C1(%x: tensor<4xf32>) {
  // expected-error@+1 {{reduce: dims: 1 is no dimension of rank 1}}
  %0 = mg.reduce sum %x [1] : tensor<4xf32> -> tensor<f32>
  return
}

// -----

func.func @reduce_C2(%x: tensor<4xf32>) {
  // expected-error@+1 {{reduce: takes signed integers, unsigned integers, bool, not f32}}
  %0 = mg.reduce or %x [0] : tensor<4xf32> -> tensor<f32>
  return
}

// -----

func.func @arg_reduce_C1(%x: tensor<4xf32>) {
  // expected-error@+1 {{arg_reduce: kind is max or min, not sum}}
  %0 = mg.arg_reduce sum %x dim 0 : tensor<4xf32> -> tensor<i32>
  return
}

// -----

func.func @arg_reduce_C2(%x: tensor<4x0xf32>) {
  // expected-error@+1 {{arg_reduce: dimension 1 of f32[4,0] is empty}}
  %0 = mg.arg_reduce max %x dim 1 : tensor<4x0xf32> -> tensor<4xi32>
  return
}

// -----

func.func @arg_reduce_C3(%x: tensor<4xf32>) {
  // expected-error@+1 {{arg_reduce: indices are i32 or i64, not i8}}
  %0 = mg.arg_reduce max %x dim 0 : tensor<4xf32> -> tensor<i8>
  return
}

// -----

func.func @cumulative_C1(%x: tensor<4xi32>) {
  // expected-error@+1 {{cumulative: kind is sum, prod, max or min, not and}}
  %0 = mg.cumulative and %x dim 0 : tensor<4xi32>
  return
}

// -----

func.func @cumulative_C2(%x: tensor<f32>) {
  // expected-error@+1 {{cumulative: dim 0 is no dimension of rank 0}}
  %0 = mg.cumulative sum %x dim 0 : tensor<f32>
  return
}

// -----

func.func @sort_C3(%x: tensor<4xf32>, %y: tensor<5xf32>) {
  // expected-error@+1 {{sort: shapes differ (f32[4] and f32[5])}}
  %0:2 = mg.sort %x, %y dim 0 : (tensor<4xf32>, tensor<5xf32>) -> (tensor<4xf32>, tensor<5xf32>)
  return
}

// -----

func.func @topk_C2(%x: tensor<4xf32>) {
  // expected-error@+1 {{topk: k 5 is not within dimension 0 of f32[4]}}
  %0, %1 = mg.topk %x dim 0 k 5 : tensor<4xf32> -> tensor<5xf32>, tensor<5xi32>
  return
}

// -----

func.func @topk_C3(%x: tensor<4xf32>) {
  // expected-error@+1 {{topk: indices are i32 or i64, not f32}}
  %0, %1 = mg.topk %x dim 0 k 2 : tensor<4xf32> -> tensor<2xf32>, tensor<2xf32>
  return
}
