// RUN: mgc-opt %s --mg-share-kernels -allow-unregistered-dialect | FileCheck %s

#i = affine_map<(d0) -> (d0)>

// Equal but for their memory: one function. Its facts hold at every site.
// CHECK-LABEL: func.func @twice
// CHECK-SAME: %[[X:[^:]*]]: memref<8xf32> {llvm.align = 4
// CHECK-SAME: %[[Y:[^:]*]]: memref<8xf32> {llvm.align = 16
// CHECK-SAME: %[[POOL:[^:]*]]: !llvm.ptr
// CHECK: %[[A:.*]] = memref.alloc
// CHECK-NOT: linalg
// CHECK: call @twice_kernel_0(%[[X]], %[[A]], %[[POOL]])
// CHECK-NEXT: call @twice_kernel_0(%[[A]], %[[Y]], %[[POOL]])
// CHECK-NEXT: return
func.func @twice(%x: memref<8xf32> {llvm.align = 4 : i64, llvm.noalias}, %y: memref<8xf32> {llvm.align = 16 : i64, llvm.noalias}, %pool: !llvm.ptr {mg.pool}) attributes {mg.entry} {
  %a = memref.alloc() : memref<8xf32>
  linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%x : memref<8xf32>) outs(%a : memref<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%a : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  }
  return
}

// CHECK-LABEL: func.func private @twice_kernel_0
// CHECK-SAME: memref<8xf32> {llvm.align = 4 : i64, llvm.noalias}
// CHECK-SAME: memref<8xf32> {llvm.align = 16 : i64, llvm.noalias}
// CHECK-SAME: !llvm.ptr {mg.pool}
// CHECK: linalg.generic

// In place is another kernel; so are another constant, type, size and view.
// CHECK-LABEL: func.func @different
// CHECK-NOT: call
// CHECK: return
func.func @different(%x: memref<8xf32>, %y: memref<8xf32>, %z: memref<8xi32>, %w: memref<9xf32>, %pool: !llvm.ptr {mg.pool}) attributes {mg.entry} {
  %c0 = arith.constant 0.0 : f32
  %c1 = arith.constant 1.0 : f32
  %i0 = arith.constant 0 : i32
  linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%x : memref<8xf32>) outs(%x : memref<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  linalg.fill ins(%c0 : f32) outs(%x : memref<8xf32>)
  linalg.fill ins(%c1 : f32) outs(%y : memref<8xf32>)
  linalg.fill ins(%i0 : i32) outs(%z : memref<8xi32>)
  linalg.fill ins(%c0 : f32) outs(%w : memref<9xf32>)
  %v = memref.subview %w[1] [8] [1] : memref<9xf32> to memref<8xf32, strided<[1], offset: 1>>
  linalg.fill ins(%c0 : f32) outs(%v : memref<8xf32, strided<[1], offset: 1>>)
  return
}

// Memory that may have two names stays in sight: %b may be %x.
// CHECK-LABEL: func.func @names
// CHECK-NOT: call
// CHECK: return
func.func @names(%x: memref<8xf32>, %y: memref<8xf32>, %c: i1, %pool: !llvm.ptr {mg.pool}) attributes {mg.entry} {
  %b = "any.name"(%x, %y, %c) : (memref<8xf32>, memref<8xf32>, i1) -> memref<8xf32>
  memref.copy %x, %b : memref<8xf32> to memref<8xf32>
  memref.copy %y, %b : memref<8xf32> to memref<8xf32>
  return
}

