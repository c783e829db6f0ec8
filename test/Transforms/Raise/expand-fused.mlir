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
