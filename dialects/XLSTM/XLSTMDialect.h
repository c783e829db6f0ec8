//===- XLSTMDialect.h - the xlstm dialect: what replaces attention --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DIALECTS_XLSTM_XLSTMDIALECT_H
#define DIALECTS_XLSTM_XLSTMDIALECT_H

#include "dialects/LM/LMDialect.h"

#include "mlir/IR/Builders.h"

#include "dialects/XLSTM/XLSTMDialect.h.inc"
#include "dialects/XLSTM/XLSTMEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/XLSTM/XLSTMAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/XLSTM/XLSTMOps.h.inc"

#endif // DIALECTS_XLSTM_XLSTMDIALECT_H
