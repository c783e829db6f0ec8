// RUN: xlstm-opt %s --verify-roundtrip | FileCheck %s
// RUN: xlstm-opt %s --emit-bytecode | xlstm-opt | FileCheck %s
// Every op of lm, in text and in bytecode.

// CHECK-LABEL: lm.model @model(
// CHECK-SAME: %[[IDS:[^:]*]]: tensor<?x?xi64>, %[[DOCS:[^:]*]]: tensor<?x?xi32>) -> tensor<?x?x256xf32>
// CHECK-SAME: attributes {context_length = 2048 : i64, family = "llama"}
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x256xf32>
    attributes {context_length = 2048 : i64, family = "llama"} {
  // CHECK: %[[POS:.*]] = positions %[[IDS]] docs(%[[DOCS]])
  %p = lm.positions %ids docs(%docs) : (tensor<?x?xi64>, tensor<?x?xi32>) -> tensor<?x?xi32>
  // CHECK: %[[TABLE:.*]] = param "model.embed_tokens.weight" : tensor<256x64xbf16>
  %table = lm.param "model.embed_tokens.weight" : tensor<256x64xbf16>
  // CHECK: %[[X:.*]] = embed %[[IDS]], %[[TABLE]]
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<256x64xbf16>) -> tensor<?x?x64xf32>
  // CHECK: %[[Y:.*]] = layer 0 (%[[H:.*]] = %[[X]]) : (tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  %y = lm.layer 0 (%h = %x) : (tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
    // CHECK: param "q.weight" {init = 0.000000e+00 : f32} : tensor<64x64xf32>
    %w = lm.param "q.weight" {init = 0.0 : f32} : tensor<64x64xf32>
    // CHECK: param "q.bias" : tensor<64xf32>
    %b = lm.param "q.bias" : tensor<64xf32>
    // CHECK: param "q_map.weight" {init = "identity"} : tensor<4x16x16xf32>
    %map = lm.param "q_map.weight" {init = "identity"} : tensor<4x16x16xf32>
    // CHECK: param "q.lora_A.weight" {init = "uniform"} : tensor<2x64xf32>
    %lora = lm.param "q.lora_A.weight" {init = "uniform"} : tensor<2x64xf32>
    // CHECK: lm.linear %[[H]], %{{.*}} bias(%{{.*}}) : (tensor<?x?x64xf32>, tensor<64x64xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
    %q = lm.linear %h, %w bias(%b) : (tensor<?x?x64xf32>, tensor<64x64xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
    // CHECK: lm.linear_add %[[H]], %{{.*}} to %{{.*}} bias(%{{.*}}) : (tensor<?x?x64xf32>, tensor<64x64xf32>, tensor<?x?x64xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
    %added = lm.linear_add %h, %w to %q bias(%b) : (tensor<?x?x64xf32>, tensor<64x64xf32>, tensor<?x?x64xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
    // CHECK: lm.split_heads %{{.*}} : tensor<?x?x64xf32> to tensor<?x?x4x16xf32>
    %heads = lm.split_heads %q : tensor<?x?x64xf32> to tensor<?x?x4x16xf32>
    %n = lm.param "q_norm.weight" : tensor<16xbf16>
    // CHECK: lm.rms_norm %{{.*}}, %{{.*}} {eps = 1.000000e-05 : f64} : tensor<?x?x4x16xf32>, tensor<16xbf16>
    %normed = lm.rms_norm %heads, %n {eps = 1.0e-5 : f64} : tensor<?x?x4x16xf32>, tensor<16xbf16>
    // CHECK: lm.rope %{{.*}}, %[[POS]] {rope = #lm.rope<theta = 1.000000e+04 : f64>}
    %r = lm.rope %normed, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x4x16xf32>, tensor<?x?xi32>
    // CHECK: lm.rope %{{.*}}, %[[POS]] {rope = #lm.rope<frequencies = [1.00000000e+00, 5.00000000e-01, 2.50000000e-01, 1.25000000e-01, 6.25000000e-02, 3.12500000e-02, 1.56250000e-02, 7.81250000e-03], attention_factor = 1.200000e+00 : f64>}
    %k = lm.rope %heads, %p {rope = #lm.rope<frequencies = [1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125],
        attention_factor = 1.2 : f64>} : tensor<?x?x4x16xf32>, tensor<?x?xi32>
    // CHECK: lm.attention %{{.*}}, %{{.*}}, %{{.*}} docs(%[[DOCS]]) {scale = 2.500000e-01 : f64}
    %full = lm.attention %r, %k, %heads docs(%docs) {scale = 0.25 : f64}
      : (tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?xi32>) -> tensor<?x?x4x16xf32>
    // CHECK: lm.merge_heads %{{.*}} : tensor<?x?x4x16xf32> to tensor<?x?x64xf32>
    %m = lm.merge_heads %full : tensor<?x?x4x16xf32> to tensor<?x?x64xf32>
    // CHECK: lm.add %[[H]], %{{.*}} : tensor<?x?x64xf32>
    %a = lm.add %h, %m : tensor<?x?x64xf32>
    // CHECK: lm.swiglu %{{.*}}, %{{.*}} : tensor<?x?x64xf32>
    %s = lm.swiglu %a, %m : tensor<?x?x64xf32>
    // CHECK: lm.scale %{{.*}} {factor = 5.000000e-01 : f64} : tensor<?x?x64xf32>
    %half = lm.scale %s {factor = 0.5 : f64} : tensor<?x?x64xf32>
    // CHECK: lm.yield %{{.*}} : tensor<?x?x64xf32>
    lm.yield %half : tensor<?x?x64xf32>
  }
  // CHECK: %[[LOGITS:.*]] = linear %[[Y]], %[[TABLE]]
  %logits = lm.linear %y, %table : (tensor<?x?x64xf32>, tensor<256x64xbf16>) -> tensor<?x?x256xf32>
  // CHECK: return %[[LOGITS]] : tensor<?x?x256xf32>
  lm.return %logits : tensor<?x?x256xf32>
}

