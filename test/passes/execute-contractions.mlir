// RUN: %S/Inputs/execute %s | FileCheck %s

func.func private @printMemrefF32(tensor<*xf32>) attributes {llvm.emit_c_interface}

func.func @main() {
  %a = mg.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %b = mg.constant dense<[[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]]> : tensor<2x3xf32>
  // a b, through the transposes of both.
  // CHECK: [1, 2, 4]
  // CHECK-NEXT: [3, 4, 10]
  // CHECK-NEXT: [5, 6, 16]
  %at = mg.transpose %a [1, 0] : tensor<3x2xf32> -> tensor<2x3xf32>
  %bt = mg.transpose %b [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %ab = mg.dot %at, %bt contract [0] x [1] : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<3x3xf32>
  %0 = tensor.cast %ab : tensor<3x3xf32> to tensor<*xf32>
  call @printMemrefF32(%0) : (tensor<*xf32>) -> ()
  // (1,0,2).(1,3,5) and (0,1,1).(2,4,6).
  // CHECK: [11, 10]
  %rows = mg.dot %b, %at contract [1] x [1] batch [0] x [0] : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  %1 = tensor.cast %rows : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%1) : (tensor<*xf32>) -> ()
  // No product at all.
  // CHECK: [0, 0]
  // CHECK-NEXT: [0, 0]
  %e = mg.slice %bt [0:0, 0:2] : tensor<3x2xf32> -> tensor<0x2xf32>
  %none = mg.dot %e, %e contract [0] x [0] : (tensor<0x2xf32>, tensor<0x2xf32>) -> tensor<2x2xf32>
  %2 = tensor.cast %none : tensor<2x2xf32> to tensor<*xf32>
  call @printMemrefF32(%2) : (tensor<*xf32>) -> ()
  // Windows (0,1,2), (2,3,0) of the padded input against (1,10,100).
  // CHECK: [210, 32]
  %x = mg.constant dense<[[[1.0, 2.0, 3.0]]]> : tensor<1x1x3xf32>
  %w = mg.constant dense<[[[1.0, 10.0, 100.0]]]> : tensor<1x1x3xf32>
  %c = mg.conv %x, %w strides [2] lo [1] hi [1] lhs_dilation [1] rhs_dilation [1]
      : (tensor<1x1x3xf32>, tensor<1x1x3xf32>) -> tensor<1x1x2xf32>
  %3 = tensor.cast %c : tensor<1x1x2xf32> to tensor<*xf32>
  call @printMemrefF32(%3) : (tensor<*xf32>) -> ()
  // Transposed convolution of two groups: (1,0,2) and (3,0,4) against (1,2).
  // CHECK: [2, 1, 4, 2]
  // CHECK-NEXT: [12, 6, 16, 8]
  %y = mg.constant dense<[[[1.0, 2.0], [3.0, 4.0]]]> : tensor<1x2x2xf32>
  %v = mg.constant dense<[[[1.0, 2.0]], [[2.0, 4.0]]]> : tensor<2x1x2xf32>
  %d = mg.conv %y, %v strides [1] lo [1] hi [1] lhs_dilation [2] rhs_dilation [1] groups 2
      : (tensor<1x2x2xf32>, tensor<2x1x2xf32>) -> tensor<1x2x4xf32>
  %4 = tensor.cast %d : tensor<1x2x4xf32> to tensor<*xf32>
  call @printMemrefF32(%4) : (tensor<*xf32>) -> ()
  return
}
