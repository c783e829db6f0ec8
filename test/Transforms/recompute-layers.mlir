// RUN: xlstm-opt %s --xlstm-recompute-layers | FileCheck %s
// RUN: xlstm-opt %s --xlstm-recompute-layers --xlstm-recompute-layers='functions=align every=2' | FileCheck %s
// RUN: xlstm-opt %s --xlstm-recompute-layers='functions=align every=2' | FileCheck %s --check-prefix=EVERY
// RUN: xlstm-opt %s --xlstm-recompute-layers='functions=decode' | FileCheck %s --check-prefix=STATE
// RUN: xlstm-opt %S/fuse-hybrid.mlir --xlstm-recompute-layers --xlstm-build-align='window=8 sinks=2' --xlstm-fuse-hybrid --xlstm-set-precision='type=bf16 functions=align' | FileCheck %s --check-prefix=KEPT
// RUN: not xlstm-opt %s --xlstm-recompute-layers='functions=algin' 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not xlstm-opt %s --xlstm-recompute-layers='every=0' 2>&1 | FileCheck %s --check-prefix=COUNT
// Layers are marked where a function has no state; nothing else changes.

// CHECK-LABEL: lm.model @align
// CHECK: layer 0 {{.*}} attributes {lm.recompute} {
// CHECK: layer 1 {{.*}} attributes {lm.recompute} {
// CHECK: layer 2 {{.*}} attributes {lm.recompute} {
// CHECK-LABEL: lm.model @decode
// CHECK-NOT: lm.recompute
// CHECK-LABEL: lm.model @other
// CHECK: layer 0 {{.*}} attributes {lm.recompute} {

// EVERY-LABEL: lm.model @align
// EVERY: layer 0 {{.*}} attributes {lm.recompute} {
// EVERY-NOT: lm.recompute
// EVERY: layer 2 {{.*}} attributes {lm.recompute} {
// EVERY-NOT: lm.recompute

// STATE-NOT: lm.recompute
// STATE-LABEL: lm.model @decode
// STATE: layer 0 {{.*}} attributes {lm.recompute} {
// STATE-NOT: lm.recompute

// KEPT-LABEL: lm.model @align
// KEPT: layer 0 {{.*}} -> (tensor<?x?x8xbf16>, tensor<f32>, tensor<f32>, tensor<f32>) attributes {lm.recompute} {

// NAME: error: option functions: no function is called 'algin'
// COUNT: error: option every expects at least 1, found 0

lm.model @align(%x: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  %a = lm.layer 0 (%h = %x) : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
    lm.yield %h : tensor<1x2x4xf32>
  }
  %b = lm.layer 1 (%h = %a) : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
    lm.yield %h : tensor<1x2x4xf32>
  }
  %c = lm.layer 2 (%h = %b) : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
    lm.yield %h : tensor<1x2x4xf32>
  }
  lm.return %c : tensor<1x2x4xf32>
}

lm.model @decode(%x: tensor<1x2x4xf32>, %s: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "s"})
    -> (tensor<1x2x4xf32>, tensor<1x1xf32>) {
  %a = lm.layer 0 (%h = %x) : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
    lm.yield %h : tensor<1x2x4xf32>
  }
  lm.return %a, %s : tensor<1x2x4xf32>, tensor<1x1xf32>
}

lm.model @other(%x: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  %a = lm.layer 0 (%h = %x) : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
    lm.yield %h : tensor<1x2x4xf32>
  }
  lm.return %a : tensor<1x2x4xf32>
}
