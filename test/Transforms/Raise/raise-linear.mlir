// RUN: xlstm-opt %s --xlstm-raise-linear --split-input-file | FileCheck %s
// Embedding, projections with their spellings of the weight, biases, residual sums.

// CHECK-LABEL: onnx.graph @g(
// CHECK-SAME: %[[IDS:.*]]: tensor<?x?xi64>
onnx.graph @g(%ids: tensor<?x?xi64>) -> tensor<?x?x16xf32> {
  %table = onnx.initializer "table" {content = 5 : i64, transposed = 6 : i64} : tensor<16x8xf32>
  %w = onnx.initializer "w" : tensor<8x4xf32>
  %v = onnx.initializer "v" : tensor<4x8xf32>
  %b = onnx.initializer "b" = dense<0.5> : tensor<4xf32> : tensor<4xf32>
  // CHECK: %[[ROWS:.*]] = onnx.weight "table" {content = 5 : i64} : tensor<16x8xf32>
  // CHECK: %[[X:.*]] = lm.embed %[[IDS]], %[[ROWS]]
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  // CHECK-DAG: %[[W:.*]] = onnx.weight "w" {transposed} : tensor<4x8xf32>
  // CHECK-DAG: %[[B:.*]] = onnx.weight "b" : tensor<4xf32>
  // CHECK: %[[Y:.*]] = lm.linear %[[X]], %[[W]] bias(%[[B]])
  %y0 = onnx.MatMul %x, %w : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Add %b, %y0 : (tensor<4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  // CHECK: %[[V:.*]] = onnx.weight "v" {transposed} : tensor<8x4xf32>
  // CHECK: %[[Z:.*]] = lm.linear %[[Y]], %[[V]]
  %z = onnx.MatMul %y, %v : (tensor<?x?x4xf32>, tensor<4x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: %[[SUM:.*]] = lm.add %[[X]], %[[Z]]
  %sum = onnx.Add %x, %z : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  // A head that is the embedding, transposed.
  // CHECK: %[[HEAD:.*]] = onnx.weight "table" {content = 5 : i64} : tensor<16x8xf32>
  // CHECK: lm.linear %[[SUM]], %[[HEAD]]
  %flipped = onnx.Transpose %table {perm = array<i64: 1, 0>} : (tensor<16x8xf32>) -> tensor<8x16xf32>
  %logits = onnx.MatMul %sum, %flipped : (tensor<?x?x8xf32>, tensor<8x16xf32>) -> tensor<?x?x16xf32>
  onnx.return %logits : tensor<?x?x16xf32>
}

// -----
// Packed projections are split by rows of their weight.
// CHECK-LABEL: onnx.graph @packed(
onnx.graph @packed(%x: tensor<?x?x8xf32>) -> tensor<?x?x4xf32> {
  %w = onnx.initializer "w" : tensor<8x12xf32>
  %y = onnx.MatMul %x, %w : (tensor<?x?x8xf32>, tensor<8x12xf32>) -> tensor<?x?x12xf32>
  %sizes = onnx.initializer "sizes" = dense<[8, 4]> : tensor<2xi64> : tensor<2xi64>
  // CHECK: %[[A:.*]] = onnx.weight "w" {rows = array<i64: 0, 8>, transposed} : tensor<8x8xf32>
  // CHECK: lm.linear %{{.*}}, %[[A]] : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: %[[B:.*]] = onnx.weight "w" {rows = array<i64: 8, 12>, transposed} : tensor<4x8xf32>
  // CHECK: lm.linear %{{.*}}, %[[B]] : (tensor<?x?x8xf32>, tensor<4x8xf32>) -> tensor<?x?x4xf32>
  // CHECK-NOT: onnx.Split
  %a, %b = onnx.Split %y, %sizes {axis = -1 : i64} : (tensor<?x?x12xf32>, tensor<2xi64>) -> (tensor<?x?x8xf32>, tensor<?x?x4xf32>)
  %v = onnx.initializer "v" : tensor<8x4xf32>
  %z = onnx.MatMul %a, %v : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
  %sum = onnx.Add %z, %b : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  onnx.return %sum : tensor<?x?x4xf32>
}

// -----
// Quantised weights keep their numbers; importing computes the weight of them.
// CHECK-LABEL: onnx.graph @quantised(
onnx.graph @quantised(%ids: tensor<?x?xi64>) -> tensor<?x?x16xf32> {
  %table = onnx.initializer "table" : tensor<48x16xui8>
  %tscales = onnx.initializer "tscales" : tensor<48x2xf32>
  %none = onnx.none : none
  // CHECK: %[[T:.*]] = onnx.weight "table" {blocks = {bits = 4 : i64, columns = 32 : i64, scales = "tscales", size = 16 : i64}} : tensor<48x32xf32>
  // CHECK: lm.embed %{{.*}}, %[[T]]
  %x = onnx.microsoft.GatherBlockQuantized %table, %ids, %tscales {bits = 4 : i64, block_size = 16 : i64, gather_axis = 0 : i64, quantize_axis = 1 : i64} : (tensor<48x16xui8>, tensor<?x?xi64>, tensor<48x2xf32>) -> tensor<?x?x32xf32>
  %w = onnx.initializer "w" : tensor<24x2x16xui8>
  %s = onnx.initializer "s" : tensor<24x2xf32>
  %z = onnx.initializer "z" : tensor<24x2xui8>
  %b = onnx.initializer "b" : tensor<24xf32>
  %y = onnx.microsoft.MatMulNBits %x, %w, %s, %z, %none, %b {K = 32 : i64, N = 24 : i64, bits = 8 : i64, block_size = 16 : i64} : (tensor<?x?x32xf32>, tensor<24x2x16xui8>, tensor<24x2xf32>, tensor<24x2xui8>, none, tensor<24xf32>) -> tensor<?x?x24xf32>
  %sizes = onnx.initializer "sizes" = dense<[16, 8]> : tensor<2xi64> : tensor<2xi64>
  // Packed ones are split by rows, as others are.
  // CHECK: %[[W:.*]] = onnx.weight "w" {blocks = {bits = 8 : i64, columns = 32 : i64, scales = "s", size = 16 : i64, zero_points = "z"}, rows = array<i64: 0, 16>} : tensor<16x32xf32>
  // CHECK: %[[B:.*]] = onnx.weight "b" {rows = array<i64: 0, 16>} : tensor<16xf32>
  // CHECK: lm.linear %{{.*}}, %[[W]] bias(%[[B]])
  %a, %c = onnx.Split %y, %sizes {axis = -1 : i64} : (tensor<?x?x24xf32>, tensor<2xi64>) -> (tensor<?x?x16xf32>, tensor<?x?x8xf32>)
  onnx.return %a : tensor<?x?x16xf32>
}

// -----
// Declared types may be wrong: numbers that are no matrix stay as they are.
// CHECK-LABEL: onnx.graph @scalar(
// CHECK: onnx.microsoft.MatMulNBits
onnx.graph @scalar(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %x: tensor<?x?x32xf32>) -> tensor<?x?x32xf32> {
  %n = onnx.initializer "n" : tensor<ui8>
  %s = onnx.initializer "s" : tensor<f32>
  %y = onnx.microsoft.MatMulNBits %x, %n, %s {N = 32 : i64, K = 32 : i64, bits = 4 : i64} : (tensor<?x?x32xf32>, tensor<ui8>, tensor<f32>) -> tensor<?x?x32xf32>
  onnx.return %y : tensor<?x?x32xf32>
}
