// RUN: xlstm-opt %s --convert-lm-to-kernel | FileCheck %s
// RUN: xlstm-opt %s --convert-lm-to-kernel='target=cuda' | FileCheck %s
// The state stays where it is.

// CHECK: %[[S:.*]] = kernel.state "layers.0.S" init 0.000000e+00 : memref<1x4x8x8xf32>
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>,
                 %S: tensor<1x4x8x8xf32> {lm.init = 0.0 : f32, lm.state = "layers.0.S"})
    -> (tensor<1x1x32xf32>, tensor<1x4x8x8xf32>) attributes {context_length = 99 : i64} {
  %table = lm.param "table" : tensor<16x32xf32>
  %x = lm.embed %ids, %table : (tensor<1x1xi64>, tensor<16x32xf32>) -> tensor<1x1x32xf32>
  %q = lm.split_heads %x : tensor<1x1x32xf32> to tensor<1x1x4x8xf32>
  %w = lm.param "kv" : tensor<16x32xf32>
  %kv = lm.linear %x, %w : (tensor<1x1x32xf32>, tensor<16x32xf32>) -> tensor<1x1x16xf32>
  %k = lm.split_heads %kv : tensor<1x1x16xf32> to tensor<1x1x2x8xf32>
  %g = lm.param "gate" : tensor<4x32xf32>
  %gate = lm.linear %x, %g : (tensor<1x1x32xf32>, tensor<4x32xf32>) -> tensor<1x1x4xf32>
  // CHECK: kernel.gated_delta q(%{{.*}}) k(%{{.*}}) v(%{{.*}}) write(%[[G:.*]]) decay(%[[G]]) S(%[[S]]) h(%{{.*}}) :
  %h:2 = xlstm.gated_delta recurrent %q, %k, %k gates(%gate, %gate) state(%S)
    : (tensor<1x1x4x8xf32>, tensor<1x1x2x8xf32>, tensor<1x1x2x8xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x4x8x8xf32>)
    -> (tensor<1x1x4x8xf32>, tensor<1x4x8x8xf32>)
  %m = lm.merge_heads %h#0 : tensor<1x1x4x8xf32> to tensor<1x1x32xf32>
  lm.return %m, %h#1 : tensor<1x1x32xf32>, tensor<1x4x8x8xf32>
}
