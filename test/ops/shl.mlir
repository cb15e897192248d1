// RUN: %python %S/check.py %s

// input @i32 y: np.arange(67) % 40
// numpy @i32: np.where(y < 32, (x.astype(np.uint64) << np.minimum(y, 31).astype(np.uint64)), 0).astype(x.dtype)
func.func @i32(%x: tensor<67xi32> {mg.name = "x"}, %y: tensor<67xi32> {mg.name = "y"}) -> (tensor<67xi32> {mg.name = "z"}) {
  %z = mg.shl %x, %y : tensor<67xi32>
  return %z : tensor<67xi32>
}

// input @ui8 y: np.arange(67) % 40
// numpy @ui8: np.where(y < 8, (x.astype(np.uint64) << np.minimum(y, 7).astype(np.uint64)), 0).astype(x.dtype)
func.func @ui8(%x: tensor<67xui8> {mg.name = "x"}, %y: tensor<67xui8> {mg.name = "y"}) -> (tensor<67xui8> {mg.name = "z"}) {
  %z = mg.shl %x, %y : tensor<67xui8>
  return %z : tensor<67xui8>
}
