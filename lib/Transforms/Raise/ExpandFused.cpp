//===- ExpandFused.cpp - fused nodes as the nodes they stand for ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Expand.h"
#include "lib/Transforms/Raise/Graph.h"
#include "xlstm/Transforms/RaisePasses.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_EXPANDFUSED
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

LogicalResult expand(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<onnx::MSGroupQueryAttentionOp>(raise::expandGroupQueryAttention)
      .Case<onnx::MSMultiHeadAttentionOp>(raise::expandMultiHeadAttention)
      .Case<onnx::AttentionOp>(raise::expandAttention)
      .Case<onnx::RotaryEmbeddingOp, onnx::MSRotaryEmbeddingOp>(raise::expandRotaryEmbedding)
      .Default([](Operation *) { return success(); });
}

class ExpandFused : public impl::ExpandFusedBase<ExpandFused> {
public:
  void runOnOperation() override {
    for (auto graph : getOperation().getOps<onnx::GraphOp>()) {
      for (Operation &op : llvm::make_early_inc_range(graph.getBody().front().without_terminator())) {
        bool wasUsed = op.getNumResults() > 0 && !op.getResult(0).use_empty();
        if (wasUsed && failed(expand(&op)))
          return signalPassFailure();
        numExpanded += wasUsed && op.getResult(0).use_empty();
      }
      raise::eraseDeadNodes(graph);
    }
  }
};

} // namespace
} // namespace xlstm
