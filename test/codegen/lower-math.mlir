// RUN: mgc-opt %s --mg-lower-math=lanes=8 -split-input-file -verify-diagnostics | FileCheck %s
// RUN: mgc-opt %s --mg-lower-math="lanes=16 avx512" -split-input-file -verify-diagnostics | FileCheck %s --check-prefix=AVX512

// CHECK-LABEL: func.func @native
// CHECK: %[[R:.*]] = call @mg_exp_f32(%arg0) : (vector<8xf32>) -> vector<8xf32>
// CHECK: return %[[R]]
func.func @native(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.exp %x : vector<8xf32>
  return %y : vector<8xf32>
}

// CHECK-LABEL: func.func @scalar
// CHECK: %[[V:.*]] = vector.broadcast %arg0 : f64 to vector<4xf64>
// CHECK: %[[R:.*]] = call @mg_tanh_f64(%[[V]])
// CHECK: vector.extract %[[R]][0]
func.func @scalar(%x: f64) -> f64 {
  %y = math.tanh %x : f64
  return %y : f64
}

// Eight and two: two calls.
// CHECK-LABEL: func.func @split
// CHECK-COUNT-2: call @mg_pow_f32({{.*}}) : (vector<8xf32>, vector<8xf32>) -> vector<8xf32>
// CHECK-NOT: call
// CHECK: return {{.*}} : vector<2x5xf32>
func.func @split(%x: vector<2x5xf32>, %y: vector<2x5xf32>) -> vector<2x5xf32> {
  %z = math.powf %x, %y : vector<2x5xf32>
  return %z : vector<2x5xf32>
}

// CHECK-LABEL: func.func @instructions
// CHECK-NOT: call
// CHECK: math.sqrt
// CHECK: math.floor
// CHECK: %[[ROOT:.*]] = math.sqrt
// CHECK: arith.divf %{{.*}}, %[[ROOT]]
func.func @instructions(%x: vector<8xf32>) -> vector<8xf32> {
  %a = math.sqrt %x : vector<8xf32>
  %b = math.floor %a : vector<8xf32>
  %c = math.rsqrt %b : vector<8xf32>
  return %c : vector<8xf32>
}

// A relu of a native vector; no other bound, no other width.
// CHECK-LABEL: func.func @relu
// CHECK-COUNT-3: arith.maximumf
// AVX512-LABEL: func.func @relu
// AVX512: %[[R:.*]] = llvm.call_intrinsic "llvm.x86.avx512.mask.fixupimm.ps.512"(%arg0, %arg0
// AVX512: arith.maximumf %[[R]]
// AVX512: arith.maximumf %arg1
// AVX512-NOT: fixupimm
func.func @relu(%x: vector<16xf32>, %y: vector<8xf32>) -> (vector<16xf32>, vector<8xf32>) {
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %negative = arith.constant dense<-0.0> : vector<16xf32>
  %short = arith.constant dense<0.0> : vector<8xf32>
  %a = arith.maximumf %x, %zero : vector<16xf32>
  %b = arith.maximumf %a, %negative : vector<16xf32>
  %c = arith.maximumf %y, %short : vector<8xf32>
  return %b, %c : vector<16xf32>, vector<8xf32>
}

// -----

func.func @half(%x: f16) -> f16 {
  // expected-error @+1 {{internal: math on a type that has none}}
  %y = math.sin %x : f16
  return %y : f16
}
