// RUN: mgc-opt %s --mg-fuse-elementwise=views-only | FileCheck %s
// RUN: mgc-opt %s --mg-fuse-elementwise | FileCheck %s --check-prefix=ALL

#id = affine_map<(d0, d1) -> (d0, d1)>
#turn = affine_map<(d0, d1) -> (d1, d0)>

// The transpose is a map of the op that reads it; exp and abs stay apart.
// CHECK-LABEL: @chain
// CHECK: linalg.generic
// CHECK: math.exp
// CHECK: linalg.generic
// CHECK: math.absf
// CHECK-NOT: linalg.generic
// ALL-LABEL: @chain
// ALL: linalg.generic
// ALL: math.exp
// ALL-NEXT: math.absf
// ALL-NOT: linalg.generic
func.func @chain(%x: tensor<4x8xf32>) -> tensor<8x4xf32> {
  %a = tensor.empty() : tensor<8x4xf32>
  %t = linalg.generic {indexing_maps = [#turn, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%a : tensor<8x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<8x4xf32>
  %e = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%t : tensor<8x4xf32>) outs(%a : tensor<8x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<8x4xf32>
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%e : tensor<8x4xf32>) outs(%a : tensor<8x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.absf %in : f32
    linalg.yield %0 : f32
  } -> tensor<8x4xf32>
  return %b : tensor<8x4xf32>
}
