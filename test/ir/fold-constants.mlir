// RUN: mgc-opt %s --canonicalize | FileCheck %s
// Constants are folded by the ops' own scalar definitions: these are their
// definitions at the edges, too.

// CHECK-LABEL: @signed
func.func @signed() -> (tensor<5xi32>, tensor<5xi32>, tensor<5xi32>, tensor<5xi32>) {
  %x = mg.constant dense<[7, -7, 5, -2147483648, 9]> : tensor<5xi32>
  %y = mg.constant dense<[2, 2, 0, -1, -4]> : tensor<5xi32>
  // CHECK-DAG: %[[DIV:.*]] = mg.constant dense<[3, -3, -1, -2147483648, -2]> : tensor<5xi32>
  %0 = mg.div %x, %y : tensor<5xi32>
  // CHECK-DAG: %[[REM:.*]] = mg.constant dense<[1, -1, 5, 0, 1]> : tensor<5xi32>
  %1 = mg.rem %x, %y : tensor<5xi32>
  // CHECK-DAG: %[[ABS:.*]] = mg.constant dense<[7, 7, 5, -2147483648, 9]> : tensor<5xi32>
  %2 = mg.abs %x : tensor<5xi32>
  // CHECK-DAG: %[[SHR:.*]] = mg.constant dense<[1, -2, 5, -1, 0]> : tensor<5xi32>
  %3 = mg.shr_a %x, %y : tensor<5xi32>
  // CHECK: return %[[DIV]], %[[REM]], %[[ABS]], %[[SHR]]
  return %0, %1, %2, %3 : tensor<5xi32>, tensor<5xi32>, tensor<5xi32>, tensor<5xi32>
}

// CHECK-LABEL: @unsigned
func.func @unsigned() -> (tensor<3xui8>, tensor<3xui8>, tensor<3xui8>, tensor<3xi1>) {
  %x = mg.constant dense<[200, 100, 0]> : tensor<3xui8>
  %y = mg.constant dense<[7, 0, 255]> : tensor<3xui8>
  // CHECK-DAG: %[[ADD:.*]] = mg.constant dense<[207, 100, 255]> : tensor<3xui8>
  %0 = mg.add %x, %y : tensor<3xui8>
  // CHECK-DAG: %[[DIV:.*]] = mg.constant dense<[28, 255, 0]> : tensor<3xui8>
  %1 = mg.div %x, %y : tensor<3xui8>
  // CHECK-DAG: %[[SIGN:.*]] = mg.constant dense<[1, 1, 0]> : tensor<3xui8>
  %2 = mg.sign %x : tensor<3xui8>
  // CHECK-DAG: %[[GT:.*]] = mg.constant dense<[true, true, false]> : tensor<3xi1>
  %3 = mg.compare gt %x, %y : tensor<3xui8>
  // CHECK: return %[[ADD]], %[[DIV]], %[[SIGN]], %[[GT]]
  return %0, %1, %2, %3 : tensor<3xui8>, tensor<3xui8>, tensor<3xui8>, tensor<3xi1>
}

// CHECK-LABEL: @floats
func.func @floats() -> (tensor<2xf16>, tensor<3xf32>, tensor<3xf32>, tensor<f32>, tensor<f32>) {
  %x = mg.constant dense<[1.0, 2.0]> : tensor<2xf16>
  %y = mg.constant dense<3.0> : tensor<2xf16>
  // CHECK-DAG: %[[DIV:.*]] = mg.constant dense<[3.332520e-01, 6.665040e-01]> : tensor<2xf16>
  %0 = mg.div %x, %y : tensor<2xf16>
  %z = mg.constant dense<[-0.0, -2.5, 0x7F800000]> : tensor<3xf32>
  // CHECK-DAG: %[[SIGN:.*]] = mg.constant dense<[-0.000000e+00, -1.000000e+00, 1.000000e+00]> : tensor<3xf32>
  %1 = mg.sign %z : tensor<3xf32>
  // CHECK-DAG: %[[ROUND:.*]] = mg.constant dense<[-0.000000e+00, -2.000000e+00, 0x7F800000]> : tensor<3xf32>
  %2 = mg.round_even %z : tensor<3xf32>
  // exp is the kernels' business, and so is which NaN inf - inf is.
  %inf = mg.constant dense<0x7F800000> : tensor<f32>
  // CHECK-DAG: %[[EXP:.*]] = mg.exp
  %3 = mg.exp %inf : tensor<f32>
  // CHECK-DAG: %[[NAN:.*]] = mg.sub
  %4 = mg.sub %inf, %inf : tensor<f32>
  // CHECK: return %[[DIV]], %[[SIGN]], %[[ROUND]], %[[EXP]], %[[NAN]]
  return %0, %1, %2, %3, %4 : tensor<2xf16>, tensor<3xf32>, tensor<3xf32>, tensor<f32>, tensor<f32>
}
