// RUN: %python %S/check.py %s

// input @conv2d x: np.random.default_rng(0).normal(0, 1, (2, 3, 9, 11))
// input @conv2d w: np.random.default_rng(1).normal(0, 1, (5, 3, 3, 3))
// numpy @conv2d bound: conv(x, w, [1, 1], [1, 1], [1, 1], [1, 1], [1, 1], 1), 200 * 2.0**-24 * conv(np.abs(x), np.abs(w), [1, 1], [1, 1], [1, 1], [1, 1], [1, 1], 1)
func.func @conv2d(%x: tensor<2x3x9x11xf32> {mg.name = "x"}, %w: tensor<5x3x3x3xf32> {mg.name = "w"}) -> (tensor<2x5x9x11xf32> {mg.name = "y"}) {
  %y = mg.conv %x, %w strides [1, 1] lo [1, 1] hi [1, 1] lhs_dilation [1, 1] rhs_dilation [1, 1] : (tensor<2x3x9x11xf32>, tensor<5x3x3x3xf32>) -> tensor<2x5x9x11xf32>
  return %y : tensor<2x5x9x11xf32>
}

// input @strided x: np.random.default_rng(0).normal(0, 1, (1, 4, 9, 11))
// input @strided w: np.random.default_rng(1).normal(0, 1, (6, 4, 3, 2))
// numpy @strided bound: conv(x, w, [2, 2], [0, 0], [0, 0], [1, 1], [1, 1], 1), 200 * 2.0**-24 * conv(np.abs(x), np.abs(w), [2, 2], [0, 0], [0, 0], [1, 1], [1, 1], 1)
func.func @strided(%x: tensor<1x4x9x11xf32> {mg.name = "x"}, %w: tensor<6x4x3x2xf32> {mg.name = "w"}) -> (tensor<1x6x4x5xf32> {mg.name = "y"}) {
  %y = mg.conv %x, %w strides [2, 2] lo [0, 0] hi [0, 0] lhs_dilation [1, 1] rhs_dilation [1, 1] : (tensor<1x4x9x11xf32>, tensor<6x4x3x2xf32>) -> tensor<1x6x4x5xf32>
  return %y : tensor<1x6x4x5xf32>
}

// input @depthwise x: np.random.default_rng(0).normal(0, 1, (1, 6, 8, 20))
// input @depthwise w: np.random.default_rng(1).normal(0, 1, (6, 1, 3, 3))
// numpy @depthwise bound: conv(x, w, [1, 1], [1, 1], [1, 1], [1, 1], [1, 1], 6), 200 * 2.0**-24 * conv(np.abs(x), np.abs(w), [1, 1], [1, 1], [1, 1], [1, 1], [1, 1], 6)
func.func @depthwise(%x: tensor<1x6x8x20xf32> {mg.name = "x"}, %w: tensor<6x1x3x3xf32> {mg.name = "w"}) -> (tensor<1x6x8x20xf32> {mg.name = "y"}) {
  %y = mg.conv %x, %w strides [1, 1] lo [1, 1] hi [1, 1] lhs_dilation [1, 1] rhs_dilation [1, 1] groups 6 : (tensor<1x6x8x20xf32>, tensor<6x1x3x3xf32>) -> tensor<1x6x8x20xf32>
  return %y : tensor<1x6x8x20xf32>
}

// input @grouped x: np.random.default_rng(0).normal(0, 1, (1, 4, 7, 7))
// input @grouped w: np.random.default_rng(1).normal(0, 1, (6, 2, 3, 3))
// numpy @grouped bound: conv(x, w, [1, 1], [0, 0], [0, 0], [1, 1], [1, 1], 2), 200 * 2.0**-24 * conv(np.abs(x), np.abs(w), [1, 1], [0, 0], [0, 0], [1, 1], [1, 1], 2)
func.func @grouped(%x: tensor<1x4x7x7xf32> {mg.name = "x"}, %w: tensor<6x2x3x3xf32> {mg.name = "w"}) -> (tensor<1x6x5x5xf32> {mg.name = "y"}) {
  %y = mg.conv %x, %w strides [1, 1] lo [0, 0] hi [0, 0] lhs_dilation [1, 1] rhs_dilation [1, 1] groups 2 : (tensor<1x4x7x7xf32>, tensor<6x2x3x3xf32>) -> tensor<1x6x5x5xf32>
  return %y : tensor<1x6x5x5xf32>
}

// input @dilated x: np.random.default_rng(0).normal(0, 1, (1, 2, 9, 9))
// input @dilated w: np.random.default_rng(1).normal(0, 1, (3, 2, 3, 3))
// numpy @dilated bound: conv(x, w, [1, 1], [0, 0], [0, 0], [1, 1], [2, 2], 1), 200 * 2.0**-24 * conv(np.abs(x), np.abs(w), [1, 1], [0, 0], [0, 0], [1, 1], [2, 2], 1)
func.func @dilated(%x: tensor<1x2x9x9xf32> {mg.name = "x"}, %w: tensor<3x2x3x3xf32> {mg.name = "w"}) -> (tensor<1x3x5x5xf32> {mg.name = "y"}) {
  %y = mg.conv %x, %w strides [1, 1] lo [0, 0] hi [0, 0] lhs_dilation [1, 1] rhs_dilation [2, 2] : (tensor<1x2x9x9xf32>, tensor<3x2x3x3xf32>) -> tensor<1x3x5x5xf32>
  return %y : tensor<1x3x5x5xf32>
}

