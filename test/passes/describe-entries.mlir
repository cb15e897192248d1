// RUN: mgc-opt %s --mg-describe-entries | FileCheck %s

// CHECK: module attributes {mg.name = "model"}
// CHECK-LABEL: @infer
// CHECK-SAME: %{{.*}}: tensor<4xf32> {mg.dtype = "f32", mg.name = "x"},
// CHECK-SAME: %{{.*}}: tensor<4xui8> {mg.dtype = "u8", mg.name = "arg1"},
// CHECK-SAME: %{{.*}}: tensor<4xbf16> {mg.dtype = "bf16", mg.name = "arg2"})
// CHECK-SAME: -> (tensor<4xi1> {mg.dtype = "bool", mg.name = "out0"},
// CHECK-SAME: tensor<4xf32> {mg.dtype = "f32", mg.name = "y"})
// CHECK-SAME: attributes {mg.entry}
func.func @infer(%x: tensor<4xf32> {mg.name = "x"}, %a: tensor<4xui8>, %b: tensor<4xbf16>)
    -> (tensor<4xi1>, tensor<4xf32> {mg.name = "y"}) {
  %c = mg.compare lt %x, %x : tensor<4xf32>
  return %c, %x : tensor<4xi1>, tensor<4xf32>
}

// CHECK-LABEL: func.func private @helper
// CHECK-NOT: mg.entry
func.func private @helper()
