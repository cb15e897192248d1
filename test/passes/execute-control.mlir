// RUN: %S/Inputs/execute %s | FileCheck %s

func.func private @printMemrefI32(tensor<*xi32>) attributes {llvm.emit_c_interface}
func.func private @printMemrefF32(tensor<*xf32>) attributes {llvm.emit_c_interface}

func.func private @sum(%h: tensor<i32>, %x: tensor<i32>) -> (tensor<i32>, tensor<i32>) {
  %y = mg.add %h, %x : tensor<i32>
  return %y, %h : tensor<i32>, tensor<i32>
}
// Whether a row of bools has one, so far, and the row with that added.
func.func private @seen(%any: tensor<i1>, %row: tensor<2xi1>) -> (tensor<i1>, tensor<2xi1>) {
  %here = mg.reduce or %row [0] : tensor<2xi1> -> tensor<i1>
  %next = mg.or %any, %here : tensor<i1>
  %wide = mg.broadcast %next [] : tensor<i1> -> tensor<2xi1>
  %both = mg.xor %row, %wide : tensor<2xi1>
  return %next, %both : tensor<i1>, tensor<2xi1>
}
func.func private @below(%most: tensor<i32>, %x: tensor<i32>) -> tensor<i1> {
  %c = mg.compare lt %x, %most : tensor<i32>
  return %c : tensor<i1>
}
func.func private @twice(%most: tensor<i32>, %x: tensor<i32>) -> tensor<i32> {
  %y = mg.add %x, %x : tensor<i32>
  return %y : tensor<i32>
}
func.func private @total(%xs: tensor<4xi32>) -> tensor<i32> {
  %zero = mg.constant dense<0> : tensor<i32>
  %y, %all = mg.scan @sum(%zero, %xs) carries 1 length 4 : (tensor<i32>, tensor<4xi32>) -> (tensor<i32>, tensor<4xi32>)
  return %y : tensor<i32>
}
func.func private @none(%xs: tensor<4xi32>) -> tensor<i32> {
  %y = mg.constant dense<-1> : tensor<i32>
  return %y : tensor<i32>
}

func.func private @main() {
  %xs = mg.constant dense<[1, 2, 3, 4]> : tensor<4xi32>
  %ten = mg.constant dense<10> : tensor<i32>
  // CHECK: [20]
  // CHECK: [10, 11, 13, 16]
  %a, %as = mg.scan @sum(%ten, %xs) carries 1 length 4 : (tensor<i32>, tensor<4xi32>) -> (tensor<i32>, tensor<4xi32>)
  %0 = tensor.cast %a : tensor<i32> to tensor<*xi32>
  call @printMemrefI32(%0) : (tensor<*xi32>) -> ()
  %1 = tensor.cast %as : tensor<4xi32> to tensor<*xi32>
  call @printMemrefI32(%1) : (tensor<*xi32>) -> ()
  // Outputs lie at their index.
  // CHECK: [19, 17, 14, 10]
  %b, %bs = mg.scan @sum(%ten, %xs) carries 1 length 4 reverse : (tensor<i32>, tensor<4xi32>) -> (tensor<i32>, tensor<4xi32>)
  %2 = tensor.cast %bs : tensor<4xi32> to tensor<*xi32>
  call @printMemrefI32(%2) : (tensor<*xi32>) -> ()
  // CHECK: [0, 0]
  // CHECK-NEXT: [0, 1]
  // CHECK-NEXT: [1, 1]
  %rows = mg.constant dense<[[false, false], [true, false], [false, false]]> : tensor<3x2xi1>
  %no = mg.constant dense<false> : tensor<i1>
  %any, %seen = mg.scan @seen(%no, %rows) carries 1 length 3 : (tensor<i1>, tensor<3x2xi1>) -> (tensor<i1>, tensor<3x2xi1>)
  %numbers = mg.convert truncate %seen : tensor<3x2xi1> -> tensor<3x2xi32>
  %3 = tensor.cast %numbers : tensor<3x2xi32> to tensor<*xi32>
  call @printMemrefI32(%3) : (tensor<*xi32>) -> ()
  // CHECK: [12]
  // CHECK: [6]
  %three = mg.constant dense<3> : tensor<i32>
  %c = mg.while @below do @twice(%ten, %three) consts 1 : (tensor<i32>, tensor<i32>) -> tensor<i32>
  %4 = tensor.cast %c : tensor<i32> to tensor<*xi32>
  call @printMemrefI32(%4) : (tensor<*xi32>) -> ()
  %d = mg.while @below do @twice(%ten, %three) consts 1 max_trips 1 : (tensor<i32>, tensor<i32>) -> tensor<i32>
  %5 = tensor.cast %d : tensor<i32> to tensor<*xi32>
  call @printMemrefI32(%5) : (tensor<*xi32>) -> ()
  // CHECK: [20]
  // CHECK: [-2]
  %e = mg.if @total else @none(%any, %xs) : (tensor<i1>, tensor<4xi32>) -> tensor<i32>
  %e2 = mg.add %e, %e : tensor<i32>
  %6 = tensor.cast %e2 : tensor<i32> to tensor<*xi32>
  call @printMemrefI32(%6) : (tensor<*xi32>) -> ()
  %f = mg.if @total else @none(%no, %xs) : (tensor<i1>, tensor<4xi32>) -> tensor<i32>
  %f2 = mg.add %f, %f : tensor<i32>
  %7 = tensor.cast %f2 : tensor<i32> to tensor<*xi32>
  call @printMemrefI32(%7) : (tensor<*xi32>) -> ()
  return
}
