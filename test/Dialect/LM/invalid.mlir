// RUN: xlstm-opt %s --split-input-file --verify-diagnostics
// One case a numbered constraint of docs/Spec/LM.md; structure ops are in invalid-structure.mlir.

// #lm.rope C1
// expected-error @+1 {{rope expects either theta or frequencies}}
#r = #lm.rope<theta = 1.0 : f64, frequencies = [1.0]>

// -----
// #lm.rope C2
// expected-error @+1 {{rope expects a positive theta, found -1.000000e+00}}
#r = #lm.rope<theta = -1.0 : f64>

// -----
// #lm.rope C2
// expected-error @+1 {{rope expects positive frequencies}}
#r = #lm.rope<frequencies = [1.0, 0.0]>

// -----
// #lm.rope C2
// expected-error @+1 {{rope expects a positive attention_factor, found 0.000000e+00}}
#r = #lm.rope<theta = 1.0 : f64, attention_factor = 0.0 : f64>

// -----
func.func @positions_c1(%ids: tensor<2x3xi64>, %docs: tensor<2x3xi32>, %pos: tensor<2xi32>) {
  // expected-error @+1 {{'lm.positions' op expects either docs or at}}
  %p = lm.positions %ids docs(%docs) at %pos : (tensor<2x3xi64>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x3xi32>
  return
}

// -----
func.func @positions_c2(%ids: tensor<2x3xi64>, %docs: tensor<2x4xi32>) {
  // expected-error @+1 {{'lm.positions' op expects dimension T of docs to be 3 as in ids, found 4}}
  %p = lm.positions %ids docs(%docs) : (tensor<2x3xi64>, tensor<2x4xi32>) -> tensor<2x3xi32>
  return
}

// -----
func.func @rope_c1(%x: tensor<2x3x8xf32>, %p: tensor<2x3xi32>) {
  // expected-error @+1 {{'lm.rope' op expects x to have shape [B T H d], found 'tensor<2x3x8xf32>'}}
  %r = lm.rope %x, %p {rope = #lm.rope<theta = 1.0 : f64>} : tensor<2x3x8xf32>, tensor<2x3xi32>
  return
}

// -----
func.func @rope_c2(%x: tensor<2x3x2x7xf32>, %p: tensor<2x3xi32>) {
  // expected-error @+1 {{'lm.rope' op expects an even head dimension, found 'tensor<2x3x2x7xf32>'}}
  %r = lm.rope %x, %p {rope = #lm.rope<theta = 1.0 : f64>} : tensor<2x3x2x7xf32>, tensor<2x3xi32>
  return
}

// -----
func.func @rope_c3(%x: tensor<2x3x2x8xf32>, %p: tensor<2x3xi32>) {
  // expected-error @+1 {{'lm.rope' op expects 4 frequencies for a head dimension of 8, found 3}}
  %r = lm.rope %x, %p {rope = #lm.rope<frequencies = [1.0, 0.5, 0.25]>} : tensor<2x3x2x8xf32>, tensor<2x3xi32>
  return
}

// -----
func.func @attention_c1(%q: tensor<2x3x4x8xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'lm.attention' op expects a positive scale, found 0.0}}
  %h = lm.attention %q, %q, %q docs(%docs) {scale = 0.0 : f64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @attention_c2(%q: tensor<2x3x4x8xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'lm.attention' op expects a window of 1 to 2147483647, found 0}}
  %h = lm.attention %q, %q, %q docs(%docs) {scale = 1.0 : f64, window = 0 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @attention_c3(%q: tensor<2x3x4x8xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'lm.attention' op expects sinks to be 0 to 2147483647 and to come with a window, found 4}}
  %h = lm.attention %q, %q, %q docs(%docs) {scale = 1.0 : f64, sinks = 4 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @attention_c4(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x4x6xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'lm.attention' op expects dimension d of k to be 8 as in q, found 6}}
  %h = lm.attention %q, %k, %q docs(%docs) {scale = 1.0 : f64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x6xf32>, tensor<2x3x4x8xf32>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @attention_c5(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x3x8xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'lm.attention' op expects dimension H (4) to be a multiple of Hkv (3)}}
  %h = lm.attention %q, %k, %k docs(%docs) {scale = 1.0 : f64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x3x8xf32>, tensor<2x3x3x8xf32>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @attention_c6(%q: tensor<2x3x4x8xf32>) {
  // expected-error @+1 {{'lm.attention' op expects either docs or at}}
  %h = lm.attention %q, %q, %q {scale = 1.0 : f64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @attention_c7(%q: tensor<2x3x4x8xf32>, %pos: tensor<2xi32>, %ring: tensor<2x8x4x8xf32>) {
  // expected-error @+1 {{'lm.attention' op expects either docs or the 4 states ring_k, ring_v, sink_k, sink_v, found 2 states}}
  %h:3 = lm.attention %q, %q, %q at %pos state(%ring, %ring) {scale = 1.0 : f64, window = 8 : i64, sinks = 2 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2xi32>, tensor<2x8x4x8xf32>, tensor<2x8x4x8xf32>)
    -> (tensor<2x3x4x8xf32>, tensor<2x8x4x8xf32>, tensor<2x8x4x8xf32>)
  return
}

// -----
func.func @attention_c7(%q: tensor<2x3x4x8xf32>, %pos: tensor<2xi32>, %ring: tensor<2x8x4x8xf32>) {
  // expected-error @+1 {{'lm.attention' op expects state ring_k to be 'tensor<2x9x4x8xf32>', found 'tensor<2x8x4x8xf32>'}}
  %h:3 = lm.attention %q, %q, %q at %pos state(%ring, %ring) {scale = 1.0 : f64, window = 9 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2xi32>, tensor<2x8x4x8xf32>, tensor<2x8x4x8xf32>)
    -> (tensor<2x3x4x8xf32>, tensor<2x8x4x8xf32>, tensor<2x8x4x8xf32>)
  return
}

// -----
func.func @attention_c7(%q: tensor<2x3x4x8xf32>, %docs: tensor<2x3xi32>, %ring: tensor<2x8x4x8xf32>) {
  // expected-error @+1 {{'lm.attention' op expects either docs or state}}
  %h:3 = lm.attention %q, %q, %q docs(%docs) state(%ring, %ring) {scale = 1.0 : f64, window = 8 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3xi32>, tensor<2x8x4x8xf32>, tensor<2x8x4x8xf32>)
    -> (tensor<2x3x4x8xf32>, tensor<2x8x4x8xf32>, tensor<2x8x4x8xf32>)
  return
}

// -----
func.func @attention_c7(%q: tensor<2x3x4x8xf32>, %pos: tensor<2xi32>, %ring: tensor<2x8x4x8xf32>) {
  // expected-error @+1 {{'lm.attention' op expects a new state for every state, of the same type}}
  %h:2 = lm.attention %q, %q, %q at %pos state(%ring, %ring) {scale = 1.0 : f64, window = 8 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2xi32>, tensor<2x8x4x8xf32>, tensor<2x8x4x8xf32>)
    -> (tensor<2x3x4x8xf32>, tensor<2x8x4x8xf32>)
  return
}

// -----
func.func @embed_c1(%ids: tensor<2x3xi64>, %table: tensor<9x8xf32>) {
  // expected-error @+1 {{'lm.embed' op expects dimension D of result to be 8 as in table, found 7}}
  %x = lm.embed %ids, %table : (tensor<2x3xi64>, tensor<9x8xf32>) -> tensor<2x3x7xf32>
  return
}

// -----
func.func @linear_c1(%x: tensor<2x3x8xf32>, %w: tensor<4x6xf32>) {
  // expected-error @+1 {{'lm.linear' op expects dimension I of weight to be 8 as in x, found 6}}
  %y = lm.linear %x, %w : (tensor<2x3x8xf32>, tensor<4x6xf32>) -> tensor<2x3x4xf32>
  return
}

// -----
func.func @linear_c2(%x: tensor<2x3x8xf32>, %w: tensor<4x8xf32>, %b: tensor<5xf32>) {
  // expected-error @+1 {{'lm.linear' op expects dimension O of bias to be 4 as in weight, found 5}}
  %y = lm.linear %x, %w bias(%b) : (tensor<2x3x8xf32>, tensor<4x8xf32>, tensor<5xf32>) -> tensor<2x3x4xf32>
  return
}

// -----
func.func @linear_add_c1(%x: tensor<2x3x8xf32>, %w: tensor<4x6xf32>, %r: tensor<2x3x4xf32>) {
  // expected-error @+1 {{'lm.linear_add' op expects dimension I of weight to be 8 as in x, found 6}}
  %y = lm.linear_add %x, %w to %r : (tensor<2x3x8xf32>, tensor<4x6xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----
func.func @linear_add_c2(%x: tensor<2x3x8xf32>, %w: tensor<4x8xf32>, %r: tensor<2x3x4xf32>, %b: tensor<5xf32>) {
  // expected-error @+1 {{'lm.linear_add' op expects dimension O of bias to be 4 as in weight, found 5}}
  %y = lm.linear_add %x, %w to %r bias(%b) : (tensor<2x3x8xf32>, tensor<4x8xf32>, tensor<2x3x4xf32>, tensor<5xf32>) -> tensor<2x3x4xf32>
  return
}

// -----
func.func @linear_add_c3(%x: tensor<2x3x8xf32>, %w: tensor<4x8xf32>, %r: tensor<2x3x5xf32>) {
  // expected-error @+1 {{failed to verify that all of {residual, result} have same type}}
  %y = lm.linear_add %x, %w to %r : (tensor<2x3x8xf32>, tensor<4x8xf32>, tensor<2x3x5xf32>) -> tensor<2x3x4xf32>
  return
}

// -----
func.func @rms_norm_c1(%x: tensor<2x3x8xf32>, %w: tensor<8xf32>) {
  // expected-error @+1 {{'lm.rms_norm' op expects a positive eps, found 0.0}}
  %y = lm.rms_norm %x, %w {eps = 0.0 : f64} : tensor<2x3x8xf32>, tensor<8xf32>
  return
}

// -----
func.func @rms_norm_c2(%x: tensor<2x3x4x8xf32>, %w: tensor<4xf32>) {
  // expected-error @+1 {{'lm.rms_norm' op expects dimension N of weight to be 8 as in x, found 4}}
  %y = lm.rms_norm %x, %w {eps = 1.0 : f64} : tensor<2x3x4x8xf32>, tensor<4xf32>
  return
}

// -----
func.func @split_heads_c1(%x: tensor<2x3x9xf32>) {
  // expected-error @+1 {{'lm.split_heads' op expects dimension C to be 8 (H * d), found 9}}
  %y = lm.split_heads %x : tensor<2x3x9xf32> to tensor<2x3x2x4xf32>
  return
}

// -----
func.func @merge_heads_c1(%x: tensor<2x3x2x4xf32>) {
  // expected-error @+1 {{'lm.merge_heads' op expects dimension C to be 8 (H * d), found 9}}
  %y = lm.merge_heads %x : tensor<2x3x2x4xf32> to tensor<2x3x9xf32>
  return
}

// -----
func.func @last_token_c1(%x: tensor<2x3x8xf32>) {
  // expected-error @+1 {{'lm.last_token' op expects dimension one to be 1 (one token), found 2}}
  %y = lm.last_token %x : tensor<2x3x8xf32> to tensor<2x2x8xf32>
  return
}

// -----
func.func @cross_entropy_c1(%logits: tensor<2x3x8xf32>, %labels: tensor<3x3xi64>) {
  // expected-error @+1 {{'lm.cross_entropy' op expects dimension B of labels to be 2 as in logits, found 3}}
  %l = lm.cross_entropy %logits, %labels : (tensor<2x3x8xf32>, tensor<3x3xi64>) -> tensor<f32>
  return
}

// -----

func.func @pack_c1() {
  %a = lm.param "a" : tensor<4x8xf32>
  // expected-error @below {{'lm.pack' op expects two parts or more and a result with rows, found 1 and 'tensor<4x8xf32>'}}
  %w = lm.pack %a : tensor<4x8xf32> to tensor<4x8xf32>
  return
}

// -----

func.func @pack_c2(%a: tensor<4x8xf32>) {
  // expected-error @below {{'lm.pack' op expects its parts to be lm.param or lm.take_blocks ops}}
  %w = lm.pack %a, %a : tensor<4x8xf32>, tensor<4x8xf32> to tensor<8x8xf32>
  return
}

// -----

func.func @pack_c3() {
  %a = lm.param "a" : tensor<4x8xf32>
  %b = lm.param "b" : tensor<4x8xbf16>
  // expected-error @below {{'lm.pack' op expects parts with rows of 'tensor<8x8xf32>', found 'tensor<4x8xbf16>'}}
  %w = lm.pack %a, %b : tensor<4x8xf32>, tensor<4x8xbf16> to tensor<8x8xf32>
  return
}

// -----

func.func @pack_c4() {
  %a = lm.param "a" : tensor<4x8xf32>
  %b = lm.param "b" : tensor<4x8xf32>
  // expected-error @below {{'lm.pack' op expects a result of 8 rows, as its parts have together, found 'tensor<9x8xf32>'}}
  %w = lm.pack %a, %b : tensor<4x8xf32>, tensor<4x8xf32> to tensor<9x8xf32>
  return
}

// -----

func.func @slice_c1(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{'lm.slice' op expects result to have shape [B T C], found 'tensor<?x4xf32>'}}
  %y = lm.slice %x from 0 : tensor<?x?x8xf32> to tensor<?x4xf32>
  return
}

// -----

func.func @slice_c2(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{'lm.slice' op expects a result of 'f32', found 'bf16'}}
  %y = lm.slice %x from 0 : tensor<?x?x8xf32> to tensor<?x?x4xbf16>
  return
}

// -----

func.func @slice_c3(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{'lm.slice' op expects channels within the 8 of x, found 4 from 6}}
  %y = lm.slice %x from 6 : tensor<?x?x8xf32> to tensor<?x?x4xf32>
  return
}

// -----

func.func @take_heads_c1(%x: tensor<?x?x4x8xf32>) {
  // expected-error @below {{'lm.take_heads' op expects result to have shape [B T C d], found 'tensor<?x4xf32>'}}
  %y = lm.take_heads %x [0] : tensor<?x?x4x8xf32> to tensor<?x4xf32>
  return
}

// -----

func.func @take_heads_c2(%x: tensor<?x?x4x8xf32>) {
  // expected-error @below {{bf16}}
  %y = lm.take_heads %x [0] : tensor<?x?x4x8xf32> to tensor<?x?x1x8xbf16>
  return
}

// -----

func.func @take_heads_c3(%x: tensor<?x?x4x8xf32>) {
  // expected-error @below {{'lm.take_heads' op expects a result of the 2 heads that it names, found 'tensor<?x?x1x8xf32>'}}
  %y = lm.take_heads %x [0, 1] : tensor<?x?x4x8xf32> to tensor<?x?x1x8xf32>
  return
}

// -----

func.func @take_heads_c4(%x: tensor<?x?x4x8xf32>) {
  // expected-error @below {{'lm.take_heads' op expects heads of x, which is 'tensor<?x?x4x8xf32>', found head 4}}
  %y = lm.take_heads %x [0, 4] : tensor<?x?x4x8xf32> to tensor<?x?x2x8xf32>
  return
}

// -----

func.func @join_heads_c1(%x: tensor<?x?x1x8xf32>, %y: tensor<?x?x?x8xf32>) {
  // expected-error @below {{'lm.join_heads' op expects parts with known heads, found 'tensor<?x?x?x8xf32>'}}
  %z = lm.join_heads %x, %y [0, 1] : tensor<?x?x1x8xf32>, tensor<?x?x?x8xf32> to tensor<?x?x2x8xf32>
  return
}

// -----

func.func @join_heads_c2(%x: tensor<?x?x1x8xf32>, %y: tensor<?x?x1x8xbf16>) {
  // expected-error @below {{bf16}}
  %z = lm.join_heads %x, %y [0, 1] : tensor<?x?x1x8xf32>, tensor<?x?x1x8xbf16> to tensor<?x?x2x8xf32>
  return
}

// -----

func.func @join_heads_c3(%x: tensor<?x?x1x8xf32>, %y: tensor<?x?x1x8xf32>) {
  // expected-error @below {{'lm.join_heads' op expects as many heads as its parts have together, 2, found 'tensor<?x?x3x8xf32>' and places for 2}}
  %z = lm.join_heads %x, %y [0, 1] : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32> to tensor<?x?x3x8xf32>
  return
}

// -----

func.func @join_heads_c4(%x: tensor<?x?x1x8xf32>, %y: tensor<?x?x1x8xf32>) {
  // expected-error @below {{'lm.join_heads' op expects every head of 0 to 1 once, found head 1 a second time}}
  %z = lm.join_heads %x, %y [1, 1] : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32> to tensor<?x?x2x8xf32>
  return
}

// -----

func.func @attention_c9(%q: tensor<?x?x4x8xf32>, %docs: tensor<?x?xi32>) {
  // expected-error @below {{'lm.attention' op expects cache to come with at and without sinks}}
  %h = lm.attention %q, %q, %q docs(%docs) {cache, scale = 0.5 : f64, window = 8 : i64} : (tensor<?x?x4x8xf32>, tensor<?x?x4x8xf32>, tensor<?x?x4x8xf32>, tensor<?x?xi32>) -> tensor<?x?x4x8xf32>
  return
}
