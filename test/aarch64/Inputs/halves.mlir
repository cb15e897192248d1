// The narrow types: sums of halves are kept in f32, of bytes in i32.
module attributes {mg.name = "halves"} {
  func.func @f(%a: tensor<19x40xf16>, %b: tensor<40x21xf16>, %c: tensor<19x40xbf16>, %d: tensor<40x21xbf16>, %e: tensor<19x40xi8>, %f: tensor<40x21xi8>)
      -> (tensor<19x21xf16> {mg.name = "f16"}, tensor<19x21xbf16> {mg.name = "bf16"}, tensor<19x21xi32> {mg.name = "i8"}) {
    %x = mg.dot %a, %b contract [1] x [0] : (tensor<19x40xf16>, tensor<40x21xf16>) -> tensor<19x21xf16>
    %y = mg.dot %c, %d contract [1] x [0] : (tensor<19x40xbf16>, tensor<40x21xbf16>) -> tensor<19x21xbf16>
    %z = mg.dot %e, %f contract [1] x [0] : (tensor<19x40xi8>, tensor<40x21xi8>) -> tensor<19x21xi32>
    return %x, %y, %z : tensor<19x21xf16>, tensor<19x21xbf16>, tensor<19x21xi32>
  }
}
