// RUN: %python %S/check.py %s

// input @sum_rows x: np.random.default_rng(1).normal(0, 3, (7, 1000))
// numpy @sum_rows bound: x.sum(axis=1), (10 + 8) * 2.0**-24 * np.abs(x).sum(axis=1)
func.func @sum_rows(%x: tensor<7x1000xf32> {mg.name = "x"}) -> (tensor<7xf32> {mg.name = "y"}) {
  %y = mg.reduce sum %x [1] : tensor<7x1000xf32> -> tensor<7xf32>
  return %y : tensor<7xf32>
}

// input @sum_columns x: np.random.default_rng(1).normal(0, 3, (1000, 7))
// numpy @sum_columns bound: x.sum(axis=0), (10 + 8) * 2.0**-24 * np.abs(x).sum(axis=0)
func.func @sum_columns(%x: tensor<1000x7xf32> {mg.name = "x"}) -> (tensor<7xf32> {mg.name = "y"}) {
  %y = mg.reduce sum %x [0] : tensor<1000x7xf32> -> tensor<7xf32>
  return %y : tensor<7xf32>
}

// input @sum_all x: np.random.default_rng(1).normal(0, 3, (33, 5, 65))
// numpy @sum_all bound: x.sum(), (14 + 8) * 2.0**-24 * np.abs(x).sum()
func.func @sum_all(%x: tensor<33x5x65xf32> {mg.name = "x"}) -> (tensor<f32> {mg.name = "y"}) {
  %y = mg.reduce sum %x [0, 1, 2] : tensor<33x5x65xf32> -> tensor<f32>
  return %y : tensor<f32>
}

// input @sum_large x: np.random.default_rng(1).normal(0, 3, 300007)
// numpy @sum_large bound: x.sum(), (19 + 8) * 2.0**-24 * np.abs(x).sum()
func.func @sum_large(%x: tensor<300007xf32> {mg.name = "x"}) -> (tensor<f32> {mg.name = "y"}) {
  %y = mg.reduce sum %x [0] : tensor<300007xf32> -> tensor<f32>
  return %y : tensor<f32>
}

// input @sum_middle x: np.random.default_rng(1).normal(0, 3, (3, 65, 17))
// numpy @sum_middle bound: x.sum(axis=1), (7 + 8) * 2.0**-24 * np.abs(x).sum(axis=1)
func.func @sum_middle(%x: tensor<3x65x17xf32> {mg.name = "x"}) -> (tensor<3x17xf32> {mg.name = "y"}) {
  %y = mg.reduce sum %x [1] : tensor<3x65x17xf32> -> tensor<3x17xf32>
  return %y : tensor<3x17xf32>
}

