// RUN: %python %S/check.py %s

// numpy @i32: np.broadcast_to(np.arange(33, dtype=np.int32), (4, 33))
func.func @i32() -> (tensor<4x33xi32> {mg.name = "y"}) {
  %y = mg.iota dim 1 : tensor<4x33xi32>
  return %y : tensor<4x33xi32>
}

// numpy @f32: np.broadcast_to(np.arange(33, dtype=np.float32), (4, 33))
func.func @f32() -> (tensor<4x33xf32> {mg.name = "y"}) {
  %y = mg.iota dim 1 : tensor<4x33xf32>
  return %y : tensor<4x33xf32>
}

// numpy @u8_wraps: np.broadcast_to(np.arange(300).astype(np.uint8), (2, 300))
func.func @u8_wraps() -> (tensor<2x300xui8> {mg.name = "y"}) {
  %y = mg.iota dim 1 : tensor<2x300xui8>
  return %y : tensor<2x300xui8>
}

// numpy @rows: np.broadcast_to(np.arange(5)[:, None], (5, 3))
func.func @rows() -> (tensor<5x3xi64> {mg.name = "y"}) {
  %y = mg.iota dim 0 : tensor<5x3xi64>
  return %y : tensor<5x3xi64>
}
