// RUN: xlstm-opt %s --split-input-file --verify-diagnostics
// One case a numbered constraint of !lm.block, and what takes no blocks.

// !lm.block C1
// expected-error @+1 {{block expects values of i4 or i8, found 'i5'}}
func.func private @values(tensor<32x!lm.block<i5, 32>>)

// -----
// !lm.block C2
// expected-error @+1 {{block expects a power of two from 16 to 256 as its size, found 24}}
func.func private @size(tensor<32x!lm.block<i8, 24>>)

// -----
// !lm.block C3
// expected-error @+1 {{block expects a scale of f16, bf16 or f32, found 'f64'}}
func.func private @scale(tensor<32x!lm.block<i8, 32, f64>>)

// -----
// !lm.block C4
// expected-error @+1 {{block expects a minimum with i4 alone, found 'i8'}}
func.func private @minimum(tensor<32x!lm.block<i8, 32, minimum>>)

// -----
// expected-error @+1 {{expected 'minimum'}}
func.func private @word(tensor<32x!lm.block<i4, 32, f16, maximum>>)

// -----
// !lm.block C5
func.func @whole() {
  // expected-error @+1 {{'lm.param' op result #0 must be ranked tensor of floats or of whole blocks (less than 2^63 bytes), but got 'tensor<32x48x!lm.block<i8, 32>>'}}
  %w = lm.param "w" : tensor<32x48x!lm.block<i8, 32>>
  return
}

// -----
func.func @param_c5() {
  // expected-error @+1 {{'lm.param' op expects init with floats alone, found 'tensor<32x32x!lm.block<i8, 32>>'}}
  %w = lm.param "w" {init = 0.0 : f32} : tensor<32x32x!lm.block<i8, 32>>
  return
}

// -----
func.func @bias(%x: tensor<2x3x32xf32>, %w: tensor<32x32xf32>, %b: tensor<32x!lm.block<i8, 32>>) {
  // expected-error @+1 {{'lm.linear' op operand #2 must be ranked tensor of floats (less than 2^63 bytes), but got 'tensor<32x!lm.block<i8, 32>>'}}
  %y = lm.linear %x, %w bias(%b) : (tensor<2x3x32xf32>, tensor<32x32xf32>, tensor<32x!lm.block<i8, 32>>) -> tensor<2x3x32xf32>
  return
}

// -----
func.func @norm(%x: tensor<2x3x32xf32>, %w: tensor<32x!lm.block<i8, 32>>) {
  // expected-error @+1 {{'lm.rms_norm' op operand #1 must be ranked tensor of floats (less than 2^63 bytes), but got 'tensor<32x!lm.block<i8, 32>>'}}
  %y = lm.rms_norm %x, %w {eps = 1.0 : f64} : tensor<2x3x32xf32>, tensor<32x!lm.block<i8, 32>>
  return
}

// -----
func.func @activation(%x: tensor<2x3x32x!lm.block<i8, 32>>) {
  // expected-error @+1 {{'lm.add' op operand #0 must be ranked tensor of floats (less than 2^63 bytes), but got 'tensor<2x3x32x!lm.block<i8, 32>>'}}
  %y = lm.add %x, %x : tensor<2x3x32x!lm.block<i8, 32>>
  return
}
