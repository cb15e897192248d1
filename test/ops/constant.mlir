// RUN: %python %S/check.py %s

// numpy @list: np.array([1, 2, 3], np.float32)
func.func @list() -> (tensor<3xf32> {mg.name = "y"}) {
  %y = mg.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  return %y : tensor<3xf32>
}

// numpy @splat: np.full((3, 5), 7, np.int8)
func.func @splat() -> (tensor<3x5xi8> {mg.name = "y"}) {
  %y = mg.constant dense<7> : tensor<3x5xi8>
  return %y : tensor<3x5xi8>
}

// numpy @bool: np.array([True, False, True])
func.func @bool() -> (tensor<3xi1> {mg.name = "y"}) {
  %y = mg.constant dense<[true, false, true]> : tensor<3xi1>
  return %y : tensor<3xi1>
}
