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

class Linearize : public impl::LinearizeBase<Linearize> {
public:
  using LinearizeBase::LinearizeBase;

  void runOnOperation() override {
    MixerOptions options{window,         sinks,         mixer,          featureMap,     {layers.begin(), layers.end()},
                         convertSliding, inputGateBias, forgetGateBias, outputGateBias, form,
                         chunk};
    lm::ModelOp model = findForward(getOperation());
    if (!model)
      return signalPassFailure();
    FailureOr<SmallVector<AttentionSite>> sites = selectSites(model, options);
    if (failed(sites))
      return signalPassFailure();
    for (const AttentionSite &site : *sites) {
      lm::AttentionOp attention = site.attention;
      attention.getH().replaceAllUsesWith(MixerBuilder(site, options).build());
      attention.erase();
    }
    numConverted += sites->size();
    numKept += model.getLayers().size() - sites->size();
  }
};

} // namespace
} // namespace xlstm
