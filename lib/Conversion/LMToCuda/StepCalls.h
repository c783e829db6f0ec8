//===- StepCalls.h - one CUDA step an op ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_LMTOCUDA_STEPCALLS_H
#define LIB_CONVERSION_LMTOCUDA_STEPCALLS_H

#include "dialects/XLSTM/XLSTMDialect.h"
#include "lib/Conversion/CallEmitter.h"

#include <map>
#include <set>

namespace xlstm {

/// A function of the kernels that returns a size, and its constant arguments; the first is an int where there is a
/// type.
using SizeQuery = std::pair<std::string, std::vector<int64_t>>;

/// What all functions of a model share, and what comes of them.
struct CudaModel {
  int64_t batch = 0;
  int64_t weightBytes = 0, stateBytes = 0;              // of the plan, and what is added behind it
  int64_t position = 0;                                 // of the texts, in the state
  std::map<int64_t, int64_t> mixerPosition;             // of a mixer, by the place of its S
  std::map<int64_t, mlir::DenseElementsAttr> constants; // by offset in the weights
  std::set<SizeQuery> workspace, zeroed;

  /// The place of a position behind the state.
  int64_t addPosition();
};

/// The arguments of a step function, loaded from its xlstm_cuda_memory.
struct CudaArguments {
  mlir::Value weights, state, scratch, workspace, zeroed, ids, logits, stream;
};

/// Emits, op by op, what a planned function does: calls of the steps of Kernels/Cuda.h and Kernels/CudaSteps.h with
/// constant sizes. The first one that returns an error is the last.
class StepCalls : CallEmitter {
public:
  StepCalls(mlir::ModuleOp module, mlir::OpBuilder &builder, const CudaArguments &arguments, CudaModel &shared)
      : CallEmitter(module, builder, {arguments.weights, arguments.state, arguments.scratch}), arguments(arguments),
        shared(shared) {}

  void bindArguments(lm::ModelOp model);
  /// Errors: an op without a step, types or sizes that its step does not take, no place.
  mlir::LogicalResult emit(mlir::Operation *op);

private:
  mlir::LogicalResult emitStep(lm::EmbedOp op);
  mlir::LogicalResult emitStep(lm::LinearOp op);
  mlir::LogicalResult emitStep(lm::LinearAddOp op);
  mlir::LogicalResult emitStep(lm::RmsNormOp op);
  mlir::LogicalResult emitStep(lm::PositionsOp op);
  mlir::LogicalResult emitStep(lm::RopeOp op);
  mlir::LogicalResult emitStep(lm::SwigluOp op);
  mlir::LogicalResult emitStep(lm::AddOp op);
  mlir::LogicalResult emitStep(lm::ScaleOp op);
  mlir::LogicalResult emitStep(lm::LastTokenOp op);
  mlir::LogicalResult emitStep(::xlstm::xlstm::OutputGateOp op);
  mlir::LogicalResult emitStep(::xlstm::xlstm::HybridOp op);
  mlir::LogicalResult emitStep(lm::ReturnOp op);

  /// Calls `xlstm_cuda_<name>`; behind it stands what runs when it returned 0.
  void step(mlir::Location loc, llvm::StringRef name, llvm::ArrayRef<mlir::Value> operands);
  template <typename Projection>
  mlir::LogicalResult emitProjection(Projection op, mlir::Value residual);
  /// An enum xlstm_dtype.
  mlir::Value type(mlir::Location loc, mlir::Value value);
  mlir::Value frequencies(mlir::Location loc, lm::RopeAttr rope, int64_t headDim);

  CudaArguments arguments;
  CudaModel &shared;
  llvm::DenseMap<mlir::Value, int64_t> stateOffsets;
  mlir::Value projected; // what the last step projected; null where that was no projection
};

/// The enum xlstm_dtype of Kernels/Hybrid.h: 0 for f32, 1 for bf16; -1 for another type.
int32_t cudaType(mlir::Type element);

/// Behind a call that returned an int: returns that from the current function unless it is 0.
void callOrReturn(mlir::OpBuilder &builder, mlir::LLVM::CallOp call);

} // namespace xlstm

#endif // LIB_CONVERSION_LMTOCUDA_STEPCALLS_H
