// Temporaries that no fusion removes, one of them in a loop, for peak.c.
#id = affine_map<(i) -> (i)>
#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>
module attributes {mg.name = "peak"} {
  func.func @run(%a: tensor<48x40xf32> {mg.name = "a", mg.dtype = "f32"},
                 %b: tensor<40x40xf32> {mg.name = "b", mg.dtype = "f32"},
                 %h: tensor<1000xf32> {mg.name = "h", mg.dtype = "f32"})
      -> (tensor<48x40xf32> {mg.name = "y", mg.dtype = "f32"},
          tensor<1000xf32> {mg.name = "h", mg.dtype = "f32", mg.updates = 2})
      attributes {mg.entry} {
    %zero = arith.constant 0.0 : f32
    %half = arith.constant 0.5 : f32
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c9 = arith.constant 9 : index
    %e = tensor.empty() : tensor<48x40xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<48x40xf32>)
        -> tensor<48x40xf32>
    %p = linalg.generic {indexing_maps = [#x, #w, #y], mg.contraction,
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<48x40xf32>, tensor<40x40xf32>)
        outs(%f : tensor<48x40xf32>) {
    ^bb0(%l: f32, %r: f32, %o: f32):
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %o, %m : f32
      linalg.yield %s : f32
    } -> tensor<48x40xf32>
    %q = linalg.generic {indexing_maps = [#x, #w, #y], mg.contraction,
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%p, %b : tensor<48x40xf32>, tensor<40x40xf32>)
        outs(%f : tensor<48x40xf32>) {
    ^bb0(%l: f32, %r: f32, %o: f32):
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %o, %m : f32
      linalg.yield %s : f32
    } -> tensor<48x40xf32>
    %t = linalg.generic {indexing_maps = [#x, #w, #y], mg.contraction,
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%q, %b : tensor<48x40xf32>, tensor<40x40xf32>)
        outs(%f : tensor<48x40xf32>) {
    ^bb0(%l: f32, %r: f32, %o: f32):
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %o, %m : f32
      linalg.yield %s : f32
    } -> tensor<48x40xf32>
    %n = tensor.empty() : tensor<1000xf32>
    %z = scf.for %i = %c0 to %c9 step %c1 iter_args(%c = %h)
        -> (tensor<1000xf32>) {
      %d = linalg.generic {indexing_maps = [affine_map<(i) -> (999 - i)>, #id],
                           iterator_types = ["parallel"]}
          ins(%c : tensor<1000xf32>) outs(%n : tensor<1000xf32>) {
      ^bb0(%l: f32, %o: f32):
        %s = arith.mulf %l, %half : f32
        linalg.yield %s : f32
      } -> tensor<1000xf32>
      scf.yield %d : tensor<1000xf32>
    }
    return %t, %z : tensor<48x40xf32>, tensor<1000xf32>
  }
}
