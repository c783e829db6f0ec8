//===- LMAttrs.cpp - attributes of the lm dialect -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"

#include <cmath>

using namespace mlir;

/// Nine digits, so that the text gives the same floats again; the printer of DenseF32ArrayAttr has seven.
static void printFrequencies(AsmPrinter &printer, DenseF32ArrayAttr frequencies) {
  printer << '[';
  llvm::interleaveComma(frequencies.asArrayRef(), printer,
                        [&](float value) { printer.getStream() << llvm::format("%.8e", value); });
  printer << ']';
}

#define GET_ATTRDEF_CLASSES
#include "dialects/LM/LMAttrs.cpp.inc"

namespace xlstm::lm {

void LMDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/LM/LMAttrs.cpp.inc"
      >();
}

static bool isPositive(double value) { return std::isfinite(value) && value > 0; }

LogicalResult RopeAttr::verify(function_ref<InFlightDiagnostic()> emitError, FloatAttr theta,
                               DenseF32ArrayAttr frequencies, FloatAttr attentionFactor) {
  if (!theta == !frequencies) // C1
    return emitError() << "rope expects either theta or frequencies";
  if (theta && !isPositive(theta.getValueAsDouble())) // C2
    return emitError() << "rope expects a positive theta, found " << theta;
  if (frequencies && (frequencies.empty() || !llvm::all_of(frequencies.asArrayRef(), isPositive))) // C2
    return emitError() << "rope expects positive frequencies";
  if (attentionFactor && !isPositive(attentionFactor.getValueAsDouble())) // C2
    return emitError() << "rope expects a positive attention_factor, found " << attentionFactor;
  return success();
}

SmallVector<double> RopeAttr::computeFrequencies(int64_t headDim) const {
  if (DenseF32ArrayAttr given = getFrequencies())
    return SmallVector<double>(given.asArrayRef().begin(), given.asArrayRef().end());
  SmallVector<double> result;
  for (int64_t i = 0; i < headDim / 2; ++i)
    result.push_back(std::pow(getTheta().getValueAsDouble(), -2.0 * i / headDim));
  return result;
}

double RopeAttr::attentionFactor() const { return getAttentionFactor() ? getAttentionFactor().getValueAsDouble() : 1.0; }

} // namespace xlstm::lm
