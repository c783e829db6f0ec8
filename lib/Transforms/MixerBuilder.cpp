//===- MixerBuilder.cpp - build the student's mixer beside an attention ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MixerBuilder.h"
#include "KeptHeads.h"

using namespace mlir;

namespace xlstm {

/// An mLSTM over mapped queries and keys.
static Value buildMlstm(MixerBuilder &mixer, Value inputGate, Value forgetGate) {
  lm::AttentionOp attention = mixer.attention();
  Value q = mixer.mapped(attention.getQ(), "q_map.weight"), k = mixer.mapped(attention.getK(), "k_map.weight");
  auto form = xlstm::FormAttr::get(attention.getContext(), mixer.mixer.getForm());
  auto op = mixer.builder.create<xlstm::MlstmOp>(
      mixer.loc, TypeRange(attention.getH().getType()), q, k, attention.getV(), inputGate, forgetGate,
      attention.getDocStart(), /*state=*/ValueRange(), form, mixer.builder.getI64IntegerAttr(mixer.mixer.getChunk()));
  return op.getH();
}

static Value gatedMlstm(MixerBuilder &mixer) {
  Value inputGate = mixer.inputGate();
  return buildMlstm(mixer, inputGate, mixer.forgetGate());
}

static Value plainMlstm(MixerBuilder &mixer) { return buildMlstm(mixer, Value(), Value()); }

/// The gated delta rule over queries and keys as attention reads them: their lengths do not matter to it, and a feature
/// map would make all keys alike.
static Value gatedDelta(MixerBuilder &mixer) {
  lm::AttentionOp attention = mixer.attention();
  Value write = mixer.inputGate(), decay = mixer.forgetGate();
  auto form = xlstm::FormAttr::get(attention.getContext(), mixer.mixer.getForm());
  auto op = mixer.builder.create<xlstm::GatedDeltaOp>(mixer.loc, TypeRange(attention.getH().getType()),
                                                      attention.getQ(), attention.getK(), attention.getV(), write,
                                                      decay, attention.getDocStart(), /*state=*/ValueRange(), form,
                                                      mixer.builder.getI64IntegerAttr(mixer.mixer.getChunk()));
  return op.getH();
}

/// Every kind of mixer.
static constexpr MixerParts everyKind[] = {
    {xlstm::MixerKind::Hybrid, gatedMlstm, /*hasWindow=*/true, /*hasGates=*/true},
    {xlstm::MixerKind::Mlstm, gatedMlstm, /*hasWindow=*/false, /*hasGates=*/true},
    {xlstm::MixerKind::Window, nullptr, /*hasWindow=*/true, /*hasGates=*/false},
    {xlstm::MixerKind::LinearAttention, plainMlstm, /*hasWindow=*/false, /*hasGates=*/false},
    {xlstm::MixerKind::GatedDelta, gatedDelta, /*hasWindow=*/true, /*hasGates=*/true},
    {xlstm::MixerKind::GatedDeltaAlone, gatedDelta, /*hasWindow=*/false, /*hasGates=*/true},
};

const MixerParts &partsOf(xlstm::MixerKind kind) {
  return *llvm::find_if(everyKind, [&](const MixerParts &parts) { return parts.kind == kind; });
}

MixerBuilder::MixerBuilder(const AttentionSite &site, xlstm::MixerAttr mixer)
    : builder(site.attention->getContext()), loc(site.attention->getLoc()), mixer(mixer), site(site) {
  lm::AttentionOp attention = site.attention;
  builder.setInsertionPoint(attention);
  ArrayRef<int64_t> queries = cast<RankedTensorType>(attention.getQ().getType()).getShape();
  numHeads = queries[2];
  headDim = queries[3];
}

Value MixerBuilder::build() {
  const MixerParts &parts = partsOf(mixer.getMixer());
  if (!parts.memory)
    return window();
  if (!parts.hasWindow)
    return parts.memory(*this);
  Value gate = outputGate(), long_ = parts.memory(*this), near = window();
  return builder.create<xlstm::MixOp>(loc, near.getType(), gate, long_, near);
}

Value MixerBuilder::window() {
  if (windowBranch)
    return windowBranch;
  lm::AttentionOp attention = site.attention;
  IntegerAttr sinks = mixer.getSinks() ? builder.getI64IntegerAttr(mixer.getSinks()) : IntegerAttr();
  auto branch = builder.create<lm::AttentionOp>(loc, TypeRange(attention.getH().getType()), attention.getQ(),
                                                attention.getK(), attention.getV(), attention.getDocStart(),
                                                /*pos=*/Value(), /*state=*/ValueRange(), attention.getScaleAttr(),
                                                builder.getI64IntegerAttr(mixer.getWindow()), sinks, /*cache=*/UnitAttr());
  windowBranch = branch.getH();
  return windowBranch;
}

/// The type of one number a query head, [B, T, H], float32 always.
static RankedTensorType gateType(lm::AttentionOp attention) {
  auto queries = cast<RankedTensorType>(attention.getQ().getType());
  return RankedTensorType::get(queries.getShape().take_front(3), Float32Type::get(queries.getContext()));
}

/// A number as the initial value of a float32 parameter.
static FloatAttr toFloat(FloatAttr number) {
  return Builder(number.getContext()).getF32FloatAttr(number.getValueAsDouble());
}

Value MixerBuilder::memoryGate(StringRef name, FloatAttr bias) {
  lm::LinearOp query = site.q.linear;
  int64_t width = cast<RankedTensorType>(query.getWeight().getType()).getDimSize(1);
  Value weight = param((name + ".weight").str(), {numHeads, width}, builder.getF32FloatAttr(0));
  Value biasValue = param((name + ".bias").str(), {numHeads}, toFloat(bias));
  return builder.create<lm::LinearOp>(loc, gateType(site.attention), query.getX(), weight, biasValue);
}

Value MixerBuilder::outputGate() {
  Value q = rawHeads(site.q), k = rawHeads(site.k), v = rawHeads(site.v);
  Value weight = param("o_gate.weight", {numHeads, 3 * headDim}, builder.getF32FloatAttr(0));
  Value bias = param("o_gate.bias", {numHeads}, toFloat(mixer.getOutputGateBias()));
  return builder.create<xlstm::OutputGateOp>(loc, gateType(site.attention), q, k, v, weight, bias);
}

Value MixerBuilder::mapped(Value heads, StringRef name) {
  Value weight = param(name, {numHeads, headDim, headDim}, builder.getStringAttr("identity"));
  auto kind = xlstm::FeatureKindAttr::get(builder.getContext(), mixer.getFeatureMap());
  return builder.create<xlstm::FeatureMapOp>(loc, site.attention.getQ().getType(), heads, weight, kind);
}

/// A projection's heads as the linear made them: a norm over the full width stands between it and the teacher's split.
Value MixerBuilder::rawHeads(HeadProjection projection) {
  Value heads = projection.split.getResult();
  if (projection.split.getX() != projection.linear.getResult())
    heads = builder.create<lm::SplitHeadsOp>(loc, projection.split.getType(), projection.linear.getResult());
  return projection.heads.empty() ? heads : takeHeads(builder, loc, heads, projection.heads);
}

Value MixerBuilder::param(StringRef name, ArrayRef<int64_t> shape, Attribute init) {
  std::string path = "model.layers." + std::to_string(site.layer.getIndex()) + ".self_attn." + name.str();
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  return builder.create<lm::ParamOp>(loc, type, builder.getStringAttr(path), init);
}

} // namespace xlstm
