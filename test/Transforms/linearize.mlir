// RUN: xlstm-opt %s --xlstm-linearize='window=8 sinks=2' | FileCheck %s --check-prefixes=CHECK,HYBRID
// RUN: xlstm-opt %s --xlstm-linearize='window=8 sinks=0 mixer=window' | FileCheck %s --check-prefixes=CHECK,WINDOW
// RUN: xlstm-opt %s --xlstm-linearize='mixer=mlstm feature-map=elu form=parallel chunk=16 forget-gate-bias=3' | FileCheck %s --check-prefixes=CHECK,MLSTM
// RUN: xlstm-opt %s --xlstm-linearize='mixer=linear-attention' | FileCheck %s --check-prefixes=CHECK,LINEAR
// RUN: xlstm-opt %s --xlstm-linearize='input-gate-bias=1e-7 output-gate-bias=-1234567.125' | FileCheck %s --check-prefix=DIGITS
// RUN: xlstm-opt %s --xlstm-linearize='mixer=gated_delta window=8 sinks=2' | FileCheck %s --check-prefixes=CHECK,DELTA
// RUN: xlstm-opt %s --xlstm-linearize='mixer=gated_delta_alone forget-gate-bias=3' | FileCheck %s --check-prefixes=CHECK,ALONE
// RUN: xlstm-opt %s --xlstm-linearize='mixer=gated_delta' --xlstm-build-prefill='batch=1 tokens=8' --xlstm-build-decode='batch=1' --xlstm-fuse-hybrid | FileCheck %s --check-prefix=STEPS
// Every mixer, over a Llama-like layer with grouped queries; the bystanders around it stay.

// Both functions have its state S, beside the window's rings.
// STEPS-LABEL: lm.model @prefill(
// STEPS-SAME: tensor<1x2x4x4xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.0.S"}, %{{.*}}lm.state = "layers.0.ring_k"
// STEPS: %h, %new_state = xlstm.gated_delta chunkwise %{{.*}} gates(%{{.*}}) state(%{{.*}}) :
// STEPS-LABEL: lm.model @decode(
// STEPS: %h, %new_state = xlstm.gated_delta recurrent %{{.*}} gates(%{{.*}}) state(%{{.*}}) :

