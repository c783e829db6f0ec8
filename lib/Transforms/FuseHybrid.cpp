//===- FuseHybrid.cpp - make the hybrid mixer one op -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/XLSTM/XLSTMDialect.h"
#include "xlstm/Transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_FUSEHYBRID
#include "lib/Transforms/Passes.h.inc"

namespace {

struct FuseMix : OpRewritePattern<xlstm::MixOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(xlstm::MixOp mix, PatternRewriter &rewriter) const override {
    auto memory = mix.getMemory().getDefiningOp<xlstm::MlstmOp>();
    auto near = mix.getWindow().getDefiningOp<lm::AttentionOp>();
    if (!memory || !memory.getIGate() || !memory.getDocStart() || !memory->hasOneUse())
      return rewriter.notifyMatchFailure(mix, "its memory is not a gated mlstm with documents and no other use");
    if (!near || !near.getWindow() || !near.getDocStart() || near.getPos())
      return rewriter.notifyMatchFailure(mix, "its window is not an attention with a window and documents");
    auto q = memory.getQ().getDefiningOp<xlstm::FeatureMapOp>(), k = memory.getK().getDefiningOp<xlstm::FeatureMapOp>();
    if (!isSquareSoftmax(q) || !isSquareSoftmax(k))
      return rewriter.notifyMatchFailure(mix, "its features are not softmax maps to as many features as channels");
    if (q.getX() != near.getQ() || k.getX() != near.getK() || memory.getV() != near.getV() ||
        memory.getDocStart() != near.getDocStart())
      return rewriter.notifyMatchFailure(mix, "its branches read different values");
    for (Operation *user : near->getUsers())
      if (user->getBlock() != mix->getBlock() || user->isBeforeInBlock(mix))
        return rewriter.notifyMatchFailure(user, "reads the window branch in front of the mix");
    auto hybrid = rewriter.create<xlstm::HybridOp>(
        mix.getLoc(), TypeRange{mix.getType(), near.getH().getType()}, near.getQ(), near.getK(), near.getV(),
        q.getWeight(), k.getWeight(), mix.getGate(), memory.getIGate(), memory.getFGate(), near.getDocStart(),
        near.getScaleAttr(), near.getWindowAttr(), rewriter.getI64IntegerAttr(near.getSinks().value_or(0)),
        memory.getFormAttr(), memory.getChunkAttr());
    rewriter.replaceOp(mix, hybrid.getH());
    rewriter.replaceOp(near, hybrid.getWindowOut());
    rewriter.eraseOp(memory); // the maps are erased where nothing else reads them
    return success();
  }

private:
  static bool isSquareSoftmax(xlstm::FeatureMapOp map) {
    if (!map || map.getKind() != xlstm::FeatureKind::Softmax)
      return false;
    auto weight = cast<RankedTensorType>(map.getWeight().getType());
    return weight.getDimSize(1) == weight.getDimSize(2);
  }
};

class FuseHybrid : public impl::FuseHybridBase<FuseHybrid> {
public:
  using FuseHybridBase::FuseHybridBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseMix>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation().walk([&](xlstm::HybridOp) { ++numFused; });
  }
};

} // namespace
} // namespace xlstm
