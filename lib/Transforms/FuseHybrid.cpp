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
  FuseMix(MLIRContext *context, bool kernelWidths) : OpRewritePattern(context), kernelWidths(kernelWidths) {}

  LogicalResult matchAndRewrite(xlstm::MixOp mix, PatternRewriter &rewriter) const override {
    auto memory = mix.getMemory().getDefiningOp<xlstm::MlstmOp>();
    auto near = mix.getWindow().getDefiningOp<lm::AttentionOp>();
    if (!memory || !memory.getIGate() || !memory.getH().hasOneUse())
      return rewriter.notifyMatchFailure(mix, "its memory is not a gated mlstm with no other use");
    if (!near || !near.getWindow())
      return rewriter.notifyMatchFailure(mix, "its window is not an attention with a window");
    auto q = memory.getQ().getDefiningOp<xlstm::FeatureMapOp>(), k = memory.getK().getDefiningOp<xlstm::FeatureMapOp>();
    if (!isSquareSoftmax(q) || !isSquareSoftmax(k))
      return rewriter.notifyMatchFailure(mix, "its features are not softmax maps to as many features as channels");
    if (near.getQ().getType().getDimSize(3) != near.getV().getType().getDimSize(3))
      return rewriter.notifyMatchFailure(mix, "its values have another number of channels than its queries");
    if (int64_t width = near.getQ().getType().getDimSize(3); kernelWidths && (width % 8 != 0 || width > 256))
      return rewriter.notifyMatchFailure(mix, "no kernel takes its head width");
    if (q.getX() != near.getQ() || k.getX() != near.getK() || memory.getV() != near.getV() ||
        memory.getDocStart() != near.getDocStart())
      return rewriter.notifyMatchFailure(mix, "its branches read different values");
    for (Operation *branch : {memory.getOperation(), near.getOperation()})
      for (Operation *user : branch->getUsers())
        if (user->getBlock() != mix->getBlock() || user->isBeforeInBlock(mix))
          return rewriter.notifyMatchFailure(user, "reads a branch or its new state in front of the mix");
    SmallVector<Value> state(memory.getState()); // in the order of HybridOp::describeStates
    llvm::append_range(state, near.getState());
    SmallVector<Type> types{mix.getType(), near.getH().getType()};
    llvm::append_range(types, ValueRange(state).getTypes());
    auto hybrid = rewriter.create<xlstm::HybridOp>(
        mix.getLoc(), types, near.getQ(), near.getK(), near.getV(), q.getWeight(), k.getWeight(), mix.getGate(),
        memory.getIGate(), memory.getFGate(), near.getDocStart(), near.getPos(), state, near.getScaleAttr(),
        near.getWindowAttr(), rewriter.getI64IntegerAttr(near.getSinks().value_or(0)), memory.getFormAttr(),
        memory.getChunkAttr(), /*rope=*/lm::RopeAttr());
    rewriter.replaceOp(mix, hybrid.getH());
    rewriter.replaceAllUsesWith(near.getH(), hybrid.getWindowOut());
    size_t own = memory.getState().size();
    rewriter.replaceAllUsesWith(memory.getNewState(), hybrid.getNewState().take_front(own));
    rewriter.replaceAllUsesWith(near.getNewState(), hybrid.getNewState().drop_front(own));
    rewriter.eraseOp(near);
    rewriter.eraseOp(memory); // the maps are erased where nothing else reads them
    return success();
  }

private:
  bool kernelWidths;

  static bool isSquareSoftmax(xlstm::FeatureMapOp map) {
    if (!map || map.getKind() != xlstm::FeatureKind::Softmax)
      return false;
    auto weight = cast<RankedTensorType>(map.getWeight().getType());
    return weight.getDimSize(1) == weight.getDimSize(2);
  }
};

/// Of one token with state, takes the rotary embeddings of q and k into the op.
struct AbsorbRope : OpRewritePattern<xlstm::HybridOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(xlstm::HybridOp hybrid, PatternRewriter &rewriter) const override {
    auto q = hybrid.getQ().getDefiningOp<lm::RopeOp>(), k = hybrid.getK().getDefiningOp<lm::RopeOp>();
    if (!hybrid.getPos() || hybrid.getRope() || hybrid.getQ().getType().getDimSize(1) != 1)
      return rewriter.notifyMatchFailure(hybrid, "it has a rope already, or is not of one token with state");
    if (!q || !k || q.getRope() != k.getRope() || !q->hasOneUse() || !k->hasOneUse())
      return rewriter.notifyMatchFailure(hybrid, "its q and k are not rotated alike, for it alone");
    auto positions = q.getPositions().getDefiningOp<lm::PositionsOp>();
    if (!positions || q.getPositions() != k.getPositions() || positions.getPos() != hybrid.getPos())
      return rewriter.notifyMatchFailure(hybrid, "its q and k are rotated at other positions than its own");
    rewriter.modifyOpInPlace(hybrid, [&] {
      hybrid.getQMutable().assign(q.getX());
      hybrid.getKMutable().assign(k.getX());
      hybrid.setRopeAttr(q.getRope());
    });
    rewriter.eraseOp(q);
    rewriter.eraseOp(k);
    return success();
  }
};

class FuseHybrid : public impl::FuseHybridBase<FuseHybrid> {
public:
  using FuseHybridBase::FuseHybridBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseMix>(&getContext(), kernelWidths);
    patterns.add<AbsorbRope>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation().walk([&](xlstm::HybridOp) { ++numFused; });
  }
};

} // namespace
} // namespace xlstm
