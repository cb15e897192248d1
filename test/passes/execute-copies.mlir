// RUN: %S/Inputs/execute %s | FileCheck %s

func.func private @printMemrefI32(tensor<*xi32>) attributes {llvm.emit_c_interface}

func.func @main() {
  %x = mg.constant dense<[1, 2, 3]> : tensor<3xi32>
  %z = mg.constant dense<9> : tensor<i32>
  // Dilated, then one cut off in front and two added behind.
  // CHECK: [9, 2, 9, 3, 9, 9]
  %p = mg.pad %x, %z lo [-1] hi [2] interior [1] : (tensor<3xi32>, tensor<i32>) -> tensor<6xi32>
  %0 = tensor.cast %p : tensor<6xi32> to tensor<*xi32>
  call @printMemrefI32(%0) : (tensor<*xi32>) -> ()
  // Nothing of x is left.
  // CHECK: [9, 9]
  %q = mg.pad %x, %z lo [-3] hi [2] interior [0] : (tensor<3xi32>, tensor<i32>) -> tensor<2xi32>
  %1 = tensor.cast %q : tensor<2xi32> to tensor<*xi32>
  call @printMemrefI32(%1) : (tensor<*xi32>) -> ()
  // CHECK: [1, 2, 3, 1, 2, 3]
  %c = mg.concat %x, %x dim 0 : (tensor<3xi32>, tensor<3xi32>) -> tensor<6xi32>
  %2 = tensor.cast %c : tensor<6xi32> to tensor<*xi32>
  call @printMemrefI32(%2) : (tensor<*xi32>) -> ()
  // A start beyond the end is moved inside.
  // CHECK: [2, 3]
  %far = mg.constant dense<7> : tensor<1xi32>
  %d = mg.dynamic_slice %x, %far size [2] : (tensor<3xi32>, tensor<1xi32>) -> tensor<2xi32>
  %3 = tensor.cast %d : tensor<2xi32> to tensor<*xi32>
  call @printMemrefI32(%3) : (tensor<*xi32>) -> ()
  // CHECK: [4, 5, 3]
  %low = mg.constant dense<-5> : tensor<1xi64>
  %v = mg.constant dense<[4, 5]> : tensor<2xi32>
  %u = mg.dynamic_update_slice %x, %v, %low : (tensor<3xi32>, tensor<2xi32>, tensor<1xi64>) -> tensor<3xi32>
  %4 = tensor.cast %u : tensor<3xi32> to tensor<*xi32>
  call @printMemrefI32(%4) : (tensor<*xi32>) -> ()
  return
}
