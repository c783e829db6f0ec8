// RUN: xlstm-opt %s --xlstm-expand-fused --split-input-file --verify-diagnostics
// Attributes and declared types may say anything.

onnx.graph @heads(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %n = onnx.none : none
  // expected-error @+1 {{node (microsoft.GroupQueryAttention): expected queries [B, T, C] of num_heads heads}}
  %r = onnx.microsoft.GroupQueryAttention %x, %n, %n, %n, %n, %n, %n {kv_num_heads = 9223372036854775807 : i64, num_heads = 2 : i64} : (tensor<?x?x8xf32>, none, none, none, none, none, none) -> tensor<?x?x8xf32>
  onnx.return %r : tensor<?x?x8xf32>
}

// -----
onnx.graph @table(%x: tensor<?x?x8xf32>, %t: tensor<f32>) -> tensor<?x?x8xf32> {
  %n = onnx.none : none
  // expected-error @+1 {{node (microsoft.GroupQueryAttention): expected tables of cosines and sines where do_rotary is set}}
  %r = onnx.microsoft.GroupQueryAttention %x, %x, %x, %n, %n, %n, %n, %t, %t {do_rotary = 1 : i64, kv_num_heads = 2 : i64, num_heads = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, none, none, none, none, tensor<f32>, tensor<f32>) -> tensor<?x?x8xf32>
  onnx.return %r : tensor<?x?x8xf32>
}
