// RUN: mgc-opt %s --mg-to-buffers | FileCheck %s
#id = affine_map<(i) -> (i)>

// An optimizer's chain writes over what it reads: nothing new, no copy.
// CHECK-LABEL: func.func @in_place
// CHECK-SAME: (%[[W:[^:]*]]: memref<9xf32> {llvm.align = 4 : i64, llvm.noalias, mg.name = "w"},
// CHECK-SAME: %[[M:[^:]*]]: memref<9xf32>
// CHECK-SAME: %[[G:[^:]*]]: memref<9xf32> {{{.*}}llvm.readonly
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: linalg.generic {{.*}} ins(%[[M]], %[[G]] : {{.*}}) outs(%[[M]] :
// CHECK: linalg.generic {{.*}} ins(%[[W]], %[[M]] : {{.*}}) outs(%[[W]] :
// CHECK-NOT: memref.copy
// CHECK: return
func.func @in_place(%w: tensor<9xf32> {mg.name = "w"},
                    %m: tensor<9xf32> {mg.name = "m"},
                    %g: tensor<9xf32> {mg.name = "g"})
    -> (tensor<9xf32> {mg.updates = 0}, tensor<9xf32> {mg.updates = 1})
    attributes {mg.entry} {
  %e = tensor.empty() : tensor<9xf32>
  %m1 = linalg.generic {indexing_maps = [#id, #id, #id],
                        iterator_types = ["parallel"]}
      ins(%m, %g : tensor<9xf32>, tensor<9xf32>) outs(%e : tensor<9xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %t = arith.addf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<9xf32>
  %w1 = linalg.generic {indexing_maps = [#id, #id, #id],
                        iterator_types = ["parallel"]}
      ins(%w, %m1 : tensor<9xf32>, tensor<9xf32>) outs(%e : tensor<9xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %t = arith.subf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<9xf32>
  return %w1, %m1 : tensor<9xf32>, tensor<9xf32>
}

// Two that change places need one temporary.
// CHECK-LABEL: func.func @swap
// CHECK-SAME: (%[[A:[^:]*]]: memref<9xf32> {{[^%]*}}%[[B:[^:]*]]: memref<9xf32>
// CHECK: %[[T:.*]] = memref.alloc
// CHECK-NOT: memref.alloc
// CHECK: memref.copy %[[B]], %[[T]]
// CHECK: memref.copy %[[A]], %[[B]]
// CHECK: memref.copy %[[T]], %[[A]]
func.func @swap(%a: tensor<9xf32>, %b: tensor<9xf32>)
    -> (tensor<9xf32> {mg.updates = 0}, tensor<9xf32> {mg.updates = 1})
    attributes {mg.entry} {
  return %b, %a : tensor<9xf32>, tensor<9xf32>
}

// What is read after its successor is made is overwritten at the end.
// CHECK-LABEL: func.func @read_late
// CHECK-SAME: (%[[W:[^:]*]]: memref<9xf32> {{[^%]*}}%[[Y:[^:]*]]: memref<9xf32>
// CHECK: %[[T:.*]] = memref.alloc
// CHECK: linalg.generic {{.*}} ins(%[[W]] : {{.*}}) outs(%[[T]] :
// CHECK: linalg.generic {{.*}} ins(%[[W]], %[[T]] : {{.*}}) outs(%[[Y]] :
// CHECK: memref.copy %[[T]], %[[W]]
func.func @read_late(%w: tensor<9xf32>)
    -> (tensor<9xf32> {mg.updates = 0}, tensor<9xf32>) attributes {mg.entry} {
  %e = tensor.empty() : tensor<9xf32>
  %w1 = linalg.generic {indexing_maps = [#id, #id],
                        iterator_types = ["parallel"]}
      ins(%w : tensor<9xf32>) outs(%e : tensor<9xf32>) {
  ^bb0(%p: f32, %o: f32):
    %t = arith.addf %p, %p : f32
    linalg.yield %t : f32
  } -> tensor<9xf32>
  %y = linalg.generic {indexing_maps = [#id, #id, #id],
                       iterator_types = ["parallel"]}
      ins(%w, %w1 : tensor<9xf32>, tensor<9xf32>) outs(%e : tensor<9xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %t = arith.mulf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<9xf32>
  return %w1, %y : tensor<9xf32>, tensor<9xf32>
}

// A part of one that is overwritten is bound before that happens.
// CHECK-LABEL: func.func @views
// CHECK-SAME: (%[[A:[^:]*]]: memref<9xf32> {{[^%]*}}%[[B:[^:]*]]: memref<9xf32> {{[^%]*}}%[[Y:[^:]*]]: memref<4xf32>
// CHECK-NOT: memref.alloc
// CHECK: %[[PART:.*]] = memref.subview %[[A]]
// CHECK: memref.copy %[[PART]], %[[Y]]
// CHECK: memref.copy %[[B]], %[[A]]
func.func @views(%a: tensor<9xf32>, %b: tensor<9xf32>)
    -> (tensor<9xf32> {mg.updates = 0}, tensor<4xf32>) attributes {mg.entry} {
  %part = tensor.extract_slice %a[0] [4] [1] : tensor<9xf32> to tensor<4xf32>
  return %b, %part : tensor<9xf32>, tensor<4xf32>
}

// A branch that keeps what the other updates does nothing.
// CHECK-LABEL: func.func @skip
// CHECK-SAME: (%[[W:[^:]*]]: memref<9xf32>
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: scf.if
// CHECK-NEXT: linalg.generic {{.*}} ins(%[[W]] : {{.*}}) outs(%[[W]] :
// CHECK-NOT: else
// CHECK-NOT: memref.copy
// CHECK: return
func.func @skip(%w: tensor<9xf32>, %c: tensor<i1>)
    -> (tensor<9xf32> {mg.updates = 0}) attributes {mg.entry} {
  %which = tensor.extract %c[] : tensor<i1>
  %r = scf.if %which -> tensor<9xf32> {
    %e = tensor.empty() : tensor<9xf32>
    %u = linalg.generic {indexing_maps = [#id, #id],
                         iterator_types = ["parallel"]}
        ins(%w : tensor<9xf32>) outs(%e : tensor<9xf32>) {
    ^bb0(%p: f32, %o: f32):
      %t = arith.addf %p, %p : f32
      linalg.yield %t : f32
    } -> tensor<9xf32>
    scf.yield %u : tensor<9xf32>
  } else {
    scf.yield %w : tensor<9xf32>
  }
  return %r : tensor<9xf32>
}
