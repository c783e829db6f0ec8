//===- ShareHeads.cpp - every head by its share of full attention ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MixerBuilder.h"
#include "ModelEditing.h"
#include "xlstm/Transforms/Passes.h"

#include "mlir/AsmParser/AsmParser.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_SHAREHEADS
#include "lib/Transforms/Passes.h.inc"

namespace {

class ShareHeads : public impl::ShareHeadsBase<ShareHeads> {
public:
  using ShareHeadsBase::ShareHeadsBase;

  void runOnOperation() override {
    lm::ModelOp model = findForward(getOperation());
    xlstm::MixerAttr mixer = model ? windowBranch(model) : xlstm::MixerAttr();
    if (!mixer)
      return signalPassFailure();
    FailureOr<SmallVector<AttentionSite>> sites =
        selectSites(model, mixer, {.layers = *layers, .convertSliding = convertSliding, .keepHeads = "none"});
    if (failed(sites))
      return signalPassFailure();
    for (const AttentionSite &site : *sites)
      share(site, mixer);
  }

private:
  xlstm::MixerAttr windowBranch(lm::ModelOp model) {
    if (failed(checkCount(model, "window", window, 1)) || failed(checkCount(model, "sinks", sinks, 0)))
      return {};
    std::string text =
        "#xlstm.mixer<mixer = window, window = " + std::to_string(window) + ", sinks = " + std::to_string(sinks) + ">";
    return cast<xlstm::MixerAttr>(parseAttribute(text, &getContext()));
  }

  static void share(const AttentionSite &site, xlstm::MixerAttr mixer) {
    lm::AttentionOp attention = site.attention;
    MixerBuilder parts(site, mixer);
    Value near = parts.window(), full = attention.getH();
    int64_t heads = cast<RankedTensorType>(full.getType()).getDimSize(2);
    OpBuilder builder(attention->getContext());
    Value share = parts.param("head_share", {heads}, builder.getF32FloatAttr(1));
    builder.setInsertionPointAfter(attention);
    auto blend = builder.create<xlstm::BlendOp>(attention.getLoc(), full.getType(), share, full, near);
    full.replaceAllUsesExcept(blend.getResult(), blend);
  }
};

} // namespace
} // namespace xlstm
