// RUN: xlstm-opt %s --xlstm-normalise-onnx --split-input-file --verify-diagnostics | FileCheck %s
// A head that sees the last position alone sees every one afterwards; one that sees something else is an error.

// A scalar index takes the dimension away, Gemm is for matrices.
// CHECK-LABEL: onnx.graph @gather(
// CHECK: %[[X:.*]] = onnx.Gather {{.*}} -> tensor<?x?x8xf32>
// CHECK-NOT: onnx.Gather
// CHECK: %[[Y:.*]] = onnx.microsoft.FusedMatMul %[[X]], %{{.*}} {transB = 1 : i64} : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
// CHECK: %[[Z:.*]] = onnx.Add %[[Y]], %{{.*}} -> tensor<?x?x16xf32>
// CHECK: onnx.return %[[Z]]
onnx.graph @gather(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (tensor<?x16xf32> {onnx.name = "logits"}) {
  %table = onnx.initializer "table" : tensor<16x8xf32>
  %w = onnx.initializer "w" : tensor<16x8xf32>
  %b = onnx.initializer "b" : tensor<16xf32>
  %last = onnx.initializer = dense<-1> : tensor<i64> : tensor<i64>
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
  %h = onnx.Gather %x, %last {axis = 1 : i64} : (!onnx.unknown, tensor<i64>) -> !onnx.unknown
  %y = onnx.Gemm %h, %w, %b {transB = 1 : i64} : (!onnx.unknown, tensor<16x8xf32>, tensor<16xf32>) -> !onnx.unknown
  onnx.return %y : !onnx.unknown
}

// -----
// Before the norm, whose axis is counted from the front; the dimension goes and comes again.
// CHECK-LABEL: onnx.graph @norm(
// CHECK: %[[X:.*]] = onnx.Gather
// CHECK-NEXT: %[[N:.*]] = onnx.SimplifiedLayerNormalization %[[X]], %{{.*}} {axis = -1 : i64
// CHECK-NEXT: onnx.return %[[N]] : tensor<?x?x8xf32>
onnx.graph @norm(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %mask: tensor<?x?xi64> {onnx.name = "attention_mask"}) -> (tensor<?x1x8xf32> {onnx.name = "logits"}) {
  %table = onnx.initializer "table" : tensor<16x8xf32>
  %w = onnx.initializer "w" : tensor<8xf32>
  %one = onnx.initializer = dense<1> : tensor<1xi64> : tensor<1xi64>
  %unit = onnx.initializer = dense<1> : tensor<i64> : tensor<i64>
  %zero = onnx.initializer = dense<0> : tensor<1xi64> : tensor<1xi64>
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
  %count = onnx.ReduceSum %mask, %one {keepdims = 1 : i64} : (tensor<?x?xi64>, tensor<1xi64>) -> !onnx.unknown
  %index = onnx.Sub %count, %unit : (!onnx.unknown, tensor<i64>) -> !onnx.unknown
  %h = onnx.GatherND %x, %index {batch_dims = 1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
  %n = onnx.SimplifiedLayerNormalization %h, %w {axis = 1 : i64, epsilon = 1.0e-5 : f32} : (!onnx.unknown, tensor<8xf32>) -> !onnx.unknown
  %y = onnx.Unsqueeze %n, %one : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
  onnx.return %y : !onnx.unknown
}

// -----
// How many positions are wanted is an input; 0 is all of them.
// CHECK-LABEL: onnx.graph @keep(
// CHECK-SAME: %[[IDS:.*]]: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (tensor<?x?x8xf32>
// CHECK: %[[X:.*]] = onnx.Gather %{{.*}}, %[[IDS]]
// CHECK-NEXT: onnx.return %[[X]]
onnx.graph @keep(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %keep: tensor<i64> {onnx.name = "num_logits_to_keep"}) -> (tensor<?x?x8xf32> {onnx.name = "logits"}) {
  %table = onnx.initializer "table" : tensor<16x8xf32>
  %zero = onnx.initializer = dense<0> : tensor<1xi64> : tensor<1xi64>
  %one = onnx.initializer = dense<1> : tensor<1xi64> : tensor<1xi64>
  %end = onnx.initializer = dense<9223372036854775807> : tensor<1xi64> : tensor<1xi64>
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
  %minus = onnx.Neg %keep : (tensor<i64>) -> !onnx.unknown
  %start = onnx.Unsqueeze %minus, %zero : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
  %y = onnx.Slice %x, %start, %end, %one : (!onnx.unknown, !onnx.unknown, tensor<1xi64>, tensor<1xi64>) -> !onnx.unknown
  onnx.return %y : !onnx.unknown
}

// -----
// Nothing selects, or the first position, which is another model's.
// expected-error @+1 {{node (graph): expected logits of every position, [B, T, V], or of the last one, found float [3, 1, 8] for 7 tokens}}
onnx.graph @none(%ids: tensor<3x?xi64> {onnx.name = "input_ids"}) -> (tensor<3x1x8xf32> {onnx.name = "logits"}) {
  %c = onnx.initializer = dense<1.0> : tensor<3x1x8xf32> : tensor<3x1x8xf32>
  onnx.return %c : tensor<3x1x8xf32>
}

// -----
onnx.graph @first(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (tensor<?x1x8xf32> {onnx.name = "logits"}) {
  %table = onnx.initializer "table" : tensor<16x8xf32>
  %zero = onnx.initializer = dense<0> : tensor<1xi64> : tensor<1xi64>
  %one = onnx.initializer = dense<1> : tensor<1xi64> : tensor<1xi64>
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
  // expected-error @+1 {{node (Slice): expected the logits of the last position to be computed of a selected position, each position by itself, found a node that does not}}
  %y = onnx.Slice %x, %zero, %one, %one : (!onnx.unknown, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !onnx.unknown
  onnx.return %y : !onnx.unknown
}

// -----
// A mean over positions is no position.
onnx.graph @mean(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (tensor<?x1x8xf32> {onnx.name = "logits"}) {
  %table = onnx.initializer "table" : tensor<16x8xf32>
  %one = onnx.initializer = dense<1> : tensor<1xi64> : tensor<1xi64>
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
  // expected-error @+1 {{node (ReduceMean): expected the logits of the last position}}
  %y = onnx.ReduceMean %x, %one {keepdims = 1 : i64} : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
  onnx.return %y : !onnx.unknown
}

// -----
// Another output of that position is not asked for.
// CHECK-LABEL: onnx.graph @shared(
// CHECK: %[[X:.*]] = onnx.Gather
// CHECK-NEXT: onnx.return %[[X]] : tensor<?x?x8xf32>
onnx.graph @shared(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (tensor<?x8xf32> {onnx.name = "logits"}, tensor<?xf32> {onnx.name = "other"}) {
  %table = onnx.initializer "table" : tensor<16x8xf32>
  %last = onnx.initializer = dense<-1> : tensor<i64> : tensor<i64>
  %one = onnx.initializer = dense<1> : tensor<1xi64> : tensor<1xi64>
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
  %h = onnx.Gather %x, %last {axis = 1 : i64} : (!onnx.unknown, tensor<i64>) -> !onnx.unknown
  %s = onnx.ReduceSum %h, %one {keepdims = 0 : i64} : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
  onnx.return %h, %s : !onnx.unknown, !onnx.unknown
}

// -----
// What else reads the position would see others: here a factor that is made of it.
onnx.graph @factor(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (tensor<?x8xf32> {onnx.name = "logits"}) {
  %table = onnx.initializer "table" : tensor<16x8xf32>
  %last = onnx.initializer = dense<-1> : tensor<i64> : tensor<i64>
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
  %h = onnx.Gather %x, %last {axis = 1 : i64} : (!onnx.unknown, tensor<i64>) -> !onnx.unknown
  // expected-error @+1 {{node (ReduceMean): expected only the head to read the last position alone}}
  %s = onnx.ReduceMean %h {axes = array<i64: 0, 1>, keepdims = 0 : i64} : (!onnx.unknown) -> !onnx.unknown
  %y = onnx.Mul %h, %s : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
  onnx.return %y : !onnx.unknown
}
