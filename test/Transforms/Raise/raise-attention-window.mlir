// RUN: xlstm-opt %s --xlstm-raise-attention --split-input-file --verify-diagnostics | FileCheck %s
// The operator's own windows: keys before the token, its own apart; negative, or more than a text has tokens: none.

// CHECK-LABEL: onnx.graph @windows(
onnx.graph @windows(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %xi: tensor<?x?x2x4xf32>) -> (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) {
  %w = onnx.weight "norm" : tensor<4xf32>
  %x = lm.rms_norm %xi, %w {eps = 1.0e-5 : f64} : tensor<?x?x2x4xf32>, tensor<4xf32>
  %q = onnx.Transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 1 : i64}
  %h0 = onnx.Attention %q, %q, %q {is_causal = 1 : i64, left_window_size = 0 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 3 : i64}
  %h1 = onnx.Attention %q, %q, %q {is_causal = 1 : i64, left_window_size = 2 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 2147483647 : i64}
  %h2 = onnx.Attention %q, %q, %q {is_causal = 1 : i64, left_window_size = 2147483646 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64}
  %h3 = onnx.Attention %q, %q, %q {is_causal = 1 : i64, left_window_size = -1 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64}
  %h4 = onnx.Attention %q, %q, %q {is_causal = 1 : i64, left_window_size = -9223372036854775808 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64}
  %h5 = onnx.Attention %q, %q, %q {is_causal = 1 : i64, left_window_size = 2147483647 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64}
  %h6 = onnx.Attention %q, %q, %q {is_causal = 1 : i64, left_window_size = 9223372036854775807 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64}
  %h7 = onnx.Attention %q, %q, %q {is_causal = 1 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 5 : i64}
  %h8 = onnx.Attention %q, %q, %q {left_window_size = 4 : i64, right_window_size = 0 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64}
  %h9 = onnx.Attention %q, %q, %q {is_causal = 1 : i64, right_window_size = 7 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64}
  %h10 = onnx.Attention %q, %q, %q {is_causal = 1 : i64, right_window_size = -1 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  onnx.return %h0, %h1, %h2, %h3, %h4, %h5, %h6, %h7, %h8, %h9, %h10 : tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>
}

// -----
// Keys behind the token, and nothing that hides them.
onnx.graph @open(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %xi: tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32> {
  %w = onnx.weight "norm" : tensor<4xf32>
  %x = lm.rms_norm %xi, %w {eps = 1.0e-5 : f64} : tensor<?x?x2x4xf32>, tensor<4xf32>
  %q = onnx.Transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  // expected-error @+1 {{attention: expected a causal mask, found none}}
  %h = onnx.Attention %q, %q, %q {left_window_size = 4 : i64, right_window_size = 1 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  onnx.return %h : tensor<?x2x?x4xf32>
}

// -----
// Values of another width than keys; 0.497 is no rounded 0.5.
// CHECK-LABEL: onnx.graph @values(
onnx.graph @values(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %xi: tensor<?x?x2x4xf32>, %vi: tensor<?x?x2x6xf32>) -> tensor<?x2x?x6xf32> {
  %w = onnx.weight "norm" : tensor<4xf32>
  %x = lm.rms_norm %xi, %w {eps = 1.0e-5 : f64} : tensor<?x?x2x4xf32>, tensor<4xf32>
  %q = onnx.Transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  %wv = onnx.weight "norm_v" : tensor<6xf32>
  %y = lm.rms_norm %vi, %wv {eps = 1.0e-5 : f64} : tensor<?x?x2x6xf32>, tensor<6xf32>
  %v = onnx.Transpose %y {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x6xf32>) -> tensor<?x2x?x6xf32>
  // CHECK: lm.attention %{{.*}} {scale = 4.970000e-01 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x6xf32>, tensor<?x?xi32>) -> tensor<?x?x2x6xf32>
  %h = onnx.Attention %q, %q, %v {is_causal = 1 : i64, scale = 0.497 : f32} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x6xf32>) -> tensor<?x2x?x6xf32>
  onnx.return %h : tensor<?x2x?x6xf32>
}
