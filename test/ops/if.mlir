// RUN: %python %S/check.py %s

// input @yes c: True
// numpy @yes: a + b, np.array(1, np.int32)
func.func @yes(%c: tensor<i1> {mg.name = "c"}, %a: tensor<5xf32> {mg.name = "a"}, %b: tensor<5xf32> {mg.name = "b"})
    -> (tensor<5xf32> {mg.name = "y"}, tensor<i32> {mg.name = "n"}) {
  %y:2 = mg.if @sum else @second(%c, %a, %b) : (tensor<i1>, tensor<5xf32>, tensor<5xf32>) -> (tensor<5xf32>, tensor<i32>)
  return %y#0, %y#1 : tensor<5xf32>, tensor<i32>
}

// input @no c: False
// numpy @no: b, np.array(2, np.int32)
func.func @no(%c: tensor<i1> {mg.name = "c"}, %a: tensor<5xf32> {mg.name = "a"}, %b: tensor<5xf32> {mg.name = "b"})
    -> (tensor<5xf32> {mg.name = "y"}, tensor<i32> {mg.name = "n"}) {
  %y:2 = mg.if @sum else @second(%c, %a, %b) : (tensor<i1>, tensor<5xf32>, tensor<5xf32>) -> (tensor<5xf32>, tensor<i32>)
  return %y#0, %y#1 : tensor<5xf32>, tensor<i32>
}
func.func private @sum(%a: tensor<5xf32>, %b: tensor<5xf32>) -> (tensor<5xf32>, tensor<i32>) {
  %y = mg.add %a, %b : tensor<5xf32>
  %n = mg.constant dense<1> : tensor<i32>
  return %y, %n : tensor<5xf32>, tensor<i32>
}
func.func private @second(%a: tensor<5xf32>, %b: tensor<5xf32>) -> (tensor<5xf32>, tensor<i32>) {
  %n = mg.constant dense<2> : tensor<i32>
  return %b, %n : tensor<5xf32>, tensor<i32>
}
