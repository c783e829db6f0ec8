// RUN: xlstm-opt %s --xlstm-outline-layers --split-input-file --verify-diagnostics
// Graphs that are raised but are no model of layers.

onnx.graph @no_norm(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> tensor<?x?x16xf32> {
  %table = onnx.weight "table" : tensor<16x8xf32>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<16x8xf32>) -> tensor<?x?x8xf32>
  %logits = lm.linear %x, %table : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  // expected-error @+1 {{node (return): expected logits that a projection makes of a norm}}
  onnx.return %logits : tensor<?x?x16xf32>
}

// -----
onnx.graph @no_layers(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> tensor<?x?x16xf32> {
  %table = onnx.weight "table" : tensor<16x8xf32>
  %norm = onnx.weight "norm" : tensor<8xf32>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<16x8xf32>) -> tensor<?x?x8xf32>
  // expected-error @+1 {{node (rms_norm): expected layers between the embedding and the last norm, found none}}
  %y = lm.rms_norm %x, %norm {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, tensor<8xf32>
  %logits = lm.linear %y, %table : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  onnx.return %logits : tensor<?x?x16xf32>
}

// -----
// One sum alone: an MLP without attention before it.
onnx.graph @half(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> tensor<?x?x16xf32> {
  %table = onnx.weight "table" : tensor<16x8xf32>
  %norm = onnx.weight "norm" : tensor<8xf32>
  %w = onnx.weight "w" : tensor<8x8xf32>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<16x8xf32>) -> tensor<?x?x8xf32>
  %d = lm.linear %x, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  // expected-error @+1 {{node (add): expected a residual sum of the stream and a block, attention and MLP in turn, back to the embedding}}
  %s = lm.add %x, %d : tensor<?x?x8xf32>
  %y = lm.rms_norm %s, %norm {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, tensor<8xf32>
  %logits = lm.linear %y, %table : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  onnx.return %logits : tensor<?x?x16xf32>
}

// -----
// expected-error @+1 {{node (graph): expected one input of token ids, integers [B, T], found 2}}
onnx.graph @ambiguous(%ids: tensor<?x?xi64> {onnx.name = "a"}, %other: tensor<?x?xi64> {onnx.name = "b"}) -> tensor<?x?x8xf32> {
  %table = onnx.weight "table" : tensor<16x8xf32>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<16x8xf32>) -> tensor<?x?x8xf32>
  onnx.return %x : tensor<?x?x8xf32>
}

// -----
onnx.graph @empty(%ids: tensor<?x?xi64>) {
  // expected-error @+1 {{node (return): expected logits that a projection makes of a norm}}
  onnx.return
}
