//===- LMDialect.h - the lm dialect: causal language models ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DIALECTS_LM_LMDIALECT_H
#define DIALECTS_LM_LMDIALECT_H

#include "dialects/LM/LMInterfaces.h"
#include "dialects/LM/TensorSize.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/LM/LMDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/LM/LMAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/LM/LMTypes.h.inc"

namespace xlstm::lm {
class LayerOp;
} // namespace xlstm::lm

#define GET_OP_CLASSES
#include "dialects/LM/LMOps.h.inc"

namespace xlstm::lm {

/// Whether `rope` rotates heads [B, T, H, d]: d even, as many frequencies as pairs. Emits the error on `op`.
mlir::LogicalResult verifyRope(mlir::Operation *op, RopeAttr rope, mlir::RankedTensorType heads);

} // namespace xlstm::lm

#endif // DIALECTS_LM_LMDIALECT_H
