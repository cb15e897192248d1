func.func @run(%x: tensor<3xf32> {mg.name = "x"}) -> (tensor<3xf32> {mg.name = "y"}) {
  %three = mg.constant dense<3.0> : tensor<3xf32>
  %y = mg.mul %x, %three : tensor<3xf32>
  return %y : tensor<3xf32>
}
