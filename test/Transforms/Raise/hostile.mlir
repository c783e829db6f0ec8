// RUN: xlstm-opt %s --xlstm-normalise-onnx --split-input-file --verify-diagnostics
// Sizes that overflow or fill memory, and inputs of kinds that an operator does not have, end in one diagnostic.

onnx.graph @many_tokens(%ids: tensor<1000000000x1000000000xi64> {onnx.name = "input_ids"}, %mask: tensor<1000000000x1000000000xi64> {onnx.name = "attention_mask"}) -> (!onnx.unknown {onnx.name = "logits"}) {
  %k = onnx.initializer = dense<1> : tensor<1xi64> : tensor<1xi64>
  // expected-error @+1 {{node (Range): expected three numbers that do not depend on the tokens, found integer [1000000000, 1000000000]}}
  %r = onnx.Range %mask, %mask, %mask : (tensor<1000000000x1000000000xi64>, tensor<1000000000x1000000000xi64>, tensor<1000000000x1000000000xi64>) -> !onnx.unknown
  onnx.return %r : !onnx.unknown
}

// -----
onnx.graph @large_constant(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (!onnx.unknown {onnx.name = "logits"}) {
  %k = onnx.initializer = dense<1> : tensor<1000000000000xi64> : tensor<1000000000000xi64>
  // expected-error @+1 {{node (Unsqueeze): expected input 1 to be a few integers that do not depend on the tokens}}
  %r = onnx.Unsqueeze %ids, %k : (tensor<?x?xi64>, tensor<1000000000000xi64>) -> !onnx.unknown
  onnx.return %r : !onnx.unknown
}

// -----
onnx.graph @overflow(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (!onnx.unknown {onnx.name = "logits"}) {
  %k = onnx.initializer = dense<4611686018427387904> : tensor<2xi64> : tensor<2xi64>
  %c = onnx.ConstantOfShape %k : (tensor<2xi64>) -> !onnx.unknown
  // expected-error @+1 {{node (Concat): expected sizes whose sum is a size, found float [4611686018427387904, 4611686018427387904]}}
  %r = onnx.Concat %c, %c {axis = 0 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
  onnx.return %r : !onnx.unknown
}

// -----
onnx.graph @empty_parts(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (!onnx.unknown {onnx.name = "logits"}) {
  %a = onnx.initializer "a" : tensor<0x5x1xf32>
  %b = onnx.initializer "b" : tensor<3x0x1xf32>
  %c = onnx.Concat %a, %b {axis = 0 : i64} : (tensor<0x5x1xf32>, tensor<3x0x1xf32>) -> !onnx.unknown
  %k = onnx.initializer = dense<0> : tensor<1xi64> : tensor<1xi64>
  %m = onnx.initializer = dense<-1> : tensor<1xi64> : tensor<1xi64>
  // A step back through nothing.
  %s = onnx.Slice %c, %m, %k, %k, %m : (!onnx.unknown, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !onnx.unknown
  %one_element = onnx.initializer = dense<1> : tensor<1xi64> : tensor<1xi64>
  // expected-error @+1 {{node (Reshape): expected a shape of as many elements as float [0, 5, 1], found float [1]}}
  %one = onnx.Reshape %s, %one_element : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
  onnx.return %one : !onnx.unknown
}

// -----
onnx.graph @none(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (!onnx.unknown {onnx.name = "logits"}) {
  %n = onnx.none : none
  // expected-error @+1 {{node (Softmax): expected input 0, found none}}
  %r = onnx.Softmax %n : (none) -> !onnx.unknown
  onnx.return %r : !onnx.unknown
}

// -----
onnx.graph @no_numbers(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (!onnx.unknown {onnx.name = "logits"}) {
  %n = onnx.initializer "n" : tensor<4xindex>
  // expected-error @+1 {{node (Transpose): expected input 0, found none}}
  %r = onnx.Transpose %n : (tensor<4xindex>) -> !onnx.unknown
  onnx.return %r : !onnx.unknown
}

// -----
onnx.graph @heads(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (!onnx.unknown {onnx.name = "logits"}) {
  %n = onnx.none : none
  %table = onnx.initializer "table" : tensor<16x8xf32>
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
  // expected-error @+1 {{node (microsoft.GroupQueryAttention): expected queries [B, T, C] of num_heads heads, found float [3, 7, 8]}}
  %r = onnx.microsoft.GroupQueryAttention %x, %n, %n, %n, %n, %n, %n {kv_num_heads = 9223372036854775807 : i64, num_heads = 2 : i64} : (!onnx.unknown, none, none, none, none, none, none) -> !onnx.unknown
  onnx.return %r : !onnx.unknown
}
