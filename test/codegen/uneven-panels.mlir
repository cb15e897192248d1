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

// Of one panel a second thread would have nothing: chunks are of rows, though
// there are few.
// CHECK-LABEL: func @one_panel
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK: scf.for %{{.*}} = %{{[0-9]+}} to %{{[0-9]+}} step %c8

// A panel and a part, or two and a part, that are copied first: the part is the
// last chunk's, so that columns would be one chunk, or two of which one has
// twice as much. Chunks are of rows, which copy a panel each.
// CHECK-LABEL: func @copied_part
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c48{{.*}} step
// CHECK-LABEL: func @copied_two_and_part
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c96{{.*}} step

// Rows of a result that are no whole lines: threads with columns would share
// one in each. Short sums take less time than to send so many lines to and fro.
// CHECK-LABEL: func @shared_lines
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c720{{.*}} step

// Weights that are turned into one panel first: two chunks make one each, where
// each has rows enough for it.
// CHECK-LABEL: func @turned_panel
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK-LABEL: func @few_images
// CHECK-NOT: scf.forall
// CHECK: return
#a = affine_map<(i, j, k) -> (i, k)>
#window = affine_map<(n, c, h, w, i, y, x) -> (n, i, h * 2 + y, w * 2 + x)>
#taps = affine_map<(n, c, h, w, i, y, x) -> (c, i, y, x)>
#sums = affine_map<(n, c, h, w, i, y, x) -> (n, c, h, w)>
#plain = affine_map<(i, j, k) -> (k, j)>
#b = affine_map<(i, j, k) -> (j floordiv 48, k, j mod 48)>
#turned = affine_map<(i, j, k) -> (j, k)>
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
func.func @one_panel(%a: memref<96x300xf32>, %b: memref<1x300x48xf32>,
                     %c: memref<96x48xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<96x300xf32>, memref<1x300x48xf32>)
      outs(%c : memref<96x48xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @copied_part(%a: memref<384x64xf32>, %b: memref<72x64xf32>,
                         %c: memref<384x72xf32>) {
  linalg.generic {indexing_maps = [#a, #turned, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<384x64xf32>, memref<72x64xf32>)
      outs(%c : memref<384x72xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @copied_two_and_part(%a: memref<384x64xf32>, %b: memref<136x64xf32>,
                         %c: memref<384x136xf32>) {
  linalg.generic {indexing_maps = [#a, #turned, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<384x64xf32>, memref<136x64xf32>)
      outs(%c : memref<384x136xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @shared_lines(%a: memref<163x8xf32>, %b: memref<8x741xf32>,
                        %c: memref<163x741xf32>) {
  linalg.generic {indexing_maps = [#a, #plain, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<163x8xf32>, memref<8x741xf32>)
      outs(%c : memref<163x741xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @turned_panel(%x: memref<4x64x10x10xf32>, %k: memref<8x64x3x3xf32>,
                        %c: memref<4x8x4x4xf32>) {
  linalg.generic {indexing_maps = [#window, #taps, #sums], mg.contraction,
                  iterator_types = ["parallel", "parallel", "parallel", "parallel",
                                    "reduction", "reduction", "reduction"]}
      ins(%x, %k : memref<4x64x10x10xf32>, memref<8x64x3x3xf32>)
      outs(%c : memref<4x8x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @few_images(%x: memref<3x128x10x10xf32>, %k: memref<8x128x3x3xf32>,
                        %c: memref<3x8x4x4xf32>) {
  linalg.generic {indexing_maps = [#window, #taps, #sums], mg.contraction,
                  iterator_types = ["parallel", "parallel", "parallel", "parallel",
                                    "reduction", "reduction", "reduction"]}
      ins(%x, %k : memref<3x128x10x10xf32>, memref<8x128x3x3xf32>)
      outs(%c : memref<3x8x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
