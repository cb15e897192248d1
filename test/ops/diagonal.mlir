// RUN: %python %S/check.py %s

// numpy @square: np.diagonal(x)
func.func @square(%x: tensor<5x5xf32> {mg.name = "x"}) -> (tensor<5xf32> {mg.name = "y"}) {
  %y = mg.diagonal %x [0, 1] : tensor<5x5xf32> -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// numpy @of_three: np.diagonal(x, 0, 0, 2)
func.func @of_three(%x: tensor<3x4x5xf32> {mg.name = "x"}) -> (tensor<4x3xf32> {mg.name = "y"}) {
  %y = mg.diagonal %x [0, 2] : tensor<3x4x5xf32> -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
