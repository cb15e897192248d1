// RUN: %python %S/check.py %s

// input @u32 k: [1, 2, 3, 4]
// numpy @u32: philox(k, 37).reshape(37)
func.func @u32(%k: tensor<4xui32> {mg.name = "k"}) -> (tensor<37xui32> {mg.name = "y"}) {
  %y = mg.rng_bits %k : tensor<4xui32> -> tensor<37xui32>
  return %y : tensor<37xui32>
}

// input @u64 k: [1234567890123, 987654321]
// numpy @u64: philox(k.view(np.uint32), 42).view(np.uint64).reshape(3, 7)
func.func @u64(%k: tensor<2xui64> {mg.name = "k"}) -> (tensor<3x7xui64> {mg.name = "y"}) {
  %y = mg.rng_bits %k : tensor<2xui64> -> tensor<3x7xui64>
  return %y : tensor<3x7xui64>
}
