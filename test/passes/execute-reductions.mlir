// RUN: %S/Inputs/execute %s | FileCheck %s

func.func private @printMemrefF32(tensor<*xf32>) attributes {llvm.emit_c_interface}
func.func private @printMemrefI32(tensor<*xi32>) attributes {llvm.emit_c_interface}

func.func @main() {
  %x = mg.constant dense<[[1.0, 5.0, 2.0], [4.0, 0x7FC00000, 6.0]]> : tensor<2x3xf32>
  // NaN is the maximum of its row, and where the maximum lies.
  // CHECK: [5, nan]
  %max = mg.reduce max %x [1] : tensor<2x3xf32> -> tensor<2xf32>
  %0 = tensor.cast %max : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%0) : (tensor<*xf32>) -> ()
  // CHECK: [0, 1]
  %argmin = mg.arg_reduce min %x dim 1 : tensor<2x3xf32> -> tensor<2xi32>
  %1 = tensor.cast %argmin : tensor<2xi32> to tensor<*xi32>
  call @printMemrefI32(%1) : (tensor<*xi32>) -> ()
  // Ties: the first, or the last.
  // CHECK: [1, 3]
  %t = mg.constant dense<[0, 7, 3, 7]> : tensor<4xi32>
  %first = mg.arg_reduce max %t dim 0 : tensor<4xi32> -> tensor<i32>
  %last = mg.arg_reduce max %t dim 0 last : tensor<4xi32> -> tensor<i32>
  %f1 = mg.reshape %first : tensor<i32> -> tensor<1xi32>
  %l1 = mg.reshape %last : tensor<i32> -> tensor<1xi32>
  %both = mg.concat %f1, %l1 dim 0 : (tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>
  %2 = tensor.cast %both : tensor<2xi32> to tensor<*xi32>
  call @printMemrefI32(%2) : (tensor<*xi32>) -> ()
  // CHECK: [17, 17, 10, 7]
  %sum = mg.cumulative sum %t dim 0 reverse : tensor<4xi32>
  %3 = tensor.cast %sum : tensor<4xi32> to tensor<*xi32>
  call @printMemrefI32(%3) : (tensor<*xi32>) -> ()
  // CHECK: [-inf, 1]
  // CHECK-NEXT: [-inf, 5]
  %m = mg.constant dense<[[1.0, 0.0], [5.0, 9.0]]> : tensor<2x2xf32>
  %run = mg.cumulative max %m dim 1 exclusive : tensor<2x2xf32>
  %4 = tensor.cast %run : tensor<2x2xf32> to tensor<*xf32>
  call @printMemrefF32(%4) : (tensor<*xf32>) -> ()
  // Windows (1,2) and (3,4) at stride 1: the middle is shown twice.
  // CHECK: [1, 5, 4]
  %w = mg.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %fold = mg.fold %w dims [0] size [2] stride [1] dilation [1] : tensor<2x2xf32> -> tensor<3xf32>
  %5 = tensor.cast %fold : tensor<3xf32> to tensor<*xf32>
  call @printMemrefF32(%5) : (tensor<*xf32>) -> ()
  // Sums of overlapping windows: the window's loop is told by no operand.
  // CHECK: [3, 5, 7]
  %v = mg.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %u = mg.unfold %v dims [0] size [2] stride [1] dilation [1] : tensor<4xf32> -> tensor<3x2xf32>
  %s = mg.reduce sum %u [1] : tensor<3x2xf32> -> tensor<3xf32>
  %6 = tensor.cast %s : tensor<3xf32> to tensor<*xf32>
  call @printMemrefF32(%6) : (tensor<*xf32>) -> ()
  return
}
