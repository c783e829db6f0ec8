//===- CheckRaised.cpp - report what was not raised -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"
#include "xlstm/Transforms/RaisePasses.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_CHECKRAISED
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

/// What a node that is left over usually belongs to.
StringRef expectation(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<onnx::PowOp, onnx::ReduceMeanOp, onnx::SqrtOp, onnx::ReciprocalOp, onnx::RMSNormalizationOp,
            onnx::SimplifiedLayerNormalizationOp, onnx::MSSkipSimplifiedLayerNormalizationOp>(
          [](auto) { return "an RMS norm, x / sqrt(mean(x^2) + eps) * weight over the last dimension"; })
      .Case<onnx::SliceOp, onnx::ConcatOp, onnx::NegOp, onnx::CosOp, onnx::SinOp, onnx::RotaryEmbeddingOp>(
          [](auto) { return "a rotary embedding, x * cos + rotate_half(x) * sin"; })
      .Case<onnx::SigmoidOp, onnx::SwishOp>([](auto) { return "a gated MLP, gate * sigmoid(gate) * up"; })
      .Case<onnx::SoftmaxOp, onnx::MatMulOp, onnx::AttentionOp, onnx::MSGroupQueryAttentionOp,
            onnx::MSMultiHeadAttentionOp>(
          [](auto) { return "a projection by a weight, or attention, softmax(q * k^T * scale + mask) * v"; })
      .Case<onnx::ReshapeOp, onnx::TransposeOp, onnx::ExpandOp>(
          [](auto) { return "the split of channels into heads before attention, or their merge after it"; })
      .Case<onnx::GatherOp>([](auto) { return "the embedding, rows of a float matrix by token id"; })
      .Default([](Operation *) { return "a norm, a rotary embedding, attention, a gated MLP or a residual sum"; });
}

class CheckRaised : public impl::CheckRaisedBase<CheckRaised> {
public:
  void runOnOperation() override {
    for (auto graph : getOperation().getOps<onnx::GraphOp>())
      for (Operation &op : graph.getBody().front().without_terminator())
        if (op.hasTrait<onnx::Node>()) {
          onnx::emitNodeError(&op) << "expected it to be part of " << expectation(&op);
          return signalPassFailure();
        }
  }
};

} // namespace
} // namespace xlstm
