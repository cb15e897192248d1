// RUN: %python %S/check.py %s

// input @keys x: np.random.default_rng(1).normal(0, 3, (7, 33))
// numpy @keys: np.sort(x, axis=1)
func.func @keys(%x: tensor<7x33xf32> {mg.name = "x"}) -> (tensor<7x33xf32> {mg.name = "y"}) {
  %y = mg.sort %x dim 1 : (tensor<7x33xf32>) -> tensor<7x33xf32>
  return %y : tensor<7x33xf32>
}

// input @nan_is_largest x: [3, np.nan, -np.inf, 1, np.nan, np.inf, 7, -2, 5]
// numpy @nan_is_largest: np.sort(x)
func.func @nan_is_largest(%x: tensor<9xf32> {mg.name = "x"}) -> (tensor<9xf32> {mg.name = "y"}) {
  %y = mg.sort %x dim 0 : (tensor<9xf32>) -> tensor<9xf32>
  return %y : tensor<9xf32>
}

// numpy @columns: np.sort(x, axis=0)
func.func @columns(%x: tensor<33x7xi16> {mg.name = "x"}) -> (tensor<33x7xi16> {mg.name = "y"}) {
  %y = mg.sort %x dim 0 : (tensor<33x7xi16>) -> tensor<33x7xi16>
  return %y : tensor<33x7xi16>
}

// input @stable_pairs x: np.random.default_rng(3).integers(0, 5, 50)
// input @stable_pairs v: np.arange(50)
// numpy @stable_pairs: np.sort(x, kind='stable'), np.argsort(x, kind='stable').astype(np.int32)
func.func @stable_pairs(%x: tensor<50xui8> {mg.name = "x"}, %v: tensor<50xi32> {mg.name = "v"}) -> (tensor<50xui8> {mg.name = "k"}, tensor<50xi32> {mg.name = "w"}) {
  %k, %w = mg.sort %x, %v dim 0 : (tensor<50xui8>, tensor<50xi32>) -> (tensor<50xui8>, tensor<50xi32>)
  return %k, %w : tensor<50xui8>, tensor<50xi32>
}

// input @descending x: np.random.default_rng(3).integers(0, 5, 50)
// input @descending v: np.arange(50)
// numpy @descending: -np.sort(-x, kind='stable'), np.argsort(-x, kind='stable').astype(np.int32)
func.func @descending(%x: tensor<50xi8> {mg.name = "x"}, %v: tensor<50xi32> {mg.name = "v"}) -> (tensor<50xi8> {mg.name = "k"}, tensor<50xi32> {mg.name = "w"}) {
  %k, %w = mg.sort %x, %v dim 0 descending : (tensor<50xi8>, tensor<50xi32>) -> (tensor<50xi8>, tensor<50xi32>)
  return %k, %w : tensor<50xi8>, tensor<50xi32>
}
