// RUN: %python %S/check.py %s

// numpy @f32: x * y
func.func @f32(%x: tensor<3x37xf32> {mg.name = "x"}, %y: tensor<3x37xf32> {mg.name = "y"}) -> (tensor<3x37xf32> {mg.name = "z"}) {
  %z = mg.mul %x, %y : tensor<3x37xf32>
  return %z : tensor<3x37xf32>
}

// numpy @f64: x * y
func.func @f64(%x: tensor<3x37xf64> {mg.name = "x"}, %y: tensor<3x37xf64> {mg.name = "y"}) -> (tensor<3x37xf64> {mg.name = "z"}) {
  %z = mg.mul %x, %y : tensor<3x37xf64>
  return %z : tensor<3x37xf64>
}

// numpy @f16: x * y
func.func @f16(%x: tensor<3x37xf16> {mg.name = "x"}, %y: tensor<3x37xf16> {mg.name = "y"}) -> (tensor<3x37xf16> {mg.name = "z"}) {
  %z = mg.mul %x, %y : tensor<3x37xf16>
  return %z : tensor<3x37xf16>
}

// numpy @i32: x * y
func.func @i32(%x: tensor<3x37xi32> {mg.name = "x"}, %y: tensor<3x37xi32> {mg.name = "y"}) -> (tensor<3x37xi32> {mg.name = "z"}) {
  %z = mg.mul %x, %y : tensor<3x37xi32>
  return %z : tensor<3x37xi32>
}

// numpy @i8: x * y
func.func @i8(%x: tensor<3x37xi8> {mg.name = "x"}, %y: tensor<3x37xi8> {mg.name = "y"}) -> (tensor<3x37xi8> {mg.name = "z"}) {
  %z = mg.mul %x, %y : tensor<3x37xi8>
  return %z : tensor<3x37xi8>
}

// numpy @i64: x * y
func.func @i64(%x: tensor<3x37xi64> {mg.name = "x"}, %y: tensor<3x37xi64> {mg.name = "y"}) -> (tensor<3x37xi64> {mg.name = "z"}) {
  %z = mg.mul %x, %y : tensor<3x37xi64>
  return %z : tensor<3x37xi64>
}

// numpy @ui8: x * y
func.func @ui8(%x: tensor<3x37xui8> {mg.name = "x"}, %y: tensor<3x37xui8> {mg.name = "y"}) -> (tensor<3x37xui8> {mg.name = "z"}) {
  %z = mg.mul %x, %y : tensor<3x37xui8>
  return %z : tensor<3x37xui8>
}

// numpy @ui32: x * y
func.func @ui32(%x: tensor<3x37xui32> {mg.name = "x"}, %y: tensor<3x37xui32> {mg.name = "y"}) -> (tensor<3x37xui32> {mg.name = "z"}) {
  %z = mg.mul %x, %y : tensor<3x37xui32>
  return %z : tensor<3x37xui32>
}

// numpy @broadcast: x * y
func.func @broadcast(%x: tensor<5x7xf32> {mg.name = "x"}, %y: tensor<7xf32> {mg.name = "y"}) -> (tensor<5x7xf32> {mg.name = "z"}) {
  %b = mg.broadcast %y [1] : tensor<7xf32> -> tensor<5x7xf32>
  %z = mg.mul %x, %b : tensor<5x7xf32>
  return %z : tensor<5x7xf32>
}

// numpy @scalar: x * y
func.func @scalar(%x: tensor<f32> {mg.name = "x"}, %y: tensor<f32> {mg.name = "y"}) -> (tensor<f32> {mg.name = "z"}) {
  %z = mg.mul %x, %y : tensor<f32>
  return %z : tensor<f32>
}

// numpy @empty: x * y
func.func @empty(%x: tensor<4x0xf32> {mg.name = "x"}, %y: tensor<4x0xf32> {mg.name = "y"}) -> (tensor<4x0xf32> {mg.name = "z"}) {
  %z = mg.mul %x, %y : tensor<4x0xf32>
  return %z : tensor<4x0xf32>
}
