// RUN: %python %S/check.py %s

// numpy @f32 ulp 2: np.arctan2(x, y)
func.func @f32(%x: tensor<3x37xf32> {mg.name = "x"}, %y: tensor<3x37xf32> {mg.name = "y"}) -> (tensor<3x37xf32> {mg.name = "z"}) {
  %z = mg.atan2 %x, %y : tensor<3x37xf32>
  return %z : tensor<3x37xf32>
}

// numpy @f64 ulp 4: np.arctan2(x, y)
func.func @f64(%x: tensor<3x37xf64> {mg.name = "x"}, %y: tensor<3x37xf64> {mg.name = "y"}) -> (tensor<3x37xf64> {mg.name = "z"}) {
  %z = mg.atan2 %x, %y : tensor<3x37xf64>
  return %z : tensor<3x37xf64>
}

// numpy @broadcast ulp 2: np.arctan2(x, y)
func.func @broadcast(%x: tensor<5x7xf32> {mg.name = "x"}, %y: tensor<7xf32> {mg.name = "y"}) -> (tensor<5x7xf32> {mg.name = "z"}) {
  %b = mg.broadcast %y [1] : tensor<7xf32> -> tensor<5x7xf32>
  %z = mg.atan2 %x, %b : tensor<5x7xf32>
  return %z : tensor<5x7xf32>
}

// numpy @scalar ulp 2: np.arctan2(x, y)
func.func @scalar(%x: tensor<f32> {mg.name = "x"}, %y: tensor<f32> {mg.name = "y"}) -> (tensor<f32> {mg.name = "z"}) {
  %z = mg.atan2 %x, %y : tensor<f32>
  return %z : tensor<f32>
}

// numpy @empty ulp 2: np.arctan2(x, y)
func.func @empty(%x: tensor<4x0xf32> {mg.name = "x"}, %y: tensor<4x0xf32> {mg.name = "y"}) -> (tensor<4x0xf32> {mg.name = "z"}) {
  %z = mg.atan2 %x, %y : tensor<4x0xf32>
  return %z : tensor<4x0xf32>
}

// Of constants, too, it is ours.
// numpy @constants: np.zeros((4, 3), np.float32)
func.func @constants() -> (tensor<4x3xf32> {mg.name = "y"}) {
  %z = mg.constant dense<0.0> : tensor<4x3xf32>
  %y = mg.atan2 %z, %z : tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
