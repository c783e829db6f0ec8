//===- FuseLinear.cpp - residuals within projections ----------------------===//
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

class FuseLinear : public impl::FuseLinearBase<FuseLinear> {
public:
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    for (lm::ModelOp model : getOperation().getOps<lm::ModelOp>())
      if (model.getFirstStateArgument() != model.getNumArguments())
        model.walk([&](lm::AddOp add) { addResidual(add, rewriter); });
  }

private:
  static void addResidual(lm::AddOp add, IRRewriter &rewriter) {
    lm::LinearOp linear = findProjection(add);
    if (!linear)
      return;
    Value residual = linear.getResult() == add.getRhs() ? add.getLhs() : add.getRhs();
    rewriter.setInsertionPoint(add);
    rewriter.replaceOpWithNewOp<lm::LinearAddOp>(add, add.getType(), linear.getX(), linear.getWeight(), residual,
                                                 linear.getBias());
    rewriter.eraseOp(linear);
  }
};

} // namespace
} // namespace xlstm
