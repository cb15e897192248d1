// RUN: %S/Inputs/execute %s | FileCheck %s

func.func private @printMemrefI32(tensor<*xi32>) attributes {llvm.emit_c_interface}
func.func private @printMemrefF32(tensor<*xf32>) attributes {llvm.emit_c_interface}

func.func @main() {
  // The published answers of Philox4x32-10 to zeros:
  // 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
  // CHECK: [1713891541, -513161843, -1135104948, -1694442536]
  %zeros = mg.constant dense<0> : tensor<2xui64>
  %a = mg.rng_bits %zeros : tensor<2xui64> -> tensor<2x2xui32>
  %b = mg.reshape %a : tensor<2x2xui32> -> tensor<4xui32>
  %c = mg.bitcast %b : tensor<4xui32> -> tensor<4xi32>
  %0 = tensor.cast %c : tensor<4xi32> to tensor<*xi32>
  call @printMemrefI32(%0) : (tensor<*xi32>) -> ()
  // The same stream in pairs, low word first.
  // CHECK: [-513161843, -1694442536]
  %words = mg.constant dense<0> : tensor<4xui32>
  %d = mg.rng_bits %words : tensor<4xui32> -> tensor<2xui64>
  %bits = mg.constant dense<32> : tensor<2xui64>
  %e = mg.shr_l %d, %bits : tensor<2xui64>
  %f = mg.convert truncate %e : tensor<2xui64> -> tensor<2xi32>
  %1 = tensor.cast %f : tensor<2xi32> to tensor<*xi32>
  call @printMemrefI32(%1) : (tensor<*xi32>) -> ()
  // CHECK: [0, 1, 2]
  // CHECK-NEXT: [0, 1, 2]
  %i = mg.iota dim 1 : tensor<2x3xf32>
  %2 = tensor.cast %i : tensor<2x3xf32> to tensor<*xf32>
  call @printMemrefF32(%2) : (tensor<*xf32>) -> ()
  // A bool constant is bytes.
  // CHECK: [5, 7, 5]
  %p = mg.constant dense<[true, false, true]> : tensor<3xi1>
  %five = mg.constant dense<5> : tensor<3xi32>
  %seven = mg.constant dense<7> : tensor<3xi32>
  %s = mg.select %p, %five, %seven : tensor<3xi1>, tensor<3xi32>
  %3 = tensor.cast %s : tensor<3xi32> to tensor<*xi32>
  call @printMemrefI32(%3) : (tensor<*xi32>) -> ()
  return
}
