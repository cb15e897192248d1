// A product with a bias and a residual, normalised by rows.
module attributes {mg.name = "layer_norm"} {
  func.func @f(%x: tensor<33x48xf32> {mg.name = "x"}, %s: tensor<64xf32> {mg.name = "s"}, %r: tensor<33x64xf32> {mg.name = "r"}) -> (tensor<33x64xf32> {mg.name = "y"}) {
    %w = mg.weight "w" : tensor<48x64xf32>
    %p = mg.dot %x, %w contract [1] x [0] : (tensor<33x48xf32>, tensor<48x64xf32>) -> tensor<33x64xf32>
    %b = mg.broadcast %s [1] : tensor<64xf32> -> tensor<33x64xf32>
    %q = mg.add %p, %b : tensor<33x64xf32>
    %v = mg.add %q, %r : tensor<33x64xf32>
    %n = mg.constant dense<0.015625> : tensor<33xf32>
    %t = mg.reduce sum %v [1] : tensor<33x64xf32> -> tensor<33xf32>
    %mean = mg.mul %t, %n : tensor<33xf32>
    %ms = mg.broadcast %mean [0] : tensor<33xf32> -> tensor<33x64xf32>
    %d = mg.sub %v, %ms : tensor<33x64xf32>
    %d2 = mg.mul %d, %d : tensor<33x64xf32>
    %t2 = mg.reduce sum %d2 [1] : tensor<33x64xf32> -> tensor<33xf32>
    %var = mg.mul %t2, %n : tensor<33xf32>
    %eps = mg.constant dense<1.0e-5> : tensor<33xf32>
    %ve = mg.add %var, %eps : tensor<33xf32>
    %i = mg.rsqrt %ve : tensor<33xf32>
    %is = mg.broadcast %i [0] : tensor<33xf32> -> tensor<33x64xf32>
    %y = mg.mul %d, %is : tensor<33x64xf32>
    return %y : tensor<33x64xf32>
  }
}
