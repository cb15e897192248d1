// RUN: %python %S/check.py %s

// numpy @f32: np.where(c, x, y)
func.func @f32(%c: tensor<3x37xi1> {mg.name = "c"}, %x: tensor<3x37xf32> {mg.name = "x"}, %y: tensor<3x37xf32> {mg.name = "y"}) -> (tensor<3x37xf32> {mg.name = "z"}) {
  %z = mg.select %c, %x, %y : tensor<3x37xi1>, tensor<3x37xf32>
  return %z : tensor<3x37xf32>
}

// numpy @f64: np.where(c, x, y)
func.func @f64(%c: tensor<3x37xi1> {mg.name = "c"}, %x: tensor<3x37xf64> {mg.name = "x"}, %y: tensor<3x37xf64> {mg.name = "y"}) -> (tensor<3x37xf64> {mg.name = "z"}) {
  %z = mg.select %c, %x, %y : tensor<3x37xi1>, tensor<3x37xf64>
  return %z : tensor<3x37xf64>
}

// numpy @i8: np.where(c, x, y)
func.func @i8(%c: tensor<3x37xi1> {mg.name = "c"}, %x: tensor<3x37xi8> {mg.name = "x"}, %y: tensor<3x37xi8> {mg.name = "y"}) -> (tensor<3x37xi8> {mg.name = "z"}) {
  %z = mg.select %c, %x, %y : tensor<3x37xi1>, tensor<3x37xi8>
  return %z : tensor<3x37xi8>
}

// numpy @i64: np.where(c, x, y)
func.func @i64(%c: tensor<3x37xi1> {mg.name = "c"}, %x: tensor<3x37xi64> {mg.name = "x"}, %y: tensor<3x37xi64> {mg.name = "y"}) -> (tensor<3x37xi64> {mg.name = "z"}) {
  %z = mg.select %c, %x, %y : tensor<3x37xi1>, tensor<3x37xi64>
  return %z : tensor<3x37xi64>
}
