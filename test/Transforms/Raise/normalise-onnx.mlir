// RUN: xlstm-opt %s --xlstm-normalise-onnx --split-input-file | FileCheck %s
// Shape arithmetic becomes constants that hold for every batch and length; nodes that change nothing go.

// CHECK-LABEL: onnx.graph @shapes(
// CHECK-SAME: %[[IDS:.*]]: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (tensor<?x?x8xf32> {onnx.name = "logits"})
onnx.graph @shapes(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %mask: tensor<?x?xi64> {onnx.name = "attention_mask"})
    -> (!onnx.unknown {onnx.name = "logits"}, !onnx.unknown {onnx.name = "present"}) {
  %zero = onnx.initializer "zero" = dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.initializer "one" = dense<1> : tensor<i64> : tensor<i64>
  %axis = onnx.initializer "axis" = dense<0> : tensor<1xi64> : tensor<1xi64>
  %infer = onnx.initializer "infer" = dense<-1> : tensor<1xi64> : tensor<1xi64>
  %dim = onnx.initializer "dim" = dense<2> : tensor<1xi64> : tensor<1xi64>
  // CHECK: %[[TABLE:.*]] = onnx.initializer "table" : tensor<16x8xf32>
  %table = onnx.initializer "table" : tensor<16x8xf32>
  // CHECK: %[[X:.*]] = onnx.Gather %[[TABLE]], %[[IDS]] {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
  %shape = onnx.Shape %x : (!onnx.unknown) -> !onnx.unknown
  %b = onnx.Gather %shape, %zero {axis = 0 : i64} : (!onnx.unknown, tensor<i64>) -> !onnx.unknown
  %t = onnx.Gather %shape, %one {axis = 0 : i64} : (!onnx.unknown, tensor<i64>) -> !onnx.unknown
  %b1 = onnx.Unsqueeze %b, %axis : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
  %t1 = onnx.Unsqueeze %t, %axis : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
  %target = onnx.Concat %b1, %t1, %infer, %dim {axis = 0 : i64} : (!onnx.unknown, !onnx.unknown, tensor<1xi64>, tensor<1xi64>) -> !onnx.unknown
  // CHECK: %[[SPLIT:.*]] = onnx.initializer = dense<[0, 0, 4, 2]> : tensor<4xi64>
  // CHECK: %[[HEADS:.*]] = onnx.Reshape %[[X]], %[[SPLIT]] : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x4x2xf32>
  %heads = onnx.Reshape %x, %target {allowzero = 1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
  %same = onnx.Identity %heads : (!onnx.unknown) -> !onnx.unknown
  %cast = onnx.Cast %same {to = 1 : i64} : (!onnx.unknown) -> !onnx.unknown
  %nan = onnx.IsNaN %cast : (!onnx.unknown) -> !onnx.unknown
  %null = onnx.initializer "null" = dense<0.0> : tensor<f32> : tensor<f32>
  %guarded = onnx.Where %nan, %null, %cast : (!onnx.unknown, tensor<f32>, !onnx.unknown) -> !onnx.unknown
  %unit = onnx.initializer "unit" = dense<1.0> : tensor<f32> : tensor<f32>
  %scaled = onnx.Mul %guarded, %unit : (!onnx.unknown, tensor<f32>) -> !onnx.unknown
  %back = onnx.Concat %b1, %t1, %infer {axis = 0 : i64} : (!onnx.unknown, !onnx.unknown, tensor<1xi64>) -> !onnx.unknown
  // CHECK: %[[MERGE:.*]] = onnx.initializer = dense<[0, 0, 8]> : tensor<3xi64>
  // CHECK: %[[Y:.*]] = onnx.Reshape %[[HEADS]], %[[MERGE]] : (tensor<?x?x4x2xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  %y = onnx.Reshape %scaled, %back : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
  // A row that sees no key is guarded against; with a mask of ones there is none.
  %float = onnx.Cast %mask {to = 1 : i64} : (tensor<?x?xi64>) -> !onnx.unknown
  %count = onnx.ReduceSum %float, %infer {keepdims = 1 : i64} : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
  %empty = onnx.Less %count, %unit : (!onnx.unknown, tensor<f32>) -> !onnx.unknown
  %last = onnx.Unsqueeze %empty, %infer : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
  %logits = onnx.Where %last, %null, %y : (!onnx.unknown, tensor<f32>, !onnx.unknown) -> !onnx.unknown
  // CHECK-NEXT: onnx.return %[[Y]] : tensor<?x?x8xf32>
  onnx.return %logits, %heads : !onnx.unknown, !onnx.unknown
}

// -----
// x / (1 + exp(-2x)) of 1 and 2.
// CHECK-LABEL: onnx.graph @swish(
// CHECK: dense<[0.880797088, 1.96402752]> : tensor<2xf32>
onnx.graph @swish(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (tensor<?x?x2xf32> {onnx.name = "logits"}) {
  %table = onnx.initializer "table" : tensor<16x2xf32>
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x2xf32>, tensor<?x?xi64>) -> tensor<?x?x2xf32>
  %c = onnx.initializer = dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  %s = onnx.Swish %c {alpha = 2.0 : f32} : (tensor<2xf32>) -> tensor<2xf32>
  %y = onnx.Mul %x, %s : (tensor<?x?x2xf32>, tensor<2xf32>) -> tensor<?x?x2xf32>
  onnx.return %y : tensor<?x?x2xf32>
}
