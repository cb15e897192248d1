// RUN: mgc-opt %s --mg-differentiate -verify-diagnostics
// 24 functions, each of which runs the next one twice.

// expected-error@+1 {{more than 1048576 ops after calls are expanded}}
func.func private @f0(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f1(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f1(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f1(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f2(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f2(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f2(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f3(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f3(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f3(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f4(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f4(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f4(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f5(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f5(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f5(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f6(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f6(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f6(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f7(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f7(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f7(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f8(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f8(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f8(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f9(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f9(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f9(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f10(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f10(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f10(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f11(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f11(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f11(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f12(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f12(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f12(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f13(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f13(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f13(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f14(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f14(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f14(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f15(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f15(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f15(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f16(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f16(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f16(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f17(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f17(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f17(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f18(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f18(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f18(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f19(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f19(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f19(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f20(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f20(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f20(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f21(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f21(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f21(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f22(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f22(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f22(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f23(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f23(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f23(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.call @f24(%x) : (tensor<f32>) -> tensor<f32>
  %z = mg.call @f24(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
func.func private @f24(%x: tensor<f32>) -> tensor<f32> {
  %y = mg.exp %x : tensor<f32>
  return %y : tensor<f32>
}
