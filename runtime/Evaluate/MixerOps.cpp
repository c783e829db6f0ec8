//===- MixerOps.cpp - feature map, gates, mlstm, mix, hybrid --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Attention.h"
#include "runtime/Evaluate/Derivatives.h"
#include "runtime/Evaluate/Fused.h"
#include "runtime/Evaluate/GatedDelta.h"
#include "runtime/Evaluate/Hybrid.h"
#include "runtime/Evaluate/Interpreter.h"
#include "runtime/Evaluate/Mlstm.h"
#include "runtime/Evaluate/Upload.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/full.h>
#include <ATen/ops/lerp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>

using at::Tensor;

namespace xlstm::evaluate {

/// x [B, T, Hx, d], weight [H, m, d].
static Tensor featureMap(const Tensor &x, const Tensor &weight, xlstm::FeatureKind kind) {
  int64_t heads = x.size(2), features = weight.size(1);
  // The maps of a group read the same head: one product with their rows below each other.
  Tensor maps = weight.reshape({heads, weight.size(0) / heads * features, weight.size(2)});
  Tensor y = at::matmul(x.transpose(1, 2), maps.transpose(1, 2)); // [B, Hx, T, group * m]
  y = y.unflatten(-1, {-1, features});
  y = kind == xlstm::FeatureKind::Softmax ? y.softmax(-1) : at::elu(y) + 1;
  return y.permute({0, 2, 1, 3, 4}).flatten(2, 3);
}

static void runFeatureMap(xlstm::FeatureMapOp op, Frame &frame) {
  Tensor x = frame.take(op.getX()), weight = frame.take(op.getWeight());
  frame.set(op, featureMap(x, weight, op.getKind()));
}

static void runOutputGate(xlstm::OutputGateOp op, Frame &frame) {
  Tensor q = frame.takeHeld(op.getQ()), k = frame.takeHeld(op.getK()), v = frame.takeHeld(op.getV());
  Tensor weight = frame.takeHeld(op.getWeight()), bias = frame.takeHeld(op.getBias());
  if (Tensor fused = fusedOutputGate(q, k, v, weight, bias); fused.defined())
    return frame.set(op, fused);
  for (Tensor *operand : {&q, &k, &v, &weight, &bias})
    *operand = frame.widen(*operand);
  int64_t H = q.size(2), d = q.size(3);
  // Head h reads head h / (H / Hx) of x.
  auto part = [&](const Tensor &x, int64_t n) {
    Tensor w = weight.narrow(1, n * d, d).view({x.size(2), H / x.size(2), d});
    return at::matmul(x.transpose(1, 2), w.transpose(1, 2)).transpose(1, 2).flatten(2);
  };
  frame.set(op, part(q, 0) + part(k, 1) + part(v, 2) + bias);
}

/// Tokens with documents `docs` (int64), in the form and chunk that hold where the caller does not ask for others.
static MlstmResult mlstm(const MlstmOperands &x, const Tensor &docs, MlstmForm form, int64_t chunk, Frame &frame) {
  if (form == MlstmForm::Recurrent)
    return mlstmRecurrent(x, docs);
  if (form == MlstmForm::Parallel)
    chunk = x.q_BTHm.size(1);
  return mlstmChunkwise(
      x, frame.tables.get(docs, "chunk " + std::to_string(chunk), [&] { return makeChunkMasks(docs, chunk); }));
}

static void runMlstm(xlstm::MlstmOp op, Frame &frame) {
  MlstmOperands x;
  x.q_BTHm = frame.take(op.getQ());
  x.k_BTHm = frame.take(op.getK());
  x.v_BTKd = frame.take(op.getV());
  x.i_BTH = frame.takeOptional(op.getIGate());
  x.f_BTH = frame.takeOptional(op.getFGate());
  if (frame.options.observer && x.i_BTH.defined())
    frame.options.observer->onMemoryGates(frame.layer, x.i_BTH, x.f_BTH);
  int64_t B = x.q_BTHm.size(0), T = x.q_BTHm.size(1), chunk = op.getChunk();
  MlstmForm form = static_cast<MlstmForm>(op.getForm());
  Tensor docs;
  if (op.getDocStart()) {
    docs = documentStarts(frame.take(op.getDocStart()), frame.tables);
    form = frame.options.form.value_or(form);
    chunk = frame.options.chunk.value_or(chunk);
  } else { // one document that began before
    docs = at::full({B, T}, -1, x.q_BTHm.options().dtype(at::kLong));
    for (mlir::Value value : op.getState())
      x.state.push_back(frame.take(value));
  }
  MlstmResult result = mlstm(x, docs, form, chunk, frame);
  frame.set(op.getH(), result.h_BTHd);
  for (auto [value, tensor] : llvm::zip(op.getNewState(), result.state))
    frame.set(value, tensor);
}

static void runGatedDelta(xlstm::GatedDeltaOp op, Frame &frame) {
  GatedDeltaOperands x;
  x.q = frame.take(op.getQ()), x.k = frame.take(op.getK()), x.v = frame.take(op.getV());
  x.write = frame.take(op.getWrite()), x.decay = frame.take(op.getDecay());
  if (frame.options.observer)
    frame.options.observer->onMemoryGates(frame.layer, x.write, x.decay);
  int64_t T = x.q.size(1), chunk = op.getChunk();
  auto form = static_cast<MlstmForm>(op.getForm());
  Tensor docs;
  if (op.getDocStart()) {
    docs = documentStarts(frame.take(op.getDocStart()), frame.tables);
    form = frame.options.form.value_or(form);
    chunk = frame.options.chunk.value_or(chunk);
  } else { // one document that began before
    docs = at::full({x.q.size(0), T}, -1, x.q.options().dtype(at::kLong));
    x.state = frame.take(op.getState()[0]);
  }
  chunk = form == MlstmForm::Recurrent ? 1 : form == MlstmForm::Parallel ? T : chunk;
  auto [h, state] = gatedDelta(
      x, frame.tables.get(docs, "chunk " + std::to_string(chunk), [&] { return makeChunkMasks(docs, chunk); }));
  frame.set(op.getH(), h);
  for (mlir::Value value : op.getNewState())
    frame.set(value, state);
}

static void runMix(xlstm::MixOp op, Frame &frame) {
  Tensor open = frame.take(op.getGate()).sigmoid();
  if (frame.options.observer)
    frame.options.observer->onOutputGate(frame.layer, open);
  Tensor memory = frame.take(op.getMemory()), window = frame.take(op.getWindow());
  frame.set(op, at::lerp(window, memory, open.unsqueeze(-1)));
}

static void runBlend(xlstm::BlendOp op, Frame &frame) {
  Tensor share = frame.take(op.getShare()).unsqueeze(-1), full = frame.take(op.getFull());
  frame.set(op, at::lerp(frame.take(op.getNear()), full, share.to(full.scalar_type())));
}

/// What the kernels do not take as it is held goes to them, or to the composition, widened.
static void widen(HybridOperands &x, Frame &frame) {
  for (Tensor *operand : {&x.q, &x.k, &x.v, &x.q_map, &x.k_map})
    *operand = frame.widen(*operand);
}

/// xlstm.hybrid as the ops it was made of.
static HybridResult composeHybrid(xlstm::HybridOp op, const HybridOperands &x, Frame &frame) {
  Tensor docs = documentStarts(x.docs, frame.tables);
  MlstmOperands operands;
  operands.q_BTHm = featureMap(x.q, x.q_map, xlstm::FeatureKind::Softmax);
  operands.k_BTHm = featureMap(x.k, x.k_map, xlstm::FeatureKind::Softmax);
  operands.v_BTKd = x.v, operands.i_BTH = x.i, operands.f_BTH = x.f;
  MlstmForm form = frame.options.form.value_or(static_cast<MlstmForm>(op.getForm()));
  Tensor memory = mlstm(operands, docs, form, frame.options.chunk.value_or(op.getChunk()), frame).h_BTHd;
  Tensor window = attendDocuments(x.q, x.k, x.v, docs, x.window, x.sinks, x.scale, frame);
  return {at::lerp(window, memory, x.o.sigmoid().unsqueeze(-1)), window};
}

/// The form with state, as the ops it was made of: `state` becomes the new one.
static HybridResult composeState(xlstm::HybridOp op, const HybridOperands &x, const Tensor &pos,
                                 std::vector<Tensor> &state, Frame &frame) {
  MlstmOperands operands;
  operands.q_BTHm = featureMap(x.q, x.q_map, xlstm::FeatureKind::Softmax);
  operands.k_BTHm = featureMap(x.k, x.k_map, xlstm::FeatureKind::Softmax);
  operands.v_BTKd = x.v, operands.i_BTH = x.i, operands.f_BTH = x.f;
  operands.state.assign(state.begin(), state.begin() + 3);
  state.erase(state.begin(), state.begin() + 3);
  Tensor docs = at::full({x.q.size(0), x.q.size(1)}, -1, x.q.options().dtype(at::kLong));
  MlstmResult memory = mlstm(operands, docs, static_cast<MlstmForm>(op.getForm()), op.getChunk(), frame);
  Tensor window = attendState(x.q, x.k, x.v, pos, rangeOf(pos, frame.tables).second, state, x.window, x.sinks, x.scale);
  state.insert(state.begin(), memory.state.begin(), memory.state.end());
  return {at::lerp(window, memory.h_BTHd, x.o.sigmoid().unsqueeze(-1)), window};
}

/// q and k at their position, each in its own type.
static void rotate(HybridOperands &x, lm::RopeAttr rope, const Tensor &pos, const Frame &frame) {
  for (Tensor *operand : {&x.q, &x.k}) {
    Tensor wide = frame.widen(*operand);
    Rotation rotation = makeRotation(pos.unsqueeze(-1), frequenciesOn(wide.device(), rope, wide.size(3)),
                                     rope.attentionFactor(), wide.scalar_type());
    *operand = rotatePairs(wide, rotation.cos, rotation.sin).to(operand->scalar_type());
  }
}

static void runHybridState(xlstm::HybridOp op, HybridOperands x, Frame &frame) {
  Tensor pos = frame.take(op.getPos());
  std::vector<Tensor> state;
  for (mlir::Value value : op.getState())
    state.push_back(frame.takeHeld(value));
  bool wantsWindow = !op.getWindowOut().use_empty();
  auto isByKernel = [&] { return !frame.options.form && !frame.options.chunk && hasHybridStateKernel(x, state); };
  if (!isByKernel()) {
    widen(x, frame);
    for (Tensor &tensor : state)
      tensor = frame.widen(tensor);
  }
  if (op.getRope())
    rotate(x, *op.getRope(), pos, frame);
  HybridResult result =
      isByKernel() ? runHybridStateKernel(x, pos, state, wantsWindow) : composeState(op, x, pos, state, frame);
  frame.set(op.getH(), result.h);
  if (wantsWindow)
    frame.set(op.getWindowOut(), result.window);
  for (auto [value, tensor] : llvm::zip(op.getNewState(), state))
    frame.set(value, tensor);
}

static void runHybrid(xlstm::HybridOp op, Frame &frame) {
  HybridOperands x;
  x.q = frame.takeHeld(op.getQ()), x.k = frame.takeHeld(op.getK()), x.v = frame.takeHeld(op.getV());
  x.q_map = frame.takeHeld(op.getQMap()), x.k_map = frame.takeHeld(op.getKMap());
  x.o = frame.take(op.getOGate()), x.i = frame.take(op.getIGate()), x.f = frame.take(op.getFGate());
  x.docs = frame.takeOptional(op.getDocStart());
  x.scale = op.getScale().convertToDouble(), x.window = op.getWindow(), x.sinks = op.getSinks();
  if (frame.options.observer) {
    frame.options.observer->onMemoryGates(frame.layer, x.i, x.f);
    frame.options.observer->onOutputGate(frame.layer, x.o.sigmoid());
  }
  if (op.getPos())
    return runHybridState(op, x, frame);
  documentStarts(x.docs, frame.tables); // says what is wrong with them
  bool isAsked = frame.options.form || frame.options.chunk || op.getForm() != xlstm::Form::Chunkwise;
  auto isByKernel = [&] { return !isAsked && hasHybridKernel(x); };
  if (!isByKernel())
    widen(x, frame);
  HybridResult result = isByKernel() ? runHybridKernel(x, !op.getWindowOut().use_empty()) : composeHybrid(op, x, frame);
  frame.set(op.getH(), result.h);
  if (result.window.defined())
    frame.set(op.getWindowOut(), result.window.detach());
}

void addMixerOps(OpTable &table) {
  addOp<xlstm::FeatureMapOp, runFeatureMap>(table);
  addOp<xlstm::OutputGateOp, runOutputGate>(table);
  addOp<xlstm::MlstmOp, runMlstm>(table);
  addOp<xlstm::GatedDeltaOp, runGatedDelta>(table);
  addOp<xlstm::MixOp, runMix>(table);
  addOp<xlstm::BlendOp, runBlend>(table);
  addOp<xlstm::HybridOp, runHybrid>(table);
}

} // namespace xlstm::evaluate
