// A program that keeps state, for state.c: momentum descent towards `g`.
#id = affine_map<(i) -> (i)>
module attributes {mg.name = "keep"} {
  func.func @init(%a: tensor<1000xf32> {mg.name = "a", mg.dtype = "f32"})
      -> (tensor<1000xf32> {mg.name = "w", mg.dtype = "f32", mg.state},
          tensor<1000xf32> {mg.name = "m.v", mg.dtype = "f32", mg.state})
      attributes {mg.entry} {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<1000xf32>
    %m = linalg.fill ins(%zero : f32) outs(%e : tensor<1000xf32>)
        -> tensor<1000xf32>
    return %a, %m : tensor<1000xf32>, tensor<1000xf32>
  }
  func.func @step(
      %w: tensor<1000xf32> {mg.name = "w", mg.dtype = "f32", mg.state},
      %m: tensor<1000xf32> {mg.name = "m.v", mg.dtype = "f32", mg.state},
      %g: tensor<1000xf32> {mg.name = "g", mg.dtype = "f32"})
      -> (tensor<1000xf32> {mg.name = "w", mg.dtype = "f32", mg.updates = 0},
          tensor<1000xf32> {mg.name = "m.v", mg.dtype = "f32", mg.updates = 1})
      attributes {mg.entry} {
    %e = tensor.empty() : tensor<1000xf32>
    %half = arith.constant 0.5 : f32
    %m1 = linalg.generic {indexing_maps = [#id, #id, #id],
                          iterator_types = ["parallel"]}
        ins(%m, %g : tensor<1000xf32>, tensor<1000xf32>)
        outs(%e : tensor<1000xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %s = arith.mulf %p, %half : f32
      %t = arith.addf %s, %q : f32
      linalg.yield %t : f32
    } -> tensor<1000xf32>
    %w1 = linalg.generic {indexing_maps = [#id, #id, #id],
                          iterator_types = ["parallel"]}
        ins(%w, %m1 : tensor<1000xf32>, tensor<1000xf32>)
        outs(%e : tensor<1000xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %t = arith.subf %p, %q : f32
      linalg.yield %t : f32
    } -> tensor<1000xf32>
    return %w1, %m1 : tensor<1000xf32>, tensor<1000xf32>
  }
  func.func @read(%w: tensor<1000xf32> {mg.name = "w", mg.dtype = "f32", mg.state})
      -> (tensor<1000xf32> {mg.name = "y", mg.dtype = "f32"})
      attributes {mg.entry} {
    return %w : tensor<1000xf32>
  }
  func.func @swap(%a: tensor<1000xf32> {mg.name = "a", mg.dtype = "f32"},
                  %b: tensor<1000xf32> {mg.name = "b", mg.dtype = "f32"})
      -> (tensor<1000xf32> {mg.name = "a1", mg.dtype = "f32", mg.updates = 0},
          tensor<1000xf32> {mg.name = "b1", mg.dtype = "f32", mg.updates = 1})
      attributes {mg.entry} {
    return %b, %a : tensor<1000xf32>, tensor<1000xf32>
  }
}
