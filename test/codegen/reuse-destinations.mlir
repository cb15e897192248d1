// RUN: mgc-opt %s --mg-reuse-destinations | FileCheck %s

#i = affine_map<(d0) -> (d0)>
#r = affine_map<(d0) -> (7 - d0)>

// %a dies in the second op, which reads it where it writes. %x is the caller's.
// CHECK-LABEL: func.func @dies
// CHECK-SAME: %[[X:[^:]*]]: tensor<8xf32>
// CHECK: %[[A:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<8xf32>) outs(%{{.*}}
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<8xf32>) outs(%[[A]] : tensor<8xf32>)
// CHECK: ^bb0(%[[IN:.*]]: f32, %[[OUT:.*]]: f32):
// CHECK-NEXT: arith.subf %[[OUT]], %[[IN]]
func.func @dies(%x: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %a = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %f = tensor.empty() : tensor<8xf32>
  %b = linalg.generic {indexing_maps = [#i, #i, #i], iterator_types = ["parallel"]} ins(%a, %x : tensor<8xf32>, tensor<8xf32>) outs(%f : tensor<8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %0 = arith.subf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  return %b : tensor<8xf32>
}

// Read backwards, or read again: it stays.
// CHECK-LABEL: func.func @lives
// CHECK: tensor.empty
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: linalg.generic {{.*}} outs(%[[E]]
// CHECK: %[[F:.*]] = tensor.empty
// CHECK: linalg.generic {{.*}} outs(%[[F]]
func.func @lives(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %e = tensor.empty() : tensor<8xf32>
  %a = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %f = tensor.empty() : tensor<8xf32>
  %b = linalg.generic {indexing_maps = [#r, #i], iterator_types = ["parallel"]} ins(%a : tensor<8xf32>) outs(%f : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.sin %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %g = tensor.empty() : tensor<8xf32>
  %c = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%b : tensor<8xf32>) outs(%g : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.cos %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  return %b, %c : tensor<8xf32>, tensor<8xf32>
}

// Two pieces, computed where they belong, in the order of their computation;
// one of them under another shape.
// CHECK-LABEL: func.func @pieces
// CHECK: %[[E:.*]] = tensor.empty() : tensor<2x20xf32>
// CHECK: %[[S:.*]] = tensor.extract_slice %[[E]][0, 8] [2, 12] [1, 1]
// CHECK: %[[T:.*]] = tensor.expand_shape %[[S]] {{.*}} into tensor<2x3x4xf32>
// CHECK: %[[P:.*]] = linalg.generic {{.*}} outs(%[[T]]
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[P]]
// CHECK: %[[I:.*]] = tensor.insert_slice %[[C]] into %[[E]][0, 8]
// CHECK: %[[S:.*]] = tensor.extract_slice %[[I]][0, 0] [2, 8] [1, 1]
// CHECK: %[[P:.*]] = linalg.generic {{.*}} outs(%[[S]]
// CHECK: %[[J:.*]] = tensor.insert_slice %[[P]] into %[[I]][0, 0]
// CHECK: return %[[J]]
#m = affine_map<(d0, d1) -> (d0, d1)>
#n = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
func.func @pieces(%x: tensor<2x3x4xf32>, %y: tensor<2x8xf32>) -> tensor<2x20xf32> {
  %e = tensor.empty() : tensor<2x3x4xf32>
  %p = linalg.generic {indexing_maps = [#n, #n], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<2x3x4xf32>) outs(%e : tensor<2x3x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x4xf32>
  %c = tensor.collapse_shape %p [[0], [1, 2]] : tensor<2x3x4xf32> into tensor<2x12xf32>
  %f = tensor.empty() : tensor<2x8xf32>
  %q = linalg.generic {indexing_maps = [#m, #m], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<2x8xf32>) outs(%f : tensor<2x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<2x8xf32>
  %g = tensor.empty() : tensor<2x20xf32>
  %i = tensor.insert_slice %q into %g[0, 0] [2, 8] [1, 1] : tensor<2x8xf32> into tensor<2x20xf32>
  %j = tensor.insert_slice %c into %i[0, 8] [2, 12] [1, 1] : tensor<2x12xf32> into tensor<2x20xf32>
  return %j : tensor<2x20xf32>
}

// Sums that start from one fill: each piece has its own, in its slice, which
// has no dimension of one element there.
// CHECK-LABEL: func.func @sums
// CHECK: %[[E:.*]] = tensor.empty() : tensor<3x2x4xf32>
// CHECK: %[[S:.*]] = tensor.extract_slice %[[E]][0, 0, 0] [3, 1, 4] [1, 1, 1]
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[S]] {{.*}} into tensor<3x4xf32>
// CHECK: %[[F:.*]] = linalg.fill {{.*}} outs(%[[C]]
// CHECK: %[[P:.*]] = linalg.generic {{.*}} outs(%[[F]]
// CHECK: %[[I:.*]] = tensor.insert_slice
// CHECK: %[[S:.*]] = tensor.extract_slice %[[I]][0, 1, 0] [3, 1, 4] [1, 1, 1]
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[S]] {{.*}} into tensor<3x4xf32>
// CHECK: %[[F:.*]] = linalg.fill {{.*}} outs(%[[C]]
// CHECK: linalg.generic {{.*}} outs(%[[F]]
// CHECK-NOT: linalg.fill
// CHECK: return
#in = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#sum = affine_map<(d0, d1, d2) -> (d0, d1)>
func.func @sums(%x: tensor<3x4x5xf32>, %y: tensor<3x4x5xf32>) -> tensor<3x2x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %p = linalg.generic {indexing_maps = [#in, #sum], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : tensor<3x4x5xf32>) outs(%z : tensor<3x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  } -> tensor<3x4xf32>
  %q = linalg.generic {indexing_maps = [#in, #sum], iterator_types = ["parallel", "parallel", "reduction"]} ins(%y : tensor<3x4x5xf32>) outs(%z : tensor<3x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  } -> tensor<3x4xf32>
  %c = tensor.expand_shape %p [[0], [1, 2]] output_shape [3, 1, 4] : tensor<3x4xf32> into tensor<3x1x4xf32>
  %d = tensor.expand_shape %q [[0, 1], [2]] output_shape [3, 1, 4] : tensor<3x4xf32> into tensor<3x1x4xf32>
  %g = tensor.empty() : tensor<3x2x4xf32>
  %i = tensor.insert_slice %c into %g[0, 0, 0] [3, 1, 4] [1, 1, 1] : tensor<3x1x4xf32> into tensor<3x2x4xf32>
  %j = tensor.insert_slice %d into %i[0, 1, 0] [3, 1, 4] [1, 1, 1] : tensor<3x1x4xf32> into tensor<3x2x4xf32>
  return %j : tensor<3x2x4xf32>
}

// Inside a border they do not: who reads the array may make that itself.
// CHECK-LABEL: func.func @bordered
// CHECK: %[[E:.*]] = tensor.empty() : tensor<3x4xf32>
// CHECK: %[[F:.*]] = linalg.fill {{.*}} outs(%[[E]]
// CHECK: linalg.generic {{.*}} outs(%[[F]]
func.func @bordered(%x: tensor<3x4x5xf32>) -> tensor<5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %p = linalg.generic {indexing_maps = [#in, #sum], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : tensor<3x4x5xf32>) outs(%z : tensor<3x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  } -> tensor<3x4xf32>
  %g = tensor.empty() : tensor<5x6xf32>
  %b = linalg.fill ins(%zero : f32) outs(%g : tensor<5x6xf32>) -> tensor<5x6xf32>
  %i = tensor.insert_slice %p into %b[1, 1] [3, 4] [1, 1] : tensor<3x4xf32> into tensor<5x6xf32>
  return %i : tensor<5x6xf32>
}

// What overlaps keeps its order: the second insert wins.
// CHECK-LABEL: func.func @overlap
// CHECK: linalg.generic
// CHECK: linalg.generic
// CHECK: tensor.insert_slice {{.*}}[0] [5]
// CHECK: tensor.insert_slice {{.*}}[4] [4]
func.func @overlap(%x: tensor<4xf32>, %y: tensor<5xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %p = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %f = tensor.empty() : tensor<5xf32>
  %q = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%y : tensor<5xf32>) outs(%f : tensor<5xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<5xf32>
  %g = tensor.empty() : tensor<8xf32>
  %j = tensor.insert_slice %q into %g[0] [5] [1] : tensor<5xf32> into tensor<8xf32>
  %k = tensor.insert_slice %p into %j[4] [4] [1] : tensor<4xf32> into tensor<8xf32>
  return %k : tensor<8xf32>
}

// Rows that are summed up and divided, by a kernel that runs row by row: the
// array of the kernel before becomes that of the result.
// CHECK-LABEL: func.func @rows
// CHECK: %[[X:.*]] = linalg.generic
// CHECK: math.exp
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[X]]
// CHECK: linalg.generic {{.*}} ins(%[[S]]{{.*}} outs(%[[X]]
#row = affine_map<(d0, d1) -> (d0)>
#column = affine_map<(d0, d1) -> (d1)>
#across = affine_map<(d0, d1) -> (d1, d0)>
func.func @rows(%x: tensor<8x8xf32>, %s: tensor<8xf32>) -> tensor<8x8xf32> {
  %e = tensor.empty() : tensor<8x8xf32>
  %p = linalg.generic {indexing_maps = [#m, #m], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) attrs = {mg.kernel = 0 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<8x8xf32>
  %t = linalg.generic {indexing_maps = [#m, #row], iterator_types = ["parallel", "reduction"]} ins(%p : tensor<8x8xf32>) outs(%s : tensor<8xf32>) attrs = {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %f = tensor.empty() : tensor<8x8xf32>
  %y = linalg.generic {indexing_maps = [#row, #m, #m], iterator_types = ["parallel", "parallel"]} ins(%t, %x : tensor<8xf32>, tensor<8x8xf32>) outs(%f : tensor<8x8xf32>) attrs = {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%in: f32, %a: f32, %out: f32):
    %0 = arith.divf %a, %in : f32
    linalg.yield %0 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// Not where the kernel's rows are the array's columns, nor where something
// reads the array afterwards.
// CHECK-LABEL: func.func @columns
// CHECK: %[[X:.*]] = linalg.generic
// CHECK: math.exp
// CHECK: %[[F:.*]] = tensor.empty() : tensor<8x8xf32>
// CHECK: linalg.generic
// CHECK-NOT: outs(%[[X]]
func.func @columns(%x: tensor<8x8xf32>, %s: tensor<8xf32>) -> tensor<8x8xf32> {
  %e = tensor.empty() : tensor<8x8xf32>
  %p = linalg.generic {indexing_maps = [#m, #m], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) attrs = {mg.kernel = 0 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<8x8xf32>
  %t = linalg.generic {indexing_maps = [#across, #row], iterator_types = ["parallel", "reduction"]} ins(%p : tensor<8x8xf32>) outs(%s : tensor<8xf32>) attrs = {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %f = tensor.empty() : tensor<8x8xf32>
  %y = linalg.generic {indexing_maps = [#row, #m, #m], iterator_types = ["parallel", "parallel"]} ins(%t, %x : tensor<8xf32>, tensor<8x8xf32>) outs(%f : tensor<8x8xf32>) attrs = {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%in: f32, %a: f32, %out: f32):
    %0 = arith.divf %a, %in : f32
    linalg.yield %0 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// CHECK-LABEL: func.func @read_again
// CHECK: %[[X:.*]] = linalg.generic {{.*}} outs
// CHECK-NOT: outs(%[[X]]
// CHECK: return
func.func @read_again(%x: tensor<8x8xf32>, %s: tensor<8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %e = tensor.empty() : tensor<8x8xf32>
  %p = linalg.generic {indexing_maps = [#m, #m], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) attrs = {mg.kernel = 0 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<8x8xf32>
  %f = tensor.empty() : tensor<8x8xf32>
  %y = linalg.generic {indexing_maps = [#row, #m, #m], iterator_types = ["parallel", "parallel"]} ins(%s, %p : tensor<8xf32>, tensor<8x8xf32>) outs(%f : tensor<8x8xf32>) attrs = {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%in: f32, %a: f32, %out: f32):
    %0 = arith.divf %a, %in : f32
    linalg.yield %0 : f32
  } -> tensor<8x8xf32>
  %g = tensor.empty() : tensor<8x8xf32>
  %z = linalg.generic {indexing_maps = [#m, #m], iterator_types = ["parallel", "parallel"]} ins(%p : tensor<8x8xf32>) outs(%g : tensor<8x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.sin %in : f32
    linalg.yield %0 : f32
  } -> tensor<8x8xf32>
  return %y, %z : tensor<8x8xf32>, tensor<8x8xf32>
}

// An output: what the kernel reads lies there before.
// CHECK-LABEL: func.func @output
// CHECK: %[[Y:.*]] = bufferization.to_tensor %arg1 restrict writable
// CHECK: %[[X:.*]] = linalg.generic {{.*}} outs(%[[Y]]
// CHECK: linalg.generic {{.*}} outs(%[[X]]
func.func @output(%x: tensor<8x8xf32>, %out: memref<8x8xf32>, %s: tensor<8xf32>) {
  %e = tensor.empty() : tensor<8x8xf32>
  %p = linalg.generic {indexing_maps = [#m, #m], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) attrs = {mg.kernel = 0 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%in: f32, %old: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<8x8xf32>
  %f = bufferization.to_tensor %out restrict writable : memref<8x8xf32>
  %y = linalg.generic {indexing_maps = [#row, #m, #m], iterator_types = ["parallel", "parallel"]} ins(%s, %p : tensor<8xf32>, tensor<8x8xf32>) outs(%f : tensor<8x8xf32>) attrs = {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%in: f32, %a: f32, %old: f32):
    %0 = arith.divf %a, %in : f32
    linalg.yield %0 : f32
  } -> tensor<8x8xf32>
  bufferization.materialize_in_destination %y in restrict writable %out : (tensor<8x8xf32>, memref<8x8xf32>) -> ()
  return
}
