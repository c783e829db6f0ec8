//===- OnnxOps.h - ONNX operators over ATen -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_ONNXOPS_H
#define XLSTM_RUNTIME_EVALUATE_ONNXOPS_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringMap.h"

#include <ATen/core/Tensor.h>

#include <vector>

namespace xlstm::evaluate {

using Tensors = std::vector<at::Tensor>;

/// A node and its operands; one that is left out is undefined. Floats are float64, integers int64.
struct OnnxCall {
  mlir::Operation *op;
  Tensors inputs;

  bool has(size_t i) const { return i < inputs.size() && inputs[i].defined(); }
  const at::Tensor &in(size_t i) const;
  int64_t integer(llvm::StringRef name, int64_t fallback) const;
  double number(llvm::StringRef name, double fallback) const;
  /// The numbers of a list attribute or, where there is none, of operand i; empty when both are missing.
  std::vector<int64_t> list(llvm::StringRef attribute, size_t i) const;
};

using OnnxFunction = Tensors (*)(const OnnxCall &);
/// From an operator ("MatMul", "microsoft.MatMulNBits") to what it computes.
using OnnxTable = llvm::StringMap<OnnxFunction>;

void addOnnxElementwise(OnnxTable &table);
void addOnnxMovement(OnnxTable &table);
void addOnnxBlocks(OnnxTable &table);
void addOnnxAttention(OnnxTable &table);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_ONNXOPS_H
