// RUN: mgc-opt %s --mg-expand-halves | FileCheck %s --check-prefix=EXACT
// RUN: mgc-opt %s --mg-expand-halves="bf16-lanes=16 keep-excess" | FileCheck %s --check-prefix=FAST
// RUN: mgc-opt %s --mg-expand-halves="avx512" | FileCheck %s --check-prefixes=AVX512,V4
// RUN: mgc-opt %s --mg-expand-halves="avx512 vnni" | FileCheck %s --check-prefixes=AVX512,VNNI

// By default every value is rounded, in integers; with fast math once, where it
// is stored, by the CPU's instruction.
// EXACT-LABEL: func @twice
// EXACT-NOT: llvm.inline_asm
// EXACT-COUNT-2: arith.cmpf uno
// FAST-LABEL: func @twice
// FAST: arith.addf
// FAST-NEXT: arith.mulf
// FAST-NEXT: llvm.inline_asm "vcvtneps2bf16
// AVX-512 chooses by class, without a mask, and moves the upper halves at once.
// AVX512-LABEL: func @twice
// V4-NOT: vpdpwssd
// V4: arith.shrui
// VNNI-NOT: arith.shrui
// VNNI: "llvm.x86.avx512.vpdpwssd.512"
// AVX512: "llvm.x86.avx512.mask.fixupimm.ps.512"
// AVX512: arith.mulf
// AVX512: "llvm.x86.avx512.mask.fixupimm.ps.512"
// AVX512-NOT: arith.cmpf
// AVX512: "llvm.x86.avx512.permvar.hi.512"
func.func @twice(%x: vector<16xf32>, %y: memref<16xbf16>) {
  %zero = arith.constant 0 : index
  %a = arith.addf %x, %x : vector<16xf32>
  %n = arith.truncf %a : vector<16xf32> to vector<16xbf16>
  %w = arith.extf %n : vector<16xbf16> to vector<16xf32>
  %b = arith.mulf %w, %x : vector<16xf32>
  %m = arith.truncf %b : vector<16xf32> to vector<16xbf16>
  vector.store %m, %y[%zero] : memref<16xbf16>, vector<16xbf16>
  return
}

// What is compared with another value is rounded as that is.
// FAST-LABEL: func @compared
// FAST-COUNT-2: vcvtneps2bf16
// FAST: arith.cmpf oeq
// With a constant it is compared as it is.
// FAST-LABEL: func @relu
// FAST-NOT: vcvtneps2bf16
// FAST: arith.cmpf ogt
func.func @compared(%x: vector<16xf32>, %y: vector<16xf32>) -> vector<16xi1> {
  %n = arith.truncf %x : vector<16xf32> to vector<16xbf16>
  %w = arith.extf %n : vector<16xbf16> to vector<16xf32>
  %negative = arith.negf %w : vector<16xf32>
  %m = arith.truncf %y : vector<16xf32> to vector<16xbf16>
  %v = arith.extf %m : vector<16xbf16> to vector<16xf32>
  %equal = arith.cmpf oeq, %negative, %v : vector<16xf32>
  return %equal : vector<16xi1>
}
func.func @relu(%x: vector<16xf32>) -> vector<16xf32> {
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %n = arith.truncf %x : vector<16xf32> to vector<16xbf16>
  %w = arith.extf %n : vector<16xbf16> to vector<16xf32>
  %c = arith.cmpf ogt, %w, %zero : vector<16xf32>
  %r = arith.select %c, %w, %zero : vector<16xi1>, vector<16xf32>
  return %r : vector<16xf32>
}

// A relu is one more response of the table that there is anyway; what it makes
// of a bf16 is one, and widened as it is.
// AVX512-LABEL: func @rounded_relu
// AVX512: "llvm.x86.avx512.mask.fixupimm.ps.512"
// AVX512-NOT: arith.maximumf
// AVX512-NOT: "llvm.x86.avx512.mask.fixupimm.ps.512"
// AVX512: arith.minimumf
// AVX512-NEXT: arith.bitcast
// AVX512: "llvm.x86.avx512.permvar.hi.512"
func.func @rounded_relu(%x: vector<16xf32>) -> vector<16xbf16> {
  %cst = arith.constant 0.0 : f32
  %zero = vector.broadcast %cst : f32 to vector<16xf32>
  %six = arith.constant dense<6.0> : vector<16xf32>
  %n = arith.truncf %x : vector<16xf32> to vector<16xbf16>
  %w = arith.extf %n : vector<16xbf16> to vector<16xf32>
  %r = arith.maximumf %w, %zero : vector<16xf32>
  %m = arith.truncf %r : vector<16xf32> to vector<16xbf16>
  %v = arith.extf %m : vector<16xbf16> to vector<16xf32>
  %c = arith.minimumf %v, %six : vector<16xf32>
  %y = arith.truncf %c : vector<16xf32> to vector<16xbf16>
  return %y : vector<16xbf16>
}
