// RUN: %python %S/check.py %s

// input @rows i: [[8], [0], [3], [8]]
// numpy @rows: x[i[:, 0]]
func.func @rows(%x: tensor<9x13xf32> {mg.name = "x"}, %i: tensor<4x1xi32> {mg.name = "i"}) -> (tensor<4x13xf32> {mg.name = "y"}) {
  %y = mg.gather %x, %i dims [0] : (tensor<9x13xf32>, tensor<4x1xi32>) -> tensor<4x13xf32>
  return %y : tensor<4x13xf32>
}

// input @points i: np.arange(12).reshape(2, 3, 2) % 5
// numpy @points: x[i[..., 0], :, i[..., 1]]
func.func @points(%x: tensor<5x3x7xi8> {mg.name = "x"}, %i: tensor<2x3x2xi64> {mg.name = "i"}) -> (tensor<2x3x3xi8> {mg.name = "y"}) {
  %y = mg.gather %x, %i dims [0, 2] : (tensor<5x3x7xi8>, tensor<2x3x2xi64>) -> tensor<2x3x3xi8>
  return %y : tensor<2x3x3xi8>
}

// input @batch i: np.arange(12).reshape(4, 3, 1) % 9
// numpy @batch: np.take_along_axis(x, i[:, :, 0], 1)
func.func @batch(%x: tensor<4x9xf32> {mg.name = "x"}, %i: tensor<4x3x1xi32> {mg.name = "i"}) -> (tensor<4x3xf32> {mg.name = "y"}) {
  %y = mg.gather %x, %i dims [1] batch_dims 1 : (tensor<4x9xf32>, tensor<4x3x1xi32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
