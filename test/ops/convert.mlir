// RUN: %python %S/check.py %s

// numpy @f32_i8: np.where(np.isnan(np.trunc(x)), 0, np.clip(np.nan_to_num(np.trunc(x).astype(np.longdouble), posinf=1e30, neginf=-1e30), -128, 127)).astype(np.int8)
func.func @f32_i8(%x: tensor<99xf32> {mg.name = "x"}) -> (tensor<99xi8> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xf32> -> tensor<99xi8>
  return %y : tensor<99xi8>
}

// numpy @nearest_f32_i8: np.where(np.isnan(np.rint(x)), 0, np.clip(np.nan_to_num(np.rint(x).astype(np.longdouble), posinf=1e30, neginf=-1e30), -128, 127)).astype(np.int8)
func.func @nearest_f32_i8(%x: tensor<99xf32> {mg.name = "x"}) -> (tensor<99xi8> {mg.name = "y"}) {
  %y = mg.convert nearest %x : tensor<99xf32> -> tensor<99xi8>
  return %y : tensor<99xi8>
}

// numpy @f32_ui8: np.where(np.isnan(np.trunc(x)), 0, np.clip(np.nan_to_num(np.trunc(x).astype(np.longdouble), posinf=1e30, neginf=-1e30), 0, 255)).astype(np.uint8)
func.func @f32_ui8(%x: tensor<99xf32> {mg.name = "x"}) -> (tensor<99xui8> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xf32> -> tensor<99xui8>
  return %y : tensor<99xui8>
}

// numpy @nearest_f32_ui8: np.where(np.isnan(np.rint(x)), 0, np.clip(np.nan_to_num(np.rint(x).astype(np.longdouble), posinf=1e30, neginf=-1e30), 0, 255)).astype(np.uint8)
func.func @nearest_f32_ui8(%x: tensor<99xf32> {mg.name = "x"}) -> (tensor<99xui8> {mg.name = "y"}) {
  %y = mg.convert nearest %x : tensor<99xf32> -> tensor<99xui8>
  return %y : tensor<99xui8>
}

// numpy @f32_i32: np.where(np.isnan(np.trunc(x)), 0, np.clip(np.nan_to_num(np.trunc(x).astype(np.longdouble), posinf=1e30, neginf=-1e30), -2147483648, 2147483647)).astype(np.int32)
func.func @f32_i32(%x: tensor<99xf32> {mg.name = "x"}) -> (tensor<99xi32> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xf32> -> tensor<99xi32>
  return %y : tensor<99xi32>
}

// numpy @nearest_f32_i32: np.where(np.isnan(np.rint(x)), 0, np.clip(np.nan_to_num(np.rint(x).astype(np.longdouble), posinf=1e30, neginf=-1e30), -2147483648, 2147483647)).astype(np.int32)
func.func @nearest_f32_i32(%x: tensor<99xf32> {mg.name = "x"}) -> (tensor<99xi32> {mg.name = "y"}) {
  %y = mg.convert nearest %x : tensor<99xf32> -> tensor<99xi32>
  return %y : tensor<99xi32>
}

// numpy @f32_i64: np.where(np.isnan(np.trunc(x)), 0, np.clip(np.nan_to_num(np.trunc(x).astype(np.longdouble), posinf=1e30, neginf=-1e30), -9223372036854775808, 9223372036854775807)).astype(np.int64)
func.func @f32_i64(%x: tensor<99xf32> {mg.name = "x"}) -> (tensor<99xi64> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xf32> -> tensor<99xi64>
  return %y : tensor<99xi64>
}

// numpy @nearest_f32_i64: np.where(np.isnan(np.rint(x)), 0, np.clip(np.nan_to_num(np.rint(x).astype(np.longdouble), posinf=1e30, neginf=-1e30), -9223372036854775808, 9223372036854775807)).astype(np.int64)
func.func @nearest_f32_i64(%x: tensor<99xf32> {mg.name = "x"}) -> (tensor<99xi64> {mg.name = "y"}) {
  %y = mg.convert nearest %x : tensor<99xf32> -> tensor<99xi64>
  return %y : tensor<99xi64>
}

// numpy @i32_i8: x.astype(np.int8)
func.func @i32_i8(%x: tensor<99xi32> {mg.name = "x"}) -> (tensor<99xi8> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xi32> -> tensor<99xi8>
  return %y : tensor<99xi8>
}

// numpy @saturate_i32_i8: np.clip(x, -128, 127).astype(np.int8)
func.func @saturate_i32_i8(%x: tensor<99xi32> {mg.name = "x"}) -> (tensor<99xi8> {mg.name = "y"}) {
  %y = mg.convert saturate %x : tensor<99xi32> -> tensor<99xi8>
  return %y : tensor<99xi8>
}

// numpy @saturate_i8_ui32: np.maximum(x, 0).astype(np.uint32)
func.func @saturate_i8_ui32(%x: tensor<99xi8> {mg.name = "x"}) -> (tensor<99xui32> {mg.name = "y"}) {
  %y = mg.convert saturate %x : tensor<99xi8> -> tensor<99xui32>
  return %y : tensor<99xui32>
}

