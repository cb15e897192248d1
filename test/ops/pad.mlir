// RUN: %python %S/check.py %s

// numpy @around: np.pad(x, ((1, 2), (4, 0)), constant_values=v)
func.func @around(%x: tensor<4x5xf32> {mg.name = "x"}, %v: tensor<f32> {mg.name = "v"}) -> (tensor<7x9xf32> {mg.name = "y"}) {
  %y = mg.pad %x, %v lo [1, 4] hi [2, 0] interior [0, 0] : (tensor<4x5xf32>, tensor<f32>) -> tensor<7x9xf32>
  return %y : tensor<7x9xf32>
}

// numpy @interior: (lambda y: (y.__setitem__((slice(None, None, 2), slice(None, None, 3)), x), y)[1])(np.full((5, 10), v))
func.func @interior(%x: tensor<3x4xi32> {mg.name = "x"}, %v: tensor<i32> {mg.name = "v"}) -> (tensor<5x10xi32> {mg.name = "y"}) {
  %y = mg.pad %x, %v lo [0, 0] hi [0, 0] interior [1, 2] : (tensor<3x4xi32>, tensor<i32>) -> tensor<5x10xi32>
  return %y : tensor<5x10xi32>
}

// numpy @crop: x[1:5, :4]
func.func @crop(%x: tensor<6x7xf32> {mg.name = "x"}, %v: tensor<f32> {mg.name = "v"}) -> (tensor<4x4xf32> {mg.name = "y"}) {
  %y = mg.pad %x, %v lo [-1, 0] hi [-1, -3] interior [0, 0] : (tensor<6x7xf32>, tensor<f32>) -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}

// numpy @mixed: np.concatenate([x[1:], [v, v]])
func.func @mixed(%x: tensor<6xi8> {mg.name = "x"}, %v: tensor<i8> {mg.name = "v"}) -> (tensor<7xi8> {mg.name = "y"}) {
  %y = mg.pad %x, %v lo [-1] hi [2] interior [0] : (tensor<6xi8>, tensor<i8>) -> tensor<7xi8>
  return %y : tensor<7xi8>
}
