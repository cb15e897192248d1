// RUN: mgc-opt %s --mg-early-frames | FileCheck %s

// Windows end row by row, as the middle of the next border begins: their sums
// move behind its fill, beside what follows them.
// CHECK-LABEL: func @windows
// CHECK: linalg.fill {{.*}} memref<1x8x34x34xf32>
// CHECK: linalg.fill {{.*}} memref<1x8x32x32xf32>
// CHECK: arith.mulf
// CHECK-NOT: linalg.fill
// CHECK: arith.maximumf
#window = affine_map<(n, c, h, w, i, y, x) -> (n, i, h + y, w + x)>
#taps = affine_map<(n, c, h, w, i, y, x) -> (c, i, y, x)>
#sums = affine_map<(n, c, h, w, i, y, x) -> (n, c, h, w)>
#same = affine_map<(n, c, h, w) -> (n, c, h, w)>
func.func @windows(%x: memref<1x4x34x34xf32>, %k: memref<8x4x3x3xf32>, %p: memref<1x8x34x34xf32>) {
  %zero = arith.constant 0.0 : f32
  %s = memref.alloc() : memref<1x8x32x32xf32>
  linalg.fill {mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1, 2, 3>} ins(%zero : f32) outs(%s : memref<1x8x32x32xf32>)
  linalg.generic {indexing_maps = [#window, #taps, #sums], mg.contraction, mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1, 2, 3>,
                  iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %k : memref<1x4x34x34xf32>, memref<8x4x3x3xf32>) outs(%s : memref<1x8x32x32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %t = arith.addf %o, %m : f32
    linalg.yield %t : f32
  }
  linalg.fill ins(%zero : f32) outs(%p : memref<1x8x34x34xf32>)
  %v = memref.subview %p[0, 0, 1, 1] [1, 8, 32, 32] [1, 1, 1, 1]
     : memref<1x8x34x34xf32> to memref<1x8x32x32xf32, strided<[9248, 1156, 34, 1], offset: 35>>
  linalg.generic {indexing_maps = [#same, #same], mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1, 2, 3>,
                  iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s : memref<1x8x32x32xf32>) outs(%v : memref<1x8x32x32xf32, strided<[9248, 1156, 34, 1], offset: 35>>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.maximumf %a, %zero : f32
    linalg.yield %m : f32
  }
  memref.dealloc %s : memref<1x8x32x32xf32>
  return
}

// A product of channels walks an image as one loop, which gaps between rows
// would cut: it stays.
// CHECK-LABEL: func @product
// CHECK: linalg.fill {{.*}} memref<1x8x32x32xf32>
// CHECK: arith.mulf
// CHECK: linalg.fill {{.*}} memref<1x8x34x34xf32>
// CHECK: arith.maximumf
#image = affine_map<(n, c, h, w, i) -> (n, i, h, w)>
#weight = affine_map<(n, c, h, w, i) -> (c, i)>
#out = affine_map<(n, c, h, w, i) -> (n, c, h, w)>
func.func @product(%x: memref<1x4x32x32xf32>, %k: memref<8x4xf32>, %p: memref<1x8x34x34xf32>) {
  %zero = arith.constant 0.0 : f32
  %s = memref.alloc() : memref<1x8x32x32xf32>
  linalg.fill {mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1, 2, 3>} ins(%zero : f32) outs(%s : memref<1x8x32x32xf32>)
  linalg.generic {indexing_maps = [#image, #weight, #out], mg.contraction, mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1, 2, 3>,
                  iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %k : memref<1x4x32x32xf32>, memref<8x4xf32>) outs(%s : memref<1x8x32x32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %t = arith.addf %o, %m : f32
    linalg.yield %t : f32
  }
  linalg.fill ins(%zero : f32) outs(%p : memref<1x8x34x34xf32>)
  %v = memref.subview %p[0, 0, 1, 1] [1, 8, 32, 32] [1, 1, 1, 1]
     : memref<1x8x34x34xf32> to memref<1x8x32x32xf32, strided<[9248, 1156, 34, 1], offset: 35>>
  linalg.generic {indexing_maps = [#same, #same], mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1, 2, 3>,
                  iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s : memref<1x8x32x32xf32>) outs(%v : memref<1x8x32x32xf32, strided<[9248, 1156, 34, 1], offset: 35>>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.maximumf %a, %zero : f32
    linalg.yield %m : f32
  }
  memref.dealloc %s : memref<1x8x32x32xf32>
  return
}

// Windows of the very memory that the border is filled in have to come first.
// CHECK-LABEL: func @reads
// CHECK: arith.mulf
// CHECK: linalg.fill {{.*}} memref<1x4x34x34xf32>
// CHECK: arith.maximumf
func.func @reads(%p: memref<1x4x34x34xf32>, %k: memref<4x4x3x3xf32>) {
  %zero = arith.constant 0.0 : f32
  %s = memref.alloc() : memref<1x4x32x32xf32>
  linalg.fill {mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1, 2, 3>} ins(%zero : f32) outs(%s : memref<1x4x32x32xf32>)
  linalg.generic {indexing_maps = [#window, #taps, #sums], mg.contraction, mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1, 2, 3>,
                  iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%p, %k : memref<1x4x34x34xf32>, memref<4x4x3x3xf32>) outs(%s : memref<1x4x32x32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %t = arith.addf %o, %m : f32
    linalg.yield %t : f32
  }
  linalg.fill ins(%zero : f32) outs(%p : memref<1x4x34x34xf32>)
  %v = memref.subview %p[0, 0, 1, 1] [1, 4, 32, 32] [1, 1, 1, 1]
     : memref<1x4x34x34xf32> to memref<1x4x32x32xf32, strided<[4624, 1156, 34, 1], offset: 35>>
  linalg.generic {indexing_maps = [#same, #same], mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1, 2, 3>,
                  iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s : memref<1x4x32x32xf32>) outs(%v : memref<1x4x32x32xf32, strided<[4624, 1156, 34, 1], offset: 35>>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.maximumf %a, %zero : f32
    linalg.yield %m : f32
  }
  memref.dealloc %s : memref<1x4x32x32xf32>
  return
}
