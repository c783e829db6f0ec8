//===- LMDialect.cpp - registration and bytecode version of lm ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"
#include "dialects/LM/BytecodeVersion.h"

#include "dialects/LM/LMDialect.cpp.inc"

namespace xlstm::lm {

void LMDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "dialects/LM/LMOps.cpp.inc"
      >();
  addInterfaces<BytecodeVersion<LMDialect>>();
}

} // namespace xlstm::lm
