//===- XLSTMMixerAttr.cpp - which mixer a student has ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/XLSTM/XLSTMDialect.h"
#include "xlstm/Support/Number.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

static FailureOr<FloatAttr> parseNumber(AsmParser &parser) {
  double value;
  if (parser.parseFloat(value))
    return failure();
  return parser.getBuilder().getF64FloatAttr(value);
}

/// With a point, without which the parser takes it for an integer.
static void printNumber(AsmPrinter &printer, FloatAttr number) {
  std::string text = xlstm::shortest(number.getValueAsDouble());
  if (text.find('.') == std::string::npos)
    text.insert(std::min(text.find('e'), text.size()), ".0");
  printer << text;
}

static void printChoice(AsmPrinter &printer, StringRef text) { printer.printKeywordOrString(text); }

#define GET_ATTRDEF_CLASSES
#include "dialects/XLSTM/XLSTMAttrs.cpp.inc"

namespace xlstm::xlstm {

void XLSTMDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/XLSTM/XLSTMAttrs.cpp.inc"
      >();
}

LogicalResult MixerAttr::verify(function_ref<InFlightDiagnostic()> emitError, MixerKind, int64_t window, int64_t sinks,
                                FeatureKind, FloatAttr inputGateBias, FloatAttr forgetGateBias,
                                FloatAttr outputGateBias, Form, int64_t chunk) {
  auto checkCount = [&](StringRef option, int64_t value, int64_t least) -> LogicalResult {
    if (value < least)
      return emitError() << "option " << option << " expects at least " << least << ", found " << value;
    if (value > lm::maxTokens)
      return emitError() << "option " << option << " expects at most " << lm::maxTokens << ", found " << value;
    return success();
  };
  if (failed(checkCount("window", window, 1)) || failed(checkCount("sinks", sinks, 0))) // C1
    return failure();
  if (failed(checkCount("chunk", chunk, 1))) // C2
    return failure();
  for (FloatAttr bias : {inputGateBias, forgetGateBias, outputGateBias})
    if (!bias.getValue().isFinite()) // C3
      return emitError() << "gate biases expect finite numbers, found " << bias.getValueAsDouble();
  return success();
}

LogicalResult XLSTMDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() == MixerAttr::name && !(isa<lm::LayerOp>(op) && isa<MixerAttr>(attribute.getValue()))) // C4
    return op->emitOpError() << "expects " << MixerAttr::name << " to be a #xlstm.mixer of an lm.layer, found "
                             << attribute.getValue();
  return success();
}

} // namespace xlstm::xlstm
