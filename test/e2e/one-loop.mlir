// A chain of ten elementwise ops over 16 Mi floats is one linalg op, and one loop that reads each input once and writes the result: past the caches
// where the result is aligned, by ordinary stores in the other branch.
// The time against eager execution is in docs/benchmarks.md.
// RUN: mgc compile %s -o - --emit=linalg | FileCheck %s --check-prefix=LINALG
// RUN: mgc compile %s -o - --emit=vector --mcpu=x86-64-v3 | FileCheck %s --check-prefix=VECTOR

// LINALG-LABEL: func.func @chain
// LINALG-COUNT-1: linalg.generic
// LINALG-NOT: linalg.generic

// VECTOR-LABEL: func.func @chain
// VECTOR: scf.if
// VECTOR: scf.forall
// VECTOR: vector.load
// VECTOR-NOT: vector.load
// VECTOR: vector.store {{.*}}nontemporal
// VECTOR-NOT: vector.store
// VECTOR: scf.forall
// VECTOR: vector.load
// VECTOR-NOT: vector.load
// VECTOR: vector.store
// VECTOR-NOT: vector.{{(masked)?}}store
module attributes {mg.name = "chain"} {
  func.func @chain(%x: tensor<16777216xf32> {mg.name = "x"}) -> (tensor<16777216xf32> {mg.name = "y"}) {
    %half = mg.constant dense<0.5> : tensor<16777216xf32>
    %two = mg.constant dense<2.0> : tensor<16777216xf32>
    %a = mg.mul %x, %half : tensor<16777216xf32>
    %b = mg.add %a, %two : tensor<16777216xf32>
    %c = mg.abs %b : tensor<16777216xf32>
    %d = mg.sqrt %c : tensor<16777216xf32>
    %e = mg.sub %d, %x : tensor<16777216xf32>
    %f = mg.neg %e : tensor<16777216xf32>
    %g = mg.max %f, %half : tensor<16777216xf32>
    %h = mg.min %g, %two : tensor<16777216xf32>
    %i = mg.mul %h, %x : tensor<16777216xf32>
    %y = mg.add %i, %half : tensor<16777216xf32>
    return %y : tensor<16777216xf32>
  }
}
