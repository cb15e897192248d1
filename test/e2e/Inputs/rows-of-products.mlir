// A product and the kernel of its rows may take turns (codegen/rows/RowBlocks.h): rows of several loops, of which a block knows but one,
// and a number of rows that no block divides.
module attributes {mg.name = "rows"} {
func.func @several(%x: tensor<256x16x16xf32> {mg.name = "x"}, %w: tensor<16x512xf32> {mg.name = "w"}, %b: tensor<512xf32> {mg.name = "b"}) -> (tensor<256x16x512xf32> {mg.name = "y"}) {
  %product = mg.dot %x, %w contract [2] x [0] : (tensor<256x16x16xf32>, tensor<16x512xf32>) -> tensor<256x16x512xf32>
  %biases = mg.broadcast %b [2] : tensor<512xf32> -> tensor<256x16x512xf32>
  %biased = mg.add %product, %biases : tensor<256x16x512xf32>
  %top = mg.reduce max %biased [2] : tensor<256x16x512xf32> -> tensor<256x16xf32>
  %tops = mg.broadcast %top [0, 1] : tensor<256x16xf32> -> tensor<256x16x512xf32>
  %y = mg.sub %biased, %tops : tensor<256x16x512xf32>
  return %y : tensor<256x16x512xf32>
}
func.func @uneven(%x: tensor<4097x64xf32> {mg.name = "x"}, %w: tensor<64x256xf32> {mg.name = "w"}, %b: tensor<256xf32> {mg.name = "b"}) -> (tensor<4097x256xf32> {mg.name = "y"}) {
  %product = mg.dot %x, %w contract [1] x [0] : (tensor<4097x64xf32>, tensor<64x256xf32>) -> tensor<4097x256xf32>
  %biases = mg.broadcast %b [1] : tensor<256xf32> -> tensor<4097x256xf32>
  %biased = mg.add %product, %biases : tensor<4097x256xf32>
  %top = mg.reduce max %biased [1] : tensor<4097x256xf32> -> tensor<4097xf32>
  %tops = mg.broadcast %top [0] : tensor<4097xf32> -> tensor<4097x256xf32>
  %y = mg.sub %biased, %tops : tensor<4097x256xf32>
  return %y : tensor<4097x256xf32>
}
func.func @whole(%x: tensor<4096x64xf32> {mg.name = "x"}, %w: tensor<64x256xf32> {mg.name = "w"}, %b: tensor<256xf32> {mg.name = "b"}) -> (tensor<4096x256xf32> {mg.name = "y"}) {
  %product = mg.dot %x, %w contract [1] x [0] : (tensor<4096x64xf32>, tensor<64x256xf32>) -> tensor<4096x256xf32>
  %biases = mg.broadcast %b [1] : tensor<256xf32> -> tensor<4096x256xf32>
  %biased = mg.add %product, %biases : tensor<4096x256xf32>
  %top = mg.reduce max %biased [1] : tensor<4096x256xf32> -> tensor<4096xf32>
  %tops = mg.broadcast %top [0] : tensor<4096xf32> -> tensor<4096x256xf32>
  %y = mg.sub %biased, %tops : tensor<4096x256xf32>
  return %y : tensor<4096x256xf32>
}
}
