// RUN: %python %S/check.py %s

// input @i32 y: np.arange(67) % 40
// numpy @i32: (x.view(np.int32) >> np.minimum(y, 31).astype(np.int32)).astype(x.dtype)
func.func @i32(%x: tensor<67xi32> {mg.name = "x"}, %y: tensor<67xi32> {mg.name = "y"}) -> (tensor<67xi32> {mg.name = "z"}) {
  %z = mg.shr_a %x, %y : tensor<67xi32>
  return %z : tensor<67xi32>
}

// input @i8 y: np.arange(67) % 40
// numpy @i8: (x.view(np.int8) >> np.minimum(y, 7).astype(np.int8)).astype(x.dtype)
func.func @i8(%x: tensor<67xi8> {mg.name = "x"}, %y: tensor<67xi8> {mg.name = "y"}) -> (tensor<67xi8> {mg.name = "z"}) {
  %z = mg.shr_a %x, %y : tensor<67xi8>
  return %z : tensor<67xi8>
}
