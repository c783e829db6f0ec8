// RUN: xlstm-opt %inputs/onnx/one-layer/module.mlir --xlstm-raise-pipeline | FileCheck %s --implicit-check-not="onnx."
// A graph as torch exports it (opset 18, eager attention, one layer), 130 nodes: all of it is raised.

// CHECK: module attributes {onnx.weights = [
// CHECK: lm.model @model(%{{.*}}: tensor<?x?xi64>, %[[DOCS:.*]]: tensor<?x?xi32>) -> tensor<?x?x16xf32> attributes {family = "llama"}
// CHECK: embed
// CHECK: layer 0
// CHECK: lm.rms_norm %{{.*}} {eps = 1.000000e-05 : f64}
// CHECK-COUNT-2: lm.rope %{{.*}} {rope = #lm.rope<theta = 1.000000e+04 : f64>}
// CHECK: lm.attention %{{.*}} docs(%[[DOCS]]) {scale = 5.000000e-01 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x1x4xf32>, tensor<?x?x1x4xf32>, tensor<?x?xi32>)
// CHECK: lm.swiglu
// CHECK: lm.yield
// CHECK: param "lm_head.weight" : tensor<16x8xf32>
