//===- ONNXDialect.cpp - registration, types and locations of onnx --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/LM/BytecodeVersion.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialects/ONNX/ONNXDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/ONNX/ONNXTypes.cpp.inc"

using namespace mlir;

namespace xlstm::onnx {

void ONNXDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/ONNX/ONNXTypes.cpp.inc"
      >();
}

void ONNXDialect::initialize() {
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "dialects/ONNX/ONNXOps.cpp.inc"
      >();
  addInterfaces<lm::BytecodeVersion<ONNXDialect>>();
}

Location nodeLocation(MLIRContext *context, StringRef file, StringRef name, StringRef scope) {
  Location place = FileLineColLoc::get(context, file, 0, 0);
  if (!scope.empty())
    place = NameLoc::get(StringAttr::get(context, scope), place);
  return NameLoc::get(StringAttr::get(context, name), place);
}

std::string describeNode(Operation *op) {
  auto name = dyn_cast<NameLoc>(op->getLoc());
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "node";
  if (name)
    out << " '" << name.getName().getValue() << "'";
  out << " (" << op->getName().stripDialect();
  if (auto scope = name ? dyn_cast<NameLoc>(name.getChildLoc()) : NameLoc())
    out << ", in " << scope.getName().getValue();
  out << "): ";
  return text;
}

InFlightDiagnostic emitNodeError(Operation *op) {
  Location loc = op->getLoc();
  while (auto name = dyn_cast<NameLoc>(loc))
    loc = name.getChildLoc();
  return emitError(loc) << describeNode(op);
}

} // namespace xlstm::onnx
