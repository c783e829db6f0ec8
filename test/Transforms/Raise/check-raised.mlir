// RUN: xlstm-opt %s --xlstm-check-raised --split-input-file --verify-diagnostics
// The first node left over, and what it was expected to be part of.

onnx.graph @raised(%ids: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %w = onnx.weight "table" : tensor<16x8xf32>
  %x = lm.embed %ids, %w : (tensor<?x?xi64>, tensor<16x8xf32>) -> tensor<?x?x8xf32>
  onnx.return %x : tensor<?x?x8xf32>
}

// -----
onnx.graph @norm(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{node (Sqrt): expected it to be part of an RMS norm, x / sqrt(mean(x^2) + eps) * weight over the last dimension}}
  %y = onnx.Sqrt %x : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %z = onnx.Sigmoid %y : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  onnx.return %z : tensor<?x?x8xf32>
}
