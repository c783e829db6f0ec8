//===- NodeWriter.h - write onnx nodes ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_RAISE_NODEWRITER_H
#define LIB_TRANSFORMS_RAISE_NODEWRITER_H

#include "lib/Transforms/Raise/Graph.h"

namespace xlstm::raise {

/// Writes nodes before the one that they replace, at its location.
class NodeWriter {
public:
  explicit NodeWriter(mlir::Operation *op) : op(op), builder(op) {}

  mlir::NamedAttribute attr(llvm::StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  }
  /// A float result of the given shape.
  template <typename Op>
  mlir::Value create(llvm::ArrayRef<int64_t> shape, mlir::ValueRange inputs,
                     llvm::ArrayRef<mlir::NamedAttribute> attributes = {}) {
    auto type = mlir::RankedTensorType::get(shape, builder.getF32Type());
    return builder.create<Op>(op->getLoc(), mlir::TypeRange{type}, inputs, attributes)->getResult(0);
  }
  /// A constant vector, or a scalar.
  mlir::Value integers(llvm::ArrayRef<int64_t> values);
  mlir::Value integer(int64_t value);

  /// [B, T, C] to [B, T, count, C / count].
  mlir::Value splitHeads(mlir::Value x, int64_t count);
  /// [B, T, H, d] to [B, H, T, d], or back.
  mlir::Value swapHeadsAndTokens(mlir::Value x);
  /// [B, H, T, d] to [B, T, H * d].
  mlir::Value mergeHeads(mlir::Value x);
  /// 0, 1, ... for the tokens of x [B, T, ...], as [1, T].
  mlir::Value countTokens(mlir::Value x);
  /// Rows of a table [positions, n] of cosines or sines, by position.
  mlir::Value tableRows(mlir::Value table, mlir::Value positions);

  mlir::Operation *op;
  mlir::OpBuilder builder;

private:
  mlir::Value constant(mlir::DenseElementsAttr value);
};

} // namespace xlstm::raise

#endif // LIB_TRANSFORMS_RAISE_NODEWRITER_H
