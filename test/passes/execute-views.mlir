// RUN: %S/Inputs/execute %s | FileCheck %s

func.func private @printMemrefI32(tensor<*xi32>) attributes {llvm.emit_c_interface}

func.func @main() {
  %x = mg.constant dense<[[0, 1, 2], [3, 4, 5]]> : tensor<2x3xi32>
  // CHECK: [5, 4, 3]
  // CHECK-NEXT: [2, 1, 0]
  %r = mg.reverse %x [0, 1] : tensor<2x3xi32>
  %0 = tensor.cast %r : tensor<2x3xi32> to tensor<*xi32>
  call @printMemrefI32(%0) : (tensor<*xi32>) -> ()
  // A chain of views with arithmetic on both ends is one kernel.
  // CHECK: [-6, -12]
  %sum = mg.add %x, %x : tensor<2x3xi32>
  %t = mg.transpose %sum [1, 0] : tensor<2x3xi32> -> tensor<3x2xi32>
  %s = mg.slice %t [0:1, 0:2] : tensor<3x2xi32> -> tensor<1x2xi32>
  %f = mg.reshape %s : tensor<1x2xi32> -> tensor<2xi32>
  %six = mg.constant dense<6> : tensor<2xi32>
  %g = mg.add %f, %six : tensor<2xi32>
  %n = mg.neg %g : tensor<2xi32>
  %1 = tensor.cast %n : tensor<2xi32> to tensor<*xi32>
  call @printMemrefI32(%1) : (tensor<*xi32>) -> ()
  // CHECK: [0, 4]
  %d = mg.diagonal %x [0, 1] : tensor<2x3xi32> -> tensor<2xi32>
  %2 = tensor.cast %d : tensor<2xi32> to tensor<*xi32>
  call @printMemrefI32(%2) : (tensor<*xi32>) -> ()
  // CHECK: [0, 1]
  // CHECK-NEXT: [2, 3]
  // CHECK-NEXT: [4, 5]
  %q = mg.reshape %x : tensor<2x3xi32> -> tensor<3x2xi32>
  %3 = tensor.cast %q : tensor<3x2xi32> to tensor<*xi32>
  call @printMemrefI32(%3) : (tensor<*xi32>) -> ()
  // Every second column of the second row, as a slice of memory.
  // CHECK: [3, 5]
  %c = mg.slice %x [1:2, 0:3:2] : tensor<2x3xi32> -> tensor<1x2xi32>
  %4 = tensor.cast %c : tensor<1x2xi32> to tensor<*xi32>
  call @printMemrefI32(%4) : (tensor<*xi32>) -> ()
  // CHECK: [1, 4]
  // CHECK-NEXT: [1, 4]
  %col = mg.slice %x [0:2, 1:2] : tensor<2x3xi32> -> tensor<2x1xi32>
  %b = mg.broadcast %col [1, 0] : tensor<2x1xi32> -> tensor<2x2xi32>
  %5 = tensor.cast %b : tensor<2x2xi32> to tensor<*xi32>
  call @printMemrefI32(%5) : (tensor<*xi32>) -> ()
  return
}
