// RUN: mgc-opt %s --split-input-file --verify-diagnostics

func.func @conv_C1(%x: tensor<1x3x8xf32>, %w: tensor<4x3xf32>) {
  // expected-error@+1 {{conv: x f32[1,3,8] and w f32[4,3] need equal ranks of at least 2}}
  %0 = mg.conv %x, %w strides [1] lo [0] hi [0] lhs_dilation [1] rhs_dilation [1] : (tensor<1x3x8xf32>, tensor<4x3xf32>) -> tensor<1x4x8xf32>
  return
}

// -----

func.func @conv_C2(%x: tensor<1x3x8xf32>, %w: tensor<4x3x1xf32>) {
  // expected-error@+1 {{conv: strides has 2 entries, one per spatial dimension is needed (1)}}
  %0 = mg.conv %x, %w strides [1, 1] lo [0] hi [0] lhs_dilation [1] rhs_dilation [1] : (tensor<1x3x8xf32>, tensor<4x3x1xf32>) -> tensor<1x4x8xf32>
  return
}

// -----

func.func @conv_C3(%x: tensor<1x3x8xf32>, %w: tensor<4x3x1xf32>) {
  // expected-error@+1 {{conv: 0 groups do not fit x f32[1,3,8] and w f32[4,3,1]}}
  %0 = mg.conv %x, %w strides [1] lo [0] hi [0] lhs_dilation [1] rhs_dilation [1] groups 0 : (tensor<1x3x8xf32>, tensor<4x3x1xf32>) -> tensor<1x4x8xf32>
  return
}

// -----

func.func @conv_C3_divides(%x: tensor<1x3x8xf32>, %w: tensor<4x1x1xf32>) {
  // expected-error@+1 {{conv: 2 groups do not fit x f32[1,3,8] and w f32[4,1,1]}}
  %0 = mg.conv %x, %w strides [1] lo [0] hi [0] lhs_dilation [1] rhs_dilation [1] groups 2 : (tensor<1x3x8xf32>, tensor<4x1x1xf32>) -> tensor<1x4x8xf32>
  return
}

// -----

func.func @conv_C4(%x: tensor<1x3x8xf32>, %w: tensor<4x3x5xf32>) {
  // expected-error@+1 {{conv: a window of 5 with dilation 2 does not fit into spatial dimension 0 (8 dilated by 1, padded by 0 and 0)}}
  %0 = mg.conv %x, %w strides [1] lo [0] hi [0] lhs_dilation [1] rhs_dilation [2] : (tensor<1x3x8xf32>, tensor<4x3x5xf32>) -> tensor<1x4x8xf32>
  return
}

// -----

func.func @conv_C5(%x: tensor<1x3x8xui8>, %w: tensor<4x3x1xui8>) {
  // expected-error@+1 {{conv: ui8 does not accumulate in i32}}
  %0 = mg.conv %x, %w strides [1] lo [0] hi [0] lhs_dilation [1] rhs_dilation [1] : (tensor<1x3x8xui8>, tensor<4x3x1xui8>) -> tensor<1x4x8xi32>
  return
}
