// RUN: xlstm-opt %s --xlstm-linearize='window=8 sinks=2' --xlstm-fuse-hybrid | FileCheck %s
// RUN: xlstm-opt %s --xlstm-build-align='window=8 sinks=0' --xlstm-fuse-hybrid | FileCheck %s --check-prefix=ALIGN
// RUN: xlstm-opt %s --xlstm-linearize='feature-map=elu' --xlstm-fuse-hybrid | FileCheck %s --check-prefix=APART
// RUN: xlstm-opt %s --xlstm-linearize='mixer=mlstm' --xlstm-fuse-hybrid | FileCheck %s --check-prefix=APART
// RUN: xlstm-opt %s --xlstm-linearize='window=8 sinks=2' --xlstm-build-prefill='tokens=4' --xlstm-build-decode --xlstm-fuse-hybrid | FileCheck %s --check-prefix=STATE
// RUN: xlstm-opt %s --xlstm-linearize='mixer=mlstm' --xlstm-build-decode --xlstm-fuse-hybrid | FileCheck %s --check-prefix=APART
// The hybrid composition becomes one op, with state too, and of one token with its rope; its window branch may be read
// behind it; other compositions stay.

// CHECK-DAG: %[[QM:.*]] = lm.param "model.layers.0.self_attn.q_map.weight"
// CHECK-DAG: %[[KM:.*]] = lm.param "model.layers.0.self_attn.k_map.weight"
// CHECK-DAG: %[[O:.*]] = xlstm.output_gate
// CHECK: %[[H:.*]], %{{.*}} = xlstm.hybrid chunkwise %{{.*}}, %{{.*}}, %{{.*}} maps(%[[QM]], %[[KM]]) gates(%[[O]], %{{.*}}, %{{.*}}) docs(%{{.*}}) {scale = 5.000000e-01 : f64, sinks = 2 : i64, window = 8 : i64}
// CHECK-NOT: xlstm.mlstm
// CHECK: lm.merge_heads %[[H]]

// ALIGN-LABEL: lm.model @align
// ALIGN: %[[H:.*]], %[[NEAR:.*]] = xlstm.hybrid chunkwise
// ALIGN-SAME: window = 8 : i64}
// ALIGN-DAG: xlstm.align_loss %[[H]],
// ALIGN-DAG: xlstm.align_loss %[[NEAR]],

// APART: xlstm.mlstm
// APART-NOT: xlstm.hybrid

// STATE-LABEL: lm.model @model
// STATE: xlstm.hybrid chunkwise {{.*}} docs(
// STATE-LABEL: lm.model @prefill
// STATE: %[[Q:.*]] = lm.rope
// STATE: %[[K:.*]] = lm.rope
// STATE: %[[H:.*]], %{{.*}}, %[[NEW:.*]]:7 = xlstm.hybrid chunkwise %[[Q]], %[[K]], {{.*}} at %arg1 state({{.*}}) {scale = 5.000000e-01 : f64, sinks = 2 : i64, window = 8 : i64}
// STATE: lm.merge_heads %[[H]]
// STATE: lm.yield %{{.*}}, %[[NEW]]#0, %[[NEW]]#1, %[[NEW]]#2, %[[NEW]]#3, %[[NEW]]#4, %[[NEW]]#5, %[[NEW]]#6
// STATE-LABEL: lm.model @decode
// STATE-NOT: positions
// STATE-NOT: lm.rope %
// STATE: xlstm.hybrid recurrent {{.*}} at %arg1 state({{.*}}) {rope = #lm.rope<theta = 1.000000e+04 : f64>, scale
// STATE-NOT: xlstm.mlstm

lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x16xf32> attributes {context_length = 64 : i64} {
  %p = lm.positions %ids docs(%docs) : (tensor<?x?xi64>, tensor<?x?xi32>) -> tensor<?x?xi32>
  %table = lm.param "model.embed_tokens.weight" : tensor<16x8xbf16>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<16x8xbf16>) -> tensor<?x?x8xf32>
  %y = lm.layer 0 (%h = %x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %n = lm.param "model.layers.0.input_layernorm.weight" : tensor<8xbf16>
    %a = lm.rms_norm %h, %n {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, tensor<8xbf16>
    %wq = lm.param "model.layers.0.self_attn.q_proj.weight" : tensor<8x8xbf16>
    %bq = lm.param "model.layers.0.self_attn.q_proj.bias" : tensor<8xbf16>
    %q = lm.linear %a, %wq bias(%bq) : (tensor<?x?x8xf32>, tensor<8x8xbf16>, tensor<8xbf16>) -> tensor<?x?x8xf32>
    %wk = lm.param "model.layers.0.self_attn.k_proj.weight" : tensor<4x8xbf16>
    %k = lm.linear %a, %wk : (tensor<?x?x8xf32>, tensor<4x8xbf16>) -> tensor<?x?x4xf32>
    %wv = lm.param "model.layers.0.self_attn.v_proj.weight" : tensor<4x8xbf16>
    %v = lm.linear %a, %wv : (tensor<?x?x8xf32>, tensor<4x8xbf16>) -> tensor<?x?x4xf32>
    %qs = lm.split_heads %q : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %ks = lm.split_heads %k : tensor<?x?x4xf32> to tensor<?x?x1x4xf32>
    %vs = lm.split_heads %v : tensor<?x?x4xf32> to tensor<?x?x1x4xf32>
    %qr = lm.rope %qs, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x2x4xf32>, tensor<?x?xi32>
    %kr = lm.rope %ks, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x1x4xf32>, tensor<?x?xi32>
    %att = lm.attention %qr, %kr, %vs docs(%docs) {scale = 0.5 : f64}
      : (tensor<?x?x2x4xf32>, tensor<?x?x1x4xf32>, tensor<?x?x1x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %att : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    %wo = lm.param "model.layers.0.self_attn.o_proj.weight" : tensor<8x8xbf16>
    %o = lm.linear %m, %wo : (tensor<?x?x8xf32>, tensor<8x8xbf16>) -> tensor<?x?x8xf32>
    %r = lm.add %h, %o : tensor<?x?x8xf32>
    lm.yield %r : tensor<?x?x8xf32>
  }
  %logits = lm.linear %y, %table : (tensor<?x?x8xf32>, tensor<16x8xbf16>) -> tensor<?x?x16xf32>
  lm.return %logits : tensor<?x?x16xf32>
}
