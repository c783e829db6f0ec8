//===- TensorOps.cpp - params, embedding, norms, elementwise -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Derivatives.h"
#include "runtime/Evaluate/Fused.h"
#include "runtime/Evaluate/Interpreter.h"
#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/silu.h>

using at::Tensor;

namespace xlstm::evaluate {

void runParam(lm::ParamOp op, Frame &frame) {
  if (frame.isSet(op))
    return; // somebody needed it before
  auto found = frame.params.find(op.getName().str());
  if (found == frame.params.end())
    fail("weight '", op.getName().str(), "' is missing");
  llvm::ArrayRef<int64_t> shape = mlir::cast<mlir::RankedTensorType>(op.getType()).getShape();
  const Tensor &weight = found->second;
  if (weight.sizes() != at::IntArrayRef(shape.data(), shape.size()))
    fail("weight '", op.getName().str(), "': expected shape ", at::IntArrayRef(shape.data(), shape.size()), ", found ",
         weight.sizes());
  frame.set(op, weight);
}

static void runEmbed(lm::EmbedOp op, Frame &frame) {
  Tensor ids = frame.take(op.getIds()), table = frame.takeHeld(op.getTable());
  if (!frame.options.trustsIds || ids.is_cpu())
    if (auto [low, high] = rangeOf(ids, frame.tables); low < 0 || high >= table.size(0))
      fail("token ids must lie in 0 to ", table.size(0) - 1, ", found ", low, " to ", high);
  if (table.requires_grad()) // the gradient of a row is a sum over tokens: in float32
    table = frame.widen(table);
  frame.set(op, at::embedding(table, ids.to(at::kLong)));
}

static void runRmsNorm(lm::RmsNormOp op, Frame &frame) {
  Tensor x = frame.takeHeld(op.getX()), weight = frame.takeHeld(op.getWeight());
  double eps = op.getEps().convertToDouble();
  Tensor fused = fusedRmsNorm(x, weight, eps);
  frame.set(op, fused.defined() ? fused : rmsNorm(frame.widen(x), frame.widen(weight), eps));
}

static void runSwiglu(lm::SwigluOp op, Frame &frame) {
  Tensor gate = frame.takeHeld(op.getGate()), up = frame.takeHeld(op.getUp()), fused = fusedSwiglu(gate, up);
  frame.set(op, fused.defined() ? fused : at::silu(frame.widen(gate)) * frame.widen(up));
}

static void runAdd(lm::AddOp op, Frame &frame) {
  Tensor lhs = frame.take(op.getLhs());
  frame.set(op, lhs + frame.take(op.getRhs()));
}

static void runScale(lm::ScaleOp op, Frame &frame) {
  frame.set(op, frame.take(op.getX()) * op.getFactor().convertToDouble());
}

static void runSplitHeads(lm::SplitHeadsOp op, Frame &frame) {
  Tensor x = frame.takeHeld(op.getX());
  int64_t dim = mlir::cast<mlir::RankedTensorType>(op.getType()).getDimSize(3);
  frame.set(op, x.reshape({x.size(0), x.size(1), x.size(2) / dim, dim}));
}

static void runMergeHeads(lm::MergeHeadsOp op, Frame &frame) {
  Tensor merged = frame.takeHeld(op.getX()).flatten(2);
  if (frame.options.observer)
    frame.options.observer->onMixerOutput(frame.layer, merged);
  frame.set(op, merged);
}

static void runPack(lm::PackOp op, Frame &frame) {
  std::vector<Tensor> parts;
  for (mlir::Value part : op.getParts())
    parts.push_back(frame.takeHeld(part));
  frame.set(op, at::cat(parts));
}

static void runSlice(lm::SliceOp op, Frame &frame) {
  int64_t channels = mlir::cast<mlir::RankedTensorType>(op.getType()).getDimSize(2);
  frame.set(op, frame.takeHeld(op.getX()).narrow(2, op.getOffset(), channels));
}

static void runLastToken(lm::LastTokenOp op, Frame &frame) {
  Tensor x = frame.takeHeld(op.getX());
  frame.set(op, x.narrow(1, x.size(1) - 1, 1));
}

void addTensorOps(OpTable &table) {
  addOp<lm::ParamOp, runParam>(table);
  addOp<lm::EmbedOp, runEmbed>(table);
  addOp<lm::RmsNormOp, runRmsNorm>(table);
  addOp<lm::SwigluOp, runSwiglu>(table);
  addOp<lm::AddOp, runAdd>(table);
  addOp<lm::ScaleOp, runScale>(table);
  addOp<lm::SplitHeadsOp, runSplitHeads>(table);
  addOp<lm::MergeHeadsOp, runMergeHeads>(table);
  addOp<lm::PackOp, runPack>(table);
  addOp<lm::SliceOp, runSlice>(table);
  addOp<lm::LastTokenOp, runLastToken>(table);
}

} // namespace xlstm::evaluate
