// RUN: xlstm-opt %s --verify-roundtrip | FileCheck %s
// RUN: xlstm-opt %s --emit-bytecode | xlstm-opt | FileCheck %s
// Every op of xlstm, in text and in bytecode.

// CHECK-LABEL: lm.model @mixer(
// CHECK-SAME: %[[Q:[^:]*]]: tensor<?x?x4x16xf32>, %[[K:[^:]*]]: tensor<?x?x2x16xf32>, %[[X:[^:]*]]: tensor<?x?x64xf32>, %[[DOCS:[^:]*]]: tensor<?x?xi32>
lm.model @mixer(%q: tensor<?x?x4x16xf32>, %k: tensor<?x?x2x16xf32>, %x: tensor<?x?x64xf32>, %docs: tensor<?x?xi32>)
    -> tensor<?x?x4x16xf32> {
  %w = lm.param "map" : tensor<4x16x16xf32>
  // CHECK: %[[FQ:.*]] = xlstm.feature_map softmax %[[Q]], %{{.*}} : (tensor<?x?x4x16xf32>, tensor<4x16x16xf32>) -> tensor<?x?x4x16xf32>
  %fq = xlstm.feature_map softmax %q, %w : (tensor<?x?x4x16xf32>, tensor<4x16x16xf32>) -> tensor<?x?x4x16xf32>
  // CHECK: %[[FK:.*]] = xlstm.feature_map elu %[[K]], %{{.*}} : (tensor<?x?x2x16xf32>, tensor<4x16x16xf32>) -> tensor<?x?x4x16xf32>
  %fk = xlstm.feature_map elu %k, %w : (tensor<?x?x2x16xf32>, tensor<4x16x16xf32>) -> tensor<?x?x4x16xf32>
  %ow = lm.param "o.weight" : tensor<4x48xf32>
  %ob = lm.param "o.bias" : tensor<4xf32>
  // CHECK: %[[O:.*]] = xlstm.output_gate %[[Q]], %[[K]], %[[K]], %{{.*}}, %{{.*}}
  %o = xlstm.output_gate %q, %k, %k, %ow, %ob
    : (tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>, tensor<4x48xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  // CHECK: %[[H:.*]] = xlstm.mlstm chunkwise %[[FQ]], %[[FK]], %[[K]] gates(%[[O]], %[[O]]) docs(%[[DOCS]]) {chunk = 32 : i64}
  %h = xlstm.mlstm chunkwise %fq, %fk, %k gates(%o, %o) docs(%docs) {chunk = 32 : i64}
    : (tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi32>)
    -> tensor<?x?x4x16xf32>
  // CHECK: xlstm.mlstm parallel %[[FQ]], %[[FK]], %[[K]] docs(%[[DOCS]]) :
  %linear = xlstm.mlstm parallel %fq, %fk, %k docs(%docs)
    : (tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?xi32>) -> tensor<?x?x4x16xf32>
  // CHECK: xlstm.gated_delta chunkwise %[[FQ]], %[[K]], %[[K]] gates(%[[O]], %[[O]]) docs(%[[DOCS]]) {chunk = 32 : i64} :
  %delta = xlstm.gated_delta chunkwise %fq, %k, %k gates(%o, %o) docs(%docs) {chunk = 32 : i64}
    : (tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi32>)
    -> tensor<?x?x4x16xf32>
  // CHECK: xlstm.mix %[[O]], %[[H]], %{{.*}} : tensor<?x?x4xf32>, tensor<?x?x4x16xf32>
  %mixed = xlstm.mix %o, %h, %linear : tensor<?x?x4xf32>, tensor<?x?x4x16xf32>
  lm.return %mixed : tensor<?x?x4x16xf32>
}

// CHECK-LABEL: lm.model @step(
lm.model @step(%q: tensor<2x1x4x8xf32>, %v: tensor<2x1x2x16xf32>, %g: tensor<2x1x4xf32>,
    %s: tensor<2x4x8x16xf32> {lm.state = "S", lm.init = 0.0 : f32}, %z: tensor<2x4x8xf32> {lm.state = "z", lm.init = 0.0 : f32},
    %m: tensor<2x4xf32> {lm.state = "m", lm.init = 0xFF800000 : f32})
    -> (tensor<2x1x4x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>) {
  // CHECK: %{{.*}}, %{{.*}}:3 = xlstm.mlstm recurrent %{{.*}}, %{{.*}}, %{{.*}} gates(%{{.*}}, %{{.*}}) state(%{{.*}}, %{{.*}}, %{{.*}}) :
  %r:4 = xlstm.mlstm recurrent %q, %q, %v gates(%g, %g) state(%s, %z, %m)
    : (tensor<2x1x4x8xf32>, tensor<2x1x4x8xf32>, tensor<2x1x2x16xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>,
       tensor<2x4x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>)
    -> (tensor<2x1x4x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>)
  lm.return %r#0, %r#1, %r#2, %r#3 : tensor<2x1x4x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: func.func @hybrid(
func.func @hybrid(%q: tensor<2x1x4x8xf32>, %k: tensor<2x1x2x8xf32>, %w: tensor<4x8x8xf32>, %g: tensor<2x1x4xf32>, %pos: tensor<2xi32>,
    %s: tensor<2x4x8x8xf32>, %z: tensor<2x4x8xf32>, %m: tensor<2x4xf32>, %r: tensor<2x16x2x8xf32>, %sink: tensor<2x3x2x8xf32>) {
  // CHECK: %{{.*}}, %{{.*}}, %{{.*}}:7 = xlstm.hybrid recurrent %{{.*}}, %{{.*}}, %{{.*}} maps(%{{.*}}, %{{.*}}) gates(%{{.*}}, %{{.*}}, %{{.*}}) at %{{.*}} state({{.*}}) {rope = #lm.rope<theta = 1.000000e+04 : f64>, scale
  %h, %near, %new:7 = xlstm.hybrid recurrent %q, %k, %k maps(%w, %w) gates(%g, %g, %g) at %pos state(%s, %z, %m, %r, %r, %sink, %sink)
    {rope = #lm.rope<theta = 1.0e+04 : f64>, scale = 1.0 : f64, sinks = 3 : i64, window = 16 : i64}
    : (tensor<2x1x4x8xf32>, tensor<2x1x2x8xf32>, tensor<2x1x2x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x1x4xf32>,
       tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2xi32>, tensor<2x4x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>,
       tensor<2x16x2x8xf32>, tensor<2x16x2x8xf32>, tensor<2x3x2x8xf32>, tensor<2x3x2x8xf32>)
    -> (tensor<2x1x4x8xf32>, tensor<2x1x4x8xf32>, tensor<2x4x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>,
        tensor<2x16x2x8xf32>, tensor<2x16x2x8xf32>, tensor<2x3x2x8xf32>, tensor<2x3x2x8xf32>)
  return
}

// CHECK-LABEL: lm.model @losses(
lm.model @losses(%a: tensor<?x?x4x16xf32>, %b: tensor<?x?x4x16xf32>, %logits: tensor<?x?x256xf32>, %labels: tensor<?x?xi64>,
    %ids: tensor<?x?x8xi32>, %logprobs: tensor<?x?x8xf32>, %tail: tensor<?x?xf32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  // CHECK: xlstm.align_loss %{{.*}}, %{{.*}} : (tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>) -> (tensor<f32>, tensor<f32>)
  %l, %e = xlstm.align_loss %a, %b : (tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>) -> (tensor<f32>, tensor<f32>)
  // CHECK: xlstm.sparse_kl renormalized %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} :
  %kl = xlstm.sparse_kl renormalized %logits, %ids, %logprobs, %tail, %labels
    : (tensor<?x?x256xf32>, tensor<?x?x8xi32>, tensor<?x?x8xf32>, tensor<?x?xf32>, tensor<?x?xi64>) -> tensor<f32>
  // CHECK: xlstm.sparse_kl tail %{{.*}}
  %klt = xlstm.sparse_kl tail %logits, %ids, %logprobs, %tail, %labels
    : (tensor<?x?x256xf32>, tensor<?x?x8xi32>, tensor<?x?x8xf32>, tensor<?x?xf32>, tensor<?x?xi64>) -> tensor<f32>
  lm.return %l, %e, %kl, %klt : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}

// CHECK-LABEL: lm.model @head_losses
lm.model @head_losses(%x: tensor<?x?x16xbf16>, %w: tensor<256x16xbf16>, %ids: tensor<?x?x8xi32>, %logprobs: tensor<?x?x8xf32>,
    %tail: tensor<?x?xf32>, %labels: tensor<?x?xi64>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  // CHECK: xlstm.head_losses tail %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {ce_weight = 5.000000e-01 : f64, kl_weight = 2.000000e+00 : f64, logit_scale = 2.500000e-01 : f64} :
  %loss, %ce, %kl = xlstm.head_losses tail %x, %w, %ids, %logprobs, %tail, %labels
    {ce_weight = 0.5 : f64, kl_weight = 2.0 : f64, logit_scale = 0.25 : f64}
    : (tensor<?x?x16xbf16>, tensor<256x16xbf16>, tensor<?x?x8xi32>, tensor<?x?x8xf32>, tensor<?x?xf32>, tensor<?x?xi64>)
    -> (tensor<f32>, tensor<f32>, tensor<f32>)
  lm.return %loss, %ce, %kl : tensor<f32>, tensor<f32>, tensor<f32>
}
