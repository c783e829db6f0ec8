// RUN: xlstm-opt %s --xlstm-build-prefill='batch=2 tokens=5 context=32 chunk=16' | FileCheck %s --check-prefixes=CHECK,STATIC
// RUN: xlstm-opt %s --xlstm-build-prefill='logits=all' | FileCheck %s --check-prefixes=CHECK,DYNAMIC
// Explicit state of every layer: a hybrid layer, then full attention with a ring of `context` keys.

// CHECK-LABEL: lm.model @model(
// CHECK-LABEL: lm.model @prefill(
// STATIC-SAME: %[[IDS:[^:]*]]: tensor<2x5xi64>, %[[POS:[^:]*]]: tensor<2xi32>,
// STATIC-SAME: %[[S:[^:]*]]: tensor<2x2x4x4xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.0.S"},
// STATIC-SAME: %[[Z:[^:]*]]: tensor<2x2x4xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.0.z"},
// STATIC-SAME: %[[M:[^:]*]]: tensor<2x2xf32> {lm.init = 0xFF800000 : f32, lm.state = "layers.0.m"},
// STATIC-SAME: %[[RK:[^:]*]]: tensor<2x8x2x4xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.0.ring_k"},
// STATIC-SAME: %[[RV:[^:]*]]: tensor<2x8x2x4xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.0.ring_v"},
// STATIC-SAME: %[[SK:[^:]*]]: tensor<2x3x2x4xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.0.sink_k"},
// STATIC-SAME: %[[SV:[^:]*]]: tensor<2x3x2x4xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.0.sink_v"},
// STATIC-SAME: %[[RK1:[^:]*]]: tensor<2x32x2x4xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.1.cache_k"},
// STATIC-SAME: %[[RV1:[^:]*]]: tensor<2x32x2x4xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.1.cache_v"})
// STATIC-SAME: -> (tensor<2x1x9xf32> {lm.name = "logits"}, tensor<2x2x4x4xf32> {lm.name = "layers.0.S"},
// DYNAMIC-SAME: %[[IDS:[^:]*]]: tensor<?x?xi64>, %[[POS:[^:]*]]: tensor<?xi32>,
// DYNAMIC-SAME: %[[S:[^:]*]]: tensor<?x2x4x4xf32>
// DYNAMIC-SAME: %[[Z:[^:]*]]: tensor<?x2x4xf32>
// DYNAMIC-SAME: %[[M:[^:]*]]: tensor<?x2xf32>
// DYNAMIC-SAME: %[[RK:[^:]*]]: tensor<?x8x2x4xf32>
// DYNAMIC-SAME: %[[RV:[^:]*]]: tensor<?x8x2x4xf32>
// DYNAMIC-SAME: %[[SK:[^:]*]]: tensor<?x3x2x4xf32>
// DYNAMIC-SAME: %[[SV:[^:]*]]: tensor<?x3x2x4xf32>
// DYNAMIC-SAME: %[[RK1:[^:]*]]: tensor<?x64x2x4xf32>
// DYNAMIC-SAME: %[[RV1:[^:]*]]: tensor<?x64x2x4xf32>
// DYNAMIC-SAME: -> (tensor<?x?x9xf32> {lm.name = "logits"},
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x9xf32> attributes {context_length = 64 : i64} {
  // CHECK: %[[P:.*]] = positions %[[IDS]] at %[[POS]]
  %p = lm.positions %ids docs(%docs) : (tensor<?x?xi64>, tensor<?x?xi32>) -> tensor<?x?xi32>
  %w = lm.param "w" : tensor<8x8xf32>
  %t = lm.param "table" : tensor<9x8xf32>
  // STATIC: embed {{.*}} -> tensor<2x5x8xf32>
  %e = lm.embed %ids, %t : (tensor<?x?xi64>, tensor<9x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: %[[L0:.*]]:8 = layer 0 (%[[H:.*]] = %{{.*}}, %[[S0:.*]] = %[[S]], %[[Z0:.*]] = %[[Z]], %[[M0:.*]] = %[[M]], %[[RK0:.*]] = %[[RK]], %[[RV0:.*]] = %[[RV]], %[[SK0:.*]] = %[[SK]], %[[SV0:.*]] = %[[SV]]) :
  %y0 = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    // STATIC: lm.linear {{.*}} -> tensor<2x5x8xf32>
    %q = lm.linear %h, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %s = lm.split_heads %q : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    // CHECK: lm.rope %{{.*}}, %[[P]]
    %r = lm.rope %s, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x2x4xf32>, tensor<?x?xi32>
    // STATIC: %[[MEM:.*]], %[[NEWM:.*]]:3 = xlstm.mlstm chunkwise %{{.*}}, %{{.*}}, %{{.*}} state(%[[S0]], %[[Z0]], %[[M0]]) {chunk = 16 : i64}
    // DYNAMIC: %[[MEM:.*]], %[[NEWM:.*]]:3 = xlstm.mlstm chunkwise %{{.*}}, %{{.*}}, %{{.*}} state(%[[S0]], %[[Z0]], %[[M0]]) {chunk = 32 : i64}
    %mem = xlstm.mlstm parallel %r, %r, %s docs(%docs) {chunk = 32 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    // CHECK: %{{.*}}, %[[NEWA:.*]]:4 = lm.attention %{{.*}}, %{{.*}}, %{{.*}} at %[[POS]] state(%[[RK0]], %[[RV0]], %[[SK0]], %[[SV0]]) {scale = 5.000000e-01 : f64, sinks = 3 : i64, window = 8 : i64}
    %a = lm.attention %r, %r, %s docs(%docs) {scale = 0.5 : f64, window = 8 : i64, sinks = 3 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %sum = lm.add %mem, %a : tensor<?x?x2x4xf32>
    %m = lm.merge_heads %sum : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    // CHECK: lm.yield %{{.*}}, %[[NEWM]]#0, %[[NEWM]]#1, %[[NEWM]]#2, %[[NEWA]]#0, %[[NEWA]]#1, %[[NEWA]]#2, %[[NEWA]]#3
    lm.yield %m : tensor<?x?x8xf32>
  }
  // CHECK: %[[L1:.*]]:3 = layer 1 (%{{.*}} = %[[L0]]#0, %{{.*}} = %[[RK1]], %{{.*}} = %[[RV1]]) :
  %y1 = lm.layer 1 (%h = %y0) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %s = lm.split_heads %h : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    // STATIC: lm.attention {{.*}} {cache, scale = 5.000000e-01 : f64, window = 32 : i64}
    // DYNAMIC: lm.attention {{.*}} {cache, scale = 5.000000e-01 : f64, window = 64 : i64}
    %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %a : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    lm.yield %m : tensor<?x?x8xf32>
  }
  // The head reads the last token only.
  // STATIC: %[[LAST:.*]] = last_token %[[L1]]#0 : tensor<2x5x8xf32> to tensor<2x1x8xf32>
  // STATIC: rms_norm %[[LAST]], {{.*}} : tensor<2x1x8xf32>
  // STATIC: linear {{.*}} -> tensor<2x1x9xf32>
  // DYNAMIC-NOT: last_token
  %n = lm.param "norm" : tensor<8xf32>
  %z = lm.rms_norm %y1, %n {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, tensor<8xf32>
  %logits = lm.linear %z, %t : (tensor<?x?x8xf32>, tensor<9x8xf32>) -> tensor<?x?x9xf32>
  // CHECK: return %{{.*}}, %[[L0]]#1, %[[L0]]#2, %[[L0]]#3, %[[L0]]#4, %[[L0]]#5, %[[L0]]#6, %[[L0]]#7, %[[L1]]#1, %[[L1]]#2 :
  lm.return %logits : tensor<?x?x9xf32>
}
