// RUN: xlstm-opt %s --xlstm-build-decode='batch=1' | FileCheck %s
// RUN: xlstm-opt %S/build-prefill.mlir --xlstm-build-decode='batch=3 context=16' | FileCheck %s --check-prefix=STATES
// RUN: xlstm-opt %s --xlstm-build-decode='batch=8 many' | FileCheck %s --check-prefix=MANY
// One token a call, mLSTM in recurrent form, the states of prefill.

// STATES: lm.model @decode(%{{.*}}: tensor<3x1xi64>, %{{.*}}: tensor<3xi32>
// STATES-SAME: lm.state = "layers.0.S"}
// STATES-SAME: lm.state = "layers.0.z"}
// STATES-SAME: lm.state = "layers.0.m"}
// STATES-SAME: lm.state = "layers.0.ring_k"}
// STATES-SAME: lm.state = "layers.0.ring_v"}
// STATES-SAME: lm.state = "layers.0.sink_k"}
// STATES-SAME: lm.state = "layers.0.sink_v"}
// STATES-SAME: tensor<3x16x2x4xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.1.cache_k"}
// STATES-SAME: tensor<3x16x2x4xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.1.cache_v"}
// STATES-SAME: -> (tensor<3x1x9xf32> {lm.name = "logits"}

// MANY: lm.model @decode_many(%{{.*}}: tensor<8x1xi64>, %{{.*}}: tensor<8xi32>, %{{.*}}: tensor<8x2x4x4xf32>
// MANY-SAME: attributes {rows_apart} {

// CHECK-LABEL: lm.model @decode(
// CHECK-SAME: %{{.*}}: tensor<1x1xi64>, %{{.*}}: tensor<1xi32>, %{{.*}}: tensor<1x2x4x4xf32>
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %t = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %ids, %t : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %y = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %s = lm.split_heads %h : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    // CHECK: xlstm.mlstm recurrent %{{.*}} state(%{{.*}}) : {{.*}} -> (tensor<1x1x2x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4xf32>, tensor<1x2xf32>)
    %m = xlstm.mlstm chunkwise %s, %s, %s docs(%docs) : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %r = lm.merge_heads %m : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    lm.yield %r : tensor<?x?x8xf32>
  }
  // CHECK-NOT: last_token
  lm.return %y : tensor<?x?x8xf32>
}
