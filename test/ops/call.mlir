// RUN: %python %S/check.py %s

// numpy @f ulp 4: np.exp(x) + x
func.func @f(%x: tensor<40xf64> {mg.name = "x"}) -> (tensor<40xf64> {mg.name = "y"}) {
  %e = mg.call @twice_used(%x) : (tensor<40xf64>) -> tensor<40xf64>
  %y = mg.add %e, %x : tensor<40xf64>
  return %y : tensor<40xf64>
}

func.func private @twice_used(%x: tensor<40xf64>) -> tensor<40xf64> {
  %y = mg.exp %x : tensor<40xf64>
  return %y : tensor<40xf64>
}
