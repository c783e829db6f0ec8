// RUN: xlstm-opt %s --xlstm-expand-fused | FileCheck %s
// GroupQueryAttention's window counts the token itself; 0 and below are none, and so is any that no text fills.

// CHECK-LABEL: onnx.graph @windows(
onnx.graph @windows(%q: tensor<?x?x8xf32>, %k: tensor<?x?x4xf32>, %v: tensor<?x?x4xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %none = onnx.none : none
  // CHECK: onnx.Attention %{{.*}} {is_causal = 1 : i64, left_window_size = 0 : i64}
  %a = onnx.microsoft.GroupQueryAttention %q, %k, %v, %none, %none, %none, %none {kv_num_heads = 1 : i64, local_window_size = 1 : i64, num_heads = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, none, none, none, none) -> tensor<?x?x8xf32>
  // CHECK: onnx.Attention %{{.*}} {is_causal = 1 : i64} :
  %b = onnx.microsoft.GroupQueryAttention %q, %k, %v, %none, %none, %none, %none {kv_num_heads = 1 : i64, local_window_size = 0 : i64, num_heads = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, none, none, none, none) -> tensor<?x?x8xf32>
  // CHECK: onnx.Attention %{{.*}} {is_causal = 1 : i64} :
  %c = onnx.microsoft.GroupQueryAttention %q, %k, %v, %none, %none, %none, %none {kv_num_heads = 1 : i64, local_window_size = -1 : i64, num_heads = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, none, none, none, none) -> tensor<?x?x8xf32>
  // CHECK: onnx.Attention %{{.*}} {is_causal = 1 : i64, left_window_size = 131071 : i64}
  %d = onnx.microsoft.GroupQueryAttention %q, %k, %v, %none, %none, %none, %none {kv_num_heads = 1 : i64, local_window_size = 131072 : i64, num_heads = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, none, none, none, none) -> tensor<?x?x8xf32>
  // CHECK: onnx.Attention %{{.*}} {is_causal = 1 : i64, left_window_size = 9223372036854775806 : i64}
  %e = onnx.microsoft.GroupQueryAttention %q, %k, %v, %none, %none, %none, %none {kv_num_heads = 1 : i64, local_window_size = 9223372036854775807 : i64, num_heads = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, none, none, none, none) -> tensor<?x?x8xf32>
  onnx.return %a, %b, %c, %d, %e : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
}
