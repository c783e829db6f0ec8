//===- RegisterAll.cpp - every dialect and pass of the project ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one place with heavy registration headers. Each folder that adds dialects or passes adds its line here.

#include "xlstm/Init/RegisterAll.h"

#include "dialects/Kernel/KernelDialect.h"
#include "dialects/LM/LMDialect.h"
#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/XLSTM/XLSTMDialect.h"
#include "xlstm/Conversion/Passes.h"
#include "xlstm/Pipelines/Passes.h"
#include "xlstm/Transforms/Passes.h"
#include "xlstm/Transforms/RaisePasses.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Transforms/Passes.h"

#include <mutex>

namespace xlstm {

static void registerPasses() {
  // Upstream.
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerStripDebugInfoPass();
  // lib/Transforms, lib/Pipelines.
  registerTransformsPasses();
  registerPipelinesPasses();
  // lib/Transforms/Raise.
  registerRaisePasses();
  // lib/Conversion.
  registerConversionPasses();
}

void registerAllXlstmPasses() {
  static std::once_flag once;
  std::call_once(once, registerPasses);
}

void registerAllXlstmDialects(mlir::DialectRegistry &registry) {
  // Upstream.
  registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::LLVM::LLVMDialect>();
  // dialects/.
  registry.insert<lm::LMDialect, kernel::KernelDialect, onnx::ONNXDialect, xlstm::XLSTMDialect>();
  // Interfaces that a conversion needs: "interface promised by dialect 'X' but never implemented" names a missing line.
}

} // namespace xlstm
