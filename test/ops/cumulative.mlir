// RUN: %python %S/check.py %s

// input @sum x: np.random.default_rng(1).normal(0, 3, (5, 40))
// numpy @sum bound: np.cumsum(x, axis=1), 60 * 2.0**-24 * np.cumsum(np.abs(x), axis=1)
func.func @sum(%x: tensor<5x40xf32> {mg.name = "x"}) -> (tensor<5x40xf32> {mg.name = "y"}) {
  %y = mg.cumulative sum %x dim 1 : tensor<5x40xf32>
  return %y : tensor<5x40xf32>
}

// numpy @sum_i32: np.cumsum(x, axis=0, dtype=np.int32)
func.func @sum_i32(%x: tensor<5x40xi32> {mg.name = "x"}) -> (tensor<5x40xi32> {mg.name = "y"}) {
  %y = mg.cumulative sum %x dim 0 : tensor<5x40xi32>
  return %y : tensor<5x40xi32>
}

// numpy @exclusive: (np.cumsum(x, axis=1, dtype=np.int32) - x)
func.func @exclusive(%x: tensor<5x40xi32> {mg.name = "x"}) -> (tensor<5x40xi32> {mg.name = "y"}) {
  %y = mg.cumulative sum %x dim 1 exclusive : tensor<5x40xi32>
  return %y : tensor<5x40xi32>
}

// numpy @reverse: np.cumsum(x[:, ::-1], axis=1, dtype=np.int32)[:, ::-1]
func.func @reverse(%x: tensor<5x40xi32> {mg.name = "x"}) -> (tensor<5x40xi32> {mg.name = "y"}) {
  %y = mg.cumulative sum %x dim 1 reverse : tensor<5x40xi32>
  return %y : tensor<5x40xi32>
}

// numpy @prod: np.cumprod(x, axis=1, dtype=np.int64)
func.func @prod(%x: tensor<3x9xi64> {mg.name = "x"}) -> (tensor<3x9xi64> {mg.name = "y"}) {
  %y = mg.cumulative prod %x dim 1 : tensor<3x9xi64>
  return %y : tensor<3x9xi64>
}

// input @max x: np.random.default_rng(6).normal(0, 3, (3, 19))
// numpy @max: np.maximum.accumulate(x, axis=1)
func.func @max(%x: tensor<3x19xf32> {mg.name = "x"}) -> (tensor<3x19xf32> {mg.name = "y"}) {
  %y = mg.cumulative max %x dim 1 : tensor<3x19xf32>
  return %y : tensor<3x19xf32>
}

// input @min x: np.random.default_rng(6).normal(0, 3, (19, 3))
// numpy @min: np.minimum.accumulate(x, axis=0)
func.func @min(%x: tensor<19x3xf32> {mg.name = "x"}) -> (tensor<19x3xf32> {mg.name = "y"}) {
  %y = mg.cumulative min %x dim 0 : tensor<19x3xf32>
  return %y : tensor<19x3xf32>
}
