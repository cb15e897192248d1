// RUN: mgc-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @sources
func.func @sources(%key: tensor<4xui32>) {
  // CHECK: mg.constant dense<[true, false]> : tensor<2xi1>
  %0 = mg.constant dense<[true, false]> : tensor<2xi1>
  // CHECK: mg.constant dense<1> : tensor<1000000xui64>
  %1 = mg.constant dense<1> : tensor<1000000xui64>
  // CHECK: mg.weight "fc1.w" : tensor<784x128xf32>
  %2 = mg.weight "fc1.w" : tensor<784x128xf32>
  // CHECK: mg.iota dim 1 : tensor<4x3xf16>
  %3 = mg.iota dim 1 : tensor<4x3xf16>
  // CHECK: mg.rng_bits %arg0 : tensor<4xui32> -> tensor<7xui64>
  %4 = mg.rng_bits %key : tensor<4xui32> -> tensor<7xui64>
  return
}

// -----

func.func @constant_C1() {
  // expected-error@+1 {{constant: neither a splat nor within 64 bytes: make i32[17] a weight}}
  %0 = mg.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]> : tensor<17xi32>
  return
}

// -----

func.func @weight_C1() {
  // expected-error@+1 {{weight: the name is empty}}
  %0 = mg.weight "" : tensor<4xf32>
  return
}

// -----

func.func @weight_C2() {
  // expected-error@+1 {{weight: the type f32[n] is not static}}
  %0 = mg.weight "w" : tensor<?xf32, #mg.dims<n = 1 to 2>>
  return
}

// -----

func.func @iota_C1() {
  // expected-error@+1 {{iota: dim 2 is no dimension of rank 2}}
  %0 = mg.iota dim 2 : tensor<4x3xi32>
  return
}

// -----

func.func @iota_C2() {
  // expected-error@+1 {{iota: takes numbers, not bool}}
  %0 = mg.iota dim 0 : tensor<4xi1>
  return
}

// -----

func.func @rng_bits_C1(%key: tensor<2xui32>) {
  // expected-error@+1 {{rng_bits: the key is ui64[2] or ui32[4], not ui32[2]}}
  %0 = mg.rng_bits %key : tensor<2xui32> -> tensor<4xui32>
  return
}

// -----

func.func @rng_bits_C2(%key: tensor<2xui64>) {
  // expected-error@+1 {{rng_bits: gives ui32 or ui64, not i32}}
  %0 = mg.rng_bits %key : tensor<2xui64> -> tensor<4xi32>
  return
}
