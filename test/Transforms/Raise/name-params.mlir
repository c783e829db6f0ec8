// RUN: xlstm-opt %s --xlstm-name-params --split-input-file | FileCheck %s
// Names by role, as Olmo has them: norms behind the blocks, norms of queries and keys. The head is the embedding.

// CHECK: module attributes {onnx.weights = [
// CHECK-SAME: {initializer = "t", name = "model.embed_tokens.weight"}
// CHECK-SAME: {initializer = "q", name = "model.layers.0.self_attn.q_proj.weight", rows = array<i64: 0, 8>, transposed}
// CHECK-NOT: "lm_head.weight"
// CHECK: family = "olmo2"
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x16xf32> {
  %t = onnx.weight "t" {content = 5 : i64} : tensor<16x8xf32>
  %x = lm.embed %ids, %t : (tensor<?x?xi64>, tensor<16x8xf32>) -> tensor<?x?x8xf32>
  %l = lm.layer 0 (%h = %x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    // CHECK: lm.param "model.layers.0.self_attn.q_proj.weight" : tensor<8x8xf32>
    // CHECK: lm.param "model.layers.0.self_attn.k_proj.weight"
    // CHECK: lm.param "model.layers.0.self_attn.v_proj.weight"
    // CHECK: lm.param "model.layers.0.self_attn.q_norm.weight"
    // CHECK: lm.param "model.layers.0.self_attn.k_norm.weight"
    %wq = onnx.weight "q" {rows = array<i64: 0, 8>, transposed} : tensor<8x8xf32>
    %q0 = lm.linear %h, %wq : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %wk = onnx.weight "k" : tensor<8x8xf32>
    %k0 = lm.linear %h, %wk : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %wv = onnx.weight "v" : tensor<8x8xf32>
    %v0 = lm.linear %h, %wv : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %nq = onnx.weight "nq" : tensor<8xf32>
    %q1 = lm.rms_norm %q0, %nq {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, tensor<8xf32>
    %nk = onnx.weight "nk" : tensor<8xf32>
    %k1 = lm.rms_norm %k0, %nk {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, tensor<8xf32>
    %q = lm.split_heads %q1 : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %k = lm.split_heads %k1 : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %v = lm.split_heads %v0 : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %a = lm.attention %q, %k, %v docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %a : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    // CHECK: lm.param "model.layers.0.self_attn.o_proj.weight"
    // CHECK: lm.param "model.layers.0.post_attention_layernorm.weight"
    // CHECK: lm.param "model.layers.0.mlp.gate_proj.weight"
    // CHECK: lm.param "model.layers.0.mlp.gate_proj.bias"
    // CHECK: lm.param "model.layers.0.mlp.up_proj.weight"
    // CHECK: lm.param "model.layers.0.mlp.down_proj.weight"
    // CHECK: lm.param "model.layers.0.post_feedforward_layernorm.weight"
    %wo = onnx.weight "o" : tensor<8x8xf32>
    %o = lm.linear %m, %wo : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %n1 = onnx.weight "n1" : tensor<8xf32>
    %on = lm.rms_norm %o, %n1 {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, tensor<8xf32>
    %s = lm.add %h, %on : tensor<?x?x8xf32>
    %wg = onnx.weight "g" : tensor<12x8xf32>
    %bg = onnx.weight "bg" : tensor<12xf32>
    %g = lm.linear %s, %wg bias(%bg) : (tensor<?x?x8xf32>, tensor<12x8xf32>, tensor<12xf32>) -> tensor<?x?x12xf32>
    %wu = onnx.weight "u" : tensor<12x8xf32>
    %u = lm.linear %s, %wu : (tensor<?x?x8xf32>, tensor<12x8xf32>) -> tensor<?x?x12xf32>
    %f = lm.swiglu %g, %u : tensor<?x?x12xf32>
    %wd = onnx.weight "d" : tensor<8x12xf32>
    %d = lm.linear %f, %wd : (tensor<?x?x12xf32>, tensor<8x12xf32>) -> tensor<?x?x8xf32>
    %n2 = onnx.weight "n2" : tensor<8xf32>
    %dn = lm.rms_norm %d, %n2 {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, tensor<8xf32>
    %r = lm.add %s, %dn : tensor<?x?x8xf32>
    lm.yield %r : tensor<?x?x8xf32>
  }
  // CHECK: param "model.norm.weight"
  %n3 = onnx.weight "n3" : tensor<8xf32>
  %y = lm.rms_norm %l, %n3 {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, tensor<8xf32>
  // CHECK: param "model.embed_tokens.weight"
  %head = onnx.weight "copy" {content = 5 : i64, transposed} : tensor<16x8xf32>
  %logits = lm.linear %y, %head : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  lm.return %logits : tensor<?x?x16xf32>
}

// -----
// A weight that nothing reads goes.
// CHECK-LABEL: lm.model @unused(
// CHECK-NEXT: return
lm.model @unused(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %w = onnx.weight "w" : tensor<4x4xf32>
  lm.return %x : tensor<?x?x4xf32>
}
