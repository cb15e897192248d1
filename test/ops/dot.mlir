// RUN: %python %S/check.py %s

// input @matmul x: np.random.default_rng(4).normal(0, 1, (17, 33))
// input @matmul y: np.random.default_rng(5).normal(0, 1, (33, 65))
// numpy @matmul bound: x @ y, (33 + 8) * 2.0**-24 * (np.abs(x) @ np.abs(y))
func.func @matmul(%x: tensor<17x33xf32> {mg.name = "x"}, %y: tensor<33x65xf32> {mg.name = "y"}) -> (tensor<17x65xf32> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [1] x [0] : (tensor<17x33xf32>, tensor<33x65xf32>) -> tensor<17x65xf32>
  return %z : tensor<17x65xf32>
}

// input @transposed_rhs x: np.random.default_rng(4).normal(0, 1, (17, 33))
// input @transposed_rhs y: np.random.default_rng(5).normal(0, 1, (65, 33))
// numpy @transposed_rhs bound: x @ y.T, (33 + 8) * 2.0**-24 * (np.abs(x) @ np.abs(y.T))
func.func @transposed_rhs(%x: tensor<17x33xf32> {mg.name = "x"}, %y: tensor<65x33xf32> {mg.name = "y"}) -> (tensor<17x65xf32> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [1] x [1] : (tensor<17x33xf32>, tensor<65x33xf32>) -> tensor<17x65xf32>
  return %z : tensor<17x65xf32>
}

// input @transposed_lhs x: np.random.default_rng(4).normal(0, 1, (33, 17))
// input @transposed_lhs y: np.random.default_rng(5).normal(0, 1, (33, 65))
// numpy @transposed_lhs bound: x.T @ y, (33 + 8) * 2.0**-24 * (np.abs(x.T) @ np.abs(y))
func.func @transposed_lhs(%x: tensor<33x17xf32> {mg.name = "x"}, %y: tensor<33x65xf32> {mg.name = "y"}) -> (tensor<17x65xf32> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [0] x [0] : (tensor<33x17xf32>, tensor<33x65xf32>) -> tensor<17x65xf32>
  return %z : tensor<17x65xf32>
}

// input @batch x: np.random.default_rng(4).normal(0, 1, (3, 9, 33))
// input @batch y: np.random.default_rng(5).normal(0, 1, (3, 33, 20))
// numpy @batch bound: x @ y, (33 + 8) * 2.0**-24 * (np.abs(x) @ np.abs(y))
func.func @batch(%x: tensor<3x9x33xf32> {mg.name = "x"}, %y: tensor<3x33x20xf32> {mg.name = "y"}) -> (tensor<3x9x20xf32> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [2] x [1] batch [0] x [0] : (tensor<3x9x33xf32>, tensor<3x33x20xf32>) -> tensor<3x9x20xf32>
  return %z : tensor<3x9x20xf32>
}

// input @large x: np.random.default_rng(4).normal(0, 1, (130, 257))
// input @large y: np.random.default_rng(5).normal(0, 1, (257, 129))
// numpy @large bound: x @ y, (257 + 8) * 2.0**-24 * (np.abs(x) @ np.abs(y))
func.func @large(%x: tensor<130x257xf32> {mg.name = "x"}, %y: tensor<257x129xf32> {mg.name = "y"}) -> (tensor<130x129xf32> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [1] x [0] : (tensor<130x257xf32>, tensor<257x129xf32>) -> tensor<130x129xf32>
  return %z : tensor<130x129xf32>
}

// input @vector_matrix x: np.random.default_rng(4).normal(0, 1, (300,))
// input @vector_matrix y: np.random.default_rng(5).normal(0, 1, (300, 40))
// numpy @vector_matrix bound: x @ y, (300 + 8) * 2.0**-24 * (np.abs(x) @ np.abs(y))
func.func @vector_matrix(%x: tensor<300xf32> {mg.name = "x"}, %y: tensor<300x40xf32> {mg.name = "y"}) -> (tensor<40xf32> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [0] x [0] : (tensor<300xf32>, tensor<300x40xf32>) -> tensor<40xf32>
  return %z : tensor<40xf32>
}

// input @inner x: np.random.default_rng(4).normal(0, 1, (300,))
// input @inner y: np.random.default_rng(5).normal(0, 1, (300,))
// numpy @inner bound: x @ y, (300 + 8) * 2.0**-24 * (np.abs(x) @ np.abs(y))
func.func @inner(%x: tensor<300xf32> {mg.name = "x"}, %y: tensor<300xf32> {mg.name = "y"}) -> (tensor<f32> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [0] x [0] : (tensor<300xf32>, tensor<300xf32>) -> tensor<f32>
  return %z : tensor<f32>
}