// input @transposed x: np.random.default_rng(0).normal(0, 1, (1, 2, 4, 4))
// input @transposed w: np.random.default_rng(1).normal(0, 1, (3, 2, 3, 3))
// numpy @transposed bound: conv(x, w, [1, 1], [2, 2], [2, 2], [2, 2], [1, 1], 1), 200 * 2.0**-24 * conv(np.abs(x), np.abs(w), [1, 1], [2, 2], [2, 2], [2, 2], [1, 1], 1)
func.func @transposed(%x: tensor<1x2x4x4xf32> {mg.name = "x"}, %w: tensor<3x2x3x3xf32> {mg.name = "w"}) -> (tensor<1x3x9x9xf32> {mg.name = "y"}) {
  %y = mg.conv %x, %w strides [1, 1] lo [2, 2] hi [2, 2] lhs_dilation [2, 2] rhs_dilation [1, 1] : (tensor<1x2x4x4xf32>, tensor<3x2x3x3xf32>) -> tensor<1x3x9x9xf32>
  return %y : tensor<1x3x9x9xf32>
}

// input @cropped x: np.random.default_rng(0).normal(0, 1, (1, 2, 9, 9))
// input @cropped w: np.random.default_rng(1).normal(0, 1, (3, 2, 3, 3))
// numpy @cropped bound: conv(x, w, [1, 1], [-1, 0], [-1, -1], [1, 1], [1, 1], 1), 200 * 2.0**-24 * conv(np.abs(x), np.abs(w), [1, 1], [-1, 0], [-1, -1], [1, 1], [1, 1], 1)
func.func @cropped(%x: tensor<1x2x9x9xf32> {mg.name = "x"}, %w: tensor<3x2x3x3xf32> {mg.name = "w"}) -> (tensor<1x3x5x6xf32> {mg.name = "y"}) {
  %y = mg.conv %x, %w strides [1, 1] lo [-1, 0] hi [-1, -1] lhs_dilation [1, 1] rhs_dilation [1, 1] : (tensor<1x2x9x9xf32>, tensor<3x2x3x3xf32>) -> tensor<1x3x5x6xf32>
  return %y : tensor<1x3x5x6xf32>
}

// input @conv1d x: np.random.default_rng(0).normal(0, 1, (2, 3, 40))
// input @conv1d w: np.random.default_rng(1).normal(0, 1, (4, 3, 5))
// numpy @conv1d bound: conv(x, w, [2], [0], [0], [1], [1], 1), 200 * 2.0**-24 * conv(np.abs(x), np.abs(w), [2], [0], [0], [1], [1], 1)
func.func @conv1d(%x: tensor<2x3x40xf32> {mg.name = "x"}, %w: tensor<4x3x5xf32> {mg.name = "w"}) -> (tensor<2x4x18xf32> {mg.name = "y"}) {
  %y = mg.conv %x, %w strides [2] lo [0] hi [0] lhs_dilation [1] rhs_dilation [1] : (tensor<2x3x40xf32>, tensor<4x3x5xf32>) -> tensor<2x4x18xf32>
  return %y : tensor<2x4x18xf32>
}

// input @conv3d x: np.random.default_rng(0).normal(0, 1, (1, 2, 5, 6, 7))
// input @conv3d w: np.random.default_rng(1).normal(0, 1, (3, 2, 2, 2, 2))
// numpy @conv3d bound: conv(x, w, [1, 1, 1], [0, 0, 0], [0, 0, 0], [1, 1, 1], [1, 1, 1], 1), 200 * 2.0**-24 * conv(np.abs(x), np.abs(w), [1, 1, 1], [0, 0, 0], [0, 0, 0], [1, 1, 1], [1, 1, 1], 1)
func.func @conv3d(%x: tensor<1x2x5x6x7xf32> {mg.name = "x"}, %w: tensor<3x2x2x2x2xf32> {mg.name = "w"}) -> (tensor<1x3x4x5x6xf32> {mg.name = "y"}) {
  %y = mg.conv %x, %w strides [1, 1, 1] lo [0, 0, 0] hi [0, 0, 0] lhs_dilation [1, 1, 1] rhs_dilation [1, 1, 1] : (tensor<1x2x5x6x7xf32>, tensor<3x2x2x2x2xf32>) -> tensor<1x3x4x5x6xf32>
  return %y : tensor<1x3x4x5x6xf32>
}

// input @pointwise x: np.random.default_rng(0).normal(0, 1, (1, 8, 5, 5))
// input @pointwise w: np.random.default_rng(1).normal(0, 1, (16, 8, 1, 1))
// numpy @pointwise bound: conv(x, w, [1, 1], [0, 0], [0, 0], [1, 1], [1, 1], 1), 200 * 2.0**-24 * conv(np.abs(x), np.abs(w), [1, 1], [0, 0], [0, 0], [1, 1], [1, 1], 1)
func.func @pointwise(%x: tensor<1x8x5x5xf32> {mg.name = "x"}, %w: tensor<16x8x1x1xf32> {mg.name = "w"}) -> (tensor<1x16x5x5xf32> {mg.name = "y"}) {
  %y = mg.conv %x, %w strides [1, 1] lo [0, 0] hi [0, 0] lhs_dilation [1, 1] rhs_dilation [1, 1] : (tensor<1x8x5x5xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x5x5xf32>
  return %y : tensor<1x16x5x5xf32>
}
