// RUN: %python %S/check.py %s

// numpy @i32: x | y
func.func @i32(%x: tensor<3x37xi32> {mg.name = "x"}, %y: tensor<3x37xi32> {mg.name = "y"}) -> (tensor<3x37xi32> {mg.name = "z"}) {
  %z = mg.or %x, %y : tensor<3x37xi32>
  return %z : tensor<3x37xi32>
}

// numpy @bool: x | y
func.func @bool(%x: tensor<3x37xi1> {mg.name = "x"}, %y: tensor<3x37xi1> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.or %x, %y : tensor<3x37xi1>
  return %z : tensor<3x37xi1>
}

// numpy @i8: x | y
func.func @i8(%x: tensor<3x37xi8> {mg.name = "x"}, %y: tensor<3x37xi8> {mg.name = "y"}) -> (tensor<3x37xi8> {mg.name = "z"}) {
  %z = mg.or %x, %y : tensor<3x37xi8>
  return %z : tensor<3x37xi8>
}

// numpy @ui64: x | y
func.func @ui64(%x: tensor<3x37xui64> {mg.name = "x"}, %y: tensor<3x37xui64> {mg.name = "y"}) -> (tensor<3x37xui64> {mg.name = "z"}) {
  %z = mg.or %x, %y : tensor<3x37xui64>
  return %z : tensor<3x37xui64>
}

// numpy @broadcast: x | y
func.func @broadcast(%x: tensor<5x7xi32> {mg.name = "x"}, %y: tensor<7xi32> {mg.name = "y"}) -> (tensor<5x7xi32> {mg.name = "z"}) {
  %b = mg.broadcast %y [1] : tensor<7xi32> -> tensor<5x7xi32>
  %z = mg.or %x, %b : tensor<5x7xi32>
  return %z : tensor<5x7xi32>
}

// numpy @scalar: x | y
func.func @scalar(%x: tensor<i32> {mg.name = "x"}, %y: tensor<i32> {mg.name = "y"}) -> (tensor<i32> {mg.name = "z"}) {
  %z = mg.or %x, %y : tensor<i32>
  return %z : tensor<i32>
}

// numpy @empty: x | y
func.func @empty(%x: tensor<4x0xi32> {mg.name = "x"}, %y: tensor<4x0xi32> {mg.name = "y"}) -> (tensor<4x0xi32> {mg.name = "z"}) {
  %z = mg.or %x, %y : tensor<4x0xi32>
  return %z : tensor<4x0xi32>
}
