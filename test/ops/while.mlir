// RUN: %python %S/check.py %s

// input @powers n: 1
// input @powers x: [1, 2, 3]
// numpy @powers: np.array(128, np.int32), x * 128
func.func @powers(%n: tensor<i32> {mg.name = "n"}, %x: tensor<3xf32> {mg.name = "x"})
    -> (tensor<i32> {mg.name = "m"}, tensor<3xf32> {mg.name = "y"}) {
  %most = mg.constant dense<100> : tensor<i32>
  %y:2 = mg.while @below do @twice(%most, %n, %x) consts 1
      : (tensor<i32>, tensor<i32>, tensor<3xf32>) -> (tensor<i32>, tensor<3xf32>)
  return %y#0, %y#1 : tensor<i32>, tensor<3xf32>
}

// input @limited n: 1
// input @limited x: [1, 2, 3]
// numpy @limited: np.array(8, np.int32), x * 8
func.func @limited(%n: tensor<i32> {mg.name = "n"}, %x: tensor<3xf32> {mg.name = "x"})
    -> (tensor<i32> {mg.name = "m"}, tensor<3xf32> {mg.name = "y"}) {
  %most = mg.constant dense<100> : tensor<i32>
  %y:2 = mg.while @below do @twice(%most, %n, %x) consts 1 max_trips 3
      : (tensor<i32>, tensor<i32>, tensor<3xf32>) -> (tensor<i32>, tensor<3xf32>)
  return %y#0, %y#1 : tensor<i32>, tensor<3xf32>
}
func.func private @below(%most: tensor<i32>, %n: tensor<i32>, %x: tensor<3xf32>) -> tensor<i1> {
  %c = mg.compare lt %n, %most : tensor<i32>
  return %c : tensor<i1>
}
func.func private @twice(%most: tensor<i32>, %n: tensor<i32>, %x: tensor<3xf32>) -> (tensor<i32>, tensor<3xf32>) {
  %m = mg.add %n, %n : tensor<i32>
  %y = mg.add %x, %x : tensor<3xf32>
  return %m, %y : tensor<i32>, tensor<3xf32>
}

// No trip, and states that change places.
// input @swapped n: 3
// numpy @swapped: np.array(0, np.int32), b, a
func.func @swapped(%n: tensor<i32> {mg.name = "n"}, %a: tensor<3xf32> {mg.name = "a"}, %b: tensor<3xf32> {mg.name = "b"})
    -> (tensor<i32> {mg.name = "m"}, tensor<3xf32> {mg.name = "c"}, tensor<3xf32> {mg.name = "d"}) {
  %y:3 = mg.while @positive do @swap(%n, %a, %b)
      : (tensor<i32>, tensor<3xf32>, tensor<3xf32>) -> (tensor<i32>, tensor<3xf32>, tensor<3xf32>)
  return %y#0, %y#1, %y#2 : tensor<i32>, tensor<3xf32>, tensor<3xf32>
}
func.func private @positive(%n: tensor<i32>, %a: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<i1> {
  %zero = mg.constant dense<0> : tensor<i32>
  %c = mg.compare gt %n, %zero : tensor<i32>
  return %c : tensor<i1>
}
func.func private @swap(%n: tensor<i32>, %a: tensor<3xf32>, %b: tensor<3xf32>) -> (tensor<i32>, tensor<3xf32>, tensor<3xf32>) {
  %one = mg.constant dense<1> : tensor<i32>
  %m = mg.sub %n, %one : tensor<i32>
  return %m, %b, %a : tensor<i32>, tensor<3xf32>, tensor<3xf32>
}
