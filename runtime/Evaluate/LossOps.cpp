//===- LossOps.cpp - the losses of alignment and distillation -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Fused.h"
#include "runtime/Evaluate/HeadLosses.h"
#include "runtime/Evaluate/Interpreter.h"
#include "runtime/Evaluate/Losses.h"
#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>

using at::Tensor;

namespace xlstm::evaluate {

/// Throws Error where an index is not below `size`, or negative where it may not be.
static void checkRange(const char *what, const Tensor &indices, bool mayBeNegative, int64_t size, Frame &frame) {
  auto [low, high] = rangeOf(indices, frame.tables);
  if (high >= size || (low < 0 && !mayBeNegative))
    fail(what, " must be below ", size, ", found ", low, " to ", high);
}

static void runCrossEntropy(lm::CrossEntropyOp op, Frame &frame) {
  Tensor logits = frame.take(op.getLogits()), labels = frame.take(op.getLabels());
  checkRange("labels", labels, true, logits.size(2), frame);
  frame.set(op, crossEntropy(logits, labels));
}

static void runSparseKl(xlstm::SparseKlOp op, Frame &frame) {
  Tensor logits = frame.take(op.getLogits()), ids = frame.take(op.getIds());
  checkRange("ids", ids, false, logits.size(2), frame);
  Tensor logprobs = frame.take(op.getLogprobs()), tail = frame.take(op.getTail()), labels = frame.take(op.getLabels());
  frame.set(op, sparseKl(logits, ids, logprobs, tail, labels, op.getMode() == xlstm::KlMode::Tail));
}

static void runHeadLosses(xlstm::HeadLossesOp op, Frame &frame) {
  HeadLossOperands x;
  x.hidden_ND = frame.takeHeld(op.getHidden()).flatten(0, 1), x.weight_VD = frame.takeHeld(op.getWeight());
  Tensor ids = frame.take(op.getIds()), labels = frame.take(op.getLabels());
  checkRange("labels", labels, true, x.weight_VD.size(0), frame);
  checkRange("ids", ids, false, x.weight_VD.size(0), frame);
  x.targets.ids_NK = ids.flatten(0, 1).to(at::kLong), x.targets.labels_N = labels.flatten().to(at::kLong);
  x.targets.logprobs_NK = frame.take(op.getLogprobs()).flatten(0, 1);
  x.targets.tail_N = frame.take(op.getTail()).flatten();
  x.targets.withTail = op.getMode() == xlstm::KlMode::Tail;
  x.targets.ceWeight = op.getCeWeight().convertToDouble(), x.targets.klWeight = op.getKlWeight().convertToDouble();
  x.logitScale = op.getLogitScale().convertToDouble();
  if (!hasHeadLossKernel(x))
    x.hidden_ND = frame.widen(x.hidden_ND), x.weight_VD = frame.widen(x.weight_VD);
  HeadLossResult result = headLosses(x);
  frame.set(op.getLoss(), result.loss);
  frame.set(op.getCe(), result.ce);
  frame.set(op.getKl(), result.kl);
}

static void runAlignLoss(xlstm::AlignLossOp op, Frame &frame) {
  Tensor student = frame.takeHeld(op.getStudent()), teacher = frame.takeHeld(op.getTeacher());
  double tokens = static_cast<double>(std::max<int64_t>(1, student.size(0) * student.size(1)));
  if (auto [distance, energy] = fusedSquares(student, teacher); distance.defined()) {
    frame.set(op.getLoss(), distance / tokens);
    return frame.set(op.getEnergy(), energy / tokens);
  }
  student = frame.widen(student), teacher = frame.widen(teacher);
  frame.set(op.getLoss(), (student - teacher).square().sum() / tokens);
  frame.set(op.getEnergy(), teacher.square().sum() / tokens);
}

void addLossOps(OpTable &table) {
  addOp<lm::CrossEntropyOp, runCrossEntropy>(table);
  addOp<xlstm::SparseKlOp, runSparseKl>(table);
  addOp<xlstm::HeadLossesOp, runHeadLosses>(table);
  addOp<xlstm::AlignLossOp, runAlignLoss>(table);
}

} // namespace xlstm::evaluate
