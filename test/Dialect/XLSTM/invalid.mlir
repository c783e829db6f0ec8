// RUN: xlstm-opt %s --split-input-file --verify-diagnostics
// One case a numbered constraint of docs/Spec/XLSTM.md.

func.func @feature_map_c1(%x: tensor<2x3x4x8xf32>, %w: tensor<4x8x6xf32>) {
  // expected-error @+1 {{'xlstm.feature_map' op expects dimension d of weight to be 8 as in x, found 6}}
  %f = xlstm.feature_map softmax %x, %w : (tensor<2x3x4x8xf32>, tensor<4x8x6xf32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @feature_map_c2(%x: tensor<2x3x3x8xf32>, %w: tensor<4x8x8xf32>) {
  // expected-error @+1 {{'xlstm.feature_map' op expects dimension H (4) to be a multiple of Hx (3)}}
  %f = xlstm.feature_map softmax %x, %w : (tensor<2x3x3x8xf32>, tensor<4x8x8xf32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @output_gate_c1(%q: tensor<2x3x4x8xf32>, %w: tensor<4x24xf32>, %b: tensor<2xf32>) {
  // expected-error @+1 {{'xlstm.output_gate' op expects dimension H of bias to be 4 as in q, found 2}}
  %o = xlstm.output_gate %q, %q, %q, %w, %b
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<4x24xf32>, tensor<2xf32>) -> tensor<2x3x4xf32>
  return
}

// -----
func.func @output_gate_c2(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x3x8xf32>, %w: tensor<4x24xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{'xlstm.output_gate' op expects dimension H (4) to be a multiple of Hkv (3)}}
  %o = xlstm.output_gate %q, %k, %k, %w, %b
    : (tensor<2x3x4x8xf32>, tensor<2x3x3x8xf32>, tensor<2x3x3x8xf32>, tensor<4x24xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----
func.func @output_gate_c3(%q: tensor<2x3x4x8xf32>, %w: tensor<4x16xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{'xlstm.output_gate' op expects dimension 3d to be 24 (three times d), found 16}}
  %o = xlstm.output_gate %q, %q, %q, %w, %b
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<4x16xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----
func.func @mlstm_c1(%q: tensor<2x3x4x8xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.mlstm' op expects a chunk of 1 to 2147483647, found 0}}
  %h = xlstm.mlstm chunkwise %q, %q, %q docs(%docs) {chunk = 0 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @mlstm_c2(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x4x6xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.mlstm' op expects dimension m of k to be 8 as in q, found 6}}
  %h = xlstm.mlstm parallel %q, %k, %q docs(%docs)
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x6xf32>, tensor<2x3x4x8xf32>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @mlstm_c3(%q: tensor<2x3x4x8xf32>, %v: tensor<2x3x3x8xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.mlstm' op expects dimension H (4) to be a multiple of Hkv (3)}}
  %h = xlstm.mlstm parallel %q, %q, %v docs(%docs)
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x3x8xf32>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @mlstm_c4(%q: tensor<2x3x4x8xf32>, %g: tensor<2x3x2xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.mlstm' op expects dimension H of i gate to be 4 as in q, found 2}}
  %h = xlstm.mlstm parallel %q, %q, %q gates(%g, %g) docs(%docs)
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x2xf32>, tensor<2x3x2xf32>, tensor<2x3xi32>)
    -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @mlstm_c4(%q: tensor<2x3x4x8xf32>, %g: tensor<2x3x4xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.mlstm' op expects both gates or none}}
  %h = "xlstm.mlstm"(%q, %q, %q, %g, %docs) {form = 0 : i32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0>}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4xf32>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @mlstm_c5(%q: tensor<2x3x4x8xf32>) {
  // expected-error @+1 {{'xlstm.mlstm' op expects either docs or the 3 states S, z, m, found 0 states}}
  %h = xlstm.mlstm parallel %q, %q, %q
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @mlstm_c5(%q: tensor<2x3x4x8xf32>, %docs: tensor<2x3xi32>, %m: tensor<2x4xf32>) {
  // expected-error @+1 {{'xlstm.mlstm' op expects either docs or state}}
  %h:2 = xlstm.mlstm parallel %q, %q, %q docs(%docs) state(%m)
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3xi32>, tensor<2x4xf32>)
    -> (tensor<2x3x4x8xf32>, tensor<2x4xf32>)
  return
}

// -----
func.func @mlstm_c5(%q: tensor<2x3x4x8xf32>, %s: tensor<2x4x8x8xf32>, %z: tensor<2x4x7xf32>, %m: tensor<2x4xf32>) {
  // expected-error @+1 {{'xlstm.mlstm' op expects state z to be 'tensor<2x4x8xf32>', found 'tensor<2x4x7xf32>'}}
  %h:4 = xlstm.mlstm parallel %q, %q, %q state(%s, %z, %m)
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x4x8x8xf32>, tensor<2x4x7xf32>, tensor<2x4xf32>)
    -> (tensor<2x3x4x8xf32>, tensor<2x4x8x8xf32>, tensor<2x4x7xf32>, tensor<2x4xf32>)
  return
}

// -----
func.func @mlstm_c5(%q: tensor<2x3x4x8xf32>, %s: tensor<2x4x8x8xf32>, %z: tensor<2x4x8xf32>, %m: tensor<2x4xf32>) {
  // expected-error @+1 {{'xlstm.mlstm' op expects a new state for every state, of the same type}}
  %h = xlstm.mlstm parallel %q, %q, %q state(%s, %z, %m)
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x4x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>)
    -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @gated_delta_c1(%q: tensor<2x3x4x8xf32>, %g: tensor<2x3x4xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.gated_delta' op expects a chunk of 1 to 2147483647, found 0}}
  %h = xlstm.gated_delta chunkwise %q, %q, %q gates(%g, %g) docs(%docs) {chunk = 0 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3xi32>)
    -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @gated_delta_c2(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x4x6xf32>, %g: tensor<2x3x4xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.gated_delta' op expects dimension m of k to be 8 as in q, found 6}}
  %h = xlstm.gated_delta parallel %q, %k, %q gates(%g, %g) docs(%docs)
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x6xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3xi32>)
    -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @gated_delta_c2(%q: tensor<2x3x4x8xf32>, %g: tensor<2x3x2xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.gated_delta' op expects dimension H of write to be 4 as in q, found 2}}
  %h = xlstm.gated_delta parallel %q, %q, %q gates(%g, %g) docs(%docs)
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x2xf32>, tensor<2x3x2xf32>, tensor<2x3xi32>)
    -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @gated_delta_c3(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x3x8xf32>, %g: tensor<2x3x4xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.gated_delta' op expects dimension H (4) to be a multiple of Hkv (3)}}
  %h = xlstm.gated_delta parallel %q, %k, %k gates(%g, %g) docs(%docs)
    : (tensor<2x3x4x8xf32>, tensor<2x3x3x8xf32>, tensor<2x3x3x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3xi32>)
    -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @gated_delta_c4(%q: tensor<2x3x4x8xf32>, %g: tensor<2x3x4xf32>, %s: tensor<2x4x8x7xf32>) {
  // expected-error @+1 {{'xlstm.gated_delta' op expects state S to be 'tensor<2x4x8x8xf32>', found 'tensor<2x4x8x7xf32>'}}
  %h:2 = xlstm.gated_delta parallel %q, %q, %q gates(%g, %g) state(%s)
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x4x8x7xf32>)
    -> (tensor<2x3x4x8xf32>, tensor<2x4x8x7xf32>)
  return
}

// -----
func.func @gated_delta_c5(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x4x8xbf16>, %g: tensor<2x3x4xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.gated_delta' op expects the elements of k to be 'f32' as in q, found 'bf16'}}
  %h = xlstm.gated_delta parallel %q, %k, %q gates(%g, %g) docs(%docs)
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xbf16>, tensor<2x3x4x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3xi32>)
    -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @mix_c1(%g: tensor<2x3x2xf32>, %h: tensor<2x3x4x8xf32>) {
  // expected-error @+1 {{'xlstm.mix' op expects dimension H of memory to be 2 as in gate, found 4}}
  %r = xlstm.mix %g, %h, %h : tensor<2x3x2xf32>, tensor<2x3x4x8xf32>
  return
}

// -----
func.func @align_loss_c1(%a: tensor<2x3x4x8xf32>, %b: tensor<2x3x4x6xf32>) {
  // expected-error @+1 {{'xlstm.align_loss' op expects dimension d of teacher to be 8 as in student, found 6}}
  %l, %e = xlstm.align_loss %a, %b : (tensor<2x3x4x8xf32>, tensor<2x3x4x6xf32>) -> (tensor<f32>, tensor<f32>)
  return
}

// -----
func.func @sparse_kl_c1(%logits: tensor<2x3x9xf32>, %ids: tensor<2x3x5xi32>, %p: tensor<2x3x6xf32>, %tail: tensor<2x3xf32>,
                        %labels: tensor<2x3xi64>) {
  // expected-error @+1 {{'xlstm.sparse_kl' op expects dimension K of logprobs to be 5 as in ids, found 6}}
  %l = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %labels
    : (tensor<2x3x9xf32>, tensor<2x3x5xi32>, tensor<2x3x6xf32>, tensor<2x3xf32>, tensor<2x3xi64>) -> tensor<f32>
  return
}

// -----
func.func @hybrid_c1(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x2x8xf32>, %w: tensor<4x8x8xf32>, %o: tensor<2x3x4xf32>, %g: tensor<2x3x4xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.hybrid' op expects a window and a chunk of 1 to 2147483647 and no negative sinks, found 0, 64 and 0}}
  %h:2 = xlstm.hybrid chunkwise %q, %k, %k maps(%w, %w) gates(%o, %g, %g) docs(%docs) {scale = 1.0 : f64, window = 0 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x2x8xf32>, tensor<2x3x2x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3xi32>) -> (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>)
  return
}

// -----
func.func @hybrid_c2(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x2x8xf32>, %w: tensor<4x8x8xf32>, %o: tensor<2x3x3xf32>, %g: tensor<2x3x4xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.hybrid' op expects dimension H of o gate to be 4 as in q, found 3}}
  %h:2 = xlstm.hybrid chunkwise %q, %k, %k maps(%w, %w) gates(%o, %g, %g) docs(%docs) {scale = 1.0 : f64, window = 4 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x2x8xf32>, tensor<2x3x2x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x3x3xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3xi32>) -> (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>)
  return
}

// -----
func.func @hybrid_c3(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x3x8xf32>, %w: tensor<4x8x8xf32>, %o: tensor<2x3x4xf32>, %g: tensor<2x3x4xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'xlstm.hybrid' op expects dimension H (4) to be a multiple of Hkv (3)}}
  %h:2 = xlstm.hybrid chunkwise %q, %k, %k maps(%w, %w) gates(%o, %g, %g) docs(%docs) {scale = 1.0 : f64, window = 4 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x3x8xf32>, tensor<2x3x3x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3xi32>) -> (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>)
  return
}

// -----
// hybrid C4
func.func @hybrid_c4_place(%q: tensor<2x1x4x8xf32>, %k: tensor<2x1x2x8xf32>, %w: tensor<4x8x8xf32>, %g: tensor<2x1x4xf32>, %docs: tensor<2x1xi32>, %pos: tensor<2xi32>, %S: tensor<2x4x8x8xf32>, %z: tensor<2x4x8xf32>, %m: tensor<2x4xf32>, %r: tensor<2x4x2x8xf32>) {
  // expected-error @+1 {{'xlstm.hybrid' op expects either docs or at}}
  %h:2 = xlstm.hybrid recurrent %q, %k, %k maps(%w, %w) gates(%g, %g, %g) {scale = 1.0 : f64, window = 4 : i64}
    : (tensor<2x1x4x8xf32>, tensor<2x1x2x8xf32>, tensor<2x1x2x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>) -> (tensor<2x1x4x8xf32>, tensor<2x1x4x8xf32>)
  return
}

// -----
// hybrid C4
func.func @hybrid_c4_docs(%q: tensor<2x1x4x8xf32>, %k: tensor<2x1x2x8xf32>, %w: tensor<4x8x8xf32>, %g: tensor<2x1x4xf32>, %docs: tensor<2x1xi32>, %pos: tensor<2xi32>, %S: tensor<2x4x8x8xf32>, %z: tensor<2x4x8xf32>, %m: tensor<2x4xf32>, %r: tensor<2x4x2x8xf32>) {
  // expected-error @+1 {{'xlstm.hybrid' op expects either docs or state}}
  %h:3 = xlstm.hybrid recurrent %q, %k, %k maps(%w, %w) gates(%g, %g, %g) docs(%docs) state(%S) {scale = 1.0 : f64, window = 4 : i64}
    : (tensor<2x1x4x8xf32>, tensor<2x1x2x8xf32>, tensor<2x1x2x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2x1xi32>, tensor<2x4x8x8xf32>) -> (tensor<2x1x4x8xf32>, tensor<2x1x4x8xf32>, tensor<2x4x8x8xf32>)
  return
}

// -----
// hybrid C4
func.func @hybrid_c4_count(%q: tensor<2x1x4x8xf32>, %k: tensor<2x1x2x8xf32>, %w: tensor<4x8x8xf32>, %g: tensor<2x1x4xf32>, %docs: tensor<2x1xi32>, %pos: tensor<2xi32>, %S: tensor<2x4x8x8xf32>, %z: tensor<2x4x8xf32>, %m: tensor<2x4xf32>, %r: tensor<2x4x2x8xf32>) {
  // expected-error @+1 {{'xlstm.hybrid' op expects either docs or the 5 states S, z, m, ring_k, ring_v, found 3 states}}
  %h:5 = xlstm.hybrid recurrent %q, %k, %k maps(%w, %w) gates(%g, %g, %g) at %pos state(%S, %z, %m) {scale = 1.0 : f64, window = 4 : i64}
    : (tensor<2x1x4x8xf32>, tensor<2x1x2x8xf32>, tensor<2x1x2x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2xi32>, tensor<2x4x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>) -> (tensor<2x1x4x8xf32>, tensor<2x1x4x8xf32>, tensor<2x4x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>)
  return
}

// -----
// hybrid C4
func.func @hybrid_c4_new(%q: tensor<2x1x4x8xf32>, %k: tensor<2x1x2x8xf32>, %w: tensor<4x8x8xf32>, %g: tensor<2x1x4xf32>, %docs: tensor<2x1xi32>, %pos: tensor<2xi32>, %S: tensor<2x4x8x8xf32>, %z: tensor<2x4x8xf32>, %m: tensor<2x4xf32>, %r: tensor<2x4x2x8xf32>) {
  // expected-error @+1 {{'xlstm.hybrid' op expects a new state for every state, of the same type}}
  %h:5 = xlstm.hybrid recurrent %q, %k, %k maps(%w, %w) gates(%g, %g, %g) at %pos state(%S, %z, %m, %r, %r) {scale = 1.0 : f64, window = 4 : i64}
    : (tensor<2x1x4x8xf32>, tensor<2x1x2x8xf32>, tensor<2x1x2x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2xi32>, tensor<2x4x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>) -> (tensor<2x1x4x8xf32>, tensor<2x1x4x8xf32>, tensor<2x4x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>)
  return
}

// -----
// hybrid C4
func.func @hybrid_c4_window(%q: tensor<2x1x4x8xf32>, %k: tensor<2x1x2x8xf32>, %w: tensor<4x8x8xf32>, %g: tensor<2x1x4xf32>, %docs: tensor<2x1xi32>, %pos: tensor<2xi32>, %S: tensor<2x4x8x8xf32>, %z: tensor<2x4x8xf32>, %m: tensor<2x4xf32>, %r: tensor<2x3x2x8xf32>) {
  // expected-error @+1 {{'xlstm.hybrid' op expects state ring_k to be 'tensor<2x4x2x8xf32>', found 'tensor<2x3x2x8xf32>'}}
  %h:7 = xlstm.hybrid recurrent %q, %k, %k maps(%w, %w) gates(%g, %g, %g) at %pos state(%S, %z, %m, %r, %r) {scale = 1.0 : f64, window = 4 : i64}
    : (tensor<2x1x4x8xf32>, tensor<2x1x2x8xf32>, tensor<2x1x2x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2xi32>, tensor<2x4x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x3x2x8xf32>, tensor<2x3x2x8xf32>) -> (tensor<2x1x4x8xf32>, tensor<2x1x4x8xf32>, tensor<2x4x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x3x2x8xf32>, tensor<2x3x2x8xf32>)
  return
}

// -----
// hybrid C5
func.func @hybrid_c5_tokens(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x2x8xf32>, %w: tensor<4x8x8xf32>, %g: tensor<2x3x4xf32>, %docs: tensor<2x3xi32>, %pos: tensor<2xi32>, %S: tensor<2x4x8x8xf32>, %z: tensor<2x4x8xf32>, %m: tensor<2x4xf32>, %r: tensor<2x4x2x8xf32>) {
  // expected-error @+1 {{'xlstm.hybrid' op expects rope only with at and one token}}
  %h:7 = xlstm.hybrid recurrent %q, %k, %k maps(%w, %w) gates(%g, %g, %g) at %pos state(%S, %z, %m, %r, %r) {rope = #lm.rope<theta = 1.0e+04 : f64>, scale = 1.0 : f64, window = 4 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x2x8xf32>, tensor<2x3x2x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2xi32>, tensor<2x4x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>) -> (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x4x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>)
  return
}

// -----
// hybrid C5
func.func @hybrid_c5_rope(%q: tensor<2x1x4x8xf32>, %k: tensor<2x1x2x8xf32>, %w: tensor<4x8x8xf32>, %g: tensor<2x1x4xf32>, %docs: tensor<2x1xi32>, %pos: tensor<2xi32>, %S: tensor<2x4x8x8xf32>, %z: tensor<2x4x8xf32>, %m: tensor<2x4xf32>, %r: tensor<2x4x2x8xf32>) {
  // expected-error @+1 {{'xlstm.hybrid' op expects 4 frequencies for a head dimension of 8, found 2}}
  %h:7 = xlstm.hybrid recurrent %q, %k, %k maps(%w, %w) gates(%g, %g, %g) at %pos state(%S, %z, %m, %r, %r) {rope = #lm.rope<frequencies = [1.0, 0.25]>, scale = 1.0 : f64, window = 4 : i64}
    : (tensor<2x1x4x8xf32>, tensor<2x1x2x8xf32>, tensor<2x1x2x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2xi32>, tensor<2x4x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>) -> (tensor<2x1x4x8xf32>, tensor<2x1x4x8xf32>, tensor<2x4x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>)
  return
}

// -----
func.func @blend_c1(%s: tensor<2xf32>, %h: tensor<2x3x4x8xf32>) {
  // expected-error @+1 {{'xlstm.blend' op expects dimension H of full to be 2 as in share, found 4}}
  %r = xlstm.blend %s, %h, %h : tensor<2xf32>, tensor<2x3x4x8xf32>
  return
}

// -----
func.func @head_losses_c1(%x: tensor<2x3x8xf32>, %w: tensor<9x7xf32>, %ids: tensor<2x3x5xi32>, %p: tensor<2x3x5xf32>, %tail: tensor<2x3xf32>, %labels: tensor<2x3xi64>) {
  // expected-error @+1 {{'xlstm.head_losses' op expects dimension D of weight to be 8 as in hidden, found 7}}
  %l:3 = xlstm.head_losses tail %x, %w, %ids, %p, %tail, %labels {ce_weight = 1.0 : f64, kl_weight = 1.0 : f64, logit_scale = 1.0 : f64}
    : (tensor<2x3x8xf32>, tensor<9x7xf32>, tensor<2x3x5xi32>, tensor<2x3x5xf32>, tensor<2x3xf32>, tensor<2x3xi64>) -> (tensor<f32>, tensor<f32>, tensor<f32>)
  return
}

// -----
func.func @head_losses_c2(%x: tensor<2x3x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<2x3x5xi32>, %p: tensor<2x3x5xf32>, %tail: tensor<2x3xf32>, %labels: tensor<2x3xi64>) {
  // expected-error @+1 {{'xlstm.head_losses' op expects a finite ce_weight, found INF}}
  %l:3 = xlstm.head_losses tail %x, %w, %ids, %p, %tail, %labels {ce_weight = 0x7FF0000000000000 : f64, kl_weight = 1.0 : f64, logit_scale = 1.0 : f64}
    : (tensor<2x3x8xf32>, tensor<9x8xf32>, tensor<2x3x5xi32>, tensor<2x3x5xf32>, tensor<2x3xf32>, tensor<2x3xi64>) -> (tensor<f32>, tensor<f32>, tensor<f32>)
  return
}

// -----
func.func @head_losses_c2(%x: tensor<2x3x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<2x3x5xi32>, %p: tensor<2x3x5xf32>, %tail: tensor<2x3xf32>, %labels: tensor<2x3xi64>) {
  // expected-error @+1 {{'xlstm.head_losses' op expects a finite kl_weight, found INF}}
  %l:3 = xlstm.head_losses tail %x, %w, %ids, %p, %tail, %labels {ce_weight = 1.0 : f64, kl_weight = 0x7FF0000000000000 : f64, logit_scale = 1.0 : f64}
    : (tensor<2x3x8xf32>, tensor<9x8xf32>, tensor<2x3x5xi32>, tensor<2x3x5xf32>, tensor<2x3xf32>, tensor<2x3xi64>) -> (tensor<f32>, tensor<f32>, tensor<f32>)
  return
}

// -----
func.func @head_losses_c2(%x: tensor<2x3x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<2x3x5xi32>, %p: tensor<2x3x5xf32>, %tail: tensor<2x3xf32>, %labels: tensor<2x3xi64>) {
  // expected-error @+1 {{'xlstm.head_losses' op expects a finite logit_scale, found INF}}
  %l:3 = xlstm.head_losses tail %x, %w, %ids, %p, %tail, %labels {ce_weight = 1.0 : f64, kl_weight = 1.0 : f64, logit_scale = 0x7FF0000000000000 : f64}
    : (tensor<2x3x8xf32>, tensor<9x8xf32>, tensor<2x3x5xi32>, tensor<2x3x5xf32>, tensor<2x3xf32>, tensor<2x3xi64>) -> (tensor<f32>, tensor<f32>, tensor<f32>)
  return
}
