// RUN: xlstm-opt %s --split-input-file --verify-diagnostics
// Element types and sizes: ids and labels are i32 or i64, positions i32, the rest floats of a type that kernels have.

func.func @positions_c2(%ids: tensor<2x3xi8>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'lm.positions' op operand #0 must be ranked tensor of i32 or i64 (less than 2^63 bytes), but got 'tensor<2x3xi8>'}}
  %p = lm.positions %ids docs(%docs) : (tensor<2x3xi8>, tensor<2x3xi32>) -> tensor<2x3xi32>
  return
}

// -----
func.func @positions_c2(%ids: tensor<2x3xi64>, %docs: tensor<2x3xi64>) {
  // expected-error @+1 {{'lm.positions' op operand #1 must be ranked tensor of i32 (less than 2^63 bytes), but got 'tensor<2x3xi64>'}}
  %p = lm.positions %ids docs(%docs) : (tensor<2x3xi64>, tensor<2x3xi64>) -> tensor<2x3xi32>
  return
}

// -----
func.func @positions_c2(%ids: tensor<2x3xi64>, %pos: tensor<2xi32>) {
  // expected-error @+1 {{'lm.positions' op result #0 must be ranked tensor of i32 (less than 2^63 bytes), but got 'tensor<2x3xi64>'}}
  %p = lm.positions %ids at %pos : (tensor<2x3xi64>, tensor<2xi32>) -> tensor<2x3xi64>
  return
}

