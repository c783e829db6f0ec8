// RUN: xlstm-opt %s --split-input-file --verify-diagnostics
// One case a numbered constraint of docs/Spec/ONNX.md.

// node C1
onnx.graph @g(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{'onnx.MatMul' op expects 2 inputs, found 1}}
  %y = onnx.MatMul %x : (tensor<2x2xf32>) -> tensor<2x2xf32>
  onnx.return
}

// -----
// node C1
onnx.graph @g(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{'onnx.Slice' op expects 3 to 5 inputs, found 1}}
  %y = onnx.Slice %x : (tensor<2x2xf32>) -> tensor<2x2xf32>
  onnx.return
}

// -----
// node C2
onnx.graph @g(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{'onnx.Neg' op expects 1 to 1 outputs, found 2}}
  %y:2 = onnx.Neg %x : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>)
  onnx.return
}

// -----
// node C3
onnx.graph @g(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{'onnx.Softmax' op has no attribute 'axes'}}
  %y = onnx.Softmax %x {axes = 1 : i64} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  onnx.return
}

// -----
// node C4
onnx.graph @g(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{'onnx.Softmax' op expects attribute 'axis' to be an i64, found 5.000000e-01 : f32}}
  %y = onnx.Softmax %x {axis = 0.5 : f32} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  onnx.return
}

// -----
// node C5
onnx.graph @g(%x: tensor<?x?x32xf32>, %n: tensor<32x1x16xui8>, %s: tensor<32xf32>) {
  // expected-error @+1 {{'onnx.microsoft.MatMulNBits' op expects attribute 'K', an i64, found none}}
  %y = onnx.microsoft.MatMulNBits %x, %n, %s {N = 32 : i64} : (tensor<?x?x32xf32>, tensor<32x1x16xui8>, tensor<32xf32>) -> tensor<?x?x32xf32>
  onnx.return
}

// -----
// graph C1
// expected-error @+1 {{'onnx.graph' op expects to end in onnx.return of its 1 results}}
onnx.graph @g(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  onnx.return
}

// -----
// initializer C1
onnx.graph @g(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{'onnx.initializer' op expects a name or a value}}
  %y = onnx.initializer : tensor<2xf32>
  onnx.return
}

// -----
// initializer C2
onnx.graph @g(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{'onnx.initializer' op expects a name that is not empty}}
  %y = onnx.initializer "" : tensor<2xf32>
  onnx.return
}

// -----
// initializer C3
onnx.graph @g(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{'onnx.initializer' op expects a value of type 'tensor<2xf32>', found 'tensor<3xf32>'}}
  %y = onnx.initializer "w" = dense<1.0> : tensor<3xf32> : tensor<2xf32>
  onnx.return
}

// -----
// initializer C4
onnx.graph @g(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{'onnx.initializer' op expects a sample of its first rows, found 'tensor<1x3xf32>' of 'tensor<9x2xf32>'}}
  %y = onnx.initializer "w" {sample = dense<1.0> : tensor<1x3xf32>} : tensor<9x2xf32>
  onnx.return
}

// -----
// initializer C5
onnx.graph @g(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{'onnx.initializer' op expects a band with seen, masked, first and last, of as many queries as keys, found {seen = 0.000000e+00 : f64}}}
  %y = onnx.initializer "m" {band = {seen = 0.0 : f64}} : tensor<2x2xf32>
  onnx.return
}

// -----
// weight C1
onnx.graph @g(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{'onnx.weight' op expects a matrix where it is transposed, found 'tensor<2xf32>'}}
  %y = onnx.weight "w" {transposed} : tensor<2xf32>
  onnx.return
}

// -----
// weight C2
onnx.graph @g(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{'onnx.weight' op expects rows to be [first, end) of as many rows as 'tensor<2x2xf32>' has}}
  %y = onnx.weight "w" {rows = array<i64: 1, 4>} : tensor<2x2xf32>
  onnx.return
}

// -----
// weight C3
onnx.graph @g(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{'onnx.weight' op expects blocks with bits, size and scales, of a matrix [out, in], found {bits = 4 : i64}}}
  %y = onnx.weight "w" {blocks = {bits = 4 : i64}} : tensor<2x2xf32>
  onnx.return
}
