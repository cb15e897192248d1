// RUN: %python %S/check.py %s

// input @set i: [[8], [0], [3], [8]]
// numpy @set: scatter(x, i, u, lambda a, b: b)
func.func @set(%x: tensor<9x3xf32> {mg.name = "x"}, %i: tensor<4x1xi32> {mg.name = "i"}, %u: tensor<4x3xf32> {mg.name = "u"}) -> (tensor<9x3xf32> {mg.name = "y"}) {
  %y = mg.scatter set %x, %i, %u dims [0] : (tensor<9x3xf32>, tensor<4x1xi32>, tensor<4x3xf32>) -> tensor<9x3xf32>
  return %y : tensor<9x3xf32>
}

// input @add i: [[8], [0], [3], [8]]
// numpy @add: scatter(x, i, u, np.add)
func.func @add(%x: tensor<9x3xi32> {mg.name = "x"}, %i: tensor<4x1xi64> {mg.name = "i"}, %u: tensor<4x3xi32> {mg.name = "u"}) -> (tensor<9x3xi32> {mg.name = "y"}) {
  %y = mg.scatter add %x, %i, %u dims [0] : (tensor<9x3xi32>, tensor<4x1xi64>, tensor<4x3xi32>) -> tensor<9x3xi32>
  return %y : tensor<9x3xi32>
}

// input @mul i: [[8], [0], [3], [8]]
// numpy @mul: scatter(x, i, u, np.multiply)
func.func @mul(%x: tensor<9x3xi32> {mg.name = "x"}, %i: tensor<4x1xi64> {mg.name = "i"}, %u: tensor<4x3xi32> {mg.name = "u"}) -> (tensor<9x3xi32> {mg.name = "y"}) {
  %y = mg.scatter mul %x, %i, %u dims [0] : (tensor<9x3xi32>, tensor<4x1xi64>, tensor<4x3xi32>) -> tensor<9x3xi32>
  return %y : tensor<9x3xi32>
}

// input @min i: [[8], [0], [3], [8]]
// numpy @min: scatter(x, i, u, np.minimum)
func.func @min(%x: tensor<9x3xi32> {mg.name = "x"}, %i: tensor<4x1xi64> {mg.name = "i"}, %u: tensor<4x3xi32> {mg.name = "u"}) -> (tensor<9x3xi32> {mg.name = "y"}) {
  %y = mg.scatter min %x, %i, %u dims [0] : (tensor<9x3xi32>, tensor<4x1xi64>, tensor<4x3xi32>) -> tensor<9x3xi32>
  return %y : tensor<9x3xi32>
}

// input @max i: [[8], [0], [3], [8]]
// numpy @max: scatter(x, i, u, np.maximum)
func.func @max(%x: tensor<9x3xi32> {mg.name = "x"}, %i: tensor<4x1xi64> {mg.name = "i"}, %u: tensor<4x3xi32> {mg.name = "u"}) -> (tensor<9x3xi32> {mg.name = "y"}) {
  %y = mg.scatter max %x, %i, %u dims [0] : (tensor<9x3xi32>, tensor<4x1xi64>, tensor<4x3xi32>) -> tensor<9x3xi32>
  return %y : tensor<9x3xi32>
}
