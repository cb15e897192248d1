// RUN: mgc-opt %s --split-input-file --verify-diagnostics

func.func @reshape_C1(%x: tensor<4xf32>) {
  // expected-error@+1 {{reshape: element types f32 and i32 differ}}
  %0 = mg.reshape %x : tensor<4xf32> -> tensor<4xi32>
  return
}

// -----

func.func @reshape_C2(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{reshape: f32[2,3] has another number of elements than f32[2,4]}}
  %0 = mg.reshape %x : tensor<2x3xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @transpose_C1_length(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{transpose: perm has 1 entry, one per dimension is needed (2)}}
  %0 = mg.transpose %x [0] : tensor<2x3xf32> -> tensor<2xf32>
  return
}

// -----

func.func @transpose_C1_range(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{transpose: perm: -1 is no dimension of rank 2}}
  %0 = mg.transpose %x [0, -1] : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

func.func @transpose_C1_twice(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{transpose: perm: 1 stands there twice}}
  %0 = mg.transpose %x [1, 1] : tensor<2x3xf32> -> tensor<3x3xf32>
  return
}

// -----

func.func @broadcast_C2(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{broadcast: dims: 3 is no dimension of rank 3}}
  %0 = mg.broadcast %x [0, 3] : tensor<2x3xf32> -> tensor<2x3x4xf32>
  return
}

// -----

func.func @broadcast_C3(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{broadcast: dimension 1 of f32[2,3] is neither 1 nor 4, dimension 2 of f32[2,3,4]}}
  %0 = mg.broadcast %x [0, 2] : tensor<2x3xf32> -> tensor<2x3x4xf32>
  return
}

// -----

func.func @slice_C1(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{slice: lo has 1 entry, one per dimension is needed (2)}}
  %0 = mg.slice %x [0:2] : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

func.func @slice_C2(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{slice: 1:4 does not lie in dimension 1 of size 3}}
  %0 = mg.slice %x [0:2, 1:4] : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

func.func @slice_C3(%x: tensor<3xf32>) {
  // expected-error@+1 {{slice: step: 0 is less than 1}}
  %0 = mg.slice %x [0:2:0] : tensor<3xf32> -> tensor<2xf32>
  return
}

// -----

func.func @slice_C4(%x: tensor<?xf32, #mg.dims<n = 1 to 9>>) {
  // expected-error@+1 {{slice: dimension 0 ('n') can only be taken whole, as 0:?}}
  %0 = mg.slice %x [0:1] : tensor<?xf32, #mg.dims<n = 1 to 9>> -> tensor<1xf32>
  return
}

// -----

func.func @reverse_C1(%x: tensor<3xf32>) {
  // expected-error@+1 {{reverse: dims: 0 stands there twice}}
  %0 = mg.reverse %x [0, 0] : tensor<3xf32>
  return
}

// -----

func.func @unfold_C2(%x: tensor<7xf32>) {
  // expected-error@+1 {{unfold: size: 0 is less than 1}}
  %0 = mg.unfold %x dims [0] size [0] stride [1] dilation [1] : tensor<7xf32> -> tensor<8x0xf32>
  return
}

// -----

func.func @unfold_C3(%x: tensor<7xf32>) {
  // expected-error@+1 {{unfold: a window of 3 with dilation 4 does not fit into dimension 0 of size 7}}
  %0 = mg.unfold %x dims [0] size [3] stride [1] dilation [4] : tensor<7xf32> -> tensor<1x3xf32>
  return
}

// -----

func.func @unfold_C3_overflow(%x: tensor<7xf32>) {
  // expected-error@+1 {{does not fit into dimension 0 of size 7}}
  %0 = mg.unfold %x dims [0] size [9223372036854775807] stride [1] dilation [9223372036854775807] : tensor<7xf32> -> tensor<1x3xf32>
  return
}

// -----

func.func @diagonal_C1(%x: tensor<3x3xf32>) {
  // expected-error@+1 {{diagonal: dim0 and dim1 are both 1}}
  %0 = mg.diagonal %x [1, 1] : tensor<3x3xf32> -> tensor<3xf32>
  return
}
