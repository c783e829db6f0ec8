// RUN: xlstm-opt %s --xlstm-expand-fused --split-input-file --verify-diagnostics | FileCheck %s
// GroupQueryAttention with packed projections and rotation: two query heads, one key head, four channels.

// CHECK-LABEL: onnx.graph @packed(
// CHECK-SAME: %[[X:.*]]: tensor<?x?x16xf32>
onnx.graph @packed(%x: tensor<?x?x16xf32>) -> tensor<?x?x8xf32> {
  %none = onnx.none : none
  // The first rows of a long table stand for it.
  %cos = onnx.initializer "cos" {sample = dense<1.0> : tensor<16x2xf32>} : tensor<8192x2xf32>
  %sin = onnx.initializer "sin" {sample = dense<0.0> : tensor<16x2xf32>} : tensor<8192x2xf32>
  // CHECK: %[[SIZES:.*]] = onnx.initializer = dense<[8, 4, 4]>
  // CHECK: %[[P:.*]]:3 = onnx.Split %[[X]], %[[SIZES]] {axis = -1 : i64}
  // CHECK: onnx.Reshape %[[P]]#0
  // CHECK: onnx.Reshape %[[P]]#1
  // CHECK: onnx.Reshape %[[P]]#2
  // CHECK: %[[COS:.*]] = onnx.Gather %{{.*}}, %{{.*}} {axis = 0 : i64} : (tensor<16x2xf32>, tensor<1x?xi64>) -> tensor<1x?x2xf32>
  // CHECK: %[[Q:.*]] = onnx.RotaryEmbedding %{{.*}} : (tensor<?x2x?x4xf32>, tensor<1x?x2xf32>, tensor<1x?x2xf32>) -> tensor<?x2x?x4xf32>
  // CHECK: %[[K:.*]] = onnx.RotaryEmbedding %{{.*}} : (tensor<?x1x?x4xf32>, tensor<1x?x2xf32>, tensor<1x?x2xf32>) -> tensor<?x1x?x4xf32>
  // CHECK: %[[H:.*]] = onnx.Attention %[[Q]], %[[K]], %{{.*}} {is_causal = 1 : i64, scale = 2.500000e-01 : f32}
  // CHECK: %[[T:.*]] = onnx.Transpose %[[H]]
  // CHECK: %[[Y:.*]] = onnx.Reshape %[[T]], %{{.*}} -> tensor<?x?x8xf32>
  // CHECK: onnx.return %[[Y]]
  %h:3 = onnx.microsoft.GroupQueryAttention %x, %none, %none, %none, %none, %none, %none, %cos, %sin {do_rotary = 1 : i64, kv_num_heads = 1 : i64, num_heads = 2 : i64, scale = 0.25 : f32} : (tensor<?x?x16xf32>, none, none, none, none, none, none, tensor<8192x2xf32>, tensor<8192x2xf32>) -> (tensor<?x?x8xf32>, !onnx.unknown, !onnx.unknown)
  onnx.return %h#0 : tensor<?x?x8xf32>
}

// -----
onnx.graph @softcap(%x: tensor<?x?x16xf32>) -> tensor<?x?x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{node (microsoft.GroupQueryAttention): expected attribute 'softcap' to be left at its default}}
  %h = onnx.microsoft.GroupQueryAttention %x, %none, %none, %none, %none, %none, %none {kv_num_heads = 1 : i64, num_heads = 2 : i64, softcap = 30.0 : f32} : (tensor<?x?x16xf32>, none, none, none, none, none, none) -> tensor<?x?x8xf32>
  onnx.return %h : tensor<?x?x8xf32>
}

