// RUN: %python %S/check.py %s

// numpy @f32: np.fmod(x, y)
func.func @f32(%x: tensor<3x37xf32> {mg.name = "x"}, %y: tensor<3x37xf32> {mg.name = "y"}) -> (tensor<3x37xf32> {mg.name = "z"}) {
  %z = mg.rem %x, %y : tensor<3x37xf32>
  return %z : tensor<3x37xf32>
}

// numpy @f64: np.fmod(x, y)
func.func @f64(%x: tensor<3x37xf64> {mg.name = "x"}, %y: tensor<3x37xf64> {mg.name = "y"}) -> (tensor<3x37xf64> {mg.name = "z"}) {
  %z = mg.rem %x, %y : tensor<3x37xf64>
  return %z : tensor<3x37xf64>
}

// numpy @i32: np.where(y == 0, x, np.fmod(x, np.where(y == 0, 1, y)))
func.func @i32(%x: tensor<131xi32> {mg.name = "x"}, %y: tensor<131xi32> {mg.name = "y"}) -> (tensor<131xi32> {mg.name = "z"}) {
  %z = mg.rem %x, %y : tensor<131xi32>
  return %z : tensor<131xi32>
}

// numpy @i8: np.where(y == 0, x, np.fmod(x, np.where(y == 0, 1, y)))
func.func @i8(%x: tensor<131xi8> {mg.name = "x"}, %y: tensor<131xi8> {mg.name = "y"}) -> (tensor<131xi8> {mg.name = "z"}) {
  %z = mg.rem %x, %y : tensor<131xi8>
  return %z : tensor<131xi8>
}

// numpy @ui8: np.where(y == 0, x, np.fmod(x, np.where(y == 0, 1, y)))
func.func @ui8(%x: tensor<131xui8> {mg.name = "x"}, %y: tensor<131xui8> {mg.name = "y"}) -> (tensor<131xui8> {mg.name = "z"}) {
  %z = mg.rem %x, %y : tensor<131xui8>
  return %z : tensor<131xui8>
}

// numpy @ui32: np.where(y == 0, x, np.fmod(x, np.where(y == 0, 1, y)))
func.func @ui32(%x: tensor<131xui32> {mg.name = "x"}, %y: tensor<131xui32> {mg.name = "y"}) -> (tensor<131xui32> {mg.name = "z"}) {
  %z = mg.rem %x, %y : tensor<131xui32>
  return %z : tensor<131xui32>
}
