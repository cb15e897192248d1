// RUN: %python %S/check.py %s

// numpy @f32_i32: x.view(np.int32)
func.func @f32_i32(%x: tensor<99xf32> {mg.name = "x"}) -> (tensor<99xi32> {mg.name = "y"}) {
  %y = mg.bitcast %x : tensor<99xf32> -> tensor<99xi32>
  return %y : tensor<99xi32>
}

// numpy @ui64_f64: x.view(np.float64)
func.func @ui64_f64(%x: tensor<9xui64> {mg.name = "x"}) -> (tensor<9xf64> {mg.name = "y"}) {
  %y = mg.bitcast %x : tensor<9xui64> -> tensor<9xf64>
  return %y : tensor<9xf64>
}

// numpy @f16_ui16: x.view(np.uint16)
func.func @f16_ui16(%x: tensor<33xf16> {mg.name = "x"}) -> (tensor<33xui16> {mg.name = "y"}) {
  %y = mg.bitcast %x : tensor<33xf16> -> tensor<33xui16>
  return %y : tensor<33xui16>
}
