// RUN: xlstm-opt %s --split-input-file --verify-diagnostics
// Blocks that a weight does not have.

func.func @take_blocks_c1(%w: tensor<4x8xf32>) {
  // expected-error @below {{'lm.take_blocks' op expects a static lm.param, found 'tensor<4x8xf32>'}}
  %y = lm.take_blocks %w [0] of 2 along 0 : tensor<4x8xf32> to tensor<2x8xf32>
  return
}

// -----

func.func @take_blocks_c2() {
  %w = lm.param "w" : tensor<4x8xf32>
  // expected-error @below {{'lm.take_blocks' op expects a dimension of whole blocks, found dimension 1 of 'tensor<4x8xf32>' and blocks of 3}}
  %y = lm.take_blocks %w [0] of 3 along 1 : tensor<4x8xf32> to tensor<4x3xf32>
  return
}

// -----

// take_blocks C2
func.func @blocks_of_a_bias() {
  %w = lm.param "w" : tensor<4xf32>
  // expected-error @below {{'lm.take_blocks' op expects a dimension of whole blocks, found dimension 1 of 'tensor<4xf32>' and blocks of 2}}
  %y = lm.take_blocks %w [0] of 2 along 1 : tensor<4xf32> to tensor<2xf32>
  return
}

// -----

func.func @take_blocks_c3() {
  %w = lm.param "w" : tensor<4x8xf32>
  // expected-error @below {{'lm.take_blocks' op expects blocks 0 to 1, found 2}}
  %y = lm.take_blocks %w [2] of 2 along 0 : tensor<4x8xf32> to tensor<2x8xf32>
  return
}

// -----

func.func @take_blocks_c4() {
  %w = lm.param "w" : tensor<4x8xf32>
  // expected-error @below {{'lm.take_blocks' op expects a result of 'tensor<2x8xf32>', found 'tensor<2x8xbf16>'}}
  %y = lm.take_blocks %w [1] of 2 along 0 : tensor<4x8xf32> to tensor<2x8xbf16>
  return
}
