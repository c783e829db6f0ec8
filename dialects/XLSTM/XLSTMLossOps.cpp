//===- XLSTMLossOps.cpp - verifiers of the losses -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/ShapeChecks.h"
#include "dialects/XLSTM/XLSTMDialect.h"

using namespace mlir;

namespace xlstm::xlstm {

LogicalResult AlignLossOp::verify() {
  return lm::ShapeChecks(*this)
      .shape("student", getStudent().getType(), "B T H d") // C1
      .shape("teacher", getTeacher().getType(), "B T H d")
      .result();
}

LogicalResult SparseKlOp::verify() {
  return lm::ShapeChecks(*this)
      .shape("logits", getLogits().getType(), "B T V") // C1
      .shape("ids", getIds().getType(), "B T K")
      .shape("logprobs", getLogprobs().getType(), "B T K")
      .shape("tail", getTail().getType(), "B T")
      .shape("labels", getLabels().getType(), "B T")
      .result();
}

} // namespace xlstm::xlstm
