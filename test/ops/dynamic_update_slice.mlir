// RUN: %python %S/check.py %s

// input @inside s: [2, 3]
// numpy @inside: np.concatenate([x[:2], np.concatenate([x[2:4, :3], u, x[2:4, 8:]], 1), x[4:]])
func.func @inside(%x: tensor<6x9xf32> {mg.name = "x"}, %u: tensor<2x5xf32> {mg.name = "u"}, %s: tensor<2xi32> {mg.name = "s"}) -> (tensor<6x9xf32> {mg.name = "y"}) {
  %y = mg.dynamic_update_slice %x, %u, %s : (tensor<6x9xf32>, tensor<2x5xf32>, tensor<2xi32>) -> tensor<6x9xf32>
  return %y : tensor<6x9xf32>
}

// input @clamped s: [100, 1]
// numpy @clamped: np.concatenate([x[:4], u])
func.func @clamped(%x: tensor<6x5xi8> {mg.name = "x"}, %u: tensor<2x5xi8> {mg.name = "u"}, %s: tensor<2xi64> {mg.name = "s"}) -> (tensor<6x5xi8> {mg.name = "y"}) {
  %y = mg.dynamic_update_slice %x, %u, %s : (tensor<6x5xi8>, tensor<2x5xi8>, tensor<2xi64>) -> tensor<6x5xi8>
  return %y : tensor<6x5xi8>
}

// What is written into and the result are both wanted.
// numpy @both: np.concatenate([(x + 5)[:8], -(x + 5)[:23]]), x + 5
func.func @both(%x: tensor<31xf32> {mg.name = "x"}) -> (tensor<31xf32> {mg.name = "a"}, tensor<31xf32> {mg.name = "b"}) {
  %five = mg.constant dense<5.0> : tensor<31xf32>
  %s = mg.add %x, %five : tensor<31xf32>
  %n = mg.neg %s : tensor<31xf32>
  %p = mg.slice %n [0:23] : tensor<31xf32> -> tensor<23xf32>
  %at = mg.constant dense<8> : tensor<1xi64>
  %u = mg.dynamic_update_slice %s, %p, %at : (tensor<31xf32>, tensor<23xf32>, tensor<1xi64>) -> tensor<31xf32>
  return %u, %s : tensor<31xf32>, tensor<31xf32>
}

// The old value, in the same and in another shape, after what was made of it.
// input @old s: [2, 3]
// numpy @old: (lambda e: (np.concatenate([e[:2], np.concatenate([e[2:4, :3], u, e[2:4, 8:]], 1), e[4:]]), e, e.reshape(54)))(-x)
func.func @old(%x: tensor<6x9xf32> {mg.name = "x"}, %u: tensor<2x5xf32> {mg.name = "u"}, %s: tensor<2xi32> {mg.name = "s"}) -> (tensor<6x9xf32> {mg.name = "y"}, tensor<6x9xf32> {mg.name = "e"}, tensor<54xf32> {mg.name = "f"}) {
  %e = mg.neg %x : tensor<6x9xf32>
  %y = mg.dynamic_update_slice %e, %u, %s : (tensor<6x9xf32>, tensor<2x5xf32>, tensor<2xi32>) -> tensor<6x9xf32>
  %f = mg.reshape %e : tensor<6x9xf32> -> tensor<54xf32>
  return %y, %e, %f : tensor<6x9xf32>, tensor<6x9xf32>, tensor<54xf32>
}
