// RUN: xlstm-opt %s --xlstm-add-lora='rank=2 alpha=3 targets=q_proj,down_proj' | FileCheck %s --check-prefixes=CHECK,SOME
// RUN: xlstm-opt %s --xlstm-add-lora='rank=2 alpha=3' | FileCheck %s --check-prefixes=CHECK,ALL
// RUN: not xlstm-opt %s --xlstm-add-lora='targets=q_proj,lm_head' 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not xlstm-opt %s --xlstm-add-lora='rank=0' 2>&1 | FileCheck %s --check-prefix=RANK
// RUN: not xlstm-opt %s --xlstm-add-lora='alpha=0' 2>&1 | FileCheck %s --check-prefix=ALPHA
// Adapters stand beside the layers' own projections; the gate, which is new, and the head have none.

// TARGET: error: option targets names lm_head, the layers have q_proj, down_proj, up_proj
// RANK: error: option rank expects at least 1, found 0
// ALPHA: error: option alpha expects a number above 0, found 0

// CHECK-LABEL: lm.model @model(
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x9xf32> {
  %t = lm.param "lm_head.weight" : tensor<9x8xf32>
  %e = lm.embed %ids, %t : (tensor<?x?xi64>, tensor<9x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: layer 0 (%[[H:.*]] = %{{.*}}) :
  %y = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    // CHECK: %[[W:.*]] = lm.param "model.layers.0.q_proj.weight" : tensor<6x8xbf16>
    // CHECK: %[[BIAS:.*]] = lm.param "model.layers.0.q_proj.bias"
    // CHECK: %[[BASE:.*]] = lm.linear %[[H]], %[[W]] bias(%[[BIAS]]) :
    // CHECK: %[[A:.*]] = lm.param "model.layers.0.q_proj.lora_A.weight" {init = "uniform"} : tensor<2x8xf32>
    // CHECK: %[[B:.*]] = lm.param "model.layers.0.q_proj.lora_B.weight" {init = 0.000000e+00 : f32} : tensor<6x2xf32>
    // CHECK: %[[DOWN:.*]] = lm.linear %[[H]], %[[A]] : (tensor<?x?x8xf32>, tensor<2x8xf32>) -> tensor<?x?x2xf32>
    // CHECK: %[[SCALED:.*]] = lm.scale %[[DOWN]] {factor = 1.500000e+00 : f64} : tensor<?x?x2xf32>
    // CHECK: %[[Q:.*]] = lm.linear_add %[[SCALED]], %[[B]] to %[[BASE]] : (tensor<?x?x2xf32>, tensor<6x2xf32>, tensor<?x?x6xf32>) -> tensor<?x?x6xf32>
    %w = lm.param "model.layers.0.q_proj.weight" : tensor<6x8xbf16>
    %wb = lm.param "model.layers.0.q_proj.bias" : tensor<6xbf16>
    %q = lm.linear %h, %w bias(%wb) : (tensor<?x?x8xf32>, tensor<6x8xbf16>, tensor<6xbf16>) -> tensor<?x?x6xf32>
    // CHECK: linear %[[Q]], %{{.*}} :
    // CHECK: "model.layers.0.down_proj.lora_A.weight" {init = "uniform"} : tensor<2x6xf32>
    // CHECK: lm.linear_add
    %d = lm.param "model.layers.0.down_proj.weight" : tensor<8x6xf32>
    %z = lm.linear %q, %d : (tensor<?x?x6xf32>, tensor<8x6xf32>) -> tensor<?x?x8xf32>
    // SOME-NOT: up_proj.lora
    // ALL: "model.layers.0.up_proj.lora_B.weight" {init = 0.000000e+00 : f32} : tensor<8x2xf32>
    %u = lm.param "model.layers.0.up_proj.weight" : tensor<8x8xf32>
    %v = lm.linear %z, %u : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    // CHECK: "model.layers.0.f_gate.weight"
    // CHECK-NOT: f_gate.lora
    %g = lm.param "model.layers.0.f_gate.weight" {init = 0.0 : f32} : tensor<8x8xf32>
    %f = lm.linear %v, %g : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    // CHECK: lm.yield
    lm.yield %f : tensor<?x?x8xf32>
  }
  // CHECK-NOT: lora
  %logits = lm.linear %y, %t : (tensor<?x?x8xf32>, tensor<9x8xf32>) -> tensor<?x?x9xf32>
  lm.return %logits : tensor<?x?x9xf32>
}
