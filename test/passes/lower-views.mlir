// RUN: mgc-opt %s --mg-lower-to-linalg --split-input-file | FileCheck %s

// A view is a copy by its map, until fusion.
// CHECK: #[[MAP:.*]] = affine_map<(d0, d1) -> (d1, d0)>
// CHECK-LABEL: @transpose
// CHECK: linalg.generic {indexing_maps = [#[[MAP]], #{{.*}}], iterator_types = ["parallel", "parallel"]}
func.func @transpose(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %y = mg.transpose %x [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// The index i alone reads 2 of 3 rows: the rest is cropped off.
// CHECK-LABEL: @diagonal
// CHECK: %[[C:.*]] = tensor.extract_slice %{{.*}}[0, 0] [2, 2] [1, 1] : tensor<2x3xf32> to tensor<2x2xf32>
// CHECK: linalg.generic {{.*}} ins(%[[C]] : tensor<2x2xf32>)
func.func @diagonal(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  %y = mg.diagonal %x [0, 1] : tensor<2x3xf32> -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// CHECK: #[[MAP:.*]] = affine_map<(d0, d1) -> (d0 * 2 + d1 * 3)>
// CHECK-LABEL: @unfold
// CHECK: linalg.generic {indexing_maps = [#[[MAP]],
func.func @unfold(%x: tensor<9xf32>) -> tensor<2x3xf32> {
  %y = mg.unfold %x dims [0] size [3] stride [2] dilation [3] : tensor<9xf32> -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

// Dimensions merge to the groups that both shapes share: (2, 3) and 4.
// CHECK-LABEL: @reshape
// CHECK: %[[C:.*]] = tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2]] : tensor<3x2x4xf32> into tensor<6x4xf32>
// CHECK: tensor.expand_shape %[[C]] {{\[}}[0, 1], [2, 3]] output_shape [2, 3, 2, 2]
func.func @reshape(%x: tensor<3x2x4xf32>) -> tensor<2x3x2x2xf32> {
  %y = mg.reshape %x : tensor<3x2x4xf32> -> tensor<2x3x2x2xf32>
  return %y : tensor<2x3x2x2xf32>
}

// -----

// CHECK-LABEL: @reshape_empty
// CHECK: tensor.empty() : tensor<0x5xf32>
func.func @reshape_empty(%x: tensor<3x0xf32>) -> tensor<0x5xf32> {
  %y = mg.reshape %x : tensor<3x0xf32> -> tensor<0x5xf32>
  return %y : tensor<0x5xf32>
}
