// RUN: %python %S/check.py %s

// input @relu x: np.random.default_rng(1).normal(0, 1, (3, 37))
// numpy @relu: np.maximum(x, 0)
func.func @relu(%x: tensor<3x37xf32> {mg.name = "x"}) -> (tensor<3x37xf32> {mg.name = "y"}) {
  %y = mg.composite "relu"(%x) {} @relu.body : (tensor<3x37xf32>) -> tensor<3x37xf32>
  return %y : tensor<3x37xf32>
}

func.func private @relu.body(%x: tensor<3x37xf32>) -> tensor<3x37xf32> {
  %zero = mg.constant dense<0.0> : tensor<3x37xf32>
  %y = mg.max %x, %zero : tensor<3x37xf32>
  return %y : tensor<3x37xf32>
}
