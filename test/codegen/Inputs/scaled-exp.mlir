// y = exp(x) * w over 1003 floats, with positions in two files of the user's.
#id = affine_map<(i) -> (i)>
#fn = loc("model.cpp":40:1)
#exp = loc("model.cpp":42:12)
#mul = loc("layers.h":7:10)
module attributes {mg.name = "scaled"} {
  func.func @infer(%x: tensor<1003xf32> {mg.name = "x", mg.dtype = "f32"},
                   %w: tensor<1003xf32> {mg.name = "scale.w", mg.dtype = "f32",
                                         mg.weight})
      -> (tensor<1003xf32> {mg.name = "y", mg.dtype = "f32"})
      attributes {mg.entry} {
    %e = tensor.empty() : tensor<1003xf32> loc(#fn)
    %y = linalg.generic {indexing_maps = [#id, #id, #id],
                         iterator_types = ["parallel"]}
        ins(%x, %w : tensor<1003xf32>, tensor<1003xf32>)
        outs(%e : tensor<1003xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %s = math.exp %a : f32 loc(#exp)
      %m = arith.mulf %s, %b : f32 loc(#mul)
      linalg.yield %m : f32 loc(#mul)
    } -> tensor<1003xf32> loc(#exp)
    return %y : tensor<1003xf32> loc(#fn)
  } loc(#fn)
}
