//===- CallEmitter.h - values and calls of a planned function -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the conversions to CPU and CUDA share: pointers into the three memories of --xlstm-plan-buffers, constants,
// calls of a C ABI.

#ifndef LIB_CONVERSION_CALLEMITTER_H
#define LIB_CONVERSION_CALLEMITTER_H

#include "dialects/LM/LMDialect.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

namespace xlstm {

inline int64_t dim(mlir::Value value, unsigned i) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getDimSize(i);
}
inline int64_t count(mlir::Value value) { return mlir::cast<mlir::RankedTensorType>(value.getType()).getNumElements(); }
inline mlir::Type elementType(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

/// The memories that places are offsets of.
struct Memories {
  mlir::Value weights, state, scratch;
};

class CallEmitter {
public:
  CallEmitter(mlir::ModuleOp module, mlir::OpBuilder &builder, Memories memories)
      : module(module), builder(builder), memories(memories) {}

protected:
  mlir::Value size(mlir::Location loc, int64_t value);
  mlir::Value int32(mlir::Location loc, int64_t value);
  mlir::Value float32(mlir::Location loc, double value);
  mlir::Value null(mlir::Location loc);
  mlir::Value at(mlir::Location loc, mlir::Value base, int64_t offset);
  /// The pointer of a value that has its place; null where there is no value.
  mlir::Value pointer(mlir::Location loc, mlir::Value value);
  /// Declares `function` where this is its first call.
  mlir::LLVM::CallOp call(mlir::Location loc, llvm::StringRef function, mlir::ValueRange operands, mlir::Type result);

  static int64_t argumentOffset(lm::ModelOp model, unsigned i);
  /// Finds the places of the function's states.
  void bindStates(lm::ModelOp model);
  /// Finds the place of the op's first result. Error: no place (the function was not planned).
  mlir::LogicalResult bindResult(mlir::Operation *op);
  /// New states lie where the old ones were.
  void updateInPlace(mlir::ValueRange oldStates, mlir::ValueRange newStates);

  mlir::ModuleOp module;
  mlir::OpBuilder &builder;
  Memories memories;
  llvm::DenseMap<mlir::Value, mlir::Value> pointers;
};

/// The angular frequencies of a rope as f32.
mlir::DenseElementsAttr frequencyTable(mlir::Builder &builder, lm::RopeAttr rope, int64_t headDim);

} // namespace xlstm

#endif // LIB_CONVERSION_CALLEMITTER_H
