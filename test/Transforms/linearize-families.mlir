// RUN: xlstm-opt %s --split-input-file --xlstm-linearize='window=8 sinks=2' 2>&1 | FileCheck %s
// Norms of q and k: the output gate and the memory's gates read what stands before them.

// Qwen3: a norm a head, behind the split. The raw heads are the split's own.
// CHECK-LABEL: lm.model @model(
lm.model @model(%x: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %p = lm.positions %x docs(%docs) : (tensor<?x?xi64>, tensor<?x?xi32>) -> tensor<?x?xi32>
  %table = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %x, %table : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: layer 0 (%[[H:.*]] = %{{.*}}) :
  %y = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %w = lm.param "w" : tensor<8x8xf32>
    %q = lm.linear %h, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    // CHECK: %[[RAW:.*]] = lm.split_heads
    %s = lm.split_heads %q : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %n = lm.param "n" : tensor<4xf32>
    %qn = lm.rms_norm %s, %n {eps = 1.0e-6 : f64} : tensor<?x?x2x4xf32>, tensor<4xf32>
    // CHECK: %[[ROTATED:.*]] = lm.rope
    %r = lm.rope %qn, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x2x4xf32>, tensor<?x?xi32>
    // CHECK-NOT: lm.split_heads
    // CHECK: xlstm.output_gate %[[RAW]], %[[RAW]], %[[RAW]]
    // CHECK: lm.linear %[[H]], %{{.*}} bias
    // CHECK: lm.linear %[[H]], %{{.*}} bias
    // CHECK: xlstm.feature_map softmax %[[ROTATED]]
    %att = lm.attention %r, %r, %s docs(%docs) {scale = 0.5 : f64}
      : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %att : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    lm.yield %m : tensor<?x?x8xf32>
  }
  lm.return %y : tensor<?x?x8xf32>
}

// -----
// Olmo: a norm over the full width, before the split. The raw projections are split for the gate.
// CHECK-LABEL: lm.model @model(
lm.model @model(%x: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %p = lm.positions %x docs(%docs) : (tensor<?x?xi64>, tensor<?x?xi32>) -> tensor<?x?xi32>
  %table = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %x, %table : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: layer 0 (%[[H:.*]] = %{{.*}}) :
  %y = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %w = lm.param "w" : tensor<8x8xf32>
    // CHECK: %[[Q:.*]] = lm.linear %[[H]]
    // CHECK: %[[K:.*]] = lm.linear %[[H]]
    // CHECK: %[[V:.*]] = lm.linear %[[H]]
    %q = lm.linear %h, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %k = lm.linear %h, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %v = lm.linear %h, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %n = lm.param "n" : tensor<8xf32>
    %qn = lm.rms_norm %q, %n {eps = 1.0e-6 : f64} : tensor<?x?x8xf32>, tensor<8xf32>
    %kn = lm.rms_norm %k, %n {eps = 1.0e-6 : f64} : tensor<?x?x8xf32>, tensor<8xf32>
    %qs = lm.split_heads %qn : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %ks = lm.split_heads %kn : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    // CHECK: %[[VS:.*]] = lm.split_heads %[[V]]
    %vs = lm.split_heads %v : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %qr = lm.rope %qs, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x2x4xf32>, tensor<?x?xi32>
    %kr = lm.rope %ks, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x2x4xf32>, tensor<?x?xi32>
    // CHECK: lm.rope
    // CHECK: lm.rope
    // CHECK: %[[RAWQ:.*]] = lm.split_heads %[[Q]] : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    // CHECK: %[[RAWK:.*]] = lm.split_heads %[[K]] : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    // CHECK: xlstm.output_gate %[[RAWQ]], %[[RAWK]], %[[VS]]
    %att = lm.attention %qr, %kr, %vs docs(%docs) {scale = 0.5 : f64}
      : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %att : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    lm.yield %m : tensor<?x?x8xf32>
  }
  lm.return %y : tensor<?x?x8xf32>
}
