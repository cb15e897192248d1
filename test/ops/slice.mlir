// RUN: %python %S/check.py %s

// numpy @box: x[1:3, 2:30]
func.func @box(%x: tensor<4x33xf32> {mg.name = "x"}) -> (tensor<2x28xf32> {mg.name = "y"}) {
  %y = mg.slice %x [1:3, 2:30] : tensor<4x33xf32> -> tensor<2x28xf32>
  return %y : tensor<2x28xf32>
}

// numpy @steps: x[0:4:3, 1:33:5]
func.func @steps(%x: tensor<4x33xf32> {mg.name = "x"}) -> (tensor<2x7xf32> {mg.name = "y"}) {
  %y = mg.slice %x [0:4:3, 1:33:5] : tensor<4x33xf32> -> tensor<2x7xf32>
  return %y : tensor<2x7xf32>
}

// numpy @empty: x[2:2]
func.func @empty(%x: tensor<4x33xi8> {mg.name = "x"}) -> (tensor<0x33xi8> {mg.name = "y"}) {
  %y = mg.slice %x [2:2, 0:33] : tensor<4x33xi8> -> tensor<0x33xi8>
  return %y : tensor<0x33xi8>
}

// One element each way of an array whose kept and dropped dimensions have the
// same strides.
// numpy @corner: x.reshape(2, 54)[0:1, 52:53]
func.func @corner(%x: tensor<12x3x1x3xf32> {mg.name = "x"}) -> (tensor<1x1xf32> {mg.name = "y"}) {
  %r = mg.reshape %x : tensor<12x3x1x3xf32> -> tensor<2x54xf32>
  %y = mg.slice %r [0:2:2, 52:53] : tensor<2x54xf32> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
