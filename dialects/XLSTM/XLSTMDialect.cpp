//===- XLSTMDialect.cpp - registration and bytecode version of xlstm ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/XLSTM/XLSTMDialect.h"
#include "dialects/LM/BytecodeVersion.h"

#include "dialects/XLSTM/XLSTMDialect.cpp.inc"
#include "dialects/XLSTM/XLSTMEnums.cpp.inc"

namespace xlstm::xlstm {

void XLSTMDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "dialects/XLSTM/XLSTMOps.cpp.inc"
      >();
  addInterfaces<lm::BytecodeVersion<XLSTMDialect>>();
}

} // namespace xlstm::xlstm
