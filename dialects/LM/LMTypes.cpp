//===- LMTypes.cpp - types of the lm dialect ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#define GET_TYPEDEF_CLASSES
#include "dialects/LM/LMTypes.cpp.inc"

namespace xlstm::lm {

void LMDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/LM/LMTypes.cpp.inc"
      >();
}

LogicalResult BlockType::verify(function_ref<InFlightDiagnostic()> emitError, IntegerType values, int64_t size,
                                FloatType scale, bool minimum) {
  if (!values.isSignlessInteger(4) && !values.isSignlessInteger(8)) // C1
    return emitError() << "block expects values of i4 or i8, found " << values;
  if (size < 16 || size > 256 || (size & (size - 1))) // C2
    return emitError() << "block expects a power of two from 16 to 256 as its size, found " << size;
  if (!scale.isF16() && !scale.isBF16() && !scale.isF32()) // C3
    return emitError() << "block expects a scale of f16, bf16 or f32, found " << scale;
  if (minimum && values.getWidth() != 4) // C4
    return emitError() << "block expects a minimum with i4 alone, found " << values;
  return success();
}

int64_t BlockType::getBlockBytes() const {
  int64_t scales = getMinimum() ? 2 : 1;
  return scales * getScale().getWidth() / 8 + getSize() * getValues().getWidth() / 8;
}

/// `<` values `,` size (`,` scale)? (`,` `minimum`)? `>`, the scale f16 where it is not said.
Type BlockType::parse(AsmParser &parser) {
  IntegerType values;
  int64_t size;
  FloatType scale = Float16Type::get(parser.getContext());
  bool minimum = false;
  SMLoc place = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseType(values) || parser.parseComma() || parser.parseInteger(size))
    return {};
  bool hasMore = succeeded(parser.parseOptionalComma());
  if (hasMore && failed(parser.parseOptionalKeyword("minimum"))) {
    if (parser.parseType(scale))
      return {};
    hasMore = succeeded(parser.parseOptionalComma());
    if (hasMore && parser.parseKeyword("minimum"))
      return {};
  }
  minimum = hasMore;
  if (parser.parseGreater())
    return {};
  return parser.getChecked<BlockType>(place, parser.getContext(), values, size, scale, minimum);
}

void BlockType::print(AsmPrinter &printer) const {
  printer << '<' << getValues() << ", " << getSize();
  if (!getScale().isF16())
    printer << ", " << getScale();
  if (getMinimum())
    printer << ", minimum";
  printer << '>';
}

} // namespace xlstm::lm
