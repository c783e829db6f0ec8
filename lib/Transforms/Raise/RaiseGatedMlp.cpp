//===- RaiseGatedMlp.cpp - gated activations ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"
#include "xlstm/Transforms/RaisePasses.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_RAISEGATEDMLP
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

/// The gate of silu(gate) = gate * sigmoid(gate); null for another value.
Value gateOf(Value activation) {
  Operation *op = activation.getDefiningOp();
  if (isa_and_nonnull<onnx::SwishOp, onnx::MSQuickGeluOp>(op)) {
    auto alpha = op->getAttrOfType<FloatAttr>("alpha");
    double value = alpha ? alpha.getValueAsDouble() : isa<onnx::SwishOp>(op) ? 1 : 1.702;
    return value == 1 ? op->getOperand(0) : Value();
  }
  auto mul = activation.getDefiningOp<onnx::MulOp>();
  if (!mul)
    return {};
  for (unsigned i : {0, 1}) {
    auto sigmoid = mul.getInputs()[i].getDefiningOp<onnx::SigmoidOp>();
    if (sigmoid && sigmoid.getInputs()[0] == mul.getInputs()[1 - i])
      return mul.getInputs()[1 - i];
  }
  return {};
}

class RaiseGatedMlp : public impl::RaiseGatedMlpBase<RaiseGatedMlp> {
public:
  void runOnOperation() override {
    for (auto graph : getOperation().getOps<onnx::GraphOp>()) {
      for (auto mul : llvm::make_early_inc_range(graph.getBody().getOps<onnx::MulOp>()))
        numRaised += raiseMul(mul);
      raise::eraseDeadNodes(graph);
    }
  }

private:
  int raiseMul(onnx::MulOp op) {
    for (unsigned i : {0, 1}) {
      Value gate = gateOf(op.getInputs()[i]), up = op.getInputs()[1 - i];
      if (!gate || gate.getType() != up.getType() || up.getType() != op->getResult(0).getType())
        continue;
      OpBuilder builder(op);
      op->getResult(0).replaceAllUsesWith(builder.create<lm::SwigluOp>(op.getLoc(), up.getType(), gate, up));
      op.erase();
      return 1;
    }
    return 0;
  }
};

} // namespace
} // namespace xlstm
