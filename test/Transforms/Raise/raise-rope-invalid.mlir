// RUN: xlstm-opt %s --xlstm-raise-rope --split-input-file --verify-diagnostics
// Tables that are no rotation by the position.

onnx.graph @uneven(%ids: tensor<1x3xi64> {onnx.name = "input_ids"}) -> tensor<1x1x3x2xf32> {
  %table = onnx.weight "table" : tensor<16x2xf32>
  %x = lm.embed %ids, %table : (tensor<1x3xi64>, tensor<16x2xf32>) -> tensor<1x3x2xf32>
  %split = onnx.initializer = dense<[1, 3, 1, 2]> : tensor<4xi64> : tensor<4xi64>
  %h = onnx.Reshape %x, %split : (tensor<1x3x2xf32>, tensor<4xi64>) -> tensor<1x3x1x2xf32>
  %q = onnx.Transpose %h {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x3x1x2xf32>) -> tensor<1x1x3x2xf32>
  %cos = onnx.initializer = dense<[[[1.0], [0.540302277], [1.0]]]> : tensor<1x3x1xf32> : tensor<1x3x1xf32>
  %sin = onnx.initializer = dense<[[[0.0], [0.841471016], [0.0]]]> : tensor<1x3x1xf32> : tensor<1x3x1xf32>
  // expected-error @+1 {{node (RotaryEmbedding): rotary embedding: expected angles in proportion to the position, found others at pair 0}}
  %r = onnx.RotaryEmbedding %q, %cos, %sin : (tensor<1x1x3x2xf32>, tensor<1x3x1xf32>, tensor<1x3x1xf32>) -> tensor<1x1x3x2xf32>
  onnx.return %r : tensor<1x1x3x2xf32>
}

// -----
onnx.graph @first(%ids: tensor<1x3xi64> {onnx.name = "input_ids"}) -> tensor<1x1x3x2xf32> {
  %table = onnx.weight "table" : tensor<16x2xf32>
  %x = lm.embed %ids, %table : (tensor<1x3xi64>, tensor<16x2xf32>) -> tensor<1x3x2xf32>
  %split = onnx.initializer = dense<[1, 1, 3, 2]> : tensor<4xi64> : tensor<4xi64>
  %h = onnx.Reshape %x, %split : (tensor<1x3x2xf32>, tensor<4xi64>) -> tensor<1x1x3x2xf32>
  %cos = onnx.initializer = dense<[[[0.5], [0.540302277], [1.0]]]> : tensor<1x3x1xf32> : tensor<1x3x1xf32>
  %sin = onnx.initializer = dense<[[[0.8], [0.841471016], [0.0]]]> : tensor<1x3x1xf32> : tensor<1x3x1xf32>
  // expected-error @+1 {{rotary embedding: expected position 0 to be rotated by nothing}}
  %r = onnx.RotaryEmbedding %h, %cos, %sin : (tensor<1x1x3x2xf32>, tensor<1x3x1xf32>, tensor<1x3x1xf32>) -> tensor<1x1x3x2xf32>
  onnx.return %r : tensor<1x1x3x2xf32>
}
