// RUN: %python %S/check.py %s

// numpy @vector ulp 2: 1 / np.sqrt(x)
func.func @vector(%x: tensor<3x37xf32> {mg.name = "x"}) -> (tensor<3x37xf32> {mg.name = "y"}) {
  %y = mg.rsqrt %x : tensor<3x37xf32>
  return %y : tensor<3x37xf32>
}

// numpy @scalar ulp 2: 1 / np.sqrt(x)
func.func @scalar(%x: tensor<f32> {mg.name = "x"}) -> (tensor<f32> {mg.name = "y"}) {
  %y = mg.rsqrt %x : tensor<f32>
  return %y : tensor<f32>
}

// numpy @empty ulp 2: 1 / np.sqrt(x)
func.func @empty(%x: tensor<0x4xf32> {mg.name = "x"}) -> (tensor<0x4xf32> {mg.name = "y"}) {
  %y = mg.rsqrt %x : tensor<0x4xf32>
  return %y : tensor<0x4xf32>
}

// numpy @view ulp 2: 1 / np.sqrt(x.T[::2, ::-1])
func.func @view(%x: tensor<6x9xf32> {mg.name = "x"}) -> (tensor<5x6xf32> {mg.name = "y"}) {
  %t = mg.transpose %x [1, 0] : tensor<6x9xf32> -> tensor<9x6xf32>
  %s = mg.slice %t [0:9:2, 0:6] : tensor<9x6xf32> -> tensor<5x6xf32>
  %r = mg.reverse %s [1] : tensor<5x6xf32>
  %y = mg.rsqrt %r : tensor<5x6xf32>
  return %y : tensor<5x6xf32>
}

// numpy @f64 ulp 4: 1 / np.sqrt(x)
func.func @f64(%x: tensor<41xf64> {mg.name = "x"}) -> (tensor<41xf64> {mg.name = "y"}) {
  %y = mg.rsqrt %x : tensor<41xf64>
  return %y : tensor<41xf64>
}

// numpy @f16 ulp 1: 1 / np.sqrt(x)
func.func @f16(%x: tensor<33xf16> {mg.name = "x"}) -> (tensor<33xf16> {mg.name = "y"}) {
  %y = mg.rsqrt %x : tensor<33xf16>
  return %y : tensor<33xf16>
}