// input @outer x: np.random.default_rng(4).normal(0, 1, (7,))
// input @outer y: np.random.default_rng(5).normal(0, 1, (9,))
// numpy @outer bound: np.outer(x, y), 8 * 2.0**-24 * np.abs(np.outer(x, y))
func.func @outer(%x: tensor<7xf32> {mg.name = "x"}, %y: tensor<9xf32> {mg.name = "y"}) -> (tensor<7x9xf32> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [] x [] : (tensor<7xf32>, tensor<9xf32>) -> tensor<7x9xf32>
  return %z : tensor<7x9xf32>
}

// input @two_dims x: np.random.default_rng(4).normal(0, 1, (4, 5, 6))
// input @two_dims y: np.random.default_rng(5).normal(0, 1, (5, 6, 7))
// numpy @two_dims bound: np.tensordot(x, y, 2), (30 + 8) * 2.0**-24 * np.tensordot(np.abs(x), np.abs(y), 2)
func.func @two_dims(%x: tensor<4x5x6xf32> {mg.name = "x"}, %y: tensor<5x6x7xf32> {mg.name = "y"}) -> (tensor<4x7xf32> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [1, 2] x [0, 1] : (tensor<4x5x6xf32>, tensor<5x6x7xf32>) -> tensor<4x7xf32>
  return %z : tensor<4x7xf32>
}

// input @f64 x: np.random.default_rng(4).normal(0, 1, (17, 33))
// input @f64 y: np.random.default_rng(5).normal(0, 1, (33, 65))
// numpy @f64 bound: x @ y, 1e-14 * (np.abs(x) @ np.abs(y))
func.func @f64(%x: tensor<17x33xf64> {mg.name = "x"}, %y: tensor<33x65xf64> {mg.name = "y"}) -> (tensor<17x65xf64> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [1] x [0] : (tensor<17x33xf64>, tensor<33x65xf64>) -> tensor<17x65xf64>
  return %z : tensor<17x65xf64>
}

// input @f16 x: np.random.default_rng(4).normal(0, 1, (9, 33))
// input @f16 y: np.random.default_rng(5).normal(0, 1, (33, 17))
// numpy @f16 bound: x @ y, 2.0**-10 * np.abs(x @ y) + 2.0**-18 * (np.abs(x) @ np.abs(y))
func.func @f16(%x: tensor<9x33xf16> {mg.name = "x"}, %y: tensor<33x17xf16> {mg.name = "y"}) -> (tensor<9x17xf16> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [1] x [0] : (tensor<9x33xf16>, tensor<33x17xf16>) -> tensor<9x17xf16>
  return %z : tensor<9x17xf16>
}

// input @f16_to_f32 x: np.random.default_rng(4).normal(0, 1, (9, 33))
// input @f16_to_f32 y: np.random.default_rng(5).normal(0, 1, (33, 17))
// numpy @f16_to_f32 bound: x @ y, (33 + 8) * 2.0**-24 * (np.abs(x) @ np.abs(y))
func.func @f16_to_f32(%x: tensor<9x33xf16> {mg.name = "x"}, %y: tensor<33x17xf16> {mg.name = "y"}) -> (tensor<9x17xf32> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [1] x [0] : (tensor<9x33xf16>, tensor<33x17xf16>) -> tensor<9x17xf32>
  return %z : tensor<9x17xf32>
}

// numpy @nothing: x @ y
func.func @nothing(%x: tensor<4x0xf32> {mg.name = "x"}, %y: tensor<0x5xf32> {mg.name = "y"}) -> (tensor<4x5xf32> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [1] x [0] : (tensor<4x0xf32>, tensor<0x5xf32>) -> tensor<4x5xf32>
  return %z : tensor<4x5xf32>
}

// numpy @i32: x @ y
func.func @i32(%x: tensor<9x33xi32> {mg.name = "x"}, %y: tensor<33x17xi32> {mg.name = "y"}) -> (tensor<9x17xi32> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [1] x [0] : (tensor<9x33xi32>, tensor<33x17xi32>) -> tensor<9x17xi32>
  return %z : tensor<9x17xi32>
}

// numpy @i8_to_i32: x.astype(np.int32) @ y.astype(np.int32)
func.func @i8_to_i32(%x: tensor<9x33xi8> {mg.name = "x"}, %y: tensor<33x17xi8> {mg.name = "y"}) -> (tensor<9x17xi32> {mg.name = "z"}) {
  %z = mg.dot %x, %y contract [1] x [0] : (tensor<9x33xi8>, tensor<33x17xi8>) -> tensor<9x17xi32>
  return %z : tensor<9x17xi32>
}
