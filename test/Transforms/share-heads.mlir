// RUN: xlstm-opt %S/linearize-heads.mlir --xlstm-share-heads='window=8 sinks=2 layers=1' | FileCheck %s
// RUN: not xlstm-opt %S/linearize-heads.mlir --xlstm-share-heads='window=0' 2>&1 | FileCheck %s --check-prefix=WINDOW
// Both attentions of a layer, blended by a parameter a head.

// WINDOW: error: option window expects at least 1, found 0
// CHECK: layer 0
// CHECK-NOT: xlstm.blend
// CHECK: layer 1
// CHECK: %[[NEAR:.*]] = lm.attention {{.*}} sinks = 2 : i64, window = 8 : i64
// CHECK: %[[SHARE:.*]] = lm.param "model.layers.1.self_attn.head_share" {init = 1.000000e+00 : f32} : tensor<4xf32>
// CHECK: %[[FULL:.*]] = lm.attention
// CHECK-NOT: window
// CHECK: %[[H:.*]] = xlstm.blend %[[SHARE]], %[[FULL]], %[[NEAR]]
// CHECK: lm.merge_heads %[[H]]
