// RUN: %python %S/check.py %s

// numpy @ibool: ~x
func.func @ibool(%x: tensor<67xi1> {mg.name = "x"}) -> (tensor<67xi1> {mg.name = "y"}) {
  %y = mg.not %x : tensor<67xi1>
  return %y : tensor<67xi1>
}

// numpy @i8: ~x
func.func @i8(%x: tensor<67xi8> {mg.name = "x"}) -> (tensor<67xi8> {mg.name = "y"}) {
  %y = mg.not %x : tensor<67xi8>
  return %y : tensor<67xi8>
}

// numpy @i32: ~x
func.func @i32(%x: tensor<67xi32> {mg.name = "x"}) -> (tensor<67xi32> {mg.name = "y"}) {
  %y = mg.not %x : tensor<67xi32>
  return %y : tensor<67xi32>
}

// numpy @ui8: ~x
func.func @ui8(%x: tensor<67xui8> {mg.name = "x"}) -> (tensor<67xui8> {mg.name = "y"}) {
  %y = mg.not %x : tensor<67xui8>
  return %y : tensor<67xui8>
}

// numpy @ui64: ~x
func.func @ui64(%x: tensor<67xui64> {mg.name = "x"}) -> (tensor<67xui64> {mg.name = "y"}) {
  %y = mg.not %x : tensor<67xui64>
  return %y : tensor<67xui64>
}
