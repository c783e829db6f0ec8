// RUN: xlstm-opt %s --xlstm-note-nodes | FileCheck %s
// An op says which node it was raised from, as far as its location knows.

// CHECK-LABEL: lm.model @model
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x16xf32> {
  %table = lm.param "model.embed_tokens.weight" : tensor<16x8xf32>
  // CHECK: embed {{.*}}lm.node = "embedding"
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<16x8xf32>) -> tensor<?x?x8xf32> loc("embedding"("m.onnx":0:0))
  // CHECK-NOT: lm.node
  %y = lm.linear %x, %table : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  lm.return %y : tensor<?x?x16xf32>
}
