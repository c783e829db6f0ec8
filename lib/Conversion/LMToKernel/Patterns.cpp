//===- Patterns.cpp - one op, its kernels -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An overload of `convert` an op: it calls kernels and returns the memory of the op's results. New states lie where the
// old ones did.

#include "dialects/LM/Runs.h"
#include "dialects/XLSTM/XLSTMDialect.h"
#include "lib/Conversion/LMToKernel/KernelBuilder.h"
#include "lib/Conversion/LMToKernel/PanelWeights.h"

using namespace mlir;

namespace xlstm {

using Results = SmallVector<Value>;

static kernel::Layout layoutOf(Value view) { return *kernel::Layout::of(view.getType()); }

static Results withStates(Value result, ValueRange states) {
  Results all{result};
  llvm::append_range(all, states);
  return all;
}

//===----------------------------------------------------------------------===//
// Views: no kernel at all
//===----------------------------------------------------------------------===//

static Results convert(lm::SplitHeadsOp op, lm::SplitHeadsOp::Adaptor in, KernelBuilder &builder) {
  kernel::Layout layout = layoutOf(in.getX());
  int64_t width = cast<RankedTensorType>(op.getResult().getType()).getDimSize(3);
  layout.shape.back() /= width;
  layout.shape.push_back(width);
  layout.strides.back() = width;
  layout.strides.push_back(1);
  return {builder.view(in.getX(), 0, layout.shape, layout.strides)};
}

static Results convert(lm::MergeHeadsOp op, lm::MergeHeadsOp::Adaptor in, KernelBuilder &builder) {
  kernel::Layout layout = layoutOf(in.getX()); // heads lie side by side, as a mixer wrote them
  int64_t width = layout.shape.pop_back_val();
  layout.shape.back() *= width;
  layout.strides.pop_back();
  layout.strides.back() = 1;
  return {builder.view(in.getX(), 0, layout.shape, layout.strides)};
}

static Results convert(lm::SliceOp op, lm::SliceOp::Adaptor in, KernelBuilder &builder) {
  kernel::Layout layout = layoutOf(in.getX());
  layout.shape.back() = cast<RankedTensorType>(op.getResult().getType()).getShape().back();
  int64_t offset = static_cast<int64_t>(op.getOffset()) * layout.elementBytes;
  return {builder.view(in.getX(), offset, layout.shape, layout.strides)};
}

//===----------------------------------------------------------------------===//
// Heads: neighbours are a view, others are moved
//===----------------------------------------------------------------------===//

/// Heads `first` to `first` + `count` of x, as rows of count * d channels.
static Value neighbours(Value x, int64_t first, int64_t count, KernelBuilder &builder) {
  kernel::Layout layout = layoutOf(x);
  int64_t offset = first * layout.strides[2] * layout.elementBytes, width = layout.shape.pop_back_val();
  layout.strides.pop_back();
  layout.shape[2] = count * width;
  layout.strides[2] = 1;
  return builder.view(x, offset, layout.shape, layout.strides);
}

static Results convert(lm::TakeHeadsOp op, lm::TakeHeadsOp::Adaptor in, KernelBuilder &builder) {
  ArrayRef<int64_t> heads = op.getHeads();
  kernel::Layout layout = layoutOf(in.getX());
  int64_t runs = 0;
  lm::forEachRun(heads, [&](size_t, int64_t, int64_t) { ++runs; });
  if (runs == 1) {
    layout.shape[2] = static_cast<int64_t>(heads.size());
    return {
        builder.view(in.getX(), heads.front() * layout.strides[2] * layout.elementBytes, layout.shape, layout.strides)};
  }
  Value y = builder.buffer(op.getResult());
  lm::forEachRun(heads, [&](size_t i, int64_t head, int64_t count) {
    builder.call("copy",
                 {neighbours(in.getX(), head, count, builder), neighbours(y, static_cast<int64_t>(i), count, builder)});
  });
  return {y};
}

static Results convert(lm::JoinHeadsOp op, lm::JoinHeadsOp::Adaptor in, KernelBuilder &builder) {
  Value y = builder.buffer(op.getResult());
  ArrayRef<int64_t> places = op.getHeads();
  for (Value part : in.getParts()) {
    size_t count = static_cast<size_t>(layoutOf(part).shape[2]);
    lm::forEachRun(places.take_front(count), [&](size_t i, int64_t head, int64_t run) {
      builder.call("copy",
                   {neighbours(part, static_cast<int64_t>(i), run, builder), neighbours(y, head, run, builder)});
    });
    places = places.drop_front(count);
  }
  return {y};
}

static Results convert(lm::LastTokenOp op, lm::LastTokenOp::Adaptor in, KernelBuilder &builder) {
  kernel::Layout layout = layoutOf(in.getX());
  if (builder.mayHaveFewerTokens() && layout.shape[1] > 1) {
    Value y = builder.buffer(op.getResult());
    builder.call("last", {in.getX(), y});
    return {y};
  }
  int64_t offset = (layout.shape[1] - 1) * layout.strides[1] * layout.elementBytes;
  layout.strides[0] = std::max(layout.strides[0], layout.strides[1] * layout.shape[1]);
  layout.shape[1] = 1;
  layout.strides[1] = layout.strides[0];
  return {builder.view(in.getX(), offset, layout.shape, layout.strides)};
}

static Results convert(lm::ParamOp op, lm::ParamOp::Adaptor, KernelBuilder &builder) { return {builder.weight(op)}; }

static Results convert(lm::TakeBlocksOp op, lm::TakeBlocksOp::Adaptor, KernelBuilder &builder) {
  return {builder.weight(op)};
}

static Results convert(lm::PackOp op, lm::PackOp::Adaptor in, KernelBuilder &builder) {
  return {builder.join(op.getResult(), in.getParts())};
}

//===----------------------------------------------------------------------===//
// Embedding, projections, norms, elementwise
//===----------------------------------------------------------------------===//

static Results convert(lm::EmbedOp op, lm::EmbedOp::Adaptor in, KernelBuilder &builder) {
  Value y = builder.buffer(op.getResult());
  builder.call(builder.forPanels("embed", in.getTable()), {in.getIds(), in.getTable(), y});
  return {y};
}

static Results convert(lm::LinearOp op, lm::LinearOp::Adaptor in, KernelBuilder &builder) {
  Value y = builder.buffer(op.getResult());
  builder.call(builder.forPanels("linear", in.getWeight()), {in.getX(), in.getWeight(), in.getBias(), Value(), y});
  return {y};
}

static Results convert(lm::LinearAddOp op, lm::LinearAddOp::Adaptor in, KernelBuilder &builder) {
  Value y = builder.buffer(op.getResult());
  builder.call(builder.forPanels("linear", in.getWeight()), {in.getX(), in.getWeight(), in.getBias(), in.getResidual(), y});
  return {y};
}

static Results convert(lm::RmsNormOp op, lm::RmsNormOp::Adaptor in, KernelBuilder &builder) {
  Value y = builder.buffer(op.getResult());
  builder.call("rms_norm", {in.getX(), in.getWeight(), y}, {builder.f32(op.getEps().convertToDouble())});
  return {y};
}

static Results convert(lm::SwigluOp op, lm::SwigluOp::Adaptor in, KernelBuilder &builder) {
  Value y = builder.buffer(op.getResult());
  builder.call("swiglu", {in.getGate(), in.getUp(), y});
  return {y};
}

static Results convert(lm::AddOp op, lm::AddOp::Adaptor in, KernelBuilder &builder) {
  Value y = builder.buffer(op.getResult());
  builder.call("add", {in.getLhs(), in.getRhs(), y});
  return {y};
}

static Results convert(lm::ScaleOp op, lm::ScaleOp::Adaptor in, KernelBuilder &builder) {
  Value y = builder.buffer(op.getResult());
  builder.call("scale", {in.getX(), y}, {builder.f32(op.getFactor().convertToDouble())});
  return {y};
}

//===----------------------------------------------------------------------===//
// Positions, attention
//===----------------------------------------------------------------------===//

static Results convert(lm::PositionsOp op, lm::PositionsOp::Adaptor in, KernelBuilder &builder) {
  Value positions = builder.buffer(op.getResult());
  builder.call("positions", {in.getPos(), positions});
  return {positions};
}

static Value turnsOf(lm::RopeAttr rope, Value heads, KernelBuilder &builder) {
  return builder.turns(rope.computeFrequencies(cast<MemRefType>(heads.getType()).getDimSize(3)));
}

static Results convert(lm::RopeOp op, lm::RopeOp::Adaptor in, KernelBuilder &builder) {
  Value y = builder.buffer(op.getResult());
  builder.call("rope", {in.getX(), in.getPositions(), turnsOf(op.getRope(), in.getX(), builder), y},
               {builder.f32(op.getRope().attentionFactor())});
  return {y};
}

static Value stateOrNone(ValueRange states, unsigned i) { return i < states.size() ? states[i] : Value(); }

static Results convert(lm::AttentionOp op, lm::AttentionOp::Adaptor in, KernelBuilder &builder) {
  Value h = builder.buffer(op.getH());
  ValueRange states = in.getState(); // ring_k, ring_v, sink_k, sink_v
  builder.call("attention",
               {in.getQ(), in.getK(), in.getV(), in.getPos(), states[0], states[1], stateOrNone(states, 2),
                stateOrNone(states, 3), h},
               {builder.f32(op.getScale().convertToDouble())});
  return withStates(h, states);
}

//===----------------------------------------------------------------------===//
// The student's mixers
//===----------------------------------------------------------------------===//

static Results convert(xlstm::FeatureMapOp op, xlstm::FeatureMapOp::Adaptor in, KernelBuilder &builder) {
  Value y = builder.buffer(op.getResult());
  bool isElu = op.getKind() == xlstm::FeatureKind::Elu;
  builder.call(isElu ? "feature_map_elu" : "feature_map_softmax", {in.getX(), in.getWeight(), y});
  return {y};
}

static Results convert(xlstm::OutputGateOp op, xlstm::OutputGateOp::Adaptor in, KernelBuilder &builder) {
  Value y = builder.buffer(op.getResult());
  builder.call("output_gate", {in.getQ(), in.getK(), in.getV(), in.getWeight(), in.getBias(), y});
  return {y};
}

static Results convert(xlstm::MlstmOp op, xlstm::MlstmOp::Adaptor in, KernelBuilder &builder) {
  Value h = builder.buffer(op.getH());
  ValueRange states = in.getState(); // S, z, m
  int64_t chunk = op.getForm() == xlstm::Form::Recurrent ? 1 : static_cast<int64_t>(op.getChunk());
  builder.call("mlstm",
               {in.getQ(), in.getK(), in.getV(), in.getIGate(), in.getFGate(), states[0], states[1], states[2], h},
               {builder.i64(chunk)});
  return withStates(h, states);
}

static Results convert(xlstm::GatedDeltaOp op, xlstm::GatedDeltaOp::Adaptor in, KernelBuilder &builder) {
  Value h = builder.buffer(op.getH());
  ValueRange states = in.getState(); // S
  builder.call("gated_delta", {in.getQ(), in.getK(), in.getV(), in.getWrite(), in.getDecay(), states[0], h});
  return withStates(h, states);
}

static Results convert(xlstm::MixOp op, xlstm::MixOp::Adaptor in, KernelBuilder &builder) {
  Value y = builder.buffer(op.getResult());
  builder.call("mix", {in.getGate(), in.getMemory(), in.getWindow(), y});
  return {y};
}

/// A mixer counts its own tokens: kernels of two layers share nothing.
static Value ownPosition(Value state, int64_t rows, KernelBuilder &builder) {
  StringRef name = state.getDefiningOp<kernel::StateOp>().getName();
  auto type = MemRefType::get({rows}, IntegerType::get(state.getContext(), 32));
  return builder.state(name.rsplit('.').first + "." + positionName, type, 0);
}

static Results convert(xlstm::HybridOp op, xlstm::HybridOp::Adaptor in, KernelBuilder &builder) {
  Value h = builder.buffer(op.getH());
  ValueRange states = in.getState(); // S, z, m, ring_k, ring_v, sink_k, sink_v
  lm::RopeAttr rope = op.getRope().value_or(lm::RopeAttr());
  SmallVector<Value> views{in.getQ(),     in.getK(),     in.getV(),
                           in.getIGate(), in.getFGate(), in.getOGate(),
                           in.getQMap(),  in.getKMap(),  rope ? turnsOf(rope, in.getQ(), builder) : Value()};
  for (unsigned i = 0; i < 7; ++i)
    views.push_back(stateOrNone(states, i));
  views.append({ownPosition(states[0], layoutOf(in.getQ()).shape[0], builder), h});
  builder.call("hybrid_step", views,
               {builder.f32(op.getScale().convertToDouble()), builder.f32(rope ? rope.attentionFactor() : 1)});
  Results results{h, h}; // nothing reads window_out here
  llvm::append_range(results, states);
  return results;
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

/// What an op asks of functions with state, beside its kernels; a reason where it does not hold.
static StringRef whyNot(Operation *op, bool panels) {
  for (Value result : op->getResults())
    if (isa<lm::BlockType>(getElementTypeOrSelf(result)) && !(panels && panelsOf(result)))
      return "expects weights of floats, or blocks that lie in panels: read by projections and embeddings alone, of 16 "
             "rows or more, in blocks of 32 with scales of f16, on the CPU";
  if (auto positions = dyn_cast<lm::PositionsOp>(op); positions && !positions.getPos())
    return "expects at in compiled functions, found docs";
  if (auto attention = dyn_cast<lm::AttentionOp>(op); attention && !attention.getPos())
    return "expects at and state in compiled functions, found docs";
  if (auto hybrid = dyn_cast<xlstm::HybridOp>(op); hybrid && (!hybrid.getPos() || !hybrid.getWindowOut().use_empty()))
    return "expects at and state, and no use of its window_out, in compiled functions";
  if (auto memory = dyn_cast<lm::StatefulOpInterface>(op); memory && memory.getState().empty())
    return "expects state in compiled functions, found docs";
  return "";
}

namespace {

template <typename Op>
struct KernelPattern : OpConversionPattern<Op> {
  KernelPattern(MLIRContext *context, const KernelChoice &choice) : OpConversionPattern<Op>(context), choice(choice) {}

  LogicalResult matchAndRewrite(Op op, typename Op::Adaptor in, ConversionPatternRewriter &rewriter) const final {
    if (StringRef reason = whyNot(op, choice.panels); !reason.empty())
      return op.emitOpError() << reason;
    KernelBuilder builder(rewriter, op, choice);
    rewriter.replaceOp(op, convert(op, in, builder));
    return success();
  }

  KernelChoice choice;
};

} // namespace

void populateKernelPatterns(RewritePatternSet &patterns, const KernelChoice &choice) {
  patterns.add<KernelPattern<lm::SplitHeadsOp>, KernelPattern<lm::MergeHeadsOp>, KernelPattern<lm::SliceOp>,
               KernelPattern<lm::TakeHeadsOp>, KernelPattern<lm::JoinHeadsOp>, KernelPattern<lm::TakeBlocksOp>,
               KernelPattern<lm::LastTokenOp>, KernelPattern<lm::ParamOp>, KernelPattern<lm::PackOp>,
               KernelPattern<lm::EmbedOp>, KernelPattern<lm::LinearOp>, KernelPattern<lm::LinearAddOp>,
               KernelPattern<lm::RmsNormOp>, KernelPattern<lm::SwigluOp>, KernelPattern<lm::AddOp>,
               KernelPattern<lm::ScaleOp>, KernelPattern<lm::PositionsOp>, KernelPattern<lm::RopeOp>,
               KernelPattern<lm::AttentionOp>, KernelPattern<xlstm::FeatureMapOp>, KernelPattern<xlstm::OutputGateOp>,
               KernelPattern<xlstm::MlstmOp>, KernelPattern<xlstm::GatedDeltaOp>, KernelPattern<xlstm::MixOp>,
               KernelPattern<xlstm::HybridOp>>(patterns.getContext(), choice);
}

} // namespace xlstm
