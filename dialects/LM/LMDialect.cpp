//===- LMDialect.cpp - registration and bytecode version of lm ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"
#include "dialects/LM/BytecodeVersion.h"

#include "dialects/LM/LMDialect.cpp.inc"

using namespace mlir;

namespace xlstm::lm {

bool LMDialect::isReservedName(StringRef name) {
  return name == "init_state" || name == "constants" || name.starts_with("xlstm_");
}

LogicalResult LMDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() == recomputeAttrName &&
      !(isa<LayerOp>(op) && isa<UnitAttr>(attribute.getValue()))) // layer C5
    return op->emitOpError() << "expects " << recomputeAttrName << " to be a unit attribute of an lm.layer, found "
                             << attribute.getValue();
  return success();
}

void LMDialect::initialize() {
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "dialects/LM/LMOps.cpp.inc"
      >();
  addInterfaces<BytecodeVersion<LMDialect>>();
}

} // namespace xlstm::lm
