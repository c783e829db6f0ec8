//===- ShapeChecks.h - shape verification by name of dimension ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DIALECTS_LM_SHAPECHECKS_H
#define DIALECTS_LM_SHAPECHECKS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringMap.h"

namespace xlstm::lm {

/// Unifies the named dimensions of one op's operands and results. A name stands for one size wherever it occurs; a
/// dynamic dimension agrees with every size. The first disagreement is reported on the op and names both places.
class ShapeChecks {
public:
  explicit ShapeChecks(mlir::Operation *op) : op(op) {}

  /// `value` must be a tensor of shape `dims`, names separated by spaces, such as "B T H d".
  ShapeChecks &shape(llvm::StringRef value, mlir::Type type, llvm::StringRef dims);
  /// Dimension `name` must be a multiple of dimension `divisor`.
  ShapeChecks &multiple(llvm::StringRef name, llvm::StringRef divisor);
  /// Dimension `name` must have this size.
  ShapeChecks &equals(llvm::StringRef name, int64_t size, llvm::StringRef why);
  /// `value` must have the element type of the values that were given before.
  ShapeChecks &element(llvm::StringRef value, mlir::Type type);
  /// The size of a dimension seen before; dynamic when no static size was seen.
  int64_t size(llvm::StringRef name) const;

  mlir::LogicalResult result() const { return mlir::failure(failed); }

private:
  struct Dimension {
    int64_t size = mlir::ShapedType::kDynamic;
    std::string seenAt;
  };
  mlir::Operation *op;
  mlir::Type elementType;
  std::string elementSeenAt;
  llvm::StringMap<Dimension> dimensions;
  bool failed = false;
};

} // namespace xlstm::lm

#endif // DIALECTS_LM_SHAPECHECKS_H
