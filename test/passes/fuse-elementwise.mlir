// RUN: mgc-opt %s --mg-fuse-elementwise --canonicalize --cse \
// RUN:   --split-input-file | FileCheck %s

// x * sigmoid(x) of x = exp(a): one kernel, exp computed once.
#id = affine_map<(d0) -> (d0)>
func.func @diamond(%a: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %x = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%i: f32, %o: f32):
    %0 = math.exp %i : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %t = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%i: f32, %o: f32):
    %0 = math.tanh %i : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %t : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %0 = arith.mulf %i, %j : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  return %y : tensor<8xf32>
}
// CHECK-LABEL: @diamond
// CHECK-COUNT-1: linalg.generic
// CHECK: %[[X:.*]] = math.exp
// CHECK-NEXT: %[[T:.*]] = math.tanh %[[X]]
// CHECK-NEXT: arith.mulf %[[X]], %[[T]]
// CHECK-NOT: linalg.generic
// CHECK: return

// -----

// The first window of three: the sum's loop over k is told by no plain index,
// the reversed view is folded into the sum, and the root's use of `x` twice
// stays one computation.
#i = affine_map<(d0, d1) -> (d0, d1)>
#o = affine_map<(d0, d1) -> (d0)>
#w = affine_map<(d0, d1) -> (d0 * 2 + d1)>
#r = affine_map<(d0) -> (-d0 + 8)>
#1 = affine_map<(d0) -> (d0)>
func.func @windows(%x: tensor<9xf32>, %zero: tensor<4xf32>) -> tensor<4xf32> {
  %e9 = tensor.empty() : tensor<9xf32>
  %rev = linalg.generic {indexing_maps = [#r, #1], iterator_types = ["parallel"]}
      ins(%x : tensor<9xf32>) outs(%e9 : tensor<9xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<9xf32>
  %e43 = tensor.empty() : tensor<4x3xf32>
  %win = linalg.generic {indexing_maps = [#w, #i], iterator_types = ["parallel", "parallel"]}
      ins(%rev : tensor<9xf32>) outs(%e43 : tensor<4x3xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<4x3xf32>
  %sum = linalg.generic {indexing_maps = [#i, #o], iterator_types = ["parallel", "reduction"]}
      ins(%win : tensor<4x3xf32>) outs(%zero : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %b, %a : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  return %sum : tensor<4xf32>
}
// CHECK: #[[MAP:.*]] = affine_map<(d0, d1) -> (d0 * -2 - d1 + 8)>
// CHECK: #[[BOUND:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: @windows
// CHECK: %[[E:.*]] = tensor.empty() : tensor<3xf32>
// CHECK-COUNT-1: linalg.generic
// CHECK-SAME: indexing_maps = [#[[MAP]], #[[BOUND]],
// CHECK-SAME: ins(%{{.*}}, %[[E]] :
// CHECK-NOT: linalg.generic
