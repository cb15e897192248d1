// RUN: mgc-opt %s --mg-vectorize="lanes=16 registers=32 grain=10000" --cse | FileCheck %s

// A padded image is made channel by channel: filled, and written over, before
// the next. Where a channel is more than the first cache holds, first the frame
// of all.
// CHECK-LABEL: func @channels
// CHECK: scf.forall
// CHECK: scf.for
// CHECK: scf.for %{{.*}} to %c1728
// CHECK: scf.for %{{.*}} to %c40
// CHECK-NOT: scf.forall
// CHECK-LABEL: func @planes
// CHECK: scf.forall
// CHECK: scf.forall
func.func @channels(%x: memref<1x32x40x40xf32>, %y: memref<1x32x42x42xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<1x32x42x42xf32>)
  %m = memref.subview %y[0, 0, 1, 1] [1, 32, 40, 40] [1, 1, 1, 1]
     : memref<1x32x42x42xf32> to memref<1x32x40x40xf32, strided<[56448, 1764, 42, 1], offset: 43>>
  memref.copy %x, %m : memref<1x32x40x40xf32> to memref<1x32x40x40xf32, strided<[56448, 1764, 42, 1], offset: 43>>
  return
}
func.func @planes(%x: memref<1x4x200x200xf32>, %y: memref<1x4x202x202xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<1x4x202x202xf32>)
  %m = memref.subview %y[0, 0, 1, 1] [1, 4, 200, 200] [1, 1, 1, 1]
     : memref<1x4x202x202xf32> to memref<1x4x200x200xf32, strided<[163216, 40804, 202, 1], offset: 203>>
  memref.copy %x, %m : memref<1x4x200x200xf32> to memref<1x4x200x200xf32, strided<[163216, 40804, 202, 1], offset: 203>>
  return
}
