// RUN: mgc-opt %s --mg-vectorize="lanes=16 registers=32" --cse | FileCheck %s

// What an epilogue reads beside the sums, and no cache holds, is asked for
// while the sums are computed: row by row between pieces of long ones, all at
// once before short ones. What all rows read is in the cache.
// CHECK-LABEL: func @long
// CHECK: scf.for {{.*}} iter_args
// CHECK: memref.prefetch {{.*}}, write
// CHECK: memref.prefetch {{.*}}, read
// CHECK: scf.for {{.*}} iter_args
// CHECK: llvm.intr.fmuladd
// CHECK-LABEL: func @short
// CHECK: memref.prefetch {{.*}}, read
// CHECK-NOT: write
// CHECK: scf.for {{.*}} iter_args
// CHECK: llvm.intr.fmuladd
// CHECK-LABEL: func @bias
// CHECK-NOT: memref.prefetch
// A row that the result replaces is asked for by who reads it last.
// CHECK-LABEL: func @inplace
// CHECK: memref.prefetch {{.*}}, read
// CHECK: return
// Sums in passes ask in the last one, which begins with those of the first.
// CHECK-LABEL: func @passes
// CHECK-NOT: memref.prefetch
// CHECK: vector.load {{.*}} memref<524288xf32>
// CHECK: scf.for {{.*}} iter_args
// CHECK: memref.prefetch {{.*}}, read
// CHECK: scf.for {{.*}} iter_args
// Tiles of short sums that share a panel ask for the results of the next panel,
// where these come from memory.
// CHECK-LABEL: func @next
// CHECK: memref.prefetch {{.*}}, write
// CHECK: llvm.intr.fmuladd
// CHECK-LABEL: func @near
// CHECK-NOT: memref.prefetch
// CHECK: return
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
#all = affine_map<(i, j) -> (i, j)>
#column = affine_map<(i, j) -> (j)>
#row = affine_map<(i, j) -> (i)>
#turned = affine_map<(i, j, k) -> (j, k)>
func.func @long(%a: memref<512x512xf32>, %b: memref<512x1024xf32>,
                %r: memref<512x1024xf32>, %c: memref<512x1024xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  mg.kernel = 0, mg.rows = array<i64: 0, 1>,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<512x512xf32>, memref<512x1024xf32>)
      outs(%c : memref<512x1024xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#all, #all], mg.kernel = 0,
                  mg.rows = array<i64: 0, 1>,
                  iterator_types = ["parallel", "parallel"]}
      ins(%r : memref<512x1024xf32>) outs(%c : memref<512x1024xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %o, %x : f32
    linalg.yield %s : f32
  }
  return
}
func.func @short(%a: memref<1024x32xf32>, %b: memref<32x1024xf32>,
                 %r: memref<1024x1024xf32>, %c: memref<1024x1024xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  mg.kernel = 0, mg.rows = array<i64: 0, 1>,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<1024x32xf32>, memref<32x1024xf32>)
      outs(%c : memref<1024x1024xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#all, #all], mg.kernel = 0,
                  mg.rows = array<i64: 0, 1>,
                  iterator_types = ["parallel", "parallel"]}
      ins(%r : memref<1024x1024xf32>) outs(%c : memref<1024x1024xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %o, %x : f32
    linalg.yield %s : f32
  }
  return
}
func.func @bias(%a: memref<1024x32xf32>, %b: memref<32x1024xf32>,
                %r: memref<1024xf32>, %c: memref<1024x1024xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  mg.kernel = 0, mg.rows = array<i64: 0, 1>,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<1024x32xf32>, memref<32x1024xf32>)
      outs(%c : memref<1024x1024xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#column, #all], mg.kernel = 0,
                  mg.rows = array<i64: 0, 1>,
                  iterator_types = ["parallel", "parallel"]}
      ins(%r : memref<1024xf32>) outs(%c : memref<1024x1024xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %o, %x : f32
    linalg.yield %s : f32
  }
  return
}
func.func @inplace(%c: memref<1024x1024xf32>) {
  %zero = arith.constant 0.0 : f32
  %s = memref.alloc() : memref<1024xf32>
  linalg.fill {mg.kernel = 0, mg.rows = array<i64: 0>} ins(%zero : f32)
      outs(%s : memref<1024xf32>)
  linalg.generic {indexing_maps = [#all, #row], mg.kernel = 0,
                  mg.rows = array<i64: 0>,
                  iterator_types = ["parallel", "reduction"]}
      ins(%c : memref<1024x1024xf32>) outs(%s : memref<1024xf32>) {
  ^bb0(%x: f32, %o: f32):
    %t = arith.addf %o, %x : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [#all, #row, #all], mg.kernel = 0,
                  mg.rows = array<i64: 0>,
                  iterator_types = ["parallel", "parallel"]}
      ins(%c, %s : memref<1024x1024xf32>, memref<1024xf32>)
      outs(%c : memref<1024x1024xf32>) {
  ^bb0(%x: f32, %t: f32, %o: f32):
    %u = arith.subf %x, %t : f32
    linalg.yield %u : f32
  }
  return
}
func.func @passes(%a: memref<512x4096xf32>, %b: memref<4096x1024xf32>,
                  %r: memref<512x1024xf32>, %c: memref<512x1024xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill {mg.kernel = 0, mg.rows = array<i64: 0, 1>} ins(%zero : f32)
      outs(%c : memref<512x1024xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  mg.kernel = 0, mg.rows = array<i64: 0, 1>,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<512x4096xf32>, memref<4096x1024xf32>)
      outs(%c : memref<512x1024xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#all, #all], mg.kernel = 0,
                  mg.rows = array<i64: 0, 1>,
                  iterator_types = ["parallel", "parallel"]}
      ins(%r : memref<512x1024xf32>) outs(%c : memref<512x1024xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %o, %x : f32
    linalg.yield %s : f32
  }
  return
}
func.func @next(%a: memref<96x16xf32>, %b: memref<65536x16xf32>, %c: memref<96x65536xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<96x65536xf32>)
  linalg.generic {indexing_maps = [#a, #turned, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<96x16xf32>, memref<65536x16xf32>)
      outs(%c : memref<96x65536xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @near(%a: memref<96x16xf32>, %b: memref<16384x16xf32>, %c: memref<96x16384xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<96x16384xf32>)
  linalg.generic {indexing_maps = [#a, #turned, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<96x16xf32>, memref<16384x16xf32>)
      outs(%c : memref<96x16384xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
