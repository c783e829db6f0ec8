//===- AttentionOps.cpp - positions, rope, attention ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Attention.h"
#include "runtime/Evaluate/Derivatives.h"
#include "runtime/Evaluate/Fused.h"
#include "runtime/Evaluate/Interpreter.h"
#include "runtime/Evaluate/PackedAttention.h"
#include "runtime/Evaluate/Upload.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <cstdint>
#include <mutex>

using at::Tensor;

namespace xlstm::evaluate {

static void runPositions(lm::PositionsOp op, Frame &frame) {
  Tensor ids = frame.take(op.getIds()), token = at::arange(ids.size(1), ids.options().dtype(at::kInt));
  if (op.getPos())
    frame.set(op, token + frame.take(op.getPos()).to(at::kInt).unsqueeze(-1));
  else
    frame.set(op, token - frame.take(op.getDocStart()).to(at::kInt));
}

Tensor frequenciesOn(c10::Device device, lm::RopeAttr rope, int64_t d) {
  struct Known {
    std::mutex mutex;
    std::map<std::pair<std::string, std::vector<double>>, Tensor> tables;
  };
  static Known &known = *new Known; // no tensor may go when the device's library has gone
  llvm::SmallVector<double> frequencies = rope.computeFrequencies(d);
  std::lock_guard lock(known.mutex);
  Tensor &table = known.tables[{device.str(), {frequencies.begin(), frequencies.end()}}];
  if (!table.defined())
    table = upload(at::tensor(at::ArrayRef<double>(frequencies.data(), frequencies.size()), at::kDouble), device);
  return table;
}

static void runRope(lm::RopeOp op, Frame &frame) {
  Tensor x = frame.takeHeld(op.getX()), positions = frame.take(op.getPositions());
  // Attributes are unique: the address tells two rotations apart.
  std::string key = "rope " + std::to_string(reinterpret_cast<uintptr_t>(op.getRope().getAsOpaquePointer())) +
                    c10::toString(frame.computedType());
  const Rotation &rotation = frame.tables.get(positions, key, [&] {
    Tensor table = frequenciesOn(x.device(), op.getRope(), x.size(3));
    return makeRotation(positions, table, op.getRope().attentionFactor(), frame.computedType());
  });
  Tensor fused = fusedRotate(x, rotation.cos, rotation.sin);
  frame.set(op, fused.defined() ? fused : rotatePairs(frame.widen(x), rotation.cos, rotation.sin));
}

/// Whether products round to TF32's 11 bits anyway. Those of float16 are as many, and there is a kernel for it that
/// takes documents of all lengths at once. Not where gradients are wanted, which need float32's range.
static bool roundsToHalf(const Tensor &q, const Tensor &k, const Tensor &v) {
  bool isWanted = c10::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad());
  return q.is_cuda() && q.scalar_type() == at::kFloat && !isWanted && at::globalContext().allowTF32CuBLAS();
}

static Tensor toHalf(const Tensor &x) {
  constexpr double most = 65504;
  return x.clamp(-most, most).to(at::kHalf);
}

Tensor attendDocuments(const Tensor &q_BTHd, const Tensor &k_BTKd, const Tensor &v_BTKd, const Tensor &docs,
                       int64_t window, int64_t sinks, double scale, Frame &frame) {
  bool isFull = window == 0 || window >= q_BTHd.size(1);
  if (isFull && roundsToHalf(q_BTHd, k_BTKd, v_BTKd))
    return attendDocuments(toHalf(q_BTHd), toHalf(k_BTKd), toHalf(v_BTKd), docs, 0, 0, scale, frame).to(at::kFloat);
  at::ScalarType type = q_BTHd.scalar_type();
  std::string in = std::string(" in ") + c10::toString(type);
  const Tensor &host = frame.tables.host(docs);
  if (isFull) {
    if (hasPackedKernel(q_BTHd, k_BTKd, v_BTKd, scale)) {
      if (frame.options.inputs && frame.options.inputs->starts.defined())
        return attendPacked(q_BTHd, k_BTKd, v_BTKd, {{}, frame.options.inputs->starts, q_BTHd.size(1)}, scale);
      const auto &packed = frame.tables.get(docs, "packed", [&] { return packDocuments(host, docs.device()); });
      if (packed.longest > 0)
        return attendPacked(q_BTHd, k_BTKd, v_BTKd, packed, scale);
    }
    const CausalBlocks &blocks =
        frame.tables.get(docs, "causal" + in, [&] { return makeCausalBlocks(docs, host, type); });
    return attendFull(q_BTHd, k_BTKd, v_BTKd, blocks, scale);
  }
  std::string key = "band " + std::to_string(window) + " " + std::to_string(sinks) + in;
  const Band &band = frame.tables.get(docs, key, [&] {
    Tensor found = sinks ? findSinks(host, window, sinks) : Tensor();
    return makeBand(docs, window, 0, sinks, found.defined() ? upload(found, docs.device()) : found, type);
  });
  return attendBand(q_BTHd, k_BTKd, v_BTKd, History(), band, scale);
}

static void runAttention(lm::AttentionOp op, Frame &frame) {
  Tensor q = frame.take(op.getQ()), k = frame.take(op.getK()), v = frame.take(op.getV());
  double scale = op.getScale().convertToDouble();
  int64_t window = op.getWindow().value_or(0), sinks = op.getSinks().value_or(0);
  if (op.getPos()) {
    Tensor pos = frame.take(op.getPos());
    std::vector<Tensor> state;
    for (mlir::Value value : op.getState())
      state.push_back(frame.take(value));
    frame.set(op.getH(), attendState(q, k, v, pos, rangeOf(pos, frame.tables).second, state, window, sinks, scale));
    for (auto [result, tensor] : llvm::zip(op.getNewState(), state))
      frame.set(result, tensor);
    return;
  }
  Tensor docs = documentStarts(frame.take(op.getDocStart()), frame.tables);
  frame.set(op.getH(), attendDocuments(q, k, v, docs, window, sinks, scale, frame));
}

void addAttentionOps(OpTable &table) {
  addOp<lm::PositionsOp, runPositions>(table);
  addOp<lm::RopeOp, runRope>(table);
  addOp<lm::AttentionOp, runAttention>(table);
}

} // namespace xlstm::evaluate
