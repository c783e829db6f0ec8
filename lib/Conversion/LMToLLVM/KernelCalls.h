//===- KernelCalls.h - one kernel call an op ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_LMTOLLVM_KERNELCALLS_H
#define LIB_CONVERSION_LMTOLLVM_KERNELCALLS_H

#include "dialects/XLSTM/XLSTMDialect.h"
#include "lib/Conversion/CallEmitter.h"

namespace xlstm {

/// The arguments of a compiled function, in the order of its signature.
struct CompiledArguments {
  mlir::Value weights, state, scratch, ids, pos, logits;
};

/// Emits, op by op, what a planned function does: pointers into the three memories and calls of the kernels
/// (include/xlstm/Kernels/Cpu.h) with constant sizes.
class KernelCalls : CallEmitter {
public:
  KernelCalls(mlir::ModuleOp module, mlir::OpBuilder &builder, CompiledArguments arguments)
      : CallEmitter(module, builder, {arguments.weights, arguments.state, arguments.scratch}), arguments(arguments) {}

  /// Finds the places of the function's arguments and stores pos where the kernels read it.
  void bindArguments(lm::ModelOp model);
  /// Errors: an op without a kernel, a type that no kernel takes, no place (the function was not planned).
  mlir::LogicalResult emit(mlir::Operation *op);

private:
  mlir::LogicalResult emitCall(lm::EmbedOp op);
  mlir::LogicalResult emitCall(lm::LinearOp op);
  mlir::LogicalResult emitCall(lm::RmsNormOp op);
  mlir::LogicalResult emitCall(lm::PositionsOp op);
  mlir::LogicalResult emitCall(lm::RopeOp op);
  mlir::LogicalResult emitCall(lm::SwigluOp op);
  mlir::LogicalResult emitCall(lm::AddOp op);
  mlir::LogicalResult emitCall(lm::ScaleOp op);
  mlir::LogicalResult emitCall(lm::AttentionOp op);
  mlir::LogicalResult emitCall(::xlstm::xlstm::FeatureMapOp op);
  mlir::LogicalResult emitCall(::xlstm::xlstm::OutputGateOp op);
  mlir::LogicalResult emitCall(::xlstm::xlstm::MlstmOp op);
  mlir::LogicalResult emitCall(::xlstm::xlstm::MixOp op);
  mlir::LogicalResult emitCall(lm::ReturnOp op);

  void call(mlir::Location loc, llvm::StringRef kernel, mlir::ValueRange operands);
  mlir::Value frequencies(mlir::Location loc, lm::RopeAttr rope, int64_t headDim);

  CompiledArguments arguments;
};

} // namespace xlstm

#endif // LIB_CONVERSION_LMTOLLVM_KERNELCALLS_H
