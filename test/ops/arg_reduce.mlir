// RUN: %python %S/check.py %s

// numpy @max: np.argmax(x, axis=1).astype(np.int32)
func.func @max(%x: tensor<7x33xf32> {mg.name = "x"}) -> (tensor<7xi32> {mg.name = "y"}) {
  %y = mg.arg_reduce max %x dim 1 : tensor<7x33xf32> -> tensor<7xi32>
  return %y : tensor<7xi32>
}

// numpy @min: np.argmin(x, axis=1).astype(np.int32)
func.func @min(%x: tensor<7x33xf32> {mg.name = "x"}) -> (tensor<7xi32> {mg.name = "y"}) {
  %y = mg.arg_reduce min %x dim 1 : tensor<7x33xf32> -> tensor<7xi32>
  return %y : tensor<7xi32>
}

// numpy @columns: np.argmax(x, axis=0)
func.func @columns(%x: tensor<33x7xf32> {mg.name = "x"}) -> (tensor<7xi64> {mg.name = "y"}) {
  %y = mg.arg_reduce max %x dim 0 : tensor<33x7xf32> -> tensor<7xi64>
  return %y : tensor<7xi64>
}

// numpy @u8: np.argmax(x, axis=1).astype(np.int32)
func.func @u8(%x: tensor<7x33xui8> {mg.name = "x"}) -> (tensor<7xi32> {mg.name = "y"}) {
  %y = mg.arg_reduce max %x dim 1 : tensor<7x33xui8> -> tensor<7xi32>
  return %y : tensor<7xi32>
}

// input @last x: np.random.default_rng(2).integers(0, 4, (7, 33))
// numpy @last: (32 - np.argmax(x[:, ::-1], axis=1)).astype(np.int32)
func.func @last(%x: tensor<7x33xi8> {mg.name = "x"}) -> (tensor<7xi32> {mg.name = "y"}) {
  %y = mg.arg_reduce max %x dim 1 last : tensor<7x33xi8> -> tensor<7xi32>
  return %y : tensor<7xi32>
}
