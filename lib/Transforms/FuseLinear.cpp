//===- FuseLinear.cpp - projections for targets of one kernel an op -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"
#include "xlstm/Transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_FUSELINEAR
#include "lib/Transforms/Passes.h.inc"

namespace {

/// The summand that is a projection with no other use, the second one first: residuals usually stand in front.
lm::LinearOp findProjection(lm::AddOp add) {
  for (Value summand : {add.getRhs(), add.getLhs()})
    if (auto linear = summand.getDefiningOp<lm::LinearOp>(); linear && linear->hasOneUse())
      return linear;
  return nullptr;
}

void addResidual(lm::AddOp add, IRRewriter &rewriter) {
  lm::LinearOp linear = findProjection(add);
  if (!linear)
    return;
  Value residual = linear.getResult() == add.getRhs() ? add.getLhs() : add.getRhs();
  rewriter.setInsertionPoint(add);
  rewriter.replaceOpWithNewOp<lm::LinearAddOp>(add, add.getType(), linear.getX(), linear.getWeight(), residual,
                                               linear.getBias());
  rewriter.eraseOp(linear);
}

/// Moves every projection, with its weights, behind the one of the same value in front of it.
void group(Block &block, IRRewriter &rewriter) {
  DenseMap<Value, lm::LinearOp> last;
  for (lm::LinearOp linear : llvm::make_early_inc_range(block.getOps<lm::LinearOp>())) {
    lm::LinearOp &before = last[linear.getX()];
    if (before) {
      Operation *place = before;
      for (Value operand : {Value(linear.getWeight()), Value(linear.getBias())})
        if (auto param = operand ? operand.getDefiningOp<lm::ParamOp>() : nullptr;
            param && param->getBlock() == &block && place->isBeforeInBlock(param))
          rewriter.moveOpBefore(param, before);
      rewriter.moveOpAfter(linear, before);
    }
    before = linear;
  }
}

class FuseLinear : public impl::FuseLinearBase<FuseLinear> {
public:
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    for (lm::ModelOp model : getOperation().getOps<lm::ModelOp>()) {
      if (model.getFirstStateArgument() == model.getNumArguments())
        continue;
      model.walk([&](lm::AddOp add) { addResidual(add, rewriter); });
      group(model.getBody().front(), rewriter);
      for (lm::LayerOp layer : model.getLayers())
        group(layer.getBody().front(), rewriter);
    }
  }
};

} // namespace
} // namespace xlstm
