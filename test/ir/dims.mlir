// RUN: mgc-opt %s | mgc-opt | FileCheck %s
// RUN: mgc-opt %s --emit-bytecode | mgc-opt | FileCheck %s
// A named `?` goes through inference like any size.

!x = tensor<?x64xf32, #mg.dims<batch = 1 to 64, _>>
!y = tensor<?x10xf32, #mg.dims<batch = 1 to 64, _>>

// CHECK-LABEL: @dense
func.func @dense(%x: !x, %w: tensor<64x10xf32>, %b: tensor<10xf32>) -> !y {
  // CHECK: mg.dot {{.*}} -> tensor<?x10xf32, #mg.dims<batch = 1 to 64, _>>
  %h = mg.dot %x, %w contract [1] x [0] : (!x, tensor<64x10xf32>) -> !y
  // CHECK: mg.broadcast %arg2 [1] : tensor<10xf32> -> tensor<?x10xf32, #mg.dims<batch = 1 to 64, _>>
  %c = mg.broadcast %b [1] : tensor<10xf32> -> !y
  %y = mg.add %h, %c : !y
  return %y : !y
}

// CHECK-LABEL: @more
func.func @more(%x: !x) {
  // CHECK: mg.transpose {{.*}} -> tensor<64x?xf32, #mg.dims<_, batch = 1 to 64>>
  %0 = mg.transpose %x [1, 0] : !x -> tensor<64x?xf32, #mg.dims<_, batch = 1 to 64>>
  // CHECK: mg.reduce sum {{.*}} -> tensor<?xf32, #mg.dims<batch = 1 to 64>>
  %1 = mg.reduce sum %x [1] : !x -> tensor<?xf32, #mg.dims<batch = 1 to 64>>
  // CHECK: mg.reduce max {{.*}} -> tensor<64xf32>
  %2 = mg.reduce max %x [0] : !x -> tensor<64xf32>
  %3 = mg.slice %x [0:?, 0:8] : !x -> tensor<?x8xf32, #mg.dims<batch = 1 to 64, _>>
  %4 = mg.reshape %x : !x -> tensor<8x?x8xf32, #mg.dims<_, batch = 1 to 64, _>>
  %5 = mg.concat %x, %x dim 1 : (!x, !x) -> tensor<?x128xf32, #mg.dims<batch = 1 to 64, _>>
  %6 = mg.compare lt %x, %x : !x
  %7 = mg.select %6, %x, %x : tensor<?x64xi1, #mg.dims<batch = 1 to 64, _>>, !x
  return
}

// Two names in one type, one name twice.
// CHECK-LABEL: @attention
func.func @attention(%q: tensor<?x?x8xf32, #mg.dims<b = 1 to 4, t = 1 to 512, _>>) {
  // CHECK: -> tensor<?x?x?xf32, #mg.dims<b = 1 to 4, t = 1 to 512, t = 1 to 512>>
  %0 = mg.dot %q, %q contract [2] x [2] batch [0] x [0]
      : (tensor<?x?x8xf32, #mg.dims<b = 1 to 4, t = 1 to 512, _>>, tensor<?x?x8xf32, #mg.dims<b = 1 to 4, t = 1 to 512, _>>)
      -> tensor<?x?x?xf32, #mg.dims<b = 1 to 4, t = 1 to 512, t = 1 to 512>>
  return
}
