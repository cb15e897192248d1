// RUN: %python %S/check.py %s

// numpy @matrix: x.T
func.func @matrix(%x: tensor<17x33xf32> {mg.name = "x"}) -> (tensor<33x17xf32> {mg.name = "y"}) {
  %y = mg.transpose %x [1, 0] : tensor<17x33xf32> -> tensor<33x17xf32>
  return %y : tensor<33x17xf32>
}

// numpy @rank4: x.transpose(2, 0, 3, 1)
func.func @rank4(%x: tensor<2x3x4x5xi16> {mg.name = "x"}) -> (tensor<4x2x5x3xi16> {mg.name = "y"}) {
  %y = mg.transpose %x [2, 0, 3, 1] : tensor<2x3x4x5xi16> -> tensor<4x2x5x3xi16>
  return %y : tensor<4x2x5x3xi16>
}

// numpy @bool: x.T
func.func @bool(%x: tensor<3x5xi1> {mg.name = "x"}) -> (tensor<5x3xi1> {mg.name = "y"}) {
  %y = mg.transpose %x [1, 0] : tensor<3x5xi1> -> tensor<5x3xi1>
  return %y : tensor<5x3xi1>
}

// numpy @large: x.T
func.func @large(%x: tensor<200x300xf32> {mg.name = "x"}) -> (tensor<300x200xf32> {mg.name = "y"}) {
  %y = mg.transpose %x [1, 0] : tensor<200x300xf32> -> tensor<300x200xf32>
  return %y : tensor<300x200xf32>
}