// numpy @i64_f32: x.astype(np.float32)
func.func @i64_f32(%x: tensor<99xi64> {mg.name = "x"}) -> (tensor<99xf32> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xi64> -> tensor<99xf32>
  return %y : tensor<99xf32>
}

// numpy @ui64_f64: x.astype(np.float64)
func.func @ui64_f64(%x: tensor<99xui64> {mg.name = "x"}) -> (tensor<99xf64> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xui64> -> tensor<99xf64>
  return %y : tensor<99xf64>
}

// numpy @f64_f32: x.astype(np.float32)
func.func @f64_f32(%x: tensor<99xf64> {mg.name = "x"}) -> (tensor<99xf32> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xf64> -> tensor<99xf32>
  return %y : tensor<99xf32>
}

// numpy @f32_f16: x.astype(np.float16)
func.func @f32_f16(%x: tensor<99xf32> {mg.name = "x"}) -> (tensor<99xf16> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xf32> -> tensor<99xf16>
  return %y : tensor<99xf16>
}

// numpy @f16_f32: x.astype(np.float32)
func.func @f16_f32(%x: tensor<99xf16> {mg.name = "x"}) -> (tensor<99xf32> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xf16> -> tensor<99xf32>
  return %y : tensor<99xf32>
}

// numpy @f32_bool: x != 0
func.func @f32_bool(%x: tensor<99xf32> {mg.name = "x"}) -> (tensor<99xi1> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xf32> -> tensor<99xi1>
  return %y : tensor<99xi1>
}

// numpy @bool_f32: x.astype(np.float32)
func.func @bool_f32(%x: tensor<99xi1> {mg.name = "x"}) -> (tensor<99xf32> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xi1> -> tensor<99xf32>
  return %y : tensor<99xf32>
}

// numpy @i32_bool: x != 0
func.func @i32_bool(%x: tensor<99xi32> {mg.name = "x"}) -> (tensor<99xi1> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xi32> -> tensor<99xi1>
  return %y : tensor<99xi1>
}

// numpy @ui32_i64: x.astype(np.int64)
func.func @ui32_i64(%x: tensor<99xui32> {mg.name = "x"}) -> (tensor<99xi64> {mg.name = "y"}) {
  %y = mg.convert truncate %x : tensor<99xui32> -> tensor<99xi64>
  return %y : tensor<99xi64>
}

// Just above and just below the middle of two neighbours: rounded twice, by way
// of f32, the value would be a tie.
// numpy @f64_f16_ties: np.concatenate([1 + np.arange(1024.0) * 2**-10 + 2**-11 + 2**-40, 1 + np.arange(1024.0) * 2**-10 + 2**-11 - 2**-40]).astype(np.float16)
func.func @f64_f16_ties() -> (tensor<2048xf16> {mg.name = "y"}) {
  %i = mg.iota dim 0 : tensor<1024xf64>
  %s = mg.constant dense<0.0009765625> : tensor<1024xf64>
  %p = mg.mul %i, %s : tensor<1024xf64>
  %a = mg.constant dense<0x3FF0020000001000> : tensor<1024xf64>
  %b = mg.constant dense<0x3FF001FFFFFFF000> : tensor<1024xf64>
  %u = mg.add %p, %a : tensor<1024xf64>
  %v = mg.add %p, %b : tensor<1024xf64>
  %x = mg.concat %u, %v dim 0 : (tensor<1024xf64>, tensor<1024xf64>) -> tensor<2048xf64>
  %y = mg.convert truncate %x : tensor<2048xf64> -> tensor<2048xf16>
  return %y : tensor<2048xf16>
}

// numpy @i32_bf16_ties: ((2**25 + np.arange(1, 100) * 2**18).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
func.func @i32_bf16_ties() -> (tensor<99xui16> {mg.name = "y"}) {
  %i = mg.iota dim 0 : tensor<99xi32>
  %s = mg.constant dense<262144> : tensor<99xi32>
  %p = mg.mul %i, %s : tensor<99xi32>
  %a = mg.constant dense<33685505> : tensor<99xi32>
  %x = mg.add %p, %a : tensor<99xi32>
  %h = mg.convert truncate %x : tensor<99xi32> -> tensor<99xbf16>
  %y = mg.bitcast %h : tensor<99xbf16> -> tensor<99xui16>
  return %y : tensor<99xui16>
}

// numpy @i64_bf16_ties: ((-2.0**60 - np.arange(1, 100) * 2**53).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
func.func @i64_bf16_ties() -> (tensor<99xui16> {mg.name = "y"}) {
  %i = mg.iota dim 0 : tensor<99xi64>
  %s = mg.constant dense<-9007199254740992> : tensor<99xi64>
  %p = mg.mul %i, %s : tensor<99xi64>
  %a = mg.constant dense<-1157425104234217473> : tensor<99xi64>
  %x = mg.add %p, %a : tensor<99xi64>
  %h = mg.convert truncate %x : tensor<99xi64> -> tensor<99xbf16>
  %y = mg.bitcast %h : tensor<99xbf16> -> tensor<99xui16>
  return %y : tensor<99xui16>
}
