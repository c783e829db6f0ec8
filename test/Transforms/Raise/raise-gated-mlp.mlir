// RUN: xlstm-opt %s --xlstm-raise-gated-mlp | FileCheck %s
// Silu of the gate times the other projection, in any order, and as Swish or QuickGelu of alpha 1; a gate of another value, or another alpha, stays.

// CHECK-LABEL: onnx.graph @g(
// CHECK-SAME: %[[G:.*]]: tensor<?x?x4xf32>, %[[U:.*]]: tensor<?x?x4xf32>)
onnx.graph @g(%g: tensor<?x?x4xf32>, %u: tensor<?x?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  // CHECK: %[[A:.*]] = lm.swiglu %[[G]], %[[U]]
  %s = onnx.Sigmoid %g : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %silu = onnx.Mul %s, %g : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %a = onnx.Mul %u, %silu : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  // CHECK: %[[B:.*]] = lm.swiglu %[[U]], %[[G]]
  %swish = onnx.Swish %u : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %b = onnx.Mul %swish, %g : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  // CHECK: %[[S:.*]] = onnx.Sigmoid %[[G]]
  // CHECK: %[[P:.*]] = onnx.Mul %[[U]], %[[S]]
  // CHECK: %[[C:.*]] = onnx.Mul %[[U]], %[[P]]
  %t = onnx.Sigmoid %g : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %p = onnx.Mul %u, %t : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %c = onnx.Mul %u, %p : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  onnx.return %a, %b, %c : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>
}

// CHECK-LABEL: onnx.graph @gelu(
// CHECK-SAME: %[[G:.*]]: tensor<?x?x4xf32>, %[[U:.*]]: tensor<?x?x4xf32>)
onnx.graph @gelu(%g: tensor<?x?x4xf32>, %u: tensor<?x?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  // CHECK: %[[A:.*]] = lm.swiglu %[[G]], %[[U]]
  %silu = onnx.microsoft.QuickGelu %g {alpha = 1.0 : f32} : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %a = onnx.Mul %silu, %u : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  // CHECK: %[[Q:.*]] = onnx.microsoft.QuickGelu %[[G]]
  // CHECK: onnx.Mul %[[Q]], %[[U]]
  %gelu = onnx.microsoft.QuickGelu %g : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %b = onnx.Mul %gelu, %u : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  onnx.return %a, %b : tensor<?x?x4xf32>, tensor<?x?x4xf32>
}
