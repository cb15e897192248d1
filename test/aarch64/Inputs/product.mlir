// Large enough for whole register tiles and several threads.
module attributes {mg.name = "product"} {
  func.func @f(%a: tensor<96x160xf32>, %b: tensor<160x128xf32>) -> (tensor<96x128xf32> {mg.name = "c"}) {
    %c = mg.dot %a, %b contract [1] x [0] : (tensor<96x160xf32>, tensor<160x128xf32>) -> tensor<96x128xf32>
    return %c : tensor<96x128xf32>
  }
  func.func @g(%a: tensor<40x77xf64>, %b: tensor<77x50xf64>) -> (tensor<40x50xf64> {mg.name = "c"}) {
    %c = mg.dot %a, %b contract [1] x [0] : (tensor<40x77xf64>, tensor<77x50xf64>) -> tensor<40x50xf64>
    return %c : tensor<40x50xf64>
  }
}
