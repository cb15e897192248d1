// RUN: %python %S/check.py %s

// numpy @rows: np.broadcast_to(x, (3, 7))
func.func @rows(%x: tensor<7xf32> {mg.name = "x"}) -> (tensor<3x7xf32> {mg.name = "y"}) {
  %y = mg.broadcast %x [1] : tensor<7xf32> -> tensor<3x7xf32>
  return %y : tensor<3x7xf32>
}

// numpy @columns: np.broadcast_to(x[:, None], (3, 7))
func.func @columns(%x: tensor<3xf32> {mg.name = "x"}) -> (tensor<3x7xf32> {mg.name = "y"}) {
  %y = mg.broadcast %x [0] : tensor<3xf32> -> tensor<3x7xf32>
  return %y : tensor<3x7xf32>
}

// numpy @ones: np.broadcast_to(x, (3, 7))
func.func @ones(%x: tensor<3x1xf64> {mg.name = "x"}) -> (tensor<3x7xf64> {mg.name = "y"}) {
  %y = mg.broadcast %x [0, 1] : tensor<3x1xf64> -> tensor<3x7xf64>
  return %y : tensor<3x7xf64>
}

// numpy @scalar: np.broadcast_to(x, (4, 5))
func.func @scalar(%x: tensor<i8> {mg.name = "x"}) -> (tensor<4x5xi8> {mg.name = "y"}) {
  %y = mg.broadcast %x [] : tensor<i8> -> tensor<4x5xi8>
  return %y : tensor<4x5xi8>
}

// numpy @swapped: x.T
func.func @swapped(%x: tensor<3x2xf32> {mg.name = "x"}) -> (tensor<2x3xf32> {mg.name = "y"}) {
  %y = mg.broadcast %x [1, 0] : tensor<3x2xf32> -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
