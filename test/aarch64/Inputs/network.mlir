// A small network: a convolution, pooled, and two layers.
module attributes {mg.name = "network"} {
  func.func @infer(%x: tensor<3x2x12x12xf32> {mg.name = "x"}) -> (tensor<3x10xf32> {mg.name = "y"}) {
    %w0 = mg.weight "w0" : tensor<8x2x3x3xf32>
    %w1 = mg.weight "w1" : tensor<288x33xf32>
    %w2 = mg.weight "w2" : tensor<33x10xf32>
    %c = mg.conv %x, %w0 strides [1, 1] lo [1, 1] hi [1, 1] lhs_dilation [1, 1] rhs_dilation [1, 1] : (tensor<3x2x12x12xf32>, tensor<8x2x3x3xf32>) -> tensor<3x8x12x12xf32>
    %zero = mg.constant dense<0.0> : tensor<3x8x12x12xf32>
    %r = mg.max %c, %zero : tensor<3x8x12x12xf32>
    %u = mg.unfold %r dims [2, 3] size [2, 2] stride [2, 2] dilation [1, 1] : tensor<3x8x12x12xf32> -> tensor<3x8x6x6x2x2xf32>
    %p = mg.reduce max %u [4, 5] : tensor<3x8x6x6x2x2xf32> -> tensor<3x8x6x6xf32>
    %f = mg.reshape %p : tensor<3x8x6x6xf32> -> tensor<3x288xf32>
    %h = mg.dot %f, %w1 contract [1] x [0] : (tensor<3x288xf32>, tensor<288x33xf32>) -> tensor<3x33xf32>
    %hundredth = mg.constant dense<0.01> : tensor<3x33xf32>
    %hs = mg.mul %h, %hundredth : tensor<3x33xf32>
    %t = mg.tanh %hs : tensor<3x33xf32>
    %y = mg.dot %t, %w2 contract [1] x [0] : (tensor<3x33xf32>, tensor<33x10xf32>) -> tensor<3x10xf32>
    return %y : tensor<3x10xf32>
  }
}
