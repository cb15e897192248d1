// The thinnest program: one elementwise loop with a rest.
module attributes {mg.name = "scaled"} {
  func.func @f(%x: tensor<1003xf32> {mg.name = "x"}) -> (tensor<1003xf32> {mg.name = "y"}) {
    %two = mg.constant dense<2.0> : tensor<1003xf32>
    %s = mg.mul %x, %two : tensor<1003xf32>
    %y = mg.exp %s : tensor<1003xf32>
    return %y : tensor<1003xf32>
  }
}
