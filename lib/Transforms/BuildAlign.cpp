//===- BuildAlign.cpp - teacher and student mixers side by side -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MixerBuilder.h"
#include "ModelEditing.h"
#include "xlstm/Transforms/Passes.h"

#include <cmath>

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_BUILDALIGN
#include "lib/Transforms/Passes.h.inc"

namespace {

class BuildAlign : public xlstm::MixerAttr::FromOptions<impl::BuildAlignBase<BuildAlign>> {
public:
  using FromOptions::FromOptions;

  void runOnOperation() override {
    lm::ModelOp model = cloneForward(getOperation(), "align");
    if (!model)
      return signalPassFailure();
    xlstm::MixerAttr mixer = getMixer([&] { return model.emitError(); });
    if (!mixer)
      return signalPassFailure();
    FailureOr<SmallVector<AttentionSite>> sites =
        selectSites(model, mixer, {.layers = *layers, .convertSliding = convertSliding, .keepHeads = keepHeads});
    if (failed(sites))
      return signalPassFailure();
    if (failed(checkEnergies(model, sites->size())))
      return signalPassFailure();
    SmallVector<Value> results;
    std::vector<std::string> names;
    for (const AttentionSite &site : *sites)
      addLosses(site, mixer, results, names);
    results.insert(results.begin(), objective(model, results));
    names.insert(names.begin(), "loss");
    setResults(model, results, names);
    eraseDeadOps(model);
    numAligned += sites->size();
  }

private:
  LogicalResult checkEnergies(lm::ModelOp model, size_t numSites) {
    if (!energies.empty() && energies.size() != numSites)
      return model.emitError() << "option energies expects a number for each of " << numSites
                               << " aligned layers, found " << energies.size();
    for (double energy : energies)
      if (!(std::isfinite(energy) && energy > 0))
        return model.emitError() << "option energies expects numbers above 0, found " << energy;
    return success();
  }

  /// Builds the mixer and its losses in the site's layer; appends the layer's loss, energy and window loss.
  static void addLosses(const AttentionSite &site, xlstm::MixerAttr options, SmallVector<Value> &results,
                        std::vector<std::string> &names) {
    lm::AttentionOp attention = site.attention;
    MixerBuilder mixer(site, options);
    Value student = mixer.build(), near = mixer.window();
    OpBuilder builder(attention->getContext());
    builder.setInsertionPointAfter(attention);
    auto scalar = RankedTensorType::get({}, builder.getF32Type());
    auto compare = [&](Value heads) {
      return builder.create<xlstm::AlignLossOp>(attention.getLoc(), scalar, scalar, heads, attention.getH());
    };
    xlstm::AlignLossOp loss = compare(student), nearLoss = student == near ? loss : compare(near);
    lm::LayerOp layer = addLayerResults(site.layer, {loss.getLoss(), loss.getEnergy(), nearLoss.getLoss()});
    std::string prefix = "layers." + std::to_string(layer.getIndex()) + ".";
    llvm::append_range(results, layer.getOutputs().take_back(3));
    for (const char *name : {"loss", "energy", "window_loss"})
      names.push_back(prefix + name);
  }

  /// What training minimises: the losses' sum, each divided by its layer's energy. `results` has three values a layer,
  /// its loss first.
  Value objective(lm::ModelOp model, ArrayRef<Value> results) {
    OpBuilder builder(model.getBody().front().getTerminator());
    Value sum;
    for (size_t layer = 0; 3 * layer < results.size(); ++layer) {
      Value loss = results[3 * layer];
      if (!energies.empty())
        loss = builder.create<lm::ScaleOp>(model.getLoc(), loss, builder.getF64FloatAttr(1 / energies[layer]));
      sum = sum ? builder.create<lm::AddOp>(model.getLoc(), sum, loss) : loss;
    }
    return sum;
  }
};

} // namespace
} // namespace xlstm
