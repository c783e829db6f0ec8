//===- InlineLayers.cpp - functions with state as a straight line -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"
#include "xlstm/Transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"

namespace xlstm {
#define GEN_PASS_DEF_INLINELAYERS
#include "lib/Transforms/Passes.h.inc"
} // namespace xlstm

using namespace mlir;
using namespace xlstm;

namespace {

void inlineLayer(lm::LayerOp layer, IRRewriter &rewriter) {
  Block &body = layer.getBody().front();
  Operation *yield = body.getTerminator();
  rewriter.inlineBlockBefore(&body, layer, layer.getInputs());
  rewriter.replaceOp(layer, yield->getOperands());
  rewriter.eraseOp(yield);
}

class InlineLayers : public ::xlstm::impl::InlineLayersBase<InlineLayers> {
public:
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    for (lm::ModelOp model : getOperation().getOps<lm::ModelOp>()) {
      if (model.getFirstStateArgument() == model.getNumArguments())
        continue;
      for (lm::LayerOp layer : llvm::make_early_inc_range(model.getBody().getOps<lm::LayerOp>()))
        inlineLayer(layer, rewriter);
    }
  }
};

} // namespace
