//===- LossOps.cpp - the losses of alignment and distillation -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Interpreter.h"
#include "runtime/Evaluate/Losses.h"
#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>

using at::Tensor;

namespace xlstm::evaluate {

static void checkRange(const char *what, const Tensor &indices, int64_t low, int64_t size) {
  if (indices.numel() && (indices.max().item<int64_t>() >= size || indices.min().item<int64_t>() < low))
    fail(what, " must be below ", size, ", found ", indices.min().item<int64_t>(), " to ",
         indices.max().item<int64_t>());
}

static void runCrossEntropy(lm::CrossEntropyOp op, Frame &frame) {
  Tensor logits = frame.take(op.getLogits()), labels = frame.take(op.getLabels());
  checkRange("labels", labels, std::numeric_limits<int64_t>::min(), logits.size(2));
  frame.set(op, crossEntropy(logits, labels));
}

static void runSparseKl(xlstm::SparseKlOp op, Frame &frame) {
  Tensor logits = frame.take(op.getLogits()), ids = frame.take(op.getIds());
  checkRange("ids", ids, 0, logits.size(2));
  Tensor logprobs = frame.take(op.getLogprobs()), tail = frame.take(op.getTail()), labels = frame.take(op.getLabels());
  frame.set(op, sparseKl(logits, ids, logprobs, tail, labels, op.getMode() == xlstm::KlMode::Tail));
}

static void runAlignLoss(xlstm::AlignLossOp op, Frame &frame) {
  Tensor student = frame.take(op.getStudent()), teacher = frame.take(op.getTeacher());
  double tokens = static_cast<double>(std::max<int64_t>(1, student.size(0) * student.size(1)));
  frame.set(op.getLoss(), (student - teacher).square().sum() / tokens);
  frame.set(op.getEnergy(), teacher.square().sum() / tokens);
}

void addLossOps(OpTable &table) {
  addOp<lm::CrossEntropyOp, runCrossEntropy>(table);
  addOp<xlstm::SparseKlOp, runSparseKl>(table);
  addOp<xlstm::AlignLossOp, runAlignLoss>(table);
}

} // namespace xlstm::evaluate
