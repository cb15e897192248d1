// RUN: mgc-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @contractions
func.func @contractions(%x: tensor<4x3xbf16>, %w: tensor<3x5xbf16>, %q: tensor<8x4x3xi8>, %k: tensor<5x8x3xi8>, %i: tensor<1x6x8x9xf32>, %f: tensor<4x3x3x2xf32>) {
  // CHECK: mg.dot %arg0, %arg1 contract [1] x [0] : (tensor<4x3xbf16>, tensor<3x5xbf16>) -> tensor<4x5xf32>
  %0 = mg.dot %x, %w contract [1] x [0] : (tensor<4x3xbf16>, tensor<3x5xbf16>) -> tensor<4x5xf32>
  // CHECK: mg.dot %arg2, %arg3 contract [2] x [2] batch [0] x [1] : (tensor<8x4x3xi8>, tensor<5x8x3xi8>) -> tensor<8x4x5xi32>
  %1 = mg.dot %q, %k contract [2] x [2] batch [0] x [1] : (tensor<8x4x3xi8>, tensor<5x8x3xi8>) -> tensor<8x4x5xi32>
  // CHECK: mg.dot %arg0, %arg1 contract [] x [] :
  %2 = mg.dot %x, %w contract [] x [] : (tensor<4x3xbf16>, tensor<3x5xbf16>) -> tensor<4x3x3x5xbf16>
  // CHECK: mg.conv {{.*}} groups 2 : (tensor<1x6x8x9xf32>, tensor<4x3x3x2xf32>) -> tensor<1x4x4x18xf32>
  %3 = mg.conv %i, %f strides [2, 1] lo [1, 0] hi [1, 3] lhs_dilation [1, 2] rhs_dilation [1, 2] groups 2
      : (tensor<1x6x8x9xf32>, tensor<4x3x3x2xf32>) -> tensor<1x4x4x18xf32>
  return
}

// -----

func.func @dot_C1(%x: tensor<4xf32>, %y: tensor<4xf16>) {
  // expected-error@+1 {{dot: element types f32 and f16 differ}}
  %0 = mg.dot %x, %y contract [0] x [0] : (tensor<4xf32>, tensor<4xf16>) -> tensor<f32>
  return
}

// -----

func.func @dot_C2(%x: tensor<4x3xf32>) {
  // expected-error@+1 {{dot: dimension 0 of lhs is both batch and contracted}}
  %0 = mg.dot %x, %x contract [0] x [0] batch [0] x [0] : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3x3xf32>
  return
}

// -----

func.func @dot_C2_lengths(%x: tensor<4x3xf32>) {
  // expected-error@+1 {{dot: 2 contracted dimensions of lhs and 1 of rhs}}
  %0 = mg.dot %x, %x contract [0, 1] x [0] : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @dot_C3(%x: tensor<4x3xf32>, %y: tensor<4x5xf32>) {
  // expected-error@+1 {{dot: contracted dimensions 3 and 4 differ (lhs f32[4,3], rhs f32[4,5])}}
  %0 = mg.dot %x, %y contract [1] x [0] : (tensor<4x3xf32>, tensor<4x5xf32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @dot_C4(%x: tensor<4xf32>) {
  // expected-error@+1 {{dot: f32 does not accumulate in f64}}
  %0 = mg.dot %x, %x contract [0] x [0] : (tensor<4xf32>, tensor<4xf32>) -> tensor<f64>
  return
}