// -----
func.func @rope_c1(%x: tensor<2x3x2x8xf32>, %p: tensor<2x3xi64>) {
  // expected-error @+1 {{'lm.rope' op operand #1 must be ranked tensor of i32 (less than 2^63 bytes), but got 'tensor<2x3xi64>'}}
  %r = lm.rope %x, %p {rope = #lm.rope<theta = 1.0 : f64>} : tensor<2x3x2x8xf32>, tensor<2x3xi64>
  return
}

// -----
func.func @rope_c1(%x: tensor<2x3x2x8xf80>, %p: tensor<2x3xi32>) {
  // expected-error @+1 {{'lm.rope' op operand #0 must be ranked tensor of floats (less than 2^63 bytes), but got 'tensor<2x3x2x8xf80>'}}
  %r = lm.rope %x, %p {rope = #lm.rope<theta = 1.0 : f64>} : tensor<2x3x2x8xf80>, tensor<2x3xi32>
  return
}

// -----
func.func @attention_c6(%q: tensor<2x3x4x8xf32>, %docs: tensor<2x3xi64>) {
  // expected-error @+1 {{'lm.attention' op operand #3 must be ranked tensor of i32 (less than 2^63 bytes), but got 'tensor<2x3xi64>'}}
  %h = lm.attention %q, %q, %q docs(%docs) {scale = 1.0 : f64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3xi64>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @attention_c7(%q: tensor<2x3x4x8xf32>, %pos: tensor<2xi32>, %k: tensor<2x9x4x8xbf16>, %v: tensor<2x9x4x8xf32>) {
  // expected-error @+1 {{'lm.attention' op expects state ring_k to be 'tensor<2x9x4x8xf32>', found 'tensor<2x9x4x8xbf16>'}}
  %h:3 = lm.attention %q, %q, %q at %pos state(%k, %v) {scale = 1.0 : f64, window = 9 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2xi32>, tensor<2x9x4x8xbf16>, tensor<2x9x4x8xf32>)
    -> (tensor<2x3x4x8xf32>, tensor<2x9x4x8xbf16>, tensor<2x9x4x8xf32>)
  return
}

// -----
// Heap corruption of an executable once: the ring's bytes are 2^64.
func.func @attention_c7(%q: tensor<1x3x1x4xf32>, %pos: tensor<1xi32>, %r: tensor<1x1152921504606846976x1x4xf32>) {
  // expected-error @+1 {{'lm.attention' op operand #4 must be variadic of ranked tensor of floats (less than 2^63 bytes), but got 'tensor<1x1152921504606846976x1x4xf32>'}}
  %h:3 = lm.attention %q, %q, %q at %pos state(%r, %r) {scale = 1.0 : f64, window = 1152921504606846976 : i64}
    : (tensor<1x3x1x4xf32>, tensor<1x3x1x4xf32>, tensor<1x3x1x4xf32>, tensor<1xi32>, tensor<1x1152921504606846976x1x4xf32>, tensor<1x1152921504606846976x1x4xf32>)
    -> (tensor<1x3x1x4xf32>, tensor<1x1152921504606846976x1x4xf32>, tensor<1x1152921504606846976x1x4xf32>)
  return
}

// -----
func.func @attention_c2(%q: tensor<2x3x4x8xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'lm.attention' op expects a window of 1 to 2147483647, found 4611686018427387904}}
  %h = lm.attention %q, %q, %q docs(%docs) {scale = 1.0 : f64, window = 4611686018427387904 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @attention_c3(%q: tensor<2x3x4x8xf32>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'lm.attention' op expects sinks to be 0 to 2147483647 and to come with a window, found -1}}
  %h = lm.attention %q, %q, %q docs(%docs) {scale = 1.0 : f64, window = 4 : i64, sinks = -1 : i64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @attention_c8(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x4x8xbf16>, %docs: tensor<2x3xi32>) {
  // expected-error @+1 {{'lm.attention' op expects the elements of k to be 'f32' as in q, found 'bf16'}}
  %h = lm.attention %q, %k, %q docs(%docs) {scale = 1.0 : f64}
    : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xbf16>, tensor<2x3x4x8xf32>, tensor<2x3xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----
func.func @embed_c1(%ids: tensor<2x3xi16>, %table: tensor<9x8xf32>) {
  // expected-error @+1 {{'lm.embed' op operand #0 must be ranked tensor of i32 or i64 (less than 2^63 bytes), but got 'tensor<2x3xi16>'}}
  %x = lm.embed %ids, %table : (tensor<2x3xi16>, tensor<9x8xf32>) -> tensor<2x3x8xf32>
  return
}

// -----
func.func @linear_c1(%x: tensor<2x3x8xf32>, %w: tensor<4x8xi8>) {
  // expected-error @+1 {{'lm.linear' op operand #1 must be ranked tensor of floats or of whole blocks (less than 2^63 bytes), but got 'tensor<4x8xi8>'}}
  %y = lm.linear %x, %w : (tensor<2x3x8xf32>, tensor<4x8xi8>) -> tensor<2x3x4xf32>
  return
}

// -----
func.func @linear_add_c1(%x: tensor<2x3x8xf32>, %w: tensor<4x8xi8>, %r: tensor<2x3x4xf32>) {
  // expected-error @+1 {{'lm.linear_add' op operand #1 must be ranked tensor of floats or of whole blocks (less than 2^63 bytes), but got 'tensor<4x8xi8>'}}
  %y = lm.linear_add %x, %w to %r : (tensor<2x3x8xf32>, tensor<4x8xi8>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----
func.func @rms_norm_c2(%x: tensor<2x3x8xf32>, %w: tensor<8xf8E5M2>) {
  // expected-error @+1 {{'lm.rms_norm' op operand #1 must be ranked tensor of floats (less than 2^63 bytes), but got 'tensor<8xf8E5M2>'}}
  %y = lm.rms_norm %x, %w {eps = 1.0 : f64} : tensor<2x3x8xf32>, tensor<8xf8E5M2>
  return
}

// -----
func.func @split_heads_c1(%x: tensor<2x3x8xf32>) {
  // expected-error @+1 {{'lm.split_heads' op expects the elements of result to be 'f32' as in x, found 'bf16'}}
  %y = lm.split_heads %x : tensor<2x3x8xf32> to tensor<2x3x2x4xbf16>
  return
}

// -----
func.func @merge_heads_c1(%x: tensor<2x3x2x4xbf16>) {
  // expected-error @+1 {{'lm.merge_heads' op expects the elements of x to be 'f32' as in result, found 'bf16'}}
  %y = lm.merge_heads %x : tensor<2x3x2x4xbf16> to tensor<2x3x8xf32>
  return
}

// -----
func.func @merge_heads_c1(%x: tensor<2x8xf32>) {
  // expected-error @+1 {{'lm.merge_heads' op expects x to have shape [B T H d], found 'tensor<2x8xf32>'}}
  %y = lm.merge_heads %x : tensor<2x8xf32> to tensor<2x3x8xf32>
  return
}

// -----
func.func @last_token_c1(%x: tensor<2x3x8xf32>) {
  // expected-error @+1 {{'lm.last_token' op expects the elements of result to be 'f32' as in x, found 'bf16'}}
  %y = lm.last_token %x : tensor<2x3x8xf32> to tensor<2x1x8xbf16>
  return
}

// -----
func.func @cross_entropy_c1(%logits: tensor<2x3x8xf32>, %labels: tensor<2x3xi1>) {
  // expected-error @+1 {{'lm.cross_entropy' op operand #1 must be ranked tensor of i32 or i64 (less than 2^63 bytes), but got 'tensor<2x3xi1>'}}
  %l = lm.cross_entropy %logits, %labels : (tensor<2x3x8xf32>, tensor<2x3xi1>) -> tensor<f32>
  return
}

// -----
func.func @cross_entropy_c1(%logits: tensor<2x3x8xf32>, %labels: tensor<2x3xi64>) {
  // expected-error @+1 {{'lm.cross_entropy' op result #0 must be ranked tensor of floats and of rank 0 (less than 2^63 bytes), but got 'tensor<i32>'}}
  %l = lm.cross_entropy %logits, %labels : (tensor<2x3x8xf32>, tensor<2x3xi64>) -> tensor<i32>
  return
}

// -----
func.func @param_c2() {
  // expected-error @+1 {{'lm.param' op result #0 must be ranked tensor of floats or of whole blocks (less than 2^63 bytes), but got 'tensor<2147483648x4294967296xf32>'}}
  %w = lm.param "w" : tensor<2147483648x4294967296xf32>
  return
}

// -----
// An empty tensor's other dimensions have to fit all the same.
func.func @param_c2() {
  // expected-error @+1 {{'lm.param' op result #0 must be ranked tensor of floats or of whole blocks (less than 2^63 bytes), but got 'tensor<0x2147483648x4294967296xf32>'}}
  %w = lm.param "w" : tensor<0x2147483648x4294967296xf32>
  return
}

// -----
func.func @add(%x: tensor<1x4611686018427387904xf32>) {
  // expected-error @+1 {{'lm.add' op operand #0 must be ranked tensor of floats (less than 2^63 bytes), but got 'tensor<1x4611686018427387904xf32>'}}
  %y = lm.add %x, %x : tensor<1x4611686018427387904xf32>
  return
}

// -----
func.func @split_heads_c1(%x: tensor<2x3x8xf32>) {
  // expected-error @+1 {{'lm.split_heads' op result #0 must be ranked tensor of floats (less than 2^63 bytes), but got 'tensor<2x3x4294967296x4294967296xf32>'}}
  %y = lm.split_heads %x : tensor<2x3x8xf32> to tensor<2x3x4294967296x4294967296xf32>
  return
}
