// RUN: %python %S/check.py %s

// numpy @overlapping: np.lib.stride_tricks.sliding_window_view(x, 3, 1)
func.func @overlapping(%x: tensor<2x9xf32> {mg.name = "x"}) -> (tensor<2x7x3xf32> {mg.name = "y"}) {
  %y = mg.unfold %x dims [1] size [3] stride [1] dilation [1] : tensor<2x9xf32> -> tensor<2x7x3xf32>
  return %y : tensor<2x7x3xf32>
}

// numpy @strided: np.lib.stride_tricks.sliding_window_view(x, 3, 0)[::3, :, ::2]
func.func @strided(%x: tensor<20x3xf32> {mg.name = "x"}) -> (tensor<6x3x2xf32> {mg.name = "y"}) {
  %y = mg.unfold %x dims [0] size [2] stride [3] dilation [2] : tensor<20x3xf32> -> tensor<6x3x2xf32>
  return %y : tensor<6x3x2xf32>
}

// numpy @two: np.lib.stride_tricks.sliding_window_view(x, (2, 3))[::2, ::2]
func.func @two(%x: tensor<6x9xi32> {mg.name = "x"}) -> (tensor<3x4x2x3xi32> {mg.name = "y"}) {
  %y = mg.unfold %x dims [0, 1] size [2, 3] stride [2, 2] dilation [1, 1] : tensor<6x9xi32> -> tensor<3x4x2x3xi32>
  return %y : tensor<3x4x2x3xi32>
}
