// RUN: mgc-opt %s --mg-vectorize="lanes=8 grain=1000" --cse --split-input-file | FileCheck %s

// Two dimensions that every operand walks in one go are one loop; its end is
// masked.
// CHECK-LABEL: func @merged
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c96{{.*}} step %c32
// CHECK-COUNT-4: vector.store {{.*}} vector<8xf32>
// CHECK: vector.constant_mask [3]
// CHECK: vector.maskedload
// CHECK: vector.maskedstore
// CHECK-NOT: linalg
func.func @merged(%x: memref<9x11xf32>, %y: memref<9x11xf32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>,
                                   affine_map<(d0, d1) -> (d0, d1)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<9x11xf32>) outs(%y : memref<9x11xf32>) {
  ^bb0(%a: f32, %o: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// A copy is a nest as well; a transposed square is turned in registers.
// CHECK-LABEL: func @transposed
// CHECK-COUNT-8: vector.load
// CHECK-COUNT-24: vector.shuffle
// CHECK-COUNT-8: vector.store
func.func @transposed(%x: memref<8x8xf32, strided<[1, 8]>>,
                      %y: memref<8x8xf32>) {
  memref.copy %x, %y : memref<8x8xf32, strided<[1, 8]>> to memref<8x8xf32>
  return
}

// -----

// Two rows that lie between each other in the result are stored together.
// CHECK-LABEL: func @interleaved
// CHECK-COUNT-2: vector.load
// CHECK: vector.interleave {{.*}} : vector<8xf32> -> vector<16xf32>
// CHECK-COUNT-2: vector.store {{.*}} vector<8xf32>
// CHECK-NOT: memref.store
func.func @interleaved(%x: memref<2x64xf32>, %y: memref<64x2xf32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>,
                                   affine_map<(d0, d1) -> (d1, d0)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<2x64xf32>) outs(%y : memref<64x2xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  return
}

// -----

// Four rows as well, and the columns that fill no vector.
// CHECK-LABEL: func @interleaved_rest
// CHECK-COUNT-3: vector.interleave
// CHECK: vector.constant_mask
// CHECK: vector.maskedstore
// CHECK-NOT: memref.store
// Where the operand is read across its rows, lanes are what is read.
// CHECK-LABEL: func @crossed
// CHECK-NOT: vector.interleave
func.func @interleaved_rest(%x: memref<4x67xi32>, %y: memref<67x4xi32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>,
                                   affine_map<(d0, d1) -> (d1, d0)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x67xi32>) outs(%y : memref<67x4xi32>) {
  ^bb0(%a: i32, %o: i32):
    linalg.yield %a : i32
  }
  return
}
func.func @crossed(%x: memref<4x512xf32, strided<[1, 85]>>,
                   %y: memref<512x4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>,
                                   affine_map<(d0, d1) -> (d1, d0)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x512xf32, strided<[1, 85]>>) outs(%y : memref<512x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %n = arith.mulf %a, %a : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// A sum of one long row: chunks for threads write partial sums, which a second
// sum combines; inside a chunk blocks of 8 steps go to a stack of pairs.
// CHECK-LABEL: func @sum
// CHECK: %[[PARTIAL:.*]] = memref.alloc() : memref<{{[0-9]+}}xf32>
// CHECK: scf.forall
// CHECK: memref.alloca
// CHECK: math.cttz
// CHECK: memref.store {{.*}}, %[[PARTIAL]]
// CHECK: vector.maskedload %[[PARTIAL]]
func.func @sum(%x: memref<100000xf32>, %y: memref<f32>) {
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>,
                                   affine_map<(d0) -> ()>],
                  iterator_types = ["reduction"]}
      ins(%x : memref<100000xf32>) outs(%y : memref<f32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// So are those of a contraction with few results.
// CHECK-LABEL: func @few_results
// CHECK: memref.alloc() : memref<16384xf32>
// CHECK: scf.forall {{.*}} in (16)
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
#loops = {indexing_maps = [#a, #b, #c],
          iterator_types = ["parallel", "parallel", "reduction"]}
func.func @few_results(%x: memref<16x1000000xf32>, %y: memref<1000000x16xf32>, %z: memref<16x16xf32>) {
  linalg.generic #loops ins(%x, %y : memref<16x1000000xf32>, memref<1000000x16xf32>) outs(%z : memref<16x16xf32>) attrs = {mg.contraction} {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Only what is marked becomes an FMA.
// CHECK-LABEL: func @dot
// CHECK: llvm.intr.fmuladd
// CHECK-NOT: arith.mulf
// CHECK-LABEL: func @product_sum
// CHECK-NOT: fmuladd
func.func @dot(%a: memref<4x5xf32>, %b: memref<5x16xf32>,
               %c: memref<4x16xf32>) {
  linalg.matmul {mg.contraction} ins(%a, %b : memref<4x5xf32>, memref<5x16xf32>)
      outs(%c : memref<4x16xf32>)
  return
}
func.func @product_sum(%a: memref<4x5xf32>, %b: memref<5x16xf32>,
                       %c: memref<4x16xf32>) {
  linalg.matmul ins(%a, %b : memref<4x5xf32>, memref<5x16xf32>)
      outs(%c : memref<4x16xf32>)
  return
}

// -----

// A fill is where the sums begin: the product is written once and never read.
// What follows it takes it from registers, so it has no memory either.
// CHECK-LABEL: func @epilogue
// CHECK-NOT: memref.alloc
// CHECK-COUNT-8: vector.store {{.*}} vector<8xf32>
// CHECK-NOT: vector.store
func.func @epilogue(%a: memref<8x5xf32>, %b: memref<5x8xf32>,
                    %y: memref<8x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<8x8xf32>
  linalg.fill {mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1>}
      ins(%zero : f32) outs(%c : memref<8x8xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                                   affine_map<(m, n, k) -> (k, n)>,
                                   affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"],
                  mg.contraction, mg.kernel = 0 : i64,
                  mg.rows = array<i64: 0, 1>}
      ins(%a, %b : memref<8x5xf32>, memref<5x8xf32>)
      outs(%c : memref<8x8xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>,
                                   affine_map<(m, n) -> (m, n)>],
                  iterator_types = ["parallel", "parallel"],
                  mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1>}
      ins(%c : memref<8x8xf32>) outs(%y : memref<8x8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %n = arith.negf %x : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// Sums along the lanes come out one by one: a heavy epilogue waits for a vector
// of them.
// CHECK-LABEL: func @along_lanes
// CHECK-NOT: math.tanh
// CHECK: memref.store {{.*}} : memref<16xf32>
// CHECK-NOT: math.tanh {{.*}} : f32
// CHECK: math.tanh {{.*}} : vector<8xf32>
// CHECK-NOT: math.tanh {{.*}} : f32
func.func @along_lanes(%a: memref<16x40xf32>, %b: memref<40xf32>,
                       %y: memref<16xf32>) {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<16xf32>
  linalg.fill {mg.kernel = 0 : i64, mg.rows = array<i64: 0>}
      ins(%zero : f32) outs(%c : memref<16xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>,
                                   affine_map<(m, k) -> (k)>,
                                   affine_map<(m, k) -> (m)>],
                  iterator_types = ["parallel", "reduction"],
                  mg.contraction, mg.kernel = 0 : i64,
                  mg.rows = array<i64: 0>}
      ins(%a, %b : memref<16x40xf32>, memref<40xf32>)
      outs(%c : memref<16xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [affine_map<(m) -> (m)>,
                                   affine_map<(m) -> (m)>],
                  iterator_types = ["parallel"],
                  mg.kernel = 0 : i64, mg.rows = array<i64: 0>}
      ins(%c : memref<16xf32>) outs(%y : memref<16xf32>) {
  ^bb0(%x: f32, %o: f32):
    %n = math.tanh %x : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// Without a kernel the product is in memory, but its fill is not.
// CHECK-LABEL: func @filled
// CHECK-NOT: {{linalg.fill|vector.load %arg2}}
// CHECK-COUNT-8: vector.store {{.*}} vector<8xf32>
// CHECK-NOT: vector.store
func.func @filled(%a: memref<8x5xf32>, %b: memref<5x8xf32>,
                  %c: memref<8x8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<8x8xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                                   affine_map<(m, n, k) -> (k, n)>,
                                   affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"],
                  mg.contraction}
      ins(%a, %b : memref<8x5xf32>, memref<5x8xf32>)
      outs(%c : memref<8x8xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  return
}

// -----

// A kernel over rows is one loop; each member runs for the few rows in flight.
// What members hand to each other is these rows, and of a scalar per row as many
// places.
// CHECK-LABEL: func @rows
// CHECK-NOT: memref.alloc()
// CHECK: scf.forall
// CHECK: memref.alloca() {{.*}}: memref<3xf32>
// CHECK: scf.for
// CHECK: scf.for %[[ROW:.*]] = %c0{{.*}} to %c3
// CHECK: memref.store {{.*}}[%[[ROW]]] : memref<3xf32>
// CHECK: scf.for %[[ROW:.*]] = %c0{{.*}} to %c3
// CHECK: memref.load {{.*}}[%[[ROW]]] : memref<3xf32>
// CHECK-NOT: scf.for
// CHECK-NOT: memref.alloc()
// CHECK: return
#row = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> (i, j)>
func.func @rows(%x: memref<6x40xf32>, %y: memref<6x40xf32>) {
  %zero = arith.constant 0.0 : f32
  %s = memref.alloc() : memref<6xf32>
  %e = memref.alloc() : memref<6x40xf32>
  linalg.fill {mg.kernel = 3 : i64, mg.rows = array<i64: 0>}
      ins(%zero : f32) outs(%s : memref<6xf32>)
  linalg.generic {indexing_maps = [#all, #all, #row],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<6x40xf32>) outs(%e, %s : memref<6x40xf32>, memref<6xf32>)
      attrs = {mg.kernel = 3 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%a: f32, %o: f32, %p: f32):
    %m = arith.mulf %a, %a : f32
    %n = arith.addf %p, %m : f32
    linalg.yield %m, %n : f32, f32
  }
  linalg.generic {indexing_maps = [#all, #row, #all],
                  iterator_types = ["parallel", "parallel"]}
      ins(%e, %s : memref<6x40xf32>, memref<6xf32>) outs(%y : memref<6x40xf32>)
      attrs = {mg.kernel = 3 : i64, mg.rows = array<i64: 0>} {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.divf %a, %b : f32
    linalg.yield %m : f32
  }
  return
}

// -----

// A result larger than the caches is stored past them if it is aligned, but not
// where rows would begin between lines.
// CHECK-LABEL: func @streamed
// CHECK: %[[AT:.*]] = memref.extract_aligned_pointer_as_index
// CHECK: %[[LOW:.*]] = arith.andi %[[AT]], %c63
// CHECK: arith.cmpi eq, %[[LOW]]
// CHECK: scf.if
// CHECK: nontemporal
// CHECK: llvm.fence seq_cst
// CHECK: } else {
// CHECK-NOT: nontemporal
// CHECK-LABEL: func @narrow
// CHECK-NOT: nontemporal
#id = affine_map<(i) -> (i)>
#first = affine_map<(i, j) -> (i, j)>
#other = affine_map<(i, j) -> (j)>
func.func @streamed(%x: memref<9000000xf32>, %y: memref<9000000xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : memref<9000000xf32>) outs(%y : memref<9000000xf32>) {
  ^bb0(%a: f32, %o: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  }
  return
}
func.func @narrow(%x: memref<1001xf32>, %y: memref<9000x1001xf32>) {
  linalg.generic {indexing_maps = [#other, #first],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<1001xf32>) outs(%y : memref<9000x1001xf32>) {
  ^bb0(%a: f32, %o: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// Down the columns of what no cache holds, the rows of the next block are asked
// for; in the caches that would only cost.
// CHECK-LABEL: func @long_columns
// CHECK: memref.prefetch
// CHECK-LABEL: func @short_columns
// CHECK-NOT: memref.prefetch
#matrix = affine_map<(i, j) -> (i, j)>
#columns = affine_map<(i, j) -> (j)>
func.func @long_columns(%x: memref<9000x1024xf32>, %y: memref<1024xf32>) {
  linalg.generic {indexing_maps = [#matrix, #columns],
                  iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<9000x1024xf32>) outs(%y : memref<1024xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  return
}
func.func @short_columns(%x: memref<900x1024xf32>, %y: memref<1024xf32>) {
  linalg.generic {indexing_maps = [#matrix, #columns],
                  iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<900x1024xf32>) outs(%y : memref<1024xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// The lanes run along b's rows: by those of a, each step of k would be a
// broadcast from another row of b of 3 KiB, nearly another page.
// CHECK-LABEL: func @far_rows
// CHECK-NOT: vector.shuffle
// CHECK: llvm.intr.fmuladd
func.func @far_rows(%a: memref<128x3072xf32>, %b: memref<3072x768xf32>,
                    %c: memref<128x768xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>,
                                   affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"],
                  mg.contraction}
      ins(%a, %b : memref<128x3072xf32>, memref<3072x768xf32>)
      outs(%c : memref<128x768xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Few tiles read a large right operand where it lies and ask for the next
// columns in each step; many share a copy, as do those whose lines would share
// the sets of a cache, and ask between pieces of their sums for what they copy
// (locality 3). The left operand is small.
// CHECK-LABEL: func @few_tiles
// CHECK-NOT: memref.alloc
// CHECK: memref.prefetch {{.*}} locality<2>
// CHECK-LABEL: func @many_tiles
// CHECK: memref.alloc
// CHECK-NOT: memref.prefetch {{.*}} locality<2>
// CHECK-LABEL: func @same_sets
// CHECK: memref.alloc
// CHECK-NOT: memref.prefetch {{.*}} locality<2>
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @few_tiles(%a: memref<64x600xf32>, %b: memref<600x3136xf32>,
                     %c: memref<64x3136xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x600xf32>, memref<600x3136xf32>)
      outs(%c : memref<64x3136xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @many_tiles(%a: memref<640x20xf32>, %b: memref<20x31360xf32>,
                      %c: memref<640x31360xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<640x20xf32>, memref<20x31360xf32>)
      outs(%c : memref<640x31360xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @same_sets(%a: memref<64x200xf32>, %b: memref<200x8192xf32>,
                     %c: memref<64x8192xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x200xf32>, memref<200x8192xf32>)
      outs(%c : memref<64x8192xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Steps ask for the rows of the next tile, which are one piece of memory; rows
// with gaps between them are not.
// CHECK-LABEL: func @whole_rows
// CHECK: memref.prefetch {{.*}} locality<2>
// CHECK-LABEL: func @parts_of_rows
// CHECK-NOT: memref.prefetch {{.*}} locality<2>
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @whole_rows(%a: memref<512x512xf32>, %b: memref<512x512xf32>,
                      %c: memref<512x512xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<512x512xf32>, memref<512x512xf32>)
      outs(%c : memref<512x512xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @parts_of_rows(%a: memref<512x512xf32, strided<[600, 1]>>,
                         %b: memref<512x512xf32>, %c: memref<512x512xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<512x512xf32, strided<[600, 1]>>, memref<512x512xf32>)
      outs(%c : memref<512x512xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// The columns that a panel is made of are rows of the right operand, one piece
// of memory: steps ask for it, each tile for a part. Many tiles leave it.
// CHECK-LABEL: func @piece
// CHECK: memref.alloc
// CHECK: memref.prefetch
// CHECK-LABEL: func @many_tiles_of_a_piece
// CHECK: memref.alloc
// CHECK-NOT: memref.prefetch {{.*}}, read
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (j, k)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @piece(%a: memref<32x300xf32>, %b: memref<3000x300xf32>,
                 %c: memref<32x3000xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x300xf32>, memref<3000x300xf32>)
      outs(%c : memref<32x3000xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @many_tiles_of_a_piece(%a: memref<640x30xf32>,
                                 %b: memref<9000x30xf32>,
                                 %c: memref<640x9000xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<640x30xf32>, memref<9000x30xf32>)
      outs(%c : memref<640x9000xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Six tiles of columns read the same six rows: each asks for one of the next
// ones, 64 elements.
// CHECK-LABEL: func @shared_rows
// CHECK: %[[TILE:.*]] = arith.divui %{{.*}}, %c16
// CHECK: %[[NUMBER:.*]] = arith.addi %[[TILE]], %c0
// CHECK: arith.muli %[[NUMBER]], %c64
// CHECK: memref.prefetch
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @shared_rows(%a: memref<1024x64xf32>, %b: memref<64x96xf32>,
                       %c: memref<1024x96xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<1024x64xf32>, memref<64x96xf32>)
      outs(%c : memref<1024x96xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Ten tiles read a panel of 24 columns: eight ask for a part of the next one, 3
// elements in each of the 100 steps, two for their own.
// CHECK-LABEL: func @panels
// CHECK: %[[TILE:.*]] = arith.divui %{{.*}}, %c3
// CHECK: %[[NUMBER:.*]] = arith.addi %[[TILE]], %c0
// CHECK: arith.muli %[[NUMBER]], %c300
// CHECK: %[[PACE:.*]] = arith.select %{{.*}}, %c3, %c24
// CHECK: arith.muli %{{.*}}, %[[PACE]]
// CHECK: memref.prefetch
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (j floordiv 24, k, j mod 24)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @panels(%a: memref<32x100xf32>, %b: memref<20x100x24xf32>,
                  %c: memref<32x480xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x100xf32>, memref<20x100x24xf32>)
      outs(%c : memref<32x480xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Short sums into a large result are written along its rows, the inner of the
// two loops (over 5024 columns, not 96 rows).
// CHECK-LABEL: func @along_rows
// CHECK: scf.forall
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c50{{[0-9]+}}{{.*}} step
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c12{{.*}} step %c1
// CHECK-LABEL: func @down_columns
// CHECK: scf.forall
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c96{{.*}} step
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @along_rows(%a: memref<96x12xf32>, %b: memref<12x5024xf32>,
                      %c: memref<96x5024xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<96x12xf32>, memref<12x5024xf32>)
      outs(%c : memref<96x5024xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @down_columns(%a: memref<96x64xf32>, %b: memref<64x960xf32>,
                        %c: memref<96x960xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<96x64xf32>, memref<64x960xf32>)
      outs(%c : memref<96x960xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Beside small panels chunks are of rows: all columns inside. Beside large ones
// they are of columns: all rows inside.
// CHECK-LABEL: func @small_panels
// CHECK: scf.forall (%{{.*}}) in (4)
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c96{{.*}} step
// CHECK-NOT: %c0{{.*}} to %c19{{[0-9]}}{{.*}} step
// CHECK-LABEL: func @large_panels
// CHECK: scf.forall
// CHECK-NOT: %c0{{.*}} to %c960{{.*}} step
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c19{{[0-9]}}{{.*}} step
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (j floordiv 48, k, j mod 48)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @small_panels(%a: memref<196x64xf32>, %b: memref<2x64x48xf32>,
                        %c: memref<196x96xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<196x64xf32>, memref<2x64x48xf32>)
      outs(%c : memref<196x96xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @large_panels(%a: memref<196x64xf32>, %b: memref<20x64x48xf32>,
                        %c: memref<196x960xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<196x64xf32>, memref<20x64x48xf32>)
      outs(%c : memref<196x960xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Each product of a batch has its own factors, which stay in the cache for all
// of its rows: chunks are of products, if those are enough.
// CHECK-LABEL: func @batch
// CHECK: scf.forall (%{{.*}}) in (12)
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c19{{[0-9]}}{{.*}} step
#a = affine_map<(n, i, j, k) -> (n, i, k)>
#b = affine_map<(n, i, j, k) -> (n, k, j)>
#c = affine_map<(n, i, j, k) -> (n, i, j)>
func.func @batch(%a: memref<12x196x64xf32>, %b: memref<12x64x32xf32>,
                 %c: memref<12x196x32xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<12x196x64xf32>, memref<12x64x32xf32>)
      outs(%c : memref<12x196x32xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
