//===- Types.cpp - the types in which a run holds and computes ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Types.h"

#include "dialects/LM/LMDialect.h"
#include "xlstm/Runtime/Evaluate/ScalarType.h"
#include "xlstm/Support/Error.h"

namespace xlstm::evaluate {

DType toDType(mlir::Type type) {
  if (type.isF64())
    return DType::F64;
  if (type.isF32())
    return DType::F32;
  if (type.isF16())
    return DType::F16;
  if (type.isBF16())
    return DType::BF16;
  if (type.isInteger(64))
    return DType::I64;
  if (type.isInteger(32))
    return DType::I32;
  std::string text;
  llvm::raw_string_ostream(text) << type;
  fail("element type ", text, " is not supported by the evaluator");
}

at::ScalarType heldAs(DType shown, at::ScalarType run) { return run == at::kFloat ? scalarType(shown) : run; }

/// Ops that make a weight of nothing but weights stand here.
static bool isWeight(mlir::Value value) {
  return mlir::isa_and_nonnull<lm::ParamOp, lm::TakeBlocksOp, lm::PackOp>(value.getDefiningOp());
}

static mlir::Type elementType(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

/// Whether the element type of an activation of the op, operand or result, is a float for which `holds` is true.
template <typename F>
static bool anyActivation(mlir::Operation &op, F holds) {
  auto isOne = [&](mlir::Value value) {
    auto type = mlir::dyn_cast<mlir::FloatType>(elementType(value));
    return type && !isWeight(value) && holds(type);
  };
  return llvm::any_of(op.getOperands(), isOne) || llvm::any_of(op.getResults(), isOne);
}

static bool isNarrow(mlir::FloatType type) { return type.getWidth() < 32; }

/// Whether an op with narrow activations reads the weight, or what is made of it.
static bool isReadNarrow(mlir::Value weight) {
  return llvm::any_of(weight.getUsers(), [](mlir::Operation *user) {
    return mlir::isa<lm::PackOp, lm::TakeBlocksOp>(user) ? isReadNarrow(user->getResult(0))
                                                         : anyActivation(*user, isNarrow);
  });
}

std::optional<at::ScalarType> heldAs(mlir::Value value, at::ScalarType run) {
  if (isWeight(value) && !isReadNarrow(value))
    return std::nullopt;
  return heldAs(toDType(elementType(value)), run);
}

at::ScalarType computedAs(mlir::Operation &op, at::ScalarType run, c10::Device device) {
  if (run != at::kFloat)
    return run;
  if (anyActivation(op, [](mlir::FloatType type) { return type.isF64(); }))
    return at::kDouble;
  if (!device.is_cuda() || !mlir::isa<lm::LinearOp, lm::AttentionOp, lm::AddOp, lm::ScaleOp>(op))
    return at::kFloat;
  mlir::Type first = elementType(op.getResult(0));
  auto isFirst = [&](mlir::Value value) {
    return !mlir::isa<mlir::FloatType>(elementType(value)) || elementType(value) == first;
  };
  bool isOneType = llvm::all_of(op.getOperands(), isFirst) && llvm::all_of(op.getResults(), isFirst);
  return isOneType ? scalarType(toDType(first)) : at::kFloat;
}

} // namespace xlstm::evaluate
