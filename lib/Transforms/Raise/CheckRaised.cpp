//===- CheckRaised.cpp - report what was not raised -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"
#include "xlstm/Transforms/RaisePasses.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_CHECKRAISED
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

/// What an operator is for that language models have in one place alone; empty for others, which may be part of
/// anything.
StringRef purpose(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<onnx::RMSNormalizationOp, onnx::SimplifiedLayerNormalizationOp, onnx::MSSkipSimplifiedLayerNormalizationOp>(
          [](auto) { return "an RMS norm, x / sqrt(mean(x^2) + eps) * weight over the last dimension"; })
      .Case<onnx::RotaryEmbeddingOp, onnx::MSRotaryEmbeddingOp>(
          [](auto) { return "a rotary embedding, x * cos + rotate_half(x) * sin"; })
      .Case<onnx::SwishOp, onnx::MSQuickGeluOp>(
          [](auto) { return "a gated MLP, gate * sigmoid(alpha * gate) * up with alpha 1"; })
      .Case<onnx::AttentionOp, onnx::MSGroupQueryAttentionOp, onnx::MSMultiHeadAttentionOp>(
          [](auto) { return "attention, softmax(q * k^T * scale + mask) * v"; })
      .Case<onnx::MSMatMulNBitsOp>([](auto) { return "a projection by a stored weight"; })
      .Case<onnx::MSGatherBlockQuantizedOp>([](auto) { return "the embedding, rows of a stored matrix by token id"; })
      .Default([](Operation *) { return ""; });
}

/// Says of a node that is left over what is known of it.
void report(Operation *op) {
  InFlightDiagnostic error = onnx::emitNodeError(op);
  if (StringRef part = purpose(op); !part.empty()) {
    error << "expected it to be part of " << part;
    if (auto alpha = op->getAttrOfType<FloatAttr>("alpha"))
      error << ", found alpha " << llvm::formatv("{0:g}", alpha.getValueAsDouble()).str();
    else if (isa<onnx::MSQuickGeluOp>(op))
      error << ", found alpha 1.702";
    return;
  }
  error << "is part of no embedding, projection by a weight, RMS norm, rotary embedding, attention, gated MLP or "
           "residual "
           "sum that is known; it makes "
        << op->getResult(0).getType() << " of ";
  llvm::interleaveComma(op->getOperandTypes(), error);
}

class CheckRaised : public impl::CheckRaisedBase<CheckRaised> {
public:
  void runOnOperation() override {
    for (auto graph : getOperation().getOps<onnx::GraphOp>())
      for (Operation &op : graph.getBody().front().without_terminator())
        if (op.hasTrait<onnx::Node>()) {
          report(&op);
          return signalPassFailure();
        }
  }
};

} // namespace
} // namespace xlstm
