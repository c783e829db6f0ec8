// RUN: xlstm-opt %s --xlstm-build-align='window=8 sinks=2' 2>&1 | FileCheck %s --check-prefixes=CHECK,HYBRID
// RUN: xlstm-opt %s --xlstm-build-align='mixer=mlstm window=8' 2>&1 | FileCheck %s --check-prefixes=CHECK,MLSTM
// RUN: xlstm-opt %s --xlstm-build-align='mixer=window window=8' 2>&1 | FileCheck %s --check-prefixes=CHECK,WINDOW
// RUN: xlstm-opt %s --xlstm-build-align='energies=2.0,0.5' 2>&1 | FileCheck %s --check-prefix=SCALED
// RUN: not xlstm-opt %s --xlstm-build-align='energies=2.0' 2>&1 | FileCheck %s --check-prefix=COUNT
// RUN: not xlstm-opt %s --xlstm-build-align='energies=2.0,0.0' 2>&1 | FileCheck %s --check-prefix=ZERO
// Teacher and student side by side: the stream stays the teacher's, losses are named, the output head is gone.

// What training minimises divides each layer's loss by its constant; the losses themselves stay as they are.
// SCALED: %[[A:.*]]:4 = layer 0
// SCALED: %[[B:.*]]:4 = layer 2
// SCALED: %[[X:.*]] = scale %[[A]]#1 {factor = 5.000000e-01 : f64} : tensor<f32>
// SCALED: %[[Y:.*]] = scale %[[B]]#1 {factor = 2.000000e+00 : f64} : tensor<f32>
// SCALED: %[[SUM:.*]] = add %[[X]], %[[Y]] : tensor<f32>
// SCALED: return %[[SUM]], %[[A]]#1, %[[A]]#2, %[[A]]#3, %[[B]]#1, %[[B]]#2, %[[B]]#3 :
// COUNT: error: option energies expects a number for each of 2 aligned layers, found 1
// ZERO: error: option energies expects numbers above 0, found 0

// The teacher stays as it was.
// CHECK-LABEL: lm.model @model(
// CHECK-NOT: xlstm.
// CHECK-LABEL: lm.model @align(
// CHECK-SAME: %{{.*}}: tensor<?x?xi64>, %[[DOCS:.*]]: tensor<?x?xi32>) ->
// CHECK-SAME: (tensor<f32> {lm.name = "loss"}, tensor<f32> {lm.name = "layers.0.loss"}, tensor<f32> {lm.name = "layers.0.energy"}, tensor<f32> {lm.name = "layers.0.window_loss"},
// CHECK-SAME: tensor<f32> {lm.name = "layers.2.loss"}, tensor<f32> {lm.name = "layers.2.energy"}, tensor<f32> {lm.name = "layers.2.window_loss"})
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x9xf32> {
  %w = lm.param "w" : tensor<8x8xf32>
  %t = lm.param "table" : tensor<9x8xf32>
  %e = lm.embed %ids, %t : (tensor<?x?xi64>, tensor<9x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: %[[L0:.*]]:4 = layer 0 (%[[H:.*]] = %{{.*}}) : (tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  %y0 = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %q = lm.linear %h, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    // CHECK: %[[HEADS:.*]] = lm.split_heads
    %s = lm.split_heads %q : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    // HYBRID: %[[MEM:.*]] = xlstm.mlstm chunkwise
    // HYBRID: %[[NEAR:.*]] = lm.attention %[[HEADS]], %[[HEADS]], %[[HEADS]] docs(%[[DOCS]]) {scale = 5.000000e-01 : f64, sinks = 2 : i64, window = 8 : i64}
    // HYBRID: %[[STUDENT:.*]] = xlstm.mix %{{.*}}, %[[MEM]], %[[NEAR]]
    // MLSTM: %[[STUDENT:.*]] = xlstm.mlstm chunkwise
    // MLSTM: %[[NEAR:.*]] = lm.attention {{.*}} window = 8
    // WINDOW: %[[STUDENT:.*]] = lm.attention {{.*}} window = 8
    // CHECK: %[[TEACHER:.*]] = lm.attention %[[HEADS]], %[[HEADS]], %[[HEADS]] docs(%[[DOCS]]) {scale = 5.000000e-01 : f64} :
    %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    // CHECK: %[[LOSS:[^ ,]*]], %[[ENERGY:[^ ,]*]] = xlstm.align_loss %[[STUDENT]], %[[TEACHER]] :
    // HYBRID: %[[NEARLOSS:[^ ,]*]], %{{.*}} = xlstm.align_loss %[[NEAR]], %[[TEACHER]]
    // MLSTM: %[[NEARLOSS:[^ ,]*]], %{{.*}} = xlstm.align_loss %[[NEAR]], %[[TEACHER]]
    // WINDOW-NOT: xlstm.align_loss
    // CHECK: %[[Y:.*]] = lm.merge_heads %[[TEACHER]]
    %m = lm.merge_heads %a : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    // HYBRID: lm.yield %[[Y]], %[[LOSS]], %[[ENERGY]], %[[NEARLOSS]] :
    // MLSTM: lm.yield %[[Y]], %[[LOSS]], %[[ENERGY]], %[[NEARLOSS]] :
    // WINDOW: lm.yield %[[Y]], %[[LOSS]], %[[ENERGY]], %[[LOSS]] :
    lm.yield %m : tensor<?x?x8xf32>
  }
  // A layer with a window of its own is passed through.
  // CHECK: %[[L1:.*]] = layer 1 (%{{.*}} = %[[L0]]#0) :
  // CHECK-NOT: xlstm.
  %y1 = lm.layer 1 (%h = %y0) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %s = lm.split_heads %h : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64, window = 4 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %a : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    lm.yield %m : tensor<?x?x8xf32>
  }
  // CHECK: %[[L2:.*]]:4 = layer 2 (%{{.*}} = %[[L1]]) :
  %y2 = lm.layer 2 (%h = %y1) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %q = lm.linear %h, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %s = lm.split_heads %q : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %a : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    lm.yield %m : tensor<?x?x8xf32>
  }
  // CHECK: lm.yield
  // CHECK-NOT: linear
  // CHECK: %[[SUM:.*]] = add %[[L0]]#1, %[[L2]]#1 : tensor<f32>
  // CHECK-NEXT: return %[[SUM]], %[[L0]]#1, %[[L0]]#2, %[[L0]]#3, %[[L2]]#1, %[[L2]]#2, %[[L2]]#3 :
  %n = lm.param "norm" : tensor<8xf32>
  %z = lm.rms_norm %y2, %n {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, tensor<8xf32>
  %logits = lm.linear %z, %t : (tensor<?x?x8xf32>, tensor<9x8xf32>) -> tensor<?x?x9xf32>
  lm.return %logits : tensor<?x?x9xf32>
}
