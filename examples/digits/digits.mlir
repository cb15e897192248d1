// The network of the example, 360 images at once; the weights are in data/mlp.safetensors.
module attributes {mg.name = "digits"} {
  func.func @infer(%x: tensor<360x64xf32> {mg.name = "x"}) -> (tensor<360x10xf32> {mg.name = "logits"}) {
    %w1 = mg.weight "fc1.weight" : tensor<64x128xf32>
    %b1 = mg.weight "fc1.bias" : tensor<128xf32>
    %w2 = mg.weight "fc2.weight" : tensor<128x10xf32>
    %b2 = mg.weight "fc2.bias" : tensor<10xf32>
    %zero = mg.constant dense<0.0> : tensor<360x128xf32>
    %h = mg.dot %x, %w1 contract [1] x [0] : (tensor<360x64xf32>, tensor<64x128xf32>) -> tensor<360x128xf32>
    %b1s = mg.broadcast %b1 [1] : tensor<128xf32> -> tensor<360x128xf32>
    %s = mg.add %h, %b1s : tensor<360x128xf32>
    %r = mg.max %s, %zero : tensor<360x128xf32>
    %o = mg.dot %r, %w2 contract [1] x [0] : (tensor<360x128xf32>, tensor<128x10xf32>) -> tensor<360x10xf32>
    %b2s = mg.broadcast %b2 [1] : tensor<10xf32> -> tensor<360x10xf32>
    %logits = mg.add %o, %b2s : tensor<360x10xf32>
    return %logits : tensor<360x10xf32>
  }
}
