// RUN: xlstm-opt %s --xlstm-linearize='keep-heads=0:2,3' | FileCheck %s --check-prefixes=CHECK,GROUP
// RUN: xlstm-opt %s --xlstm-linearize='keep-heads=0:1,2,3 mixer=window' | FileCheck %s --check-prefixes=CHECK,UNEVEN
// RUN: xlstm-opt %s --xlstm-linearize='keep-heads=0:0,1,2,3;1:1' 2>&1 | FileCheck %s --check-prefix=WHOLE
// RUN: xlstm-opt %s --xlstm-linearize='keep-heads=none' | FileCheck %s --check-prefix=NONE
// RUN: echo '{"keep": "0:2,3"}' > %t.json
// RUN: xlstm-opt %s --xlstm-linearize='keep-heads=%t.json' | FileCheck %s --check-prefixes=CHECK,GROUP
// RUN: xlstm-opt %s --xlstm-build-align='keep-heads=0:2,3' | FileCheck %s --check-prefix=ALIGN
// RUN: xlstm-opt %s --xlstm-linearize='keep-heads=0:2,3' --xlstm-build-prefill=context=32 --xlstm-build-decode=context=32 | FileCheck %s --check-prefix=STATE
// RUN: not xlstm-opt %s --xlstm-linearize='keep-heads=2:0' 2>&1 | FileCheck %s --check-prefix=LAYER
// RUN: not xlstm-opt %s --xlstm-linearize='keep-heads=1:4' 2>&1 | FileCheck %s --check-prefix=HEAD
// RUN: not xlstm-opt %s --xlstm-linearize='keep-heads=1:0,0' 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not xlstm-opt %s --xlstm-linearize='keep-heads=1:x' 2>&1 | FileCheck %s --check-prefix=TEXT
// RUN: not xlstm-opt %s --xlstm-linearize='layers=0 keep-heads=1:0' 2>&1 | FileCheck %s --check-prefix=STAYS
// RUN: not xlstm-opt %s --xlstm-linearize='keep-heads=%t.none.json' 2>&1 | FileCheck %s --check-prefix=FILE
// Heads that stay attention; the mixer is built for the others, over the key heads that they read.

// LAYER: error: option keep-heads names layer 2, the model has 2 layers, counted from 0
// HEAD: error: option keep-heads names head 4 of layer 1, which has 4 heads, counted from 0
// TWICE: error: option keep-heads names head 0 of layer 1 twice
// TEXT: error: option keep-heads expects layers with their heads such as 5:2,3;7:0, found '1:x'
// STAYS: error: layer 1 is named in option keep-heads but stays as it is
// FILE: error: option keep-heads: {{.*}}.none.json: No such file or directory
// WHOLE: remark: layer 0 stays as it is: all its heads are kept

// CHECK-LABEL: lm.model @model(
// NONE-NOT: lm.take_heads
// ALIGN-LABEL: lm.model @align(
// ALIGN: xlstm.align_loss %{{.*}}, %[[REST:[a-z0-9_]+]] : (tensor<?x?x2x4xf32>
// ALIGN: lm.join_heads %[[REST]], %{{.*}} [0, 1, 2, 3]
// STATE-LABEL: lm.model @decode(
// STATE-SAME: %{{[^:]*}}: tensor<?x32x1x4xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.0.cache_k"}
// STATE-SAME: lm.state = "layers.0.ring_k"
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x16xf32> {
  %w = lm.param "table" : tensor<16x16xf32>
  %wk = lm.param "keys" : tensor<8x16xf32>
  %e = lm.embed %ids, %w : (tensor<?x?xi64>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
  // CHECK: layer 0
  // GROUP: %[[Q:.*]] = lm.split_heads
  // GROUP: %[[K:.*]] = lm.split_heads
  // GROUP: %[[KQ:.*]] = lm.take_heads %[[Q]] [2, 3]
  // GROUP-NEXT: %[[KK:.*]] = lm.take_heads %[[K]] [1]
  // GROUP-NEXT: %[[KV:.*]] = lm.take_heads %[[K]] [1]
  // GROUP-NEXT: %[[KEPT:.*]] = lm.attention %[[KQ]], %[[KK]], %[[KV]] docs({{.*}}) {scale = 5.000000e-01 : f64}
  // GROUP-NEXT: %[[OQ:.*]] = lm.take_heads %[[Q]] [0, 1]
  // GROUP-NEXT: lm.take_heads %[[K]] [0]
  // GROUP: xlstm.output_gate {{.*}}tensor<?x?x2x4xf32>, tensor<?x?x1x4xf32>
  // GROUP: i_gate.bias" {init = 0.000000e+00 : f32} : tensor<2xf32>
  // GROUP: q_map.weight" {init = "identity"} : tensor<2x4x4xf32>
  // GROUP: %[[REST:.*]] = xlstm.mix
  // GROUP-NEXT: %[[ALL:.*]] = lm.join_heads %[[REST]], %[[KEPT]] [0, 1, 2, 3]
  // GROUP-NEXT: lm.merge_heads %[[ALL]]
  // Heads 1, 2, 3 are one of a group and both of another: the groups are computed whole, head 0 is left out behind.
  // UNEVEN: %[[Q:.*]] = lm.split_heads
  // UNEVEN: lm.take_heads %[[Q]] [0, 1, 2, 3]
  // UNEVEN: lm.take_heads {{.*}} [0, 1]
  // UNEVEN: %[[GROUPS:.*]] = lm.attention
  // UNEVEN: %[[KEPT:.*]] = lm.take_heads %[[GROUPS]] [1, 2, 3]
  // UNEVEN: lm.join_heads %{{.*}}, %[[KEPT]] [0, 1, 2, 3]
  %y0 = lm.layer 0 (%h = %e) : (tensor<?x?x16xf32>) -> tensor<?x?x16xf32> {
    %q = lm.linear %h, %w : (tensor<?x?x16xf32>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
    %k = lm.linear %h, %wk : (tensor<?x?x16xf32>, tensor<8x16xf32>) -> tensor<?x?x8xf32>
    %sq = lm.split_heads %q : tensor<?x?x16xf32> to tensor<?x?x4x4xf32>
    %sk = lm.split_heads %k : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %a = lm.attention %sq, %sk, %sk docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x4x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x4x4xf32>
    %m = lm.merge_heads %a : tensor<?x?x4x4xf32> to tensor<?x?x16xf32>
    lm.yield %m : tensor<?x?x16xf32>
  }
  // CHECK: layer 1
  %y1 = lm.layer 1 (%h = %y0) : (tensor<?x?x16xf32>) -> tensor<?x?x16xf32> {
    %q = lm.linear %h, %w : (tensor<?x?x16xf32>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
    %k = lm.linear %h, %wk : (tensor<?x?x16xf32>, tensor<8x16xf32>) -> tensor<?x?x8xf32>
    %sq = lm.split_heads %q : tensor<?x?x16xf32> to tensor<?x?x4x4xf32>
    %sk = lm.split_heads %k : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %a = lm.attention %sq, %sk, %sk docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x4x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x4x4xf32>
    %m = lm.merge_heads %a : tensor<?x?x4x4xf32> to tensor<?x?x16xf32>
    lm.yield %m : tensor<?x?x16xf32>
  }
  lm.return %y1 : tensor<?x?x16xf32>
}
