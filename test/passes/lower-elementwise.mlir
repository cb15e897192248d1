// RUN: mgc-opt %s --mg-lower-to-linalg | FileCheck %s

// A bool is a byte in memory and i1 in the body; unsigned is in the op.
// CHECK-LABEL: @compare_unsigned(
// CHECK-SAME: %[[A:.*]]: tensor<4xi8>, %[[B:.*]]: tensor<4xi8>) -> tensor<4xi8>
// CHECK: linalg.generic {{.*}} ins(%[[A]], %[[B]] : tensor<4xi8>, tensor<4xi8>)
// CHECK: ^bb0(%[[X:.*]]: i8, %[[Y:.*]]: i8, %{{.*}}: i8):
// CHECK: %[[C:.*]] = arith.cmpi ult, %[[X]], %[[Y]] : i8
// CHECK: %[[S:.*]] = arith.extui %[[C]] : i1 to i8
// CHECK: linalg.yield %[[S]] : i8
func.func @compare_unsigned(%a: tensor<4xui8>, %b: tensor<4xui8>) -> tensor<4xi1> {
  %c = mg.compare lt %a, %b : tensor<4xui8>
  return %c : tensor<4xi1>
}

// CHECK-LABEL: @select_bool
// CHECK: ^bb0(%[[C:[^:]*]]: i8, %[[A:[^:]*]]: f32, %[[B:[^:]*]]: f32
// CHECK: %[[T:.*]] = arith.cmpi ne, %[[C]], %{{.*}} : i8
// CHECK: arith.select %[[T]], %[[A]], %[[B]] : f32
func.func @select_bool(%c: tensor<4xi1>, %a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %y = mg.select %c, %a, %b : tensor<4xi1>, tensor<4xf32>
  return %y : tensor<4xf32>
}

// f16 is computed in f32; an operand used twice is read once.
// CHECK-LABEL: @square_half
// CHECK: linalg.generic {{.*}} ins(%{{[^,]*}} : tensor<4xf16>)
// CHECK: ^bb0(%[[X:.*]]: f16, %{{.*}}: f16):
// CHECK: arith.extf %[[X]] : f16 to f32
// CHECK: %[[Y:.*]] = arith.mulf %{{.*}}, %{{.*}} : f32
// CHECK: arith.truncf %[[Y]] : f32 to f16
func.func @square_half(%x: tensor<4xf16>) -> tensor<4xf16> {
  %y = mg.mul %x, %x : tensor<4xf16>
  return %y : tensor<4xf16>
}

// Bits are not numbers.
// CHECK-LABEL: @bits
// CHECK-NOT: arith.extf
// CHECK: arith.bitcast %{{.*}} : f16 to i16
func.func @bits(%x: tensor<4xf16>) -> tensor<4xui16> {
  %y = mg.bitcast %x : tensor<4xf16> -> tensor<4xui16>
  return %y : tensor<4xui16>
}
