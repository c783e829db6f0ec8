// RUN: xlstm-opt %s --xlstm-inline-layers | FileCheck %s
// Functions with state become a straight line; the forward pass keeps its layers.

// CHECK-LABEL: lm.model @model
// CHECK: layer 0
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?xi64> {
  %y = lm.layer 0 (%h = %ids) : (tensor<?x?xi64>) -> tensor<?x?xi64> {
    lm.yield %h : tensor<?x?xi64>
  }
  lm.return %y : tensor<?x?xi64>
}
// CHECK-LABEL: lm.model @decode
// CHECK-NOT: layer
// CHECK: %[[X:.*]] = embed
// CHECK: %[[Y:.*]] = add %[[X]], %[[X]]
// CHECK: return %[[Y]], %{{.*}}
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x8xf32>, tensor<1x1xf32>) {
  %w = lm.param "w" : tensor<8x8xf32>
  %x = lm.embed %ids, %w : (tensor<1x1xi64>, tensor<8x8xf32>) -> tensor<1x1x8xf32>
  %y:2 = lm.layer 0 (%h = %x, %s = %m) : (tensor<1x1x8xf32>, tensor<1x1xf32>) -> (tensor<1x1x8xf32>, tensor<1x1xf32>) {
    %sum = lm.add %h, %h : tensor<1x1x8xf32>
    lm.yield %sum, %s : tensor<1x1x8xf32>, tensor<1x1xf32>
  }
  lm.return %y#0, %y#1 : tensor<1x1x8xf32>, tensor<1x1xf32>
}
