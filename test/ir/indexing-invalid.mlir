// RUN: mgc-opt %s --split-input-file --verify-diagnostics

func.func @pad_C1(%x: tensor<4xf32>) {
  // expected-error@+1 {{pad: the value f32[4] is no scalar}}
  %0 = mg.pad %x, %x lo [0] hi [0] interior [0] : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @pad_C3(%x: tensor<4xf32>, %v: tensor<f32>) {
  // expected-error@+1 {{pad: interior: -1 is less than 0}}
  %0 = mg.pad %x, %v lo [0] hi [0] interior [-1] : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @pad_C4(%x: tensor<4xf32>, %v: tensor<f32>) {
  // expected-error@+1 {{pad: dimension 0 of size 4 gets no possible size}}
  %0 = mg.pad %x, %v lo [-3] hi [-2] interior [0] : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @pad_C4_overflow(%x: tensor<4xf32>, %v: tensor<f32>) {
  // expected-error@+1 {{pad: dimension 0 of size 4 gets no possible size}}
  %0 = mg.pad %x, %v lo [0] hi [9223372036854775807] interior [0] : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @pad_C5(%x: tensor<?xf32, #mg.dims<n = 1 to 9>>, %v: tensor<f32>) {
  // expected-error@+1 {{pad: dimension 0 ('n') cannot be padded}}
  %0 = mg.pad %x, %v lo [1] hi [0] interior [0] : (tensor<?xf32, #mg.dims<n = 1 to 9>>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @concat_C1() {
  // expected-error@+1 {{concat: takes at least 1 operand}}
  %0 = "mg.concat"() {dim = 0} : () -> tensor<4xf32>
  return
}

// -----

func.func @concat_C3(%x: tensor<4x3xf32>, %y: tensor<4x2xf32>) {
  // expected-error@+1 {{concat: f32[4,3] and f32[4,2] differ in more than dimension 0}}
  %0 = mg.concat %x, %y dim 0 : (tensor<4x3xf32>, tensor<4x2xf32>) -> tensor<8x3xf32>
  return
}

// -----

func.func @fold_C2(%x: tensor<4x3xf32>) {
  // expected-error@+1 {{fold: f32[4,3] does not hold the windows of f32[5]}}
  %0 = mg.fold %x dims [0] size [3] stride [1] dilation [1] : tensor<4x3xf32> -> tensor<5xf32>
  return
}

// -----

func.func @dynamic_slice_C1(%x: tensor<4x3xf32>, %s: tensor<1xi32>) {
  // expected-error@+1 {{dynamic_slice: the start i32[1] is no i32 or i64 vector with an entry per dimension (2)}}
  %0 = mg.dynamic_slice %x, %s size [1, 1] : (tensor<4x3xf32>, tensor<1xi32>) -> tensor<1x1xf32>
  return
}

// -----

func.func @dynamic_slice_C2(%x: tensor<4xf32>, %s: tensor<1xi32>) {
  // expected-error@+1 {{dynamic_slice: size 5 does not fit dimension 0 of f32[4]}}
  %0 = mg.dynamic_slice %x, %s size [5] : (tensor<4xf32>, tensor<1xi32>) -> tensor<5xf32>
  return
}

// -----

func.func @dynamic_update_slice_C2(%x: tensor<4xf32>, %u: tensor<5xf32>, %s: tensor<1xi32>) {
  // expected-error@+1 {{dynamic_update_slice: the update f32[5] does not fit into f32[4]}}
  %0 = mg.dynamic_update_slice %x, %u, %s : (tensor<4xf32>, tensor<5xf32>, tensor<1xi32>) -> tensor<4xf32>
  return
}
