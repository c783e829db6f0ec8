// RUN: xlstm-opt %s --xlstm-outline-layers | FileCheck %s
// A raised graph of one layer, static, in the order of an exporter: the model has the importer's order and dynamic sizes.

// CHECK-NOT: onnx.graph
// CHECK-LABEL: lm.model @model(%{{.*}}: tensor<?x?xi64>, %{{.*}}: tensor<?x?xi32>) -> tensor<?x?x16xf32>
onnx.graph @main(%ids: tensor<1x3xi64> {onnx.name = "input_ids"}, %docs: tensor<1x3xi32> {onnx.name = "docs"}) -> (tensor<1x3x16xf32> {onnx.name = "logits"}) {
  %p = lm.positions %ids docs(%docs) : (tensor<1x3xi64>, tensor<1x3xi32>) -> tensor<1x3xi32>
  %table = onnx.weight "table" {content = 5 : i64} : tensor<16x8xf32>
  %x = lm.embed %ids, %table : (tensor<1x3xi64>, tensor<16x8xf32>) -> tensor<1x3x8xf32>
  // CHECK: %[[Y:.*]] = layer 0 (%[[X:.*]] = %{{.*}}) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: %[[A:.*]] = lm.rms_norm %[[X]]
  // CHECK-NEXT: %[[WQ:.*]] = onnx.weight "q"
  // CHECK-NEXT: lm.linear %[[A]], %[[WQ]]
  // CHECK-NEXT: onnx.weight "k"
  // CHECK-NEXT: lm.linear
  // CHECK-NEXT: onnx.weight "v"
  // CHECK-NEXT: lm.linear
  // CHECK-COUNT-3: lm.split_heads
  // CHECK: %[[Q:.*]] = lm.rope
  // CHECK: %[[K:.*]] = lm.rope
  // CHECK: lm.attention %[[Q]], %[[K]]
  // CHECK: lm.merge_heads
  // CHECK: %[[O:.*]] = lm.linear
  // CHECK: %[[S:.*]] = lm.add %[[X]], %[[O]]
  // CHECK: lm.rms_norm %[[S]]
  // CHECK: lm.swiglu
  // CHECK: %[[D:.*]] = lm.linear
  // CHECK: %[[R:.*]] = lm.add %[[S]], %[[D]]
  // CHECK: lm.yield %[[R]]
  %n1 = onnx.weight "n1" : tensor<8xf32>
  %a = lm.rms_norm %x, %n1 {eps = 1.0e-5 : f64} : tensor<1x3x8xf32>, tensor<8xf32>
  %wv = onnx.weight "v" {transposed} : tensor<4x8xf32>
  %v0 = lm.linear %a, %wv : (tensor<1x3x8xf32>, tensor<4x8xf32>) -> tensor<1x3x4xf32>
  %v = lm.split_heads %v0 : tensor<1x3x4xf32> to tensor<1x3x1x4xf32>
  %wq = onnx.weight "q" {transposed} : tensor<8x8xf32>
  %q0 = lm.linear %a, %wq : (tensor<1x3x8xf32>, tensor<8x8xf32>) -> tensor<1x3x8xf32>
  %q1 = lm.split_heads %q0 : tensor<1x3x8xf32> to tensor<1x3x2x4xf32>
  %q = lm.rope %q1, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<1x3x2x4xf32>, tensor<1x3xi32>
  %wk = onnx.weight "k" {transposed} : tensor<4x8xf32>
  %k0 = lm.linear %a, %wk : (tensor<1x3x8xf32>, tensor<4x8xf32>) -> tensor<1x3x4xf32>
  %k1 = lm.split_heads %k0 : tensor<1x3x4xf32> to tensor<1x3x1x4xf32>
  %k = lm.rope %k1, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<1x3x1x4xf32>, tensor<1x3xi32>
  %h = lm.attention %q, %k, %v docs(%docs) {scale = 0.5 : f64} : (tensor<1x3x2x4xf32>, tensor<1x3x1x4xf32>, tensor<1x3x1x4xf32>, tensor<1x3xi32>) -> tensor<1x3x2x4xf32>
  %m = lm.merge_heads %h : tensor<1x3x2x4xf32> to tensor<1x3x8xf32>
  %wo = onnx.weight "o" : tensor<8x8xf32>
  %o = lm.linear %m, %wo : (tensor<1x3x8xf32>, tensor<8x8xf32>) -> tensor<1x3x8xf32>
  %s = lm.add %o, %x : tensor<1x3x8xf32>
  %n2 = onnx.weight "n2" : tensor<8xf32>
  %b = lm.rms_norm %s, %n2 {eps = 1.0e-5 : f64} : tensor<1x3x8xf32>, tensor<8xf32>
  %wu = onnx.weight "up" : tensor<12x8xf32>
  %u = lm.linear %b, %wu : (tensor<1x3x8xf32>, tensor<12x8xf32>) -> tensor<1x3x12xf32>
  %wg = onnx.weight "gate" : tensor<12x8xf32>
  %g = lm.linear %b, %wg : (tensor<1x3x8xf32>, tensor<12x8xf32>) -> tensor<1x3x12xf32>
  %f = lm.swiglu %g, %u : tensor<1x3x12xf32>
  %wd = onnx.weight "down" : tensor<8x12xf32>
  %d = lm.linear %f, %wd : (tensor<1x3x12xf32>, tensor<8x12xf32>) -> tensor<1x3x8xf32>
  %r = lm.add %d, %s : tensor<1x3x8xf32>
  %n3 = onnx.weight "n3" : tensor<8xf32>
  %y = lm.rms_norm %r, %n3 {eps = 1.0e-5 : f64} : tensor<1x3x8xf32>, tensor<8xf32>
  %head = onnx.weight "head" {content = 5 : i64, transposed} : tensor<16x8xf32>
  // CHECK: rms_norm %[[Y]]
  // CHECK: return %{{.*}} : tensor<?x?x16xf32>
  %logits = lm.linear %y, %head : (tensor<1x3x8xf32>, tensor<16x8xf32>) -> tensor<1x3x16xf32>
  onnx.return %logits : tensor<1x3x16xf32>
}
