// RUN: mgc-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{dims: bounds of 'n' are 0 to 9; 1 <= lo <= hi is needed}}
func.func @zero(%x: tensor<?xf32, #mg.dims<n = 0 to 9>>) { return }

// -----

// expected-error@+1 {{dims: bounds of 'n' are 9 to 8; 1 <= lo <= hi is needed}}
func.func @order(%x: tensor<?xf32, #mg.dims<n = 9 to 8>>) { return }

// -----

// expected-error@+1 {{dims: 'n' has two bounds}}
func.func @two(%x: tensor<?x?xf32, #mg.dims<n = 1 to 8, n = 1 to 9>>) { return }

// -----

// expected-error@+1 {{dims: 1 entries for 2 dimensions}}
func.func @rank(%x: tensor<?x4xf32, #mg.dims<n = 1 to 8>>) { return }

// -----

// expected-error@+1 {{dims: a '?' needs a name, a static dimension needs '_'}}
func.func @place(%x: tensor<?x4xf32, #mg.dims<_, n = 1 to 8>>) { return }

// -----

func.func @T3_no_name(%x: tensor<?xf32>) {
  // expected-error@+1 {{exp: operand 0 has a '?' without a name: write #mg.dims<name = lo to hi>}}
  %0 = mg.exp %x : tensor<?xf32>
  return
}

// -----

func.func @T3_bounds(%x: tensor<?xf32, #mg.dims<n = 1 to 8>>, %y: tensor<?xf32, #mg.dims<n = 1 to 9>>) {
  // expected-error@+1 {{concat: 'n' is 1 to 8 and 1 to 9}}
  %0 = mg.concat %x, %y dim 0 : (tensor<?xf32, #mg.dims<n = 1 to 8>>, tensor<?xf32, #mg.dims<n = 1 to 9>>) -> tensor<9xf32>
  return
}

// -----

func.func @names(%x: tensor<?xf32, #mg.dims<n = 1 to 8>>, %y: tensor<?xf32, #mg.dims<m = 1 to 8>>) {
  // expected-error@+1 {{add: shapes differ (f32[n] and f32[m])}}
  %0 = "mg.add"(%x, %y) : (tensor<?xf32, #mg.dims<n = 1 to 8>>, tensor<?xf32, #mg.dims<m = 1 to 8>>) -> tensor<?xf32, #mg.dims<n = 1 to 8>>
  return
}

// -----

func.func @T1(%x: tensor<4xf32>) {
  // expected-error@+1 {{result #0 must be}}
  %0 = mg.convert truncate %x : tensor<4xf32> -> tensor<4xi7>
  return
}

// -----

func.func @T2(%x: tensor<1xf32>) {
  // expected-error@+1 {{reshape: the result has rank 17, the largest is 16}}
  %0 = mg.reshape %x : tensor<1xf32> -> tensor<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1xf32>
  return
}

// -----

func.func @T4(%x: tensor<f32>) {
  // expected-error@+1 {{broadcast: the result f32[2147483648,2147483648] is too large}}
  %0 = mg.broadcast %x [] : tensor<f32> -> tensor<2147483648x2147483648xf32>
  return
}

// -----

// A zero does not hide the overflow.
func.func @T4_zero(%x: tensor<f32>) {
  // expected-error@+1 {{is too large}}
  %0 = mg.broadcast %x [] : tensor<f32> -> tensor<4294967296x4294967296x0xf32>
  return
}

// -----

func.func @T4_dynamic(%x: tensor<f32>) {
  // expected-error@+1 {{is too large}}
  %0 = mg.broadcast %x [] : tensor<f32> -> tensor<?x?xf32, #mg.dims<n = 1 to 4294967296, n = 1 to 4294967296>>
  return
}
