//===- ResultName.cpp - a name for every value that an op makes ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/ResultName.h"

#include "dialects/LM/LMDialect.h"

namespace xlstm::lm {

static std::string opName(mlir::Operation &op) {
  if (auto param = mlir::dyn_cast<ParamOp>(op))
    return param.getName().str();
  if (auto layer = mlir::dyn_cast<LayerOp>(op))
    return "layers." + std::to_string(layer.getIndex());
  int64_t before = 0;
  for (mlir::Operation &other : *op.getBlock()) {
    if (&other == &op)
      break;
    before += other.getName() == op.getName();
  }
  auto layer = mlir::dyn_cast<LayerOp>(op.getParentOp());
  return (layer ? opName(*layer) + "." : "") + op.getName().stripDialect().str() + "." + std::to_string(before);
}

std::string resultName(mlir::OpResult result) {
  mlir::Operation &op = *result.getOwner();
  return opName(op) + (op.getNumResults() > 1 ? "#" + std::to_string(result.getResultNumber()) : "");
}

} // namespace xlstm::lm