// A number that is known when it runs is an argument; kernels in loops and of
// other entries count. The views that lead to a row move along.
// CHECK-LABEL: func.func @rows
// CHECK: scf.for %[[I:.*]] =
// CHECK: call @rows_kernel_1(
// CHECK-SAME: %[[I]]
// CHECK: memref.subview
// CHECK-LABEL: func.func private @rows_kernel_1
// CHECK-SAME: %[[N:[^:]*]]: index
// CHECK: memref.subview %{{.*}}[%[[N]], 0]
// CHECK: memref.copy
// CHECK-LABEL: func.func @other_rows
// CHECK: call @rows_kernel_1(
func.func @rows(%x: memref<4x8xf32>, %y: memref<8xf32>, %pool: !llvm.ptr {mg.pool}) attributes {mg.entry} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %row = memref.subview %x[%i, 0] [1, 8] [1, 1] : memref<4x8xf32> to memref<8xf32, strided<[1], offset: ?>>
    memref.copy %row, %y : memref<8xf32, strided<[1], offset: ?>> to memref<8xf32>
  }
  %last = memref.subview %x[3, 0] [1, 8] [1, 1] : memref<4x8xf32> to memref<8xf32, strided<[1], offset: 24>>
  memref.copy %last, %y : memref<8xf32, strided<[1], offset: 24>> to memref<8xf32>
  return
}
func.func @other_rows(%x: memref<4x8xf32>, %y: memref<8xf32>, %at: memref<index>, %pool: !llvm.ptr {mg.pool}) attributes {mg.entry} {
  %i = memref.load %at[] : memref<index>
  %row = memref.subview %x[%i, 0] [1, 8] [1, 1] : memref<4x8xf32> to memref<8xf32, strided<[1], offset: ?>>
  memref.copy %row, %y : memref<8xf32, strided<[1], offset: ?>> to memref<8xf32>
  return
}

// Ops of one number are one kernel, with the memory that only they use.
// CHECK-LABEL: func.func @groups
// CHECK-NOT: memref.alloc
// CHECK: call @groups_kernel_2(
// CHECK-NEXT: call @groups_kernel_2(
// CHECK-NEXT: return
// CHECK-LABEL: func.func private @groups_kernel_2
// CHECK: memref.alloc
// CHECK: memref.collapse_shape
// CHECK: linalg.fill {mg.kernel = 0 : i64}
// CHECK: linalg.generic
// CHECK: return
func.func @groups(%x: memref<8xf32>, %y: memref<8xf32>, %pool: !llvm.ptr {mg.pool}) attributes {mg.entry} {
  %c0 = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<2x4xf32>
  linalg.fill {mg.kernel = 3 : i64} ins(%c0 : f32) outs(%a : memref<2x4xf32>)
  %a1 = memref.collapse_shape %a [[0, 1]] : memref<2x4xf32> into memref<8xf32>
  linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%a1 : memref<8xf32>) outs(%x : memref<8xf32>) attrs = {mg.kernel = 3 : i64} {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  }
  %b = memref.alloc() : memref<2x4xf32>
  linalg.fill {mg.kernel = 4 : i64} ins(%c0 : f32) outs(%b : memref<2x4xf32>)
  %b1 = memref.collapse_shape %b [[0, 1]] : memref<2x4xf32> into memref<8xf32>
  linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%b1 : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {mg.kernel = 4 : i64} {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  }
  return
}

// A fill goes with the op that starts from it.
// CHECK-LABEL: func.func @starts
// CHECK: call @starts_kernel_3(
// CHECK-NEXT: call @starts_kernel_3(
// CHECK-NEXT: return
// CHECK-LABEL: func.func private @starts_kernel_3
// CHECK: linalg.fill
// CHECK: linalg.reduce
func.func @starts(%x: memref<8xf32>, %y: memref<f32>, %z: memref<f32>, %pool: !llvm.ptr {mg.pool}) attributes {mg.entry} {
  %c0 = arith.constant 0.0 : f32
  linalg.fill ins(%c0 : f32) outs(%y : memref<f32>)
  linalg.reduce { arith.addf } ins(%x : memref<8xf32>) outs(%y : memref<f32>) dimensions = [0]
  linalg.fill ins(%c0 : f32) outs(%z : memref<f32>)
  linalg.reduce { arith.addf } ins(%x : memref<8xf32>) outs(%z : memref<f32>) dimensions = [0]
  return
}
