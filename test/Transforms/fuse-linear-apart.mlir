// RUN: xlstm-opt %s --xlstm-build-decode='batch=1' --xlstm-fuse-linear | FileCheck %s
// A projection that is read again stays one: fused, it would be computed twice.

// CHECK-LABEL: lm.model @decode
// CHECK: %[[H:.*]] = lm.merge_heads
// CHECK: %[[Y:.*]] = lm.linear %[[H]]
// CHECK: %[[S:.*]] = lm.add %{{.*}}, %[[Y]]
// CHECK: lm.add %[[S]], %[[Y]]
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x16xf32> attributes {context_length = 64 : i64} {
  %table = lm.param "model.embed_tokens.weight" : tensor<16x8xbf16>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<16x8xbf16>) -> tensor<?x?x8xf32>
  %layer = lm.layer 0 (%in = %x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %q = lm.split_heads %in : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %att = lm.attention %q, %q, %q docs(%docs) {scale = 0.5 : f64}
      : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %h = lm.merge_heads %att : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    %w = lm.param "model.layers.0.w.weight" : tensor<8x8xbf16>
    %y = lm.linear %h, %w : (tensor<?x?x8xf32>, tensor<8x8xbf16>) -> tensor<?x?x8xf32>
    %s = lm.add %in, %y : tensor<?x?x8xf32>
    %t = lm.add %s, %y : tensor<?x?x8xf32>
    lm.yield %t : tensor<?x?x8xf32>
  }
  %logits = lm.linear %layer, %table : (tensor<?x?x8xf32>, tensor<16x8xbf16>) -> tensor<?x?x16xf32>
  lm.return %logits : tensor<?x?x16xf32>
}
