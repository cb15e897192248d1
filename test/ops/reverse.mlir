// RUN: %python %S/check.py %s

// numpy @rows: x[::-1]
func.func @rows(%x: tensor<5x19xf32> {mg.name = "x"}) -> (tensor<5x19xf32> {mg.name = "y"}) {
  %y = mg.reverse %x [0] : tensor<5x19xf32>
  return %y : tensor<5x19xf32>
}

// numpy @both: x[::-1, ::-1]
func.func @both(%x: tensor<5x19xi8> {mg.name = "x"}) -> (tensor<5x19xi8> {mg.name = "y"}) {
  %y = mg.reverse %x [0, 1] : tensor<5x19xi8>
  return %y : tensor<5x19xi8>
}
