//===- MixerSites.cpp - which attentions to convert, and whether one can --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KeptHeads.h"
#include "MixerBuilder.h"

using namespace mlir;

namespace xlstm {

static LogicalResult checkLayers(lm::ModelOp model, ArrayRef<int64_t> layers) {
  int64_t numLayers = model.getLayers().size();
  for (int64_t index : layers)
    if (index < 0 || index >= numLayers)
      return model.emitError() << "option layers names layer " << index << ", the model has " << numLayers
                               << " layers, counted from 0";
  return success();
}

/// Walks from an attention's operand back to its projection: linear, [rms_norm], split_heads, [rms_norm], [rope].
static FailureOr<HeadProjection> traceProjection(lm::AttentionOp attention, StringRef name, Value heads) {
  HeadProjection found;
  for (Value value = heads; !found.linear;) {
    Operation *op = value.getDefiningOp();
    if (auto rope = dyn_cast_or_null<lm::RopeOp>(op); rope && !found.split) {
      value = rope.getX();
    } else if (auto norm = dyn_cast_or_null<lm::RmsNormOp>(op)) {
      value = norm.getX();
    } else if (auto split = dyn_cast_or_null<lm::SplitHeadsOp>(op); split && !found.split) {
      found.split = split;
      value = split.getX();
    } else if (auto linear = dyn_cast_or_null<lm::LinearOp>(op); linear && found.split) {
      found.linear = linear;
    } else {
      InFlightDiagnostic error = attention.emitOpError()
                                 << "cannot be linearized: expects " << name
                                 << " to come from a linear through split_heads, norms and rope only";
      error.attachNote(value.getLoc()) << "found " << (op ? op->getName().getStringRef() : "a block argument");
      return failure();
    }
  }
  return found;
}

/// Whether the layer's attention was replaced before: our own ops, or the sinks that no teacher has.
static bool isLinearized(lm::LayerOp layer) {
  WalkResult walk = layer.walk([](Operation *op) {
    auto attention = dyn_cast<lm::AttentionOp>(op);
    bool ours = isa_and_nonnull<xlstm::XLSTMDialect>(op->getDialect()) || (attention && attention.getSinks());
    return ours ? WalkResult::interrupt() : WalkResult::advance();
  });
  return walk.wasInterrupted();
}

static bool hasSlidingAttention(lm::LayerOp layer) {
  WalkResult walk = layer.walk([](lm::AttentionOp attention) {
    return attention.getWindow() ? WalkResult::interrupt() : WalkResult::advance();
  });
  return walk.wasInterrupted();
}

static LogicalResult completeSite(AttentionSite &site, const MixerParts &parts) {
  lm::AttentionOp attention = site.attention;
  if (!attention.getDocStart())
    return attention.emitOpError() << "cannot be linearized: expects docs, found explicit state";
  auto q = cast<RankedTensorType>(attention.getQ().getType()), v = cast<RankedTensorType>(attention.getV().getType());
  if (q.isDynamicDim(2) || q.isDynamicDim(3))
    return attention.emitOpError() << "cannot be linearized: expects static H and d, found " << q;
  auto maps =
      RankedTensorType::get({q.getDimSize(2), q.getDimSize(3), q.getDimSize(3)}, Float32Type::get(q.getContext()));
  if (!lm::storageBytes(maps))
    return attention.emitOpError() << "cannot be linearized: its feature maps would be " << maps;
  bool hasOutputGate = parts.memory && parts.hasWindow;
  if (!parts.hasGates && !hasOutputGate)
    return success();
  FailureOr<HeadProjection> query = traceProjection(attention, "q", attention.getQ());
  if (failed(query))
    return failure();
  site.q = *query;
  if (query->linear.getWeight().getType().isDynamicDim(1))
    return attention.emitOpError() << "cannot be linearized: expects a static weight, found "
                                   << query->linear.getWeight().getType();
  if (!hasOutputGate)
    return success();
  if (q.getDimSize(3) != v.getDimSize(3))
    return attention.emitOpError() << "cannot be linearized: the output gate expects values of " << q.getDimSize(3)
                                   << " channels a head as queries have, found " << v;
  FailureOr<HeadProjection> key = traceProjection(attention, "k", attention.getK());
  FailureOr<HeadProjection> value = traceProjection(attention, "v", attention.getV());
  if (failed(key) || failed(value))
    return failure();
  site.k = *key;
  site.v = *value;
  return success();
}

/// The layer's site, none when the layer stays as it is (a remark says why), or failure.
static FailureOr<std::optional<AttentionSite>> findSite(lm::LayerOp layer, const MixerParts &parts,
                                                        LayerSelection selection) {
  int64_t index = layer.getIndex();
  bool isNamed = llvm::is_contained(selection.layers, index);
  if (!selection.layers.empty() && !isNamed)
    return std::optional<AttentionSite>();
  if (isLinearized(layer))
    return layer.emitOpError() << "layer " << index << " is linearized already";
  SmallVector<lm::AttentionOp> attentions;
  layer.walk([&](lm::AttentionOp attention) { attentions.push_back(attention); });
  if (attentions.size() > 1) {
    InFlightDiagnostic error = layer.emitOpError() << "expects one lm.attention a layer, found " << attentions.size();
    error.attachNote(attentions[1].getLoc()) << "the second is here";
    return failure();
  }
  if (attentions.empty()) {
    if (isNamed)
      return layer.emitOpError() << "layer " << index << " is named in option layers but has no lm.attention";
    layer.emitRemark() << "layer " << index << " stays as it is: it has no lm.attention";
    return std::optional<AttentionSite>();
  }
  if (std::optional<uint64_t> window = attentions[0].getWindow(); window && !selection.convertSliding) {
    if (isNamed)
      return attentions[0].emitError() << "layer " << index
                                       << " is named in option layers but its attention has a window (" << *window
                                       << ") of its own: set convert-sliding";
    attentions[0].emitRemark() << "layer " << index << " stays as it is: its attention has a window (" << *window
                               << ") of its own";
    return std::optional<AttentionSite>();
  }
  AttentionSite site{layer, attentions[0], {}, {}, {}};
  if (failed(completeSite(site, parts)))
    return failure();
  return std::optional<AttentionSite>(site);
}

static size_t numHeads(AttentionSite site) {
  return static_cast<size_t>(cast<RankedTensorType>(site.attention.getQ().getType()).getDimSize(2));
}

FailureOr<SmallVector<AttentionSite>> selectSites(lm::ModelOp model, xlstm::MixerAttr mixer, LayerSelection selection) {
  if (failed(checkLayers(model, selection.layers)))
    return failure();
  FailureOr<KeptHeads> kept = readKeptHeads(model, selection.keepHeads);
  if (failed(kept))
    return failure();
  SmallVector<AttentionSite> sites;
  for (lm::LayerOp layer : model.getLayers()) {
    FailureOr<std::optional<AttentionSite>> site = findSite(layer, partsOf(mixer.getMixer()), selection);
    if (failed(site))
      return failure();
    auto heads = kept->find(layer.getIndex());
    if (*site && (heads == kept->end() || heads->second.size() < numHeads(**site)))
      sites.push_back(**site);
    else if (*site)
      layer.emitRemark() << "layer " << layer.getIndex() << " stays as it is: all its heads are kept";
    else if (heads != kept->end())
      return layer.emitError() << "layer " << layer.getIndex() << " is named in option keep-heads but stays as it is";
  }
  for (auto attention : model.getBody().getOps<lm::AttentionOp>())
    attention.emitWarning() << "stays as it is: it stands outside of a layer";
  for (AttentionSite &site : sites)
    if (auto heads = kept->find(site.layer.getIndex()); heads != kept->end())
      partAttention(site, heads->second);
  if (!sites.empty())
    return sites;
  InFlightDiagnostic error = model.emitError()
                             << "has no attention to convert in its " << model.getLayers().size() << " layers";
  if (!selection.convertSliding && llvm::any_of(model.getLayers(), hasSlidingAttention))
    error << ": set convert-sliding to convert those with a window of their own";
  return error;
}

} // namespace xlstm