// input @sum_ends x: np.random.default_rng(1).normal(0, 3, (9, 4, 33))
// numpy @sum_ends bound: x.sum(axis=(0, 2)), (9 + 8) * 2.0**-24 * np.abs(x).sum(axis=(0, 2))
func.func @sum_ends(%x: tensor<9x4x33xf32> {mg.name = "x"}) -> (tensor<4xf32> {mg.name = "y"}) {
  %y = mg.reduce sum %x [0, 2] : tensor<9x4x33xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// input @sum_f64 x: np.random.default_rng(1).normal(0, 3, (3, 100))
// numpy @sum_f64 bound: x.sum(axis=1), 1e-13 * np.abs(x).sum(axis=1)
func.func @sum_f64(%x: tensor<3x100xf64> {mg.name = "x"}) -> (tensor<3xf64> {mg.name = "y"}) {
  %y = mg.reduce sum %x [1] : tensor<3x100xf64> -> tensor<3xf64>
  return %y : tensor<3xf64>
}

// input @sum_f16 x: np.random.default_rng(1).normal(0, 3, (3, 100))
// numpy @sum_f16 bound: x.sum(axis=1), 2.0**-10 * np.abs(x.sum(axis=1)) + 2.0**-18 * np.abs(x).sum(axis=1)
func.func @sum_f16(%x: tensor<3x100xf16> {mg.name = "x"}) -> (tensor<3xf16> {mg.name = "y"}) {
  %y = mg.reduce sum %x [1] : tensor<3x100xf16> -> tensor<3xf16>
  return %y : tensor<3xf16>
}

// numpy @sum_i8: x.sum(axis=1, dtype=np.int8)
func.func @sum_i8(%x: tensor<5x37xi8> {mg.name = "x"}) -> (tensor<5xi8> {mg.name = "y"}) {
  %y = mg.reduce sum %x [1] : tensor<5x37xi8> -> tensor<5xi8>
  return %y : tensor<5xi8>
}

// numpy @sum_u32: x.sum(axis=0, dtype=np.uint32)
func.func @sum_u32(%x: tensor<5x37xui32> {mg.name = "x"}) -> (tensor<37xui32> {mg.name = "y"}) {
  %y = mg.reduce sum %x [0] : tensor<5x37xui32> -> tensor<37xui32>
  return %y : tensor<37xui32>
}

// numpy @sum_nothing: x.sum(axis=1)
func.func @sum_nothing(%x: tensor<4x0xf32> {mg.name = "x"}) -> (tensor<4xf32> {mg.name = "y"}) {
  %y = mg.reduce sum %x [1] : tensor<4x0xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// numpy @max_nothing: np.full(4, -np.inf, np.float32)
func.func @max_nothing(%x: tensor<4x0xf32> {mg.name = "x"}) -> (tensor<4xf32> {mg.name = "y"}) {
  %y = mg.reduce max %x [1] : tensor<4x0xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// input @prod x: np.random.default_rng(1).normal(0, 3, (5, 9))
// numpy @prod bound: x.prod(axis=1), 20 * 2.0**-24 * np.abs(x.prod(axis=1))
func.func @prod(%x: tensor<5x9xf32> {mg.name = "x"}) -> (tensor<5xf32> {mg.name = "y"}) {
  %y = mg.reduce prod %x [1] : tensor<5x9xf32> -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// numpy @prod_i32: x.prod(axis=1, dtype=np.int32)
func.func @prod_i32(%x: tensor<5x9xi32> {mg.name = "x"}) -> (tensor<5xi32> {mg.name = "y"}) {
  %y = mg.reduce prod %x [1] : tensor<5x9xi32> -> tensor<5xi32>
  return %y : tensor<5xi32>
}

// numpy @max: x.max(axis=1)
func.func @max(%x: tensor<11x67xf32> {mg.name = "x"}) -> (tensor<11xf32> {mg.name = "y"}) {
  %y = mg.reduce max %x [1] : tensor<11x67xf32> -> tensor<11xf32>
  return %y : tensor<11xf32>
}

// numpy @max_columns: x.max(axis=0)
func.func @max_columns(%x: tensor<67x11xf32> {mg.name = "x"}) -> (tensor<11xf32> {mg.name = "y"}) {
  %y = mg.reduce max %x [0] : tensor<67x11xf32> -> tensor<11xf32>
  return %y : tensor<11xf32>
}

// numpy @max_u8: x.max(axis=1)
func.func @max_u8(%x: tensor<11x67xui8> {mg.name = "x"}) -> (tensor<11xui8> {mg.name = "y"}) {
  %y = mg.reduce max %x [1] : tensor<11x67xui8> -> tensor<11xui8>
  return %y : tensor<11xui8>
}

// numpy @max_i64: x.max(axis=0)
func.func @max_i64(%x: tensor<11x67xi64> {mg.name = "x"}) -> (tensor<67xi64> {mg.name = "y"}) {
  %y = mg.reduce max %x [0] : tensor<11x67xi64> -> tensor<67xi64>
  return %y : tensor<67xi64>
}

// numpy @min: x.min(axis=1)
func.func @min(%x: tensor<11x67xf32> {mg.name = "x"}) -> (tensor<11xf32> {mg.name = "y"}) {
  %y = mg.reduce min %x [1] : tensor<11x67xf32> -> tensor<11xf32>
  return %y : tensor<11xf32>
}

// numpy @min_columns: x.min(axis=0)
func.func @min_columns(%x: tensor<67x11xf32> {mg.name = "x"}) -> (tensor<11xf32> {mg.name = "y"}) {
  %y = mg.reduce min %x [0] : tensor<67x11xf32> -> tensor<11xf32>
  return %y : tensor<11xf32>
}

// numpy @min_u8: x.min(axis=1)
func.func @min_u8(%x: tensor<11x67xui8> {mg.name = "x"}) -> (tensor<11xui8> {mg.name = "y"}) {
  %y = mg.reduce min %x [1] : tensor<11x67xui8> -> tensor<11xui8>
  return %y : tensor<11xui8>
}

// numpy @min_i64: x.min(axis=0)
func.func @min_i64(%x: tensor<11x67xi64> {mg.name = "x"}) -> (tensor<67xi64> {mg.name = "y"}) {
  %y = mg.reduce min %x [0] : tensor<11x67xi64> -> tensor<67xi64>
  return %y : tensor<67xi64>
}

// numpy @all: x.all(axis=1)
func.func @all(%x: tensor<5x3xi1> {mg.name = "x"}) -> (tensor<5xi1> {mg.name = "y"}) {
  %y = mg.reduce and %x [1] : tensor<5x3xi1> -> tensor<5xi1>
  return %y : tensor<5xi1>
}

// numpy @any: x.any(axis=1)
func.func @any(%x: tensor<5x3xi1> {mg.name = "x"}) -> (tensor<5xi1> {mg.name = "y"}) {
  %y = mg.reduce or %x [1] : tensor<5x3xi1> -> tensor<5xi1>
  return %y : tensor<5xi1>
}

// numpy @and: np.bitwise_and.reduce(x, axis=1)
func.func @and(%x: tensor<5x3xi32> {mg.name = "x"}) -> (tensor<5xi32> {mg.name = "y"}) {
  %y = mg.reduce and %x [1] : tensor<5x3xi32> -> tensor<5xi32>
  return %y : tensor<5xi32>
}

// numpy @or: np.bitwise_or.reduce(x, axis=0)
func.func @or(%x: tensor<5x3xi32> {mg.name = "x"}) -> (tensor<3xi32> {mg.name = "y"}) {
  %y = mg.reduce or %x [0] : tensor<5x3xi32> -> tensor<3xi32>
  return %y : tensor<3xi32>
}

// The sign of a zero: -0 is the maximum only where nothing else is, the minimum
// wherever it is. More columns than a vector, and a tail.
// input @signed_zeros x: np.random.default_rng(3).normal(0, 1, (96, 37)) + 9 * (np.arange(96) % 3 - 1)[:, None]
// numpy @signed_zeros: np.where(np.signbit(x).all(1), -0.0, 0.0).astype(x.dtype), np.where(np.signbit(x).any(1), -0.0, 0.0).astype(x.dtype)
func.func @signed_zeros(%x: tensor<96x37xf32> {mg.name = "x"}) -> (tensor<96xf32> {mg.name = "a"}, tensor<96xf32> {mg.name = "b"}) {
  %zero = mg.constant dense<0.0> : tensor<96x37xf32>
  %z = mg.mul %x, %zero : tensor<96x37xf32>
  %a = mg.reduce max %z [1] : tensor<96x37xf32> -> tensor<96xf32>
  %b = mg.reduce min %z [1] : tensor<96x37xf32> -> tensor<96xf32>
  return %a, %b : tensor<96xf32>, tensor<96xf32>
}
