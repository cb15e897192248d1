// RUN: mgc-opt %s --mg-late-frames --mg-local-frames | FileCheck %s

// Windows of single channels: 112 rows are framed in four blocks of 28, with two
// that the next block has as well. The first and the last have a row of the
// frame.
// CHECK-LABEL: func @large
// CHECK: memref.alloc() {{.*}} memref<1x1x30x114xf32>
// CHECK: scf.for
// CHECK: scf.for
// CHECK: scf.if
// CHECK: memref.copy
// CHECK: scf.if
// CHECK: memref.copy
// CHECK: memref.copy
// CHECK: linalg.generic
#window = affine_map<(n, c, h, w, y, x) -> (n, c, h + y, w + x)>
#taps = affine_map<(n, c, h, w, y, x) -> (c, y, x)>
#sums = affine_map<(n, c, h, w, y, x) -> (n, c, h, w)>
func.func @large(%x: memref<1x8x112x112xf32>, %k: memref<8x3x3xf32>, %s: memref<1x8x112x112xf32>) {
  %zero = arith.constant 0.0 : f32
  %p = memref.alloc() : memref<1x8x114x114xf32>
  linalg.fill ins(%zero : f32) outs(%p : memref<1x8x114x114xf32>)
  %m = memref.subview %p[0, 0, 1, 1] [1, 8, 112, 112] [1, 1, 1, 1]
     : memref<1x8x114x114xf32> to memref<1x8x112x112xf32, strided<[103968, 12996, 114, 1], offset: 115>>
  memref.copy %x, %m : memref<1x8x112x112xf32> to memref<1x8x112x112xf32, strided<[103968, 12996, 114, 1], offset: 115>>
  linalg.generic {indexing_maps = [#window, #taps, #sums], mg.contraction,
                  iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%p, %k : memref<1x8x114x114xf32>, memref<8x3x3xf32>) outs(%s : memref<1x8x112x112xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %d = arith.mulf %a, %b : f32
    %t = arith.addf %o, %d : f32
    linalg.yield %t : f32
  }
  return
}

// A channel that the first cache holds is one piece.
// CHECK-LABEL: func @small
// CHECK: memref.alloc() {{.*}} memref<1x1x58x58xf32>
// CHECK-NOT: scf.if
// CHECK: return
func.func @small(%x: memref<1x8x56x56xf32>, %k: memref<8x3x3xf32>, %s: memref<1x8x56x56xf32>) {
  %zero = arith.constant 0.0 : f32
  %p = memref.alloc() : memref<1x8x58x58xf32>
  linalg.fill ins(%zero : f32) outs(%p : memref<1x8x58x58xf32>)
  %m = memref.subview %p[0, 0, 1, 1] [1, 8, 56, 56] [1, 1, 1, 1]
     : memref<1x8x58x58xf32> to memref<1x8x56x56xf32, strided<[26912, 3364, 58, 1], offset: 59>>
  memref.copy %x, %m : memref<1x8x56x56xf32> to memref<1x8x56x56xf32, strided<[26912, 3364, 58, 1], offset: 59>>
  linalg.generic {indexing_maps = [#window, #taps, #sums], mg.contraction,
                  iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%p, %k : memref<1x8x58x58xf32>, memref<8x3x3xf32>) outs(%s : memref<1x8x56x56xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %d = arith.mulf %a, %b : f32
    %t = arith.addf %o, %d : f32
    linalg.yield %t : f32
  }
  return
}

// Where the columns move with the rows, a block is no piece of the result's rows
// alone.
// CHECK-LABEL: func @diagonal
// CHECK: memref.alloc() {{.*}} memref<1x1x114x114xf32>
// CHECK-NOT: scf.if
// CHECK: return
#along = affine_map<(n, c, h, y, x) -> (n, c, h + y, h + x)>
#few = affine_map<(n, c, h, y, x) -> (c, y, x)>
#line = affine_map<(n, c, h, y, x) -> (n, c, h)>
func.func @diagonal(%x: memref<1x8x112x112xf32>, %k: memref<8x3x3xf32>, %s: memref<1x8x112xf32>) {
  %zero = arith.constant 0.0 : f32
  %p = memref.alloc() : memref<1x8x114x114xf32>
  linalg.fill ins(%zero : f32) outs(%p : memref<1x8x114x114xf32>)
  %m = memref.subview %p[0, 0, 1, 1] [1, 8, 112, 112] [1, 1, 1, 1]
     : memref<1x8x114x114xf32> to memref<1x8x112x112xf32, strided<[103968, 12996, 114, 1], offset: 115>>
  memref.copy %x, %m : memref<1x8x112x112xf32> to memref<1x8x112x112xf32, strided<[103968, 12996, 114, 1], offset: 115>>
  linalg.generic {indexing_maps = [#along, #few, #line], mg.contraction,
                  iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%p, %k : memref<1x8x114x114xf32>, memref<8x3x3xf32>) outs(%s : memref<1x8x112xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %d = arith.mulf %a, %b : f32
    %t = arith.addf %o, %d : f32
    linalg.yield %t : f32
  }
  return
}
