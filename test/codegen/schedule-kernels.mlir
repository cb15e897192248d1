// RUN: mgc-opt %s --mg-schedule-kernels | FileCheck %s

#i = affine_map<(d0) -> (d0)>

// The update could be had as soon as %g is, but for the reader of the old %w.
// CHECK-LABEL: func.func @step
// CHECK: math.exp
// CHECK: math.sin
// CHECK: arith.subf
// CHECK: math.cos
func.func @step(%w: tensor<8xf32>, %x: tensor<8xf32>) -> (tensor<8xf32> {mg.updates = 0 : i64}, tensor<8xf32>) attributes {mg.entry} {
  %e = tensor.empty() : tensor<8xf32>
  %g = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %a = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%w : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.sin %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %b = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.cos %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %u = linalg.generic {indexing_maps = [#i, #i, #i], iterator_types = ["parallel"]} ins(%w, %g : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %0 = arith.subf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  return %u, %b : tensor<8xf32>, tensor<8xf32>
}

// The sum of %g moves up to it, with the constant of its body, which stood
// below: then %g is dead before %b is computed.
// CHECK-LABEL: func.func @moves
// CHECK: math.exp
// CHECK: arith.constant 3
// CHECK: arith.mulf
// CHECK: math.sin
func.func @moves(%x: tensor<8xf32>) -> (tensor<f32>, tensor<8xf32>) attributes {mg.entry} {
  %e = tensor.empty() : tensor<8xf32>
  %s = tensor.empty() : tensor<f32>
  %g = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %b = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.sin %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %three = arith.constant 3.0 : f32
  %t = linalg.generic {indexing_maps = [#i, affine_map<(d0) -> ()>], iterator_types = ["reduction"]} ins(%g : tensor<8xf32>) outs(%s : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %in, %three : f32
    %1 = arith.addf %out, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<f32>
  return %t, %b : tensor<f32>, tensor<8xf32>
}
