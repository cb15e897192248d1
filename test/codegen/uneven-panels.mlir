// RUN: mgc-opt %s --mg-vectorize="lanes=16 registers=32" --cse | FileCheck %s

// Of four panels and a part two threads would have unequal shares: chunks are of
// rows, with all columns inside. Of six all have the same, and a chunk of
// columns has all rows inside.
// CHECK-LABEL: func @uneven_panels
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c192{{.*}} step
// CHECK-LABEL: func @even_panels
// CHECK: scf.forall (%{{.*}}) in (6)
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c112{{.*}} step
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (j floordiv 48, k, j mod 48)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @uneven_panels(%a: memref<112x64xf32>, %b: memref<5x64x48xf32>,
                         %c: memref<112x224xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<112x64xf32>, memref<5x64x48xf32>)
      outs(%c : memref<112x224xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @even_panels(%a: memref<112x64xf32>, %b: memref<6x64x48xf32>,
                       %c: memref<112x288xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<112x64xf32>, memref<6x64x48xf32>)
      outs(%c : memref<112x288xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
