// RUN: xlstm-opt %s --split-input-file --verify-diagnostics
// Element types: activations of one op have one, gates and the memory's states are f32, positions i32.

func.func @feature_map_c3(%x: tensor<2x3x4x8xbf16>, %w: tensor<4x8x8xf32>) {
  // expected-error @+1 {{'xlstm.feature_map' op expects the elements of result to be 'bf16' as in x, found 'f32'}}
  %f = xlstm.feature_map softmax %x, %w : (tensor<2x3x4x8xbf16>, tensor<4x8x8xf32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @feature_map_c1(%x: tensor<2x3x4x8xf32>, %w: tensor<4x8x8xi4>) {
  // expected-error @+1 {{'xlstm.feature_map' op operand #1 must be ranked tensor of floats (less than 2^63 bytes), but got 'tensor<4x8x8xi4>'}}
  %f = xlstm.feature_map softmax %x, %w : (tensor<2x3x4x8xf32>, tensor<4x8x8xi4>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @output_gate_c1(%q: tensor<2x3x4x8xf32>, %w: tensor<4x24xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{'xlstm.output_gate' op result #0 must be ranked tensor of f32 (less than 2^63 bytes), but got 'tensor<2x3x4xbf16>'}}
  %o = xlstm.output_gate %q, %q, %q, %w, %b
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<4x24xf32>, tensor<4xf32>) -> tensor<2x3x4xbf16>
  return
}

// -----
func.func @output_gate_c3(%q: tensor<1x1x1x4611686018427387903xbf16>, %w: tensor<1x8xf32>, %b: tensor<1xf32>) {
  // expected-error @+1 {{'xlstm.output_gate' op expects 3 * d to fit 63 bits, found 'tensor<1x1x1x4611686018427387903xbf16>'}}
  %o = xlstm.output_gate %q, %q, %q, %w, %b
    : (tensor<1x1x1x4611686018427387903xbf16>, tensor<1x1x1x4611686018427387903xbf16>, tensor<1x1x1x4611686018427387903xbf16>, tensor<1x8xf32>, tensor<1xf32>) -> tensor<1x1x1xf32>
  return
}

// -----
func.func @output_gate_c4(%q: tensor<2x3x4x8xf32>, %v: tensor<2x3x4x8xbf16>, %w: tensor<4x24xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{'xlstm.output_gate' op expects the elements of v to be 'f32' as in q, found 'bf16'}}
  %o = xlstm.output_gate %q, %q, %v, %w, %b
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xbf16>, tensor<4x24xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----
func.func @mlstm_c1(%q: tensor<2x3x4x8xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.mlstm' op expects a chunk of 1 to 2147483647, found 4611686018427387904}}
  %h = xlstm.mlstm chunkwise %q, %q, %q docs(%docs) {chunk = 4611686018427387904 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @mlstm_c4(%q: tensor<2x3x4x8xbf16>, %g: tensor<2x3x4xbf16>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.mlstm' op operand #3 must be ranked tensor of f32 (less than 2^63 bytes), but got 'tensor<2x3x4xbf16>'}}
  %h = xlstm.mlstm parallel %q, %q, %q gates(%g, %g) docs(%docs)
    : (tensor<2x3x4x8xbf16>, tensor<2x3x4x8xbf16>, tensor<2x3x4x8xbf16>, tensor<2x3x4xbf16>, tensor<2x3x4xbf16>, tensor<2x3xi32>)
    -> tensor<2x3x4x8xbf16>
  return
}

// -----
func.func @mlstm_c5(%q: tensor<2x3x4x8xf32>, %docs: tensor<2x3xi64>) {
  // expected-error @+1 {{'xlstm.mlstm' op operand #3 must be ranked tensor of i32 (less than 2^63 bytes), but got 'tensor<2x3xi64>'}}
  %h = xlstm.mlstm parallel %q, %q, %q docs(%docs)
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3xi64>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @mlstm_c5(%q: tensor<2x3x4x8xbf16>, %s: tensor<2x4x8x8xbf16>, %z: tensor<2x4x8xf32>, %m: tensor<2x4xf32>) {
  // expected-error @+1 {{'xlstm.mlstm' op expects state S to be 'tensor<2x4x8x8xf32>', found 'tensor<2x4x8x8xbf16>'}}
  %h:4 = xlstm.mlstm parallel %q, %q, %q state(%s, %z, %m)
    : (tensor<2x3x4x8xbf16>, tensor<2x3x4x8xbf16>, tensor<2x3x4x8xbf16>, tensor<2x4x8x8xbf16>, tensor<2x4x8xf32>, tensor<2x4xf32>)
    -> (tensor<2x3x4x8xbf16>, tensor<2x4x8x8xbf16>, tensor<2x4x8xf32>, tensor<2x4xf32>)
  return
}

// -----
func.func @mlstm_c6(%q: tensor<2x3x4x8xf32>, %v: tensor<2x3x4x8xbf16>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.mlstm' op expects the elements of v to be 'f32' as in q, found 'bf16'}}
  %h = xlstm.mlstm parallel %q, %q, %v docs(%docs)
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xbf16>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @mix_c1(%g: tensor<2x3x4xbf16>, %h: tensor<2x3x4x8xbf16>) {
  // expected-error @+1 {{'xlstm.mix' op operand #0 must be ranked tensor of f32 (less than 2^63 bytes), but got 'tensor<2x3x4xbf16>'}}
  %r = xlstm.mix %g, %h, %h : tensor<2x3x4xbf16>, tensor<2x3x4x8xbf16>
  return
}

// -----
func.func @hybrid_c1(%q: tensor<2x3x4x8xf32>, %w: tensor<4x8x8xf32>, %g: tensor<2x3x4xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.hybrid' op expects a window and a chunk of 1 to 2147483647 and no negative sinks, found 4611686018427387904, 64 and 0}}
  %h:2 = xlstm.hybrid chunkwise %q, %q, %q maps(%w, %w) gates(%g, %g, %g) docs(%docs) {scale = 1.0 : f64, window = 4611686018427387904 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3xi32>) -> (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>)
  return
}

// -----
func.func @hybrid_c2(%q: tensor<2x3x4x8xf32>, %w: tensor<4x8x8xf32>, %o: tensor<2x3x4xf16>, %g: tensor<2x3x4xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.hybrid' op operand #5 must be ranked tensor of f32 (less than 2^63 bytes), but got 'tensor<2x3x4xf16>'}}
  %h:2 = xlstm.hybrid chunkwise %q, %q, %q maps(%w, %w) gates(%o, %g, %g) docs(%docs) {scale = 1.0 : f64, window = 4 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x3x4xf16>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3xi32>) -> (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>)
  return
}

// -----
func.func @hybrid_c6(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x4x8xbf16>, %w: tensor<4x8x8xf32>, %g: tensor<2x3x4xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.hybrid' op expects the elements of k to be 'f32' as in q, found 'bf16'}}
  %h:2 = xlstm.hybrid chunkwise %q, %k, %k maps(%w, %w) gates(%g, %g, %g) docs(%docs) {scale = 1.0 : f64, window = 4 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xbf16>, tensor<2x3x4x8xbf16>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3xi32>) -> (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>)
  return
}

// -----
func.func @sparse_kl_c1(%logits: tensor<2x3x9xf32>, %ids: tensor<2x3x5xf32>, %p: tensor<2x3x5xf32>, %tail: tensor<2x3xf32>, %labels: tensor<2x3xi64>) {
  // expected-error @+1 {{'xlstm.sparse_kl' op operand #1 must be ranked tensor of i32 or i64 (less than 2^63 bytes), but got 'tensor<2x3x5xf32>'}}
  %l = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %labels
    : (tensor<2x3x9xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>, tensor<2x3xf32>, tensor<2x3xi64>) -> tensor<f32>
  return
}

// -----
func.func @align_loss_c1(%a: tensor<2x3x4x8xf32>) {
  // expected-error @+1 {{'xlstm.align_loss' op result #1 must be ranked tensor of floats and of rank 0 (less than 2^63 bytes), but got 'tensor<1xf32>'}}
  %l, %e = xlstm.align_loss %a, %a : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>) -> (tensor<f32>, tensor<1xf32>)
  return
}

// -----
func.func @head_losses_c1(%x: tensor<2x3x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<2x3x5xf32>, %p: tensor<2x3x5xf32>, %tail: tensor<2x3xf32>, %labels: tensor<2x3xi64>) {
  // expected-error @+1 {{'xlstm.head_losses' op operand #2 must be ranked tensor of i32 or i64 (less than 2^63 bytes), but got 'tensor<2x3x5xf32>'}}
  %l:3 = xlstm.head_losses tail %x, %w, %ids, %p, %tail, %labels {ce_weight = 1.0 : f64, kl_weight = 1.0 : f64, logit_scale = 1.0 : f64}
    : (tensor<2x3x8xf32>, tensor<9x8xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>, tensor<2x3xf32>, tensor<2x3xi64>) -> (tensor<f32>, tensor<f32>, tensor<f32>)
  return
}
