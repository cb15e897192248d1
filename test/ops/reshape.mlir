// RUN: %python %S/check.py %s

// numpy @split: x.reshape(2, 3, 2, 2)
func.func @split(%x: tensor<6x4xf32> {mg.name = "x"}) -> (tensor<2x3x2x2xf32> {mg.name = "y"}) {
  %y = mg.reshape %x : tensor<6x4xf32> -> tensor<2x3x2x2xf32>
  return %y : tensor<2x3x2x2xf32>
}

// numpy @join: x.reshape(24)
func.func @join(%x: tensor<2x3x4xi8> {mg.name = "x"}) -> (tensor<24xi8> {mg.name = "y"}) {
  %y = mg.reshape %x : tensor<2x3x4xi8> -> tensor<24xi8>
  return %y : tensor<24xi8>
}

// numpy @mix: x.reshape(8, 3)
func.func @mix(%x: tensor<6x4xi1> {mg.name = "x"}) -> (tensor<8x3xi1> {mg.name = "y"}) {
  %y = mg.reshape %x : tensor<6x4xi1> -> tensor<8x3xi1>
  return %y : tensor<8x3xi1>
}

// numpy @to_scalar: x.reshape(())
func.func @to_scalar(%x: tensor<1x1xf64> {mg.name = "x"}) -> (tensor<f64> {mg.name = "y"}) {
  %y = mg.reshape %x : tensor<1x1xf64> -> tensor<f64>
  return %y : tensor<f64>
}

// numpy @empty: x.reshape(2, 0)
func.func @empty(%x: tensor<0x4xf32> {mg.name = "x"}) -> (tensor<2x0xf32> {mg.name = "y"}) {
  %y = mg.reshape %x : tensor<0x4xf32> -> tensor<2x0xf32>
  return %y : tensor<2x0xf32>
}

// numpy @of_transposed: x.T.reshape(8, 3)
func.func @of_transposed(%x: tensor<6x4xf32> {mg.name = "x"}) -> (tensor<8x3xf32> {mg.name = "y"}) {
  %t = mg.transpose %x [1, 0] : tensor<6x4xf32> -> tensor<4x6xf32>
  %y = mg.reshape %t : tensor<4x6xf32> -> tensor<8x3xf32>
  return %y : tensor<8x3xf32>
}
