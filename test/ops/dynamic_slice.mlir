// RUN: %python %S/check.py %s

// input @inside s: [2, 3]
// numpy @inside: x[2:4, 3:8]
func.func @inside(%x: tensor<6x9xf32> {mg.name = "x"}, %s: tensor<2xi32> {mg.name = "s"}) -> (tensor<2x5xf32> {mg.name = "y"}) {
  %y = mg.dynamic_slice %x, %s size [2, 5] : (tensor<6x9xf32>, tensor<2xi32>) -> tensor<2x5xf32>
  return %y : tensor<2x5xf32>
}

// input @clamped s: [100, -7]
// numpy @clamped: x[4:6, 0:5]
func.func @clamped(%x: tensor<6x9xf32> {mg.name = "x"}, %s: tensor<2xi64> {mg.name = "s"}) -> (tensor<2x5xf32> {mg.name = "y"}) {
  %y = mg.dynamic_slice %x, %s size [2, 5] : (tensor<6x9xf32>, tensor<2xi64>) -> tensor<2x5xf32>
  return %y : tensor<2x5xf32>
}
