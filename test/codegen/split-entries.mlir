// RUN: mgc-opt %s --mg-split-entries=length=2 | FileCheck %s

func.func private @kernel(memref<4xf32>)
func.func private @mg_call_status(memref<4xf32>) -> i32

// Views and constants move along; an op with a result ends a part and stays.
// CHECK-LABEL: func.func @entry
// CHECK-SAME: (%[[W:.*]]: memref<64xi8> {llvm.noalias}, %[[X:.*]]: memref<4xf32>)
// CHECK: call @entry_part_0(%[[X]], %[[W]])
// CHECK: %[[S:.*]] = call @mg_call_status
// CHECK: call @entry_part_1(%[[W]], %[[X]])
// CHECK-NOT: call @kernel
// CHECK: return %[[S]]
func.func @entry(%w: memref<64xi8> {llvm.noalias}, %x: memref<4xf32>) -> i32
    attributes {mg.entry} {
  %c0 = arith.constant 0 : index
  %a = memref.view %w[%c0][] : memref<64xi8> to memref<4xf32>
  call @kernel(%x) : (memref<4xf32>) -> ()
  call @kernel(%a) : (memref<4xf32>) -> ()
  %s = call @mg_call_status(%x) : (memref<4xf32>) -> i32
  call @kernel(%a) : (memref<4xf32>) -> ()
  call @kernel(%x) : (memref<4xf32>) -> ()
  return %s : i32
}

// CHECK-LABEL: func.func private @entry_part_1
// CHECK-SAME: (%[[W:.*]]: memref<64xi8> {llvm.noalias}, %[[X:.*]]: memref<4xf32>)
// CHECK-SAME: passthrough = ["noinline"]
// CHECK: %[[A:.*]] = memref.view %[[W]]
// CHECK-NEXT: call @kernel(%[[A]])
// CHECK-NEXT: call @kernel(%[[X]])
// CHECK-NEXT: return

// CHECK-LABEL: func.func @short
// CHECK: call @kernel
func.func @short(%x: memref<4xf32>) -> i32 attributes {mg.entry} {
  %ok = arith.constant 0 : i32
  call @kernel(%x) : (memref<4xf32>) -> ()
  return %ok : i32
}
