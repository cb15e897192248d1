// RUN: %python %S/check.py %s

// input @largest x: np.random.default_rng(1).normal(0, 3, (4, 19))
// numpy @largest: -np.sort(-x, axis=1)[:, :5], np.argsort(-x, axis=1, kind='stable')[:, :5].astype(np.int32)
func.func @largest(%x: tensor<4x19xf32> {mg.name = "x"}) -> (tensor<4x5xf32> {mg.name = "v"}, tensor<4x5xi32> {mg.name = "i"}) {
  %v, %i = mg.topk %x dim 1 k 5 largest : tensor<4x19xf32> -> tensor<4x5xf32>, tensor<4x5xi32>
  return %v, %i : tensor<4x5xf32>, tensor<4x5xi32>
}

// input @smallest x: np.random.default_rng(3).integers(0, 9, (19, 4))
// numpy @smallest: np.sort(x, axis=0)[:3], np.argsort(x, axis=0, kind='stable')[:3]
func.func @smallest(%x: tensor<19x4xi32> {mg.name = "x"}) -> (tensor<3x4xi32> {mg.name = "v"}, tensor<3x4xi64> {mg.name = "i"}) {
  %v, %i = mg.topk %x dim 0 k 3 : tensor<19x4xi32> -> tensor<3x4xi32>, tensor<3x4xi64>
  return %v, %i : tensor<3x4xi32>, tensor<3x4xi64>
}
