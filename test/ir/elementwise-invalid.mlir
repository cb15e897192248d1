// RUN: mgc-opt %s --split-input-file --verify-diagnostics

func.func @unary_C1(%x: tensor<4xi32>) {
  // expected-error@+1 {{exp: takes floats, not i32}}
  %0 = mg.exp %x : tensor<4xi32>
  return
}

// -----

func.func @neg_C1(%x: tensor<4xi1>) {
  // expected-error@+1 {{neg: takes numbers, not bool}}
  %0 = mg.neg %x : tensor<4xi1>
  return
}

// -----

func.func @not_C1(%x: tensor<4xf32>) {
  // expected-error@+1 {{not: takes signed integers, unsigned integers, bool, not f32}}
  %0 = mg.not %x : tensor<4xf32>
  return
}

// -----

func.func @binary_C1_shape(%x: tensor<4xf32>, %y: tensor<4x1xf32>) {
  // expected-error@+1 {{add: shapes differ (f32[4] and f32[4,1])}}
  %0 = "mg.add"(%x, %y) : (tensor<4xf32>, tensor<4x1xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @binary_C1_element(%x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error@+1 {{mul: element types f32 and f64 differ}}
  %0 = "mg.mul"(%x, %y) : (tensor<4xf32>, tensor<4xf64>) -> tensor<4xf32>
  return
}

// -----

func.func @binary_C2(%x: tensor<4xui8>) {
  // expected-error@+1 {{shr_a: takes signed integers, not ui8}}
  %0 = mg.shr_a %x, %x : tensor<4xui8>
  return
}

// -----

func.func @result(%x: tensor<4xf32>) {
  // expected-error@+1 {{exp: the result is f32[4], not f32[5]}}
  %0 = "mg.exp"(%x) : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @compare_C1(%x: tensor<4xf32>, %y: tensor<5xf32>) {
  // expected-error@+1 {{compare: shapes differ (f32[4] and f32[5])}}
  %0 = "mg.compare"(%x, %y) {direction = #mg<direction lt>} : (tensor<4xf32>, tensor<5xf32>) -> tensor<4xi1>
  return
}

// -----

func.func @select_C2(%c: tensor<4xi8>, %x: tensor<4xf32>) {
  // expected-error@+1 {{select: the condition i8[4] is no bool tensor of the shape of f32[4]}}
  %0 = mg.select %c, %x, %x : tensor<4xi8>, tensor<4xf32>
  return
}

// -----

func.func @convert_C1(%x: tensor<4xf32>) {
  // expected-error@+1 {{convert: shapes differ (f32[4] and i8[2,2])}}
  %0 = mg.convert truncate %x : tensor<4xf32> -> tensor<2x2xi8>
  return
}

// -----

func.func @bitcast_C1(%x: tensor<4xf32>) {
  // expected-error@+1 {{bitcast: shapes differ (f32[4] and i32[3])}}
  %0 = mg.bitcast %x : tensor<4xf32> -> tensor<3xi32>
  return
}

// -----

func.func @bitcast_C2(%x: tensor<4xf32>) {
  // expected-error@+1 {{bitcast: f32 and i64 are not of one width of at least 8 bits}}
  %0 = mg.bitcast %x : tensor<4xf32> -> tensor<4xi64>
  return
}
