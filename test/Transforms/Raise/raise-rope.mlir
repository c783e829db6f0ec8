// RUN: xlstm-opt %s --xlstm-raise-rope --split-input-file | FileCheck %s
// Frequencies are read off the values of cosines and sines; theta is written where it gives them all.

// CHECK-LABEL: onnx.graph @theta(
// CHECK-SAME: %[[IDS:.*]]: tensor<?x?xi64> {onnx.name = "input_ids"}, %[[DOCS:.*]]: tensor<?x?xi32> {onnx.name = "docs"})
// CHECK-NEXT: %[[P:.*]] = lm.positions %[[IDS]] docs(%[[DOCS]])
onnx.graph @theta(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> tensor<?x2x?x4xf32> {
  %table = onnx.weight "table" : tensor<16x8xf32>
  // CHECK: %[[X:.*]] = lm.embed
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<16x8xf32>) -> tensor<?x?x8xf32>
  %split = onnx.initializer = dense<[0, 0, 2, 4]> : tensor<4xi64> : tensor<4xi64>
  %zero = onnx.initializer = dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.initializer = dense<1> : tensor<i64> : tensor<i64>
  %start = onnx.initializer = dense<0> : tensor<1xi64> : tensor<1xi64>
  %half = onnx.initializer = dense<2> : tensor<1xi64> : tensor<1xi64>
  %end = onnx.initializer = dense<9223372036854775807> : tensor<1xi64> : tensor<1xi64>
  %last = onnx.initializer = dense<3> : tensor<1xi64> : tensor<1xi64>
  %middle = onnx.initializer = dense<[0, 2]> : tensor<2xi64> : tensor<2xi64>
  %heads_axis = onnx.initializer = dense<1> : tensor<1xi64> : tensor<1xi64>
  %frequencies = onnx.initializer "inv_freq" = dense<[1.0, 0.01]> : tensor<2xf32> : tensor<2xf32>
  %shape = onnx.Shape %ids {start = 1 : i64, end = 2 : i64} : (tensor<?x?xi64>) -> tensor<1xi64>
  %length = onnx.Squeeze %shape : (tensor<1xi64>) -> tensor<i64>
  %t = onnx.Range %zero, %length, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %t3 = onnx.Unsqueeze %t, %middle : (tensor<?xi64>, tensor<2xi64>) -> tensor<1x?x1xi64>
  %tf = onnx.Cast %t3 {to = 1 : i64} : (tensor<1x?x1xi64>) -> tensor<1x?x1xf32>
  %angle = onnx.Mul %tf, %frequencies : (tensor<1x?x1xf32>, tensor<2xf32>) -> tensor<1x?x2xf32>
  %both = onnx.Concat %angle, %angle {axis = -1 : i64} : (tensor<1x?x2xf32>, tensor<1x?x2xf32>) -> tensor<1x?x4xf32>
  %c = onnx.Cos %both : (tensor<1x?x4xf32>) -> tensor<1x?x4xf32>
  %s = onnx.Sin %both : (tensor<1x?x4xf32>) -> tensor<1x?x4xf32>
  %cos = onnx.Unsqueeze %c, %heads_axis : (tensor<1x?x4xf32>, tensor<1xi64>) -> tensor<1x1x?x4xf32>
  %sin = onnx.Unsqueeze %s, %heads_axis : (tensor<1x?x4xf32>, tensor<1xi64>) -> tensor<1x1x?x4xf32>
  // CHECK: %[[H:.*]] = lm.split_heads %[[X]] : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
  // CHECK: %[[R:.*]] = lm.rope %[[H]], %[[P]] {rope = #lm.rope<theta = 1.000000e+04 : f64>}
  // CHECK: onnx.Transpose %[[R]] {perm = array<i64: 0, 2, 1, 3>}
  %h = onnx.Reshape %x, %split : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %q = onnx.Transpose %h {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  %straight = onnx.Mul %q, %cos : (tensor<?x2x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<?x2x?x4xf32>
  %a = onnx.Slice %q, %start, %half, %last : (tensor<?x2x?x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2x?x2xf32>
  %b = onnx.Slice %q, %half, %end, %last : (tensor<?x2x?x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2x?x2xf32>
  %minus = onnx.Neg %b : (tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %turned = onnx.Concat %minus, %a {axis = -1 : i64} : (tensor<?x2x?x2xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x4xf32>
  %across = onnx.Mul %turned, %sin : (tensor<?x2x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<?x2x?x4xf32>
  %r = onnx.Add %straight, %across : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  onnx.return %r : tensor<?x2x?x4xf32>
}

// -----
// A static export stores the tables, rounded to float32; here frequencies 0.5 and 0.25, doubled by an attention factor.
// CHECK-LABEL: onnx.graph @stored(
onnx.graph @stored(%ids: tensor<1x3xi64> {onnx.name = "input_ids"}) -> tensor<1x3x1x4xf32> {
  %table = onnx.weight "table" : tensor<16x4xf32>
  %x = lm.embed %ids, %table : (tensor<1x3xi64>, tensor<16x4xf32>) -> tensor<1x3x4xf32>
  %split = onnx.initializer = dense<[1, 3, 1, 4]> : tensor<4xi64> : tensor<4xi64>
  %h = onnx.Reshape %x, %split : (tensor<1x3x4xf32>, tensor<4xi64>) -> tensor<1x3x1x4xf32>
  %cos = onnx.initializer = dense<[[[2.0, 2.0], [1.75516512, 1.93782485], [1.08060461, 1.75516512]]]> : tensor<1x3x2xf32> : tensor<1x3x2xf32>
  %sin = onnx.initializer = dense<[[[0.0, 0.0], [0.958851099, 0.494807929], [1.68294203, 0.958851099]]]> : tensor<1x3x2xf32> : tensor<1x3x2xf32>
  // CHECK: lm.rope %{{.*}} {rope = #lm.rope<frequencies = [5.00000000e-01, 2.50000000e-01], attention_factor = 2.000000e+00 : f64>} : tensor<1x3x1x4xf32>
  %q = onnx.Transpose %h {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x3x1x4xf32>) -> tensor<1x1x3x4xf32>
  %r = onnx.RotaryEmbedding %q, %cos, %sin {interleaved = 0 : i64, num_heads = 1 : i64} : (tensor<1x1x3x4xf32>, tensor<1x3x2xf32>, tensor<1x3x2xf32>) -> tensor<1x1x3x4xf32>
  %y = onnx.Transpose %r {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x1x3x4xf32>) -> tensor<1x3x1x4xf32>
  onnx.return %y : tensor<1x3x1x4xf32>
}
