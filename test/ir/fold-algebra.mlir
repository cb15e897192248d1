// RUN: mgc-opt %s --canonicalize | FileCheck %s
// The laws are in ir/Folds.cpp: a fold keeps every bit.

// CHECK-LABEL: @floats
func.func @floats(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %zero = mg.constant dense<0.0> : tensor<4xf32>
  %negative = mg.constant dense<-0.0> : tensor<4xf32>
  %one = mg.constant dense<1.0> : tensor<4xf32>
  // -0 + 0 is 0, and inf * 0 and inf - inf are NaN: these three stay.
  // CHECK: %[[A:.*]] = mg.add %arg0
  %0 = mg.add %zero, %x : tensor<4xf32>
  // CHECK: %[[B:.*]] = mg.mul %arg0
  %1 = mg.mul %x, %zero : tensor<4xf32>
  // CHECK: %[[C:.*]] = mg.sub %arg0, %arg0
  %2 = mg.sub %x, %x : tensor<4xf32>
  %3 = mg.add %x, %negative : tensor<4xf32>
  %4 = mg.sub %x, %zero : tensor<4xf32>
  %5 = mg.mul %one, %x : tensor<4xf32>
  %6 = mg.div %x, %one : tensor<4xf32>
  // CHECK: return %[[A]], %[[B]], %[[C]], %arg0, %arg0, %arg0, %arg0
  return %0, %1, %2, %3, %4, %5, %6 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @integers
func.func @integers(%x: tensor<4xi32>) -> (tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<4xi1>) {
  // CHECK-DAG: %[[TRUE:.*]] = mg.constant dense<true> : tensor<4xi1>
  // CHECK-DAG: %[[ZERO:.*]] = mg.constant dense<0> : tensor<4xi32>
  %zero = mg.constant dense<0> : tensor<4xi32>
  %ones = mg.constant dense<-1> : tensor<4xi32>
  %0 = mg.add %zero, %x : tensor<4xi32>
  %1 = mg.mul %x, %zero : tensor<4xi32>
  %2 = mg.and %x, %ones : tensor<4xi32>
  %3 = mg.xor %x, %x : tensor<4xi32>
  %4 = mg.shl %x, %zero : tensor<4xi32>
  %5 = mg.compare le %x, %x : tensor<4xi32>
  // CHECK: return %arg0, %[[ZERO]], %arg0, %[[ZERO]], %arg0, %[[TRUE]]
  return %0, %1, %2, %3, %4, %5 : tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<4xi1>
}

// CHECK-LABEL: @itself
func.func @itself(%x: tensor<4xf32>, %c: tensor<4xi1>, %b: tensor<?xi1, #mg.dims<n = 1 to 9>>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<?xi1, #mg.dims<n = 1 to 9>>) {
  %0 = mg.neg %x : tensor<4xf32>
  %1 = mg.neg %0 : tensor<4xf32>
  %2 = mg.max %x, %x : tensor<4xf32>
  %3 = mg.select %c, %x, %x : tensor<4xi1>, tensor<4xf32>
  %4 = mg.convert truncate %x : tensor<4xf32> -> tensor<4xf32>
  // The zeros of a `?` are no constant: this stays.
  // CHECK: %[[X:.*]] = mg.xor %arg2, %arg2
  %5 = mg.xor %b, %b : tensor<?xi1, #mg.dims<n = 1 to 9>>
  // CHECK: return %arg0, %arg0, %arg0, %arg0, %[[X]]
  return %1, %2, %3, %4, %5 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<?xi1, #mg.dims<n = 1 to 9>>
}
