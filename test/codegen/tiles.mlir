// RUN: mgc-opt %s --mg-vectorize="lanes=16 grain=0" --cse --split-input-file | FileCheck %s

// Five vectors of each of 96 rows are what the first cache holds where they are
// whole lines; where they begin anywhere they take six, and tiles are narrower.
// CHECK-LABEL: func @whole_lines
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c160{{.*}} step %c80
// CHECK-LABEL: func @cut_lines
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c192{{.*}} step %c48

// One vector of results would wait for each multiply-add: eight parts of 1031
// steps are summed side by side, seven are left over. Of three vectors two.
// CHECK-LABEL: func @few_results
// CHECK: scf.for {{.*}} = %c0{{.*}} to %c128{{.*}} step %c1
// CHECK-COUNT-8: llvm.intr.fmuladd
// CHECK: scf.yield
// CHECK-COUNT-7: llvm.intr.fmuladd
// CHECK-LABEL: func @some_results
// CHECK: scf.for {{.*}} = %c0{{.*}} to %c515{{.*}} step %c1
// CHECK-COUNT-6: llvm.intr.fmuladd
// CHECK: scf.yield
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @whole_lines(%a: memref<576x96xf32>, %b: memref<96x208xf32>,
                       %c: memref<576x208xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<576x96xf32>, memref<96x208xf32>)
      outs(%c : memref<576x208xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @cut_lines(%a: memref<576x96xf32>, %b: memref<96x196xf32>,
                     %c: memref<576x196xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<576x96xf32>, memref<96x196xf32>)
      outs(%c : memref<576x196xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

func.func @few_results(%a: memref<1x1031xf32>, %b: memref<1031x8xf32>,
                      %c: memref<1x8xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<1x1031xf32>, memref<1031x8xf32>)
      outs(%c : memref<1x8xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @some_results(%a: memref<3x1030xf32>, %b: memref<1030x16xf32>,
                      %c: memref<3x16xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<3x1030xf32>, memref<1030x16xf32>)
      outs(%c : memref<3x16xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
// -----

// Tiles lie across the result: of planes of 4 KiB the lines of 48 channels push
// each other out of the first cache, so a tile writes whole lines of sixteen.
// CHECK-LABEL: func @crowded
// CHECK: scf.for %{{.*}} step %c16
// CHECK: scf.for %{{.*}} step %c16
// CHECK: scf.for {{.*}} iter_args
// CHECK-LABEL: func @not_crowded
// CHECK: scf.for %{{.*}} step %c8
// CHECK: scf.for {{.*}} iter_args
#x = affine_map<(p, o, k) -> (p, k)>
#w = affine_map<(p, o, k) -> (k, o)>
#y = affine_map<(p, o, k) -> (o, p)>
func.func @crowded(%x: memref<1024x400xf32>, %w: memref<400x48xf32>,
                   %y: memref<48x1024xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<1024x400xf32>, memref<400x48xf32>)
      outs(%y : memref<48x1024xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
func.func @not_crowded(%x: memref<992x400xf32>, %w: memref<400x48xf32>,
                       %y: memref<48x992xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], mg.contraction,
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<992x400xf32>, memref<400x48xf32>)
      outs(%y : memref<48x992xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
