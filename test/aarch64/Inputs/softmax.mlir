// Rows that are no multiple of a vector, and the math.
module attributes {mg.name = "softmax"} {
  func.func @f(%x: tensor<7x67xf32> {mg.name = "x"}) -> (tensor<7x67xf32> {mg.name = "y"}, tensor<7x67xf64> {mg.name = "z"}) {
    %m = mg.reduce max %x [1] : tensor<7x67xf32> -> tensor<7xf32>
    %ms = mg.broadcast %m [0] : tensor<7xf32> -> tensor<7x67xf32>
    %d = mg.sub %x, %ms : tensor<7x67xf32>
    %e = mg.exp %d : tensor<7x67xf32>
    %s = mg.reduce sum %e [1] : tensor<7x67xf32> -> tensor<7xf32>
    %ss = mg.broadcast %s [0] : tensor<7xf32> -> tensor<7x67xf32>
    %y = mg.div %e, %ss : tensor<7x67xf32>
    %w = mg.convert truncate %x : tensor<7x67xf32> -> tensor<7x67xf64>
    %t = mg.tanh %w : tensor<7x67xf64>
    %l = mg.erf %t : tensor<7x67xf64>
    return %y, %l : tensor<7x67xf32>, tensor<7x67xf64>
  }
}