// A function with explicit state, and named results.
// CHECK-LABEL: lm.model @decode(
// CHECK-SAME: %[[IDS:[^:]*]]: tensor<?x1xi64>, %[[POS:[^:]*]]: tensor<?xi32>,
// CHECK-SAME: %{{.*}}: tensor<?x8x1x2xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.0.ring_k"}
// CHECK-SAME: -> (tensor<?x1x2x2xf32> {lm.name = "h"}, tensor<?x8x1x2xf32>, {{.*}}
lm.model @decode(%ids: tensor<?x1xi64>, %pos: tensor<?xi32>,
    %rk: tensor<?x8x1x2xf32> {lm.state = "layers.0.ring_k", lm.init = 0.0 : f32},
    %rv: tensor<?x8x1x2xf32> {lm.state = "layers.0.ring_v", lm.init = 0.0 : f32},
    %sk: tensor<?x4x1x2xf32> {lm.state = "layers.0.sink_k", lm.init = 0.0 : f32},
    %sv: tensor<?x4x1x2xf32> {lm.state = "layers.0.sink_v", lm.init = 0.0 : f32})
    -> (tensor<?x1x2x2xf32> {lm.name = "h"}, tensor<?x8x1x2xf32>, tensor<?x8x1x2xf32>, tensor<?x4x1x2xf32>, tensor<?x4x1x2xf32>) {
  // CHECK: positions %[[IDS]] at %[[POS]]
  %p = lm.positions %ids at %pos : (tensor<?x1xi64>, tensor<?xi32>) -> tensor<?x1xi32>
  %table = lm.param "table" : tensor<9x4xf32>
  %x = lm.embed %ids, %table : (tensor<?x1xi64>, tensor<9x4xf32>) -> tensor<?x1x4xf32>
  %q = lm.split_heads %x : tensor<?x1x4xf32> to tensor<?x1x2x2xf32>
  %wk = lm.param "k" : tensor<2x4xf32>
  %k2 = lm.linear %x, %wk : (tensor<?x1x4xf32>, tensor<2x4xf32>) -> tensor<?x1x2xf32>
  %k = lm.split_heads %k2 : tensor<?x1x2xf32> to tensor<?x1x1x2xf32>
  // CHECK: %[[H:.*]], %[[STATE:.*]]:4 = attention %{{.*}}, %{{.*}}, %{{.*}} at %[[POS]] state(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) {scale = 1.000000e+00 : f64, sinks = 4 : i64, window = 8 : i64}
  %h:5 = lm.attention %q, %k, %k at %pos state(%rk, %rv, %sk, %sv) {scale = 1.0 : f64, window = 8 : i64, sinks = 4 : i64}
    : (tensor<?x1x2x2xf32>, tensor<?x1x1x2xf32>, tensor<?x1x1x2xf32>, tensor<?xi32>, tensor<?x8x1x2xf32>,
       tensor<?x8x1x2xf32>, tensor<?x4x1x2xf32>, tensor<?x4x1x2xf32>)
    -> (tensor<?x1x2x2xf32>, tensor<?x8x1x2xf32>, tensor<?x8x1x2xf32>, tensor<?x4x1x2xf32>, tensor<?x4x1x2xf32>)
  lm.return %h#0, %h#1, %h#2, %h#3, %h#4 : tensor<?x1x2x2xf32>, tensor<?x8x1x2xf32>, tensor<?x8x1x2xf32>, tensor<?x4x1x2xf32>, tensor<?x4x1x2xf32>
}

