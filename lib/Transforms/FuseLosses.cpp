//===- FuseLosses.cpp - make the head and its losses one op ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/XLSTM/XLSTMDialect.h"
#include "xlstm/Transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_FUSELOSSES
#include "lib/Transforms/Passes.h.inc"

namespace {

/// The one op that computes with the value, which may be returned besides; null where there is none or are several.
Operation *onlyReader(Value value) {
  Operation *reader = nullptr;
  for (OpOperand &use : value.getUses()) {
    if (isa<lm::ReturnOp>(use.getOwner()))
      continue;
    if (reader)
      return nullptr;
    reader = use.getOwner();
  }
  return reader;
}

/// The scale that gives a loss its weight, where nothing else computes with either; null where there is none.
lm::ScaleOp weightOf(Value loss) {
  auto scale = dyn_cast_or_null<lm::ScaleOp>(onlyReader(loss));
  return scale && scale->hasOneUse() ? scale : nullptr;
}

/// hidden * transpose(weight) * scale, which nothing but the losses reads.
struct Head {
  lm::LinearOp linear;
  double scale = 1;
};

std::optional<Head> headOf(Value logits) {
  Head head;
  while (auto scale = logits.getDefiningOp<lm::ScaleOp>()) {
    head.scale *= scale.getFactor().convertToDouble();
    logits = scale.getX();
    if (!logits.hasOneUse())
      return std::nullopt;
  }
  head.linear = logits.getDefiningOp<lm::LinearOp>();
  bool isPlain = head.linear && !head.linear.getBias() && std::isfinite(head.scale) &&
                 isa<FloatType>(getElementTypeOrSelf(head.linear.getWeight()));
  return isPlain ? std::optional(head) : std::nullopt;
}

struct FuseHead : OpRewritePattern<lm::CrossEntropyOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(lm::CrossEntropyOp ce, PatternRewriter &rewriter) const override {
    Value logits = ce.getLogits();
    xlstm::SparseKlOp kl;
    for (Operation *user : logits.getUsers())
      if (auto found = dyn_cast<xlstm::SparseKlOp>(user))
        kl = found;
    if (!kl || kl.getLabels() != ce.getLabels() || !llvm::hasNItems(logits.getUses(), 2))
      return rewriter.notifyMatchFailure(ce, "its logits go elsewhere than to it and one sparse KL of its labels");
    std::optional<Head> head = headOf(logits);
    if (!head)
      return rewriter.notifyMatchFailure(ce, "its logits are not those of a head without bias, read by it alone");
    lm::ScaleOp ceWeight = weightOf(ce.getLoss()), klWeight = weightOf(kl.getLoss());
    auto sum = ceWeight ? dyn_cast<lm::AddOp>(*ceWeight->user_begin()) : nullptr;
    if (!sum || !klWeight || *klWeight->user_begin() != sum)
      return rewriter.notifyMatchFailure(ce, "it and the sparse KL are not summed with weights, and that alone");
    if (!ceWeight.getFactor().isFinite() || !klWeight.getFactor().isFinite())
      return rewriter.notifyMatchFailure(ce, "a weight is not finite");
    rewriter.setInsertionPoint(sum); // behind all that is read
    auto fused = rewriter.create<xlstm::HeadLossesOp>(
        ce.getLoc(), TypeRange{sum.getType(), ce.getType(), kl.getType()}, head->linear.getX(),
        head->linear.getWeight(), kl.getIds(), kl.getLogprobs(), kl.getTail(), ce.getLabels(), kl.getModeAttr(),
        ceWeight.getFactorAttr(), klWeight.getFactorAttr(), rewriter.getF64FloatAttr(head->scale));
    for (auto [old, result] : llvm::zip(std::array<Operation *, 3>{sum, ce, kl}, fused.getResults()))
      rewriter.replaceAllUsesWith(old->getResult(0), result);
    for (Operation *old :
         {sum.getOperation(), ceWeight.getOperation(), klWeight.getOperation(), ce.getOperation(), kl.getOperation()})
      rewriter.eraseOp(old); // the head is erased as nothing reads it
    return success();
  }
};

class FuseLosses : public impl::FuseLossesBase<FuseLosses> {
public:
  using FuseLossesBase::FuseLossesBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseHead>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation().walk([&](xlstm::HeadLossesOp) { ++numFused; });
  }
};

} // namespace
} // namespace xlstm