// CHECK-LABEL: lm.model @model(
// CHECK-SAME: %{{.*}}: tensor<?x?xi64>, %[[DOCS:.*]]: tensor<?x?xi32>)
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x16xf32> attributes {context_length = 64 : i64} {
  %p = lm.positions %ids docs(%docs) : (tensor<?x?xi64>, tensor<?x?xi32>) -> tensor<?x?xi32>
  %table = lm.param "model.embed_tokens.weight" : tensor<16x8xbf16>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<16x8xbf16>) -> tensor<?x?x8xf32>
  // CHECK: layer 0 (%[[H:.*]] = %{{.*}}) :
  // What the mixer is stands on the layer, without what is default.
  // HYBRID-SAME: attributes {xlstm.mixer = #xlstm.mixer<window = 8, sinks = 2>} {
  // WINDOW-SAME: attributes {xlstm.mixer = #xlstm.mixer<mixer = window, window = 8, sinks = 0>} {
  // MLSTM-SAME: attributes {xlstm.mixer = #xlstm.mixer<mixer = mlstm, feature_map = elu, forget_gate_bias = 3.0, form = parallel, chunk = 16>} {
  // DIGITS: attributes {xlstm.mixer = #xlstm.mixer<input_gate_bias = 1.0e-07, output_gate_bias = -1234567.125>} {
  // DIGITS: i_gate.bias" {init = 1.000000e-07 : f32}
  // LINEAR-SAME: attributes {xlstm.mixer = #xlstm.mixer<mixer = "linear-attention">} {
  %y = lm.layer 0 (%h = %x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %n = lm.param "model.layers.0.input_layernorm.weight" : tensor<8xbf16>
    // CHECK: %[[A:.*]] = lm.rms_norm %[[H]]
    %a = lm.rms_norm %h, %n {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, tensor<8xbf16>
    %wq = lm.param "model.layers.0.self_attn.q_proj.weight" : tensor<8x8xbf16>
    %bq = lm.param "model.layers.0.self_attn.q_proj.bias" : tensor<8xbf16>
    %q = lm.linear %a, %wq bias(%bq) : (tensor<?x?x8xf32>, tensor<8x8xbf16>, tensor<8xbf16>) -> tensor<?x?x8xf32>
    %wk = lm.param "model.layers.0.self_attn.k_proj.weight" : tensor<4x8xbf16>
    %k = lm.linear %a, %wk : (tensor<?x?x8xf32>, tensor<4x8xbf16>) -> tensor<?x?x4xf32>
    %wv = lm.param "model.layers.0.self_attn.v_proj.weight" : tensor<4x8xbf16>
    %v = lm.linear %a, %wv : (tensor<?x?x8xf32>, tensor<4x8xbf16>) -> tensor<?x?x4xf32>
    // CHECK: %[[QS:.*]] = lm.split_heads %{{.*}} : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    // CHECK: %[[KS:.*]] = lm.split_heads %{{.*}} : tensor<?x?x4xf32> to tensor<?x?x1x4xf32>
    // CHECK: %[[VS:.*]] = lm.split_heads %{{.*}} : tensor<?x?x4xf32> to tensor<?x?x1x4xf32>
    %qs = lm.split_heads %q : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %ks = lm.split_heads %k : tensor<?x?x4xf32> to tensor<?x?x1x4xf32>
    %vs = lm.split_heads %v : tensor<?x?x4xf32> to tensor<?x?x1x4xf32>
    // CHECK: %[[QR:.*]] = lm.rope %[[QS]]
    // CHECK: %[[KR:.*]] = lm.rope %[[KS]]
    %qr = lm.rope %qs, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x2x4xf32>, tensor<?x?xi32>
    %kr = lm.rope %ks, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x1x4xf32>, tensor<?x?xi32>

    // The output gate reads the raw heads, its weight and bias start at 0.
    // HYBRID: %[[OW:.*]] = lm.param "model.layers.0.self_attn.o_gate.weight" {init = 0.000000e+00 : f32} : tensor<2x12xf32>
    // HYBRID: %[[OB:.*]] = lm.param "model.layers.0.self_attn.o_gate.bias" {init = -2.000000e+00 : f32} : tensor<2xf32>
    // HYBRID: %[[O:.*]] = xlstm.output_gate %[[QS]], %[[KS]], %[[VS]], %[[OW]], %[[OB]]
    // The memory's gates read what the query projection reads.
    // HYBRID: %[[IW:.*]] = lm.param "model.layers.0.self_attn.i_gate.weight" {init = 0.000000e+00 : f32} : tensor<2x8xf32>
    // HYBRID: %[[IB:.*]] = lm.param "model.layers.0.self_attn.i_gate.bias" {init = 0.000000e+00 : f32} : tensor<2xf32>
    // HYBRID: %[[I:.*]] = lm.linear %[[A]], %[[IW]] bias(%[[IB]]) : (tensor<?x?x8xf32>, tensor<2x8xf32>, tensor<2xf32>) -> tensor<?x?x2xf32>
    // HYBRID: %[[FW:.*]] = lm.param "model.layers.0.self_attn.f_gate.weight" {init = 0.000000e+00 : f32} : tensor<2x8xf32>
    // HYBRID: %[[FB:.*]] = lm.param "model.layers.0.self_attn.f_gate.bias" {init = 4.000000e+00 : f32} : tensor<2xf32>
    // HYBRID: %[[F:.*]] = lm.linear %[[A]], %[[FW]] bias(%[[FB]])
    // Both maps, one a query head, act behind the rotation.
    // HYBRID: %[[QM:.*]] = lm.param "model.layers.0.self_attn.q_map.weight" {init = "identity"} : tensor<2x4x4xf32>
    // HYBRID: %[[QF:.*]] = xlstm.feature_map softmax %[[QR]], %[[QM]] : (tensor<?x?x2x4xf32>, tensor<2x4x4xf32>) -> tensor<?x?x2x4xf32>
    // HYBRID: %[[KM:.*]] = lm.param "model.layers.0.self_attn.k_map.weight" {init = "identity"} : tensor<2x4x4xf32>
    // HYBRID: %[[KF:.*]] = xlstm.feature_map softmax %[[KR]], %[[KM]] : (tensor<?x?x1x4xf32>, tensor<2x4x4xf32>) -> tensor<?x?x2x4xf32>
    // HYBRID: %[[MEM:.*]] = xlstm.mlstm chunkwise %[[QF]], %[[KF]], %[[VS]] gates(%[[I]], %[[F]]) docs(%[[DOCS]]) :
    // HYBRID: %[[NEAR:.*]] = lm.attention %[[QR]], %[[KR]], %[[VS]] docs(%[[DOCS]]) {scale = 5.000000e-01 : f64, sinks = 2 : i64, window = 8 : i64}
    // HYBRID: %[[OUT:.*]] = xlstm.mix %[[O]], %[[MEM]], %[[NEAR]] : tensor<?x?x2xf32>, tensor<?x?x2x4xf32>

    // WINDOW-NOT: init
    // WINDOW: %[[OUT:.*]] = lm.attention %[[QR]], %[[KR]], %[[VS]] docs(%[[DOCS]]) {scale = 5.000000e-01 : f64, window = 8 : i64}

    // MLSTM-NOT: o_gate
    // MLSTM: f_gate.bias" {init = 3.000000e+00 : f32}
    // MLSTM: xlstm.feature_map elu %[[QR]]
    // MLSTM: xlstm.feature_map elu %[[KR]]
    // MLSTM: %[[OUT:.*]] = xlstm.mlstm parallel %{{.*}}, %{{.*}}, %[[VS]] gates(%{{.*}}, %{{.*}}) docs(%[[DOCS]]) {chunk = 16 : i64}
    // MLSTM-NOT: lm.attention

    // LINEAR-NOT: _gate
    // LINEAR: %[[OUT:.*]] = xlstm.mlstm chunkwise %{{.*}}, %{{.*}}, %[[VS]] docs(%[[DOCS]]) :
    // LINEAR-NOT: lm.attention
    // The delta rule reads what attention reads: keys and values of a group once.
    // DELTA: %[[O:.*]] = xlstm.output_gate
    // DELTA: %[[W:.*]] = lm.linear %[[A]], %{{.*}} bias(%{{.*}})
    // DELTA: %[[F:.*]] = lm.linear %[[A]], %{{.*}} bias(%{{.*}})
    // DELTA: %[[MEM:.*]] = xlstm.gated_delta chunkwise %[[QR]], %[[KR]], %[[VS]] gates(%[[W]], %[[F]]) docs(%[[DOCS]]) :
    // DELTA: %[[NEAR:.*]] = lm.attention %[[QR]], %[[KR]], %[[VS]] docs(%[[DOCS]]) {{.*}}window = 8
    // DELTA: %[[OUT:.*]] = xlstm.mix %[[O]], %[[MEM]], %[[NEAR]]

    // ALONE-NOT: o_gate
    // ALONE: f_gate.bias" {init = 3.000000e+00 : f32}
    // ALONE: %[[OUT:.*]] = xlstm.gated_delta chunkwise
    // ALONE-NOT: lm.attention
    %att = lm.attention %qr, %kr, %vs docs(%docs) {scale = 0.5 : f64}
      : (tensor<?x?x2x4xf32>, tensor<?x?x1x4xf32>, tensor<?x?x1x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    // CHECK: lm.merge_heads %[[OUT]]
    %m = lm.merge_heads %att : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    %wo = lm.param "model.layers.0.self_attn.o_proj.weight" : tensor<8x8xbf16>
    %o = lm.linear %m, %wo : (tensor<?x?x8xf32>, tensor<8x8xbf16>) -> tensor<?x?x8xf32>
    %r = lm.add %h, %o : tensor<?x?x8xf32>
    lm.yield %r : tensor<?x?x8xf32>
  }
  %logits = lm.linear %y, %table : (tensor<?x?x8xf32>, tensor<16x8xbf16>) -> tensor<?x?x16xf32>
  lm.return %logits : tensor<?x?x16xf32>
}
