//===- PlannedFunction.cpp - what conversions ask of a planned function ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/PlannedFunction.h"
#include "xlstm/Conversion/Passes.h"

using namespace mlir;

namespace xlstm {

LogicalResult checkPlanned(lm::ModelOp model) {
  if (!model->getAttr(scratchBytesAttrName))
    return model.emitOpError() << "expects " << scratchBytesAttrName << " (run --xlstm-plan-buffers first)";
  auto logits =
      model.getResultTypes().empty() ? RankedTensorType() : dyn_cast<RankedTensorType>(model.getResultTypes().front());
  if (!logits || logits.getRank() != 3 || logits.getDimSize(1) != 1)
    return model.emitOpError() << "expects logits of one token as the first result, found " << logits;
  auto ids = cast<RankedTensorType>(model.getArgumentTypes()[0]);
  if (!ids.getElementType().isSignlessInteger(64))
    return model.emitOpError() << "expects ids of i64 in native code, found " << ids;
  return success();
}

void collectStates(lm::ModelOp model, InitialStates &states) {
  for (unsigned i = model.getFirstStateArgument(); i < model.getNumArguments(); ++i) {
    int64_t offset = model.getArgAttrOfType<IntegerAttr>(i, offsetAttrName).getInt();
    double value = model.getArgAttrOfType<FloatAttr>(i, lm::LMDialect::initAttrName).getValueAsDouble();
    states[offset] = {cast<RankedTensorType>(model.getArgumentTypes()[i]), value};
  }
}

} // namespace xlstm