// -----
// A window and norms of the heads, which come before the rotation.
// CHECK-LABEL: onnx.graph @window(
onnx.graph @window(%q: tensor<?x?x8xf32>, %k: tensor<?x?x4xf32>, %v: tensor<?x?x4xf32>) -> tensor<?x?x8xf32> {
  %none = onnx.none : none
  %qn = onnx.initializer "qn" = dense<1.0> : tensor<4xf32> : tensor<4xf32>
  %kn = onnx.initializer "kn" = dense<2.0> : tensor<4xf32> : tensor<4xf32>
  // CHECK: onnx.SimplifiedLayerNormalization %{{.*}} {epsilon = 9.99999974E-6 : f32} : (tensor<?x?x2x4xf32>, tensor<4xf32>) -> tensor<?x?x2x4xf32>
  // CHECK: onnx.SimplifiedLayerNormalization %{{.*}} {epsilon = 9.99999974E-6 : f32} : (tensor<?x?x1x4xf32>, tensor<4xf32>) -> tensor<?x?x1x4xf32>
  // CHECK: onnx.Attention %{{.*}} {is_causal = 1 : i64, left_window_size = 8 : i64}
  %h = onnx.microsoft.GroupQueryAttention %q, %k, %v, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %qn, %kn {kv_num_heads = 1 : i64, local_window_size = 9 : i64, num_heads = 2 : i64, qk_norm_epsilon = 1.0e-05 : f32} : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, none, none, none, none, none, none, none, none, none, none, none, tensor<4xf32>, tensor<4xf32>) -> tensor<?x?x8xf32>
  onnx.return %h : tensor<?x?x8xf32>
}

// -----
// MultiHeadAttention and the RotaryEmbedding of com.microsoft, on activations [B, T, C].
// CHECK-LABEL: onnx.graph @multi(
onnx.graph @multi(%q: tensor<?x?x8xf32>, %positions: tensor<?x?xi64>, %mask: tensor<?x1x?x?xf32>) -> tensor<?x?x8xf32> {
  %cos = onnx.initializer "cos" = dense<1.0> : tensor<32x2xf32> : tensor<32x2xf32>
  %sin = onnx.initializer "sin" = dense<0.0> : tensor<32x2xf32> : tensor<32x2xf32>
  %none = onnx.none : none
  // CHECK: %[[COS:.*]] = onnx.Gather %{{.*}} {axis = 0 : i64} : (tensor<32x2xf32>, tensor<?x?xi64>) -> tensor<?x?x2xf32>
  // CHECK: %[[R:.*]] = onnx.RotaryEmbedding %{{.*}}, %[[COS]], %{{.*}} : (tensor<?x2x?x4xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) -> tensor<?x2x?x4xf32>
  %r = onnx.microsoft.RotaryEmbedding %q, %positions, %cos, %sin {num_heads = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?xi64>, tensor<32x2xf32>, tensor<32x2xf32>) -> tensor<?x?x8xf32>
  // CHECK: onnx.Attention %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x1x?x?xf32>) -> tensor<?x2x?x4xf32>
  %h = onnx.microsoft.MultiHeadAttention %r, %r, %q, %none, %none, %mask {num_heads = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, none, none, tensor<?x1x?x?xf32>) -> tensor<?x?x8xf32>
  onnx.return %h : tensor<?x?x8xf32>
}

// -----
// The operator Attention, on activations [B, T, C].
// CHECK-LABEL: onnx.graph @flat(
onnx.graph @flat(%q: tensor<?x?x8xf32>, %k: tensor<?x?x4xf32>) -> tensor<?x?x8xf32> {
  // CHECK: onnx.Attention %{{.*}} {is_causal = 1 : i64} : (tensor<?x2x?x4xf32>, tensor<?x1x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x2x?x4xf32>
  %h = onnx.Attention %q, %k, %k {is_causal = 1 : i64, kv_num_heads = 1 : i64, q_num_heads = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x8xf32>
  onnx.return %h : tensor<?x?x8xf32>
}

// -----
onnx.graph @interleaved(%x: tensor<?x2x?x4xf32>, %cos: tensor<?x?x2xf32>) -> tensor<?x2x?x4xf32> {
  // expected-error @+1 {{node (RotaryEmbedding): expected channels to be rotated with those half a head away, found neighbours (interleaved)}}
  %r = onnx.RotaryEmbedding %x, %cos, %cos {interleaved = 1 : i64} : (tensor<?x2x?x4xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) -> tensor<?x2x?x4xf32>
  onnx.return %r : tensor<?x2x?x4xf32>
}
