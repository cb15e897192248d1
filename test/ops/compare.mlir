// RUN: %python %S/check.py %s

// numpy @eq_f32: x == y
func.func @eq_f32(%x: tensor<3x37xf32> {mg.name = "x"}, %y: tensor<3x37xf32> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare eq %x, %y : tensor<3x37xf32>
  return %z : tensor<3x37xi1>
}

// numpy @eq_i8: x == y
func.func @eq_i8(%x: tensor<3x37xi8> {mg.name = "x"}, %y: tensor<3x37xi8> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare eq %x, %y : tensor<3x37xi8>
  return %z : tensor<3x37xi1>
}

// numpy @eq_ui8: x == y
func.func @eq_ui8(%x: tensor<3x37xui8> {mg.name = "x"}, %y: tensor<3x37xui8> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare eq %x, %y : tensor<3x37xui8>
  return %z : tensor<3x37xi1>
}

// numpy @ne_f32: x != y
func.func @ne_f32(%x: tensor<3x37xf32> {mg.name = "x"}, %y: tensor<3x37xf32> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare ne %x, %y : tensor<3x37xf32>
  return %z : tensor<3x37xi1>
}

// numpy @ne_i8: x != y
func.func @ne_i8(%x: tensor<3x37xi8> {mg.name = "x"}, %y: tensor<3x37xi8> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare ne %x, %y : tensor<3x37xi8>
  return %z : tensor<3x37xi1>
}

// numpy @ne_ui8: x != y
func.func @ne_ui8(%x: tensor<3x37xui8> {mg.name = "x"}, %y: tensor<3x37xui8> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare ne %x, %y : tensor<3x37xui8>
  return %z : tensor<3x37xi1>
}

// numpy @lt_f32: x < y
func.func @lt_f32(%x: tensor<3x37xf32> {mg.name = "x"}, %y: tensor<3x37xf32> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare lt %x, %y : tensor<3x37xf32>
  return %z : tensor<3x37xi1>
}

// numpy @lt_i8: x < y
func.func @lt_i8(%x: tensor<3x37xi8> {mg.name = "x"}, %y: tensor<3x37xi8> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare lt %x, %y : tensor<3x37xi8>
  return %z : tensor<3x37xi1>
}

// numpy @lt_ui8: x < y
func.func @lt_ui8(%x: tensor<3x37xui8> {mg.name = "x"}, %y: tensor<3x37xui8> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare lt %x, %y : tensor<3x37xui8>
  return %z : tensor<3x37xi1>
}

// numpy @le_f32: x <= y
func.func @le_f32(%x: tensor<3x37xf32> {mg.name = "x"}, %y: tensor<3x37xf32> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare le %x, %y : tensor<3x37xf32>
  return %z : tensor<3x37xi1>
}

// numpy @le_i8: x <= y
func.func @le_i8(%x: tensor<3x37xi8> {mg.name = "x"}, %y: tensor<3x37xi8> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare le %x, %y : tensor<3x37xi8>
  return %z : tensor<3x37xi1>
}

// numpy @le_ui8: x <= y
func.func @le_ui8(%x: tensor<3x37xui8> {mg.name = "x"}, %y: tensor<3x37xui8> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare le %x, %y : tensor<3x37xui8>
  return %z : tensor<3x37xi1>
}

// numpy @gt_f32: x > y
func.func @gt_f32(%x: tensor<3x37xf32> {mg.name = "x"}, %y: tensor<3x37xf32> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare gt %x, %y : tensor<3x37xf32>
  return %z : tensor<3x37xi1>
}

// numpy @gt_i8: x > y
func.func @gt_i8(%x: tensor<3x37xi8> {mg.name = "x"}, %y: tensor<3x37xi8> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare gt %x, %y : tensor<3x37xi8>
  return %z : tensor<3x37xi1>
}

// numpy @gt_ui8: x > y
func.func @gt_ui8(%x: tensor<3x37xui8> {mg.name = "x"}, %y: tensor<3x37xui8> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare gt %x, %y : tensor<3x37xui8>
  return %z : tensor<3x37xi1>
}

// numpy @ge_f32: x >= y
func.func @ge_f32(%x: tensor<3x37xf32> {mg.name = "x"}, %y: tensor<3x37xf32> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare ge %x, %y : tensor<3x37xf32>
  return %z : tensor<3x37xi1>
}

// numpy @ge_i8: x >= y
func.func @ge_i8(%x: tensor<3x37xi8> {mg.name = "x"}, %y: tensor<3x37xi8> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare ge %x, %y : tensor<3x37xi8>
  return %z : tensor<3x37xi1>
}

// numpy @ge_ui8: x >= y
func.func @ge_ui8(%x: tensor<3x37xui8> {mg.name = "x"}, %y: tensor<3x37xui8> {mg.name = "y"}) -> (tensor<3x37xi1> {mg.name = "z"}) {
  %z = mg.compare ge %x, %y : tensor<3x37xui8>
  return %z : tensor<3x37xi1>
}
