// RUN: mgc-opt %s --mg-expand-halves | FileCheck %s --check-prefix=EXACT
// RUN: mgc-opt %s --mg-expand-halves="bf16-lanes=16 keep-excess" | FileCheck %s --check-prefix=FAST

// By default every value is rounded, in integers; with fast math once, where it
// is stored, by the CPU's instruction.
// EXACT-LABEL: func @twice
// EXACT-NOT: llvm.inline_asm
// EXACT-COUNT-2: arith.cmpf uno
// FAST-LABEL: func @twice
// FAST: arith.addf
// FAST-NEXT: arith.mulf
// FAST-NEXT: llvm.inline_asm "vcvtneps2bf16
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
