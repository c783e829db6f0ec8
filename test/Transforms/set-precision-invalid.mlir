// RUN: xlstm-opt %s --split-input-file --verify-diagnostics --xlstm-set-precision=type=bf16
// Weights and states get their type where they come from; what is computed in another type is an error.

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %s: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "s"})
    -> (tensor<1x1x8xf32>, tensor<1x1xf32>) {
  %t = lm.param "t" : tensor<16x8xf32>
  %x = lm.embed %ids, %t : (tensor<1x1xi64>, tensor<16x8xf32>) -> tensor<1x1x8xf32>
  %w = lm.param "w" : tensor<8x8xf32>
  // expected-note @+1 {{it is computed as 'f32'}}
  %twice = lm.scale %w {factor = 2.0 : f64} : tensor<8x8xf32>
  // expected-error @+1 {{'lm.linear' op cannot be given operand 1 as 'bf16'}}
  %y = lm.linear %x, %twice : (tensor<1x1x8xf32>, tensor<8x8xf32>) -> tensor<1x1x8xf32>
  lm.return %y, %s : tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %t = lm.param "t" : tensor<16x8xf32>
  %x = lm.embed %ids, %t : (tensor<?x?xi64>, tensor<16x8xf32>) -> tensor<?x?x8xf32>
  lm.return %x : tensor<?x?x8xf32>
}
