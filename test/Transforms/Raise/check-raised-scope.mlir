// RUN: not xlstm-opt %s --xlstm-check-raised 2>&1 | FileCheck %s
// The node's name and scope come from its location, as the importer writes it.

// CHECK: model.onnx:0:0: error: node 'node_9' (MatMul, in layers.3.self_attn): is part of no embedding, {{.*}} it makes 'tensor<?x?x8xf32>' of 'tensor<?x?x8xf32>', 'tensor<?x?x8xf32>'
onnx.graph @attention(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = onnx.MatMul %x, %x : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32> loc("node_9"("layers.3.self_attn"("model.onnx":0:0)))
  onnx.return %y : tensor<?x?x8xf32>
}
