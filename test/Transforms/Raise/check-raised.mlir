// RUN: xlstm-opt %s --xlstm-check-raised --split-input-file --verify-diagnostics
// The first node left over, and what is known of it.

onnx.graph @raised(%ids: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %w = onnx.weight "table" : tensor<16x8xf32>
  %x = lm.embed %ids, %w : (tensor<?x?xi64>, tensor<16x8xf32>) -> tensor<?x?x8xf32>
  onnx.return %x : tensor<?x?x8xf32>
}

// -----
onnx.graph @norm(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{node (Sqrt): is part of no embedding, projection by a weight, RMS norm, rotary embedding, attention, gated MLP or residual sum that is known; it makes 'tensor<?x?x8xf32>' of 'tensor<?x?x8xf32>'}}
  %y = onnx.Sqrt %x : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %z = onnx.Sigmoid %y : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  onnx.return %z : tensor<?x?x8xf32>
}

// -----
// A Slice may be anything.
onnx.graph @slice(%x: tensor<?x?x8xf32>, %i: tensor<1xi64>) -> tensor<?x?x4xf32> {
  // expected-error @+1 {{node (Slice): is part of no embedding, }}
  %y = onnx.Slice %x, %i, %i, %i : (tensor<?x?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x4xf32>
  onnx.return %y : tensor<?x?x4xf32>
}

// -----
// Operators that have one purpose.
onnx.graph @norm(%x: tensor<?x?x8xf32>, %w: tensor<8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{node (SimplifiedLayerNormalization): expected it to be part of an RMS norm, x / sqrt(mean(x^2) + eps) * weight over the last dimension}}
  %y = onnx.SimplifiedLayerNormalization %x, %w {axis = 1 : i64} : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  onnx.return %y : tensor<?x?x8xf32>
}

// -----
onnx.graph @gelu(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{node (microsoft.QuickGelu): expected it to be part of a gated MLP, gate * sigmoid(alpha * gate) * up with alpha 1, found alpha 1.702}}
  %y = onnx.microsoft.QuickGelu %x : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  onnx.return %y : tensor<?x?x8xf32>
}

// -----
onnx.graph @swish(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{with alpha 1, found alpha 0.5}}
  %y = onnx.Swish %x {alpha = 0.5 : f32} : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  onnx.return %y : tensor<?x?x8xf32>
}
