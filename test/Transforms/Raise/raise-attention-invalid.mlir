// RUN: xlstm-opt %s --xlstm-raise-attention --split-input-file --verify-diagnostics
// What is near attention but is not the attention that lm has.

onnx.graph @unmasked(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %q: tensor<?x2x?x4xf32>, %k: tensor<?x2x4x?xf32>) -> tensor<?x2x?x4xf32> {
  %s = onnx.MatMul %q, %k : (tensor<?x2x?x4xf32>, tensor<?x2x4x?xf32>) -> tensor<?x2x?x?xf32>
  %p = onnx.Softmax %s {axis = -1 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  // expected-error @+1 {{node (MatMul): attention: expected softmax(q * k^T + mask), found another form of scores}}
  %h = onnx.MatMul %p, %q : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  onnx.return %h : tensor<?x2x?x4xf32>
}

// -----
onnx.graph @axis(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %s: tensor<?x2x?x?xf32>, %v: tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32> {
  %p = onnx.Softmax %s {axis = 2 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  // expected-error @+1 {{attention: expected softmax over the keys (axis -1), found axis 2}}
  %h = onnx.MatMul %p, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  onnx.return %h : tensor<?x2x?x4xf32>
}

// -----
onnx.graph @softcap(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %q: tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32> {
  // expected-error @+1 {{node (Attention): attention: expected no softcap, found 30.000000}}
  %h = onnx.Attention %q, %q, %q {is_causal = 1 : i64, softcap = 30.0 : f32} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  onnx.return %h : tensor<?x2x?x4xf32>
}

// -----
// A mask that shows the future.
onnx.graph @future(%ids: tensor<1x2xi64> {onnx.name = "input_ids"}, %xi: tensor<1x2x1x4xf32>) -> tensor<1x1x2x4xf32> {
  %w = onnx.weight "norm" : tensor<4xf32>
  %x = lm.rms_norm %xi, %w {eps = 1.0e-5 : f64} : tensor<1x2x1x4xf32>, tensor<4xf32>
  %mask = onnx.initializer = dense<true> : tensor<2x2xi1> : tensor<2x2xi1>
  %q = onnx.Transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x2x1x4xf32>) -> tensor<1x1x2x4xf32>
  // expected-error @+1 {{attention: expected a causal mask, perhaps within a window, found one in which token 0 sees token 1}}
  %h = onnx.Attention %q, %q, %q, %mask : (tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>, tensor<2x2xi1>) -> tensor<1x1x2x4xf32>
  onnx.return %h : tensor<1x1x2x4xf32>
}

// -----
// Heads and channels swapped: [B, T, 4, 2] read as two heads of four.
onnx.graph @swapped(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %xi: tensor<?x?x8xf32>) -> tensor<?x2x?x4xf32> {
  %x = lm.add %xi, %xi : tensor<?x?x8xf32>
  %split = onnx.initializer = dense<[0, 0, 4, 2]> : tensor<4xi64> : tensor<4xi64>
  %h = onnx.Reshape %x, %split : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x4x2xf32>
  %q = onnx.Transpose %h {perm = array<i64: 0, 3, 1, 2>} : (tensor<?x?x4x2xf32>) -> tensor<?x2x?x4xf32>
  // expected-error @+1 {{attention: expected heads in order, each repeated in place, found another order of elements}}
  %r = onnx.Attention %q, %q, %q {is_causal = 1 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  onnx.return %r : tensor<?x2x?x4xf32>
}
