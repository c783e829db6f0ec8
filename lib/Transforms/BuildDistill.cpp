//===- BuildDistill.cpp - cross-entropy and sparse KL behind the logits ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ModelEditing.h"
#include "xlstm/Transforms/Passes.h"

#include <cmath>

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_BUILDDISTILL
#include "lib/Transforms/Passes.h.inc"

namespace {

class BuildDistill : public impl::BuildDistillBase<BuildDistill> {
public:
  using BuildDistillBase::BuildDistillBase;

  void runOnOperation() override {
    for (double weight : {ceWeight.getValue(), klWeight.getValue()})
      if (!(std::isfinite(weight) && weight >= 0)) {
        getOperation().emitError() << "options ce-weight and kl-weight expect at least 0, found " << weight;
        return signalPassFailure();
      }
    lm::ModelOp model = cloneForward(getOperation(), "distill");
    if (!model)
      return signalPassFailure();
    addTargets(model);
    setResults(model, buildLosses(model), {"loss", "ce", "kl"});
  }

private:
  /// Arguments labels [B, T], top_ids and top_logprobs [B, T, K], tail [B, T].
  static void addTargets(lm::ModelOp model) {
    Builder builder(model.getContext());
    ArrayRef<int64_t> rows = cast<RankedTensorType>(model.getArgument(0).getType()).getShape();
    SmallVector<int64_t> top(rows);
    top.push_back(ShapedType::kDynamic);
    for (Type type :
         {RankedTensorType::get(rows, builder.getI64Type()), RankedTensorType::get(top, builder.getI32Type()),
          RankedTensorType::get(top, builder.getF32Type()), RankedTensorType::get(rows, builder.getF32Type())})
      model.insertArgument(model.getNumArguments(), type, {}, model.getLoc());
  }

  SmallVector<Value> buildLosses(lm::ModelOp model) {
    Block &body = model.getBody().front();
    OpBuilder builder(body.getTerminator());
    Location loc = model.getLoc();
    Value logits = getLogits(model), labels = model.getArgument(2);
    auto scalar = RankedTensorType::get({}, builder.getF32Type());
    Value ce = builder.create<lm::CrossEntropyOp>(loc, scalar, logits, labels);
    Value kl = builder.create<xlstm::SparseKlOp>(loc, scalar, logits, model.getArgument(3), model.getArgument(4),
                                                 model.getArgument(5), labels, klMode);
    Value weightedCe = builder.create<lm::ScaleOp>(loc, ce, builder.getF64FloatAttr(ceWeight));
    Value weightedKl = builder.create<lm::ScaleOp>(loc, kl, builder.getF64FloatAttr(klWeight));
    return {builder.create<lm::AddOp>(loc, weightedCe, weightedKl), ce, kl};
  }
};

} // namespace
} // namespace xlstm
