// RUN: mgc-opt %s --split-input-file --verify-diagnostics

func.func @gather_C1(%x: tensor<4x3xf32>, %i: tensor<2x1xui32>) {
  // expected-error@+1 {{gather: indices are i32 or i64, not ui32}}
  %0 = mg.gather %x, %i dims [0] : (tensor<4x3xf32>, tensor<2x1xui32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @gather_C2(%x: tensor<4x3xf32>, %i: tensor<2x1xi32>) {
  // expected-error@+1 {{gather: batch_dims 2 does not fit f32[4,3] and indices i32[2,1]}}
  %0 = mg.gather %x, %i dims [0] batch_dims 2 : (tensor<4x3xf32>, tensor<2x1xi32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @gather_C2_sizes(%x: tensor<4x3xf32>, %i: tensor<2x1xi32>) {
  // expected-error@+1 {{gather: batch dimension 0 differs (f32[4,3] and indices i32[2,1])}}
  %0 = mg.gather %x, %i dims [1] batch_dims 1 : (tensor<4x3xf32>, tensor<2x1xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_C3(%x: tensor<2x3xf32>, %i: tensor<2x1xi32>) {
  // expected-error@+1 {{gather: dims: 0 is a batch dimension}}
  %0 = mg.gather %x, %i dims [0] batch_dims 1 : (tensor<2x3xf32>, tensor<2x1xi32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @gather_C4(%x: tensor<2x3xf32>, %i: tensor<2x1xi32>) {
  // expected-error@+1 {{gather: the last dimension of indices i32[2,1] is not 2, the number of dims}}
  %0 = mg.gather %x, %i dims [0, 1] : (tensor<2x3xf32>, tensor<2x1xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @scatter_C5(%x: tensor<4x3xf32>, %i: tensor<2x1xi32>, %u: tensor<3x2xf32>) {
  // expected-error@+1 {{scatter: updates are f32[3,2], not f32[2,3]}}
  %0 = mg.scatter set %x, %i, %u dims [0] : (tensor<4x3xf32>, tensor<2x1xi32>, tensor<3x2xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @scatter_C6(%x: tensor<4xi1>, %i: tensor<2x1xi32>, %u: tensor<2xi1>) {
  // expected-error@+1 {{scatter: takes numbers, not bool}}
  %0 = mg.scatter add %x, %i, %u dims [0] : (tensor<4xi1>, tensor<2x1xi32>, tensor<2xi1>) -> tensor<4xi1>
  return
}
