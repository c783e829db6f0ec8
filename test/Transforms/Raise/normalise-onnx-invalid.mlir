// RUN: xlstm-opt %s --xlstm-normalise-onnx --split-input-file --verify-diagnostics
// The first node whose inputs do not fit is named.

onnx.graph @g(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (!onnx.unknown {onnx.name = "logits"}) {
  %table = onnx.initializer "table" : tensor<16x8xf32>
  %w = onnx.initializer "w" : tensor<4x8xf32>
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
  // expected-error @+1 {{node (MatMul): expected inner dimensions that agree, found float [3, 7, 8] and float [4, 8]}}
  %y = onnx.MatMul %x, %w : (!onnx.unknown, tensor<4x8xf32>) -> !onnx.unknown
  onnx.return %y : !onnx.unknown
}

// -----
onnx.graph @g(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (!onnx.unknown {onnx.name = "logits"}) {
  %table = onnx.initializer "table" : tensor<16x8xf32>
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
  // expected-error @+1 {{node (Softmax): expected an axis of -3 to 2, found 7}}
  %y = onnx.Softmax %x {axis = 7 : i64} : (!onnx.unknown) -> !onnx.unknown
  onnx.return %y : !onnx.unknown
}

// -----
onnx.graph @g(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (!onnx.unknown {onnx.name = "logits"}) {
  %shape = onnx.Shape %ids : (tensor<?x?xi64>) -> !onnx.unknown
  // A range as long as a token id would be, an unknown number.
  %zero = onnx.initializer "zero" = dense<0> : tensor<i64> : tensor<i64>
  // expected-error @+1 {{node (Range): expected three numbers that do not depend on the tokens, found integer [3, 7]}}
  %r = onnx.Range %zero, %ids, %zero : (tensor<i64>, tensor<?x?xi64>, tensor<i64>) -> !onnx.unknown
  onnx.return %r : !onnx.unknown
}

// -----
// expected-error @+1 {{node (graph): expected one output of logits, floats [B, T, V], found 0}}
onnx.graph @g(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (!onnx.unknown {onnx.name = "other"}) {
  %y = onnx.Shape %ids : (tensor<?x?xi64>) -> !onnx.unknown
  onnx.return %y : !onnx.unknown
}

// -----
// expected-error @+1 {{node (graph): expected one input of token ids, integers [B, T], found 0}}
onnx.graph @g(%x: tensor<?x?x8xf32> {onnx.name = "x"}) -> (tensor<?x?x8xf32> {onnx.name = "logits"}) {
  onnx.return %x : tensor<?x?x8xf32>
}
