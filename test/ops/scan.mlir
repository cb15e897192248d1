// RUN: %python %S/check.py %s

// numpy @sums: np.cumsum(np.concatenate([h[None], x]), axis=0)[-1], np.cumsum(np.concatenate([h[None], x]), axis=0)[1:]
func.func @sums(%h: tensor<3xf32> {mg.name = "h"}, %x: tensor<50x3xf32> {mg.name = "x"})
    -> (tensor<3xf32> {mg.name = "last"}, tensor<50x3xf32> {mg.name = "all"}) {
  %y:2 = mg.scan @add(%h, %x) carries 1 length 50 : (tensor<3xf32>, tensor<50x3xf32>) -> (tensor<3xf32>, tensor<50x3xf32>)
  return %y#0, %y#1 : tensor<3xf32>, tensor<50x3xf32>
}
func.func private @add(%h: tensor<3xf32>, %x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %y = mg.add %h, %x : tensor<3xf32>
  return %y, %y : tensor<3xf32>, tensor<3xf32>
}

// Bytes and unsigned numbers; from the last to the first.
// numpy @flags: np.logical_or.accumulate(x[::-1])[::-1], np.minimum.accumulate(n[::-1])[::-1]
func.func @flags(%x: tensor<9x2xi1> {mg.name = "x"}, %n: tensor<9xui8> {mg.name = "n"})
    -> (tensor<9x2xi1> {mg.name = "any"}, tensor<9xui8> {mg.name = "least"}) {
  %no = mg.constant dense<false> : tensor<2xi1>
  %most = mg.constant dense<255> : tensor<ui8>
  %y:4 = mg.scan @both(%no, %most, %x, %n) carries 2 length 9 reverse
      : (tensor<2xi1>, tensor<ui8>, tensor<9x2xi1>, tensor<9xui8>) -> (tensor<2xi1>, tensor<ui8>, tensor<9x2xi1>, tensor<9xui8>)
  return %y#2, %y#3 : tensor<9x2xi1>, tensor<9xui8>
}
func.func private @both(%a: tensor<2xi1>, %b: tensor<ui8>, %x: tensor<2xi1>, %n: tensor<ui8>)
    -> (tensor<2xi1>, tensor<ui8>, tensor<2xi1>, tensor<ui8>) {
  %c = mg.or %a, %x : tensor<2xi1>
  %d = mg.min %b, %n : tensor<ui8>
  return %c, %d, %c, %d : tensor<2xi1>, tensor<ui8>, tensor<2xi1>, tensor<ui8>
}

// A call of the runtime in each step.
// numpy @sorted: np.sort(x, axis=1)
func.func @sorted(%x: tensor<5x7xi32> {mg.name = "x"}) -> (tensor<5x7xi32> {mg.name = "y"}) {
  %y = mg.scan @sort(%x) length 5 : (tensor<5x7xi32>) -> tensor<5x7xi32>
  return %y : tensor<5x7xi32>
}
func.func private @sort(%x: tensor<7xi32>) -> tensor<7xi32> {
  %y = mg.sort %x dim 0 : (tensor<7xi32>) -> tensor<7xi32>
  return %y : tensor<7xi32>
}

// Indices, and a scan in a scan.
// input @rows i: np.arange(6).reshape(2, 3, 1) % 4
// numpy @rows: t[i[:, :, 0]].sum(axis=1, dtype=np.int32)
func.func @rows(%t: tensor<4x2xi32> {mg.name = "t"}, %i: tensor<2x3x1xi32> {mg.name = "i"}) -> (tensor<2x2xi32> {mg.name = "y"}) {
  %y = mg.scan @outer(%t, %i) consts 1 length 2 : (tensor<4x2xi32>, tensor<2x3x1xi32>) -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}
func.func private @outer(%t: tensor<4x2xi32>, %i: tensor<3x1xi32>) -> tensor<2xi32> {
  %zero = mg.constant dense<0> : tensor<2xi32>
  %y = mg.scan @inner(%t, %zero, %i) consts 1 carries 1 length 3 : (tensor<4x2xi32>, tensor<2xi32>, tensor<3x1xi32>) -> tensor<2xi32>
  return %y : tensor<2xi32>
}
func.func private @inner(%t: tensor<4x2xi32>, %h: tensor<2xi32>, %i: tensor<1xi32>) -> tensor<2xi32> {
  %row = mg.gather %t, %i dims [0] : (tensor<4x2xi32>, tensor<1xi32>) -> tensor<2xi32>
  %y = mg.add %h, %row : tensor<2xi32>
  return %y : tensor<2xi32>
}
