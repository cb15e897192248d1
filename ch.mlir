module attributes {mg.name = "model"} {
  func.func @main(%a: tensor<5x512xbf16> {mg.name = "x"}, %w: tensor<512x10xbf16> {mg.name = "w"}) -> (tensor<5x10xbf16> {mg.name = "y"}) {
    %1 = mg.dot %a, %w contract [1] x [0] : (tensor<5x512xbf16>, tensor<512x10xbf16>) -> tensor<5x10xbf16>
    return %1 : tensor<5x10xbf16>
  }
}
