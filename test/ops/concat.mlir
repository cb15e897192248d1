// RUN: %python %S/check.py %s

// numpy @rows: np.concatenate([x, y], 0)
func.func @rows(%x: tensor<2x5xf32> {mg.name = "x"}, %y: tensor<3x5xf32> {mg.name = "y"}) -> (tensor<5x5xf32> {mg.name = "z"}) {
  %z = mg.concat %x, %y dim 0 : (tensor<2x5xf32>, tensor<3x5xf32>) -> tensor<5x5xf32>
  return %z : tensor<5x5xf32>
}

// numpy @columns: np.concatenate([x, y, x], 1)
func.func @columns(%x: tensor<3x2xi1> {mg.name = "x"}, %y: tensor<3x17xi1> {mg.name = "y"}) -> (tensor<3x21xi1> {mg.name = "z"}) {
  %z = mg.concat %x, %y, %x dim 1 : (tensor<3x2xi1>, tensor<3x17xi1>, tensor<3x2xi1>) -> tensor<3x21xi1>
  return %z : tensor<3x21xi1>
}

// numpy @of_sums: np.concatenate([x + x, y], 1)
func.func @of_sums(%x: tensor<3x4xi32> {mg.name = "x"}, %y: tensor<3x1xi32> {mg.name = "y"}) -> (tensor<3x5xi32> {mg.name = "z"}) {
  %s = mg.add %x, %x : tensor<3x4xi32>
  %z = mg.concat %s, %y dim 1 : (tensor<3x4xi32>, tensor<3x1xi32>) -> tensor<3x5xi32>
  return %z : tensor<3x5xi32>
}
