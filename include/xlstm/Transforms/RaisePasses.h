//===- RaisePasses.h - the passes of lib/Transforms/Raise -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_RAISEPASSES_H
#define XLSTM_TRANSFORMS_RAISEPASSES_H

#include "dialects/LM/LMDialect.h"
#include "dialects/ONNX/ONNXDialect.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace xlstm {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lib/Transforms/Raise/Passes.h.inc"

} // namespace xlstm

#endif // XLSTM_TRANSFORMS_RAISEPASSES_H
