//===- Linearize.cpp - replace attention by the student's mixer -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MixerBuilder.h"
#include "ModelEditing.h"
#include "xlstm/Transforms/Passes.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_LINEARIZE
#include "lib/Transforms/Passes.h.inc"

namespace {

class Linearize : public xlstm::MixerAttr::FromOptions<impl::LinearizeBase<Linearize>> {
public:
  using FromOptions::FromOptions;

  void runOnOperation() override {
    lm::ModelOp model = findForward(getOperation());
    if (!model)
      return signalPassFailure();
    xlstm::MixerAttr mixer = getMixer([&] { return model.emitError(); });
    if (!mixer)
      return signalPassFailure();
    FailureOr<SmallVector<AttentionSite>> sites =
        selectSites(model, mixer, {.layers = *layers, .convertSliding = convertSliding, .keepHeads = keepHeads});
    if (failed(sites))
      return signalPassFailure();
    for (const AttentionSite &site : *sites) {
      lm::AttentionOp attention = site.attention;
      attention.getH().replaceAllUsesWith(MixerBuilder(site, mixer).build());
      attention.erase();
      lm::LayerOp(site.layer)->setAttr(xlstm::MixerAttr::name, mixer);
    }
    numConverted += sites->size();
    numKept += model.getLayers().size() - sites->size();
  }
};

} // namespace
} // namespace xlstm
