// RUN: %S/Inputs/execute %s | FileCheck %s

func.func private @printMemrefI32(tensor<*xi32>) attributes {llvm.emit_c_interface}

// Private: an entry would return the status of its indices.
func.func private @main() {
  %x = mg.constant dense<[[0, 1, 2], [3, 4, 5]]> : tensor<2x3xi32>
  // Rows 1, 0; the last index is clamped.
  // CHECK: [3, 4, 5]
  // CHECK-NEXT: [0, 1, 2]
  // CHECK-NEXT: [3, 4, 5]
  %i = mg.constant dense<[[1], [0], [5]]> : tensor<3x1xi32>
  %rows = mg.gather %x, %i dims [0] : (tensor<2x3xi32>, tensor<3x1xi32>) -> tensor<3x3xi32>
  %0 = tensor.cast %rows : tensor<3x3xi32> to tensor<*xi32>
  call @printMemrefI32(%0) : (tensor<*xi32>) -> ()
  // x[j[0], j[1]] written as vectors (column, row).
  // CHECK: [5, 1]
  %j = mg.constant dense<[[2, 1], [1, 0]]> : tensor<2x2xi64>
  %points = mg.gather %x, %j dims [1, 0] : (tensor<2x3xi32>, tensor<2x2xi64>) -> tensor<2xi32>
  %1 = tensor.cast %points : tensor<2xi32> to tensor<*xi32>
  call @printMemrefI32(%1) : (tensor<*xi32>) -> ()
  // One column per row.
  // CHECK: [2, 3]
  %k = mg.constant dense<[[2], [0]]> : tensor<2x1xi32>
  %paired = mg.gather %x, %k dims [1] batch_dims 1 : (tensor<2x3xi32>, tensor<2x1xi32>) -> tensor<2xi32>
  %2 = tensor.cast %paired : tensor<2xi32> to tensor<*xi32>
  call @printMemrefI32(%2) : (tensor<*xi32>) -> ()
  // Row 1 gets two updates, in order.
  // CHECK: [0, 1, 2]
  // CHECK-NEXT: [14, 24, 34]
  %l = mg.constant dense<1> : tensor<2x1xi32>
  %u = mg.constant dense<[[1, 2, 3], [10, 18, 26]]> : tensor<2x3xi32>
  %added = mg.scatter add %x, %l, %u dims [0] : (tensor<2x3xi32>, tensor<2x1xi32>, tensor<2x3xi32>) -> tensor<2x3xi32>
  %3 = tensor.cast %added : tensor<2x3xi32> to tensor<*xi32>
  call @printMemrefI32(%3) : (tensor<*xi32>) -> ()
  // CHECK: [0, 1, 2]
  // CHECK-NEXT: [10, 18, 26]
  %set = mg.scatter set %x, %l, %u dims [0] : (tensor<2x3xi32>, tensor<2x1xi32>, tensor<2x3xi32>) -> tensor<2x3xi32>
  %4 = tensor.cast %set : tensor<2x3xi32> to tensor<*xi32>
  call @printMemrefI32(%4) : (tensor<*xi32>) -> ()
  return
}
