// RUN: xlstm-opt %s --verify-roundtrip | FileCheck %s
// RUN: xlstm-opt %s --emit-bytecode | xlstm-opt | FileCheck %s
// Every form of syntax; operators share one, so a few stand for all.

// CHECK-LABEL: onnx.graph @main(
// CHECK-SAME: {onnx.name = "input_ids"}
// CHECK-SAME: attributes {opset = 20 : i64}
onnx.graph @main(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (tensor<?x?x8xf32> {onnx.name = "logits"}) attributes {opset = 20 : i64} {
  // CHECK: onnx.initializer "embed" {content = 5 : i64, transposed = -6 : i64} : tensor<16x8xf32>
  %table = onnx.initializer "embed" {content = 5 : i64, transposed = -6 : i64} : tensor<16x8xf32>
  // CHECK: onnx.initializer "axes" = dense<-1> : tensor<1xi64>
  %axes = onnx.initializer "axes" = dense<-1> : tensor<1xi64> : tensor<1xi64>
  // CHECK: onnx.initializer = dense<2.000000e+00> : tensor<f32>
  %two = onnx.initializer = dense<2.0> : tensor<f32> : tensor<f32>
  // CHECK: onnx.Gather %{{.*}}, %{{.*}} {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
  %y = onnx.Pow %x, %two : (!onnx.unknown, tensor<f32>) -> !onnx.unknown
  // CHECK: onnx.ReduceMean %{{.*}}, %{{.*}} {keepdims = 1 : i64, noop_with_empty_axes = 0 : i64}
  %m = onnx.ReduceMean %y, %axes {keepdims = 1 : i64, noop_with_empty_axes = 0 : i64} : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
  // CHECK: onnx.Transpose %{{.*}} {perm = array<i64: 0, 2, 1>}
  %t = onnx.Transpose %m {perm = array<i64: 0, 2, 1>} : (!onnx.unknown) -> !onnx.unknown
  // CHECK: onnx.none : none
  %none = onnx.none : none
  // CHECK: onnx.microsoft.GroupQueryAttention
  %a:3 = onnx.microsoft.GroupQueryAttention %x, %none, %none, %none, %none, %none, %none {do_rotary = 1 : i64, kv_num_heads = 1 : i64, num_heads = 2 : i64, scale = 5.0e-01 : f32} : (!onnx.unknown, none, none, none, none, none, none) -> (!onnx.unknown, !onnx.unknown, !onnx.unknown)
  // CHECK: onnx.weight "embed" : tensor<16x8xf32>
  %w = onnx.weight "embed" : tensor<16x8xf32>
  // CHECK: onnx.weight "packed" {rows = array<i64: 8, 12>, transposed} : tensor<4x8xf32>
  %p = onnx.weight "packed" {rows = array<i64: 8, 12>, transposed} : tensor<4x8xf32>
  %r = onnx.Identity %x : (!onnx.unknown) -> tensor<?x?x8xf32>
  // CHECK: onnx.return %{{.*}} : tensor<?x?x8xf32>
  onnx.return %r : tensor<?x?x8xf32>
}
