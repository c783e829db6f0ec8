//===- RecomputeLayers.cpp - layers that a gradient runs once more --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ModelEditing.h"
#include "xlstm/Transforms/Passes.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_RECOMPUTELAYERS
#include "lib/Transforms/Passes.h.inc"

namespace {

class RecomputeLayers : public impl::RecomputeLayersBase<RecomputeLayers> {
public:
  using RecomputeLayersBase::RecomputeLayersBase;

  void runOnOperation() override {
    if (failed(checkCount(getOperation(), "every", every, 1)))
      return signalPassFailure();
    auto isStateless = [](lm::ModelOp model) { return !hasState(model); };
    FailureOr<SmallVector<lm::ModelOp>> chosen = chooseFunctions(getOperation(), *functions, isStateless);
    if (failed(chosen))
      return signalPassFailure();
    for (lm::ModelOp model : *chosen)
      for (lm::LayerOp layer : model.getLayers())
        if (layer.getIndex() % static_cast<uint64_t>(every) == 0) {
          layer->setAttr(lm::LMDialect::recomputeAttrName, UnitAttr::get(&getContext()));
          ++numMarked;
        }
  }
};

} // namespace
} // namespace xlstm
