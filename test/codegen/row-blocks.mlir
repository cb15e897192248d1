// RUN: mgc-opt %s --mg-vectorize="lanes=16 registers=32" | FileCheck %s

// A product and the kernel of its rows take turns: 128 rows each, and in the end
// the rest with as many more.
// CHECK-LABEL: func.func @rows
// CHECK: {{^    }}scf.for {{.*}} to %c128{{.*}} step %c128
// CHECK: {{^      }}scf.forall
// CHECK: {{^      }}scf.forall
// CHECK: {{^    }}scf.forall
// CHECK: {{^    }}scf.forall
// The second kernel needs all rows, as it reads across them.
// CHECK-LABEL: func.func @across
// CHECK-NOT: {{^    }}scf.for %
// CHECK: {{^    }}scf.forall
// The rows are few bytes: they are still near.
// CHECK-LABEL: func.func @near
// CHECK-NOT: {{^    }}scf.for %
// CHECK: {{^    }}scf.forall

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
#rc = affine_map<(i, j) -> (i, j)>
#r = affine_map<(i, j) -> (i)>
#cr = affine_map<(i, j) -> (j, i)>

func.func @rows(%a: memref<300x16xf32>, %b: memref<16x4096xf32>, %y: memref<300x4096xf32>) attributes {mg.entry} {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<300x4096xf32>
  linalg.fill {mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1>} ins(%zero : f32) outs(%c : memref<300x4096xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<300x16xf32>, memref<16x4096xf32>) outs(%c : memref<300x4096xf32>)
      attrs = {mg.contraction, mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1>} {
  ^bb0(%x: f32, %w: f32, %o: f32):
    %p = arith.mulf %x, %w : f32
    %q = arith.addf %o, %p : f32
    linalg.yield %q : f32
  }
  %s = memref.alloc() : memref<300xf32>
  linalg.fill {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} ins(%zero : f32) outs(%s : memref<300xf32>)
  linalg.generic {indexing_maps = [#rc, #r], iterator_types = ["parallel", "reduction"]}
      ins(%c : memref<300x4096xf32>) outs(%s : memref<300xf32>)
      attrs = {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%x: f32, %o: f32):
    %q = arith.addf %o, %x : f32
    linalg.yield %q : f32
  }
  linalg.generic {indexing_maps = [#rc, #r, #rc], iterator_types = ["parallel", "parallel"]}
      ins(%c, %s : memref<300x4096xf32>, memref<300xf32>) outs(%y : memref<300x4096xf32>)
      attrs = {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%x: f32, %t: f32, %o: f32):
    %q = arith.subf %x, %t : f32
    linalg.yield %q : f32
  }
  return
}

func.func @across(%a: memref<4096x16xf32>, %b: memref<16x4096xf32>, %y: memref<4096x4096xf32>) attributes {mg.entry} {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<4096x4096xf32>
  linalg.fill {mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1>} ins(%zero : f32) outs(%c : memref<4096x4096xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4096x16xf32>, memref<16x4096xf32>) outs(%c : memref<4096x4096xf32>)
      attrs = {mg.contraction, mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1>} {
  ^bb0(%x: f32, %w: f32, %o: f32):
    %p = arith.mulf %x, %w : f32
    %q = arith.addf %o, %p : f32
    linalg.yield %q : f32
  }
  %s = memref.alloc() : memref<4096xf32>
  linalg.fill {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} ins(%zero : f32) outs(%s : memref<4096xf32>)
  linalg.generic {indexing_maps = [#cr, #r], iterator_types = ["parallel", "reduction"]}
      ins(%c : memref<4096x4096xf32>) outs(%s : memref<4096xf32>)
      attrs = {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%x: f32, %o: f32):
    %q = arith.addf %o, %x : f32
    linalg.yield %q : f32
  }
  linalg.generic {indexing_maps = [#cr, #r, #rc], iterator_types = ["parallel", "parallel"]}
      ins(%c, %s : memref<4096x4096xf32>, memref<4096xf32>) outs(%y : memref<4096x4096xf32>)
      attrs = {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%x: f32, %t: f32, %o: f32):
    %q = arith.subf %x, %t : f32
    linalg.yield %q : f32
  }
  return
}

func.func @near(%a: memref<300x16xf32>, %b: memref<16x64xf32>, %y: memref<300x64xf32>) attributes {mg.entry} {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<300x64xf32>
  linalg.fill {mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1>} ins(%zero : f32) outs(%c : memref<300x64xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<300x16xf32>, memref<16x64xf32>) outs(%c : memref<300x64xf32>)
      attrs = {mg.contraction, mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1>} {
  ^bb0(%x: f32, %w: f32, %o: f32):
    %p = arith.mulf %x, %w : f32
    %q = arith.addf %o, %p : f32
    linalg.yield %q : f32
  }
  %s = memref.alloc() : memref<300xf32>
  linalg.fill {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} ins(%zero : f32) outs(%s : memref<300xf32>)
  linalg.generic {indexing_maps = [#rc, #r], iterator_types = ["parallel", "reduction"]}
      ins(%c : memref<300x64xf32>) outs(%s : memref<300xf32>)
      attrs = {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%x: f32, %o: f32):
    %q = arith.addf %o, %x : f32
    linalg.yield %q : f32
  }
  linalg.generic {indexing_maps = [#rc, #r, #rc], iterator_types = ["parallel", "parallel"]}
      ins(%c, %s : memref<300x64xf32>, memref<300xf32>) outs(%y : memref<300x64xf32>)
      attrs = {mg.kernel = 1 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%x: f32, %t: f32, %o: f32):
    %q = arith.subf %x, %t : f32
    linalg.yield %q : f32
  }
  return
}
