// RUN: mgc-opt %s --mg-simplified-to-linalg=explain=true --split-input-file | FileCheck %s

// Three nests over the same rows: the maximum, the exponentials with their sum,
// and the quotient. A fill belongs to its reduction.
// CHECK-LABEL: @softmax
// CHECK-SAME: mg.unfused = []
// CHECK: linalg.fill {mg.kernel = 0 : i64, mg.rows = array<i64: 0>}
// CHECK: linalg.generic {{.*}}["parallel", "reduction"]} ins(%arg0 {{.*}}mg.kernel = 0 : i64, mg.rows = array<i64: 0>
// CHECK: arith.maximumf
// CHECK: %[[E:.*]]:2 = linalg.generic {{.*}}["parallel", "reduction"]} {{.*}}mg.kernel = 0 : i64, mg.rows = array<i64: 0>
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: linalg.generic {{.*}}["parallel", "parallel"]} ins(%[[E]]#0, %[[E]]#1 {{.*}}mg.kernel = 0 : i64, mg.rows = array<i64: 0>
// CHECK-NOT: linalg.generic
func.func @softmax(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %m = mg.reduce max %x [1] : tensor<4x8xf32> -> tensor<4xf32>
  %mb = mg.broadcast %m [0] : tensor<4xf32> -> tensor<4x8xf32>
  %d = mg.sub %x, %mb : tensor<4x8xf32>
  %e = mg.exp %d : tensor<4x8xf32>
  %s = mg.reduce sum %e [1] : tensor<4x8xf32> -> tensor<4xf32>
  %sb = mg.broadcast %s [0] : tensor<4xf32> -> tensor<4x8xf32>
  %y = mg.div %e, %sb : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// Windows that slide along the innermost dimension have no row for each of its
// places: vectors go along them.
// CHECK-LABEL: @windows
// CHECK: linalg.generic {{.*}}"reduction", "reduction"{{.*}}mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1>
// CHECK: linalg.generic {{.*}}mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1>
// CHECK: arith.divf
func.func @windows(%x: tensor<4x10x34xf32>) -> tensor<4x8x32xf32> {
  %c = mg.constant dense<9.0> : tensor<4x8x32xf32>
  %w = mg.unfold %x dims [1, 2] size [3, 3] stride [1, 1] dilation [1, 1] : tensor<4x10x34xf32> -> tensor<4x8x32x3x3xf32>
  %s = mg.reduce sum %w [3, 4] : tensor<4x8x32x3x3xf32> -> tensor<4x8x32xf32>
  %y = mg.div %s, %c : tensor<4x8x32xf32>
  return %y : tensor<4x8x32xf32>
}

// -----

// Ops over the same loops are one nest with a result for each that is wanted.
// CHECK-LABEL: @siblings
// CHECK: %[[R:.*]]:3 = linalg.generic {{.*}} ins(%arg0 : tensor<64x32xf32>)
// CHECK-NOT: linalg.generic
// CHECK: return %[[R]]#0, %[[R]]#1, %[[R]]#2
func.func @siblings(%x: tensor<64x32xf32>)
    -> (tensor<64x32xf32>, tensor<64xf32>, tensor<64xf32>) {
  %e = mg.exp %x : tensor<64x32xf32>
  %s = mg.reduce sum %x [1] : tensor<64x32xf32> -> tensor<64xf32>
  %q = mg.mul %x, %x : tensor<64x32xf32>
  %t = mg.reduce sum %q [1] : tensor<64x32xf32> -> tensor<64xf32>
  return %e, %s, %t : tensor<64x32xf32>, tensor<64xf32>, tensor<64xf32>
}

// -----

// An index of the largest goes by steps in order, a float sum by a tree: two
// nests.
// CHECK-LABEL: @orders
// CHECK: %[[I:.*]]:2 = linalg.generic {{.*}} ins(%arg0 : tensor<64x32xf32>)
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%arg0 : tensor<64x32xf32>)
// CHECK: return
func.func @orders(%x: tensor<64x32xf32>) -> (tensor<64xi32>, tensor<64xf32>) {
  %i = mg.arg_reduce max %x dim 1 : tensor<64x32xf32> -> tensor<64xi32>
  %s = mg.reduce sum %x [1] : tensor<64x32xf32> -> tensor<64xf32>
  return %i, %s : tensor<64xi32>, tensor<64xf32>
}

// -----

// A contraction and what follows on its elements: all parallel loops are rows.
// CHECK-LABEL: @epilogue
// CHECK: linalg.generic {{.*}}mg.contraction, mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1>
// CHECK: linalg.generic {{.*}}mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1>
// CHECK: arith.addf
// CHECK: math.tanh
// CHECK-NOT: linalg.generic
func.func @epilogue(%x: tensor<4x3xf32>, %w: tensor<3x5xf32>,
                    %b: tensor<5xf32>) -> tensor<4x5xf32> {
  %d = mg.dot %x, %w contract [1] x [0] : (tensor<4x3xf32>, tensor<3x5xf32>) -> tensor<4x5xf32>
  %bb = mg.broadcast %b [1] : tensor<5xf32> -> tensor<4x5xf32>
  %s = mg.add %d, %bb : tensor<4x5xf32>
  %y = mg.tanh %s : tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}

// -----

// A sum across the rows runs with them; its loop over them is a reduction.
// CHECK-LABEL: @across
// CHECK: linalg.generic {{.*}}["parallel", "reduction"]} {{.*}}mg.rows = array<i64: 0>
// CHECK: linalg.generic {{.*}}["reduction", "parallel"]} {{.*}}mg.rows = array<i64: 0>
func.func @across(%x: tensor<64x32xf32>, %g: tensor<64x32xf32>)
    -> (tensor<64x32xf32>, tensor<32xf32>) {
  %s = mg.reduce sum %x [1] : tensor<64x32xf32> -> tensor<64xf32>
  %sb = mg.broadcast %s [0] : tensor<64xf32> -> tensor<64x32xf32>
  %y = mg.mul %g, %sb : tensor<64x32xf32>
  %p = mg.mul %g, %y : tensor<64x32xf32>
  %c = mg.reduce sum %p [0] : tensor<64x32xf32> -> tensor<32xf32>
  return %y, %c : tensor<64x32xf32>, tensor<32xf32>
}

// -----

// What waits for a sum across the rows is another kernel.
// CHECK-LABEL: @after_across
// CHECK-SAME: reason = "they have no rows in common"
func.func @after_across(%x: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %c = mg.reduce sum %x [0] : tensor<64x32xf32> -> tensor<32xf32>
  %b = mg.broadcast %c [1] : tensor<32xf32> -> tensor<64x32xf32>
  %y = mg.div %x, %b : tensor<64x32xf32>
  return %y : tensor<64x32xf32>
}

// -----

// Neither may run first if a third op stands between them.
// CHECK-LABEL: @detour
// CHECK-SAME: reason = "something between them waits for one and the other for it"
func.func @detour(%x: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %e = mg.exp %x : tensor<64x32xf32>
  %c = mg.cumulative sum %e dim 0 : tensor<64x32xf32>
  %y = mg.mul %e, %c : tensor<64x32xf32>
  return %y : tensor<64x32xf32>
}

// -----

// The exponentials and the product are one kernel: what the product waits for
// goes before it, and so do the roots, which share the input with it.
// CHECK-LABEL: @around
// CHECK: math.sqrt
// CHECK-NOT: math
// CHECK: scf.for
// CHECK: linalg.generic
// CHECK: math.exp
// CHECK-NEXT: arith.mulf
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @around(%x: tensor<64x32xf32>)
    -> (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>) {
  %e = mg.exp %x : tensor<64x32xf32>
  %q = mg.sqrt %x : tensor<64x32xf32>
  %d = mg.cumulative sum %q dim 0 : tensor<64x32xf32>
  %p = mg.mul %e, %d : tensor<64x32xf32>
  %y = mg.mul %p, %x : tensor<64x32xf32>
  return %e, %q, %y : tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>
}

// -----

// The same update of several tensors is one launch.
// CHECK-LABEL: @batch
// CHECK: linalg.generic {{.*}}mg.kernel = 0 : i64, mg.rows = array<i64>
// CHECK: linalg.generic {{.*}}mg.kernel = 0 : i64, mg.rows = array<i64>
func.func @batch(%x: tensor<4x8xf32>, %y: tensor<7xf32>)
    -> (tensor<4x8xf32>, tensor<7xf32>) {
  %a = mg.exp %x : tensor<4x8xf32>
  %b = mg.exp %y : tensor<7xf32>
  return %a, %b : tensor<4x8xf32>, tensor<7xf32>
}

// -----

// In attention's way back the keys' values wait for no row: their loops over
// queries are sums, and the keys, innermost in the weights, are no rows.
// CHECK-LABEL: @values_of_weights
// CHECK: linalg.generic {{.*}} attrs = {mg.contraction} {
// CHECK: linalg.generic {{.*}} attrs = {mg.contraction, mg.kernel = [[K:[0-9]+]] : i64, mg.rows = array<i64: 0, 1, 2>}
// CHECK: linalg.generic {{.*}} attrs = {mg.kernel = [[K]] : i64, mg.rows = array<i64: 0, 1, 2>}
func.func @values_of_weights(%p: tensor<12x512x512xf32>, %g: tensor<12x512x64xf32>, %v: tensor<12x512x64xf32>)
    -> (tensor<12x512x64xf32>, tensor<12x512x512xf32>) {
  %dv = mg.dot %p, %g contract [1] x [1] batch [0] x [0] : (tensor<12x512x512xf32>, tensor<12x512x64xf32>) -> tensor<12x512x64xf32>
  %dp = mg.dot %g, %v contract [2] x [2] batch [0] x [0] : (tensor<12x512x64xf32>, tensor<12x512x64xf32>) -> tensor<12x512x512xf32>
  %ds = mg.mul %p, %dp : tensor<12x512x512xf32>
  return %dv, %ds : tensor<12x512x64xf32>, tensor<12x512x512xf32>
}

// -----

// Two products that pass on rows: floats are one kernel, integers are not.
// CHECK-LABEL: @two_products
// CHECK-SAME: mg.unfused = []
// CHECK-LABEL: @two_products_of_integers
// CHECK-SAME: reason = "products of integers are summed"
func.func @two_products(%x: tensor<64x32xf32>, %v: tensor<48x32xf32>, %w: tensor<32x48xf32>) -> tensor<64x32xf32> {
  %h = mg.dot %x, %v contract [1] x [1] : (tensor<64x32xf32>, tensor<48x32xf32>) -> tensor<64x48xf32>
  %y = mg.dot %h, %w contract [1] x [1] : (tensor<64x48xf32>, tensor<32x48xf32>) -> tensor<64x32xf32>
  return %y : tensor<64x32xf32>
}
func.func @two_products_of_integers(%x: tensor<64x32xi8>, %v: tensor<48x32xi8>, %w: tensor<32x48xi8>) -> tensor<64x32xi32> {
  %s = mg.dot %x, %v contract [1] x [1] : (tensor<64x32xi8>, tensor<48x32xi8>) -> tensor<64x48xi32>
  %h = mg.convert truncate %s : tensor<64x48xi32> -> tensor<64x48xi8>
  %y = mg.dot %h, %w contract [1] x [1] : (tensor<64x48xi8>, tensor<32x48xi8>) -> tensor<64x32xi32>
  return %y : tensor<64x32xi32>
}
