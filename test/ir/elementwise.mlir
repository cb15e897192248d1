// RUN: mgc-opt %s | mgc-opt | FileCheck %s
// RUN: mgc-opt %s --emit-bytecode | mgc-opt | FileCheck %s

// CHECK-LABEL: @floats
func.func @floats(%x: tensor<4xf16>) -> tensor<4xf16> {
  // CHECK: mg.exp %arg0 : tensor<4xf16>
  %0 = mg.exp %x : tensor<4xf16>
  %1 = mg.expm1 %0 : tensor<4xf16>
  %2 = mg.log %1 : tensor<4xf16>
  %3 = mg.log1p %2 : tensor<4xf16>
  %4 = mg.sqrt %3 : tensor<4xf16>
  %5 = mg.rsqrt %4 : tensor<4xf16>
  %6 = mg.sin %5 : tensor<4xf16>
  %7 = mg.cos %6 : tensor<4xf16>
  %8 = mg.tan %7 : tensor<4xf16>
  %9 = mg.tanh %8 : tensor<4xf16>
  %10 = mg.atan %9 : tensor<4xf16>
  %11 = mg.erf %10 : tensor<4xf16>
  %12 = mg.logistic %11 : tensor<4xf16>
  %13 = mg.floor %12 : tensor<4xf16>
  %14 = mg.ceil %13 : tensor<4xf16>
  %15 = mg.round_even %14 : tensor<4xf16>
  %16 = mg.trunc %15 : tensor<4xf16>
  %17 = mg.pow %16, %x : tensor<4xf16>
  // CHECK: mg.atan2 %{{.*}}, %arg0 : tensor<4xf16>
  %18 = mg.atan2 %17, %x : tensor<4xf16>
  return %18 : tensor<4xf16>
}

// CHECK-LABEL: @numbers
func.func @numbers(%x: tensor<2x3xui8>, %y: tensor<2x3xui8>) -> tensor<2x3xui8> {
  %0 = mg.neg %x : tensor<2x3xui8>
  %1 = mg.abs %0 : tensor<2x3xui8>
  %2 = mg.sign %1 : tensor<2x3xui8>
  %3 = mg.add %2, %y : tensor<2x3xui8>
  %4 = mg.sub %3, %y : tensor<2x3xui8>
  %5 = mg.mul %4, %y : tensor<2x3xui8>
  %6 = mg.div %5, %y : tensor<2x3xui8>
  // CHECK: mg.rem %{{.*}}, %arg1 : tensor<2x3xui8>
  %7 = mg.rem %6, %y : tensor<2x3xui8>
  %8 = mg.max %7, %y : tensor<2x3xui8>
  %9 = mg.min %8, %y : tensor<2x3xui8>
  return %9 : tensor<2x3xui8>
}

// CHECK-LABEL: @bits
func.func @bits(%b: tensor<i1>, %x: tensor<i64>) -> (tensor<i1>, tensor<i64>) {
  %0 = mg.not %b : tensor<i1>
  %1 = mg.and %0, %b : tensor<i1>
  %2 = mg.or %1, %b : tensor<i1>
  // CHECK: mg.xor %{{.*}}, %arg0 : tensor<i1>
  %3 = mg.xor %2, %b : tensor<i1>
  %4 = mg.shl %x, %x : tensor<i64>
  %5 = mg.shr_l %4, %x : tensor<i64>
  %6 = mg.shr_a %5, %x : tensor<i64>
  return %3, %6 : tensor<i1>, tensor<i64>
}

// CHECK-LABEL: @types
func.func @types(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi8> {
  // CHECK: %[[C:.*]] = mg.compare lt %arg0, %arg1 : tensor<4xf32>
  %c = mg.compare lt %x, %y : tensor<4xf32>
  // CHECK: mg.select %[[C]], %arg0, %arg1 : tensor<4xi1>, tensor<4xf32>
  %s = mg.select %c, %x, %y : tensor<4xi1>, tensor<4xf32>
  // CHECK: mg.bitcast %{{.*}} : tensor<4xf32> -> tensor<4xui32>
  %b = mg.bitcast %s : tensor<4xf32> -> tensor<4xui32>
  // CHECK: mg.convert saturate %{{.*}} : tensor<4xui32> -> tensor<4xi8>
  %i = mg.convert saturate %b : tensor<4xui32> -> tensor<4xi8>
  return %i : tensor<4xi8>
}