// CHECK-LABEL: lm.model @loss(
lm.model @loss(%ids: tensor<?x?xi64>, %labels: tensor<?x?xi64>) -> (tensor<f32>, tensor<?x1x8xf32>) {
  %table = lm.param "table" : tensor<8x8xf32>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: last_token %{{.*}} : tensor<?x?x8xf32> to tensor<?x1x8xf32>
  %last = lm.last_token %x : tensor<?x?x8xf32> to tensor<?x1x8xf32>
  // CHECK: cross_entropy %{{.*}}, %{{.*}} : (tensor<?x?x8xf32>, tensor<?x?xi64>) -> tensor<f32>
  %ce = lm.cross_entropy %x, %labels : (tensor<?x?x8xf32>, tensor<?x?xi64>) -> tensor<f32>
  lm.return %ce, %last : tensor<f32>, tensor<?x1x8xf32>
}

// CHECK-LABEL: lm.model @heads(
lm.model @heads(%ids: tensor<?x?xi64>) -> tensor<?x?x4x2xf32> {
  %table = lm.param "table" : tensor<8x8xf32>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: take_blocks %{{.*}} [3, 1] of 2 along 1 : tensor<8x8xf32> to tensor<8x4xf32>
  %blocks = lm.take_blocks %table [3, 1] of 2 along 1 : tensor<8x8xf32> to tensor<8x4xf32>
  %h = lm.split_heads %x : tensor<?x?x8xf32> to tensor<?x?x4x2xf32>
  // CHECK: %[[A:.*]] = take_heads %{{.*}} [2, 3] : tensor<?x?x4x2xf32> to tensor<?x?x2x2xf32>
  %a = lm.take_heads %h [2, 3] : tensor<?x?x4x2xf32> to tensor<?x?x2x2xf32>
  // CHECK: join_heads %[[A]], %[[A]] [0, 2, 1, 3] : tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32> to tensor<?x?x4x2xf32>
  %b = lm.join_heads %a, %a [0, 2, 1, 3] : tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32> to tensor<?x?x4x2xf32>
  lm.return %b : tensor<?x?x4x2xf32>
}
