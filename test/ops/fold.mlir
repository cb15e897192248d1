// RUN: %python %S/check.py %s

// numpy @overlapping: fold(x, 9, 3, 1, 1)
func.func @overlapping(%x: tensor<2x7x3xi32> {mg.name = "x"}) -> (tensor<2x9xi32> {mg.name = "y"}) {
  %y = mg.fold %x dims [1] size [3] stride [1] dilation [1] : tensor<2x7x3xi32> -> tensor<2x9xi32>
  return %y : tensor<2x9xi32>
}

// numpy @gaps: fold(x, 8, 2, 3, 2)
func.func @gaps(%x: tensor<2x2x2xi32> {mg.name = "x"}) -> (tensor<2x8xi32> {mg.name = "y"}) {
  %y = mg.fold %x dims [1] size [2] stride [3] dilation [2] : tensor<2x2x2xi32> -> tensor<2x8xi32>
  return %y : tensor<2x8xi32>
}

// Dimensions of size 1 before the windows, and a window of size 1.
// numpy @ones_before: fold(x.reshape(5, 3, 5), 7, 5, 1, 1).reshape(1, 1, 5, 7)
func.func @ones_before(%x: tensor<1x1x5x3x1x5xi32> {mg.name = "x"}) -> (tensor<1x1x5x7xi32> {mg.name = "y"}) {
  %y = mg.fold %x dims [2, 3] size [1, 5] stride [1, 1] dilation [1, 1] : tensor<1x1x5x3x1x5xi32> -> tensor<1x1x5x7xi32>
  return %y : tensor<1x1x5x7xi32>
}
