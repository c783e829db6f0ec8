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

LogicalResult HeadLossesOp::verify() {
  lm::ShapeChecks checks(*this);
  checks
      .shape("hidden", getHidden().getType(), "B T D") // C1
      .shape("weight", getWeight().getType(), "V D")
      .shape("ids", getIds().getType(), "B T K")
      .shape("logprobs", getLogprobs().getType(), "B T K")
      .shape("tail", getTail().getType(), "B T")
      .shape("labels", getLabels().getType(), "B T");
  if (failed(checks.result()))
    return failure();
  for (auto [name, number] :
       {std::pair("ce_weight", getCeWeight()), {"kl_weight", getKlWeight()}, {"logit_scale", getLogitScale()}})
    if (!number.isFinite()) // C2
      return emitOpError() << "expects a finite " << name << ", found " << number.convertToDouble();
  return success();
}

} // namespace xlstm::xlstm
