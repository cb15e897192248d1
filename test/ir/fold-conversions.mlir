// RUN: mgc-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @float_to_integer
func.func @float_to_integer() -> (tensor<6xi8>, tensor<6xi8>, tensor<6xui8>, tensor<6xi1>, tensor<3xui64>) {
  %x = mg.constant dense<[1.0e10, -300.0, 2.5, -3.5, 0x7FC00000, 0xFF800000]> : tensor<6xf32>
  // CHECK-DAG: %[[T:.*]] = mg.constant dense<[127, -128, 2, -3, 0, -128]> : tensor<6xi8>
  %0 = mg.convert truncate %x : tensor<6xf32> -> tensor<6xi8>
  // CHECK-DAG: %[[N:.*]] = mg.constant dense<[127, -128, 2, -4, 0, -128]> : tensor<6xi8>
  %1 = mg.convert nearest %x : tensor<6xf32> -> tensor<6xi8>
  // CHECK-DAG: %[[U:.*]] = mg.constant dense<[255, 0, 2, 0, 0, 0]> : tensor<6xui8>
  %2 = mg.convert truncate %x : tensor<6xf32> -> tensor<6xui8>
  // CHECK-DAG: %[[B:.*]] = mg.constant dense<true> : tensor<6xi1>
  %3 = mg.convert truncate %x : tensor<6xf32> -> tensor<6xi1>
  %y = mg.constant dense<[1.8446744073709552e19, 1.8446742974197924e19, -0.5]> : tensor<3xf32>
  // CHECK-DAG: %[[L:.*]] = mg.constant dense<[18446744073709551615, 18446742974197923840, 0]> : tensor<3xui64>
  %4 = mg.convert truncate %y : tensor<3xf32> -> tensor<3xui64>
  // CHECK: return %[[T]], %[[N]], %[[U]], %[[B]], %[[L]]
  return %0, %1, %2, %3, %4 : tensor<6xi8>, tensor<6xi8>, tensor<6xui8>, tensor<6xi1>, tensor<3xui64>
}

// CHECK-LABEL: @integer_to_integer
func.func @integer_to_integer() -> (tensor<4xi8>, tensor<4xi8>, tensor<4xui8>, tensor<4xui64>, tensor<2xi8>) {
  %x = mg.constant dense<[300, -300, -1, 100]> : tensor<4xi32>
  // CHECK-DAG: %[[W:.*]] = mg.constant dense<[44, -44, -1, 100]> : tensor<4xi8>
  %0 = mg.convert truncate %x : tensor<4xi32> -> tensor<4xi8>
  // CHECK-DAG: %[[S:.*]] = mg.constant dense<[127, -128, -1, 100]> : tensor<4xi8>
  %1 = mg.convert saturate %x : tensor<4xi32> -> tensor<4xi8>
  // CHECK-DAG: %[[U:.*]] = mg.constant dense<[255, 0, 0, 100]> : tensor<4xui8>
  %2 = mg.convert saturate %x : tensor<4xi32> -> tensor<4xui8>
  // CHECK-DAG: %[[L:.*]] = mg.constant dense<[300, 0, 0, 100]> : tensor<4xui64>
  %3 = mg.convert saturate %x : tensor<4xi32> -> tensor<4xui64>
  %y = mg.constant dense<[200, 100]> : tensor<2xui8>
  // CHECK-DAG: %[[I:.*]] = mg.constant dense<[127, 100]> : tensor<2xi8>
  %4 = mg.convert saturate %y : tensor<2xui8> -> tensor<2xi8>
  // CHECK: return %[[W]], %[[S]], %[[U]], %[[L]], %[[I]]
  return %0, %1, %2, %3, %4 : tensor<4xi8>, tensor<4xi8>, tensor<4xui8>, tensor<4xui64>, tensor<2xi8>
}

// CHECK-LABEL: @bits
func.func @bits() -> (tensor<2xui16>, tensor<2xf32>, tensor<2xf32>) {
  %x = mg.constant dense<[1.0, 0x7D01]> : tensor<2xf16>
  // A signaling NaN keeps its bits.
  // CHECK-DAG: %[[B:.*]] = mg.constant dense<[15360, 32001]> : tensor<2xui16>
  %0 = mg.bitcast %x : tensor<2xf16> -> tensor<2xui16>
  %y = mg.constant dense<[16777217, 3]> : tensor<2xui32>
  // CHECK-DAG: %[[F:.*]] = mg.constant dense<[0x4B800000, 3.000000e+00]> : tensor<2xf32>
  %1 = mg.convert truncate %y : tensor<2xui32> -> tensor<2xf32>
  %b = mg.constant dense<[true, false]> : tensor<2xi1>
  // CHECK-DAG: %[[O:.*]] = mg.constant dense<[1.000000e+00, 0.000000e+00]> : tensor<2xf32>
  %2 = mg.convert truncate %b : tensor<2xi1> -> tensor<2xf32>
  return %0, %1, %2 : tensor<2xui16>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @views
func.func @views() -> (tensor<3x2xi32>, tensor<2x2xi32>, tensor<3xi32>, tensor<1000xf32>) {
  %x = mg.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
  // CHECK-DAG: mg.constant dense<{{\[\[}}1, 4], [2, 5], [3, 6]]> : tensor<3x2xi32>
  %0 = mg.transpose %x [1, 0] : tensor<2x3xi32> -> tensor<3x2xi32>
  // CHECK-DAG: mg.constant dense<{{\[\[}}6, 4], [3, 1]]> : tensor<2x2xi32>
  %1 = mg.reverse %x [0, 1] : tensor<2x3xi32>
  %2 = mg.slice %1 [0:2, 0:3:2] : tensor<2x3xi32> -> tensor<2x2xi32>
  // CHECK-DAG: mg.constant dense<[1, 5, 7]> : tensor<3xi32>
  %y = mg.constant dense<[[1, 2, 3, 0], [4, 5, 6, 0], [0, 0, 7, 0]]> : tensor<3x4xi32>
  %3 = mg.diagonal %y [0, 1] : tensor<3x4xi32> -> tensor<3xi32>
  // CHECK-DAG: mg.constant dense<4.000000e+00> : tensor<1000xf32>
  %z = mg.constant dense<2.0> : tensor<f32>
  %4 = mg.broadcast %z [] : tensor<f32> -> tensor<1000xf32>
  %5 = mg.mul %4, %4 : tensor<1000xf32>
  return %0, %2, %3, %5 : tensor<3x2xi32>, tensor<2x2xi32>, tensor<3xi32>, tensor<1000xf32>
}
