// RUN: mgc-opt %s --mg-vectorize="lanes=16 registers=32" --cse | FileCheck %s

// A pair of panels: the first one is copied whole, the next ones row by row,
// between pieces of the sums, from lines that are asked for.
// CHECK-LABEL: func @pair
// CHECK: memref.alloc() {{.*}}: memref<65536xf32>
// CHECK: scf.if
// CHECK: memref.prefetch {{.*}}, write
// CHECK: memref.prefetch {{.*}}, read
// CHECK: vector.load
// CHECK: llvm.intr.fmuladd
// Two panels are more than the second cache holds: one, copied before its tiles.
// CHECK-LABEL: func @single
// CHECK: memref.alloc() {{.*}}: memref<{{[0-9]+}}xf32>
// CHECK-NOT: scf.if
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @pair(%a: memref<512x512xf32>, %b: memref<512x1024xf32>,
                %c: memref<512x1024xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<512x512xf32>, memref<512x1024xf32>)
      outs(%c : memref<512x1024xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @single(%a: memref<512x2900xf32>, %b: memref<2900x1024xf32>,
                  %c: memref<512x1024xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<512x2900xf32>, memref<2900x1024xf32>)
      outs(%c : memref<512x1024xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
