// RUN: mgc-opt %s --mg-lower-to-linalg --mg-compose-views --canonicalize \
// RUN:   --split-input-file | FileCheck %s

// Heads merge: the loop over 24 is two, and x is read where it lies.
// CHECK: #[[MAP:.*]] = affine_map<(d0, d1) -> (d1, d0)>
// CHECK-LABEL: @merge
// CHECK: %[[Y:.*]] = linalg.generic {indexing_maps = [#[[MAP]], #{{.*}}]{{.*}} ins(%arg0 : tensor<4x6xf32>) outs(%{{.*}} : tensor<6x4xf32>)
// CHECK: tensor.collapse_shape %[[Y]] {{\[}}[0, 1]]
// CHECK-NOT: linalg.generic
func.func @merge(%x: tensor<4x6xf32>) -> tensor<24xf32> {
  %t = mg.transpose %x [1, 0] : tensor<4x6xf32> -> tensor<6x4xf32>
  %r = mg.reshape %t : tensor<6x4xf32> -> tensor<24xf32>
  %y = mg.exp %r : tensor<24xf32>
  return %y : tensor<24xf32>
}

// -----

// A transposition back undoes what the reshape between them seemed to forbid.
// CHECK-LABEL: @there_and_back
// CHECK-NOT: linalg.index
// CHECK: linalg.generic {{.*}} ins(%arg0 : tensor<4x6xf32>)
// CHECK-NOT: linalg.generic
func.func @there_and_back(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %t = mg.transpose %x [1, 0] : tensor<4x6xf32> -> tensor<6x4xf32>
  %r = mg.reshape %t : tensor<6x4xf32> -> tensor<3x8xf32>
  %s = mg.reshape %r : tensor<3x8xf32> -> tensor<2x3x4xf32>
  %u = mg.transpose %s [2, 0, 1] : tensor<2x3x4xf32> -> tensor<4x2x3xf32>
  %v = mg.reshape %u : tensor<4x2x3xf32> -> tensor<4x6xf32>
  %y = mg.exp %v : tensor<4x6xf32>
  return %y : tensor<4x6xf32>
}

// -----

// Eight of 24 transposed elements do not lie on any loops over 3 x 8: one copy.
// CHECK-LABEL: @no_digits
// CHECK: %[[T:.*]] = linalg.generic {{.*}} ins(%arg0 : tensor<4x6xf32>)
// CHECK-NEXT: ^bb0(%[[I:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: linalg.yield %[[I]]
// CHECK: math.exp
func.func @no_digits(%x: tensor<4x6xf32>) -> tensor<3x8xf32> {
  %t = mg.transpose %x [1, 0] : tensor<4x6xf32> -> tensor<6x4xf32>
  %r = mg.reshape %t : tensor<6x4xf32> -> tensor<3x8xf32>
  %s = mg.transpose %r [1, 0] : tensor<3x8xf32> -> tensor<8x3xf32>
  %u = mg.reshape %s : tensor<8x3xf32> -> tensor<3x8xf32>
  %y = mg.exp %u : tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----

// The part of a concatenation that is read, and the inside of a pad.
// CHECK-LABEL: @part
// CHECK-NOT: tensor.insert_slice
// CHECK: %[[B:.*]] = tensor.extract_slice %arg1
// CHECK: linalg.generic {{.*}} ins(%[[B]] : tensor<4x2xf32>)
func.func @part(%a: tensor<4x6xf32>, %b: tensor<4x3xf32>) -> tensor<4x2xf32> {
  %c = mg.concat %a, %b dim 1 : (tensor<4x6xf32>, tensor<4x3xf32>) -> tensor<4x9xf32>
  %s = mg.slice %c [0:4, 6:8] : tensor<4x9xf32> -> tensor<4x2xf32>
  %y = mg.exp %s : tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
// CHECK-LABEL: @inside
// CHECK-NOT: linalg.fill
// CHECK: linalg.generic {{.*}} ins(%arg0 : tensor<4x6xf32>)
func.func @inside(%x: tensor<4x6xf32>, %v: tensor<f32>) -> tensor<4x6xf32> {
  %p = mg.pad %x, %v lo [1, 2] hi [1, 0] interior [0, 1] : (tensor<4x6xf32>, tensor<f32>) -> tensor<6x13xf32>
  %s = mg.slice %p [1:5, 2:13:2] : tensor<6x13xf32> -> tensor<4x6xf32>
  %y = mg.exp %s : tensor<4x6xf32>
  return %y : tensor<4x6xf32>
}

// -----

// A sum whose transpose is all that is wanted is written transposed.
// CHECK: #[[OUT:.*]] = affine_map<(d0, d1, d2) -> (d1, d0)>
// CHECK-LABEL: @transposed_store
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[OUT]]]
// CHECK-NOT: linalg.generic
func.func @transposed_store(%x: tensor<4x6x9xf32>) -> tensor<6x4xf32> {
  %s = mg.reduce sum %x [2] : tensor<4x6x9xf32> -> tensor<4x6xf32>
  %t = mg.transpose %s [1, 0] : tensor<4x6xf32> -> tensor<6x4xf32>
  return %t : tensor<6x4xf32>
}

// -----

// Indices that the body reads are those of the loops before.
// CHECK-LABEL: @index
// CHECK: %[[A:.*]] = linalg.index 0
// CHECK: %[[B:.*]] = linalg.index 1
// CHECK: %[[S:.*]] = arith.muli %[[A]], %c4
// CHECK: arith.addi %[[S]], %[[B]]
#id = affine_map<(d0) -> (d0)>
func.func @index(%x: tensor<4x6xi32>) -> tensor<24xi32> {
  %t = mg.transpose %x [1, 0] : tensor<4x6xi32> -> tensor<6x4xi32>
  %r = mg.reshape %t : tensor<6x4xi32> -> tensor<24xi32>
  %e = tensor.empty() : tensor<24xi32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%r : tensor<24xi32>) outs(%e : tensor<24xi32>) {
  ^bb0(%i: i32, %o: i32):
    %n = linalg.index 0 : index
    %m = arith.index_cast %n : index to i32
    %0 = arith.addi %i, %m : i32
    linalg.yield %0 : i32
  } -> tensor<24xi32>
  return %y : tensor<24xi32>
}
