// RUN: mgc-opt %s --mg-lower-to-linalg --split-input-file | FileCheck %s

// CHECK-DAG: #[[L:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG: #[[R:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
// CHECK-DAG: #[[O:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-LABEL: @dot
// CHECK: linalg.generic {indexing_maps = [#[[L]], #[[R]], #[[O]]],
// CHECK-SAME: ["parallel", "parallel", "parallel", "reduction"]
// CHECK-SAME: outs(%{{.*}} : tensor<8x4x5xf32>) attrs = {mg.contraction}
// CHECK: ^bb0(%[[A:.*]]: f16, %[[B:.*]]: f16, %[[C:.*]]: f32):
// CHECK: %[[X:.*]] = arith.extf %[[A]]
// CHECK: %[[Y:.*]] = arith.extf %[[B]]
// CHECK: %[[P:.*]] = arith.mulf %[[X]], %[[Y]] : f32
// CHECK: arith.addf %[[C]], %[[P]] : f32
// CHECK: arith.truncf %{{.*}} : f32 to f16
func.func @dot(%q: tensor<8x4x3xf16>, %k: tensor<8x5x3xf16>) -> tensor<8x4x5xf16> {
  %z = mg.dot %q, %k contract [2] x [2] batch [0] x [0]
      : (tensor<8x4x3xf16>, tensor<8x5x3xf16>) -> tensor<8x4x5xf16>
  return %z : tensor<8x4x5xf16>
}

// -----

// CHECK-LABEL: @dot_unsigned
// CHECK: arith.extui %{{.*}} : i8 to i32
// CHECK: arith.muli
// CHECK-NOT: arith.trunci
func.func @dot_unsigned(%a: tensor<3xui8>, %b: tensor<3xui8>) -> tensor<ui32> {
  %z = mg.dot %a, %b contract [0] x [0] : (tensor<3xui8>, tensor<3xui8>) -> tensor<ui32>
  return %z : tensor<ui32>
}

// -----

// x (n, g, c, h) at h * 2 + k * 3 of the padded input, w (g, o, c, k).
// CHECK-DAG: #[[X:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d4, d3 * 2 + d5 * 3)>
// CHECK-DAG: #[[W:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d1, d2, d4, d5)>
// CHECK-LABEL: @conv
// CHECK: linalg.fill {{.*}} outs(%{{.*}} : tensor<1x4x12xf32>)
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 0, 1] [1, 4, 9] [1, 1, 1]
// CHECK: tensor.expand_shape {{.*}} into tensor<1x2x2x12xf32>
// CHECK: linalg.generic {indexing_maps = [#[[X]], #[[W]],
// CHECK: tensor.collapse_shape {{.*}} into tensor<1x6x3xf32>
func.func @conv(%x: tensor<1x4x9xf32>, %w: tensor<6x2x3xf32>) -> tensor<1x6x3xf32> {
  %y = mg.conv %x, %w strides [2] lo [1] hi [2] lhs_dilation [1] rhs_dilation [3] groups 2
      : (tensor<1x4x9xf32>, tensor<6x2x3xf32>) -> tensor<1x6x3xf32>
  return %y : tensor<1x6x3xf32>
}

// -----

// Each element meets the window once and becomes a pair: the image is as it
// was, the window's two taps are two times the outputs, and no zero is stored.
// CHECK-LABEL: @doubled
// CHECK-NOT: tensor.insert_slice
// CHECK: ins(%{{.*}}, %{{.*}} : tensor<1x4x9xf32>, tensor<12x4x1xf32>) outs(%{{.*}} : tensor<1x12x9xf32>) attrs = {{.*}}mg.contraction}
// CHECK-NOT: mg.contraction
func.func @doubled(%x: tensor<1x4x9xf32>, %w: tensor<6x4x2xf32>) -> tensor<1x6x18xf32> {
  %y = mg.conv %x, %w strides [1] lo [1] hi [1] lhs_dilation [2] rhs_dilation [1]
      : (tensor<1x4x9xf32>, tensor<6x4x2xf32>) -> tensor<1x6x18xf32>
  return %y : tensor<1x6x18xf32>
}

// -----

// Results of two taps and of one by turns: a convolution of each kind.
// CHECK-LABEL: @by_turns
// CHECK: ins(%{{.*}}, %{{.*}} : tensor<1x4x9xf32>, tensor<6x4x1xf32>) outs(%{{.*}} : tensor<1x6x9xf32>) attrs = {{.*}}mg.contraction}
// CHECK: ins(%{{.*}}, %{{.*}} : tensor<1x4x10xf32>, tensor<6x4x2xf32>) outs(%{{.*}} : tensor<1x6x9xf32>) attrs = {{.*}}mg.contraction}
// CHECK-NOT: mg.contraction
func.func @by_turns(%x: tensor<1x4x9xf32>, %w: tensor<6x4x3xf32>) -> tensor<1x6x18xf32> {
  %y = mg.conv %x, %w strides [1] lo [1] hi [2] lhs_dilation [2] rhs_dilation [1]
      : (tensor<1x4x9xf32>, tensor<6x4x3xf32>) -> tensor<1x6x18xf32>
  return %y : tensor<1x6x18xf32>
}
