// RUN: mgc-opt %s --mg-guard-indices --split-input-file | FileCheck %s

// CHECK-LABEL: @gather
// CHECK-SAME: -> (tensor<4x3xf32>, tensor<i32> {mg.name = "status", mg.status})
// CHECK-DAG: %[[N:.*]] = mg.constant dense<9> : tensor<4x1xi32>
// CHECK-DAG: %[[Z:.*]] = mg.constant dense<0> : tensor<4x1xi32>
// CHECK-DAG: %[[LOW:.*]] = mg.compare lt %arg1, %[[Z]]
// CHECK-DAG: %[[HIGH:.*]] = mg.compare ge %arg1, %[[N]]
// CHECK: %[[OUT:.*]] = mg.or %[[LOW]], %[[HIGH]]
// CHECK: %[[BAD:.*]] = mg.reduce or %[[OUT]] [0, 1]
// CHECK: %[[Y:.*]] = mg.gather
// CHECK-DAG: %[[ERROR:.*]] = mg.constant dense<7> : tensor<i32>
// CHECK-DAG: %[[FINE:.*]] = mg.constant dense<0> : tensor<i32>
// CHECK: %[[S:.*]] = mg.select %[[BAD]], %[[ERROR]], %[[FINE]]
// CHECK: return %[[Y]], %[[S]]
func.func @gather(%x: tensor<9x3xf32>, %i: tensor<4x1xi32>) -> tensor<4x3xf32> {
  %y = mg.gather %x, %i dims [0] : (tensor<9x3xf32>, tensor<4x1xi32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// Bounds that differ are checked entry by entry; two ops make one status.
// CHECK-LABEL: @vectors
// CHECK: mg.slice %arg1 [0:4, 0:1]
// CHECK: mg.constant dense<9>
// CHECK: mg.slice %arg1 [0:4, 1:2]
// CHECK: mg.constant dense<3>
// CHECK: %[[A:.*]] = mg.reduce or
// CHECK: %[[B:.*]] = mg.reduce or
// CHECK: %[[BAD:.*]] = mg.or %[[A]], %[[B]]
// CHECK: mg.select %[[BAD]]
func.func @vectors(%x: tensor<9x3xf32>, %i: tensor<4x2xi32>, %u: tensor<4xf32>) -> (tensor<4xf32>, tensor<9x3xf32>) {
  %y = mg.gather %x, %i dims [0, 1] : (tensor<9x3xf32>, tensor<4x2xi32>) -> tensor<4xf32>
  %z = mg.scatter add %x, %i, %u dims [0, 1] : (tensor<9x3xf32>, tensor<4x2xi32>, tensor<4xf32>) -> tensor<9x3xf32>
  return %y, %z : tensor<4xf32>, tensor<9x3xf32>
}

// -----

// CHECK-LABEL: @none
// CHECK-NOT: mg.status
func.func @none(%x: tensor<9xf32>) -> tensor<9xf32> {
  return %x : tensor<9xf32>
}

// -----

// Out of the loop through one more value that it carries.
// CHECK-LABEL: @loop
// CHECK: %[[NONE:.*]] = mg.constant dense<false> : tensor<i1>
// CHECK: %[[LOOP:.*]]:2 = scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %[[BEFORE:.*]] = %[[NONE]])
// CHECK: %[[BAD:.*]] = mg.reduce or
// CHECK: %[[NEXT:.*]] = mg.or %[[BEFORE]], %[[BAD]]
// CHECK: scf.yield %{{.*}}, %[[NEXT]]
// CHECK: mg.select %[[LOOP]]#1
func.func @loop(%x: tensor<9xf32>, %i: tensor<4x1xi32>) -> tensor<4xf32> {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %init = mg.constant dense<0.0> : tensor<4xf32>
  %y = scf.for %k = %zero to %one step %one iter_args(%sum = %init) -> tensor<4xf32> {
    %g = mg.gather %x, %i dims [0] : (tensor<9xf32>, tensor<4x1xi32>) -> tensor<4xf32>
    %next = mg.add %sum, %g : tensor<4xf32>
    scf.yield %next : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

// A branch without one says so; a while hands it on from its condition.
// CHECK-LABEL: @branch
// CHECK: %[[OUT:.*]]:2 = scf.if
// CHECK: scf.yield %{{.*}}, %{{.*}} : tensor<4xf32>, tensor<i1>
// CHECK: } else {
// CHECK: %[[NONE:.*]] = mg.constant dense<false>
// CHECK: scf.yield %{{.*}}, %[[NONE]]
// CHECK: %[[LOOP:.*]]:2 = scf.while
// CHECK: %[[BAD:.*]] = mg.reduce or
// CHECK: %[[NEXT:.*]] = mg.or %{{.*}}, %[[BAD]]
// CHECK: scf.condition(%{{.*}}) %{{.*}}, %[[NEXT]]
// CHECK: mg.or %[[OUT]]#1, %[[LOOP]]#1
func.func @branch(%c: i1, %x: tensor<9xf32>, %i: tensor<4x1xi32>, %e: tensor<4xf32>) -> tensor<4xf32> {
  %y = scf.if %c -> tensor<4xf32> {
    %g = mg.gather %x, %i dims [0] : (tensor<9xf32>, tensor<4x1xi32>) -> tensor<4xf32>
    scf.yield %g : tensor<4xf32>
  } else {
    scf.yield %e : tensor<4xf32>
  }
  %z = scf.while (%s = %y) : (tensor<4xf32>) -> tensor<4xf32> {
    %g = mg.gather %x, %i dims [0] : (tensor<9xf32>, tensor<4x1xi32>) -> tensor<4xf32>
    %d = mg.sub %s, %g : tensor<4xf32>
    scf.condition(%c) %d : tensor<4xf32>
  } do {
  ^bb0(%s: tensor<4xf32>):
    scf.yield %s : tensor<4xf32>
  }
  return %z : tensor<4xf32>
}
